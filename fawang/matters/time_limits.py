"""Clock arithmetic: hours, calendar and working days, months, pauses, extensions, lights. Pure.

Everything is reckoned in Beijing time. Day one is the day after the start event (民法典 §201); a limit in days ends at
23:59:59 of its last counted day; a last day that is a rest day moves to the next working day (民法典 §203).
"""

from __future__ import annotations

import calendar as months
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from fawang.kernel.texts import Text

BEIJING = ZoneInfo("Asia/Shanghai")
Pause = tuple[str, datetime, datetime | None]
_SECONDS = {"s": 1, "min": 60, "h": 3600}


class WorkCalendar(Protocol):
    """Anything that knows working days; raises for a year it does not know."""

    def is_working_day(self, day: date) -> bool: ...


class PauseNotAllowed(ValueError):
    """The rule does not list this reason for a pause."""


class ExtensionTooLong(ValueError):
    """The extensions together exceed the rule's cap."""


class Light(StrEnum):
    """How much of the counted time is gone: under 70 %, from 70 %, from 90 %, all."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class ClockRule:
    """One version of a time limit. ``promised_limit`` is what the service promises, never more than the law allows."""

    code: str
    version: str
    name: Text
    unit: str
    limit: int
    norm: str
    effective_from: date
    effective_to: date | None = None
    region: str = "*"
    starts: Text | None = None
    evidence: str = ""
    roll_to_working_day: bool = True
    pause_reasons: Mapping[str, Text] = field(default_factory=dict)
    extension_cap: int = 0
    extension_unit: str = ""
    extension_approver: str = ""
    yellow: float = 0.7
    red: float = 0.9
    promised_limit: int | None = None
    verify: bool = False

    @property
    def in_days(self) -> bool:
        """Whether the limit is counted in whole days."""
        return self.unit in {"cd", "wd", "month", "year"}


@dataclass(frozen=True, slots=True)
class Thresholds:
    """The moments at which the light changes, if nothing pauses any more."""

    yellow_at: datetime
    red_at: datetime
    due_at: datetime


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("clock arithmetic takes aware datetimes only")
    return moment.astimezone(BEIJING)


def _spans(rule: ClockRule, pauses: Iterable[Pause]) -> list[tuple[datetime, datetime | None]]:
    spans: list[tuple[datetime, datetime | None]] = []
    for reason, start, end in pauses:
        if reason not in rule.pause_reasons:
            raise PauseNotAllowed(f"{rule.code} does not list {reason}")
        spans.append((_aware(start), _aware(end) if end else None))
    spans.sort(key=lambda s: s[0])
    merged: list[tuple[datetime, datetime | None]] = []
    for start, end in spans:
        if merged and (merged[-1][1] is None or start <= merged[-1][1]):
            last = merged[-1][1]
            merged[-1] = (merged[-1][0], None if last is None or end is None else max(last, end))
        else:
            merged.append((start, end))
    return merged


def _limit(rule: ClockRule, extension: int) -> int:
    if extension > rule.extension_cap:
        raise ExtensionTooLong(f"{rule.code}: {extension} > {rule.extension_cap}")
    return rule.limit + extension


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), BEIJING)


def _paused_on(day: date, spans: Sequence[tuple[datetime, datetime | None]]) -> bool:
    return any(start.date() < day and (end is None or day <= end.date()) for start, end in spans)


def _settle(day: date, rule: ClockRule, spans: Sequence[tuple[datetime, datetime | None]], calendar: WorkCalendar) -> datetime | None:
    """The end of the last day once rest days (民法典 §203) and pauses that hold its end are passed over.

    No limit runs out while it is paused: one stopped on its last day ends on the day it is resumed. ``None`` while an open pause holds it.
    """
    while True:
        holding = [end for start, end in spans if start <= _end_of(day) and (end is None or end > _end_of(day))]
        if holding:
            if holding[0] is None:
                return None
            day = holding[0].date()
        elif (rule.roll_to_working_day or rule.unit == "wd") and not calendar.is_working_day(day):
            day += timedelta(days=1)
        else:
            return _end_of(day)


def _months_later(day: date, count: int) -> date:
    index = day.year * 12 + day.month - 1 + count
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, months.monthrange(year, month + 1)[1]))


def _counted_days(rule: ClockRule, start: date, count: int, spans: Sequence[tuple[datetime, datetime | None]], calendar: WorkCalendar) -> date | None:
    """The last of ``count`` counted days after ``start``; ``None`` when an open pause stops the count for ever."""
    day = start
    while count > 0:
        day += timedelta(days=1)
        if _paused_on(day, spans):
            if any(s.date() < day and e is None for s, e in spans):
                return None
            continue
        if rule.unit != "wd" or calendar.is_working_day(day):
            count -= 1
    return day


def due_at(
    rule: ClockRule, started_at: datetime, calendar: WorkCalendar, pauses: Iterable[Pause] = (), extension: int = 0, promised: date | None = None
) -> datetime | None:
    """When the limit ends; ``None`` while an open pause holds it. Raises ``PauseNotAllowed``, ``ExtensionTooLong``.

    ``promised``: a day given to the person. The limit ends with it; it never ends later than the rule allows.
    """
    found = _due_by_rule(rule, started_at, calendar, pauses, extension)
    return found if found is None or promised is None else min(found, _end_of(promised))


def _due_by_rule(rule: ClockRule, started_at: datetime, calendar: WorkCalendar, pauses: Iterable[Pause], extension: int) -> datetime | None:
    start = _aware(started_at)
    limit, spans = _limit(rule, extension), _spans(rule, pauses)
    if not rule.in_days:
        return _moment_after(start, timedelta(seconds=limit * _SECONDS[rule.unit]), spans)
    if rule.unit in {"month", "year"}:
        return _month_due(rule, start, limit, spans, calendar)
    last = _counted_days(rule, start.date(), limit, spans, calendar)
    if last is None:
        return None
    return _settle(last, rule, spans, calendar)


def _month_due(rule: ClockRule, start: datetime, limit: int, spans: Sequence[tuple[datetime, datetime | None]], calendar: WorkCalendar) -> datetime | None:
    last = _months_later(start.date(), limit * (12 if rule.unit == "year" else 1))
    day, shift = start.date(), 0
    while day < last + timedelta(days=shift):
        day += timedelta(days=1)
        if _paused_on(day, spans):
            if any(s.date() < day and e is None for s, e in spans):
                return None
            shift += 1
    return _settle(last + timedelta(days=shift), rule, spans, calendar)


def _moment_after(start: datetime, counted: timedelta, spans: Sequence[tuple[datetime, datetime | None]]) -> datetime | None:
    at, left = start, counted
    for begin, end in spans:
        if end is not None and end <= at:
            continue
        begin = max(begin, at)
        if at + left < begin or (at + left == begin and left > timedelta(0)):
            break
        left -= begin - at
        if end is None:
            return None
        at = end
    return at + left


def _counted(rule: ClockRule, start: datetime, upto: datetime, spans: Sequence[tuple[datetime, datetime | None]], calendar: WorkCalendar) -> timedelta:
    """Counted time between start and a moment: exact for hours; for days, whole counted days plus the part of today."""
    if upto <= start:
        return timedelta(0)
    if not rule.in_days:
        paused = sum((min(e or upto, upto) - max(s, start) for s, e in spans if s < upto and (e or upto) > start), timedelta(0))
        return upto - start - paused
    total, day = timedelta(0), start.date()
    while (day := day + timedelta(days=1)) <= upto.date():
        if _paused_on(day, spans) or (rule.unit == "wd" and not calendar.is_working_day(day)):
            continue
        midnight = datetime.combine(day, time(), BEIJING)
        total += min(upto - midnight, timedelta(days=1))
    return total


def over_from(rule: ClockRule, due: datetime) -> datetime:
    """The first moment at which a limit has run out: past its moment; a limit in days not before midnight (民法典 §203: 二十四时)."""
    return due + (timedelta(seconds=1) if rule.in_days else timedelta(microseconds=1))


def is_over(rule: ClockRule, due: datetime, at: datetime) -> bool:
    """Whether a limit has run out."""
    return _aware(at) >= over_from(rule, due)


def elapsed(rule: ClockRule, started_at: datetime, now: datetime, calendar: WorkCalendar, pauses: Iterable[Pause] = ()) -> timedelta:
    """Counted time gone by."""
    return _counted(rule, _aware(started_at), _aware(now), _spans(rule, pauses), calendar)


def thresholds(
    rule: ClockRule, started_at: datetime, calendar: WorkCalendar, pauses: Iterable[Pause] = (), extension: int = 0, promised: date | None = None
) -> Thresholds:
    """The moments of yellow, red and due. Raises ``ValueError`` while paused."""
    pauses = list(pauses)
    due = due_at(rule, started_at, calendar, pauses, extension, promised)
    if due is None:
        raise ValueError("a paused clock has no thresholds")
    start, spans = _aware(started_at), _spans(rule, pauses)
    total = _counted(rule, start, due, spans, calendar)
    marks = [_moment_at(rule, start, total * part, spans, calendar, due) for part in (rule.yellow, rule.red)]
    return Thresholds(marks[0], marks[1], due)


def _moment_at(
    rule: ClockRule, start: datetime, counted: timedelta, spans: Sequence[tuple[datetime, datetime | None]], calendar: WorkCalendar, due: datetime
) -> datetime:
    if not rule.in_days:
        found = _moment_after(start, counted, spans)
        return min(found or due, due)
    day, left = start.date(), counted
    while True:
        day += timedelta(days=1)
        if _paused_on(day, spans) or (rule.unit == "wd" and not calendar.is_working_day(day)):
            continue
        if left <= timedelta(days=1):
            return min(datetime.combine(day, time(), BEIJING) + left, due)
        left -= timedelta(days=1)


def light_at(
    rule: ClockRule, started_at: datetime, now: datetime, calendar: WorkCalendar, pauses: Iterable[Pause] = (), extension: int = 0, promised: date | None = None
) -> Light:
    """The light at a moment. A paused clock keeps the light it had."""
    pauses = list(pauses)
    due = due_at(rule, started_at, calendar, pauses, extension, promised)
    if due is None:
        opened = min(s for _, s, e in pauses if e is None)
        return light_at(rule, started_at, min(_aware(now), _aware(opened)), calendar, [p for p in pauses if p[2] is not None], extension, promised)
    if is_over(rule, due, now):
        return Light.OVERDUE
    marks = thresholds(rule, started_at, calendar, pauses, extension, promised)
    return Light.RED if now >= marks.red_at else Light.YELLOW if now >= marks.yellow_at else Light.GREEN


_WEEKDAYS = "一二三四五六日"


def day_words(day: date) -> Text:
    """A day in full, in both languages."""
    return Text(f"{day.year}年{day.month}月{day.day}日", f"{day.day} {day:%B %Y}")


def due_words(due: datetime, now: datetime, language: str = "zh-hans") -> str:
    """When it is due, as one says it: 今天18:30前, 11月27日(周五)下班前."""
    due, now = _aware(due), _aware(now)
    whole_day = due.time() == time(23, 59, 59)
    if language.startswith("en"):
        when = "today" if due.date() == now.date() else f"{due:%A}, {due.day} {due:%B %Y}"
        return f"by the end of {when}" if whole_day else f"by {due:%H:%M} {when}"
    days = (due.date() - now.date()).days
    year = f"{due.year}年" if due.year != now.year else ""
    named = {0: "今天", 1: "明天"}.get(days, f"{year}{due.month}月{due.day}日(周{_WEEKDAYS[due.weekday()]})")
    return f"{named}下班前" if whole_day else f"{named}{due:%H:%M}前"


def remaining_words(due: datetime, now: datetime, language: str = "zh-hans") -> str:
    """How long is left, or how late it is: 还有2天3小时, 已超期1天."""
    left = _aware(due) - _aware(now)
    late = left < timedelta(0)
    minutes = int(abs(left).total_seconds() // 60)
    days, hours, mins = minutes // 1440, minutes % 1440 // 60, minutes % 60
    if language.startswith("en"):
        words = f"{days} d {hours} h" if days else f"{hours} h {mins} min" if hours else f"{mins} min"
        return f"{words} overdue" if late else f"{words} left"
    words = f"{days}天{hours}小时" if days and hours else f"{days}天" if days else f"{hours}小时{mins}分" if hours else f"{mins}分钟"
    return f"已超期{words}" if late else f"还有{words}"
