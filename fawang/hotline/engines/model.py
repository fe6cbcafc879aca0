"""What a call consists of inside an engine: legs, bridges, recordings, as plain mutable records. No sound, no network."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from fawang.hotline.engines.port import BridgeView, LegView, MemberView, PathView, RecordingView

SPEAKABLE = ("answering", "answered")
"""States in which a leg can be played to, recorded, bridged."""
DIGITS_KEPT = 32


@dataclass(slots=True)
class Playing:
    """The prompt that sounds now."""

    play_id: str
    media: tuple[str, ...]
    interruptible: bool
    since: float
    """Monotonic seconds; the same clock in the process after a restart."""
    record: str = ""
    """The recording that begins at its end."""


@dataclass(slots=True)
class Collecting:
    """The gathering of digits under way."""

    digits_id: str
    max_digits: int
    terminators: str
    first_timeout_s: float
    inter_timeout_s: float
    digits: str = ""


@dataclass(slots=True)
class Leg:
    """One party."""

    leg_id: str
    direction: str
    state: str
    to_number: str
    from_number: str
    call_ref: str
    started_at: str
    answered_at: str = ""
    answered_mono: float = 0.0
    bridge_id: str = ""
    music: str = ""
    held_by_far: bool = False
    trunk: str = ""
    waiting: str = ""
    playing: Playing | None = None
    collecting: Collecting | None = None

    def view(self) -> LegView:
        """As shown in a snapshot."""
        return LegView(
            leg_id=self.leg_id,
            direction=self.direction,
            state=self.state,
            to_number=self.to_number,
            from_number=self.from_number,
            call_ref=self.call_ref,
            started_at=self.started_at,
            answered_at=self.answered_at,
            bridge_id=self.bridge_id,
            play_id=self.playing.play_id if self.playing else "",
            digits_id=self.collecting.digits_id if self.collecting else "",
            music=self.music,
            held_by_far=self.held_by_far,
            trunk=self.trunk,
            digits_waiting=self.waiting,
        )


@dataclass(slots=True)
class Ears:
    """Whom a member hears and who hears it; ``None`` = everybody."""

    hears: tuple[str, ...] | None = None
    heard_by: tuple[str, ...] | None = None


@dataclass(slots=True)
class Room:
    """A bridge."""

    bridge_id: str
    members: dict[str, Ears] = field(default_factory=dict)
    paths: dict[tuple[str, str], bool] = field(default_factory=dict)

    def audible(self, speaker: str, ear: str) -> bool:
        """Whether ``ear`` is to hear ``speaker``: a path set one by one decides, else both members' ears must agree."""
        if speaker == ear:
            return False
        if (said := self.paths.get((speaker, ear))) is not None:
            return said
        heard_by, hears = self.members[speaker].heard_by, self.members[ear].hears
        return (heard_by is None or ear in heard_by) and (hears is None or speaker in hears)

    def forget_paths_of(self, leg_id: str) -> None:
        """Drop what was set one by one about a leg."""
        self.paths = {pair: hear for pair, hear in self.paths.items() if leg_id not in pair}

    def view(self) -> BridgeView:
        """As shown in a snapshot."""
        return BridgeView(
            bridge_id=self.bridge_id,
            members=tuple(MemberView(leg_id=leg, hears=ears.hears, heard_by=ears.heard_by) for leg, ears in self.members.items()),
            paths=tuple(PathView(from_leg=f, to_leg=t, hear=hear) for (f, t), hear in self.paths.items()),
        )


@dataclass(slots=True)
class Recording:
    """A running recording."""

    rec_id: str
    leg_id: str
    path: str
    paused: bool = False
    safe_ms: int = 0
    since: float = 0.0
    """Monotonic."""
    stopping: str = ""
    """Why it is being closed, once it is."""

    def view(self) -> RecordingView:
        """As shown in a snapshot."""
        return RecordingView(rec_id=self.rec_id, leg_id=self.leg_id, path=self.path, paused=self.paused, safe_ms=self.safe_ms, closing=bool(self.stopping))


def leg_from(data: dict[str, object]) -> Leg:
    """A leg as kept by ``wire.plain``."""
    values = dict(data)
    for name, kind in (("playing", Playing), ("collecting", Collecting)):
        kept = values.get(name)
        if isinstance(kept, dict):
            values[name] = kind(**{**kept, **({"media": tuple(kept["media"])} if "media" in kept else {})})
    return Leg(**values)  # type: ignore[arg-type]


def room_to(room: Room) -> dict[str, object]:
    """A bridge as plain JSON."""
    return {
        "bridge_id": room.bridge_id,
        "members": [[leg, ears.hears, ears.heard_by] for leg, ears in room.members.items()],
        "paths": [[f, t, hear] for (f, t), hear in room.paths.items()],
    }


def room_from(data: dict[str, object]) -> Room:
    """A bridge as kept by :func:`room_to`."""

    def ears(value: object) -> tuple[str, ...] | None:
        return None if value is None else tuple(value)  # type: ignore[arg-type]

    members = {leg: Ears(ears(hears), ears(heard_by)) for leg, hears, heard_by in data["members"]}  # type: ignore[attr-defined]
    paths = {(f, t): bool(hear) for f, t, hear in data["paths"]}  # type: ignore[attr-defined]
    return Room(str(data["bridge_id"]), members, paths)


def recording_from(data: dict[str, object]) -> Recording:
    """A recording as kept by ``wire.plain``."""
    return Recording(**{f.name: data[f.name] for f in dataclasses.fields(Recording) if f.name in data})  # type: ignore[arg-type]
