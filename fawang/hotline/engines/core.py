"""The heart of every engine: takes commands once, keeps legs, bridges and recordings, numbers and keeps events.

Not thread-safe and never waits: everything happens in one thread, in *turns*. A turn is one command, one packet, one timer; at its end
what changed is kept in the spool, and only then are events given out and (in ``embedded``) packets sent: nothing is said to anybody
that a new process would not know.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from fawang.hotline.engines import events as ev
from fawang.hotline.engines import wire
from fawang.hotline.engines.commands import Command
from fawang.hotline.engines.driver import Driver
from fawang.hotline.engines.events import Event
from fawang.hotline.engines.model import Leg, Recording, Room, leg_from, recording_from, room_from, room_to
from fawang.hotline.engines.port import Accepted, Cursor, NoSuchLeg, Rejected, Snapshot
from fawang.hotline.engines.spool import Spool
from fawang.hotline.engines.timers import Timer, Timers
from fawang.kernel import clock

E = TypeVar("E", bound=Event)
PAGE = 500


class Core:
    """State and rules of one engine. ``driver`` is set by the owner right after construction."""

    driver: Driver

    def __init__(self, engine_id: str, spool: Spool, timers: Timers) -> None:
        self.engine_id = engine_id
        self.boot_id = secrets.token_hex(8)
        self.spool = spool
        self.timers = timers
        self.legs: dict[str, Leg] = {}
        self.rooms: dict[str, Room] = {}
        self.recordings: dict[str, Recording] = {}
        self.draining = False
        self.digit_timers: dict[str, Timer] = {}
        self.listeners: list[Callable[[], None]] = []
        """Called after a turn that told something."""
        self.after_turn: list[Callable[[], None]] = []
        """Called once what a turn changed is kept: ``embedded`` sends its packets here."""
        self._seq = spool.last_seq()
        self._depth = 0
        self._dirty: dict[tuple[str, str], Any] = {}
        self._told = False

    # -- turns ---------------------------------------------------------------------------------------------------

    @contextmanager
    def turn(self) -> Iterator[None]:
        """What happens inside is kept as one piece, then told. Turns inside a turn are part of it."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if self._depth == 0:
                self._close_turn()

    def _close_turn(self) -> None:
        for (kind, key), thing in self._dirty.items():
            if thing is None:
                self.spool.drop(kind, key)
            else:
                self.spool.put(kind, key, room_to(thing) if kind == "bridge" else wire.plain(thing))
        self._dirty.clear()
        self.spool.commit()
        for act in self.after_turn:
            act()
        if self._told:
            self._told = False
            for listener in list(self.listeners):
                listener()

    def keep(self, thing: Leg | Room | Recording) -> None:
        """The thing has changed."""
        if isinstance(thing, Leg):
            self._dirty["leg", thing.leg_id] = thing
        elif isinstance(thing, Room):
            self._dirty["bridge", thing.bridge_id] = thing
        else:
            self._dirty["recording", thing.rec_id] = thing

    def drop(self, thing: Leg | Room | Recording) -> None:
        """The thing is over."""
        if isinstance(thing, Leg):
            self.legs.pop(thing.leg_id, None)
            self._dirty["leg", thing.leg_id] = None
        elif isinstance(thing, Room):
            self.rooms.pop(thing.bridge_id, None)
            self._dirty["bridge", thing.bridge_id] = None
        else:
            self.recordings.pop(thing.rec_id, None)
            self._dirty["recording", thing.rec_id] = None

    def restore(self) -> None:
        """Take over what the process before kept. The driver then says which legs still live."""
        self.legs = {key: leg_from(value) for key, value in self.spool.all("leg")}
        self.rooms = {key: room_from(value) for key, value in self.spool.all("bridge")}
        self.recordings = {key: recording_from(value) for key, value in self.spool.all("recording")}
        self.draining = bool(dict(self.spool.all("setting")).get("drain", {}).get("on", False))

    # -- telling -------------------------------------------------------------------------------------------------

    def tell(self, kind: type[E], **values: Any) -> E:
        """Number an event and keep it; it is given out at the end of the turn."""
        self._seq += 1
        event = kind(engine_id=self.engine_id, boot_id=self.boot_id, seq=self._seq, at=now_text(), **values)
        self.spool.add_event(event)
        self._told = True
        return event

    def cursor_holds(self, after: Cursor) -> bool:
        """Whether everything that followed the cursor is still kept here."""
        if after.seq < self.spool.oldest_seq() or after.seq > self._seq:
            return False
        known = self.spool.boot_of(after.seq)
        return known == after.boot_id or (known == "" and after.seq == self.spool.oldest_seq())

    def page(self, after: int) -> list[Event]:
        """The next events after a number."""
        return self.spool.events_after(after, PAGE)

    def lost(self) -> ev.EventsLost:
        """What a reader is told whose cursor cannot be honoured."""
        return ev.EventsLost(engine_id=self.engine_id, boot_id=self.boot_id, seq=self._seq, at=now_text())

    def acknowledge(self, upto: Cursor) -> None:
        """Events up to the cursor may be forgotten."""
        if self.cursor_holds(upto):
            with self.turn():
                self.spool.forget_events(upto.seq)

    def snapshot(self) -> Snapshot:
        """All that lives, at this number."""
        return Snapshot(
            engine_id=self.engine_id,
            boot_id=self.boot_id,
            seq=self._seq,
            at=now_text(),
            draining=self.draining,
            legs=tuple(leg.view() for leg in self.legs.values()),
            bridges=tuple(room.view() for room in self.rooms.values()),
            recordings=tuple(r.view() for r in self.recordings.values()),
            phones=self.driver.phones(),
            trunks=self.driver.trunks(),
        )

    # -- commands ------------------------------------------------------------------------------------------------

    def do(self, command: Command) -> Accepted:
        """Carry out a command once. The first answer, also a refusal, is given again for the same id; other contents under it are a ``conflict``."""
        from fawang.hotline.engines.acts import ACTS

        if not command.command_id or len(command.command_id) > 200:
            raise Rejected("bad_value", "command_id")
        print_ = fingerprint(command)
        with self.turn():
            if before := self.spool.answer(command.command_id):
                if before[0] != print_:
                    raise Rejected("conflict", "another command had this id")
                _raise_again(before[1])
                return Accepted(command_id=command.command_id, repeated=True)
            try:
                ACTS[type(command)](self, command)
            except NoSuchLeg as refusal:
                self.spool.add_answer(command.command_id, print_, ["no_such", str(refusal)])
                raise
            except Rejected as refusal:
                self.spool.add_answer(command.command_id, print_, ["rejected", refusal.reason, refusal.detail])
                raise
            self.spool.add_answer(command.command_id, print_, ["ok"])
        return Accepted(command_id=command.command_id)

    def leg(self, leg_id: str, *states: str) -> Leg:
        """A living leg, in one of the states if any are named."""
        leg = self.legs.get(leg_id)
        if leg is None:
            raise NoSuchLeg(leg_id)
        if states and leg.state not in states:
            raise Rejected("bad_state", f"{leg_id} is {leg.state}")
        return leg

    def room(self, bridge_id: str) -> Room:
        """A living bridge."""
        room = self.rooms.get(bridge_id)
        if room is None:
            raise NoSuchLeg(f"bridge {bridge_id}")
        return room


def _raise_again(answer: list[str]) -> None:
    if answer[0] == "no_such":
        raise NoSuchLeg(answer[1])
    if answer[0] == "rejected":
        raise Rejected(answer[1], answer[2])


def fingerprint(command: Command) -> str:
    """A short digest of a command's contents."""
    text = json.dumps(wire.encode(command), sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def now_text() -> str:
    """The present instant as events carry it."""
    return clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
