"""What is to be expected and how many seats it takes: the hotline's own history by hour of the week, Erlang C, the shifts planned against it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median

from fawang.hotline import figures
from fawang.hotline.models import Shift
from fawang.hotline.staffing import Staffing, erlangs, seats_for
from fawang.kernel.clock import BEIJING

WEEKS = 8
WITHIN_S, GOAL = 15.0, 0.80
DEFAULT_HANDLING_S = 384.0
"""Six point four minutes, the mean talk a comparable city's hotline reports, until one's own calls say better."""


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of a day: calls expected (and over how many weeks that is a median), seats needed, seats planned."""

    hour: int
    calls: float
    weeks: int
    need: Staffing | None
    planned: int

    @property
    def short(self) -> int:
        """Seats missing."""
        return max(0, (self.need.seats if self.need else 0) - self.planned)


def history(day: date, weeks: int = WEEKS) -> tuple[dict[int, list[int]], float, int]:
    """Offered calls of each hour on the same weekday of the weeks before, the mean handling time of those days, and how many of the weeks had calls."""
    counted: dict[int, list[int]] = {hour: [] for hour in range(24)}
    handled, answered, seen = 0.0, 0.0, 0
    for ago in range(1, weeks + 1):
        then = day - timedelta(days=7 * ago)
        rows = figures.facts(then, then)
        if not rows:
            continue
        seen += 1
        hours: dict[int, int] = defaultdict(int)
        for one in rows:
            if one.direction == "in" and one.queued is not None:
                hours[one.arrived.astimezone(BEIJING).hour] += 1
            if one.direction == "in" and one.connected is not None:
                handled, answered = handled + one.talk_s + one.hold_s, answered + 1
        for hour in range(24):
            counted[hour].append(hours[hour])
    return counted, handled / answered if answered else 0.0, seen


def expected(day: date, *, wrap_up_s: float = 60.0, within_s: float = WITHIN_S, goal: float = GOAL) -> tuple[list[Hour], float, int]:
    """Every hour of a day; the handling time used (conversation and wrap-up); the weeks of history it stands on. Without history nothing is expected."""
    counted, talk, seen = history(day)
    handling = (talk or DEFAULT_HANDLING_S) + wrap_up_s
    found = []
    for hour in range(24):
        calls = float(median(counted[hour])) if counted[hour] else 0.0
        need = seats_for(erlangs(calls, handling), handling, within_s=within_s, goal=goal) if calls else None
        found.append(Hour(hour, calls, len(counted[hour]), need, planned(day, hour)))
    return found, handling, seen


def planned(day: date, hour: int) -> int:
    """The fewest shifts that run at any moment of an hour, standby left out."""
    start = datetime.combine(day, time(hour), BEIJING)
    end = start + timedelta(hours=1)
    rows = list(Shift.objects.filter(starts_at__lt=end, ends_at__gt=start, cancelled_at=None).exclude(kind="standby").values_list("starts_at", "ends_at"))
    marks = sorted({start, *(m for row in rows for m in row if start <= m < end)})
    return min(sum(a <= m < b for a, b in rows) for m in marks)
