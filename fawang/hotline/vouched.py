"""What the record vouches for in this room: stored recordings and who listened to them."""

from __future__ import annotations

from typing import Any

from fawang.hotline.models import Recording, RecordingPlayback
from fawang.kernel import crypto
from fawang.kernel.models import Event
from fawang.kernel.vouching import Vouched, vouch

_KEPT = ("stored", "partial")


def _recording(row: Recording, _: Event) -> dict[str, Any]:
    said: dict[str, Any] = {"call": str(row.call_id), "digest": row.digest, "size": row.size, "ms": row.ms, "gaps_ms": row.gaps_ms}
    return {**said, "partial": row.state == "partial"} if row.state in _KEPT else said


def _playback(row: RecordingPlayback, event: Event) -> dict[str, Any]:
    return {
        "recording": str(row.recording_id), "staff": str(row.staff_id), "exported": row.exported, "watermark": row.watermark,
        "purpose_digest": crypto.text_digest(row.purpose, event.suite),
    }  # fmt: skip


vouch(Vouched(("hotline.recording_stored",), "recording", Recording, _recording, {"state__in": _KEPT}))
vouch(Vouched(("hotline.recording_played",), "playback", RecordingPlayback, _playback))
