"""The asterisk engine in the conformance suite: the adapter over real HTTP and websocket against the tests' ARI server."""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from fawang.hotline.engines.asterisk.adapter import Adapter
from fawang.hotline.engines.asterisk.settings import AsteriskSettings
from fawang.hotline.engines.embedded.store import FileSpool
from tests.hotline_engines.asterisk.server import Dialled, FakeAsterisk
from tests.hotline_engines.conformance import worlds


class AriFar:
    """A party of the ARI server."""

    def __init__(self, world: AsteriskWorld, leg_id: str, tone: int) -> None:
        self.world, self.leg_id, self.tone = world, leg_id, tone

    @property
    def server(self) -> FakeAsterisk:
        return self.world.server

    def press(self, digits: str) -> None:
        self.server.press(self.leg_id, digits)

    async def hang_up(self) -> None:
        self.server.hang_up(self.leg_id)

    async def hold(self, on: bool) -> None:
        self.server.hold(self.leg_id, on)

    async def refer(self, target: str, replaces: worlds.FarEnd | None = None) -> None:
        raise AssertionError("ARI offers no REFER of ours and says so in its capabilities: no case may ask for it")

    async def refer_outcome(self) -> bool:
        raise AssertionError("nothing was asked of the far side, so nothing came of it")

    async def hears(self) -> set[int]:
        await self.world.settled()
        return set(self.server.board.hears(self.leg_id))

    async def over(self) -> None:
        await self.world.settled()
        for _ in range(200):
            if self.leg_id not in self.server.board.lines:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"{self.leg_id} hangs")

    async def keys(self) -> str:
        await self.world.settled()
        return self.server.board.lines[self.leg_id].keys


class AsteriskWorld(worlds.World):
    """Server, adapter and spool of one test."""

    kind = "asterisk"
    engine: Any

    async def _open(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="fawang-asterisk-"))
        self.settings = AsteriskSettings(state=self.folder, shared=self.folder / "shared", secret="hush", direct=("192.0.2.0/24",), audit_s=0.5)
        for folder in (self.settings.raw, self.settings.media):
            folder.mkdir(parents=True)
        self.server = await FakeAsterisk(self.settings.raw, secret="hush").open()
        await self._adapter()

    async def _adapter(self) -> None:
        settings = {name: getattr(self.settings, name) for name in AsteriskSettings.__dataclass_fields__}
        self.spool = FileSpool(self.settings.file)
        self.engine = Adapter(AsteriskSettings(**{**settings, "url": f"http://127.0.0.1:{self.server.port}/ari"}), self.spool)
        self.engine.start()
        await asyncio.wait_for(self.engine.link.up.wait(), 5)

    async def close(self) -> None:
        await self.clear()
        figures = self.engine.figures()
        await self.engine.close()
        self.spool.close()
        await self.server.close()
        assert figures["faults"] == 0

    async def settled(self) -> None:
        """No request is under way and none is due."""
        end = time.monotonic() + 3
        quiet = 0
        while quiet < 3 and time.monotonic() < end:
            quiet = quiet + 1 if self.engine.converger.idle() else 0
            await asyncio.sleep(0.01)

    async def dial(self, to: str = "12348", frm: str = "13900001111") -> worlds.FarEnd:
        line = self.server.call(to, frm, tone=next(worlds.CALLER_TONES))
        return AriFar(self, line.channel_id, line.tone)

    async def phone(self, *, ring_s: float = 0.0, answer_s: float | None = 0.05, refuse: int = 0, refer_status: int = 200) -> worlds.Callee:
        tone, target = next(worlds.SEAT_TONES), f"sip:{self.id('phone')}@192.0.2.9:5060"
        self.server.phones[target] = Dialled(ring_s, answer_s, refuse, tone)
        return worlds.Callee(target, tone, lambda leg_id: AriFar(self, leg_id, tone))

    async def crash_and_restart(self) -> None:
        """The adapter dies without a word; Asterisk and the file stay."""
        await self.engine.stop(word=False)
        self.spool.close()
        await self._adapter()
