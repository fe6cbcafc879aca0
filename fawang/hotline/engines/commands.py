"""Commands: typed, immutable, each with an id made by the caller. They can wait in an outbox (see ``wire``) and be sent again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

RejectCause = Literal["busy", "unavailable", "forbidden", "not_found", "declined", "overloaded"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """Anything asked of an engine. Two commands with one id are the same command."""

    command_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LegCommand(Command):
    """A command about one leg."""

    leg_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Ring(LegCommand):
    """Let the caller hear ringing (180). Only while the leg is offered."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer(LegCommand):
    """Take an offered call; ``LegAnswered`` follows. Answering an answered leg is accepted and changes nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reject(LegCommand):
    """Refuse an offered call; ``LegEnded`` follows with side ``us``."""

    cause: RejectCause = "declined"


@dataclass(frozen=True, kw_only=True, slots=True)
class HangUp(LegCommand):
    """End a leg in whatever state it is; ``LegEnded`` follows with side ``us`` unless the far side was quicker."""

    cause: str = "normal"


@dataclass(frozen=True, kw_only=True, slots=True)
class Originate(LegCommand):
    """Call somebody under a ``leg_id`` of ours. ``LegRinging``, then ``LegAnswered`` or ``LegEnded`` follow.

    ``target``: ``sip:user@host:port;transport=tcp`` (a seat gateway, another site), ``phone:<account>`` (a registered desk phone, all its
    contacts ring), ``trunk:<name>/<number>`` (the public network). What may be dialled by whom is decided by the room, not here.
    """

    target: str
    caller_id: str
    caller_name: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    """Extra headers, ``X-…`` only."""
    timeout_s: float = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Play(LegCommand):
    """Play a list of media one after another to the leg; a new ``Play`` replaces the running one (``PlayDone`` reason ``replaced``).

    Media: ``file:/absolute/path.wav`` (mono, 8 or 16 kHz, 16-bit PCM, A-law or µ-law), ``tone:<hz>[+<hz>]/<ms>``, ``silence:<ms>``.
    ``PlayStarted`` and ``PlayDone(reason, ms_played)`` follow. In a bridge the prompt is heard in place of the others.
    """

    play_id: str
    media: tuple[str, ...]
    interruptible: bool = False
    """A digit stops it (reason ``interrupted``); the digit still counts for ``Collect``."""
    record: str = ""
    """A recording of the leg that begins when the prompt has been heard to its end (``RecordStarted`` comes before ``PlayDone``): what was
    announced is recorded even if nobody is there to ask for it then. Nothing begins after any other end, or beside another recording."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StopPlay(LegCommand):
    """Stop a prompt; stopping one that is over is accepted and changes nothing."""

    play_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Collect(LegCommand):
    """Gather digits; those pressed before count too unless ``fresh``. Always ends with ``DigitsDone``.

    The first-digit timer starts when no prompt plays (at once, or when the running prompt ends).
    A terminator ends the gathering and is not part of the digits. A new ``Collect`` replaces the running one.
    """

    digits_id: str
    max_digits: int = 1
    terminators: str = "#"
    first_timeout_s: float = 5.0
    inter_timeout_s: float = 3.0
    fresh: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class StopCollect(LegCommand):
    """Stop gathering; ``DigitsDone`` with reason ``stopped`` gives what was pressed so far."""

    digits_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class HoldMusic(LegCommand):
    """Music on (``music`` = a medium as in ``Play``, looped) or off (empty). A prompt interrupts it and it goes on afterwards.

    In a bridge a leg with music hears it in place of the others and is not heard: that is hold.
    """

    music: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bridge(Command):
    """Make a bridge of answered legs. A leg is in at most one bridge: one that is elsewhere leaves it first. Music of the legs stops."""

    bridge_id: str
    leg_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Join(LegCommand):
    """Bring a leg into a bridge with its ears set from the first moment; joining again sets them anew.

    ``hears``/``heard_by``: ``None`` = everybody, also later comers; a tuple = these only. One hears another if both agree.
    Listen = ``heard_by=()``; whisper = ``heard_by=(seat,)``; barge = both ``None``.
    """

    bridge_id: str
    hears: tuple[str, ...] | None = None
    heard_by: tuple[str, ...] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Leave(LegCommand):
    """Take a leg out of its bridge (it lives on, alone). Leaving when in none is accepted and changes nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unbridge(Command):
    """End a bridge; its legs live on, alone."""

    bridge_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SetPath(Command):
    """One direction between two members: shall ``to_leg`` hear ``from_leg``? Mute, private consultation, whisper, barge are made of this."""

    bridge_id: str
    from_leg: str
    to_leg: str
    hear: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordStart(LegCommand):
    """Record a leg on two tracks from now to its end: left what it said, right what it heard (prompts and music too).

    Recording the citizen's leg keeps one file over queue, hold and every transfer. ``RecordStarted(path)`` and, last, ``RecordDone`` follow.
    """

    rec_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordPause(Command):
    """Keep silence instead of sound while an identity number is spoken (``on``), or go on (``on=False``); the time line does not shrink."""

    rec_id: str
    on: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordStop(Command):
    """End a recording before its leg ends."""

    rec_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class TransferRefer(LegCommand):
    """Ask the far side to call ``uri`` itself (SIP REFER). ``TransferResult`` follows. Carriers seldom take it: prefer a new leg and a bridge."""

    uri: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReferAnswer(LegCommand):
    """Tell a phone that asked for a transfer (``ReferRequested``) how it came out."""

    refer_id: str
    ok: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class SendDigits(LegCommand):
    """Press keys towards the far side (0-9, *, #, A-D, ``,`` = half a second)."""

    digits: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MediaSink(LegCommand):
    """Copy what the leg says to ``udp:host:port`` as RTP with A-law (for speech recognition); empty ends it. Capability ``media_sink``."""

    url: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Drain(Command):
    """No new inbound calls (they get 503) while ``on``; running ones go on. Survives a restart."""

    on: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Phone:
    """A desk phone's account. The secret itself is never given: only the digest keys (RFC 8760 A1 hashes of ``account:realm:secret``)."""

    account: str
    ha1_md5: str = field(repr=False)
    ha1_sha256: str = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trunk:
    """A line to a carrier or another site."""

    name: str
    proxy: str
    """Where calls out go: ``sip:host:port;transport=udp``."""
    sources: tuple[str, ...] = ()
    """Networks (CIDR) its calls come from; an inbound call is of the first trunk that fits."""
    user: str = ""
    secret: str = field(default="", repr=False)
    """For digest, if the other side asks for it."""
    register: bool = False
    keepalive_s: float = 0.0
    """OPTIONS this often; 0 = never."""
    max_legs: int = 0
    """0 = no limit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fallback:
    """What the engine does by itself with callers nobody cares for because no controller is attached."""

    after_s: float = 8.0
    media: tuple[str, ...] = ()
    """Played after answering; empty = the call is refused with 503."""
    voicemail_s: float = 0.0
    """After the message, record the caller this long (0 = not)."""
    forward: str = ""
    """A target as in ``Originate`` tried before the message."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Configure(Command):
    """Replace phones, trunks and fall-back as a whole; kept by the engine over restarts."""

    phones: tuple[Phone, ...] = ()
    trunks: tuple[Trunk, ...] = ()
    fallback: Fallback = field(default_factory=Fallback)
    accept_from: tuple[str, ...] = ()
    """Networks that may call in without being a trunk or a registered phone; empty = the engine's start-up setting."""
