"""The engine's side of a seat's sound: one RTP socket a call, and the numbers that make changing sources one stream."""

from __future__ import annotations

import asyncio
import secrets
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress

from fawang.hotline.engines import sound
from fawang.hotline.engines.embedded.sip.sdp import PCMA, PCMU

HEAD = struct.Struct("!BBHII")
Hear = Callable[[bytes, int, int], None]
"""A-law payload, sequence number, time stamp."""


def unpack(data: bytes) -> tuple[int, int, int, bytes] | None:
    """Payload type, sequence number, time stamp and payload of an RTP packet, without extension and padding; ``None`` if it is none."""
    if len(data) < 13 or data[0] & 0xC0 != 0x80:
        return None
    first, kind, seq, stamp, _ = HEAD.unpack_from(data)
    at = 12 + 4 * (first & 15)
    if first & 0x10:
        if len(data) < at + 4:
            return None
        at += 4 + 4 * int.from_bytes(data[at + 2 : at + 4], "big")
    end = len(data) - data[-1] if first & 0x20 else len(data)
    return (kind & 127, seq, stamp, data[at:end]) if at < end else None


class Seam:
    """Headers of one outgoing stream fed by sources that come and go: gaps of a source stay gaps, a new source goes on where the clock stands."""

    def __init__(self) -> None:
        self.ssrc = secrets.randbits(32)
        self.seq, self.stamp = secrets.randbits(15), secrets.randbits(31)
        self._source: object = None
        self._dseq = self._dstamp = 0
        self._since = time.monotonic()
        self._base = self.stamp

    def head(self, source: object, seq: int, stamp: int, kind: int) -> bytes:
        """The header for a packet of ``source``; the first of a new source carries the marker."""
        marker = 0
        if source is not self._source:
            self._source, marker = source, 0x80
            by_clock = (self._base + int((time.monotonic() - self._since) * sound.RATE)) & 0xFFFFFFFF
            ahead = (by_clock - self.stamp) & 0xFFFFFFFF
            start = by_clock if sound.FRAME <= ahead < 0x80000000 else (self.stamp + sound.FRAME) & 0xFFFFFFFF
            self._dseq, self._dstamp = self.seq + 1 - seq, start - stamp
        self.seq, self.stamp = (seq + self._dseq) & 0xFFFF, (stamp + self._dstamp) & 0xFFFFFFFF
        return HEAD.pack(0x80, kind | marker, self.seq, self.stamp, self.ssrc)


class Meter:
    """What is lost on the way in and how unevenly it comes (RFC 3550 A.1, A.8)."""

    def __init__(self) -> None:
        self.high = self.first = -1
        self.got = 0
        self.jitter = 0.0
        self._transit: float | None = None
        self._told = (0, 0)

    def count(self, seq: int, stamp: int) -> None:
        """One packet."""
        self.got += 1
        if self.first < 0:
            self.first = self.high = seq
        step = (seq - self.high) & 0xFFFF
        if step < 0x8000:
            self.high += step
        transit = time.monotonic() * sound.RATE - stamp
        if self._transit is not None and abs(transit - self._transit) < 80_000:
            self.jitter += (abs(transit - self._transit) - self.jitter) / 16
        self._transit = transit

    def since_last(self) -> tuple[float, float]:
        """Share lost since the last time asked, and the jitter in milliseconds."""
        expected = self.high - self.first + 1 if self.first >= 0 else 0
        before_expected, before_got = self._told
        self._told = (expected, self.got)
        due = expected - before_expected
        lost = max(0, due - (self.got - before_got))
        return (lost / due if due > 0 else 0.0), self.jitter / 8


BREATH_S = 0.2


class EngineLeg:
    """One RTP socket towards the engine. Nothing is sent while no browser speaks, so that the engine knows when one is gone; only after a start
    anew does the leg :meth:`breathe` until its page is back."""

    def __init__(self, sock: socket.socket, port: int) -> None:
        self.sock, self.port = sock, port
        self.remote: tuple[str, int] | None = None
        self.codec = PCMA
        self.speaks = True
        self.hear: Hear | None = None
        self.seam = Seam()
        self.heard_at = time.monotonic()
        self._breath: asyncio.TimerHandle | None = None
        asyncio.get_running_loop().add_reader(sock.fileno(), self._readable)

    def breathe(self, seconds: float, n: int = 0) -> None:
        """Send a little silence for so long, or until a browser speaks: the engine must not take a gateway that is back for one that is gone."""
        if n * BREATH_S < seconds:
            self._say(self, sound.QUIET_FRAME, n, n * int(BREATH_S * sound.RATE))
            self._breath = asyncio.get_running_loop().call_later(BREATH_S, self.breathe, seconds, n + 1)

    def _hush(self) -> None:
        if self._breath is not None:
            self._breath.cancel()
            self._breath = None

    def _readable(self) -> None:
        for _ in range(16):
            try:
                data, peer = self.sock.recvfrom(2048)
            except OSError:
                return
            if self.remote is None or peer[0] != self.remote[0]:
                continue
            self.heard_at = time.monotonic()
            found = unpack(data)
            if found is None or self.hear is None:
                continue
            kind, seq, stamp, payload = found
            if kind == PCMA:
                self.hear(payload, seq, stamp)
            elif kind == PCMU:
                self.hear(payload.translate(sound.ULAW_TO_ALAW), seq, stamp)

    def say(self, source: object, payload: bytes, seq: int, stamp: int) -> None:
        """Pass a browser's A-law packet on."""
        self._hush()
        self._say(source, payload, seq, stamp)

    def _say(self, source: object, payload: bytes, seq: int, stamp: int) -> None:
        if self.remote is None or not self.speaks:
            return
        head = self.seam.head(source, seq, stamp, self.codec)
        with suppress(OSError):
            self.sock.sendto(head + (payload if self.codec == PCMA else payload.translate(sound.ALAW_TO_ULAW)), self.remote)

    def close(self) -> None:
        """Let the socket go."""
        self._hush()
        asyncio.get_running_loop().remove_reader(self.sock.fileno())
        self.sock.close()
