"""Where an engine keeps its events, the answers to commands, and its state: in memory here, in a file for ``embedded``."""

from __future__ import annotations

import collections
from collections.abc import Iterable
from typing import Any, Protocol

from fawang.hotline.engines.events import Event

KEPT = 100_000
"""Events and command answers kept in memory at most."""


class Spool(Protocol):
    """All writes between two :meth:`commit` are one transaction."""

    def last_seq(self) -> int:
        """The number of the newest event ever kept."""
        ...

    def add_event(self, event: Event) -> None:
        """Keep an event."""
        ...

    def events_after(self, seq: int, limit: int) -> list[Event]:
        """Events with a greater number, oldest first."""
        ...

    def oldest_seq(self) -> int:
        """The number before which events have been forgotten (0 = none has)."""
        ...

    def boot_of(self, seq: int) -> str:
        """The boot an event number belongs to; empty if unknown."""
        ...

    def forget_events(self, upto: int) -> None:
        """Events up to here may go."""
        ...

    def add_answer(self, command_id: str, fingerprint: str, answer: list[str]) -> None:
        """Remember what a command was answered."""
        ...

    def answer(self, command_id: str) -> tuple[str, list[str]] | None:
        """Fingerprint and answer of a command seen before."""
        ...

    def put(self, kind: str, key: str, value: dict[str, Any]) -> None:
        """Keep a piece of state."""
        ...

    def drop(self, kind: str, key: str) -> None:
        """Forget a piece of state."""
        ...

    def all(self, kind: str) -> Iterable[tuple[str, dict[str, Any]]]:
        """Every piece of one kind."""
        ...

    def commit(self) -> None:
        """Make what was written since the last call outlast the process."""
        ...


class MemorySpool:
    """Everything in memory: for the fake engine and adapters whose switch keeps the calls itself."""

    def __init__(self) -> None:
        self._events: collections.deque[Event] = collections.deque(maxlen=KEPT)
        self._forgotten = 0
        self._seq = 0
        self._answers: collections.OrderedDict[str, tuple[str, list[str]]] = collections.OrderedDict()
        self._state: dict[str, dict[str, dict[str, Any]]] = collections.defaultdict(dict)

    def last_seq(self) -> int:
        """See :class:`Spool`."""
        return self._seq

    def add_event(self, event: Event) -> None:
        """See :class:`Spool`."""
        if len(self._events) == KEPT:
            self._forgotten = self._events[0].seq
        self._events.append(event)
        self._seq = event.seq

    def events_after(self, seq: int, limit: int) -> list[Event]:
        """See :class:`Spool`."""
        if not self._events or seq >= self._seq:
            return []
        skip = max(0, seq + 1 - self._events[0].seq)
        return [self._events[i] for i in range(skip, min(skip + limit, len(self._events)))]

    def oldest_seq(self) -> int:
        """See :class:`Spool`."""
        return self._forgotten

    def boot_of(self, seq: int) -> str:
        """See :class:`Spool`."""
        found = self.events_after(seq - 1, 1)
        return found[0].boot_id if found and found[0].seq == seq else ""

    def forget_events(self, upto: int) -> None:
        """See :class:`Spool`."""
        while self._events and self._events[0].seq <= upto:
            self._forgotten = self._events.popleft().seq

    def add_answer(self, command_id: str, fingerprint: str, answer: list[str]) -> None:
        """See :class:`Spool`."""
        self._answers[command_id] = (fingerprint, answer)
        if len(self._answers) > KEPT:
            self._answers.popitem(last=False)

    def answer(self, command_id: str) -> tuple[str, list[str]] | None:
        """See :class:`Spool`."""
        return self._answers.get(command_id)

    def put(self, kind: str, key: str, value: dict[str, Any]) -> None:
        """See :class:`Spool`."""
        self._state[kind][key] = value

    def drop(self, kind: str, key: str) -> None:
        """See :class:`Spool`."""
        self._state[kind].pop(key, None)

    def all(self, kind: str) -> Iterable[tuple[str, dict[str, Any]]]:
        """See :class:`Spool`."""
        return list(self._state[kind].items())

    def commit(self) -> None:
        """See :class:`Spool`."""
