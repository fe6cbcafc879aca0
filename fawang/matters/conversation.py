"""Messages both ways and internal notes. The text is sealed; its digest stands in the event."""

from __future__ import annotations

import uuid

from django.db import transaction

from fawang.kernel import clock, crypto, events, rows
from fawang.kernel.errors import Refusal
from fawang.kernel.models import Event
from fawang.kernel.policy import require
from fawang.kernel.work import tell_live
from fawang.matters.models import Matter, MatterParty, Message
from fawang.people.actors import Actor


def add_message(*, matter: Matter, actor: Actor, kind: str, body: str, audience: str = "public", party: MatterParty | None = None) -> Message:
    """Write one message. Call inside a transaction with rights already decided; steps' effects use this."""
    message, event = compose_message(matter=matter, actor=actor, kind=kind, body=body, audience=audience, party=party)
    rows.insert(message, event)
    tell_live([f"matter:{matter.pk}", *([f"staff:{matter.assignee_id}"] if matter.assignee_id else [])], "message", str(matter.pk))
    return message


def compose_message(
    *, matter: Matter, actor: Actor, kind: str, body: str, audience: str = "public", party: MatterParty | None = None, after: Event | None = None
) -> tuple[Message, Event]:
    """A message and the event that tells of it, for the caller to write together."""
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
    told = {"message": str(message.pk), "digest": crypto.text_digest(body)}
    if audience == "internal":
        return message, events.compose(kind="matter.note_added", stream=matter.pk, payload=told, after=after)
    return message, events.compose(kind="matter.message_added", stream=matter.pk, payload={**told, "kind": kind, "author": message.author_kind}, after=after)


def takes_words(matter: Matter) -> bool:
    """Whether messages and files are taken still: while the matter is open. Nobody would read or answer what comes after; that is a reopening."""
    return matter.is_open


def require_words_taken(matter: Matter) -> None:
    """Raises ``Refusal('matter.silent', 409)`` for a matter that takes none any more. Call with the matter locked."""
    if not takes_words(matter):
        raise Refusal("matter.silent", status=409)


def write_message(*, actor: Actor, matter_id: uuid.UUID, body: str) -> Message:
    """A message outside any step (more facts, a question back). Raises ``Absent``/``Forbidden``/``Refusal`` (``matter.silent``)."""
    from fawang.matters.services import lock, situation_of

    with transaction.atomic():
        matter = lock(matter_id)
        require("matters.converse", actor, matter)
        require_words_taken(matter)
        return add_message(matter=matter, actor=actor, kind="message", body=body, party=situation_of(actor, matter).party)


def write_note(*, actor: Actor, matter_id: uuid.UUID, body: str) -> Message:
    """An internal note: never shown outside."""
    from fawang.matters.services import lock

    with transaction.atomic():
        matter = lock(matter_id)
        require("matters.read_internal", actor, matter)
        return add_message(matter=matter, actor=actor, kind="note", body=body, audience="internal")
