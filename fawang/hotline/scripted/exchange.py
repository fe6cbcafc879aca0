"""A telephone exchange for scripted phones: the embedded engine a second time, in this process, on ports the system chooses.

It registers accounts at the hotline's engine as desk phones do (with digest), takes their calls and places others. The hotline's engine
cannot tell it from phones of another make; what the scripts do goes over SIP and RTP.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from fawang.hotline.engines.commands import Command, Configure, Trunk
from fawang.hotline.engines.embedded.client import EmbeddedEngine
from fawang.hotline.engines.embedded.engine import Engine
from fawang.hotline.engines.embedded.settings import EngineSettings
from fawang.hotline.engines.events import Event
from fawang.hotline.engines.port import Cursor, EngineError, EngineUnavailable, LegView

RTP_LOW, RTP_HIGH, RTP_SPAN = 40_000, 58_000, 2_000


class Exchange:
    """Use as ``async with``. ``host`` and ``port``: where the hotline's engine listens."""

    def __init__(self, host: str, port: int) -> None:
        self.host, self.port = host, port
        self._folder = Path(tempfile.mkdtemp(prefix="fawang-phones-"))
        low = random.randrange(RTP_LOW, RTP_HIGH, 2)  # noqa: S311 - only so that two exchanges seldom meet; a taken port is passed over
        self._engine = Engine(EngineSettings(
            state=self._folder, engine_id="scripted", host=host, port=0, rtp_low=low, rtp_high=low + RTP_SPAN, accept_from=(f"{host}/32",), offered_s=60.0,
        ))  # fmt: skip
        self.client = EmbeddedEngine(self._engine.settings.socket, "scripted")

    async def __aenter__(self) -> Exchange:
        await self._engine.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()
        await self._engine.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def register(self, secrets: dict[str, str]) -> None:
        """Register accounts with their secrets at the hotline's engine, at once and again before they run out. Calling it again begins anew."""
        trunks = tuple(
            Trunk(name=account, proxy=f"sip:{self.host}:{self.port}", user=account, secret=secret, register=True) for account, secret in secrets.items()
        )
        await self.client.do(Configure(command_id=str(uuid.uuid4()), trunks=trunks))

    def target(self, number: str) -> str:
        """The hotline's engine as a target, with a dialled number."""
        return f"sip:{number}@{self.host}:{self.port}"

    async def do(self, kind: type[Command], **values: Any) -> bool:
        """Ask for something; ``False`` when the line is over already or the far side was quicker."""
        try:
            await self.client.do(kind(command_id=str(uuid.uuid4()), **values))
        except EngineUnavailable:
            raise
        except EngineError:
            return False
        return True

    async def leg(self, leg_id: str) -> LegView | None:
        """A leg as it stands."""
        return (await self.client.snapshot()).leg(leg_id)

    async def events(self) -> AsyncIterator[Event]:
        """All events, without end; what was given out is forgotten."""
        cursor: Cursor | None = None
        while True:
            with contextlib.suppress(EngineUnavailable):
                async for event in self.client.events(cursor):
                    cursor = Cursor(boot_id=event.boot_id, seq=event.seq)
                    yield event
                    await self.client.acknowledge(cursor)
            await asyncio.sleep(0.2)
