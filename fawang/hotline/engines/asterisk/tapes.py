"""Recordings: MixMonitor, started in the dialplan before the application, writes both sides of a leg as raw 16-bit stereo; here the asked-for part
of it becomes a two-track A-law WAV of the port.

Asterisk writes through a buffer of 32 KiB, about a second of two tracks. So file and clock are matched by pairs of (written so far, when), and a stop
in the middle of a leg waits until what it needs is on the disk. The raw file goes as soon as nothing of it is wanted any more.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from fawang.hotline.engines import reports
from fawang.hotline.engines.core import Core
from fawang.hotline.engines.model import Recording
from fawang.hotline.engines.sound import LINEAR_ALAW, RATE, SILENCE, wav_header
from fawang.kernel import clock

log = logging.getLogger(__name__)
SAMPLE = 4
"""Bytes of one moment: two tracks of 16 bits."""
BUFFER_S, STEP_S = 1.3, 0.1
OPEN = -1.0


class Tapes:
    """Recordings of one adapter. What is wanted of a raw file is kept in the spool: the next process goes on with it."""

    def __init__(self, core: Core, raw: Path, folder: Path) -> None:
        self.core, self.raw, self.folder = core, raw, folder
        self._tapes: dict[str, dict[str, Any]] = dict(core.spool.all("tape"))
        self._tasks: set[asyncio.Task[None]] = set()

    def raw_of(self, leg_id: str) -> Path:
        """The file MixMonitor writes for a leg."""
        return self.raw / f"{leg_id}.raw"

    def begin(self, recording: Recording) -> str:
        """From now on what the leg says and hears is wanted; returns where it will be."""
        tape = {"leg": recording.leg_id, "from": _now(), "to": OPEN, "pauses": [], "marks": []}
        self._keep(recording.rec_id, tape)
        return str(self.folder / f"{recording.rec_id}.wav")

    def pause(self, recording: Recording) -> None:
        """Silence from now on, or sound again."""
        if tape := self._tapes.get(recording.rec_id):
            if recording.paused:
                tape["pauses"].append([_now(), OPEN])
            elif tape["pauses"]:
                tape["pauses"][-1][1] = _now()
            self._mark(tape)
            self._keep(recording.rec_id, tape)

    def end(self, recording: Recording) -> None:
        """The part ends now; the file follows."""
        tape = self._tapes.get(recording.rec_id)
        if tape is None:
            self.core.timers.after(0, lambda: self._over(recording.rec_id, {"failed": True}))
            return
        tape["to"] = _now()
        self._mark(tape)
        self._keep(recording.rec_id, tape)
        self._finish(recording.rec_id, tape)

    def resume(self) -> None:
        """After a restart: what was being closed is closed again."""
        for recording in list(self.core.recordings.values()):
            tape = self._tapes.get(recording.rec_id)
            if recording.stopping and tape is not None:
                self._finish(recording.rec_id, tape)

    def look(self) -> None:
        """Now and then: how far each file has come."""
        for rec_id, tape in self._tapes.items():
            if tape["to"] == OPEN:
                self._mark(tape)
                if recording := self.core.recordings.get(rec_id):
                    recording.safe_ms = max(0, round((min(_last(tape), _now()) - tape["from"]) * 1000))

    def sweep(self, living: set[str]) -> None:
        """Raw files nobody wants: of legs that are over and have no recording under way."""
        wanted = living | {str(tape["leg"]) for tape in self._tapes.values()}
        with suppress(OSError):
            for path in self.raw.glob("*.raw"):
                if path.stem not in wanted and _now() - path.stat().st_mtime > BUFFER_S:
                    path.unlink(missing_ok=True)

    def _keep(self, rec_id: str, tape: dict[str, Any]) -> None:
        self._tapes[rec_id] = tape
        self.core.spool.put("tape", rec_id, tape)

    def _mark(self, tape: dict[str, Any]) -> None:
        with suppress(OSError):
            status = self.raw_of(tape["leg"]).stat()
            if status.st_size and (not tape["marks"] or tape["marks"][-1][0] != status.st_size):
                tape["marks"].append([status.st_size, status.st_mtime])

    def _finish(self, rec_id: str, tape: dict[str, Any]) -> None:
        task = asyncio.get_running_loop().create_task(self._write(rec_id, tape))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _write(self, rec_id: str, tape: dict[str, Any]) -> None:
        target = self.folder / f"{rec_id}.wav"
        try:
            size = -1
            for _ in range(int(BUFFER_S / STEP_S)):
                self._mark(tape)
                before, size = size, tape["marks"][-1][0] if tape["marks"] else 0
                closed = tape["leg"] not in self.core.legs and size == before
                if closed or _last(tape) >= tape["to"]:
                    break
                await asyncio.sleep(STEP_S)
            self._mark(tape)
            found = await asyncio.to_thread(write, self.raw_of(tape["leg"]), target, tape)
        except (OSError, ValueError):
            log.exception("the recording %s could not be written", rec_id)
            found = {"failed": True}
        self._over(rec_id, found)

    def _over(self, rec_id: str, found: dict[str, Any]) -> None:
        tape = self._tapes.pop(rec_id, None)
        with self.core.turn():
            self.core.spool.drop("tape", rec_id)
            if found.get("failed"):
                reports.on_record_over(self.core, rec_id, ms=0, sha256="", size=0, failed=True)
            else:
                reports.on_record_over(self.core, rec_id, **found)
        if tape and tape["leg"] not in self.core.legs and not any(other["leg"] == tape["leg"] for other in self._tapes.values()):
            self.raw_of(tape["leg"]).unlink(missing_ok=True)

    async def stop(self) -> None:
        """What is being written is finished by the next process."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def _now() -> float:
    return clock.now().timestamp()


def _last(tape: dict[str, Any]) -> float:
    return float(tape["marks"][-1][1]) if tape["marks"] else 0.0


def at_sample(marks: list[list[float]], moment: float) -> int:
    """The sample of the raw file that sounded at a moment, by the mark nearest in time."""
    size, when = min(marks, key=lambda mark: abs(mark[1] - moment))
    return max(0, round(size / SAMPLE + (moment - when) * RATE))


def write(raw: Path, target: Path, tape: dict[str, Any]) -> dict[str, Any]:
    """Cut, silence the pauses, code, write and digest. Raises OSError, ValueError (nothing was recorded)."""
    marks = [list(mark) for mark in tape["marks"]]
    if not marks and (not raw.exists() or tape["to"] - tape["from"] > BUFFER_S):
        raise ValueError(f"{raw.name} holds nothing")
    marks = marks or [[0, tape["from"]]]  # over before the first packet
    first, last = at_sample(marks, tape["from"]), at_sample(marks, tape["to"])
    with raw.open("rb") as file:
        file.seek(first * SAMPLE)
        data = file.read(max(0, last - first) * SAMPLE)
    linear = np.frombuffer(data[: len(data) // SAMPLE * SAMPLE], "<i2")
    coded = LINEAR_ALAW[linear.view(np.uint16)].reshape(-1, 2).copy()
    for begin, end in tape["pauses"]:
        stop = len(coded) if end == OPEN else at_sample(marks, end) - first
        coded[max(0, at_sample(marks, begin) - first) : max(0, stop)] = SILENCE[0]
    body = wav_header(len(coded)) + coded.tobytes()
    target.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    return {"ms": len(coded) * 1000 // RATE, "sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}
