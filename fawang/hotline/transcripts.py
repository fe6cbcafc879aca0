"""转写: what a machine believes it heard in a recording. Asked for by whoever may listen, beside the sound and never instead of it."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import transaction

from fawang.hotline import recordings
from fawang.hotline.engines.sound import WAV_HEADER_BYTES, wav_header
from fawang.hotline.models import Recording
from fawang.hotline.transcriber import Transcriber, TranscriptFailed
from fawang.kernel import clock, crypto, events
from fawang.kernel.errors import Absent
from fawang.kernel.policy import require
from fawang.people.actors import Actor

PURPOSE = "机器转写"
"""The purpose that is written down for the playback: the sound leaves for a machine."""
LONGEST_MS = 30 * 60 * 1000


def transcriber() -> Transcriber | None:
    """The one that is connected, if any."""
    if not settings.TRANSCRIBE_URL:
        return None
    return Transcriber(settings.TRANSCRIBE_URL, settings.TRANSCRIBE_MODEL, settings.TRANSCRIBE_KEY, settings.TRANSCRIBE_SECONDS)


def transcribe(*, actor: Actor, recording_id: uuid.UUID) -> Recording:
    """Have a recording written down and keep the words with it, sealed; they go when the sound goes. Waits for the machine outside any transaction.

    Raises what ``recordings.play`` raises, and ``TranscriptFailed``.
    """
    known = Recording.objects.select_related("call", "call__ticket").filter(pk=recording_id).first()
    if known is None:
        raise Absent
    require("hotline.listen", actor, known)
    ask = transcriber()
    if ask is None:
        raise TranscriptFailed("transcript.off")
    if known.ms > LONGEST_MS:
        raise TranscriptFailed("transcript.long")
    opened = recordings.play(actor=actor, recording_id=recording_id, purpose=PURPOSE)
    sound = b"".join(opened.sound)
    words = ask(_said(sound) if known.kind == "voicemail" else sound)
    with transaction.atomic():
        row = Recording.objects.select_for_update(of=("self",)).get(pk=recording_id)
        if row.state == "purged":
            return row
        row.transcript, row.transcribed_at = words, clock.now()
        row.save(update_fields=["transcript", "transcribed_at"])
        events.record(
            kind="hotline.recording_transcribed", stream=row.call_id,
            payload={"recording": str(row.pk), "call": str(row.call_id), "staff": str(actor.account), "digest": crypto.text_digest(words)},
        )  # fmt: skip
    return row


def _said(sound: bytes) -> bytes:
    """Of a message only the caller's own track: our prompt is none of it."""
    own = sound[WAV_HEADER_BYTES::2]
    return wav_header(len(own), 1) + own
