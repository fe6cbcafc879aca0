"""Recording, seen from the engine: packets are handed to the recorder, another process, in one write a frame.

It may die and be replaced: what was handed over in the last seconds is kept here and handed to the next one too, which lays it where it was.
"""

from __future__ import annotations

import asyncio
import collections
import fcntl
import json
import logging
import os
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

log = logging.getLogger(__name__)
PACKET = struct.Struct("<BBIIIH")
"""Kind (0 said, 1 heard, 2 order), unused, recording number, milliseconds since its start, RTP time stamp, length of what follows."""
ORDER = 2
MOST_WAITING = 16 << 20
PIPE_BYTES = 1 << 20
AGAIN_S = 4.0
"""What was handed over so long ago is in the files for certain, however busy the machine is."""

Report = Callable[[dict[str, object]], None]


class Tap:
    """Where a leg's packets go while it is recorded."""

    __slots__ = ("number", "paused", "rec_id", "since", "tapes")

    def __init__(self, tapes: Tapes, number: int, rec_id: str, since: float, paused: bool) -> None:
        self.tapes = tapes
        self.number = number
        self.rec_id = rec_id
        self.since = since
        self.paused = paused

    def put(self, track: int, stamp: int, payload: bytes, now: float) -> None:
        """A packet for track 0 (said) or 1 (heard)."""
        if not self.paused:
            self.tapes.packets += PACKET.pack(track, 0, self.number, int((now - self.since) * 1000), stamp, len(payload)) + payload


class Tapes:
    """The recorder process and the recordings it has open."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.packets = bytearray()
        """Of this frame."""
        self.out = bytearray()
        """Not yet taken by the pipe."""
        self._recent: collections.deque[tuple[float, bytes]] = collections.deque()
        self.restarts = -1
        self.open: dict[int, tuple[str, str, float]] = {}
        self._numbers = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._in = b""
        self._closing: dict[int, float] = {}

    @property
    def pid(self) -> int:
        """The recorder's process."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start the recorder and tell it what is being recorded."""
        self.restarts += 1
        self._process = subprocess.Popen([sys.executable, "-m", "fawang.hotline.engines.embedded.recorder"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        there, back = self._process.stdin.fileno(), self._process.stdout.fileno()  # type: ignore[union-attr]
        with suppress(OSError):
            fcntl.fcntl(there, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        os.set_blocking(there, False)
        os.set_blocking(back, False)
        asyncio.get_running_loop().add_reader(back, self._readable, back)
        self._in = b""
        self.out.clear()
        for number, (rec_id, path, since) in self.open.items():
            self._order({"open": number, "rec": rec_id, "path": path, "since": since, "again": True})
        for _, packets in self._recent:
            self.out += packets
        for number, at in self._closing.items():
            self._order({"close": number, "at": at})

    def begin(self, rec_id: str, path: str, since: float, *, again: bool = False, paused: bool = False) -> Tap:
        """Open a file, or (``again``) go on with one of the process before."""
        self._numbers += 1
        self.open[self._numbers] = (rec_id, path, since)
        self._order({"open": self._numbers, "rec": rec_id, "path": path, "since": since, "again": again})
        return Tap(self, self._numbers, rec_id, since, paused)

    def number_of(self, rec_id: str) -> int:
        """The number of an open file; 0 if there is none."""
        return next((number for number, (known, _, _) in self.open.items() if known == rec_id), 0)

    def end(self, number: int, now: float) -> None:
        """Close a file; a report with its digest follows."""
        if number in self.open and number not in self._closing:
            self._closing[number] = now
            self._order({"close": number, "at": now})

    def _order(self, order: dict[str, object]) -> None:
        self._gather()
        text = json.dumps(order).encode()
        self.out += PACKET.pack(ORDER, 0, 0, 0, 0, len(text)) + text

    def _gather(self) -> None:
        """Put the frame's packets on the way, and aside for a recorder that may have to begin again."""
        if not self.packets:
            return
        now, packets = time.monotonic(), bytes(self.packets)
        self.packets.clear()
        self.out += packets
        self._recent.append((now, packets))
        while self._recent[0][0] < now - AGAIN_S:
            self._recent.popleft()

    def flush(self) -> None:
        """Hand over what has gathered; called every frame."""
        self._gather()
        if not self.out or self._process is None:
            return
        try:
            while self.out:
                written = os.write(self._process.stdin.fileno(), self.out)  # type: ignore[union-attr]
                del self.out[:written]
        except BlockingIOError:
            if len(self.out) > MOST_WAITING:
                log.error("the recorder does not keep up and is replaced")
                self._replace()
        except OSError:
            self._replace()

    def _readable(self, back: int) -> None:
        try:
            data = os.read(back, 65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            log.error("the recorder died and is replaced")
            self._replace()
            return
        *lines, self._in = (self._in + data).split(b"\n")
        for line in lines:
            note = json.loads(line)
            if note["what"] in ("done", "failed"):
                self.open.pop(note["number"], None)
                self._closing.pop(note["number"], None)
            self.report(note)

    def _let_go(self) -> None:
        if self._process is None:
            return
        asyncio.get_running_loop().remove_reader(self._process.stdout.fileno())  # type: ignore[union-attr]
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                pipe.close()  # type: ignore[union-attr]

    def _replace(self) -> None:
        if self._process is None:
            return
        self._let_go()
        self._process.kill()
        self._process.wait()
        self.start()

    def stop(self) -> None:
        """Orderly end: the recorder finishes what it has and leaves the open files as they are, to be gone on with."""
        if self._process is None:
            return
        with suppress(OSError):
            os.set_blocking(self._process.stdin.fileno(), True)  # type: ignore[union-attr]
            self.flush()
        self._let_go()
        process, self._process = self._process, None
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
