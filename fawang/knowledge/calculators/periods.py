"""时效与期限: by which day something must be done. 民法典 §201–203; 民事诉讼法 §85. Pure; the table is ``rules/periods.toml``.

The first day is not counted; a last day on a public holiday moves to the day after the holiday. Whether a day is one is
asked of the calendar given; without one, the unmoved day is shown and said to be so.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from fawang.kernel.errors import Refusal
from fawang.kernel.texts import Text
from fawang.knowledge.calculators.declaration import Answer, Calculator, Input, InputKind, Line
from fawang.knowledge.calculators.spans import add_months
from fawang.knowledge.calculators.tables import Tables
from fawang.knowledge.calculators.values import Values

_TABLE = Path(__file__).parent / "rules" / "periods.toml"
Roll = Callable[[date], date]


@dataclass(frozen=True, slots=True)
class Period:
    """One version of a period: it counts for beginnings from ``since`` to ``until``. What lapses by itself does not roll over a holiday."""

    code: str
    name: Text
    starts: Text
    unit: str
    limit: int
    norms: tuple[str, ...]
    since: date
    until: date | None
    interruptible: Text | None
    rolls: bool = True

    def last_day(self, start: date) -> date:
        """The last day before any holiday is thought of."""
        if self.unit == "day":
            return start + timedelta(days=self.limit)
        return add_months(start, self.limit * (12 if self.unit == "year" else 1))


@functools.cache
def periods() -> tuple[Period, ...]:
    """Every version of every period."""
    rows = tomllib.loads(_TABLE.read_text())["period"]
    return tuple(
        Period(
            r["code"], Text(*r["name"]), Text(*r["starts"]), r["unit"], r["limit"], tuple(r["norms"]), r["since"], r.get("until"),
            Text(*r["interruptible"]) if "interruptible" in r else None, r.get("rolls", True),
        )
        for r in rows
    )  # fmt: skip


def period(code: str, start: date) -> Period:
    """The version for a period that begins on ``start``. Raises ``Refusal`` where the table holds none."""
    for found in periods():
        if found.code == code and found.since <= start and (found.until is None or start <= found.until):
            return found
    raise Refusal(
        "calculator.facts", field="start", reason=Text("那时的规定不在表里，请直接问律师。", "The rule of that time is not in the table; please ask a lawyer.")
    )


def _period(values: Values, tables: Tables) -> Answer:
    start = values.day("start")
    found = period(values.choice("kind"), start)
    last = found.last_day(start)
    end = tables.roll(last) if found.rolls else last
    unit = {"day": "日", "month": "个月", "year": "年"}[found.unit]
    how = f"{start.isoformat()} 起 {found.limit}{unit}（当日不算）→ {last.isoformat()}"
    lines = [Line(found.name, Text(how, f"{start.isoformat()} + {found.limit} {found.unit}(s) → {last.isoformat()}"), None, found.norms)]
    cautions = [Text(f"从{found.starts.zh}起算。", f"Counted from {found.starts.en}.")]
    if end is None:
        end = last
        cautions.append(Text("那一年的放假安排还没有公布，没有考虑节假日顺延。", "That year's holidays are not known yet; no shift was applied."))
    elif end != last:
        lines.append(
            Line(
                Text("最后一天放假，顺延到假期后第一天", "The last day is a holiday: moved"),
                Text(f"→ {end.isoformat()}", f"→ {end.isoformat()}"),
                None,
                ("民法典 203", "民事诉讼法 85"),
            )
        )
    if found.interruptible:
        cautions.append(Text(found.interruptible.zh + "。", found.interruptible.en + "."))
    cautions.append(Text("能早就早，不要等到最后一天。", "Do not wait for the last day."))
    when = f"{end.year}年{end.month}月{end.day}日"
    return Answer(Text(f"最迟 {when}", f"By {end.isoformat()} at the latest"), tuple(lines), tuple(cautions), {"last_day": end})


def _choices() -> tuple[tuple[str, Text], ...]:
    return tuple({found.code: found.name for found in periods()}.items())


FILING_PERIOD = Calculator(
    "filing_period",
    Text("时效和期限", "Time limits"),
    Text("最迟哪天要起诉、仲裁、上诉、申请", "By which day to sue, appeal or apply"),
    (
        Input("kind", Text("要办什么", "What for"), InputKind.CHOICE, choices=_choices()),
        Input("start", Text("从哪天起算", "Starting day"), InputKind.DATE),
    ),
    _period,
    "procedure",
    norms=tuple(dict.fromkeys([*(norm for found in periods() for norm in found.norms), "民法典 203", "民事诉讼法 85"])),
)
