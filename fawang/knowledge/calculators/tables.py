"""Dated figures by region. Pure: a figure that is not in a table on that day is refused, never guessed.

The tables of the nation stand in ``rules/*.toml``; a province adds its own rows (average wages, incomes, standards of
legal aid) as :class:`Row` values from its database.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from fawang.kernel.errors import Refusal, catalogue
from fawang.kernel.texts import Text
from fawang.regions.codes import prefix_of, scope_contains

catalogue(
    {
        "calculator.table_missing": (
            "“{name}”在{day}的数字尚未录入，法网不作估算。您可以在表中自行填写，或直接问律师。",
            "The figure “{name}” for {day} has not been entered and is not guessed. You may enter it yourself or ask a lawyer.",
        )
    }
)
_RULES = Path(__file__).parent / "rules"
Band = tuple[Decimal | None, Decimal]


class TableMissing(Refusal):
    """No row of the table covers that day in that region."""

    def __init__(self, name: Text, day: date) -> None:
        super().__init__("calculator.table_missing", status=409, name=name, day=day)


@dataclass(frozen=True, slots=True)
class Row:
    """One dated figure: a value, or bands of (top or ``None``, rate). ``until`` is the last day it is known to hold."""

    code: str
    name: Text
    source: str
    since: date
    until: date | None
    region: str = "*"
    value: Decimal | None = None
    bands: tuple[Band, ...] = ()


@dataclass(frozen=True, slots=True)
class Tables:
    """All rows that may be used, for one region. ``own`` are a province's rows; they go before the nation's."""

    region: str = ""
    own: tuple[Row, ...] = ()
    rolling: Callable[[date], date | None] | None = None

    def roll(self, day: date) -> date | None:
        """That day, or the first after the holiday it falls on; ``None`` where that year's holidays are not known."""
        return self.rolling(day) if self.rolling else None

    def row(self, code: str, on: date) -> Row:
        """The row in force: the longest matching region, then the newest. Raises ``TableMissing``, ``KeyError``."""
        name = names()[code]
        fitting = [
            r
            for r in (*self.own, *national())
            if r.code == code and r.since <= on and (r.until is None or on <= r.until) and scope_contains(r.region, self.region)
        ]
        if not fitting:
            raise TableMissing(name, on)
        return max(fitting, key=lambda r: (r.region != "*", len(prefix_of(r.region)) if r.region != "*" else 0, r.since))

    def value(self, code: str, on: date) -> Decimal:
        """The one figure of a table on a day."""
        found = self.row(code, on).value
        if found is None:
            raise KeyError(code)
        return found

    def has(self, code: str, on: date) -> bool:
        """Whether a row covers that day."""
        try:
            self.row(code, on)
        except (TableMissing, KeyError):
            return False
        return True


@functools.cache
def _shipped() -> tuple[dict[str, Any], ...]:
    return tuple(table for path in sorted(_RULES.glob("*.toml")) for table in tomllib.loads(path.read_text()).get("table", ()))


@functools.cache
def names() -> dict[str, Text]:
    """Every table by code, those too that a province must fill itself."""
    return {table["code"]: Text(*table["name"]) for table in _shipped()}


@functools.cache
def fillable() -> dict[str, Text]:
    """Tables of one figure a row, which a place may fill; tables of bands (court fees, rates by sum) are the nation's."""
    banded = {row.code for row in national() if row.bands}
    return {code: name for code, name in names().items() if code not in banded}


@functools.cache
def national() -> tuple[Row, ...]:
    """Every row shipped with the house. Raises ``ValueError`` naming a row that is not sound."""
    return tuple(row for table in _shipped() for row in _rows(table))


def _rows(table: dict[str, Any]) -> Iterable[Row]:
    name = Text(*table["name"])
    for row in table["row"]:
        try:
            yield Row(
                code=table["code"], name=name, source=row.get("source", table.get("source", "")), region=row.get("region", "*"),
                since=row["from"], until=row.get("to"), value=Decimal(row["value"]) if "value" in row else None,
                bands=tuple((Decimal(top) if top else None, Decimal(rate)) for top, rate in row.get("bands", ())),
            )  # fmt: skip
        except (KeyError, TypeError, ArithmeticError) as error:
            raise ValueError(f"{table['code']}: {error}") from None
