"""The recorder by itself: where a packet is laid when machine or caller stood still, and who may write a file."""

from __future__ import annotations

import array
import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import numpy as np

from fawang.hotline.engines.embedded.recorder import Recording
from tests.hotline_engines.process import ROOT

PACKET_MS, SAMPLES = 20, 160


def code(n: int) -> bytes:
    """The sound of packet ``n``: one A-law code, never silence."""
    return bytes([1 + n % 80]) * SAMPLES


def left(path: Path) -> list[int]:
    """The first code of every 20 ms of the said side, past the header."""
    data = path.read_bytes()
    both = np.frombuffer(data[data.index(b"data") + 8 :], np.uint8).reshape(-1, 2)
    return [int(n) for n in both[::SAMPLES, 0]]


def unread(process: subprocess.Popen[bytes]) -> int:
    """Bytes in a process's standard input that it has not taken yet."""
    assert process.stdin
    count = array.array("i", [0])
    fcntl.ioctl(process.stdin, termios.FIONREAD, count)
    return count[0]


def written(path: Path, arrivals: list[tuple[int, int, int]]) -> list[int]:
    """A file from (arrival in ms, time stamp, packet), written as the clock goes on: everything 0.2 s old is on the disk before the next packet."""
    recording = Recording(1, "r", str(path), 0.0, False)
    for at_ms, stamp, n in arrivals:
        recording.flush((at_ms - 200) * 8)
        recording.put(0, at_ms, stamp, code(n))
    recording.end(recording.clock(0.0) + recording.pending() / 8000)
    recording.finish()
    return left(path)


def test_sound_that_comes_at_its_pace_is_laid_one_after_another(tmp_path: Path) -> None:
    assert written(tmp_path / "r.wav", [(n * 20, 7000 + n * 160, n) for n in range(200)]) == [1 + n % 80 for n in range(200)]


def test_sound_that_comes_in_a_heap_after_a_standstill_is_laid_where_its_stamps_say_and_none_of_it_is_lost(tmp_path: Path) -> None:
    for stall in (300, 900, 3000):
        heap = [(max(n * 20, 1000 + stall) if 1000 <= n * 20 <= 1000 + stall else n * 20, n * 160, n) for n in range(300)]
        assert written(tmp_path / f"{stall}.wav", heap) == [1 + n % 80 for n in range(300)], stall


def test_stamps_that_stood_still_over_a_pause_go_on_where_the_clock_is(tmp_path: Path) -> None:
    pause = 2000
    arrivals = [(n * 20 + (pause if n >= 100 else 0), n * 160, n) for n in range(300)]
    found = written(tmp_path / "r.wav", arrivals)
    assert found[:100] == [1 + n % 80 for n in range(100)]
    assert found[-150:] == [1 + n % 80 for n in range(150, 300)]
    assert len(found) == 300 + pause // PACKET_MS


def test_a_source_with_stamps_of_its_own_begins_at_the_clock(tmp_path: Path) -> None:
    arrivals = [(n * 20, n * 160 + (0x70000000 if n >= 100 else 0), n) for n in range(200)]
    assert written(tmp_path / "r.wav", arrivals) == [1 + n % 80 for n in range(200)]


def test_a_file_is_gone_on_with_only_once_the_recorder_before_has_let_go_of_it(tmp_path: Path) -> None:
    """The engine died; its recorder is slow to read the rest of its pipe. The next one neither overwrites nor loses what that still writes."""
    from fawang.hotline.engines.embedded.media.tape import ORDER, PACKET

    path = tmp_path / "r.wav"
    command = [sys.executable, "-m", "fawang.hotline.engines.embedded.recorder"]
    began = time.monotonic()

    def order(**values: object) -> bytes:
        text = json.dumps(values).encode()
        return PACKET.pack(ORDER, 0, 0, 0, 0, len(text)) + text

    def packets(first: int, last: int) -> bytes:
        return b"".join(PACKET.pack(0, 0, 1, n * 20, n * 160, SAMPLES) + code(n) for n in range(first, last))

    def recorder() -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    with recorder() as slow, recorder() as following:
        assert slow.stdin
        assert following.stdin
        assert following.stdout
        slow.stdin.write(order(open=1, rec="r", path=str(path), since=began, again=False) + packets(0, 20))
        slow.stdin.flush()
        while not path.exists() or path.stat().st_size < 44 + 2 * SAMPLES:
            time.sleep(0.01)
        slow.send_signal(signal.SIGSTOP)
        slow.stdin.write(packets(20, 100))
        slow.stdin.close()
        following.stdin.write(order(open=1, rec="r", path=str(path), since=began, again=True) + packets(150, 200) + order(close=1, at=began + 4.0))
        following.stdin.flush()
        while unread(following):
            time.sleep(0.01)
        time.sleep(0.3)
        slow.send_signal(signal.SIGCONT)
        done = json.loads(following.stdout.readline())
        while done["what"] == "safe":
            done = json.loads(following.stdout.readline())
        following.stdin.close()
        slow.wait(10)
    found = left(path)
    assert (done["what"], done["sha256"]) == ("done", hashlib.sha256(path.read_bytes()).hexdigest()), "nobody wrote into it after that"
    assert found[:100] == [1 + n % 80 for n in range(100)]
    assert found[150:200] == [1 + n % 80 for n in range(150, 200)]
