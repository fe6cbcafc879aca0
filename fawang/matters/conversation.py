"""Messages both ways and internal notes. The text is sealed; its digest stands in the event."""

from __future__ import annotations

import uuid

from django.db import transaction

from fawang.kernel import clock, crypto, events
from fawang.kernel.models import Event
from fawang.kernel.policy import require
from fawang.kernel.work import tell_live
from fawang.matters.models import Matter, MatterParty, Message
from fawang.people.actors import Actor


def add_message(
    *, matter: Matter, actor: Actor, kind: str, body: str, audience: str = "public", party: MatterParty | None = None, after: Event | None = None
) -> Message:
    """Write one message. Call inside a transaction with rights already decided; steps' effects use this.

    ``after``: the matter's last event, where this transaction has opened it.
    """
    message = Message(
        matter=matter,
        kind=kind,
        audience=audience,
        author_kind="system" if actor.kind == "system" else ("staff" if actor.kind == "staff" else "citizen"),
        author_staff_id=actor.staff_id,
        author_party=party,
        body=body,
        created_at=clock.now(),
    )
    digest = crypto.text_digest(body)
    if audience == "internal":
        events.record(message, kind="matter.note_added", stream=matter.pk, payload={"message": str(message.pk), "digest": digest}, after=after)
    else:
        events.record(
            message,
            kind="matter.message_added",
            stream=matter.pk,
            payload={"message": str(message.pk), "kind": kind, "author": message.author_kind, "digest": digest},
            after=after,
        )
    tell_live([f"matter:{matter.pk}", *([f"staff:{matter.assignee_id}"] if matter.assignee_id else [])], "message", str(matter.pk))
    return message


def write_message(*, actor: Actor, matter_id: uuid.UUID, body: str) -> Message:
    """A message outside any step (more facts, a question back). Raises ``Absent``/``Forbidden``/``Refusal``."""
    from fawang.matters.services import lock, situation_of

    with transaction.atomic():
        matter = lock(matter_id)
        require("matters.converse", actor, matter)
        return add_message(matter=matter, actor=actor, kind="message", body=body, party=situation_of(actor, matter).party)


def write_note(*, actor: Actor, matter_id: uuid.UUID, body: str) -> Message:
    """An internal note: never shown outside."""
    from fawang.matters.services import lock

    with transaction.atomic():
        matter = lock(matter_id)
        require("matters.read_internal", actor, matter)
        return add_message(matter=matter, actor=actor, kind="note", body=body, audience="internal")
