"""Figures by office, service, category and day, from the working tables. Each says what it counts and out of what.

``figures_check`` recomputes every one of them from the events alone, sharing nothing with this module but the definitions.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDate

from fawang.kernel.clock import BEIJING
from fawang.kernel.texts import Text
from fawang.matters.categories import counted_as, senses
from fawang.matters.models import Clock, Matter, Message
from fawang.oversight.models import Rating


@dataclass(frozen=True, slots=True)
class Figure:
    """One published figure: what is counted, out of what (``denominator`` is another figure's code), under which version."""

    code: str
    name: Text
    definition: Text
    denominator: str = ""
    version: int = 1


FIGURES: tuple[Figure, ...] = (
    Figure("received", Text("受理", "Received"), Text("当日登记的事项件数", "Matters registered on the day")),
    Figure("answers", Text("答复", "Answers"), Text("当日给出的答复次数（含追问）", "Answers given on the day, follow-ups too")),
    Figure("limits_met", Text("办结时限", "Limits met"), Text("当日以办理结束的时限个数", "Time limits that ended by being met on the day")),
    Figure("on_time", Text("按时", "On time"), Text("其中未超期的个数", "Of these, those not overdue"), "limits_met"),
    Figure("overdue", Text("超期", "Overdue"), Text("当日到期而未办结的时限个数", "Time limits that ran out on the day")),
    Figure(
        "rated",
        Text("评价", "Rated"),
        Text("当日收到的评价（只评已答复、办结的服务）", "Ratings received on the day, of what was answered or finished"),
        "answers",
        version=2,
    ),
    Figure("satisfied", Text("满意", "Satisfied"), Text("其中基本满意及以上", "Of these, fairly satisfied or better"), "rated"),
)
Key = tuple[date, str, str, str]
"""Day (Beijing), office id, process code, category code."""


def _span(first: date, last: date) -> tuple[datetime, datetime]:
    return datetime.combine(first, time(), BEIJING), datetime.combine(last + timedelta(days=1), time(), BEIJING)


def _count(rows: QuerySet[Any], moment: str, prefix: str) -> Counter[Key]:
    named = rows.annotate(day=TruncDate(moment, tzinfo=BEIJING)).values_list("day", f"{prefix}office_id", f"{prefix}process_code", f"{prefix}category_code")
    return Counter({(d, str(o), p, c): n for d, o, p, c, n in named.annotate(n=Count("pk"))})


def _rows(code: str, a: datetime, b: datetime) -> tuple[QuerySet[Any], str]:
    """What a figure counts between two instants, and the way from a row to its matter."""
    met = Clock.objects.filter(state="met", ended_at__gte=a, ended_at__lt=b)
    rated = Rating.objects.filter(rated_at__gte=a, rated_at__lt=b)
    table: dict[str, tuple[QuerySet[Any], str]] = {
        "received": (Matter.objects.filter(opened_at__gte=a, opened_at__lt=b), "pk"),
        "answers": (Message.objects.filter(kind="answer", created_at__gte=a, created_at__lt=b), "matter_id"),
        "limits_met": (met, "matter_id"),
        "on_time": (met.filter(on_time=True), "matter_id"),
        "overdue": (Clock.objects.filter(light="overdue", statutory_due_at__gte=a, statutory_due_at__lt=b), "matter_id"),
        "rated": (rated, "matter_id"),
        "satisfied": (rated.filter(level__gte=3), "matter_id"),
    }
    return table[code]


_MOMENTS = {
    "received": "opened_at",
    "answers": "created_at",
    "limits_met": "ended_at",
    "on_time": "ended_at",
    "overdue": "statutory_due_at",
    "rated": "rated_at",
    "satisfied": "rated_at",
}


def compute(first: date, last: date) -> dict[str, Counter[Key]]:
    """All figures of the days from ``first`` to ``last``, both included."""
    a, b = _span(first, last)
    counted = {}
    for figure in FIGURES:
        rows, matter = _rows(figure.code, a, b)
        counted[figure.code] = _count(rows, _MOMENTS[figure.code], "" if matter == "pk" else "matter__")
    return counted


CATEGORY = 3


def by(figures: dict[str, Counter[Key]], part: int, offices: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """Rows grouped by one part of the key (0 day, 1 office, 2 process, 3 category), within some offices.

    A category of a former edition is counted as what it became, so that the row goes on through the years.
    """
    wanted = set(offices) if offices is not None else None
    now = counted_as() if part == CATEGORY else {}
    groups: dict[Any, dict[str, int]] = {}
    for code, counter in figures.items():
        for key, n in counter.items():
            if wanted is None or key[1] in wanted:
                groups.setdefault(now.get(str(key[part]), key[part]), dict.fromkeys(figures, 0))[code] += n
    return [{"key": key, **groups[key]} for key in sorted(groups, key=str)]


def matters_behind(code: str, first: date, last: date, *, offices: Iterable[str], process: str = "", category: str | None = None) -> dict[uuid.UUID, int]:
    """The matters a figure of a span counts, the newest first, with how often it counts each; the drill-down of the page.

    The numbers add up to the figure. ``category``: as :func:`by` groups it, ``""`` for matters that have none; ``None`` for all.
    """
    rows, matter = _rows(code, *_span(first, last))
    prefix = "" if matter == "pk" else "matter__"
    rows = rows.filter(**{f"{prefix}office_id__in": list(offices)})
    if process:
        rows = rows.filter(**{f"{prefix}process_code": process})
    if category is not None:
        rows = rows.filter(**{f"{prefix}category_code__in": senses(category)})
    counted = rows.values(matter, f"{prefix}opened_at").annotate(n=Count("pk")).order_by(f"-{prefix}opened_at", matter)
    return {row[matter]: row["n"] for row in counted}
