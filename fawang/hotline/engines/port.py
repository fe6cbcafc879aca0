"""The port every telephone engine stands behind: what may be asked of it, what it tells, what it shows.

Words: a *leg* is one party's connection with the engine; a *bridge* lets legs hear each other; a *recording* keeps what one leg
said and heard. Ids are made by the caller of the port (an inbound leg's id by the engine), so that a lost reply never hides a
created object: ask again with the same ``command_id`` and get the first answer.

A command returns when it is *accepted*; what comes of it is told as an event. Events carry the engine's boot id and a number that
only grows. After a break: :meth:`TelephonyEngine.snapshot` is the truth, :meth:`TelephonyEngine.events` continues after a cursor.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from fawang.hotline.engines.commands import Command
from fawang.hotline.engines.events import Event


class EngineError(Exception):
    """Something the engine could not accept; nothing has changed."""


class EngineUnavailable(EngineError):
    """The engine cannot be reached or did not answer in time; the command may or may not have been taken: send it again with the same id."""


class NoSuchLeg(EngineError):
    """The leg (or bridge, prompt, recording) named is not there, or is over."""


class Rejected(EngineError):
    """The engine understood and refuses; ``reason`` is a code (``bad_state``, ``bad_value``, ``unsupported``, ``draining``, ``conflict``, ``full``)."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """The engine took the command; ``repeated`` if it had taken one with this id before and did nothing now."""

    command_id: str
    repeated: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Cursor:
    """The last event a reader has dealt with."""

    boot_id: str
    seq: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Capabilities:
    """What this engine can do beyond the least every engine does."""

    kind: str
    """``embedded``, ``asterisk`` or ``fake``."""
    refer: bool = False
    """``TransferRefer`` works."""
    resume_after_crash: bool = False
    """Live legs, bridges and recordings outlast the engine process."""
    event_spool: bool = False
    """Events are kept until acknowledged, over restarts. Without it the adapter makes up for a gap from a re-list."""
    media_sink: bool = False
    phones: bool = False
    """Takes registrations of desk phones itself."""
    inband_digits: bool = False
    max_legs: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class LegView:
    """A leg as it stands. ``state``: ``offered``, ``ringing`` (we ring the caller), ``dialling``, ``alerting`` (the far side rings),
    ``answering`` (taken, not confirmed yet; can be played to), ``answered``."""

    leg_id: str
    direction: str
    """``in`` or ``out``."""
    state: str
    to_number: str
    from_number: str
    call_ref: str
    """The identifier the other side knows the call by (SIP Call-ID, Asterisk channel id)."""
    started_at: str
    answered_at: str = ""
    bridge_id: str = ""
    play_id: str = ""
    digits_id: str = ""
    music: str = ""
    held_by_far: bool = False
    trunk: str = ""
    digits_waiting: str = ""
    """Digits pressed that no ``Collect`` has taken yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PathView:
    """One direction inside a bridge that is not as the members' ears say: set by ``SetPath``."""

    from_leg: str
    to_leg: str
    hear: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberView:
    """A leg in a bridge and its ears: ``None`` means everybody, also those who come later."""

    leg_id: str
    hears: tuple[str, ...] | None = None
    heard_by: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class BridgeView:
    """A bridge, its members in the order they came, and the paths set one by one."""

    bridge_id: str
    members: tuple[MemberView, ...]
    paths: tuple[PathView, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordingView:
    """A recording that is not over; ``safe_ms`` is how much is on the disk for certain, ``closing`` that its ``RecordDone`` is still to come."""

    rec_id: str
    leg_id: str
    path: str
    paused: bool = False
    safe_ms: int = 0
    closing: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PhoneView:
    """A desk phone that is registered now."""

    account: str
    contact: str
    until: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TrunkView:
    """A trunk and whether it answers our keep-alive."""

    name: str
    up: bool
    legs: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """All that lives in the engine at one instant; events up to and including ``seq`` are contained in it."""

    engine_id: str
    boot_id: str
    seq: int
    at: str
    draining: bool
    legs: tuple[LegView, ...]
    bridges: tuple[BridgeView, ...]
    recordings: tuple[RecordingView, ...]
    phones: tuple[PhoneView, ...] = ()
    trunks: tuple[TrunkView, ...] = ()

    def leg(self, leg_id: str) -> LegView | None:
        """The leg of that id, if it lives."""
        return next((leg for leg in self.legs if leg.leg_id == leg_id), None)

    def bridge(self, bridge_id: str) -> BridgeView | None:
        """The bridge of that id, if it lives."""
        return next((b for b in self.bridges if b.bridge_id == bridge_id), None)

    def recording(self, rec_id: str) -> RecordingView | None:
        """The recording of that id, if it runs."""
        return next((r for r in self.recordings if r.rec_id == rec_id), None)


class TelephonyEngine(Protocol):
    """What the hotline room knows of an engine.

    Every method raises only :class:`EngineUnavailable`, :class:`NoSuchLeg` or :class:`Rejected`.
    """

    @property
    def engine_id(self) -> str:
        """The name given to this engine by configuration; with boot id and number it names an event for ever."""
        ...

    async def do(self, command: Command) -> Accepted:
        """Ask for something. Repeating a ``command_id`` gives the first answer (or refusal) and does nothing again; ids are remembered at least an hour."""
        ...

    async def snapshot(self) -> Snapshot:
        """The whole state: the basis of reconciliation after any break."""
        ...

    def events(self, after: Cursor | None = None) -> AsyncIterator[Event]:
        """Events after a cursor, oldest first, then live without end. ``None``: from the oldest still kept.

        If the engine no longer holds what follows the cursor, the first event is ``EventsLost``: compare with :meth:`snapshot`.
        The iterator ends by :class:`EngineUnavailable` when the connection breaks; call again with the last cursor.
        """
        ...

    async def acknowledge(self, upto: Cursor) -> None:
        """Events up to here are safe with the reader; the engine may forget them."""
        ...

    async def capabilities(self) -> Capabilities:
        """What this engine can do."""
        ...

    async def close(self) -> None:
        """Let go of the connection. Calls go on."""
        ...
