"""One change to one call: the locked row, what happened when, and the words in which the machine speaks to the engine.

Each stretch of the way registers what continues it (:func:`continues`); ``call.notes`` keeps the name of the continuation together
with the prompt or the digits it waits for, so that the event, its duplicate and the deadline all lead to the same place once.
"""

from __future__ import annotations

import copy
import functools
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction

from fawang.hotline import outbox, prompts, raw
from fawang.hotline.configuration import Document, parse
from fawang.hotline.engines import commands as do
from fawang.hotline.models import Call, CallLeg, ConfigVersion
from fawang.hotline.together import insert, together, update
from fawang.kernel import clock
from fawang.kernel.work import tell_live

MISSING = object()
PATIENCE = timedelta(seconds=4)
"""What a deadline waits longer than the engine should need."""


@dataclass(slots=True)
class Turn:
    """A call under change. ``at`` is when it happened, which after a break may be long ago."""

    call: Call
    at: datetime
    document: Document
    over: bool = False
    afterwards: list[Callable[[], object]] = field(default_factory=list)
    before: dict[str, object] = field(init=False)
    """The row as it was: only what has changed is written."""

    def __post_init__(self) -> None:
        self.before = {**self.call.__dict__, "notes": copy.deepcopy(self.call.notes)}

    @property
    def now(self) -> datetime:
        """The present instant: deadlines count from it."""
        return clock.now()

    def order(self, command: do.Command) -> None:
        """Tell the call's engine something."""
        outbox.enqueue(self.call.engine_id, command, self.call)

    def due(self, wait: timedelta | float) -> None:
        """Set the deadline of the state the call is in."""
        self.call.deadline_at = self.now + (wait if isinstance(wait, timedelta) else timedelta(seconds=wait))

    def go(self, state: str, *, talk: str = "") -> None:
        """Enter a state."""
        self.call.state, self.call.talk, self.call.state_since = state, talk, self.at

    def note(self, kind: str, *, source: str = "queue", staff: uuid.UUID | None = None, **data: object) -> None:
        """Write a raw event of ours."""
        raw.note(self.call, kind, at=self.at, source=source, staff=staff, **data)


Continuation = Callable[[Turn, str], None]
_CONTINUATIONS: dict[str, Continuation] = {}


def continues(name: str) -> Callable[[Continuation], Continuation]:
    """Decorator: what goes on after the prompt or the digits that were noted under ``name``; the digits are the second argument."""

    def register(function: Continuation) -> Continuation:
        _CONTINUATIONS[name] = function
        return function

    return register


def go_on(turn: Turn, digits: str = "") -> bool:
    """Go on with what the call waits for, once; ``False`` when it waits for nothing."""
    name = turn.call.notes.pop("then", "")
    turn.call.notes.pop("play", None)
    turn.call.notes.pop("collect", None)
    if not name:
        return False
    _CONTINUATIONS[name](turn, digits)
    return True


@functools.lru_cache(maxsize=32)
def _parsed(version: uuid.UUID) -> Document:
    return parse(ConfigVersion.objects.only("document").get(pk=version).document)


def document_of(call: Call) -> Document:
    """The edition the call began under; it never changes, so it is parsed once a process."""
    assert call.config_id is not None
    return _parsed(call.config_id)


@contextmanager
def turn(call_id: uuid.UUID, at: datetime | None = None, *, skip_locked: bool = False) -> Iterator[Turn | None]:
    """Lock a call, change it, save it, tell who looks. ``None`` when it is not there (or, with ``skip_locked``, somebody else has it)."""
    with transaction.atomic(), together():
        call = Call.objects.select_for_update(of=("self",), no_key=True, skip_locked=skip_locked).filter(pk=call_id).first()
        if call is None:
            yield None
            return
        here = Turn(call, at or clock.now(), document_of(call))
        yield here
        finish(here)


def finish(here: Turn) -> None:
    """Save the call of a turn and tell who looks. What is not ended always has a deadline."""
    call = here.call
    if call.state == "ended":
        call.deadline_at = None
    elif call.deadline_at is None:
        here.due(here.document.limits.talk)
    call.version += 1
    now = call.__dict__
    changed = [f.name for f in Call._meta.local_concrete_fields if f.attname in now and now[f.attname] != here.before.get(f.attname, MISSING)]
    update(call, *changed)
    here.before.update(now, notes=copy.deepcopy(call.notes))
    topics = ["hotline", f"call:{call.pk}", *([f"staff:{call.agent_id}"] if call.agent_id else [])]
    tell_live(topics, "call", str(call.pk))
    for act in here.afterwards:
        act()


def say(
    here: Turn,
    codes: Sequence[str],
    then: str,
    *,
    interruptible: bool = False,
    keys: int = 0,
    wait: float = 5,
    fresh: bool = False,
    leg_id: str = "",
    media: Sequence[str] = (),
    record: bool = False,
) -> None:
    """Play prompts to the citizen and go on ``then``; with ``keys``, gather so many digits and go on with them.

    ``fresh``: what was pressed before the question is no answer to it. ``record``: the engine records the leg from the end of the prompts on,
    whether or not a controller is there in that moment.
    """
    call = here.call
    spoken, length_ms = prompts.sound(codes, call.language)
    sound = (*spoken, *media)
    leg = leg_id or call.leg_id
    call.notes["then"] = then
    play_id = outbox.new_id("p")
    call.notes["play"] = play_id
    rec_id = outbox.new_id("r") if record else ""
    if record:
        call.notes["rec"] = rec_id
    here.order(do.Play(command_id="", leg_id=leg, play_id=play_id, media=sound or ("silence:100",), interruptible=interruptible, record=rec_id))
    length = length_ms / 1000
    if keys:
        digits_id = outbox.new_id("d")
        call.notes["collect"] = digits_id
        here.order(do.Collect(command_id="", leg_id=leg, digits_id=digits_id, max_digits=keys, first_timeout_s=float(wait), fresh=fresh))
        here.due(timedelta(seconds=length + wait) + PATIENCE)
    else:
        here.due(timedelta(seconds=length) + PATIENCE)


def hush(here: Turn) -> None:
    """Stop what is being said or asked: the call goes elsewhere."""
    call = here.call
    play, collect = call.notes.pop("play", None), call.notes.pop("collect", None)
    call.notes.pop("then", None)
    if play:
        here.order(do.StopPlay(command_id="", leg_id=call.leg_id, play_id=play))
    if collect:
        here.order(do.StopCollect(command_id="", leg_id=call.leg_id, digits_id=collect))


def add_leg(here: Turn, role: str, *, staff_id: uuid.UUID | None = None, partner: str = "", leg_id: str = "") -> CallLeg:
    """A new leg of the call, before the engine is told to dial it."""
    leg = CallLeg(
        engine_id=here.call.engine_id, leg_id=leg_id or outbox.new_id("a"), call=here.call, role=role, staff_id=staff_id, partner=partner, created_at=here.now
    )
    insert(leg)
    return leg


def live_legs(call: Call, *roles: str) -> list[CallLeg]:
    """Legs of the call that are not over, of some roles."""
    rows = call.legs.exclude(state="ended")
    return list((rows.filter(role__in=roles) if roles else rows).order_by("created_at"))
