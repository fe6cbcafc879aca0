"""The only source of time in the house.

Everything asks :func:`now`. Tests and simulations replace the source with :func:`frozen` or :func:`set_source`;
a deployment test may shift it for whole processes with ``FAWANG_CLOCK_SHIFT`` (seconds).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

BEIJING = ZoneInfo("Asia/Shanghai")
_SHIFT = timedelta(seconds=float(os.environ.get("FAWANG_CLOCK_SHIFT", "0")))


def _system() -> datetime:
    return datetime.now(UTC) + _SHIFT


_source: Callable[[], datetime] = _system


def now() -> datetime:
    """The current instant, time-zone aware."""
    return _source()


def today() -> date:
    """The current date in Beijing."""
    return now().astimezone(BEIJING).date()


def beijing_date(instant: datetime) -> date:
    """The Beijing date of an instant."""
    return instant.astimezone(BEIJING).date()


def set_source(source: Callable[[], datetime] | None) -> None:
    """Replace the source of time for the whole process; ``None`` restores the system clock."""
    global _source
    _source = source or _system


@contextmanager
def frozen(instant: datetime) -> Iterator[Callable[[timedelta], None]]:
    """Stop the clock at ``instant``; the value given is a function that moves it forward."""
    if instant.tzinfo is None:
        raise ValueError("the clock takes aware datetimes only")
    held = [instant]

    def advance(by: timedelta) -> None:
        held[0] += by

    before = _source
    set_source(lambda: held[0])
    try:
        yield advance
    finally:
        set_source(before)
