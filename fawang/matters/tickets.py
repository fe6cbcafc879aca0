"""排队号 at a window: one series an office and day; older, disabled and pregnant people are called first."""

from __future__ import annotations

import uuid

from django.db import connection, transaction

from fawang.kernel import clock, events
from fawang.kernel.errors import Refusal
from fawang.kernel.policy import require
from fawang.kernel.work import tell_live
from fawang.matters.models import Intake, QueueTicket
from fawang.people.actors import Actor
from fawang.registry.models import Organisation


def issue_ticket(*, actor: Actor, office: Organisation, priority: bool = False, item: str = "") -> QueueTicket:
    """Draw the next number of the office's day. Raises ``Forbidden``."""
    require("matters.take_in", actor)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(743, %s)", [office.serial or 0])
        day = clock.today()
        last = QueueTicket.objects.filter(office=office, day=day).order_by("-number").values_list("number", flat=True).first() or 0
        row = QueueTicket.objects.create(office=office, day=day, number=last + 1, priority=priority, item=item[:60])
        _record("ticket.issued", row, priority=priority)
    return row


def call_next(*, actor: Actor, office: Organisation) -> QueueTicket | None:
    """Call the next waiting number; priority ones come first. ``None`` when nobody waits."""
    require("matters.take_in", actor)
    with transaction.atomic():
        row = (
            QueueTicket.objects.select_for_update(skip_locked=True)
            .filter(office=office, day=clock.today(), called_at=None, ended_at=None)
            .order_by("-priority", "number")
            .first()
        )
        if row is not None:
            row.called_at = clock.now()
            row.save(update_fields=["called_at"])
            _record("ticket.called", row)
    return row


def end_ticket(*, actor: Actor, ticket_id: uuid.UUID, outcome: str, intake: Intake | None = None) -> QueueTicket:
    """The visitor has been served (``served``) or did not come (``absent``). Raises ``Refusal('absent')``."""
    require("matters.take_in", actor)
    with transaction.atomic():
        row = QueueTicket.objects.select_for_update().filter(pk=ticket_id, ended_at=None).first()
        if row is None:
            raise Refusal("absent", status=404)
        row.ended_at, row.outcome, row.intake = clock.now(), outcome, intake
        row.save()
        _record("ticket.ended", row, outcome=outcome)
    return row


def waiting(office: Organisation) -> list[QueueTicket]:
    """Numbers of today that wait or are being served, in calling order."""
    return list(QueueTicket.objects.filter(office=office, day=clock.today(), ended_at=None).order_by("called_at", "-priority", "number")[:50])


def _record(kind: str, row: QueueTicket, **more: object) -> None:
    events.record(
        kind=kind, stream=row.pk, office=str(row.office_id), payload={"ticket": str(row.pk), "office": str(row.office_id), "number": row.number, **more}
    )
    tell_live([f"window:{row.office_id}"], "ticket", str(row.pk))
