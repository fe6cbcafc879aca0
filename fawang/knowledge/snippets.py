"""Keeping 常用语: written by one, read by another, offered while an answer is written, retired with a reason."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.db.models import F

from fawang.kernel import clock, events
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import require
from fawang.kernel.text_safety import BadText, check_text
from fawang.knowledge.guides.norms import places_of, read_norms
from fawang.knowledge.masking import still_personal
from fawang.knowledge.models import Snippet
from fawang.knowledge.search.tokens import fold, pairs
from fawang.knowledge.services import cite, uncite
from fawang.people.actors import Actor

LONGEST = 2000


def snippets_like(text: str, limit: int = 4) -> list[Snippet]:
    """Reviewed passages that share words with a text, the likest first; the most used when there is no text."""
    rows = list(Snippet.objects.filter(state="reviewed").order_by("-used", "title")[:500])
    wanted = set(pairs(fold(text[:2000])))
    if not wanted:
        return rows[:limit]
    scored = [(len(wanted & set(pairs(fold(f"{row.title} {row.text}")))), row) for row in rows]
    return [row for score, row in sorted(scored, key=lambda s: -s[0]) if score >= 2][:limit]


def write_snippet(*, actor: Actor, title: str, text: str, norms: str = "", snippet_id: uuid.UUID | None = None) -> Snippet:
    """Write a passage, or change a draft (its author is then who changed it). Locks the draft. Needs ``knowledge.propose``.

    Raises ``Refusal`` naming the field; ``question.state`` for one that is no draft, ``Absent``.
    """
    require("knowledge.propose", actor)
    wrong: dict[str, Refusal] = {}
    for field, words, most, line in (("title", title, 80, True), ("text", text, LONGEST, False)):
        if not words.strip():
            wrong[field] = Refusal("field.required", field=field)
            continue
        try:
            check_text(words, max_length=most, single_line=line)
        except BadText as bad:
            wrong[field] = Refusal(bad.code, field=field, **bad.params)
        if left := still_personal(words):
            wrong.setdefault(field, Refusal("question.personal", field=field, found="、".join(left)))
    if wrong:
        raise Refusal("form.invalid", fields=wrong)
    named = read_norms(norms)
    with transaction.atomic():
        row = _locked(snippet_id) if snippet_id else Snippet()
        if row.state != Snippet.State.DRAFT:
            raise Refusal("question.state", status=409)
        row.title, row.text, row.norms, row.written_by = title.strip(), text.strip(), named, str(actor.staff_id or "system")
        row.save()
        events.record(kind="knowledge.snippet_written", stream=row.pk, payload={"snippet": str(row.pk)})
    return row


def review_snippet(*, actor: Actor, snippet_id: uuid.UUID) -> Snippet:
    """Somebody else has read the passage and stands for it; its articles are watched. Locks it. Needs ``knowledge.manage``.

    Raises ``Refusal`` ``guide.own``, ``question.state``, ``guide.norms`` when an article is no law today.
    """
    require("knowledge.manage", actor)
    with transaction.atomic():
        row = _locked(snippet_id)
        if row.state == Snippet.State.REVIEWED:
            return row
        if row.state != Snippet.State.DRAFT:
            raise Refusal("question.state", status=409)
        if row.written_by == str(actor.staff_id or "system"):
            raise Refusal("guide.own", status=409)
        read_norms("\n".join(row.norms))
        row.state, row.reviewed_by, row.reviewed_at = Snippet.State.REVIEWED, str(actor.staff_id or "system"), clock.now()
        row.save(update_fields=["state", "reviewed_by", "reviewed_at"])
        for law, number, sub in places_of(row.norms):
            cite(kind="snippet", ref=str(row.pk), law=law, number=number, sub=sub, title=row.title, address="/desk/library/snippets", owner=row.written_by)
        events.record(kind="knowledge.snippet_reviewed", stream=row.pk, payload={"snippet": str(row.pk)})
    return row


def retire_snippet(*, actor: Actor, snippet_id: uuid.UUID, reason: str) -> Snippet:
    """Offer the passage no longer. Twice changes nothing. Locks it. Needs ``knowledge.retire`` and a reason."""
    with transaction.atomic():
        row = _locked(snippet_id)
        require("knowledge.retire", actor, row.written_by)
        if not reason.strip():
            raise Refusal("form.invalid", fields={"reason": Refusal("field.required", field="reason")})
        if row.state != Snippet.State.RETIRED:
            row.state = Snippet.State.RETIRED
            row.save(update_fields=["state"])
            uncite(kind="snippet", ref=str(row.pk))
            events.record(kind="knowledge.snippet_retired", stream=row.pk, payload={"snippet": str(row.pk), "reason": reason[:200]})
    return row


def count_used(ids: list[str]) -> None:
    """Answers took these passages."""
    keys = []
    for text in ids[:20]:
        try:
            keys.append(uuid.UUID(text))
        except ValueError:
            continue
    Snippet.objects.filter(pk__in=keys).update(used=F("used") + 1)


def _locked(snippet_id: uuid.UUID) -> Snippet:
    row = Snippet.objects.select_for_update().filter(pk=snippet_id).first()
    if row is None:
        raise Absent
    return row
