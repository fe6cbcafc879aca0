"""录音: from the engine's file to a sealed one, kept so long, played with a purpose, held, purged."""

from __future__ import annotations

import base64
import hashlib
import secrets
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import transaction

from fawang.hotline import sealing
from fawang.hotline.engines.sound import RATE, WAV_HEADER_BYTES
from fawang.hotline.machine.turn import document_of
from fawang.hotline.models import Call, EngineCommand, Recording, RecordingPlayback
from fawang.kernel import clock, crypto, events
from fawang.kernel.context import current
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import decide, require
from fawang.kernel.readlog import note_read
from fawang.kernel.text_safety import check_text
from fawang.kernel.work import tell_live, wake
from fawang.people.actors import Actor

KEPT_BY_DEFAULT = 365


def folder() -> Path:
    """Where sealed recordings lie."""
    path = Path(settings.FILES_DIR) / "recordings"
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def path_of(recording: Recording) -> Path:
    """Where one recording's sealed file lies."""
    assert recording.blob is not None
    return folder() / recording.blob[:2] / recording.blob


def started(call: Call, rec_id: str, path: str, at: datetime) -> bool:
    """The engine told where it writes; what has no row yet gets it now: the call's own recording, begun at the end of its notice.

    ``False``: nobody ordered it (the engine took a message while no controller was there).
    """
    if Recording.objects.filter(rec_id=rec_id).update(source_path=path):
        return True
    ordered = bool(call.notes.get("rec") == rec_id)
    Recording.objects.create(call=call, rec_id=rec_id, kind="call" if ordered else "voicemail", started_at=at, source_path=path)
    return ordered


def finished(rec_id: str, *, path: str, ms: int, sha256: str, gaps_ms: int, reason: str) -> None:
    """The engine's file is whole (or lost): it waits to be sealed. A row given up too early is taken back when its file is there after all."""
    state = "waiting"
    if reason == "failed" and not sha256:  # no digest: what was written until then is kept, if anything was
        ms, gaps_ms = _length_of(path), max(gaps_ms, 1)
        state = "waiting" if ms else "failed"
    Recording.objects.filter(rec_id=rec_id, state__in=("running", "waiting", *(("failed",) if sha256 else ()))).update(
        source_path=path, source_digest=sha256, ms=ms, gaps_ms=gaps_ms, state=state
    )
    wake()


def _length_of(path: str) -> int:
    """Milliseconds of sound in an engine's file; 0 = there is none."""
    try:
        return max(0, (Path(path).stat().st_size - WAV_HEADER_BYTES) * 1000 // (2 * RATE))
    except OSError:
        return 0


def seal_waiting(batch: int = 20) -> int:
    """Seal what waits: new file, digest into the chain of events, then the plain file is scrubbed. Each in its own transaction."""
    done = 0
    for pk in list(Recording.objects.filter(state="waiting").order_by("started_at").values_list("pk", flat=True)[:batch]):
        done += _seal(pk)
    return done + _scrub_leftovers()


def _seal(pk: uuid.UUID) -> int:
    with transaction.atomic():
        row = Recording.objects.select_for_update(skip_locked=True, of=("self",)).select_related("call").filter(pk=pk, state="waiting").first()
        if row is None:
            return 0
        source = Path(row.source_path)
        if not source.is_file():
            row.attempts += 1
            row.state = "failed" if row.attempts >= 20 else "waiting"
            row.save(update_fields=["attempts", "state"])
            return 0
        row.blob = row.blob or secrets.token_hex(20)
        suite = settings.CIPHER_SUITE
        key = sealing.new_key(suite)
        target = path_of(row)
        target.parent.mkdir(exist_ok=True, mode=0o700)
        with source.open("rb") as plain:
            whole = not row.source_digest or hashlib.file_digest(plain, "sha256").hexdigest() == row.source_digest
        row.size = sealing.seal_file(source, target, key=key, suite=suite, name=row.blob)
        row.key = base64.b64encode(key).decode()
        row.digest = crypto.digest(target.read_bytes()).hex()
        row.state = "stored" if whole and row.gaps_ms == 0 else "partial"
        row.stored_at = clock.now()
        days = document_of(row.call).keep_recordings_days if row.call.config_id else KEPT_BY_DEFAULT
        row.keep_until = row.stored_at + timedelta(days=days)
        row.save()
        events.record(
            kind="hotline.recording_stored", stream=row.call_id,
            payload={
                "recording": str(row.pk), "call": str(row.call_id), "digest": row.digest, "size": row.size, "ms": row.ms, "gaps_ms": row.gaps_ms,
                "partial": row.state == "partial", "suite": suite,
            },
        )  # fmt: skip
    sealing.scrub(source)  # only once the sealed file and its row are kept
    Recording.objects.filter(pk=pk).update(source_path="")
    return 1


def _scrub_leftovers() -> int:
    """Plain files of recordings that were sealed just before a crash."""
    done = 0
    for row in Recording.objects.filter(state__in=("stored", "partial")).exclude(source_path="")[:20]:
        sealing.scrub(Path(row.source_path))
        Recording.objects.filter(pk=row.pk).update(source_path="")
        done += 1
    return done


@dataclass(frozen=True, slots=True)
class Playback:
    """A recording opened for somebody: its sound as a WAV file, block by block, and the watermark of a copy."""

    row: RecordingPlayback
    recording: Recording
    sound: Iterator[bytes]
    length: int
    """Bytes of ``sound``."""


def play(*, actor: Actor, recording_id: uuid.UUID, purpose: str, export: bool = False) -> Playback:
    """Open a recording for listening or (``export``) for a watermarked copy. The purpose is written down before a byte is read.

    Raises ``Absent``, ``Forbidden``, ``Refusal`` ``hotline.purpose``, ``hotline.recording_gone``, ``hotline.recording_damaged`` (an alarm is
    raised then). The whole file is checked before anything is given out.
    """
    row = Recording.objects.select_related("call", "call__ticket").filter(pk=recording_id).first()
    if row is None:
        raise Absent
    require("hotline.export" if export else "hotline.listen", actor, row)
    check_text(purpose, max_length=200, single_line=True)
    if len(purpose.strip()) < 2:
        raise Refusal("form.invalid", fields={"purpose": Refusal("hotline.purpose", field="purpose")})
    if row.state not in ("stored", "partial") or row.blob is None:
        raise Refusal("hotline.recording_gone", status=409)
    with transaction.atomic():
        note_read(subject_kind="recording", subject_id=row.pk, what="export" if export else "play", purpose=purpose)
        mark = watermark_of(actor, row) if export else ""
        playback = RecordingPlayback.objects.create(recording=row, staff_id=actor.account, purpose=purpose, exported=export, watermark=mark, at=clock.now())
        events.record(
            kind="hotline.recording_played", stream=row.call_id,
            payload={
                "playback": str(playback.pk), "recording": str(row.pk), "call": str(row.call_id), "staff": str(actor.account), "exported": export, "watermark": mark,
                "purpose_digest": crypto.text_digest(purpose),
            },
        )  # fmt: skip
    _check(row)
    return Playback(playback, row, _sound(row, mark), sealing.length_of(path_of(row)) + (len(_chunk(mark)) if mark else 0))


def watermark_of(actor: Actor, row: Recording) -> str:
    """What ties a copy to who took it: readable to us, meaning nothing to others."""
    return crypto.text_digest(f"{actor.account}:{row.pk}:{clock.now().isoformat()}:{current().request_id}")[:24]


def _check(row: Recording) -> None:
    """Every byte is what was sealed, else an alarm and no sound. Raises ``Refusal('hotline.recording_damaged')``."""
    path = path_of(row)
    try:
        if crypto.digest(path.read_bytes()).hex() != row.digest:
            raise sealing.Damaged(path.name)
        for _ in sealing.open_file(path, key=base64.b64decode(row.key), name=row.blob or ""):
            pass
    except (sealing.Damaged, OSError):
        with transaction.atomic():
            Recording.objects.filter(pk=row.pk).update(damaged=True)
            events.record(kind="hotline.recording_damaged", stream=row.call_id, payload={"recording": str(row.pk), "call": str(row.call_id)})
            tell_live(["hotline"], "alarm", str(row.pk))
        raise Refusal("hotline.recording_damaged", status=409) from None


def _sound(row: Recording, mark: str) -> Iterator[bytes]:
    yield from sealing.open_file(path_of(row), key=base64.b64decode(row.key), name=row.blob or "")
    if mark:
        yield _chunk(mark)


def _chunk(mark: str) -> bytes:
    """A chunk of its own at the end of the RIFF file: players pass over it."""
    body = mark.encode()
    return b"fwmk" + len(body).to_bytes(4, "little") + body


def part(sound: Iterator[bytes], first: int, last: int) -> Iterator[bytes]:
    """The bytes from ``first`` to ``last``, both included."""
    at = 0
    for block in sound:
        piece = block[max(0, first - at) : max(0, last + 1 - at)]
        at += len(block)
        if piece:
            yield piece
        if at > last:
            return


def hold(*, actor: Actor, recording_id: uuid.UUID, on: bool, reason: str) -> Recording:
    """Keep a recording beyond its time (dispute, complaint, court), or let it go again."""
    require("hotline.hold_recording", actor, None)
    with transaction.atomic():
        row = Recording.objects.select_for_update(of=("self",)).filter(pk=recording_id).first()
        if row is None:
            raise Absent
        row.legal_hold, row.hold_reason = on, reason[:200]
        row.save(update_fields=["legal_hold", "hold_reason"])
        events.record(
            kind="hotline.recording_held", stream=row.call_id,
            payload={"recording": str(row.pk), "on": on, "reason_digest": crypto.text_digest(reason)},
        )  # fmt: skip
    return row


def purge_due(batch: int = 50) -> int:
    """Destroy recordings whose time is over and that nothing holds: the key first, then the file; the row and its digest stay."""
    done = 0
    due = Recording.objects.filter(state__in=("stored", "partial"), keep_until__lte=clock.now(), legal_hold=False)
    for pk in list(due.order_by("keep_until").values_list("pk", flat=True)[:batch]):
        with transaction.atomic():
            row = Recording.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk, legal_hold=False).first()
            if row is None:
                continue
            path = path_of(row)
            row.key, row.transcript, row.state, row.purged_at = "", "", "purged", clock.now()
            row.save()
            events.record(kind="hotline.recording_purged", stream=row.call_id, payload={"recording": str(row.pk), "digest": row.digest})
        sealing.scrub(path)
        done += 1
    return done


def may_listen(actor: Actor, recording: Recording) -> bool:
    """Whether the desk shows a play button."""
    return bool(decide("hotline.listen", actor, recording)) and recording.state in ("stored", "partial")


def orphans(engine_id: str, known: set[str], at: datetime) -> int:
    """After a break: recordings we believe to run and the engine does not know (``known``: running or being closed at the moment ``at`` of its
    snapshot). Their files are kept as they are (``partial``). What began after the snapshot or is still to be ordered is let be.
    """
    done = 0
    asked = EngineCommand.objects.filter(engine_id=engine_id, state="pending", kind="RecordStart").values_list("call_id", flat=True)
    rows = Recording.objects.filter(call__engine_id=engine_id, state="running", started_at__lt=at).exclude(rec_id__in=known).exclude(call_id__in=list(asked))
    for row in rows.select_related("call"):
        if row.source_path and Path(row.source_path).is_file():
            row.state, row.gaps_ms, row.ms = "waiting", max(row.gaps_ms, 1), _length_of(row.source_path)
        elif row.call.state == "ended":
            row.state = "failed"
        row.save()
        done += 1
    return done
