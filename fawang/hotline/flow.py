"""The way of a call, decided from the document alone. Pure; the controller and the simulator both ask here, so they cannot disagree."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from fawang.hotline.configuration import Document, Option, Queue

IsOpen = Callable[[str], bool]
"""Whether the hours of that code are open at the moment in question."""


@dataclass(frozen=True, slots=True)
class Caller:
    """What is known of a caller before a human speaks. Nothing here is proof of who he is."""

    region: str = ""
    language: str = "zh-hans"
    priority_groups: tuple[str, ...] = ()
    adviser: str = ""
    """Whom he spoke with last, within the queue's days, if on duty now."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a call has gathered on its way."""

    needs: tuple[str, ...] = ()
    priority: int = 0
    emergency: bool = False
    language: str = ""

    def with_option(self, option: Option) -> Wanted:
        """After a key of a menu."""
        return replace(
            self,
            needs=tuple(dict.fromkeys([*self.needs, *option.needs])),
            priority=max(self.priority, option.priority),
            emergency=self.emergency or option.emergency,
            language=option.language or self.language,
        )


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happens to a waiting call: ``at`` seconds after it entered."""

    at: int
    what: str
    data: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """How a call begins to wait, and all that will happen to it while it does."""

    needs: tuple[str, ...]
    pools: tuple[str, ...]
    priority: int
    moments: tuple[Moment, ...]
    preferred: str = ""
    preferred_for: int = 0


@dataclass(frozen=True, slots=True)
class Closed:
    """The queue takes nobody now; what it does instead."""

    instead: str
    pools: tuple[str, ...] = field(default=())


def number_for(document: Document, did: str) -> tuple[str, str] | None:
    """(destination, region) of a dialled number: the exact one, else the longest one it ends in, else ``*``."""
    digits = re.sub(r"[^0-9*]", "", did) or did
    exact = [n for n in document.numbers if n.did == did]
    if exact:
        return exact[0].to, exact[0].region
    ending = [n for n in document.numbers if n.did != "*" and digits.endswith(n.did)]
    if ending:
        best = max(ending, key=lambda n: len(n.did))
        return best.to, best.region
    return next(((n.to, n.region) for n in document.numbers if n.did == "*"), None)


PRIORITY_GROUP, EMERGENCY, NO_ANSWER, DROPPED = 1, 5, 1, 9
"""Steps of priority: a priority group, an emergency, a try that nobody answered, a conversation that broke off."""


def plan(queue: Queue, caller: Caller, wanted: Wanted, is_open: IsOpen) -> Waiting | Closed:
    """How a call waits in a queue, from its first second to its limit, or what happens because the queue is closed.

    Outside the queue's hours only pools marked ``night`` serve it; without any it is closed.
    """
    day = is_open(queue.hours)
    uses = [u for u in queue.pools if (u.when == "always" and day) or u.when == ("day" if day else "night")]
    if not uses:
        return Closed(queue.closed)
    language = wanted.language or caller.language
    needs = [*queue.needs, *wanted.needs]
    if language not in {"", "zh-hans"}:
        needs.append(f"lang:{language}")
    priority = queue.priority + wanted.priority + (PRIORITY_GROUP if caller.priority_groups else 0) + (EMERGENCY if wanted.emergency else 0)
    moments = [Moment(r.after, "relax", tuple(r.drop)) for r in queue.relax]
    moments += [Moment(u.after, "overflow", (u.pool,)) for u in uses if u.after > 0]
    moments += [Moment(t, "announce") for t in range(queue.announce_first, queue.longest_wait, queue.announce_every)]
    if queue.offer is not None:
        moments += [Moment(t, "offer") for t in range(queue.offer.after, queue.longest_wait, queue.offer.every)]
    moments.append(Moment(queue.longest_wait, "limit", (queue.at_limit,)))
    preferred_for = queue.same_adviser_wait if caller.adviser else 0
    if preferred_for:
        moments.append(Moment(preferred_for, "prefer_no_longer"))
    return Waiting(
        needs=tuple(dict.fromkeys(needs)),
        pools=tuple(u.pool for u in uses if u.after == 0),
        priority=priority,
        moments=tuple(sorted(moments, key=lambda m: (m.at, _ORDER.index(m.what)))),
        preferred=caller.adviser if preferred_for else "",
        preferred_for=preferred_for,
    )


_ORDER = ("prefer_no_longer", "relax", "overflow", "limit", "offer", "announce")


def relaxed(needs: Iterable[str], drop: Iterable[str]) -> tuple[str, ...]:
    """What is still needed when everything beginning with one of ``drop`` is given up."""
    given_up = tuple(drop)
    return tuple(n for n in needs if not n.startswith(given_up))


def may_dial(document: Document, number: str, roles: Iterable[str]) -> bool:
    """Whether somebody with these roles may dial this number out. Nothing is dialled that no rule allows (toll fraud)."""
    held = set(roles)
    return any(re.fullmatch(rule.pattern, number) and held & set(rule.roles) for rule in document.dialling)


def spoken_number(n: int) -> list[str]:
    """Prompt codes that say a number from 0 to 999 in Mandarin: 23 → 二十三."""
    if n >= 1000:
        return [*spoken_number(999)]
    hundreds, tens, ones = n // 100, n // 10 % 10, n % 10
    said = []
    if hundreds:
        said += [f"digit_{hundreds}", "hundred"]
    if tens:
        said += ["ten"] if tens == 1 and not hundreds else [f"digit_{tens}", "ten"]
    elif hundreds and ones:
        said.append("digit_0")
    if ones or not said:
        said.append(f"digit_{ones}")
    return said
