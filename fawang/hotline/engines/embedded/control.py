"""The control socket: JSON lines on a Unix stream. One line is one question or one answer; a connection may follow the events.

``{"id": 1, "do": {command}}``, ``{"id": 2, "get": "snapshot" | "capabilities" | "figures"}``, ``{"id": 3, "acknowledge": cursor}``,
``{"id": 4, "events": cursor or null}`` (then ``{"event": {…}}`` without end).
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from fawang.hotline.engines import wire
from fawang.hotline.engines.core import Core
from fawang.hotline.engines.embedded.store import FileSpool
from fawang.hotline.engines.port import Cursor, EngineUnavailable, NoSuchLeg, Rejected

log = logging.getLogger(__name__)
MOST_LINE = 1 << 20
PAGE = 500


class ControlServer:
    """Serves one core to local controllers."""

    def __init__(
        self, core: Core, spool: FileSpool, path: Path, figures: Callable[[], dict[str, Any]], attached: Callable[[bool], None],
        check: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        """``check`` raises ``EngineUnavailable`` while the switch behind the core cannot be asked: the asker is then let go without an answer."""
        self.core = core
        self.check = check
        self.spool = spool
        self.path = path
        self.figures = figures
        self.attached = attached
        self._followers = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen; only our own user may connect."""
        with suppress(FileNotFoundError):
            self.path.unlink()
        with short_path(self.path) as short:
            self._server = await asyncio.start_unix_server(self._serve, short, limit=MOST_LINE)
        self.path.chmod(0o600)

    async def close(self) -> None:
        """Stop listening and let go of every connection."""
        if self._server:
            self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(FileNotFoundError):
            self.path.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            self._tasks.add(task)
        following: asyncio.Task[None] | None = None
        try:
            while line := await reader.readline():
                question = json.loads(line)
                if not isinstance(question, dict):
                    break
                if "events" in question:
                    if following is None:
                        following = asyncio.get_running_loop().create_task(self._follow(writer, question["events"]))
                        self._tasks.add(following)
                    continue
                if "do" in question or question.get("get") in ("snapshot", "capabilities"):
                    self.check()
                writer.write(json.dumps({"id": question.get("id"), **self._answer(question)}).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError, EngineUnavailable, asyncio.CancelledError):
            pass
        finally:
            if following:
                following.cancel()
                self._tasks.discard(following)
            if task:
                self._tasks.discard(task)
            writer.close()

    def _answer(self, question: dict[str, Any]) -> dict[str, Any]:
        try:
            if "do" in question:
                return {"ok": wire.plain(self.core.do(wire.decode_command(question["do"])))}
            if "acknowledge" in question:
                self.core.acknowledge(wire.build(Cursor, question["acknowledge"]))
                return {"ok": None}
            what = question.get("get")
            if what == "snapshot":
                return {"ok": wire.plain(self.core.snapshot())}
            if what == "capabilities":
                return {"ok": wire.plain(self.core.driver.capabilities())}
            if what == "figures":
                return {"ok": self.figures()}
        except NoSuchLeg as error:
            return {"no_such": str(error)}
        except Rejected as error:
            return {"rejected": error.reason, "detail": error.detail}
        except wire.BadMessage as error:
            return {"rejected": "bad_value", "detail": str(error)}
        except Exception:
            log.exception("a command could not be handled")
            return {"rejected": "error", "detail": "the engine failed on this command"}
        return {"rejected": "unsupported", "detail": "unknown question"}

    async def _follow(self, writer: asyncio.StreamWriter, after: dict[str, Any] | None) -> None:
        more = asyncio.Event()
        self.core.listeners.append(more.set)
        self._followers += 1
        self.attached(True)
        try:
            at = self.core.spool.oldest_seq()
            if after is not None:
                cursor = wire.build(Cursor, after)
                at = cursor.seq
                if not self.core.cursor_holds(cursor):
                    lost = self.core.lost()
                    at = lost.seq
                    writer.write(json.dumps({"event": wire.encode(lost)}).encode() + b"\n")
            while True:
                more.clear()
                page = self.spool.texts_after(at, PAGE)
                if not page:
                    await more.wait()
                    continue
                writer.write(b"".join(b'{"event": ' + text.encode() + b"}\n" for _, text in page))
                at = page[-1][0]
                await writer.drain()
        except (OSError, wire.BadMessage):
            writer.close()
        finally:
            self.core.listeners.remove(more.set)
            self._followers -= 1
            self.attached(self._followers > 0)


class short_path:
    """A name for a socket in a folder whose own name is too long for a socket address (108 bytes): by way of an open descriptor."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd = -1

    def __enter__(self) -> str:
        if len(os.fsencode(self.path)) < 100:
            return str(self.path)
        self._fd = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        return f"/proc/self/fd/{self._fd}/{self.path.name}"

    def __exit__(self, *_: object) -> None:
        if self._fd >= 0:
            os.close(self._fd)
