"""衔接联动 as rows: what was passed on, and what came of it."""

from __future__ import annotations

from fawang.hotline.machine.turn import Turn
from fawang.hotline.models import CallLeg, TransferRecord
from fawang.kernel import events
from fawang.people.models import Staff


def begin(here: Turn, *, mode: str, target_kind: str, by: Staff | None, reason: str, leg_id: str = "", partner: str = "", queue: str = "", staff: Staff | None = None) -> TransferRecord:  # fmt: skip
    """Write that a transfer was begun."""
    return TransferRecord.objects.create(
        call=here.call,
        mode=mode,
        target_kind=target_kind,
        partner=partner,
        queue_code=queue,
        staff=staff,
        by=by,
        reason=reason,
        leg_id=leg_id,
        sent_at=here.now,
    )


def accepted(here: Turn, leg: CallLeg) -> None:
    """The other side took it."""
    for row in TransferRecord.objects.filter(call=here.call, leg_id=leg.leg_id, result="open"):
        row.result, row.accepted_at = "accepted", here.at
        row.save()
        tell(here, row)


def ended(here: Turn, leg: CallLeg, *, answered: bool, cause: str) -> None:
    """The other side's line is over, answered or not."""
    for row in TransferRecord.objects.filter(call=here.call, leg_id=leg.leg_id, ended_at=None):
        row.ended_at = here.at
        if not answered:
            row.result, row.returned_reason = "failed", cause[:40]
        row.save()
        tell(here, row)


def tell(here: Turn, row: TransferRecord) -> None:
    """Record a transfer's present result."""
    target = row.partner or row.queue_code or str(row.staff_id or "")
    events.record(
        kind="hotline.call_transferred", stream=here.call.pk, occurred_at=here.at,
        payload={"call": str(here.call.pk), "transfer": str(row.pk), "mode": row.mode, "target": target, "result": row.result, "staff": str(row.by_id or "")},
    )  # fmt: skip
