"""Writing to the library: who cites what, what must be reviewed, which documents stand in the index."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import date

from django.db import transaction
from django.db.models import F

from fawang.kernel import clock, events
from fawang.kernel.errors import Refusal
from fawang.kernel.policy import require
from fawang.knowledge.models import Citation, IndexDocument, IndexState, Law, ReviewFlag
from fawang.knowledge.telling import tell_owner
from fawang.people.actors import Actor


def want_index() -> None:
    """Say that the index no longer shows what is stored; the worker rebuilds it. Call inside the change's transaction."""
    if not IndexState.objects.filter(name="main").update(wanted=F("wanted") + 1, changed_at=clock.now()):
        IndexState.objects.bulk_create([IndexState(name="main", wanted=1)], ignore_conflicts=True)


def cite(
    *, kind: str, ref: str, law: Law, number: int, sub: int = 0, title: str = "", address: str = "", owner: str = "", as_of: date | None = None
) -> Citation:
    """Record that ``kind``/``ref`` cites an article; repeated calls keep one row with the last words. In the caller's transaction."""
    words = {"title": title[:200], "address": address[:300], "owner": owner, "as_of": as_of, "ended_at": None}
    row, _ = Citation.objects.update_or_create(kind=kind, ref=ref, law=law, number=number, sub=sub, defaults=words)
    return row


def uncite(*, kind: str, ref: str, but: Collection[tuple[uuid.UUID, int, int]] = ()) -> int:
    """End what ``kind``/``ref`` cites, ``but`` these (law, number, sub) that it still cites. Returns how many. In the caller's transaction.

    What was reviewed of it stays on file. Open reviews close with it: as changed where something is still cited, else as withdrawn.
    """
    rows = Citation.objects.filter(kind=kind, ref=ref, ended_at=None)
    gone = [row.pk for row in rows if (row.law_id, row.number, row.sub) not in but]
    outcome = ReviewFlag.State.CHANGED if but else ReviewFlag.State.WITHDRAWN
    for row in ReviewFlag.objects.select_for_update(of=("self",)).select_related("citation").filter(citation__in=gone, state=ReviewFlag.State.OPEN):
        _close(row, outcome, by="automatic", note="")
    return Citation.objects.filter(pk__in=gone).update(ended_at=clock.now())


def index_document(
    *, kind: str, ref: str, title: str, body: str = "", address: str = "", region_code: str = "", from_date: date | None = None, until_date: date | None = None
) -> None:
    """Put a document of another room (guide, case, site …) into the one index, or change it there. In the caller's transaction."""
    values = {"title": title[:300], "body": body, "address": address, "region_code": region_code, "from_date": from_date, "until_date": until_date}
    IndexDocument.objects.update_or_create(kind=kind, ref=ref, defaults={**values, "changed_at": clock.now()})
    want_index()


def drop_document(*, kind: str, ref: str) -> None:
    """Take a document out of the index. In the caller's transaction."""
    if IndexDocument.objects.filter(kind=kind, ref=ref).delete()[0]:
        want_index()


def flag(*, citation: Citation, reason: str, effective_on: date) -> ReviewFlag | None:
    """Mark what cites an article for review and tell its owner; the same reason on the same day marks once. In the caller's transaction."""
    row, fresh = ReviewFlag.objects.get_or_create(citation=citation, reason=reason[:300], effective_on=effective_on, defaults={"owner": citation.owner})
    if not fresh:
        return None
    events.record(
        kind="knowledge.review_flagged", stream=citation.pk,
        payload={"citation": str(citation.pk), "kind": citation.kind, "article": f"{citation.number}.{citation.sub}", "reason": reason[:200]},
    )  # fmt: skip
    tell_owner(citation.owner)
    return row


def _close(row: ReviewFlag, outcome: str, *, by: str, note: str) -> None:
    row.state, row.closed_at, row.closed_by, row.note = outcome, clock.now(), by, note[:300]
    row.save(update_fields=["state", "closed_at", "closed_by", "note"])
    events.record(
        kind="knowledge.review_done", stream=row.citation_id,
        payload={"citation": str(row.citation_id), "kind": row.citation.kind, "outcome": outcome},
    )  # fmt: skip


def close_flag(*, actor: Actor, flag_id: uuid.UUID, outcome: str, note: str = "") -> ReviewFlag:
    """Close a review: ``kept``, ``changed`` or ``withdrawn``. Closing twice with the same outcome changes nothing.

    Locks the flag. Raises ``Forbidden`` (``knowledge.review_own``) and ``Refusal`` ``question.state`` for another outcome.
    """
    with transaction.atomic():
        row = ReviewFlag.objects.select_for_update().select_related("citation").get(pk=flag_id)
        require("knowledge.review_own", actor, row)
        if row.state == outcome:
            return row
        if row.state != ReviewFlag.State.OPEN or outcome not in set(ReviewFlag.State.values) - {"open"}:
            raise Refusal("question.state", status=409)
        _close(row, outcome, by=str(actor.staff_id or "system"), note=note)
    return row
