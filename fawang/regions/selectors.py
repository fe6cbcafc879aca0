"""Reading divisions and the calendar."""

from __future__ import annotations

from datetime import date

from fawang.kernel.freshness import Kept
from fawang.kernel.texts import Text
from fawang.regions.codes import prefix_of, scope_contains
from fawang.regions.models import CalendarDay, CalendarStamp, CalendarYear, Division
from fawang.regions.working_calendar import WorkingCalendar

__all__ = ["prefix_of", "scope_contains"]
_SPANS = (2, 4, 6, 9, 12)
_IN_FORCE: Kept[set[str]] = Kept("regions_division", read=set)
_BELOW: Kept[dict[str, tuple[Division, ...]]] = Kept("regions_division", read=dict)


def division(code: str) -> Division | None:
    """The division of that code, abolished ones too."""
    return Division.objects.filter(code=code).first()


def division_names(codes: set[str]) -> dict[str, str]:
    """Names of many divisions in one query; codes nobody knows are left out."""
    return dict(Division.objects.filter(code__in=codes).values_list("code", "name"))


def division_exists(code: str) -> bool:
    """Whether a code is a division in force."""
    known = _IN_FORCE.now()
    if code not in known and Division.objects.filter(code=code, valid_to=None).exists():
        known.add(code)
    return code in known


def current_code(code: str) -> str:
    """The code that stands for an abolished one today."""
    seen = set()
    while code not in seen and (found := Division.objects.filter(code=code).exclude(successor_code="").first()):
        seen.add(code)
        code = found.successor_code
    return code


def ancestor_codes(code: str) -> list[str]:
    """Codes above it, highest first. Pure."""
    codes = []
    for span in _SPANS:
        if len(prefix_of(code)) > span:
            codes.append(code[:span].ljust(6, "0"))
    return codes


def ancestors(code: str) -> list[Division]:
    """Divisions above it, highest first."""
    found = {d.code: d for d in Division.objects.filter(code__in=ancestor_codes(code))}
    return [found[c] for c in ancestor_codes(code) if c in found]


def path_name(code: str) -> str:
    """安徽省合肥市蜀山区; the bare code when nothing is known."""
    own = division(code)
    names = [d.name for d in ancestors(code) if d.name not in {"市辖区", "县"}]
    return "".join([*names, own.name if own else code])


def children(code: str) -> list[Division]:
    """Divisions right below it, in force. They are all readers' alike: to be read, not changed."""
    known = _BELOW.now()
    if code not in known:
        known[code] = tuple(Division.objects.filter(parent_code=code, valid_to=None))
    return list(known[code])


def provinces() -> list[Division]:
    """All provinces."""
    return list(Division.objects.filter(level=1, valid_to=None))


def _read_calendar() -> WorkingCalendar:
    exceptions = {d.day: d.kind == "workday" for d in CalendarDay.objects.all()}
    return WorkingCalendar(frozenset(CalendarYear.objects.values_list("year", flat=True)), exceptions)


_CALENDAR = Kept("regions_calendarstamp", read=_read_calendar)


def working_calendar() -> WorkingCalendar:
    """The calendar as it stands."""
    return _CALENDAR.now()


def calendar_stamp() -> CalendarStamp:
    """The edit counter's row, locked by the editor."""
    CalendarStamp.objects.get_or_create(id=1)
    return CalendarStamp.objects.select_for_update().get(id=1)


def calendar_warning(today: date) -> Text | None:
    """From September on: next year's calendar is missing."""
    if today.month < 9 or today.year + 1 in working_calendar().years:
        return None
    year = today.year + 1
    return Text(
        f"{year}年放假安排尚未录入：落在{year}年的期限将无法计算，国务院通知公布后请立即录入。",
        f"The {year} holiday calendar is missing: limits that reach into {year} cannot be computed.",
    )
