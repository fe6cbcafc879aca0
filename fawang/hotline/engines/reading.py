"""Following the events of a core that lives in the same process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from fawang.hotline.engines.core import Core
from fawang.hotline.engines.events import Event
from fawang.hotline.engines.port import Cursor


class EventReader(AsyncIterator[Event]):
    """Pages through the spool, then waits for more; ``check`` raises when the engine is gone."""

    def __init__(self, core: Core, after: Cursor | None, check: Callable[[], None]) -> None:
        self._core = core
        self._check = check
        self._more = asyncio.Event()
        self._page: list[Event] = []
        if after is None:
            self._at = core.spool.oldest_seq()
        elif core.cursor_holds(after):
            self._at = after.seq
        else:
            lost = core.lost()
            self._page, self._at = [lost], lost.seq
        core.listeners.append(self._more.set)

    def __aiter__(self) -> EventReader:
        return self

    async def __anext__(self) -> Event:
        while True:
            try:
                self._check()
            except BaseException:
                self.stop()
                raise
            if not self._page:
                self._more.clear()
                self._page = self._core.page(self._at)
            if self._page:
                event = self._page.pop(0)
                self._at = max(self._at, event.seq)
                return event
            try:
                await self._more.wait()
            except asyncio.CancelledError:
                self.stop()
                raise

    def stop(self) -> None:
        """No longer listen."""
        if self._more.set in self._core.listeners:
            self._core.listeners.remove(self._more.set)

    async def aclose(self) -> None:
        """Ends the iterator."""
        self.stop()
