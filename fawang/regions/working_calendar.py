"""Working days. Pure: a calendar that does not know a year says so and never guesses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from fawang.kernel.errors import Refusal, catalogue

catalogue(
    {
        "calendar.missing": (
            "{year}年的放假安排尚未录入，不能计算期限，请在“工作日历”中录入。",
            "The {year} holiday calendar has not been entered; the time limit cannot be computed.",
        ),
        "calendar.day": ("请选择休息日或调休上班。", "Choose holiday or workday."),
        "calendar.year": ("请先发布这一年的放假安排。", "Publish the calendar of that year first."),
    }
)


class CalendarMissing(Refusal):
    """No calendar for that year."""

    def __init__(self, year: int) -> None:
        super().__init__("calendar.missing", status=409, year=year)


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Known years and the days that differ from their weekday."""

    years: frozenset[int]
    exceptions: Mapping[date, bool]

    def is_working_day(self, day: date) -> bool:
        """Whether people work on that day. Raises ``CalendarMissing`` for an unknown year."""
        if day.year not in self.years:
            raise CalendarMissing(day.year)
        return self.exceptions.get(day, day.weekday() < 5)

    def next_working_day(self, day: date) -> date:
        """That day, or the first working day after it."""
        while not self.is_working_day(day):
            day += timedelta(days=1)
        return day
