"""The engine process: puts the parts together, takes over what lives, runs until told to stop."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import logging
import os
import re
import resource
import signal
import ssl
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from fawang.hotline.engines import events as ev
from fawang.hotline.engines.core import Core
from fawang.hotline.engines.embedded import adoption
from fawang.hotline.engines.embedded.access import Access
from fawang.hotline.engines.embedded.board import Board
from fawang.hotline.engines.embedded.control import ControlServer
from fawang.hotline.engines.embedded.fallback import FallbackDesk
from fawang.hotline.engines.embedded.hands import EmbeddedHands
from fawang.hotline.engines.embedded.media.plane import Plane, PlaneReports
from fawang.hotline.engines.embedded.media.tape import Tapes
from fawang.hotline.engines.embedded.operator import Operator
from fawang.hotline.engines.embedded.registrar import Registrar
from fawang.hotline.engines.embedded.settings import EngineSettings
from fawang.hotline.engines.embedded.sip.flood import FloodGuard
from fawang.hotline.engines.embedded.sip.transactions import Transactions
from fawang.hotline.engines.embedded.sip.transport import Transports
from fawang.hotline.engines.embedded.store import FileSpool
from fawang.hotline.engines.embedded.trunks import Trunks
from fawang.hotline.engines.timers import LoopTimers, Timers

log = logging.getLogger(__name__)


class AlreadyRunning(RuntimeError):
    """Another engine process holds this state folder."""


class Engine:
    """One engine on one state folder."""

    def __init__(self, settings: EngineSettings, timers: Timers | None = None) -> None:
        self.settings = settings
        settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings.recordings.mkdir(exist_ok=True, mode=0o700)
        self._lock = lock_folder(settings.state)
        self.spool = FileSpool(settings.file)
        timers = timers or LoopTimers()
        self.core = Core(settings.engine_id, self.spool, timers)
        tls = _tls(settings)
        self.transports = Transports(settings.host, settings.port, public_host=settings.public_host, tls_port=settings.tls_port, tls=tls)
        self.core.after_turn.append(self.transports.flush)
        guard = FloodGuard(settings.flood_rate, settings.flood_burst, free=frozenset(settings.flood_free))
        self.transactions = Transactions(self.transports, timers, guard, self._turn)
        self.tapes = Tapes(lambda note: self.hands.record_note(note))
        self.board = board = Board(settings, self.core, self.transports, self.tapes)
        self.access = Access(board)
        board.transactions = self.transactions
        board.registrar = Registrar(board, self.access)
        board.trunks = Trunks(board)
        self.hands = EmbeddedHands(board, self.access)
        self.core.driver = self.hands
        told = PlaneReports(self.hands.prompt_over, self.hands.media_lost, self.hands.media_back, self.hands.quality)
        self.plane = board.plane = Plane(self.tapes, told, lost_after_s=settings.media_lost_s)
        self.transactions.user = Operator(board, self.access)
        self.fallback = FallbackDesk(self.core, timers)
        self.control = ControlServer(self.core, self.spool, settings.socket, self.figures, self.fallback.set_attached)
        self._stopping = asyncio.Event()
        self._ticks: asyncio.Task[None] | None = None
        self.adopted_ms = 0.0

    def _turn(self, act: Callable[[], None]) -> None:
        with self.core.turn():
            act()

    async def start(self) -> None:
        """Take over, open the doors."""
        began = time.monotonic()
        await self.transports.open()
        self.tapes.start()
        self.plane.start()
        with self.core.turn():
            later = adoption.adopt(self.board, self.hands)
            living = len(self.core.legs) - sum(1 for act in later if act.__qualname__.startswith(("_loser", "_gone")))
            self.core.tell(ev.EngineUp, adopted=living)
            for act in later:
                act()
        self.fallback.rule = self.board.configuration.fallback
        self.adopted_ms = (time.monotonic() - began) * 1000
        self.core.listeners.append(self._soon)
        await self.control.open()
        self._ticks = asyncio.get_running_loop().create_task(self._seconds())
        gc.freeze()
        log.info("SIP on %s:%s, %s legs taken over in %.0f ms", self.settings.host, self.transports.port, living, self.adopted_ms)

    def _soon(self) -> None:
        """Events have been told: the fall-back follows its own calls at once."""
        if self.fallback.busy:
            asyncio.get_running_loop().call_soon(self._turn, self.fallback.look)

    async def _seconds(self) -> None:
        count = 0
        while True:
            await asyncio.sleep(1)
            count += 1
            with self.core.turn():
                self.fallback.rule = self.board.configuration.fallback
                self.fallback.look()
                if count % 10 == 0:
                    self.board.registrar.sweep()

    async def run(self) -> None:
        """Until SIGTERM or SIGINT. Calls are not ended: the next process takes them over."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        await self.start()
        await self._stopping.wait()
        await self.stop()

    async def stop(self) -> None:
        """Orderly end of the process, not of the calls."""
        if self._ticks:
            self._ticks.cancel()
        with self.core.turn():
            self.core.tell(ev.EngineDown, reason="stopped")
        await asyncio.sleep(0)
        await self.control.close()
        self.plane.stop()
        self.tapes.stop()
        await self.transports.close()
        self.spool.close()
        os.close(self._lock)

    def figures(self) -> dict[str, Any]:
        """How the process fares."""
        late = sorted(self.plane.figures.late)
        use = resource.getrusage(resource.RUSAGE_SELF)
        alive = self.plane.streams
        return {
            "pid": os.getpid(),
            "recorder_pid": self.tapes.pid,
            "recorder_restarts": self.tapes.restarts,
            "cpu_s": round(use.ru_utime + use.ru_stime, 3),
            "rss_mb": memory_mb("VmRSS"),
            "rss_most_mb": memory_mb("VmHWM"),
            "streams": len(alive),
            "packets_in": self.plane.figures.packets_in + sum(s.packets_in for s in alive),
            "packets_out": self.plane.figures.packets_out + sum(s.packets_out for s in alive),
            "late_ms": {name: round(late[min(len(late) - 1, int(len(late) * share))], 2) for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0))}
            if late
            else {},
            "faults": self.transactions.faults,
            "sip": dict(self.transactions.counts),
            "dropped": self.transactions.guard.dropped,
            "transactions": self.transactions.open_transactions(),
            "calls": len(self.board.calls),
            "ports_free": len(self.board.ports.free),
            "adopted_ms": round(self.adopted_ms, 1),
        }


def memory_mb(name: str) -> int:
    """``VmRSS`` (now) or ``VmHWM`` (the most so far) of this process. Not ``ru_maxrss``: that begins with what the process had that started this one."""
    found = re.search(rf"^{name}:\s*(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
    return int(found[1]) // 1024 if found else 0


def lock_folder(state: Path) -> int:
    """Hold the state folder for this process; the descriptor keeps it. Raises :class:`AlreadyRunning`."""
    fd = os.open(state / "engine.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        raise AlreadyRunning(f"an engine runs already on {state}") from None
    return fd


def _tls(settings: EngineSettings) -> ssl.SSLContext | None:
    if not settings.tls_certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(settings.tls_certificate, settings.tls_key or None)
    return context


def serve(settings: EngineSettings) -> None:
    """Run an engine in this process until it is told to stop. Raises OSError if a port is taken, :class:`AlreadyRunning`."""

    async def inside() -> None:
        await Engine(settings).run()

    with suppress(KeyboardInterrupt):
        asyncio.run(inside())
