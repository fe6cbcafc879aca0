"""Reading what people typed into a calculator: 1万, １２３, 3,500.5元, 2026年3月1日. Pure; loses nothing, guesses nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from fawang.kernel.errors import Refusal, catalogue
from fawang.kernel.folding import fold_digits
from fawang.knowledge.calculators.declaration import Calculator, Input, InputKind

catalogue(
    {
        "calculator.number": ("请填写数字，例如 3500 或 1.2万。", "Please enter a number, e.g. 3500."),
        "calculator.whole": ("请填写整数。", "Please enter a whole number."),
        "calculator.range": ("请填写 {low} 到 {high} 之间的数。", "Please enter a number from {low} to {high}."),
        "calculator.date": ("请填写日期，例如 2026-03-01 或 2026年3月1日。", "Please enter a date such as 2026-03-01."),
        "calculator.order": ("结束日期不能早于开始日期。", "The end may not be before the beginning."),
        "calculator.unknown": ("没有这个计算器。", "There is no such calculator."),
        "calculator.facts": ("按您填写的情况，法律没有规定这样计算：{reason}", "The law gives no such sum for these facts: {reason}"),
    }
)
_DATE = re.compile(r"([0-9]{4})\s*[-/.年]\s*([0-9]{1,2})\s*[-/.月]\s*([0-9]{1,2})\s*日?")
_NUMBER = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)(万|千|百)?")
_SCALE = {"万": Decimal(10000), "千": Decimal(1000), "百": Decimal(100), None: Decimal(1), "": Decimal(1)}


class Values:
    """Typed answers by code. Asking for one that was left empty raises ``KeyError``: ask :meth:`has` first."""

    def __init__(self, values: Mapping[str, Decimal | date | str | bool]) -> None:
        self._values = dict(values)

    def has(self, code: str) -> bool:
        """Whether it was filled in."""
        return code in self._values

    def number(self, code: str, default: Decimal | None = None) -> Decimal:
        """A sum of money or a number; ``default`` when left empty."""
        value = self._values.get(code, default)
        if not isinstance(value, Decimal):
            raise KeyError(code)
        return value

    def count(self, code: str, default: int | None = None) -> int:
        """A whole number."""
        return int(self.number(code, None if default is None else Decimal(default)))

    def day(self, code: str) -> date:
        """A date."""
        value = self._values[code]
        if not isinstance(value, date):
            raise KeyError(code)
        return value

    def choice(self, code: str) -> str:
        """The code chosen; empty when none was."""
        value = self._values.get(code, "")
        return value if isinstance(value, str) else ""

    def yes(self, code: str) -> bool:
        """Whether "yes" was answered."""
        return self._values.get(code) is True


def read(calculator: Calculator, typed: Mapping[str, str]) -> Values:
    """What was typed, as values. Raises ``Refusal`` ``form.invalid`` with one refusal for each field that needs changing."""
    values: dict[str, Decimal | date | str | bool] = {}
    wrong: dict[str, Refusal] = {}
    for item in calculator.inputs:
        raw = fold_digits(typed.get(item.code, "")).strip()
        try:
            if raw:
                values[item.code] = read_value(item, raw)
            elif item.required and item.kind is not InputKind.YES_NO:
                raise Refusal("field.required", field=item.code)
        except Refusal as refusal:
            wrong[item.code] = refusal
    if wrong:
        raise Refusal("form.invalid", fields=wrong)
    return Values(values)


def read_value(item: Input, typed: str) -> Decimal | date | str | bool:
    """One typed value, not empty. Raises ``Refusal`` naming the field."""
    raw = fold_digits(typed).strip()
    if item.kind is InputKind.YES_NO:
        return raw in {"yes", "1", "true", "on", "是"}
    if item.kind is InputKind.CHOICE:
        if raw not in {code for code, _ in item.choices}:
            raise Refusal("field.choice", field=item.code)
        return raw
    if item.kind is InputKind.DATE:
        return _day(item.code, raw)
    return _number(item, raw)


def _day(code: str, raw: str) -> date:
    match = _DATE.fullmatch(raw)
    if match is None:
        raise Refusal("calculator.date", field=code)
    try:
        return date(*(int(part) for part in match.groups()))
    except ValueError:
        raise Refusal("calculator.date", field=code) from None


def _number(item: Input, raw: str) -> Decimal:
    match = _NUMBER.fullmatch(raw.replace(",", "").replace("，", "").replace(" ", "").removesuffix("元").removesuffix("块"))
    if match is None or len(match.group(1)) > 20:
        raise Refusal("calculator.number", field=item.code)
    try:
        value = Decimal(match.group(1)) * _SCALE[match.group(2)]
    except InvalidOperation:
        raise Refusal("calculator.number", field=item.code) from None
    if item.kind is InputKind.COUNT and value != value.to_integral_value():
        raise Refusal("calculator.whole", field=item.code)
    if (item.low is not None and value < item.low) or (item.high is not None and value > item.high):
        raise Refusal("calculator.range", field=item.code, low=item.low, high=item.high)
    return value
