"""A world around an engine: people who call in, phones that can be dialled, sound that can be asked for. One kind of world for each engine."""

from __future__ import annotations

import abc
import asyncio
import functools
import itertools
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest

from fawang.hotline.engines import commands as cmd
from fawang.hotline.engines import events as ev
from fawang.hotline.engines.port import Accepted, Cursor, EngineError, EngineUnavailable, Snapshot, TelephonyEngine

E = TypeVar("E", bound=ev.Event)
CALLER_TONES = itertools.cycle((300, 500, 740, 900, 1250, 1600))
SEAT_TONES = itertools.cycle((360, 580, 820, 1000, 1400, 1800))


class FarEnd(Protocol):
    """Somebody at the far end of a leg."""

    tone: int
    leg_id: str

    def press(self, digits: str) -> None: ...
    async def hang_up(self) -> None: ...
    async def hold(self, on: bool) -> None: ...
    async def refer(self, target: str, replaces: FarEnd | None = None) -> None: ...
    async def hears(self) -> set[int]: ...
    async def over(self) -> None: ...
    async def keys(self) -> str: ...
    async def refer_outcome(self) -> bool: ...


@dataclass
class Callee:
    """A phone that can be dialled."""

    target: str
    tone: int
    line: Callable[[str], FarEnd]
    """Its end of the leg with this id."""


class World(abc.ABC):
    """What the scenarios use. Subclasses say how people call and phones answer."""

    engine: TelephonyEngine
    kind = ""

    def __init__(self) -> None:
        self.log: list[ev.Event] = []
        self._ids = itertools.count(1)
        self._run = f"{time.monotonic_ns():x}"
        self._follower: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    # -- to be given by each kind ----------------------------------------------------------------------------------

    @abc.abstractmethod
    async def _open(self) -> None:
        """Start the engine and come to know it."""

    @abc.abstractmethod
    async def close(self) -> None:
        """Stop it."""

    @abc.abstractmethod
    async def dial(self, to: str = "12348", frm: str = "13900001111") -> FarEnd:
        """Somebody dials; returns before the engine offers it."""

    @abc.abstractmethod
    async def phone(self, *, ring_s: float = 0.0, answer_s: float | None = 0.05, refuse: int = 0, refer_status: int = 200) -> Callee:
        """A phone with these manners."""

    @abc.abstractmethod
    async def crash_and_restart(self) -> None:
        """The engine (or its adapter) dies without a word and comes back."""

    # -- common ----------------------------------------------------------------------------------------------------

    async def open(self) -> World:
        await self._open()
        snapshot = await self.engine.snapshot()
        self.follow(Cursor(boot_id=snapshot.boot_id, seq=snapshot.seq))
        return self

    def follow(self, after: Cursor | None) -> None:
        async def read() -> None:
            with suppress(EngineUnavailable):
                async for event in self.engine.events(after):
                    self.log.append(event)
                    self._news.set()

        self._follower = asyncio.get_running_loop().create_task(read())

    async def unfollow(self) -> None:
        if self._follower:
            self._follower.cancel()
            with suppress(asyncio.CancelledError):
                await self._follower
            self._follower = None

    def cursor(self) -> Cursor:
        """The last event seen."""
        return Cursor(boot_id=self.log[-1].boot_id, seq=self.log[-1].seq)

    def id(self, what: str = "c") -> str:
        """A fresh id."""
        return f"{what}-{self._run}-{next(self._ids)}"

    async def do(self, kind: type[cmd.Command], **values: Any) -> Accepted:
        """A command with a fresh id."""
        return await self.engine.do(kind(command_id=self.id(), **values))  # type: ignore[arg-type]

    def told(self, kind: type[E], **fields: Any) -> list[E]:
        """Events seen so far."""
        return [e for e in self.log if isinstance(e, kind) and all(getattr(e, name) == value for name, value in fields.items())]

    async def until(self, kind: type[E], timeout: float = 5.0, **fields: Any) -> E:
        """The first such event, seen already or to come."""
        end = time.monotonic() + timeout
        while True:
            if found := self.told(kind, **fields):
                return found[0]
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), max(0.001, end - time.monotonic()))
            except TimeoutError:
                tail = "\n".join(map(str, self.log[-12:]))
                raise AssertionError(f"no {kind.__name__} {fields} within {timeout} s; last events:\n{tail}") from None

    async def snapshot(self) -> Snapshot:
        return await self.engine.snapshot()

    async def caller(self, *, answered: bool = True, to: str = "12348", frm: str = "13900001111") -> FarEnd:
        """Somebody who has been offered, and (unless told otherwise) answered."""
        before = len(self.told(ev.LegOffered))
        far = await self.dial(to, frm)
        end = time.monotonic() + 5
        while len(self.told(ev.LegOffered)) == before:
            assert time.monotonic() < end, "no call was offered"
            await asyncio.sleep(0.005)
        far.leg_id = self.told(ev.LegOffered)[before].leg_id
        if answered:
            await self.do(cmd.Answer, leg_id=far.leg_id)
            await self.until(ev.LegAnswered, leg_id=far.leg_id)
        return far

    async def seat(self, *, refer_status: int = 200) -> FarEnd:
        """A phone we have called and that has answered."""
        callee = await self.phone(refer_status=refer_status)
        leg_id = self.id("seat")
        await self.do(cmd.Originate, leg_id=leg_id, target=callee.target, caller_id="12348")
        await self.until(ev.LegAnswered, leg_id=leg_id)
        far = callee.line(leg_id)
        far.leg_id = leg_id
        return far

    async def talk(self) -> tuple[FarEnd, FarEnd, str]:
        """A caller and a seat in a bridge."""
        caller, seat = await self.caller(), await self.seat()
        bridge_id = self.id("bridge")
        await self.do(cmd.Bridge, bridge_id=bridge_id, leg_ids=(caller.leg_id, seat.leg_id))
        return caller, seat, bridge_id

    async def clear(self) -> None:
        """No call is left behind."""
        with suppress(EngineError):
            for leg in (await self.engine.snapshot()).legs:
                with suppress(EngineError):
                    await self.do(cmd.HangUp, leg_id=leg.leg_id)


# -- the fake ----------------------------------------------------------------------------------------------------------


class FakeFar:
    """A party of the fake engine."""

    def __init__(self, world: Any, leg_id: str, tone: int) -> None:
        self.world, self.leg_id, self.tone = world, leg_id, tone

    @property
    def _party(self) -> Any:
        return self.world.engine.party(self.leg_id)

    def press(self, digits: str) -> None:
        self._party.press(digits)

    async def hang_up(self) -> None:
        self._party.hang_up()

    async def hold(self, on: bool) -> None:
        self._party.hold(on)

    async def refer(self, target: str, replaces: FarEnd | None = None) -> None:
        self.refer_id = self._party.transfer(target, replaces._party if replaces else None)  # type: ignore[attr-defined]

    async def refer_outcome(self) -> bool:
        outcome = self._party.refer_outcome(self.refer_id)
        assert outcome is not None
        return bool(outcome)

    async def hears(self) -> set[int]:
        await asyncio.sleep(0.05)
        tones = set()
        for source in self._party.hears():
            kind, _, rest = source.partition(":")
            if kind == "leg":
                tones.add(self.world.engine.hands.tones[rest])
            elif "tone:" in rest:
                tones |= {int(hz) for hz in rest.partition("tone:")[2].partition("/")[0].split("+")}
        return tones

    async def over(self) -> None:
        assert self.leg_id not in self.world.engine.core.legs

    async def keys(self) -> str:
        return str(self._party.keys_heard)


class FakeWorld(World):
    """The in-memory engine."""

    kind = "fake"

    async def _open(self) -> None:
        from fawang.hotline.engines.fake import FakeEngine

        self.engine = FakeEngine(folder=Path(tempfile.mkdtemp(prefix="fawang-fake-")))

    async def close(self) -> None:
        await self.clear()

    async def dial(self, to: str = "12348", frm: str = "13900001111") -> FarEnd:
        party = self.engine.call(to, frm, tone_hz=next(CALLER_TONES))  # type: ignore[attr-defined]
        return FakeFar(self, party.leg_id, party.tone_hz)

    async def phone(self, *, ring_s: float = 0.0, answer_s: float | None = 0.05, refuse: int = 0, refer_status: int = 200) -> Callee:
        from fawang.hotline.engines.fake import Dialled

        tone, target = next(SEAT_TONES), f"sip:{self.id('phone')}@seats"
        causes = {486: "busy", 603: "rejected", 404: "not_found", 503: "unreachable"}
        engine: Any = self.engine
        engine.hands.refer_status[target] = refer_status
        engine.expect(target, Dialled(ring_s, answer_s, (causes[refuse], refuse) if refuse else None))

        def line(leg_id: str) -> FarEnd:
            engine.hands.tones[leg_id] = tone
            return FakeFar(self, leg_id, tone)

        return Callee(target, tone, line)

    async def crash_and_restart(self) -> None:
        self.engine.crash()  # type: ignore[attr-defined]
        await asyncio.sleep(0.05)
        self.engine.restart()  # type: ignore[attr-defined]


# -- the embedded engine -------------------------------------------------------------------------------------------------


class PhoneFar:
    """A line of the tests' own telephone."""

    def __init__(self, line: Any, leg_id: str = "") -> None:
        self.line, self.leg_id, self.tone = line, leg_id, line.phone.tone

    def press(self, digits: str) -> None:
        self.line.press(digits)

    async def hang_up(self) -> None:
        await self.line.hang_up()

    async def hold(self, on: bool) -> None:
        await self.line.hold(on)

    async def refer(self, target: str, replaces: FarEnd | None = None) -> None:
        answer = await self.line.refer(target, replaces.line if replaces else None)  # type: ignore[attr-defined]
        assert " 202 " in answer.split("\r\n")[0]

    async def refer_outcome(self) -> bool:
        for _ in range(100):
            finals = [text for text in self.line.notified if not text.startswith("SIP/2.0 1")]
            if finals:
                return bool(finals[0].startswith("SIP/2.0 2"))
            await asyncio.sleep(0.02)
        raise AssertionError("nothing was told about the transfer")

    async def hears(self) -> set[int]:
        return set(await self.line.hears())

    async def over(self) -> None:
        await asyncio.wait_for(self.line.over.wait(), 5)

    async def keys(self) -> str:
        await asyncio.sleep(0.3)
        return str(self.line.keys)


class EmbeddedWorld(World):
    """The engine in its own process, phones in this one. The process is shared by the tests of a run."""

    kind = "embedded"
    shared: Any = None

    async def _open(self) -> None:
        from fawang.hotline.engines.embedded.client import EmbeddedEngine
        from tests.hotline_engines.process import EngineProcess

        if EmbeddedWorld.shared is None:
            import atexit

            EmbeddedWorld.shared = EngineProcess()
            atexit.register(EmbeddedWorld.shared.stop)
            await EmbeddedWorld.shared.start()
        self.process = EmbeddedWorld.shared
        self.phones: list[Any] = []
        self.engine = self.process.client = EmbeddedEngine(self.process.client.socket)

    async def close(self) -> None:
        await self.clear()
        await asyncio.sleep(0.05)
        for phone in self.phones:
            phone.close()
        figures = await self.process.client.figures()
        await self.engine.close()
        assert figures["faults"] == 0, self.process.trouble()
        assert self.process.trouble() == ""

    async def _phone(self, tone: int) -> Any:
        from tests.hotline_engines.phone import Phone

        phone = await Phone(tone).open()
        self.phones.append(phone)
        return phone

    async def dial(self, to: str = "12348", frm: str = "13900001111") -> FarEnd:
        phone = await self._phone(next(CALLER_TONES))
        return PhoneFar(phone.call(to, self.process.sip, frm=frm))

    async def phone(self, *, ring_s: float = 0.0, answer_s: float | None = 0.05, refuse: int = 0, refer_status: int = 200) -> Callee:
        from tests.hotline_engines.phone import Manners

        phone = await self._phone(next(SEAT_TONES))
        phone.manners = Manners(ring_s, answer_s, refuse, refer_status)
        return Callee(phone.uri, phone.tone, lambda leg_id: PhoneFar(phone.lines[0], leg_id))

    async def crash_and_restart(self) -> None:
        self.process.kill()
        await self.process.start()


def _asterisk() -> World:
    from tests.hotline_engines.conformance.asterisk_world import AsteriskWorld

    return AsteriskWorld()


def _real() -> World:
    from tests.hotline_engines.conformance.asterisk_real import RealWorld

    return RealWorld()


WORLDS: dict[str, Callable[[], World]] = {"fake": FakeWorld, "embedded": EmbeddedWorld, "asterisk": _asterisk}
if os.environ.get("FAWANG_ASTERISK"):
    WORLDS["real"] = _real


def conformance(scenario: Callable[[World], Awaitable[None]]) -> Callable[[str], None]:
    """A scenario as a test of every engine."""

    @pytest.mark.parametrize("kind", WORLDS)
    @functools.wraps(scenario)
    def test(kind: str) -> None:
        async def inside() -> None:
            world = await WORLDS[kind]().open()
            try:
                await asyncio.wait_for(scenario(world), 40)
            finally:
                await world.unfollow()
                await world.close()

        asyncio.run(inside())

    del test.__wrapped__  # type: ignore[attr-defined]
    return test
