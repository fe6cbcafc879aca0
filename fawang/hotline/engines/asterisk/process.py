"""The asterisk engine in a process of its own: adapter, control socket and local fall-back, as the embedded engine has them."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import suppress
from pathlib import Path

from fawang.hotline.engines.asterisk import config
from fawang.hotline.engines.asterisk.adapter import Adapter
from fawang.hotline.engines.asterisk.ari import Ari, AriError, Refused
from fawang.hotline.engines.asterisk.settings import AsteriskSettings
from fawang.hotline.engines.commands import Configure
from fawang.hotline.engines.embedded.control import ControlServer
from fawang.hotline.engines.embedded.engine import lock_folder
from fawang.hotline.engines.embedded.fallback import FallbackDesk
from fawang.hotline.engines.embedded.store import FileSpool

log = logging.getLogger(__name__)


class AsteriskProcess:
    """One adapter on one state folder."""

    def __init__(self, settings: AsteriskSettings, line: config.Line, etc: Path | None) -> None:
        self.settings, self.line, self.etc = settings, line, etc
        settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = lock_folder(settings.state)
        self.spool = FileSpool(settings.file)
        self.adapter = Adapter(settings, self.spool)
        self.adapter.hands.equip = self._equip
        self.fallback = FallbackDesk(self.adapter.core, self.adapter.core.timers)
        self.control = ControlServer(
            self.adapter.core, self.spool, settings.socket, self.adapter.figures, self.fallback.set_attached, check=self.adapter.reachable
        )
        self._stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()

    def _equip(self, order: Configure) -> None:
        """New seats, carriers, fall-back: their files are written and Asterisk reads them."""
        self.fallback.rule = order.fallback
        if self.etc is None:
            return
        try:
            files = config.equipment(self.line, order, self.adapter.shelf)
            changed = config.write(self.etc, {name: config.MARK + text for name, text in files.items()})
        except (config.Unfit, OSError):
            log.exception("the equipment could not be written for Asterisk")
            return
        task = asyncio.get_running_loop().create_task(self._reload(changed))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _reload(self, changed: list[str]) -> None:
        for name in changed:
            try:
                await self.adapter.ari.ask("PUT", f"/asterisk/modules/{config.RELOADED[name]}")
            except AriError as error:
                log.warning("Asterisk did not read %s anew: %s", name, error)

    async def run(self) -> None:
        """Until SIGTERM or SIGINT. Calls go on in Asterisk."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stopping.set)
        self.adapter.start()
        self.fallback.rule = self.adapter.hands.configuration.fallback
        self.adapter.core.listeners.append(self._soon)
        await self.control.open()
        ticks = loop.create_task(self._seconds())
        log.info("ARI at %s", self.settings.url)
        await self._stopping.wait()
        ticks.cancel()
        await self.control.close()
        await self.adapter.stop()
        self.spool.close()
        os.close(self._lock)

    def _soon(self) -> None:
        if self.fallback.busy:
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        with self.adapter.core.turn():
            self.fallback.look()

    async def _seconds(self) -> None:
        was = ""
        while True:
            await asyncio.sleep(1)
            if self.adapter.link.up.is_set():
                self._look()
                was = ""
            elif self.adapter.link.problem != was:
                was = self.adapter.link.problem
                log.warning("Asterisk cannot be reached: %s", was)


def serve(settings: AsteriskSettings, line: config.Line, etc: Path | None) -> None:
    """Run the adapter in this process until it is told to stop. Raises OSError, ``AlreadyRunning``."""

    async def inside() -> None:
        await AsteriskProcess(settings, line, etc).run()

    with suppress(KeyboardInterrupt):
        asyncio.run(inside())


def problem(settings: AsteriskSettings) -> str:
    """One sentence if ARI cannot be used, in Chinese and English; empty if it can."""

    async def ask() -> None:
        ari = Ari(settings.url, settings.user, settings.secret, settings.app, answer_s=3)
        try:
            await ari.ask("GET", "/asterisk/info", only="status")
        finally:
            await ari.close()

    try:
        asyncio.run(ask())
    except Refused as error:
        if error.status in (401, 403):
            return f"Asterisk 拒绝用户 {settings.user}（{settings.url}）/ Asterisk at {settings.url} refuses the user {settings.user}: run `fawang hotline asterisk-config`."
        return f"Asterisk 的 ARI 答复 {error.status}（{settings.url}）/ ARI at {settings.url} answers {error.status}."
    except AriError:
        return f"无法连接 Asterisk 的 ARI（{settings.url}）/ ARI of Asterisk cannot be reached at {settings.url}: is Asterisk running?"
    return ""
