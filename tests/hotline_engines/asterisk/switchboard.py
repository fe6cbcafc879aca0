"""What an Asterisk holds, for the tests: channels, mixing bridges, snoops, playbacks, MixMonitor; and who hears what.

Sound is a set of tones. The rules are Asterisk's: a bridge mixes everybody who is not muted inwards for everybody who is not muted outwards; a snoop
with ``spy=in`` carries what its target says, muted or not; one with ``whisper=out`` brings what it is fed into the target's ear; a channel that plays hears
only that, and inside a bridge it is not mixed meanwhile.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tests.hotline_engines.phone import A_TABLE, TONES, tones_in

CHUNK = 32768
"""Asterisk's write buffer of a recording, in bytes."""


@dataclass
class Playback:
    playback_id: str
    channel_id: str
    media: list[str]
    state: str = "queued"
    at: int = 0

    def json(self) -> dict[str, Any]:
        return {
            "id": self.playback_id, "media_uri": self.media[min(self.at, len(self.media) - 1)], "target_uri": f"channel:{self.channel_id}",
            "language": "en", "state": self.state,
        }  # fmt: skip


@dataclass
class Line:
    """A channel."""

    channel_id: str
    name: str
    state: str
    caller: tuple[str, str] = ("", "")
    exten: str = "s"
    context: str = "fawang-out"
    tone: int = 0
    app_data: str = ""
    in_app: bool = False
    variables: dict[str, str] = field(default_factory=dict)
    muted: set[str] = field(default_factory=set)
    playbacks: list[Playback] = field(default_factory=list)
    keys: str = ""
    answered: bool = False
    snoop: tuple[str, str, str] | None = None
    """Target, spy, whisper."""
    created: str = ""
    asked: dict[str, Any] = field(default_factory=dict)
    """The request that made it."""

    def json(self) -> dict[str, Any]:
        name, number = self.caller
        return {
            "id": self.channel_id, "name": self.name, "state": self.state, "protocol_id": f"{self.channel_id}@test", "caller": {"name": name, "number": number},
            "connected": {"name": "", "number": ""}, "accountcode": "", "dialplan": {
                "context": self.context, "exten": self.exten, "priority": 6, "app_name": "Stasis" if self.in_app else "AppDial2",
                "app_data": self.app_data if self.in_app else "(Outgoing Line)",
            }, "creationtime": self.created, "language": "en", **({"channelvars": self.variables} if self.variables else {}),
        }  # fmt: skip


@dataclass
class Mix:
    """A bridge."""

    bridge_id: str
    name: str
    kind: str
    channels: list[str] = field(default_factory=list)
    created: str = ""

    def json(self) -> dict[str, Any]:
        return {
            "id": self.bridge_id, "technology": "softmix", "bridge_type": "mixing", "bridge_class": "stasis", "creator": "Stasis", "name": self.name,
            "channels": list(self.channels), "creationtime": self.created, "video_mode": "talker",
        }  # fmt: skip


class Switchboard:
    """The whole state, and sound."""

    def __init__(self, raw: Path) -> None:
        self.raw = raw
        self.lines: dict[str, Line] = {}
        self.bridges: dict[str, Mix] = {}
        self.tapes: dict[str, Tape] = {}
        self._files: dict[str, tuple[frozenset[int], int]] = {}

    def bridge_of(self, channel_id: str) -> Mix | None:
        return next((b for b in self.bridges.values() if channel_id in b.channels), None)

    def file(self, uri: str) -> tuple[frozenset[int], int]:
        """Tones and milliseconds of ``sound:<path>``; Asterisk adds the extension of a format it knows. Raises FileNotFoundError."""
        if uri not in self._files:
            data = Path(uri.removeprefix("sound:") + ".alaw").read_bytes()
            self._files[uri] = frozenset(tones_in([A_TABLE[code] for code in data[:1600]], TONES)), len(data) // 8
        return self._files[uri]

    def says(self, channel_id: str) -> frozenset[int]:
        """What a channel brings into a bridge."""
        line = self.lines.get(channel_id)
        if line is None:
            return frozenset()
        if line.snoop:
            target, spy, _ = line.snoop
            return self._voice(target) if spy in ("in", "both") else frozenset()
        return frozenset() if "in" in line.muted or line.playbacks else self._voice(channel_id)

    def _voice(self, channel_id: str) -> frozenset[int]:
        line = self.lines.get(channel_id)
        return frozenset({line.tone}) if line and line.tone and line.state == "Up" else frozenset()

    def hears(self, channel_id: str, *, whispers: bool = True) -> frozenset[int]:
        """Tones in the ear of a channel."""
        line = self.lines.get(channel_id)
        if line is None or line.state != "Up":
            return frozenset()
        found: frozenset[int] = frozenset()
        if line.playbacks:
            playing = line.playbacks[0]
            found = self.file(playing.media[playing.at])[0] if playing.state == "playing" else found
        elif "out" not in line.muted and (bridge := self.bridge_of(channel_id)):
            found = found.union(*(self.says(other) for other in bridge.channels if other != channel_id))
        if whispers:
            for snoop in self.lines.values():
                if snoop.snoop and snoop.snoop[0] == channel_id and snoop.snoop[2] == "out" and (fed := self.bridge_of(snoop.channel_id)):
                    found = found.union(*(self.says(other) for other in fed.channels if other != snoop.channel_id))
        return found

    # -- MixMonitor --------------------------------------------------------------------------------------------------

    def monitor(self, channel_id: str) -> None:
        """``MixMonitor(<uniqueid>.raw,D)``."""
        self.tapes[channel_id] = Tape(self.raw / f"{channel_id}.raw")
        self.mark()

    def mark(self) -> None:
        """Something changed: what was heard until now is settled."""
        now = time.time()
        for channel_id, tape in self.tapes.items():
            if line := self.lines.get(channel_id):
                tape.change(now, self._voice(channel_id), self.hears(channel_id, whispers=False), audible=line.state == "Up")

    def flush(self) -> None:
        for tape in self.tapes.values():
            tape.flush(time.time())

    def close_tape(self, channel_id: str) -> None:
        if tape := self.tapes.pop(channel_id, None):
            tape.flush(time.time(), whole=True)


class Tape:
    """One raw file: 16-bit stereo, appended in whole buffers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.began = 0.0
        self.marks: list[tuple[float, frozenset[int], frozenset[int]]] = []
        self.samples = 0
        path.write_bytes(b"")

    def change(self, now: float, said: frozenset[int], heard: frozenset[int], *, audible: bool) -> None:
        if not self.began and not audible:
            return
        self.began = self.began or now
        if not self.marks or self.marks[-1][1:] != (said, heard):
            self.marks.append((now, said, heard))

    def flush(self, now: float, *, whole: bool = False) -> None:
        if not self.began:
            return
        due = int((now - self.began) * 8000)
        due = due if whole else due * 4 // CHUNK * CHUNK // 4
        if due <= self.samples:
            return
        both = np.zeros((due - self.samples, 2))
        for n, (at, *sides) in enumerate(self.marks):
            until = self.marks[n + 1][0] if n + 1 < len(self.marks) else now + 1
            first, last = (min(max(int((moment - self.began) * 8000), self.samples), due) for moment in (at, until))
            t = np.arange(first, last) / 8000
            for side, tones in enumerate(sides):
                for hz in tones:
                    both[first - self.samples : last - self.samples, side] += 5000 * np.sin(2 * np.pi * hz * t)
        with self.path.open("ab") as file:
            file.write(both.astype("<i2").tobytes())
        self.samples = due
        when = self.began + due / 8000
        os.utime(self.path, (when, when))
