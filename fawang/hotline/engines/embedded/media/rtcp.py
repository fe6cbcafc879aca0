"""RTCP (RFC 3550 §6): our sender and receiver reports, and what those of the far side say about our sound."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from fawang.hotline.engines.embedded.media.stream import Stream
from fawang.hotline.engines.sound import RATE

NTP_1970 = 2_208_988_800
_HEAD = struct.Struct("!BBH")
_SENDER = struct.Struct("!IIIIII")
_BLOCK = struct.Struct("!IIIIII")


@dataclass(slots=True)
class Seen:
    """What the far side reported: our packets' loss (share since its last report) and jitter, and the round trip."""

    loss: float = -1.0
    jitter_ms: float = -1.0
    round_trip_ms: float = -1.0


def report(stream: Stream, unix: float, now: float) -> bytes:
    """A sender report with one block about the far side (if it has been heard) and our name."""
    whole = int(unix)
    seconds, fraction = (whole + NTP_1970) & 0xFFFFFFFF, int((unix - whole) * (1 << 32)) & 0xFFFFFFFF
    blocks = _block(stream, now) if stream.received else b""
    sender = _SENDER.pack(stream.ssrc, seconds, fraction, stream.ts, stream.packets_out & 0xFFFFFFFF, stream.bytes_out & 0xFFFFFFFF)
    body = sender + blocks
    name = b"fawang"
    chunk = struct.pack("!IBB", stream.ssrc, 1, len(name)) + name
    chunk += b"\0" * (4 - len(chunk) % 4)
    count = 1 if blocks else 0
    return _HEAD.pack(0x80 | count, 200, len(body) // 4) + body + _HEAD.pack(0x81, 202, len(chunk) // 4) + chunk


def _block(stream: Stream, now: float) -> bytes:
    state = stream.rtcp_state
    expected = stream.seq_high - stream.seq_base + 1
    before_expected, before_received = state.get("expected", 0.0), state.get("received", 0.0)
    state["expected"], state["received"] = expected, stream.received
    interval = expected - before_expected
    missing = interval - (stream.received - before_received)
    fraction = min(255, int(256 * missing / interval)) if interval > 0 and missing > 0 else 0
    delay = int((now - state["heard_at"]) * 65536) & 0xFFFFFFFF if "heard_at" in state else 0
    lost = min(stream.lost(), 0x7FFFFF)
    return _BLOCK.pack(stream.in_ssrc & 0xFFFFFFFF, (fraction << 24) | lost, stream.seq_high & 0xFFFFFFFF, int(stream.jitter), int(state.get("lsr", 0)), delay)


def read(stream: Stream, data: bytes, unix: float, now: float) -> Seen:
    """Take in a compound packet; unreadable parts are nothing."""
    seen, at = Seen(), 0
    while at + 8 <= len(data):
        first, kind, words = _HEAD.unpack_from(data, at)
        end = at + 4 + 4 * words
        if first & 0xC0 != 0x80 or end > len(data):
            break
        blocks = 0
        if kind == 200 and words >= 6:
            _, seconds, fraction, *_ = _SENDER.unpack_from(data, at + 4)
            stream.rtcp_state["lsr"] = ((seconds & 0xFFFF) << 16) | (fraction >> 16)
            stream.rtcp_state["heard_at"] = now
            blocks = at + 28
        elif kind == 201:
            blocks = at + 8
        if blocks:
            for n in range(first & 31):
                if blocks + 24 * (n + 1) <= end:
                    _about_us(stream, _BLOCK.unpack_from(data, blocks + 24 * n), unix, seen)
        at = end
    return seen


def _about_us(stream: Stream, block: tuple[int, ...], unix: float, seen: Seen) -> None:
    ssrc, loss, _, jitter, lsr, delay = block
    if ssrc != stream.ssrc:
        return
    seen.loss = (loss >> 24) / 256
    seen.jitter_ms = jitter * 1000 / RATE
    if lsr:
        middle = int((unix + NTP_1970) * 65536) & 0xFFFFFFFF
        trip = ((middle - lsr - delay) & 0xFFFFFFFF) / 65536 * 1000
        if trip < 60_000:
            seen.round_trip_ms = trip
