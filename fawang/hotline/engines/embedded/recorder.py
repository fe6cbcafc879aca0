"""The recorder: a process that writes two-track A-law WAV files from packets on its standard input.

Every 0.4 s each file gets what is older than 0.2 s, its header is corrected and both are synced, so that a file is a whole WAV at any moment and
a crash of anything costs less than the last second. A packet that comes late (the machine was busy) is laid where its time stamp says, into what
is written already. When the input ends (the engine died or stopped) everything in hand is written; the files stay open-ended and the next
recorder goes on with them, silence standing for the time between. A file is locked by the one that writes it: the next one waits for its end.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import select
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from fawang.hotline.engines.embedded.media.tape import ORDER, PACKET
from fawang.hotline.engines.sound import RATE, SILENCE, WAV_HEADER_BYTES, wav_header

EVERY_S = 0.4
HORIZON = RATE // 5
REANCHOR = RATE * 2 // 5
LATEST, EARLIEST = RATE * 10, RATE * 2
"""So far behind and so far ahead of the clock a packet is never taken at its word."""
STEADY = RATE // 4
LONGEST = RATE * 3600 * 6
BORN = time.monotonic()
WAIT_FOR_FILE_S = 5.0
"""From our start: the recorder before, whose engine died, has the rest of its pipe to write."""


class Track:
    """One side: sound not yet in the file, and how its RTP time maps to the file's."""

    __slots__ = ("anchor", "strayed", "waiting")

    def __init__(self) -> None:
        self.waiting = bytearray()
        self.anchor: tuple[int, int] | None = None
        self.strayed: tuple[int, int] | None = None
        """Clock and position where the sound began to come late."""

    def place(self, at_ms: int, stamp: int) -> int:
        """Where on the time line a packet belongs: by its time stamp, the clock only says where those begin.

        A sender or a machine that stood still comes late and then faster than the clock: its stamps hold. Sound that stays behind the clock by
        more than 0.4 s while it comes at the clock's pace began anew (its stamps stood still meanwhile), and so does anything far away.
        """
        by_clock = at_ms * RATE // 1000
        if self.anchor is None:
            self.anchor = (stamp, by_clock)
            return by_clock
        drift = (stamp - self.anchor[0]) & 0xFFFFFFFF
        position = self.anchor[1] + (drift - (1 << 32) if drift & 0x80000000 else drift)
        late = by_clock - position
        if -EARLIEST < late <= REANCHOR:
            self.strayed = None
            return position
        if REANCHOR < late < LATEST:
            self.strayed = self.strayed or (by_clock, position)
            clock, sound = by_clock - self.strayed[0], position - self.strayed[1]
            if sound < STEADY or clock * 4 < sound * 3:
                return position
        self.anchor, self.strayed = (stamp, by_clock), None
        return by_clock

    def put(self, at: int, payload: bytes) -> None:
        """Keep a packet so many samples after what is written."""
        end = at + len(payload)
        if end > len(self.waiting):
            self.waiting.extend(SILENCE * (end - len(self.waiting)))
        self.waiting[at:end] = payload


class Recording:
    """One file."""

    def __init__(self, number: int, rec_id: str, path: str, since: float, again: bool) -> None:
        self.number, self.rec_id, self.path, self.since = number, rec_id, path, since
        self.tracks = (Track(), Track())
        self.file = os.open(path, os.O_RDWR | os.O_CREAT | (0 if again else os.O_EXCL), 0o600)
        _lock(self.file)
        self.written = max(0, os.fstat(self.file).st_size - WAV_HEADER_BYTES) // 2
        self.gap_ms = 0
        self.resumed_at = self.written if again else -1
        """Until the first packet after a break says how long that was."""
        self.due = time.monotonic() + EVERY_S * (number % 16) / 16
        self.sync: Future[None] | None = None
        self.safe = 0
        os.pwrite(self.file, wav_header(self.written), 0)

    def flush(self, until: int) -> None:
        """Write everything before a position of the file's time line, silence where nothing came."""
        count = min(until, LONGEST) - self.written
        if count <= 0:
            return
        both = np.full((count, 2), SILENCE[0], np.uint8)
        for channel, track in enumerate(self.tracks):
            piece = bytes(track.waiting[:count])
            both[: len(piece), channel] = np.frombuffer(piece, np.uint8)
            del track.waiting[:count]
        os.pwrite(self.file, both.tobytes(), WAV_HEADER_BYTES + self.written * 2)
        self.written += count
        os.pwrite(self.file, wav_header(self.written), 0)

    def put(self, track: int, at_ms: int, stamp: int, payload: bytes) -> None:
        """A packet."""
        if self.resumed_at >= 0:
            self.gap_ms, self.resumed_at = max(0, at_ms - self.resumed_at * 1000 // RATE), -1
        position = self.tracks[track].place(at_ms, stamp)
        early = self.written - position
        if early > 0:
            if position >= 0 and early <= LATEST:
                self._amend(track, position, payload[:early])
            payload, position = payload[early:], self.written
        if payload and position + len(payload) <= LONGEST:
            self.tracks[track].put(position - self.written, payload)

    def _amend(self, track: int, position: int, payload: bytes) -> None:
        """Lay sound that came late into one side of what is written."""
        at, size = WAV_HEADER_BYTES + position * 2, len(payload) * 2
        both = bytearray(os.pread(self.file, size, at))
        both[track::2] = payload
        os.pwrite(self.file, both, at)

    def end(self, now: float) -> None:
        """Write what is left up to this moment; sound that runs ahead of the clock is sound all the same."""
        until = max(self.clock(now), 0)
        flushed = self.written
        self.flush(max(until, min(self.pending(), until + EARLIEST)))
        if self.resumed_at >= 0 and self.written > flushed:  # nothing came any more after a break
            self.gap_ms, self.resumed_at = (self.written - flushed) * 1000 // RATE, -1

    def clock(self, now: float) -> int:
        """Where the time line stands."""
        return int((now - self.since) * RATE)

    def pending(self) -> int:
        """The end of what has been received."""
        return self.written + max(len(t.waiting) for t in self.tracks)

    def finish(self) -> dict[str, object]:
        """Sync, digest, close; in a thread."""
        os.fsync(self.file)
        digest = hashlib.sha256()
        with open(self.path, "rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
        os.close(self.file)
        ms, size = self.written * 1000 // RATE, WAV_HEADER_BYTES + 2 * self.written
        return {"what": "done", "number": self.number, "rec": self.rec_id, "ms": ms, "size": size, "sha256": digest.hexdigest(), "gaps_ms": self.gap_ms}


class Recorder:
    """All files, and the loop."""

    def __init__(self) -> None:
        self.open: dict[int, Recording] = {}
        self.threads = ThreadPoolExecutor(4)
        self.finishing: list[tuple[Recording, Future[dict[str, object]]]] = []

    def run(self) -> None:
        """Until the input ends."""
        data, source = bytearray(), sys.stdin.fileno()
        os.set_blocking(source, False)
        while True:
            ready, _, _ = select.select([source], [], [], 0.05)
            if ready:
                piece = os.read(source, 1 << 18)
                if not piece:
                    break
                data += piece
                self._take(data)
            self._work(time.monotonic())
        for recording in self.open.values():
            recording.flush(recording.pending())
        for recording in self.open.values():
            os.fsync(recording.file)
        self._finished(wait=True)

    def _take(self, data: bytearray) -> None:
        at, end = 0, len(data)
        while at + PACKET.size <= end:
            kind, _, number, at_ms, stamp, length = PACKET.unpack_from(data, at)
            if at + PACKET.size + length > end:
                break
            payload = bytes(data[at + PACKET.size : at + PACKET.size + length])
            at += PACKET.size + length
            if kind == ORDER:
                self._order(json.loads(payload))
            elif recording := self.open.get(number):
                recording.put(kind, at_ms, stamp, payload)
        del data[:at]

    def _order(self, order: dict[str, object]) -> None:
        number = int(str(order.get("open") or order.get("close")))
        if "open" in order:
            try:
                path = str(order["path"])
                Path(path).parent.mkdir(parents=True, exist_ok=True)
                self.open[number] = Recording(number, str(order["rec"]), path, float(str(order["since"])), bool(order["again"]))
            except OSError as error:
                _say({"what": "failed", "number": number, "rec": order["rec"], "why": str(error)})
        elif recording := self.open.pop(number, None):
            try:
                recording.end(float(str(order["at"])))
                self.finishing.append((recording, self.threads.submit(recording.finish)))
            except OSError as error:
                _say({"what": "failed", "number": number, "rec": recording.rec_id, "why": str(error)})

    def _work(self, now: float) -> None:
        for recording in list(self.open.values()):
            if recording.sync is not None and recording.sync.done():
                recording.sync = None
                _say({"what": "safe", "rec": recording.rec_id, "ms": recording.safe * 1000 // RATE})
            if now < recording.due:
                continue
            recording.due = max(recording.due + EVERY_S, now)
            try:
                recording.flush(recording.clock(now) - HORIZON)
            except OSError as error:  # no space: the file so far stays
                self.open.pop(recording.number, None)
                _say({"what": "failed", "number": recording.number, "rec": recording.rec_id, "why": str(error)})
                continue
            if recording.sync is None:
                recording.safe = recording.written
                recording.sync = self.threads.submit(os.fsync, recording.file)
        self._finished()

    def _finished(self, *, wait: bool = False) -> None:
        for pair in list(self.finishing):
            recording, future = pair
            if wait or future.done():
                self.finishing.remove(pair)
                try:
                    _say(future.result())
                except OSError as error:
                    _say({"what": "failed", "number": recording.number, "rec": recording.rec_id, "why": str(error)})


def _lock(file: int) -> None:
    """Wait for the recorder before to let go of a file; one that never does (its disk hangs) is passed over."""
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() > BORN + WAIT_FOR_FILE_S:
                return
            time.sleep(0.01)
        else:
            return


def _say(note: dict[str, object]) -> None:
    try:
        os.write(sys.stdout.fileno(), json.dumps(note).encode() + b"\n")
    except OSError:
        return  # nobody listens any more; the files speak for themselves


if __name__ == "__main__":
    Recorder().run()
