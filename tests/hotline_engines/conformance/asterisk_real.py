"""The asterisk engine against a real Asterisk, by hand: ``FAWANG_ASTERISK=/usr/sbin/asterisk pytest tests/hotline_engines/conformance -k real``.

The server runs on the generated files, in a folder of its own; the phones are the tests' own telephones over real SIP and RTP.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from fawang.hotline.engines.asterisk import config
from fawang.hotline.engines.asterisk.adapter import Adapter
from fawang.hotline.engines.asterisk.media import MediaShelf
from fawang.hotline.engines.asterisk.settings import AsteriskSettings
from fawang.hotline.engines.commands import Configure
from fawang.hotline.engines.embedded.store import FileSpool
from tests.hotline_engines.conformance import worlds
from tests.hotline_engines.conformance.asterisk_world import AsteriskWorld

ASTERISK = os.environ.get("FAWANG_ASTERISK", "")
SIP_PORT, ARI_PORT = 15390, 15391


class Server:
    """One Asterisk for the whole run."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="fawang-real-"))
        self.settings = AsteriskSettings(
            state=self.folder, shared=self.folder / "shared", secret="hush", url=f"http://127.0.0.1:{ARI_PORT}/ari", direct=("127.0.0.0/8",), audit_s=1.0
        )
        line = config.Line(port=SIP_PORT, rtp_low=31000, rtp_high=31999)
        made = config.render(self.settings, line, Configure(command_id="-"), MediaShelf(self.settings.media))
        home = Path(ASTERISK).resolve().parents[1]
        places = {"astetcdir": self.folder / "etc", "astmoddir": home / "lib/asterisk/modules"}
        places |= {f"ast{name}dir": self.folder / name for name in ("varlib", "db", "key", "data", "agi", "spool", "run", "log", "sbin")}
        for place in places.values():
            place.mkdir(parents=True, exist_ok=True)
        made["asterisk.conf"] += "\n[directories]\n" + "".join(f"{name} => {place}\n" for name, place in places.items())
        config.write(self.folder / "etc", made)
        with (self.folder / "console").open("wb") as log:
            self.process = subprocess.Popen([ASTERISK, "-f", "-C", str(self.folder / "etc/asterisk.conf")], stdout=log, stderr=log)
        atexit.register(self.process.kill)


class RealWorld(AsteriskWorld):
    """See the module."""

    kind = "asterisk-real"
    shared: Any = None

    async def _open(self) -> None:
        if RealWorld.shared is None:
            RealWorld.shared = Server()
        self.settings = RealWorld.shared.settings
        self.settings.file.unlink(missing_ok=True)
        self.phones: list[Any] = []
        await self._adapter()

    async def _adapter(self) -> None:
        self.spool = FileSpool(self.settings.file)
        self.engine = Adapter(self.settings, self.spool)
        self.engine.start()
        await asyncio.wait_for(self.engine.link.up.wait(), 15)

    async def close(self) -> None:
        await self.clear()
        await self.settled()
        await asyncio.sleep(0.1)
        for phone in self.phones:
            phone.close()
        figures = self.engine.figures()
        await self.engine.close()
        self.spool.close()
        assert figures["faults"] == 0

    async def _phone(self, tone: int) -> Any:
        from tests.hotline_engines.phone import Phone

        phone = await Phone(tone).open()
        self.phones.append(phone)
        return phone

    async def dial(self, to: str = "12348", frm: str = "13900001111") -> worlds.FarEnd:
        phone = await self._phone(next(worlds.CALLER_TONES))
        return RealFar(self, phone.call(to, ("127.0.0.1", SIP_PORT), frm=frm))

    async def phone(self, *, ring_s: float = 0.0, answer_s: float | None = 0.05, refuse: int = 0, refer_status: int = 200) -> worlds.Callee:
        from tests.hotline_engines.phone import Manners

        phone = await self._phone(next(worlds.SEAT_TONES))
        phone.manners = Manners(ring_s, answer_s, refuse, refer_status)
        return worlds.Callee(phone.uri, phone.tone, lambda leg_id: RealFar(self, phone.lines[0] if phone.lines else Untouched(phone), leg_id))


class Untouched:
    """A line of a phone that was given up before anything reached it."""

    def __init__(self, phone: Any) -> None:
        self.phone = phone
        self.over = asyncio.Event()
        self.over.set()


class RealFar(worlds.PhoneFar):
    """A phone's line; it is listened to once the adapter has done its part."""

    def __init__(self, world: RealWorld, line: Any, leg_id: str = "") -> None:
        super().__init__(line, leg_id)
        self.world = world

    async def hears(self) -> set[int]:
        await self.world.settled()
        await asyncio.sleep(0.15)
        return await super().hears()
