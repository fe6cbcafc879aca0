"""Loading divisions; editing the calendar. A calendar edit recomputes open clocks in the same transaction."""

from __future__ import annotations

import csv
import secrets
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from django.db import transaction

from fawang.kernel import events
from fawang.kernel.errors import Refusal
from fawang.kernel.events import event_kind
from fawang.kernel.folding import pinyin_key
from fawang.kernel.policy import require
from fawang.regions import policies  # noqa: F401 - registers them
from fawang.regions.models import CalendarDay, CalendarYear, Division
from fawang.regions.selectors import calendar_stamp

DATA = Path(__file__).parent / "data"
event_kind("calendar.changed", "工作日历变更", "Working calendar changed", keys=("day", "kind", "name", "year", "moved"))
_LISTENERS: list[Callable[[], int]] = []


def on_calendar_changed(recompute: Callable[[], int]) -> None:
    """A higher room registers what must be recomputed; it says how many clocks moved."""
    if recompute not in _LISTENERS:
        _LISTENERS.append(recompute)


def load_divisions() -> int:
    """Load GB/T 2260 to county level, townships and villages of the demonstration cities, and merged codes. Idempotent."""
    rows: dict[str, Division] = {}

    def add(code: str, name: str, level: int, parent: str) -> None:
        rows[code] = Division(code=code, name=name, level=level, parent_code=parent, pinyin_key=pinyin_key(name))

    with (DATA / "divisions.csv").open() as file:
        for row in csv.DictReader(file):
            add(row["code"], row["name"], int(row["level"]), row["parent_code"])
    with (DATA / "townships_villages.csv").open() as file:
        for row in csv.DictReader(file):
            code = row["code"]
            add(code, row["name"], 4 if len(code) == 9 else 5, code[:6] if len(code) == 9 else code[:9])
    with (DATA / "changes.csv").open() as file:
        for row in csv.DictReader(file):
            code = row["old_code"]
            if code in rows:
                continue
            add(code, row["old_name"], 2 if code.endswith("00") else 3, f"{code[:4]}00" if not code.endswith("00") else f"{code[:2]}0000")
            old = rows[code]
            old.valid_to, old.successor_code = date.fromisoformat(row["on"]), row["new_code"]
            old.change_kind, old.norm = row["kind"], row["norm"]
    Division.objects.bulk_create(rows.values(), ignore_conflicts=True, batch_size=2000)
    return len(rows)


def load_calendar() -> int:
    """Load the State Council's announced years that are not here yet; never touches a year somebody has edited."""
    import chinese_calendar

    years = sorted({d.year for d in chinese_calendar.holidays})
    known = set(CalendarYear.objects.values_list("year", flat=True))
    new = [y for y in years if y not in known and y >= 2018]
    days = [
        CalendarDay(day=day, kind=kind, name=name)
        for kind, table in (("holiday", chinese_calendar.holidays), ("workday", chinese_calendar.workdays))
        for day, name in table.items()
        if day.year in new
    ]
    CalendarDay.objects.bulk_create(days, ignore_conflicts=True)
    CalendarYear.objects.bulk_create([CalendarYear(year=y, source="国务院办公厅放假安排") for y in new])
    if new:
        with transaction.atomic():
            _stamp()
    return len(new)


def _stamp() -> None:
    stamp = calendar_stamp()
    stamp.edition = secrets.randbits(62)
    stamp.save()


def set_calendar_day(*, actor: Any, day: date, kind: str, name: str) -> int:
    """Make a day a holiday, a workday, or an ordinary one (``kind`` empty). Returns how many clocks moved."""
    with transaction.atomic():
        require("regions.edit_calendar", actor)
        if kind not in {"holiday", "workday", ""}:
            raise Refusal("calendar.day", field="kind")
        if not CalendarYear.objects.filter(year=day.year).exists():
            raise Refusal("calendar.year", field="day")
        if kind:
            CalendarDay.objects.update_or_create(day=day, defaults={"kind": kind, "name": name})
        else:
            CalendarDay.objects.filter(day=day).delete()
        return _changed({"day": day.isoformat(), "kind": kind, "name": name, "year": day.year})


def publish_calendar_year(*, actor: Any, year: int, source: str, days: dict[date, tuple[str, str]]) -> int:
    """Enter a whole year's arrangement (State Council notice) at once."""
    with transaction.atomic():
        require("regions.edit_calendar", actor)
        CalendarYear.objects.update_or_create(year=year, defaults={"source": source})
        CalendarDay.objects.filter(day__year=year).delete()
        CalendarDay.objects.bulk_create([CalendarDay(day=d, kind=k, name=n) for d, (k, n) in days.items()])
        return _changed({"day": "", "kind": "year", "name": source, "year": year})


def _changed(payload: dict[str, Any]) -> int:
    _stamp()
    moved = sum(recompute() for recompute in _LISTENERS)
    events.record(kind="calendar.changed", stream="calendar", payload={**payload, "moved": moved})
    return moved
