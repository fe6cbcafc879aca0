"""How a time limit ends, by the statutes, with plain loops over days. Imports nothing of the product.

民法典 §201: a limit in days, months or years does not count the day it begins; one in hours counts from the moment.
民法典 §202: a limit in months ends on the corresponding day of its last month, or on that month's last day.
民法典 §203 (民诉法 §85): a last day that is a rest day gives way to the first working day after it; the day ends at midnight.
What a norm excludes (公证法 §30, 法律援助法 §43: 补充材料、核实) is not counted: by the same §201 the days after the one on
which it began, up to and with the one on which it ended. And no limit runs out while it is stopped.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, time, timedelta, timezone
from itertools import pairwise

from tests.oracle.almanac import ONE, works

CHINA = timezone(timedelta(hours=8))
Stop = tuple[datetime, datetime | None]


def midnight_before(day: date) -> datetime:
    """The last second of a day: how the house writes “24时”."""
    return datetime.combine(day, time(23, 59, 59), CHINA)


def excluded_days(stops: list[Stop], until: date) -> set[date]:
    """Days that do not count."""
    found: set[date] = set()
    for begin, end in stops:
        day, last = begin.astimezone(CHINA).date() + ONE, end.astimezone(CHINA).date() if end else until
        while day <= last:
            found.add(day)
            day += ONE
    return found


def corresponding_day(day: date, months: int) -> date:
    """民法典 §202."""
    year, month = day.year, day.month + months
    while month > 12:
        year, month = year + 1, month - 12
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def due(unit: str, limit: int, start: datetime, stops: list[Stop], rolls: bool) -> datetime | None:
    """The last moment of the limit; ``None`` while a stop without end holds it."""
    start = start.astimezone(CHINA)
    stops = [(b.astimezone(CHINA), e.astimezone(CHINA) if e else None) for b, e in stops]
    if unit in {"s", "min", "h"}:
        return _hours(limit * {"s": 1, "min": 60, "h": 3600}[unit], start, stops)
    far = start.date() + timedelta(days=800)
    out = excluded_days(stops, far)
    if unit in {"month", "year"}:
        last = corresponding_day(start.date(), limit * (12 if unit == "year" else 1))
        for day in sorted(out):
            if start.date() < day <= last:
                last += ONE
                if last > far - ONE * 30:
                    return None
    else:
        day, counted = start.date(), 0
        while counted < limit:
            day += ONE
            if day >= far:
                return None
            if day not in out and (unit == "cd" or works(day)):
                counted += 1
        last = day
    return _settled(last, unit, stops, rolls)


def _settled(last: date, unit: str, stops: list[Stop], rolls: bool) -> datetime | None:
    while True:
        holding = [e for b, e in stops if b <= midnight_before(last) and (e is None or e > midnight_before(last))]
        if None in holding:
            return None
        if holding:
            last = max(e for e in holding if e).date()
        elif (rolls or unit == "wd") and not works(last):
            last += ONE
        else:
            return midnight_before(last)


def _hours(seconds: int, start: datetime, stops: list[Stop]) -> datetime | None:
    """Second by second would be slow; so moment by moment: every edge of a stop is looked at once."""
    edges = sorted({start, *(b for b, _ in stops if b > start), *(e for _, e in stops if e and e > start)})
    left = timedelta(seconds=seconds)
    for at, following in zip(edges, [*edges[1:], None], strict=True):
        if any(b <= at and (e is None or e > at) for b, e in stops):
            if following is None:
                return None
            continue
        if following is None or at + left <= following:
            end = at + left
            stopped_there = [e for b, e in stops if b <= end and b == end and left == timedelta(0)]
            return end if not stopped_there else None
        left -= following - at
    return None


def marks(unit: str, start: datetime, stops: list[Stop], last: datetime) -> tuple[datetime, datetime]:
    """When 70 % and 90 % of the counted time are gone (DOMAIN §2.0 (6))."""
    start = start.astimezone(CHINA)
    pieces: list[tuple[datetime, datetime]] = []
    if unit in {"s", "min", "h"}:
        edges = sorted({start, last, *(m.astimezone(CHINA) for s in stops for m in s if m and start < m < last)})
        for a, b in pairwise(edges):
            if not any(s <= a and (e is None or e > a) for s, e in stops):
                pieces.append((a, b))
    else:
        out, day = excluded_days(stops, last.date()), start.date() + ONE
        while day <= last.date():
            if day not in out and (unit != "wd" or works(day)):
                pieces.append((datetime.combine(day, time(), CHINA), min(datetime.combine(day + ONE, time(), CHINA), last)))
            day += ONE
    total = sum((b - a for a, b in pieces), timedelta())
    return _at(pieces, total * 7 / 10), _at(pieces, total * 9 / 10)


def _at(pieces: list[tuple[datetime, datetime]], wanted: timedelta) -> datetime:
    for a, b in pieces:
        if wanted <= b - a:
            return a + wanted
        wanted -= b - a
    raise AssertionError("more time wanted than there is")
