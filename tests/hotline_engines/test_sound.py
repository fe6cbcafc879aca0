"""G.711, WAV files, jitter, keys in the sound, RTCP: held against an independent implementation and against bytes written by hand."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import numpy as np
import pytest

from fawang.hotline.engines import sound
from fawang.hotline.engines.embedded.media import rtcp
from fawang.hotline.engines.embedded.media.jitter import JitterBuffer
from fawang.hotline.engines.embedded.media.keys import EventReceiver, KeySender, ToneDetector
from fawang.hotline.engines.embedded.media.playlist import Playlist
from tests.hotline_engines import phone


def test_every_g711_code_and_value_is_as_the_book_says() -> None:
    assert [phone.from_a_law(n) for n in range(256)] == sound.ALAW_LINEAR.tolist()
    assert [phone.from_mu_law(n) for n in range(256)] == sound.ULAW_LINEAR.tolist()
    every = range(-32768, 32768)
    assert [phone.a_law(v) for v in every] == [int(sound.LINEAR_ALAW[v & 0xFFFF]) for v in every]
    for value in every:
        nearest = int(sound.ULAW_LINEAR[sound.LINEAR_ULAW[value & 0xFFFF]])
        step = max(8, 1 << max(0, (abs(value) + 132).bit_length() - 5))
        assert abs(nearest - value) <= step + 4 or abs(value) > 32124


def test_transcoding_there_and_back_keeps_a_tone_and_adds_almost_nothing() -> None:
    there = sound.tone((700,), 1000).translate(sound.ALAW_TO_ULAW)
    back = sound.to_linear(there.translate(sound.ULAW_TO_ALAW))
    assert sound.level_of(back, 700) == pytest.approx(0.3, rel=0.02)
    rest = back.astype(float) - 0.3 * 32767 * np.sin(2 * np.pi * 700 / 8000 * np.arange(8000))
    assert float(np.sqrt(np.mean(rest**2))) / 32768 < 0.01


def wav(coding: int, rate: int, bits: int, body: bytes, channels: int = 1, before: bytes = b"") -> bytes:
    form = struct.pack("<HHIIHH", coding, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits)
    chunks = before + b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def test_wav_files_of_the_usual_kinds_are_read(tmp_path: Path) -> None:
    t8, t16 = (np.sin(2 * np.pi * 700 / rate * np.arange(rate)) * 9000 for rate in (8000, 16000))
    kinds = {
        "pcm8": wav(1, 8000, 16, t8.astype("<i2").tobytes()),
        "pcm16": wav(1, 16000, 16, t16.astype("<i2").tobytes(), before=b"LIST\x03\0\0\0abc\0"),
        "alaw": wav(6, 8000, 8, bytes(phone.a_law(int(v)) for v in t8)),
        "stereo": wav(1, 8000, 16, np.column_stack([t8, -t8]).astype("<i2").tobytes(), channels=2),
    }
    for name, data in kinds.items():
        path = tmp_path / f"{name}.wav"
        path.write_bytes(data)
        alaw = sound.sound_of(f"file:{path}")
        assert len(alaw) == 8000, name
        assert sound.level_of(sound.to_linear(alaw), 700) == pytest.approx(9000 / 32768, rel=0.03), name
    hiss = np.sin(2 * np.pi * 5000 / 16000 * np.arange(16000)) * 9000
    (tmp_path / "high.wav").write_bytes(wav(1, 16000, 16, hiss.astype("<i2").tobytes()))
    folded = sound.to_linear(sound.sound_of(f"file:{tmp_path / 'high.wav'}"))
    assert sound.level_of(folded, 3000) < 0.005, "what telephones cannot carry must not fold back"


def test_a_prompt_that_was_changed_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "p.wav"
    path.write_bytes(wav(6, 8000, 8, b"\xd5" * 800))
    assert len(sound.sound_of(f"file:{path}")) == 800
    path.write_bytes(wav(6, 8000, 8, b"\xd5" * 1600))
    assert len(sound.sound_of(f"file:{path}")) == 1600


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"RIFF",
        b"RIFF\0\0\0\0WAVE",
        wav(1, 44100, 16, b"\0\0"),
        wav(85, 8000, 16, b""),
        wav(1, 8000, 24, b""),
        b"RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\x7f",
    ],
    ids=range(7),
)
def test_files_that_are_no_prompts_are_refused_in_words(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.wav"
    path.write_bytes(data)
    with pytest.raises(sound.BadMedium):
        sound.sound_of(f"file:{path}")


def test_a_playlist_goes_on_where_it_is_told_to_and_music_never_ends() -> None:
    once = Playlist(("tone:500/100", "silence:60"), skip_ms=120)
    frames = []
    while (frame := once.next()) is not None:
        frames.append(frame)
    assert [len(f) for f in frames] == [160, 160]
    assert once.ms == 160
    music = Playlist(("tone:500/100",), loop=True, skip_ms=1020)
    assert all(len(music.next() or b"") == 160 for _ in range(50))


# -- jitter --------------------------------------------------------------------------------------------------------------


def frame(n: int) -> bytes:
    return bytes([n % 251]) * 160


def test_packets_out_of_order_come_out_in_order_and_lost_ones_as_silence() -> None:
    buffer, out = JitterBuffer(), []
    order = [0, 1, 3, 2, 4, 6, 5, 7, 9, 8, 10]  # 11 is lost
    for n in order:
        buffer.put(1000 + 160 * n, frame(n))
        if n >= 2:
            out.append(buffer.take())
    buffer.put(1000 + 160 * 12, frame(12))
    while (piece := buffer.take()) is not None:
        out.append(piece)
    assert out == [frame(n) for n in range(11)] + [sound.QUIET_FRAME, frame(12)]


def test_a_burst_does_not_make_the_delay_grow_and_a_pause_begins_anew() -> None:
    buffer = JitterBuffer()
    for n in range(40):
        buffer.put(160 * n, frame(n))
    waiting = []
    while (piece := buffer.take()) is not None:
        waiting.append(piece)
    assert len(waiting) <= 8
    assert waiting[-1] == frame(39)
    buffer.put(160 * 4000, frame(7))
    assert buffer.take() is None, "one packet alone may be early: wait for the second"
    buffer.put(160 * 4001, frame(8))
    assert [buffer.take(), buffer.take(), buffer.take()] == [frame(7), frame(8), None]


def test_a_time_stamp_that_wraps_is_no_break() -> None:
    buffer = JitterBuffer()
    for n in range(-2, 3):
        buffer.put((160 * n) & 0xFFFFFFFF, frame(n + 2))
    assert [buffer.take() for _ in range(5)] == [frame(n) for n in range(5)]


# -- keys ----------------------------------------------------------------------------------------------------------------


def heard(alaw: bytes) -> list[str]:
    keys: list[str] = []
    detector = ToneDetector(lambda digit, ms, method: keys.append(digit))
    for at in range(0, len(alaw), 160):
        detector.hear(alaw[at : at + 160])
    detector.hear(phone.silence_ms(200))
    return keys


ROWS, COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)


def key(digit: str, ms: int, level: int = 9000, twist: float = 1.0) -> bytes:
    at = "123A456B789C*0#D".index(digit)
    low, high = ROWS[at // 4], COLUMNS[at % 4]
    n = np.arange(8 * ms)
    wave = level * (np.sin(2 * np.pi * low / 8000 * n) + twist * np.sin(2 * np.pi * high / 8000 * n)) / 2
    return bytes(phone.a_law(int(v)) for v in wave)


def test_all_sixteen_keys_are_found_in_the_sound_at_many_lengths_levels_and_offsets() -> None:
    chance = random.Random(5)
    for digit in "123A456B789C*0#D":
        for ms, level, twist in ((45, 9000, 1.0), (70, 800, 1.0), (100, 30000, 1.0), (200, 5000, 0.6), (60, 5000, 1.6)):
            lead = phone.silence_ms(chance.randrange(1, 40))
            assert heard(lead + key(digit, ms, level, twist) + phone.silence_ms(80)) == [digit], (digit, ms, level, twist)


def test_the_same_key_twice_is_twice_and_a_long_one_is_once() -> None:
    assert heard(key("5", 60) + phone.silence_ms(60) + key("5", 60)) == ["5", "5"]
    assert heard(key("5", 2000)) == ["5"]


def test_tones_noise_and_vowels_are_no_keys() -> None:
    chance = np.random.default_rng(3)
    n = np.arange(8000 * 20)
    voice = sum(np.sin(2 * np.pi * h * (140 + 20 * np.sin(n / 9000)) / 8000 * n) / h for h in range(1, 20)) * 3000
    noise = chance.normal(0, 3000, 8000 * 20)
    for wave in (voice, noise):
        assert heard(sound.to_alaw(np.clip(wave, -32768, 32767).astype(np.int16))) == []
    for hz in phone.TONES:
        assert heard(phone.sine((hz,), 1000)) == []
    assert heard(phone.sine((350, 440), 1000)) == []
    assert heard(phone.sine((697,), 1000)) == []


def test_a_key_whose_end_packets_are_lost_is_told_once_all_the_same() -> None:
    keys: list[tuple[str, int]] = []
    receiver = EventReceiver(lambda digit, ms, method: keys.append((digit, ms)))
    for duration in (160, 320, 480):
        receiver.packet(struct.pack("!BBH", 5, 10, duration), 9000, 1.0)
    receiver.lapse(1.1)
    assert keys == []
    receiver.lapse(1.3)
    assert keys == [("5", 60)]
    for _ in range(3):
        receiver.packet(struct.pack("!BBH", 7, 0x8A, 800), 20_000, 2.0)
    assert keys == [("5", 60), ("7", 100)]
    receiver.packet(struct.pack("!BBH", 1, 10, 160), 30_000, 3.0)
    receiver.packet(struct.pack("!BBH", 2, 10, 160), 40_000, 3.1)
    assert keys[-1] == ("1", 20)
    receiver.packet(b"\x10", 1, 4.0)
    receiver.packet(struct.pack("!BBH", 200, 10, 160), 50_000, 5.0)
    assert len(keys) == 3


def test_keys_we_press_are_well_formed_packets_or_tones() -> None:
    sender = KeySender("4,#", 101)
    steps = []
    while (step := sender.next()) is not None:
        steps.append(step)
    events = [struct.unpack("!BBH", payload) for kind, payload, _, _ in steps if kind == 101]
    assert [e for e, _, _ in events] == [4] * 8 + [11] * 8
    assert [bool(flags & 0x80) for _, flags, _ in events[:8]] == [False] * 5 + [True] * 3
    assert [d for _, _, d in events[:8]] == [160, 320, 480, 640, 800, 800, 800, 800]
    tones = KeySender("4", -1)
    spoken = b""
    while (step := tones.next()) is not None:
        spoken += step[1]
    assert heard(spoken) == ["4"]


def test_a_key_pressed_while_another_sounds_comes_after_it_and_neither_twice() -> None:
    for early in range(12):
        sender = KeySender("5", 101)
        steps = [sender.next() for _ in range(early)]
        sender.press("5#")
        while (step := sender.next()) is not None:
            steps.append(step)
        begun = [struct.unpack("!BBH", step[1])[0] for step in steps if step is not None and step[0] == 101 and step[2]]
        assert begun == [5, 5, 11], f"pressed after {early} frames"


# -- RTCP ----------------------------------------------------------------------------------------------------------------


class _Stream:
    """What the report code looks at."""

    def __init__(self) -> None:
        self.ssrc, self.in_ssrc = 0x11223344, 0x55667788
        self.ts, self.packets_out, self.bytes_out = 8000, 50, 8000
        self.received, self.seq_base, self.seq_high = 90, 100, 199
        self.jitter = 16.0
        self.rtcp_state: dict[str, float] = {}

    def lost(self) -> int:
        return self.seq_high - self.seq_base + 1 - self.received


def test_our_report_says_what_was_sent_and_what_was_lost() -> None:
    stream = _Stream()
    data = rtcp.report(stream, 1_000_000.5, 10.0)  # type: ignore[arg-type]
    assert data[0] == 0x81
    assert data[1] == 200
    length = 4 * (int.from_bytes(data[2:4], "big") + 1)
    ssrc, seconds, fraction, stamp, packets, octets = struct.unpack_from("!6I", data, 4)
    assert (ssrc, seconds, stamp, packets, octets) == (0x11223344, 1_000_000 + 2_208_988_800, 8000, 50, 8000)
    assert fraction == 1 << 31
    about, loss, highest, jitter, _, _ = struct.unpack_from("!6I", data, 28)
    assert (about, loss & 0xFFFFFF, highest, jitter) == (0x55667788, 10, 199, 16)
    assert loss >> 24 == 25, "a tenth, in 1/256"
    assert data[length + 1] == 202
    assert b"fawang" in data[length:]
    assert len(data) % 4 == 0
    stream.received, stream.seq_high = 190, 299
    assert struct.unpack_from("!6I", rtcp.report(stream, 1_000_005.5, 15.0), 28)[1] >> 24 == 0  # type: ignore[arg-type]


def test_their_report_gives_loss_jitter_and_round_trip() -> None:
    stream = _Stream()
    now = 1_000_000.0
    sent_at = int((now - 0.25 + 2_208_988_800) * 65536) & 0xFFFFFFFF
    block = struct.pack("!6I", stream.ssrc, (64 << 24) | 3, 77, 80, sent_at, int(0.05 * 65536))
    data = struct.pack("!BBHI", 0x81, 201, 7, 0x55667788) + block
    seen = rtcp.read(stream, data, now, 20.0)  # type: ignore[arg-type]
    assert seen.loss == 0.25
    assert seen.jitter_ms == 10.0
    assert seen.round_trip_ms == pytest.approx(200, abs=0.1)
    for cut in range(len(data)):
        rtcp.read(stream, data[:cut], now, 20.0)  # type: ignore[arg-type]
    chance = random.Random(9)
    for _ in range(2000):
        rtcp.read(stream, chance.randbytes(chance.randrange(80)), now, 20.0)  # type: ignore[arg-type]
