"""Timers an engine's core runs on: of the running event loop, or moved by hand in tests."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """Something that will happen unless cancelled."""

    def cancel(self) -> None:
        """It shall not happen."""
        ...


class Timers(Protocol):
    """A monotonic clock and what is to happen on it."""

    def now(self) -> float:
        """Monotonic seconds, comparable between processes of one host."""
        ...

    def after(self, seconds: float, act: Callable[[], None]) -> Timer:
        """Call ``act`` once, later."""
        ...


class LoopTimers:
    """On the running asyncio loop."""

    def now(self) -> float:
        """See :class:`Timers`."""
        return time.monotonic()

    def after(self, seconds: float, act: Callable[[], None]) -> Timer:
        """See :class:`Timers`."""
        return asyncio.get_running_loop().call_later(seconds, act)


class _HandTimer:
    def __init__(self, act: Callable[[], None]) -> None:
        self.act: Callable[[], None] | None = act

    def cancel(self) -> None:
        self.act = None


class HandTimers:
    """Time stands still until :meth:`advance`."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._count = itertools.count()
        self._heap: list[tuple[float, int, _HandTimer]] = []

    def now(self) -> float:
        """See :class:`Timers`."""
        return self._now

    def after(self, seconds: float, act: Callable[[], None]) -> Timer:
        """See :class:`Timers`."""
        timer = _HandTimer(act)
        heapq.heappush(self._heap, (self._now + max(0.0, seconds), next(self._count), timer))
        return timer

    def advance(self, seconds: float) -> None:
        """Let time pass; everything due happens in its order, at its time."""
        until = self._now + seconds
        while self._heap and self._heap[0][0] <= until:
            due, _, timer = heapq.heappop(self._heap)
            self._now = max(self._now, due)
            if timer.act:
                timer.act()
        self._now = until
