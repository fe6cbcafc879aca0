"""Earlier answered consultations like one that is being answered: only what the reader may read anyway, and masked."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import QuerySet

from fawang.kernel.policy import decide
from fawang.knowledge.masking import masked
from fawang.knowledge.search.tokens import fold, pairs
from fawang.matters.models import Matter
from fawang.matters.policies import visible_to
from fawang.people.actors import Actor

ANSWERED = ("answered", "closed", "follow_up")
LOOKED_AT = 300
LEAST = 0.12
"""Less than this share of common character pairs is chance."""


@dataclass(frozen=True, slots=True)
class Similar:
    """One earlier consultation with personal data hidden: question, last answer, what it cites."""

    matter: Matter
    question: str
    answer: str
    citations: tuple[str, ...]


def similar_answered(actor: Actor, matter: Matter, limit: int = 3) -> list[Similar]:
    """The likest of the latest 300 answered consultations the actor may read, the same field first. Reads titles sealed at rest."""
    wanted = set(pairs(fold(matter.title[:2000])))
    rows = visible_to(actor).filter(process_code="consultation", state__in=ANSWERED, citations__isnull=False).exclude(pk=matter.pk).distinct()
    scored = sorted(((_share(wanted, row), row) for row in _newest(rows, matter.category_code)), key=lambda s: -s[0])
    found: list[Similar] = []
    for score, row in scored:
        if score < LEAST or len(found) == limit:
            break
        if decide("matters.read", actor, row):
            found.append(_shown(row))
    return found


def names_in(matter: Matter) -> list[str]:
    """Names of everybody who is or was in a matter, to be hidden wherever they stand."""
    return [p.name for p in matter.parties.all() if p.name]


def _newest(rows: QuerySet[Matter], category: str) -> list[Matter]:
    field = category.partition(".")[0]
    near = list(rows.filter(category_code__startswith=field).order_by("-opened_at")[:LOOKED_AT]) if field else []
    return near or list(rows.order_by("-opened_at")[:LOOKED_AT])


def _share(wanted: set[str], row: Matter) -> float:
    other = set(pairs(fold(row.title[:2000])))
    return 2 * len(wanted & other) / (len(wanted) + len(other)) if wanted and other else 0.0


def _shown(row: Matter) -> Similar:
    names = names_in(row)
    said = row.messages.filter(kind="answer", audience="public").order_by("-created_at").first()
    citations = tuple(dict.fromkeys(str(c) for c in row.citations.all()))  # type: ignore[attr-defined]
    return Similar(row, masked(row.title, names)[0], masked(said.body, names)[0] if said else "", citations)
