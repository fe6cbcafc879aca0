"""What a mixer needs before it can add voices up: packets of each in order, one frame at a time, a little late."""

from __future__ import annotations

from fawang.hotline.engines.sound import FRAME, SILENCE

START = 2 * FRAME
MOST = 8 * FRAME
KEEP = 3 * FRAME
GAP = 4 * FRAME


class JitterBuffer:
    """Collects sound by RTP time stamp; gives 20 ms when asked. Fills loss with silence, drops what is too late or too much."""

    __slots__ = ("filled", "head", "waiting")

    def __init__(self) -> None:
        self.filled = bytearray()
        self.head: int | None = None
        """Time stamp of the first byte held."""
        self.waiting = True

    def put(self, stamp: int, payload: bytes) -> None:
        """A packet came."""
        if self.head is None:
            self.head = stamp
        at = _signed(stamp - self.head)
        if not -GAP <= at <= len(self.filled) + GAP:  # the sender began anew, or paused
            self.filled.clear()
            self.head, at, self.waiting = stamp, 0, True
        if at < 0:
            payload, at = payload[-at:], 0
            if not payload:
                return
        end = at + len(payload)
        if end > len(self.filled):
            self.filled.extend(SILENCE * (end - len(self.filled)))
        self.filled[at:end] = payload
        if len(self.filled) > MOST:
            self._skip(len(self.filled) - KEEP)
        if self.waiting and len(self.filled) >= START:
            self.waiting = False

    def take(self) -> bytes | None:
        """The next frame, or ``None`` while there is nothing to say."""
        if self.waiting or len(self.filled) < FRAME:
            self.waiting = True
            return None
        frame = bytes(self.filled[:FRAME])
        self._skip(FRAME)
        return frame

    def _skip(self, samples: int) -> None:
        del self.filled[:samples]
        if self.head is not None:
            self.head = (self.head + samples) & 0xFFFFFFFF


def _signed(difference: int) -> int:
    difference &= 0xFFFFFFFF
    return difference - (1 << 32) if difference & 0x80000000 else difference
