"""Pressed keys: RFC 4733 packets in and out, and tones in the sound itself (Goertzel) for lines that have nothing better."""

from __future__ import annotations

import struct
from collections.abc import Callable

import numpy as np

from fawang.hotline.engines import sound

NAMES = "0123456789*#ABCD"
_EVENT = struct.Struct("!BBH")
LOW = (697, 770, 852, 941)
HIGH = (1209, 1336, 1477, 1633)
GRID = ("123A", "456B", "789C", "*0#D")
ON_FRAMES, END_PACKETS, OFF_FRAMES, PAUSE_FRAMES = 5, 3, 4, 25

Report = Callable[[str, int, str], None]


class EventReceiver:
    """Turns telephone-event packets into one report a key. A key whose end packets were lost is reported by :meth:`lapse`."""

    __slots__ = ("duration", "event", "report", "seen", "stamp")

    def __init__(self, report: Report) -> None:
        self.report = report
        self.event = -1
        self.stamp = -1
        self.duration = 0
        self.seen = 0.0

    def packet(self, payload: bytes, stamp: int, now: float) -> None:
        """One telephone-event payload."""
        if len(payload) < 4:
            return
        event, flags, duration = _EVENT.unpack_from(payload)
        if event >= len(NAMES):
            return
        if stamp != self.stamp:
            self._done()
            self.event, self.stamp = event, stamp
        self.duration, self.seen = max(duration, self.duration), now
        if flags & 0x80:
            self._done()

    def lapse(self, now: float) -> None:
        """Called now and then."""
        if self.event >= 0 and now - self.seen > 0.2:
            self._done()

    def _done(self) -> None:
        if self.event >= 0:
            event, self.event = self.event, -1
            self.report(NAMES[event], self.duration // 8, "rfc4733")
        self.duration = 0


_TURNS = np.exp(-2j * np.pi * np.outer(np.array(LOW + HIGH), np.arange(sound.FRAME)) / sound.RATE)
_WEIGHT = np.hamming(sound.FRAME)
_FILTERS = (_TURNS * _WEIGHT).T * (2 / _WEIGHT.sum())
LEAST = 0.008
"""Amplitude of a tone as a share of full scale, about -42 dBm0."""


class ToneDetector:
    """Finds keys in the sound: windows of 20 ms every 10 ms, two alike make a key, three without end it."""

    __slots__ = ("digit", "empty", "frames", "report", "run", "tail", "told")

    def __init__(self, report: Report) -> None:
        self.report = report
        self.tail = np.zeros(0, np.int16)
        self.digit = ""
        self.run = 0
        self.empty = 0
        self.told = ""
        self.frames = 0

    def hear(self, alaw: bytes) -> None:
        """The next piece of sound, of any length."""
        samples = np.concatenate([self.tail, sound.to_linear(alaw)])
        at = 0
        while at + sound.FRAME <= len(samples):
            self._window(samples[at : at + sound.FRAME])
            at += sound.FRAME // 2
        self.tail = samples[at:]

    def _window(self, samples: sound.Pcm) -> None:
        digit = key_in(samples)
        if digit and digit == self.digit:
            self.run += 1
            self.empty = 0
            if self.run == 2 and self.told != digit:
                self.told, self.frames = digit, 2
            elif self.told == digit:
                self.frames += 1
            return
        if self.told:
            self.empty += 1
            if self.empty >= 3 or digit:
                self.report(self.told, self.frames * 10, "inband")
                self.told, self.empty = "", 0
        self.digit, self.run = digit, 1 if digit else 0


def key_in(samples: sound.Pcm) -> str:
    """The key whose two tones make up 20 ms of sound; empty if they do not (speech, music, silence)."""
    wave = samples.astype(np.float64) / 32768
    power = float(np.dot(wave, wave)) / len(wave)
    if power < LEAST * LEAST:
        return ""
    strength = np.abs(wave @ _FILTERS)
    low, high = int(np.argmax(strength[:4])), int(np.argmax(strength[4:]))
    a, b = float(strength[low]), float(strength[4 + high])
    if a < LEAST or b < LEAST or not 0.35 < a / b < 2.9:
        return ""
    rest = np.delete(strength, (low, 4 + high))
    if float(rest.max()) > 0.4 * max(a, b):
        return ""
    return GRID[low][high] if (a * a + b * b) / 2 > 0.75 * power else ""


class KeySender:
    """Presses keys towards the far side, one packet a frame."""

    def __init__(self, digits: str, event_type: int) -> None:
        self.digits = digits
        self.event_type = event_type
        self.at = 0
        self.frame = 0

    def press(self, digits: str) -> None:
        """More keys after those that wait; the one that sounds now is not begun again."""
        self.digits += digits

    def next(self) -> tuple[int, bytes, bool, bool] | None:
        """For this frame: payload type (-1: the bytes are A-law sound), payload, first packet of a key, time stamp stays; ``None`` = all keys pressed."""
        if self.at >= len(self.digits):
            return None
        digit = self.digits[self.at]
        frame, self.frame = self.frame, self.frame + 1
        if digit == ",":
            self._step(PAUSE_FRAMES)
            return -1, sound.QUIET_FRAME, False, False
        on = ON_FRAMES + (END_PACKETS if self.event_type >= 0 else 0)
        self._step(on + OFF_FRAMES)
        if frame >= on:
            return -1, sound.QUIET_FRAME, False, False
        if self.event_type < 0:
            return -1, _key_sound(digit)[frame * sound.FRAME : (frame + 1) * sound.FRAME], False, False
        ended = frame >= ON_FRAMES
        duration = min(frame + 1, ON_FRAMES) * sound.FRAME
        return self.event_type, _EVENT.pack(NAMES.index(digit), (0x80 if ended else 0) | 10, duration), frame == 0, frame > 0

    def _step(self, frames: int) -> None:
        if self.frame >= frames:
            self.at, self.frame = self.at + 1, 0


def _key_sound(digit: str) -> bytes:
    row = next(n for n, line in enumerate(GRID) if digit in line)
    return sound.sound_of(f"tone:{LOW[row]}+{HIGH[GRID[row].index(digit)]}/{ON_FRAMES * sound.FRAME_MS}")
