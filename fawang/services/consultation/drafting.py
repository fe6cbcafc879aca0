"""Asking for a draft of an answer: with the handler's own rights only, masked, written down, and never sent by itself."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from datetime import date, timedelta

from django.conf import settings
from django.db import transaction

from fawang.kernel import crypto, events, throttle
from fawang.kernel.errors import Absent
from fawang.kernel.policy import require
from fawang.knowledge.drafting.asking import Source, ask_for
from fawang.knowledge.drafting.chat import Chat
from fawang.knowledge.drafting.checking import Draft, checked
from fawang.knowledge.drafting.port import Drafter, DraftFailed
from fawang.knowledge.numerals import label_of
from fawang.knowledge.search.asking import Query, ask
from fawang.matters.models import Matter
from fawang.matters.services import possible_steps
from fawang.people.actors import Actor
from fawang.services.consultation.citations import Cited
from fawang.services.consultation.similar import names_in
from fawang.services.consultation.verifying import law_day, verify

AN_HOUR = 30
"""Drafts one lawyer may ask for in an hour."""


def drafter() -> Drafter | None:
    """The model this deployment has chosen; ``None``: off."""
    if not settings.DRAFT_URL:
        return None
    return Chat(settings.DRAFT_URL, settings.DRAFT_MODEL, settings.DRAFT_KEY, settings.DRAFT_SECONDS)


def draft_answer(*, actor: Actor, matter_id: uuid.UUID, day: date | None = None, cited: Iterable[Cited] = ()) -> Draft:
    """A draft for the handler, who may answer now: from the person's own public words, masked, and articles in force on the day.

    No transaction is open while the model is asked. What was asked and what became of it is recorded by digests, never the words.
    Raises ``Absent``, ``Forbidden``, ``Refusal`` ``too_many``, ``DraftFailed``.
    """
    matter = Matter.objects.filter(pk=matter_id).first()
    if matter is None:
        raise Absent
    require("matters.assignee", actor, matter)
    if not any(step.verb == "answer" and stop is None for step, stop in possible_steps(actor, matter)):
        raise Absent
    model = drafter()
    if model is None:
        raise DraftFailed("draft.off")
    throttle.spend(f"draft:{actor.account}", limit=AN_HOUR, window=timedelta(hours=1))
    on = law_day(matter, day)
    said = [m.body for m in matter.messages.filter(audience="public", author_kind="citizen").order_by("created_at")]
    request = ask_for(matter.title, [text for text in said if text != matter.title], sources(matter.title, on, cited), on, names_in(matter))
    outcome = "failed"
    result: Draft | None = None
    try:
        result = checked(model(request), on)
        outcome = "drafted"
    finally:
        with transaction.atomic():
            events.record(
                kind="consultation.draft_asked", stream=matter.pk,
                payload={
                    "asked_digest": crypto.text_digest(json.dumps([request.rules, request.facts], ensure_ascii=False)), "model": settings.DRAFT_MODEL, "outcome": outcome,
                    "citations": len(result.citations) if result else 0, "struck": result.struck if result else 0,
                },
            )  # fmt: skip
    return result


def sources(text: str, day: date, cited: Iterable[Cited] = ()) -> list[Source]:
    """Articles a draft may rest on: what the lawyer has listed already, then what the library finds for the question."""
    found: dict[str, Source] = {}
    for item in cited:
        verified = verify(item, day)
        if verified.state == "in_force":
            found[verified.name] = Source(verified.name, verified.text)
    for hit in ask(Query(text, kind="article", day=day, limit=6, explain=False)).hits:
        name = f"《{hit.short}》{label_of(hit.number, hit.sub)}"
        found.setdefault(name, Source(name, hit.text))
    return list(found.values())
