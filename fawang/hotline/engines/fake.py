"""An engine in memory with the full semantics of the port: for tests, for simulations, and for people without audio.

Callers are scripted (:class:`Party`). Sound is made of tones with known frequencies, so that who hears whom can be asked, and
recordings are real two-track WAV files. With ``by_hand=True`` time stands still until :meth:`FakeEngine.advance`.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from fawang.hotline.engines import reports
from fawang.hotline.engines.commands import Command, Originate
from fawang.hotline.engines.core import Core, now_text
from fawang.hotline.engines.events import EngineUp, Event
from fawang.hotline.engines.fake_hands import FakeHands
from fawang.hotline.engines.model import Leg
from fawang.hotline.engines.port import Accepted, Capabilities, Cursor, EngineUnavailable, Snapshot
from fawang.hotline.engines.reading import EventReader
from fawang.hotline.engines.spool import MemorySpool
from fawang.hotline.engines.timers import HandTimers, LoopTimers


@dataclass
class Party:
    """The person or phone at the far end of a leg, moved by a test."""

    engine: FakeEngine
    leg_id: str
    number: str
    tone_hz: int
    """What it says all the time while answered; 0 = silent."""
    order: Originate | None = None
    hung_up: bool = False
    """It hung up itself, or heard the call end."""

    @property
    def keys_heard(self) -> str:
        """Digits the engine pressed towards it."""
        return self.engine.hands.keys.get(self.leg_id, "")

    def press(self, digits: str) -> None:
        """Press keys one after another."""
        for digit in digits:
            reports.on_digit(self.engine.core, self.leg_id, digit, 80, "scripted")

    def hang_up(self) -> None:
        """Put the receiver down: before the answer a caller thereby cancels."""
        self.hung_up = True
        leg = self.engine.core.legs.get(self.leg_id)
        cancelled = leg is not None and leg.state in ("offered", "ringing")
        reports.on_ended(self.engine.core, self.leg_id, "cancelled" if cancelled else "normal", "far")

    def ring(self) -> None:
        """A dialled party begins to ring."""
        reports.on_ringing(self.engine.core, self.leg_id)

    def answer(self) -> None:
        """A dialled party takes the call."""
        reports.on_ringing(self.engine.core, self.leg_id)
        reports.on_answered(self.engine.core, self.leg_id)

    def refuse(self, cause: str = "busy", code: int = 486) -> None:
        """A dialled party does not take the call."""
        self.hung_up = True
        reports.on_ended(self.engine.core, self.leg_id, cause, "far", code=code)  # type: ignore[arg-type]

    def hold(self, on: bool) -> None:
        """The party puts us on hold, or takes us back."""
        reports.on_held(self.engine.core, self.leg_id, on)

    def transfer(self, target: str, replaces: Party | None = None) -> str:
        """The party presses transfer; returns the refer id."""
        refer_id = f"r{self.engine.core.snapshot().seq}"
        reports.on_refer_requested(self.engine.core, self.leg_id, refer_id, target, replaces.leg_id if replaces else "")
        return refer_id

    def refer_outcome(self, refer_id: str) -> bool | None:
        """What the engine told it about its transfer; ``None`` = nothing yet."""
        leg_id, ok = self.engine.hands.refers.get(refer_id, ("", False))
        return ok if leg_id == self.leg_id else None

    def lose_media(self, ms: int, control_ms: int = -1) -> None:
        """No more sound from it (``ms`` so far, its last RTCP ``control_ms`` ago), or sound again with 0."""
        reports.on_media(self.engine.core, self.leg_id, ms, control_ms)

    def hears(self) -> set[str]:
        """What it hears now: ``play:<medium>``, ``music:<medium>``, ``leg:<leg_id>``."""
        return self.engine.hands.heard(self.leg_id)


@dataclass
class Dialled:
    """What a dialled target does: rings after a while, then answers, refuses, or nothing."""

    ring_s: float = 0.0
    answer_s: float | None = 0.05
    refuse: tuple[str, int] | None = None
    then: Callable[[Party], None] | None = field(default=None, repr=False)
    """Called when it has answered."""


class FakeEngine:
    """The engine. One event loop, no thread."""

    def __init__(self, engine_id: str = "fake", *, folder: Path | None = None, by_hand: bool = False) -> None:
        self.timers = HandTimers() if by_hand else LoopTimers()
        self.core = Core(engine_id, MemorySpool(), self.timers)
        self.folder = folder or Path(tempfile.mkdtemp(prefix="fawang-fake-"))
        self.hands = FakeHands(self.core, self.folder)
        self.core.driver = self.hands
        self.hands.dialled = self._dialled
        self.parties: dict[str, Party] = {}
        self.answers: dict[str, Dialled] = {}
        self.down = False
        self._calls = 0
        self._up(0)

    @property
    def engine_id(self) -> str:
        """See the port."""
        return self.core.engine_id

    def _up(self, adopted: int) -> None:
        with self.core.turn():
            self.core.tell(EngineUp, adopted=adopted)

    # -- the port ------------------------------------------------------------------------------------------------

    def _reachable(self) -> None:
        if self.down:
            raise EngineUnavailable("the fake engine is down")

    async def do(self, command: Command) -> Accepted:
        """See the port."""
        await asyncio.sleep(0)
        self._reachable()
        return self.core.do(command)

    async def snapshot(self) -> Snapshot:
        """See the port."""
        self._reachable()
        return self.core.snapshot()

    def events(self, after: Cursor | None = None) -> AsyncIterator[Event]:
        """See the port."""
        return EventReader(self.core, after, self._reachable)

    async def acknowledge(self, upto: Cursor) -> None:
        """See the port."""
        self._reachable()
        self.core.acknowledge(upto)

    async def capabilities(self) -> Capabilities:
        """See the port."""
        self._reachable()
        return self.hands.capabilities()

    async def close(self) -> None:
        """See the port."""

    # -- the world around ----------------------------------------------------------------------------------------

    def call(self, to: str = "12348", frm: str = "13800138000", *, headers: tuple[tuple[str, str], ...] = (), trunk: str = "", tone_hz: int = 440) -> Party:
        """Somebody dials; the leg is offered (or refused while draining: then ``hung_up`` is true and there is no leg)."""
        self._calls += 1
        leg_id = f"in-{self.core.boot_id}-{self._calls}"
        party = Party(self, leg_id, frm, tone_hz)
        if self.down or self.core.draining:
            party.hung_up = True
            return party
        self.parties[leg_id] = party
        self.hands.tones[leg_id] = tone_hz
        leg = Leg(leg_id, "in", "offered", to, frm, f"{leg_id}@fake", now_text(), trunk=trunk)
        reports.on_offered(self.core, leg, {"from_name": "", "asserted": frm if trunk else "", "account": "", "source": "fake", "headers": headers})
        return party

    def expect(self, target: str, behaviour: Dialled) -> None:
        """From now on a dialled target behaves so; the longest matching beginning counts. Without any, the test moves the party."""
        self.answers[target] = behaviour

    def party(self, leg_id: str) -> Party:
        """The far end of a leg, also of one that is over."""
        return self.parties[leg_id]

    def _dialled(self, leg: Leg, order: Originate) -> None:
        party = Party(self, leg.leg_id, order.target, 500 + 40 * (len(self.parties) % 40), order)
        self.parties[leg.leg_id] = party
        self.hands.tones[leg.leg_id] = party.tone_hz
        fitting = max((t for t in self.answers if order.target.startswith(t)), key=len, default=None)
        if fitting is None:
            return
        behaviour = self.answers[fitting]
        self.timers.after(behaviour.ring_s, party.ring)
        if behaviour.refuse:
            cause, code = behaviour.refuse
            self.timers.after(behaviour.ring_s, lambda: party.refuse(cause, code))
        elif behaviour.answer_s is not None:

            def answer() -> None:
                if leg.leg_id in self.core.legs:
                    party.answer()
                    if behaviour.then:
                        behaviour.then(party)

            self.timers.after(behaviour.ring_s + behaviour.answer_s, answer)

    def advance(self, seconds: float) -> None:
        """Let time pass (``by_hand`` only)."""
        if not isinstance(self.timers, HandTimers):
            raise TypeError("made without by_hand")
        self.timers.advance(seconds)

    def crash(self) -> None:
        """The process dies: commands fail, readers break off. Calls stand as they are until :meth:`restart`."""
        self.down = True
        for timer in self.core.digit_timers.values():
            timer.cancel()
        for listener in list(self.core.listeners):
            listener()

    def restart(self, *, calls_lost: bool = False) -> None:
        """A new boot: takes the calls over, or (``calls_lost``) has lost every call and all its memory, as after a loss of the host."""
        before = self.core
        listeners = before.listeners
        spool = MemorySpool() if calls_lost else before.spool
        self.core = Core(before.engine_id, spool, self.timers)
        self.core.listeners = listeners
        self.hands.core = self.core
        self.core.driver = self.hands
        if calls_lost:
            for party in self.parties.values():
                party.hung_up = True
            self.hands.forget_all()
        else:
            self.core.restore()
        self.down = False
        self._up(len(self.core.legs))
        for leg in self.core.legs.values():
            reports.wait_for_digit(self.core, leg)
