"""Counting years, months and days as labour and tort law do. Pure."""

from __future__ import annotations

import calendar
from datetime import date


def months_between(first: date, last: date) -> tuple[int, int]:
    """Whole months and the days left over from ``first`` to the day after ``last`` (both days worked)."""
    end = date.fromordinal(last.toordinal() + 1)
    months = (end.year - first.year) * 12 + end.month - first.month
    if _shift(first, months) > end:
        months -= 1
    return months, (end - _shift(first, months)).days


def _shift(day: date, months: int) -> date:
    year, month = divmod(day.month - 1 + months, 12)
    year += day.year
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def add_months(day: date, months: int) -> date:
    """The same day of the month so many months on; the month's last day where there is none (民法典 §202)."""
    return _shift(day, months)


def age_on(birth: date, on: date) -> int:
    """Full years of age on a day."""
    return on.year - birth.year - ((on.month, on.day) < (birth.month, birth.day))


def compensation_years(age: int) -> int:
    """Twenty years; from 60 one less for each year of age; five from 75 on. 人身损害赔偿解释 §12, §15, §17."""
    if age >= 75:
        return 5
    return 20 - (age - 60) if age >= 60 else 20
