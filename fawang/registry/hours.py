"""开放时间: what a site's opening hours look like, and whether it is open now.

Hours are a mapping ``{"mon": ["09:00-12:00", "13:30-17:00"], …}``; a working day moved to a weekend keeps Monday's hours,
a public holiday is closed unless ``holidays`` names hours of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime

from fawang.kernel import clock
from fawang.kernel.errors import Refusal
from fawang.regions.selectors import working_calendar
from fawang.regions.working_calendar import CalendarMissing

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-4]):[0-5]\d")


def check_hours(hours: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The hours unchanged. Raises ``Refusal`` ``site.hours`` for a day or span that is none, or one that ends before it begins."""
    for day, spans in hours.items():
        if day not in (*DAYS, "holidays") or any(not _SPAN.fullmatch(s) or s[:5] >= s[6:] for s in spans):
            raise Refusal("form.invalid", fields={"opening_hours": Refusal("site.hours", field="opening_hours")})
    return dict(hours)


def _working(day: date) -> bool:
    try:
        return working_calendar().is_working_day(day)
    except CalendarMissing:  # no arrangement published yet: weekdays are the best that can be told to a visitor
        return day.weekday() < 5


def spans_on(hours: Mapping[str, list[str]], day: date) -> list[str]:
    """The spans of one day."""
    if not _working(day) and day.weekday() < 5:
        return hours.get("holidays", [])
    return hours.get(DAYS[day.weekday()], hours.get("mon", []) if _working(day) else [])


def open_at(hours: Mapping[str, list[str]], moment: datetime) -> bool:
    """Whether a site is open at a moment."""
    local = moment.astimezone(clock.BEIJING)
    now = f"{local:%H:%M}"
    return any(span[:5] <= now < span[6:] for span in spans_on(hours, local.date()))
