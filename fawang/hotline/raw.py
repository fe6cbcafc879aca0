"""Raw call events: written once, never changed. The engine's carry boot and number, ours the order they were written in."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import connection

from fawang.hotline.engines.events import Event
from fawang.hotline.models import Call, CallEvent
from fawang.hotline.together import insert
from fawang.kernel import clock

KEPT = {
    "did", "cause", "side", "code", "talk_ms", "packets_in", "packets_out", "packets_lost", "digits_id", "reason", "play_id", "ms_played",
    "bridge_id", "rec_id", "ms", "size", "gaps_ms", "silent_ms", "control_ms", "loss_in", "jitter_in_ms", "adopted", "trunk", "account", "on", "command_id",
    "up", "early_media", "sha256", "ok", "hear", "from_leg", "to_leg", "method",
}  # fmt: skip
"""Fields of engine events worth keeping that can hold nothing personal; digits and numbers are not among them."""


def moment(text: str) -> datetime:
    """The instant an engine event names."""
    return datetime.fromisoformat(text)


def keep_engine_event(event: Event, call: Call | None) -> bool:
    """Write one event of an engine; ``False`` when it was written before."""
    data = {k: getattr(event, k) for k in KEPT if hasattr(event, k) and getattr(event, k) not in ("", None)}
    import json

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO hotline_callevent (call_id, source, engine_key, boot_id, seq, kind, at, recorded_at, leg_id, data)"
            " VALUES (%s, 'engine', %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id",
            [call.pk if call else None, event.engine_id, event.boot_id, event.seq, type(event).__name__, moment(event.at), clock.now(),
             getattr(event, "leg_id", "") or "", json.dumps(data)],
        )  # fmt: skip
        return cursor.fetchone() is not None


def note(call: Call | None, kind: str, *, at: datetime | None = None, source: str = "queue", staff: uuid.UUID | None = None, **data: Any) -> None:
    """Write one event of ours."""
    insert(CallEvent(call=call, source=source, kind=kind, at=at or clock.now(), recorded_at=clock.now(), staff_id=staff, data=data))
