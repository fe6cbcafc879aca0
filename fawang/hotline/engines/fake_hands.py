"""The hands of the fake engine: prompts take as long as they last, everybody hears tones, recordings are written as files."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fawang.hotline.engines import reports, sound
from fawang.hotline.engines.commands import Configure, Originate, RejectCause
from fawang.hotline.engines.core import Core
from fawang.hotline.engines.model import Leg, Recording, Room
from fawang.hotline.engines.port import Capabilities, PhoneView, TrunkView
from fawang.hotline.engines.timers import Timer

LONGEST_FILE_S = 600
"""A fake recording is cut here: simulations may let hours pass by hand."""


class _Tape:
    """What a recording has to hold: since when which tones on which track."""

    def __init__(self, since: float) -> None:
        self.since = since
        self.marks: list[tuple[float, frozenset[str], frozenset[str]]] = []


class FakeHands:
    """See ``driver.Driver``."""

    def __init__(self, core: Core, folder: Path) -> None:
        self.core = core
        self.folder = folder
        self.tones: dict[str, int] = {}
        self.dialled: Callable[[Leg, Originate], None] = lambda leg, order: None
        self.configuration: Configure | None = None
        self.keys: dict[str, str] = {}
        self.refers: dict[str, tuple[str, bool]] = {}
        self.refer_status: dict[str, int] = {}
        """By dialled target: what it reports about a transfer it is asked for; 200 if nothing is said."""
        self.sinks: dict[str, str] = {}
        self._ends: dict[str, tuple[str, Timer]] = {}
        self._since: dict[str, float] = {}
        self._tapes: dict[str, _Tape] = {}

    def capabilities(self) -> Capabilities:
        """See ``Driver``."""
        return Capabilities(kind="fake", refer=True, resume_after_crash=True, event_spool=True, media_sink=True, phones=True, max_legs=100_000)

    def can_dial(self, target: str) -> str:
        """See ``Driver``."""
        return "" if target.startswith(("sip:", "phone:", "trunk:")) and len(target) <= 300 and not any(ch.isspace() for ch in target) else "bad_value"

    def can_play(self, medium: str) -> str:
        """See ``Driver``."""
        try:
            sound.sound_of(medium)
        except sound.BadMedium as error:
            return str(error)
        return ""

    def ring(self, leg: Leg) -> None:
        """See ``Driver``."""

    def answer(self, leg: Leg) -> None:
        """See ``Driver``."""
        self.core.timers.after(0, lambda: reports.on_answered(self.core, leg.leg_id))

    def reject(self, leg: Leg, cause: RejectCause) -> None:
        """See ``Driver``."""

    def hang_up(self, leg: Leg, cause: str) -> None:
        """See ``Driver``."""

    def originate(self, leg: Leg, order: Originate) -> None:
        """See ``Driver``."""
        leg.call_ref = f"{leg.leg_id}@fake"

        def late() -> None:
            now = self.core.legs.get(leg.leg_id)
            if now and now.state in ("dialling", "alerting"):
                reports.on_ended(self.core, leg.leg_id, "no_answer", "far", code=408)

        self.core.timers.after(order.timeout_s, late)
        self.dialled(leg, order)

    def play(self, leg: Leg) -> None:
        """See ``Driver``."""
        playing = leg.playing
        if playing is None:
            return
        ms = sum(len(sound.sound_of(medium)) for medium in playing.media) * 1000 // sound.RATE

        def over() -> None:
            reports.on_play_over(self.core, leg.leg_id, playing.play_id, "finished", ms)
            self._mark()

        self._since[leg.leg_id] = self.core.timers.now()
        self._ends[leg.leg_id] = (playing.play_id, self.core.timers.after(ms / 1000, over))
        self._mark()

    def stop_play(self, leg: Leg) -> int:
        """See ``Driver``."""
        if leg.leg_id in self._ends:
            self._ends.pop(leg.leg_id)[1].cancel()
        self._mark()
        return round((self.core.timers.now() - self._since.get(leg.leg_id, self.core.timers.now())) * 1000)

    def music(self, leg: Leg) -> None:
        """See ``Driver``."""
        self._mark()

    def hearing(self, room: Room) -> None:
        """See ``Driver``."""
        self._mark()

    def alone(self, leg: Leg) -> None:
        """See ``Driver``."""
        self._mark()

    def heard(self, leg_id: str) -> set[str]:
        """What a leg hears now."""
        leg = self.core.legs.get(leg_id)
        if leg is None:
            return set()
        if leg.playing:
            passed = self.core.timers.now() - leg.playing.since
            for medium in leg.playing.media:
                passed -= len(sound.sound_of(medium)) / sound.RATE
                if passed < 0:
                    return {f"play:{medium}"}
            return {f"play:{leg.playing.media[-1]}"}
        if leg.music:
            return {f"music:{leg.music}"}
        room = self.core.rooms.get(leg.bridge_id)
        if room is None:
            return set()
        return {f"leg:{other}" for other in room.members if room.audible(other, leg_id) and not self.core.legs[other].music}

    # -- recordings ------------------------------------------------------------------------------------------------

    def record(self, recording: Recording, leg: Leg) -> str:
        """See ``Driver``."""
        self._tapes[recording.rec_id] = _Tape(self.core.timers.now())
        self._mark()
        return str(self.folder / f"{recording.rec_id}.wav")

    def pause_record(self, recording: Recording) -> None:
        """See ``Driver``."""
        self._mark()

    def _mark(self) -> None:
        for recording in self.core.recordings.values():
            if tape := self._tapes.get(recording.rec_id):
                said = frozenset({f"leg:{recording.leg_id}"})
                pair = (frozenset(), frozenset()) if recording.paused else (said, frozenset(self.heard(recording.leg_id)))
                tape.marks.append((self.core.timers.now(), *pair))

    def stop_record(self, recording: Recording) -> None:
        """See ``Driver``."""
        tape = self._tapes.pop(recording.rec_id, None) or _Tape(self.core.timers.now())
        end = min(self.core.timers.now(), tape.since + LONGEST_FILE_S)
        tracks = [bytearray(), bytearray()]
        for n, (at, said, heard) in enumerate(tape.marks):
            until = min(end, tape.marks[n + 1][0] if n + 1 < len(tape.marks) else end)
            for track, sources in zip(tracks, (said, heard), strict=True):
                start, stop = (round((moment - tape.since) * sound.RATE) for moment in (at, until))
                track += self._sound(sources, max(0, stop - start))
        length = max(len(t) for t in tracks)
        body = np.full((length, 2), sound.SILENCE[0], np.uint8)
        for channel, track in enumerate(tracks):
            body[: len(track), channel] = np.frombuffer(bytes(track), np.uint8)
        data = sound.wav_header(length) + body.tobytes()
        Path(recording.path).write_bytes(data)
        rec_id, ms, digest = recording.rec_id, length * 1000 // sound.RATE, hashlib.sha256(data).hexdigest()
        self.core.timers.after(0, lambda: reports.on_record_over(self.core, rec_id, ms=ms, sha256=digest, size=len(data)))

    def _sound(self, sources: frozenset[str], samples: int) -> bytes:
        frequencies: list[int] = []
        for source in sources:
            kind, _, rest = source.partition(":")
            found = sound.MEDIUM.fullmatch(rest)
            if kind == "leg":
                frequencies.append(self.tones.get(rest, 0))
            elif found and found["hz"]:
                frequencies += [int(hz) for hz in found["hz"].split("+")]
        audible = tuple(sorted(hz for hz in frequencies if hz))
        ms = -(-samples * 1000 // sound.RATE)
        return (sound.tone(audible, ms)[:samples] if audible else b"").ljust(samples, sound.SILENCE)

    # -- the rest --------------------------------------------------------------------------------------------------

    def refer(self, leg: Leg, uri: str) -> None:
        """See ``Driver``."""
        status = self.refer_status.get(leg.to_number, 200)
        self.core.timers.after(0, lambda: reports.on_transfer_result(self.core, leg.leg_id, status < 300, status))

    def refer_answer(self, leg: Leg, refer_id: str, ok: bool) -> None:
        """See ``Driver``."""
        self.refers[refer_id] = (leg.leg_id, ok)

    def send_digits(self, leg: Leg, digits: str) -> None:
        """See ``Driver``."""
        self.keys[leg.leg_id] = self.keys.get(leg.leg_id, "") + digits.replace(",", "")

    def media_sink(self, leg: Leg, url: str) -> None:
        """See ``Driver``."""
        self.sinks[leg.leg_id] = url

    def drain(self, on: bool) -> None:
        """See ``Driver``."""

    def can_configure(self, order: Configure) -> str:
        """See ``Driver``."""
        return next((f"{medium}: {why}" for medium in order.fallback.media if (why := self.can_play(medium))), "")

    def configure(self, order: Configure) -> None:
        """See ``Driver``."""
        self.configuration = order

    def phones(self) -> tuple[PhoneView, ...]:
        """See ``Driver``."""
        return ()

    def trunks(self) -> tuple[TrunkView, ...]:
        """See ``Driver``."""
        return tuple(TrunkView(name=t.name, up=True, legs=0) for t in self.configuration.trunks) if self.configuration else ()

    def leg_over(self, leg: Leg) -> dict[str, int]:
        """See ``Driver``."""
        self._ends.pop(leg.leg_id, None)
        return {}

    def forget_all(self) -> None:
        """Everything is lost."""
        for _, timer in self._ends.values():
            timer.cancel()
        self._ends.clear()
        self._tapes.clear()
