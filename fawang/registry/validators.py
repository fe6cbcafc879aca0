"""Numbers by which bodies and people are known: 统一社会信用代码 (GB 32100-2015), practising licences."""

from __future__ import annotations

import re
from datetime import date

from fawang.kernel import clock
from fawang.kernel.folding import fold_digits
from fawang.kernel.text_safety import ValueProblem

PROBLEMS: dict[str, tuple[str, str]] = {
    "uscc.format": ("统一社会信用代码应为18位，不含I、O、S、V、Z。", "A USCC has 18 characters without I, O, S, V, Z."),
    "uscc.check": ("统一社会信用代码末位核对不上，可能有一位写错。", "The last character does not fit; one may be wrong."),
    "uscc.kind": ("这个代码不是这类机构的（{kind}应以3{expected}开头）。", "The code is not one of this kind of body ({kind}: 3{expected}…)."),
    "licence.lawyer": ("律师执业证号应为17位（旧证12位）数字，且首位为1。", "A lawyer's licence has 17 digits (12 on old ones), beginning with 1."),
    "licence.year": ("执业证号里的首次发证年份不合理。", "The year of first licence inside the number cannot be."),
    "licence.format": ("执业证号只能有字母、数字和连字符，最多40位。", "A licence number takes letters, digits and hyphens, at most 40."),
}
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_FIRST_LICENCES = 1980


def check_character(first_17: str) -> str:
    """The 18th character: weights are the powers of 3 modulo 31."""
    total = sum(_ALPHABET.index(ch) * pow(3, at, 31) for at, ch in enumerate(first_17))
    return _ALPHABET[(31 - total % 31) % 31]


def parse_uscc(text: str, *, kind: str = "", uscc_class: str = "") -> str:
    """The canonical code. Raises ``ValueProblem`` naming what is wrong; ``uscc_class`` demands department 3 and that class."""
    code = re.sub(r"[\s\-]", "", fold_digits(text)).upper()
    if len(code) != 18 or any(ch not in _ALPHABET for ch in code):
        raise ValueProblem("uscc.format")
    if check_character(code[:17]) != code[17]:
        raise ValueProblem("uscc.check")
    if uscc_class and code[:2] != "3" + uscc_class:
        raise ValueProblem("uscc.kind", kind=kind, expected=uscc_class)
    return code


def parse_licence(kind: str, text: str) -> str:
    """A practising licence number. Only lawyers' has a national form; others are kept as validated text."""
    number = re.sub(r"\s", "", fold_digits(text)).upper()
    if kind != "lawyer":
        if not re.fullmatch(r"[0-9A-Z\-]{1,40}", number):
            raise ValueProblem("licence.format")
        return number
    if re.fullmatch(r"[0-9]{12}", number):
        return number
    if not re.fullmatch(r"1[0-9]{16}", number):
        raise ValueProblem("licence.lawyer")
    if not _FIRST_LICENCES <= int(number[5:9]) <= clock.today().year:
        raise ValueProblem("licence.year")
    return number


def valid_on(start: date | None, end: date | None, day: date) -> bool:
    """Whether a licence is in force on a day; open ends hold."""
    return (start is None or start <= day) and (end is None or day <= end)
