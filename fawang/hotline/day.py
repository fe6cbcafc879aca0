"""The day on the wallboard: each figure with its denominators, from the rows of calls alone. GB/T 33358-2016."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Count, F, Q

from fawang.hotline.models import Call
from fawang.kernel.clock import BEIJING

ANSWER_WITHIN = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Day:
    """Inbound calls of one day. ``arrived`` counts every INVITE, ``queued`` those that asked for a human, ``answered`` those that reached one."""

    day: date
    arrived: int
    queued: int
    answered: int
    in_time: int

    @property
    def of_queued(self) -> int | None:
        """Answer rate of those who asked for a human, in percent; ``None`` without any."""
        return round(self.answered * 100 / self.queued) if self.queued else None

    @property
    def of_arrived(self) -> int | None:
        """Answer rate of all who rang, in percent."""
        return round(self.answered * 100 / self.arrived) if self.arrived else None

    @property
    def service_level(self) -> int | None:
        """Answered within 15 seconds of asking for a human, of those who asked, in percent."""
        return round(self.in_time * 100 / self.queued) if self.queued else None


def day_of(day: date, *, until: datetime | None = None) -> Day:
    """One day's inbound calls, up to an instant (to compare this morning with last week's)."""
    begin = datetime.combine(day, time(), BEIJING)
    end = min(until, begin + timedelta(days=1)) if until else begin + timedelta(days=1)
    rows = Call.objects.filter(direction="in", arrived_at__gte=begin, arrived_at__lt=end)
    counted = rows.aggregate(
        arrived=Count("pk"),
        queued=Count("pk", filter=Q(queued_at__isnull=False)),
        answered=Count("pk", filter=Q(connected_at__isnull=False)),
        in_time=Count("pk", filter=Q(connected_at__isnull=False, queued_at__isnull=False, connected_at__lte=F("queued_at") + ANSWER_WITHIN)),
    )
    return Day(day, **counted)
