"""Protection against floods: how much one source may ask, and how long one that sends rubbish or guesses passwords is not heard."""

from __future__ import annotations

import collections

SOURCES_WATCHED = 10_000


class _Source:
    __slots__ = ("barred_until", "faults", "tokens", "when")

    def __init__(self, tokens: float, when: float) -> None:
        self.tokens = tokens
        self.when = when
        self.faults = 0.0
        self.barred_until = 0.0


class FloodGuard:
    """A bucket per address: ``rate`` messages a second, ``burst`` at once; a fault (unreadable message, wrong password) weighs more."""

    def __init__(self, rate: float = 100.0, burst: float = 300.0, *, faults: float = 30.0, bar_s: float = 60.0, free: frozenset[str] = frozenset()) -> None:
        self.rate, self.burst, self.faults, self.bar_s = rate, burst, faults, bar_s
        self.free = free
        self.dropped = 0
        self._sources: collections.OrderedDict[str, _Source] = collections.OrderedDict()

    def _source(self, host: str, now: float) -> _Source:
        source = self._sources.get(host)
        if source is None:
            source = self._sources[host] = _Source(self.burst, now)
            if len(self._sources) > SOURCES_WATCHED:
                self._sources.popitem(last=False)
        else:
            self._sources.move_to_end(host)
            passed = now - source.when
            source.when = now
            source.tokens = min(self.burst, source.tokens + passed * self.rate)
            source.faults = max(0.0, source.faults - passed * self.faults / self.bar_s)
        return source

    def allows(self, host: str, now: float) -> bool:
        """Whether a message from there is to be looked at; counts it."""
        if host in self.free:
            return True
        source = self._source(host, now)
        if now < source.barred_until or source.tokens < 1:
            self.dropped += 1
            return False
        source.tokens -= 1
        return True

    def fault(self, host: str, now: float, weight: float = 1.0) -> None:
        """Something unreadable or a wrong password came from there."""
        if host in self.free:
            return
        source = self._source(host, now)
        source.faults += weight
        if source.faults > self.faults:
            source.barred_until = now + self.bar_s
            source.faults = 0.0
