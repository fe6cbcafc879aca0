"""The second hand's own calendar: which days people work, from ``state_council.toml`` alone. Imports nothing of the product."""

from __future__ import annotations

import functools
import tomllib
from datetime import date, timedelta
from pathlib import Path

ONE = timedelta(days=1)
FIRST, LAST = date(2021, 1, 1), date(2026, 12, 31)


@functools.cache
def _table() -> tuple[dict[date, str], frozenset[date]]:
    off: dict[date, str] = {}
    work: set[date] = set()
    for year in tomllib.loads((Path(__file__).parent / "state_council.toml").read_text())["year"]:
        for name, first, last in year["off"]:
            day = first
            while day <= last:
                off[day] = name
                day += ONE
        work.update(year["work"])
    return off, frozenset(work)


def holidays() -> dict[date, str]:
    """Every day off with its festival."""
    return dict(_table()[0])


def make_up_days() -> frozenset[date]:
    """Weekend days that are worked."""
    return _table()[1]


def works(day: date) -> bool:
    """Whether people work on that day. Raises ``LookupError`` outside the table."""
    if not FIRST <= day <= LAST:
        raise LookupError(day)
    return day in make_up_days() or (day not in holidays() and day.isoweekday() < 6)
