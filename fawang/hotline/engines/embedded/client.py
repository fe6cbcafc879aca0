"""The port, spoken to an engine process over its control socket. Commands share one connection; each reader of events has its own."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from fawang.hotline.engines import wire
from fawang.hotline.engines.commands import Command
from fawang.hotline.engines.embedded.control import short_path
from fawang.hotline.engines.events import Event
from fawang.hotline.engines.port import Accepted, Capabilities, Cursor, EngineUnavailable, NoSuchLeg, Rejected, Snapshot

MOST_LINE = 64 << 20
ANSWER_S = 5.0


async def _connect(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        with short_path(path) as short:
            return await asyncio.open_unix_connection(short, limit=MOST_LINE)
    except OSError as error:
        raise EngineUnavailable(f"no engine at {path}: {error.strerror}") from None


class EmbeddedEngine:
    """See ``port.TelephonyEngine``. Connects when first asked, again after a break."""

    def __init__(self, socket: Path, engine_id: str = "embedded") -> None:
        self.socket = socket
        self._engine_id = engine_id
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._number = 0
        self._opening = asyncio.Lock()

    @property
    def engine_id(self) -> str:
        """See the port."""
        return self._engine_id

    async def _ask(self, question: dict[str, Any]) -> Any:
        async with self._opening:
            if self._writer is None or self._writer.is_closing():
                reader, self._writer = await _connect(self.socket)
                self._reading = asyncio.get_running_loop().create_task(self._read(reader))
        self._number += 1
        number = self._number
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self._writer.write(json.dumps({"id": number, **question}).encode() + b"\n")
            found = await asyncio.wait_for(answer, ANSWER_S)
        except (OSError, TimeoutError) as error:
            raise EngineUnavailable(f"no answer from the engine ({type(error).__name__})") from None
        finally:
            self._waiting.pop(number, None)
        if "no_such" in found:
            raise NoSuchLeg(found["no_such"])
        if "rejected" in found:
            raise Rejected(found["rejected"], found.get("detail", ""))
        return found["ok"]

    async def _read(self, reader: asyncio.StreamReader) -> None:
        writer = self._writer
        try:
            while line := await reader.readline():
                answer = json.loads(line)
                waiting = self._waiting.get(answer.get("id", 0))
                if waiting and not waiting.done():
                    waiting.set_result(answer)
        except (OSError, ValueError):
            pass
        finally:
            if writer:
                writer.close()
            if self._writer is writer:
                self._writer = None
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(EngineUnavailable("the engine went away"))

    async def do(self, command: Command) -> Accepted:
        """See the port."""
        return wire.build(Accepted, await self._ask({"do": wire.encode(command)}))

    async def snapshot(self) -> Snapshot:
        """See the port."""
        return wire.decode_snapshot(await self._ask({"get": "snapshot"}))

    async def capabilities(self) -> Capabilities:
        """See the port."""
        return wire.build(Capabilities, await self._ask({"get": "capabilities"}))

    async def figures(self) -> dict[str, Any]:
        """How the engine process fares: counts, lateness, memory."""
        return dict(await self._ask({"get": "figures"}))

    async def acknowledge(self, upto: Cursor) -> None:
        """See the port."""
        await self._ask({"acknowledge": dataclasses.asdict(upto)})

    def events(self, after: Cursor | None = None) -> AsyncIterator[Event]:
        """See the port."""
        return self._events(after)

    async def _events(self, after: Cursor | None) -> AsyncIterator[Event]:
        reader, writer = await _connect(self.socket)
        try:
            writer.write(json.dumps({"id": 0, "events": dataclasses.asdict(after) if after else None}).encode() + b"\n")
            while line := await reader.readline():
                yield wire.decode_event(json.loads(line)["event"])
        except (OSError, ValueError) as error:
            raise EngineUnavailable(str(error)) from None
        finally:
            writer.close()
        raise EngineUnavailable("the engine closed the event stream")

    async def close(self) -> None:
        """See the port."""
        if self._reading:
            self._reading.cancel()
        if self._writer:
            self._writer.close()
            self._writer = None
