"""The telephone of the engine's tests in a thread of its own, for tests that drive a browser."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from tests.hotline_engines.phone import Line, Phone

T = TypeVar("T")


class Caller:
    """One telephone that says one tone; what it does takes place in its own loop."""

    def __init__(self, tone: int, server: tuple[str, int]) -> None:
        self.server = server
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.phone = self.do(Phone(tone).open())
        self.line: Line | None = None

    def do(self, work: Coroutine[Any, Any, T], seconds: float = 60) -> T:
        """Run something in the telephone's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(seconds)

    def dial(self, number: str = "12348") -> Line:
        """Call, until answered."""

        async def call() -> Line:
            line = self.phone.call(number, self.server)
            await asyncio.wait_for(line.answered.wait(), 30)
            return line

        self.line = self.do(call())
        return self.line

    def hears(self, *candidates: int, seconds: float = 0.5) -> set[int]:
        """Which of these tones it hears in the next moment."""
        assert self.line is not None
        return self.do(self.line.hears(seconds, candidates=candidates))

    def hang_up(self) -> None:
        """Put the receiver down."""
        if self.line is not None and not self.line.over.is_set():
            self.do(self.line.hang_up())

    def close(self) -> None:
        """Let everything go."""
        self.loop.call_soon_threadsafe(self.phone.close)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
