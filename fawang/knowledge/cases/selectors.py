"""Reading cases by their facets: kind, field, cause or charge, court level, region, year, article, words."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q, QuerySet

from fawang.kernel.errors import Absent
from fawang.knowledge.models import Case

FACETS = ("kind", "field", "cause", "court_level", "region", "year")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What cases are looked for; empty: any."""

    text: str = ""
    kind: str = ""
    field: str = ""
    cause: str = ""
    court_level: str = ""
    region: str = ""
    year: str = ""


def find_cases(wanted: Wanted) -> QuerySet[Case]:
    """Published cases, the newest first."""
    rows = Case.objects.filter(state="published").order_by("-decided_on", "-created_at")
    for name in ("kind", "field", "cause", "court_level"):
        if value := getattr(wanted, name):
            rows = rows.filter(**{name: value})
    if wanted.region:
        rows = rows.filter(region_code__startswith=wanted.region.rstrip("0"))
    if wanted.year.isdigit() and len(wanted.year) == 4:
        rows = rows.filter(decided_on__year=int(wanted.year))
    for word in wanted.text.split()[:5]:
        rows = rows.filter(Q(title__contains=word) | Q(gist__contains=word) | Q(cause__contains=word) | Q(facts__contains=word))
    return rows


def facets_of(rows: QuerySet[Case]) -> dict[str, list[tuple[Any, int]]]:
    """How many of these cases stand under each value of each facet. One query a facet."""
    plain = rows.order_by()
    found = {
        name: [(r[name], r["n"]) for r in plain.values(name).annotate(n=Count("pk")).order_by("-n", name)[:20]]
        for name in ("kind", "field", "cause", "court_level")
    }
    found["year"] = [
        (r["decided_on__year"], r["n"]) for r in plain.exclude(decided_on=None).values("decided_on__year").annotate(n=Count("pk")).order_by("-decided_on__year")
    ]
    return found


def case_at(case_id: uuid.UUID) -> Case:
    """A published case. Raises ``Absent``."""
    found = Case.objects.filter(pk=case_id, state="published").first()
    if found is None:
        raise Absent
    return found


def case_to_edit(case_id: uuid.UUID) -> Case:
    """A case in any state. Raises ``Absent``."""
    found = Case.objects.filter(pk=case_id).first()
    if found is None:
        raise Absent
    return found


def waiting_cases() -> QuerySet[Case]:
    """Cases that wait for somebody to read and publish them, oldest first."""
    return Case.objects.filter(state="draft").order_by("created_at")
