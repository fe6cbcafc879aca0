"""The asterisk engine as one object: core, spool, connection. In the tests it is the engine; in the house it runs in a process of its own (``process``)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

from fawang.hotline.engines import events as ev
from fawang.hotline.engines import reports
from fawang.hotline.engines.asterisk.ari import Ari
from fawang.hotline.engines.asterisk.converge import Converger
from fawang.hotline.engines.asterisk.hands import AsteriskHands
from fawang.hotline.engines.asterisk.link import Link
from fawang.hotline.engines.asterisk.listener import Listener
from fawang.hotline.engines.asterisk.media import MediaShelf
from fawang.hotline.engines.asterisk.settings import AsteriskSettings
from fawang.hotline.engines.asterisk.switch import Switch
from fawang.hotline.engines.asterisk.tapes import Tapes
from fawang.hotline.engines.commands import Command, Configure
from fawang.hotline.engines.core import Core
from fawang.hotline.engines.events import Event
from fawang.hotline.engines.port import Accepted, Capabilities, Cursor, EngineUnavailable, Snapshot
from fawang.hotline.engines.reading import EventReader
from fawang.hotline.engines.spool import Spool
from fawang.hotline.engines.timers import LoopTimers, Timer
from fawang.hotline.engines.wire import BadMessage, build

LOOK_S, SWEEP_EVERY = 1.0, 10


class Adapter:
    """See ``port.TelephonyEngine``. ``spool`` outlasts the process in the house; legs outlast it in Asterisk."""

    def __init__(self, settings: AsteriskSettings, spool: Spool) -> None:
        self.settings = settings
        for folder in (settings.recordings, settings.raw, settings.media):
            folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        self.core = Core(settings.engine_id, spool, LoopTimers())
        self.switch = Switch()
        self.ari = Ari(settings.url, settings.user, settings.secret, settings.app, answer_s=settings.answer_s)
        self.shelf = MediaShelf(settings.media)
        self.tapes = Tapes(self.core, settings.raw, settings.recordings)
        self.converger = Converger(self.core, self.ari, self.switch, self.shelf, lambda error: self.link.broken(error))
        self.hands = AsteriskHands(settings, self.core, self.ari, self.switch, self.converger, self.shelf, self.tapes)
        self.core.driver = self.hands
        self.listener = Listener(self.hands)
        self.link = Link(self.ari, self.hands, self.listener, settings.audit_s)
        self._ticking: Timer | None = None
        self._ticks = 0

    @property
    def engine_id(self) -> str:
        """See the port."""
        return self.core.engine_id

    # -- life --------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Take over what the process before kept, then connect."""
        with self.core.turn():
            self.core.restore()
            kept = dict(self.core.spool.all("setting")).get("configuration")
            if kept:
                with suppress(BadMessage):
                    self.hands.configuration = build(Configure, kept)
            self.core.tell(ev.EngineUp, adopted=len(self.core.legs))
            for leg in self.core.legs.values():
                reports.wait_for_digit(self.core, leg)
        self.tapes.resume()
        self.link.start()
        self._tick()

    def _tick(self) -> None:
        self._ticking = self.core.timers.after(LOOK_S, self._tick)
        self._ticks += 1
        with self.core.turn():
            self.tapes.look()
            if self._ticks % SWEEP_EVERY == 0 and self.link.up.is_set():
                self.tapes.sweep({*self.core.legs, *self.switch.channels})

    async def stop(self, *, word: bool = True) -> None:
        """The end of the process, not of the calls."""
        if self._ticking:
            self._ticking.cancel()
        for timer in self.core.digit_timers.values():
            timer.cancel()
        if word:
            with self.core.turn():
                self.core.tell(ev.EngineDown, reason="stopped")
        await self.link.stop()
        await self.tapes.stop()
        await self.ari.close()

    def reachable(self) -> None:
        """Raises :class:`EngineUnavailable` while Asterisk cannot be asked."""
        if not self.link.up.is_set():
            raise EngineUnavailable(f"Asterisk at {self.settings.url}: {self.link.problem}")

    # -- the port ----------------------------------------------------------------------------------------------------

    async def do(self, command: Command) -> Accepted:
        """See the port."""
        self.reachable()
        return self.core.do(command)

    async def snapshot(self) -> Snapshot:
        """See the port."""
        self.reachable()
        return self.core.snapshot()

    def events(self, after: Cursor | None = None) -> AsyncIterator[Event]:
        """See the port. What is in the spool is told also while Asterisk is away."""
        return EventReader(self.core, after, lambda: None)

    async def acknowledge(self, upto: Cursor) -> None:
        """See the port."""
        self.core.acknowledge(upto)

    async def capabilities(self) -> Capabilities:
        """See the port."""
        self.reachable()
        return self.hands.capabilities()

    async def close(self) -> None:
        """See the port."""
        await self.stop()

    def figures(self) -> dict[str, Any]:
        """How the adapter fares."""
        return {
            "legs": len(self.core.legs),
            "channels": len(self.switch.channels),
            "bridges": len(self.switch.bridges),
            "breaks": self.link.breaks,
            "faults": self.converger.faults + self.listener.faults,
        }
