"""Events: what an engine tells. Immutable; (``engine_id``, ``boot_id``, ``seq``) names one for ever, and ``seq`` never goes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Side = Literal["far", "us", "engine"]
EndCause = Literal[
    "normal", "cancelled", "busy", "no_answer", "rejected", "unreachable", "not_found", "timeout", "session_expired", "media_lost",
    "fallback", "drained", "transferred", "engine_lost", "error",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """Anything an engine tells. ``at`` is UTC in ISO 8601 with milliseconds."""

    engine_id: str
    boot_id: str
    seq: int
    at: str


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineUp(Event):
    """First event of every boot. ``adopted``: legs taken over alive from the process before."""

    adopted: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineDown(Event):
    """Last event of an orderly stop."""

    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class EventsLost(Event):
    """What followed the reader's cursor is gone: compare the snapshot with the rows. ``seq`` is the engine's present number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LegEvent(Event):
    """An event about one leg."""

    leg_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LegOffered(LegEvent):
    """Somebody calls. Numbers are as sent by the network: never proof of identity, never to be shown unescaped."""

    call_ref: str
    to_number: str
    from_number: str
    from_name: str = ""
    asserted: str = ""
    """P-Asserted-Identity of a trunk, empty otherwise."""
    trunk: str = ""
    account: str = ""
    """The desk phone account, if the call came from an authenticated one."""
    source: str = ""
    """Network address it came from, ``udp:192.0.2.1:5060``."""
    headers: tuple[tuple[str, str], ...] = ()
    """``X-…``, ``Diversion``, ``History-Info``, ``User-Agent`` as received."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LegRinging(LegEvent):
    """The far side of an originated leg rings."""

    early_media: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class LegAnswered(LegEvent):
    """Both sides can speak now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LegEnded(LegEvent):
    """A leg is over: exactly one, and nothing of the leg follows but ``RecordDone``. ``side`` is who ended it; packets are RTP, as counted by us."""

    cause: EndCause
    side: Side
    code: int = 0
    """SIP status or Q.850 cause as seen on the wire, 0 if none."""
    detail: str = ""
    talk_ms: int = 0
    packets_in: int = 0
    packets_out: int = 0
    packets_lost: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class LegHeld(LegEvent):
    """The far side put us on hold (``on``) or took us back."""

    on: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Digit(LegEvent):
    """One key, once, when it is let go."""

    digit: str
    ms: int = 0
    method: Literal["rfc4733", "inband", "info", "scripted"] = "rfc4733"


@dataclass(frozen=True, kw_only=True, slots=True)
class DigitsDone(LegEvent):
    """A ``Collect`` is over."""

    digits_id: str
    digits: str
    reason: Literal["max", "terminator", "timeout", "stopped", "replaced", "leg_ended"]


@dataclass(frozen=True, kw_only=True, slots=True)
class PlayStarted(LegEvent):
    """A prompt begins to sound."""

    play_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PlayDone(LegEvent):
    """A prompt is over; ``ms_played`` was heard."""

    play_id: str
    reason: Literal["finished", "stopped", "interrupted", "replaced", "failed", "leg_ended"]
    ms_played: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Joined(LegEvent):
    """A leg is in a bridge (also: its ears were set anew)."""

    bridge_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Left(LegEvent):
    """A leg is out of a bridge."""

    bridge_id: str
    reason: Literal["left", "moved", "unbridged", "leg_ended"]


@dataclass(frozen=True, kw_only=True, slots=True)
class BridgeEnded(Event):
    """A bridge is gone: by ``Unbridge`` or because its last leg left."""

    bridge_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PathSet(Event):
    """A direction inside a bridge is as asked."""

    bridge_id: str
    from_leg: str
    to_leg: str
    hear: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordStarted(LegEvent):
    """A recording runs; ``path`` is on the engine's host."""

    rec_id: str
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordDone(LegEvent):
    """A recording is whole and on the disk. ``sha256`` is of the file; ``gaps_ms`` is time lost to a crash, silent in the file."""

    rec_id: str
    path: str
    ms: int
    sha256: str
    size: int
    reason: Literal["stopped", "leg_ended", "failed"]
    gaps_ms: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ReferRequested(LegEvent):
    """A phone pressed transfer. ``replaces_leg`` names the consulted leg if the transfer is attended. Answer with ``ReferAnswer``."""

    refer_id: str
    target: str
    replaces_leg: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class TransferResult(LegEvent):
    """How a ``TransferRefer`` came out: the final status the far side reported."""

    ok: bool
    code: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class MediaLost(LegEvent):
    """No sound packet from the leg for so long; told again after every further span of the same length."""

    silent_ms: int
    control_ms: int = -1
    """Since its last RTCP: who is muted and sends no sound may still be there; -1 when none ever came."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MediaBack(LegEvent):
    """Sound packets again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality(LegEvent):
    """Told now and then for answered legs: share of packets lost (0 to 1) in both directions, jitter and round trip in milliseconds (-1 = unknown)."""

    loss_in: float
    jitter_in_ms: float
    loss_out: float = -1.0
    jitter_out_ms: float = -1.0
    round_trip_ms: float = -1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class CommandFailed(Event):
    """A command accepted before could not be carried out."""

    command_id: str
    reason: str
    leg_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PhoneRegistered(Event):
    """A desk phone is reachable (again)."""

    account: str
    contact: str
    until: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PhoneGone(Event):
    """A desk phone went, or let its registration run out."""

    account: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TrunkState(Event):
    """A trunk answers our keep-alive, or no longer."""

    trunk: str
    up: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Draining(Event):
    """New calls are refused from now on, or taken again."""

    on: bool
