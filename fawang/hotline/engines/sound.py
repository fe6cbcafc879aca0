"""Sound as the telephone network carries it: G.711 tables, WAV files, tones. Everything is mono, 8 kHz; a frame is 20 ms = 160 bytes."""

from __future__ import annotations

import functools
import math
import os
import re
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

Pcm = npt.NDArray[np.int16]
RATE = 8000
FRAME = 160
FRAME_MS = 20
SILENCE = b"\xd5"
"""One A-law sample of silence."""
QUIET_FRAME = SILENCE * FRAME
MEDIUM = re.compile(r"(?:file:(?P<path>/.{1,500})|tone:(?P<hz>\d{2,4}(?:\+\d{2,4}){0,3})/(?P<ms>\d{1,6})|silence:(?P<quiet>\d{1,6}))")
LONGEST_MS = 3_600_000


class BadMedium(ValueError):
    """A medium that cannot be played; the message says why."""


def _alaw_to_linear() -> Pcm:
    code = np.arange(256) ^ 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = np.where(exponent == 0, (mantissa << 4) + 8, ((mantissa << 4) + 0x108) << np.maximum(exponent - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _ulaw_to_linear() -> Pcm:
    code = ~np.arange(256) & 0xFF
    magnitude = ((((code & 15) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _linear_to_alaw() -> npt.NDArray[np.uint8]:
    """All 65,536 linear values, indexed by their 16-bit pattern."""
    value = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    sign = np.where(value >= 0, 0xD5, 0x55)
    size = np.minimum(np.where(value >= 0, value, ~value) >> 3, 4095)
    segment = np.where(size >= 32, np.floor(np.log2(np.maximum(size, 1))).astype(np.int32) - 4, 0)
    step = np.where(segment == 0, size >> 1, size >> np.maximum(segment, 1)) & 15
    code: npt.NDArray[np.uint8] = (((segment << 4) | step) ^ sign).astype(np.uint8)
    return code


def _linear_to_ulaw() -> npt.NDArray[np.uint8]:
    value = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32) >> 2
    mask = np.where(value < 0, 0x7F, 0xFF)
    size = np.minimum(np.abs(value), 8159) + 33
    segment = np.clip(np.floor(np.log2(size)).astype(np.int32) - 5, 0, 8)
    code = np.where(segment >= 8, 0x7F, (segment << 4) | ((size >> (segment + 1)) & 15))
    return (code ^ mask).astype(np.uint8)


ALAW_LINEAR = _alaw_to_linear()
ULAW_LINEAR = _ulaw_to_linear()
LINEAR_ALAW = _linear_to_alaw()
LINEAR_ULAW = _linear_to_ulaw()
ULAW_TO_ALAW = LINEAR_ALAW[ULAW_LINEAR.view(np.uint16)].tobytes()
"""For ``bytes.translate``: transcoding costs one table look-up a sample."""
ALAW_TO_ULAW = LINEAR_ULAW[ALAW_LINEAR.view(np.uint16)].tobytes()


def to_linear(alaw: bytes) -> Pcm:
    """A-law samples as 16-bit linear."""
    return ALAW_LINEAR[np.frombuffer(alaw, np.uint8)]


def to_alaw(linear: npt.NDArray[np.int16]) -> bytes:
    """16-bit linear samples as A-law."""
    return LINEAR_ALAW[linear.view(np.uint16)].tobytes()


def tone(frequencies: tuple[int, ...], ms: int, level: float = 0.3) -> bytes:
    """A sum of sine waves as A-law; ``level`` is of full scale, shared among them."""
    t = np.arange(RATE * ms // 1000) / RATE
    wave = np.zeros_like(t)
    for hz in frequencies:
        wave += np.sin(2 * math.pi * hz * t)
    return to_alaw((wave * (32767 * level / len(frequencies))).astype(np.int16))


def sound_of(medium: str) -> bytes:
    """A medium (see ``Play``) as A-law; files are kept in memory as long as they do not change. Raises :class:`BadMedium`."""
    found = MEDIUM.fullmatch(medium)
    if not found:
        raise BadMedium("neither file:, tone: nor silence:")
    if found["path"]:
        try:
            status = os.stat(found["path"])
        except OSError as error:
            raise BadMedium(error.strerror or "unreadable") from None
        return _file(found["path"], status.st_mtime_ns, status.st_size)
    ms = int(found["ms"] or found["quiet"])
    if ms > LONGEST_MS:
        raise BadMedium("longer than an hour")
    return _tone(found["hz"], ms) if found["hz"] else SILENCE * (RATE * ms // 1000)


@functools.lru_cache(maxsize=64)
def _tone(hz: str, ms: int) -> bytes:
    return tone(tuple(int(part) for part in hz.split("+")), ms)


@functools.lru_cache(maxsize=512)
def _file(path: str, _mtime: int, size: int) -> bytes:
    if size > 64 << 20:
        raise BadMedium("file larger than 64 MiB")
    try:
        return read_wav(Path(path).read_bytes())
    except OSError as error:
        raise BadMedium(error.strerror or "unreadable") from None


def read_wav(data: bytes) -> bytes:
    """A WAV file's first channel as A-law at 8 kHz; takes 8 or 16 kHz, 16-bit PCM, A-law or µ-law. Raises :class:`BadMedium`."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise BadMedium("not a WAV file")
    at, form, body = 12, b"", b""
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"fmt ":
            form = data[at + 8 : at + 8 + size]
        elif name == b"data":
            body = data[at + 8 : at + 8 + size]
            break
        at += 8 + size + (size & 1)
    if len(form) < 16:
        raise BadMedium("no format in the WAV file")
    coding, channels, rate, _, _, bits = struct.unpack("<HHIIHH", form[:16])
    if coding == 0xFFFE and len(form) >= 26:
        coding = int.from_bytes(form[24:26], "little")
    if rate not in (8000, 16000) or not 1 <= channels <= 2 or (coding, bits) not in ((1, 16), (6, 8), (7, 8)):
        raise BadMedium("8 or 16 kHz, 16-bit PCM, A-law or µ-law is needed")
    if coding == 1:
        linear = np.frombuffer(body[: len(body) // 2 * 2], "<i2")
    else:
        linear = (ALAW_LINEAR if coding == 6 else ULAW_LINEAR)[np.frombuffer(body, np.uint8)]
    linear = linear[: len(linear) // channels * channels].reshape(-1, channels)[:, 0]
    return to_alaw(np.ascontiguousarray(_halve(linear) if rate == 16000 else linear, dtype=np.int16))


def _halve(linear: Pcm) -> Pcm:
    """16 → 8 kHz through a 31-tap low-pass, so that nothing above 3.8 kHz folds back."""
    n = np.arange(-15, 16)
    taps = np.sinc(n * 0.475) * np.hamming(31)
    smooth = np.convolve(linear.astype(np.float64), taps / taps.sum(), mode="same")
    return np.clip(smooth[::2], -32768, 32767).astype(np.int16)


def wav_header(samples: int, channels: int = 2) -> bytes:
    """Header of an A-law WAV file at 8 kHz: 58 bytes, sizes for so many samples a channel."""
    size = samples * channels
    return (
        struct.pack("<4sI4s", b"RIFF", 50 + size, b"WAVE")
        + struct.pack("<4sIHHIIHHH", b"fmt ", 18, 6, channels, RATE, RATE * channels, channels, 8, 0)
        + struct.pack("<4sII", b"fact", 4, samples)
        + struct.pack("<4sI", b"data", size)
    )


WAV_HEADER_BYTES = 58


def level_of(samples: Pcm, hz: float) -> float:
    """Goertzel: the amplitude of one frequency as a share of full scale."""
    if not len(samples):
        return 0.0
    n = np.arange(len(samples))
    turn = np.exp(-2j * math.pi * hz / RATE * n)
    return float(2 * abs(np.dot(samples.astype(np.float64), turn)) / len(samples) / 32768)
