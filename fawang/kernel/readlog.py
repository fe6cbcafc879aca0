"""Writing down that somebody read a personal file."""

from __future__ import annotations

import uuid

from fawang.kernel import context
from fawang.kernel.models import ReadLog


def note_read(*, subject_kind: str, subject_id: uuid.UUID, what: str = "", purpose: str = "") -> None:
    """Log a read by the ambient actor with its purpose. Fails closed: the caller shows nothing if this raises."""
    ambient = context.current()
    ReadLog.objects.create(
        actor_kind=ambient.actor.kind,
        actor_id=ambient.actor.id,
        office_id=ambient.actor.office,
        subject_kind=subject_kind,
        subject_id=subject_id,
        purpose=(purpose or ambient.purpose or "handling")[:200],
        door=ambient.door,
        request_id=ambient.request_id,
        what=what[:200],
    )
