"""The simulator: walks one call through a document, second by second, by the very rules the controller uses (``flow``). It writes nothing.

It answers what a caller would hear and who would be rung when, for a time of day, a caller, keys pressed, and agents of one's choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from fawang.hotline import flow, opening
from fawang.hotline.configuration import Document
from fawang.kernel.clock import BEIJING
from fawang.kernel.texts import Text

LONGEST_STEPS = 500


@dataclass(frozen=True, slots=True)
class SimAgent:
    """An agent in a pool: what he can take, and when he becomes free after the call entered the queue."""

    pool: str
    tags: tuple[str, ...] = ()
    free_after: int = 0
    answers: bool = True


@dataclass(frozen=True, slots=True)
class Scenario:
    """One imagined call."""

    name: Text
    at: datetime
    did: str = "12348"
    caller: flow.Caller = field(default_factory=flow.Caller)
    keys: tuple[str, ...] = ()
    """Keys pressed at the menus, in order; then none."""
    agents: tuple[SimAgent, ...] = ()
    hangs_up_after: int | None = None
    """Seconds of waiting the caller endures; ``None`` = for ever."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happens, so many seconds after the call arrived."""

    at: int
    what: str
    detail: str = ""


@dataclass(slots=True)
class Walk:
    """What became of the imagined call. ``ended`` is false when the walk never came to an end."""

    scenario: Scenario
    happenings: list[Happening] = field(default_factory=list)
    outcome: str = ""
    ended: bool = False

    def add(self, at: int, what: str, detail: str = "") -> None:
        """Note something."""
        self.happenings.append(Happening(at, what, detail))

    def as_data(self) -> dict[str, Any]:
        """For keeping with the edition."""
        return {
            "name": [self.scenario.name.zh, self.scenario.name.en], "at": self.scenario.at.isoformat(), "did": self.scenario.did,
            "outcome": self.outcome, "happenings": [asdict(h) for h in self.happenings],
        }  # fmt: skip


NOTICE, GREETING = 6, 4
"""Seconds the notice and the greeting are taken to last."""


def walk(document: Document, scenario: Scenario) -> Walk:
    """Walk the call to its end."""
    result = Walk(scenario)
    found = flow.number_for(document, scenario.did)
    if found is None:
        result.add(0, "rejected", "not_found")
        result.outcome, result.ended = "rejected", True
        return result
    result.add(0, "notice")
    result.add(NOTICE, "greeting")
    at, wanted, destination, keys = NOTICE + GREETING, flow.Wanted(), found[0], list(scenario.keys)
    path: dict[str, int] = {}
    for _ in range(LONGEST_STEPS):
        kind, _, code = destination.partition(":")
        if kind == "menu":
            menu = document.menus[code]
            path[code] = path.get(code, 0) + 1
            result.add(at, "menu", code)
            key = keys.pop(0) if keys else ""
            at += menu.wait
            option = menu.options.get(key)
            if option is not None and option.to != "repeat":
                result.add(at, "key", key)
                wanted, destination = wanted.with_option(option), option.to
            elif (option is not None and path[code] <= menu.tries + 2) or path[code] < menu.tries:
                result.add(at, "again", key)
            else:
                result.add(at, "otherwise", menu.otherwise)
                destination = menu.otherwise
        elif kind == "queue":
            _wait(document, scenario, result, at, code, wanted)
            return result
        else:
            _end(result, at, destination)
            return result
    return result


def _end(result: Walk, at: int, destination: str) -> None:
    result.outcome = {"voicemail": "voicemail", "callback": "callback"}.get(destination, "closed")
    result.add(at, result.outcome)
    result.ended = True


def _wait(document: Document, scenario: Scenario, result: Walk, began: int, code: str, wanted: flow.Wanted) -> None:
    queue = document.queues[code]
    moment = scenario.at + timedelta(seconds=began)
    planned = flow.plan(queue, scenario.caller, wanted, opening.is_open(document, moment))
    if isinstance(planned, flow.Closed):
        result.add(began, "queue_closed", code)
        _end(result, began, planned.instead)
        return
    result.add(began, "queued", f"{code} priority={planned.priority} needs={','.join(planned.needs)} pools={','.join(planned.pools)}")
    needs, pools, preferred = planned.needs, list(planned.pools), planned.preferred
    tried: set[int] = set()
    ahead = list(planned.moments)
    waited = 0
    while True:
        agent = _free(scenario.agents, tried, waited, needs, pools, preferred)
        if agent is not None and not _gone(scenario, waited):
            n, who = agent
            tried.add(n)
            result.add(began + waited, "rings", who.pool)
            if who.answers:
                result.add(began + waited, "connected", who.pool)
                result.outcome, result.ended = "connected", True
                return
            waited += queue.ring
            result.add(began + waited, "no_answer", who.pool)
            continue
        following = _next(scenario, ahead, tried, waited)
        if following is None or (scenario.hangs_up_after is not None and following > scenario.hangs_up_after):
            waited = scenario.hangs_up_after or waited
            result.add(began + waited, "gives_up")
            result.outcome, result.ended = "abandoned_queue", following is None or scenario.hangs_up_after is not None
            return
        waited = max(waited, following)
        while ahead and ahead[0].at <= waited:
            m = ahead.pop(0)
            result.add(began + m.at, m.what, ",".join(m.data))
            if m.what == "relax":
                needs = flow.relaxed(needs, m.data)
            elif m.what == "overflow":
                pools += list(m.data)
            elif m.what == "prefer_no_longer":
                preferred = ""
            elif m.what == "limit":
                _end(result, began + m.at, m.data[0])
                return


def _gone(scenario: Scenario, waited: int) -> bool:
    return scenario.hangs_up_after is not None and waited > scenario.hangs_up_after


def _free(agents: tuple[SimAgent, ...], tried: set[int], waited: int, needs: tuple[str, ...], pools: list[str], preferred: str) -> tuple[int, SimAgent] | None:
    fitting = [
        (n, a) for n, a in enumerate(agents)
        if n not in tried and a.free_after <= waited and a.pool in pools and set(needs) <= set(a.tags) and not preferred
    ]  # fmt: skip
    return min(fitting, key=lambda item: (pools.index(item[1].pool), item[1].free_after), default=None)


def _next(scenario: Scenario, ahead: list[flow.Moment], tried: set[int], waited: int) -> int | None:
    moments = [m.at for m in ahead[:1]] + [a.free_after for n, a in enumerate(scenario.agents) if n not in tried and a.free_after > waited]
    return min(moments, default=None)


def standing(document: Document, now: datetime) -> list[Scenario]:
    """The scenarios every edition is walked through: each number, by day and by night, with and without keys, with and without agents."""
    day = now.astimezone(BEIJING).replace(hour=10, minute=0, second=0, microsecond=0)
    while day.weekday() > 4:
        day += timedelta(days=1)
    night = day.replace(hour=2)
    agents = tuple(SimAgent(pool, tags=all_needs(document)) for pool in sorted({u.pool for q in document.queues.values() for u in q.pools}))
    found = []
    for number in document.numbers:
        did = number.did if number.did != "*" else "12348"
        for moment, when in ((day, Text("白天", "by day")), (night, Text("夜间", "by night"))):
            for staffed, who in ((agents, Text("有坐席", "with agents")), ((), Text("无坐席", "without agents"))):
                name = Text(f"{did}，{when.zh}，{who.zh}，不按键", f"{did}, {when.en}, {who.en}, no keys")
                found.append(Scenario(name, moment, did, agents=staffed))
        for code, menu in document.menus.items():
            if number.to == f"menu:{code}":
                found += [Scenario(Text(f"{did}，按{key}", f"{did}, key {key}"), day, did, keys=(key,), agents=agents) for key in menu.options]
    return found


def all_needs(document: Document) -> tuple[str, ...]:
    """Everything a call may need under this document: an agent with these tags may take any."""
    needs = {n for q in document.queues.values() for n in q.needs} | {n for m in document.menus.values() for o in m.options.values() for n in o.needs}
    return tuple(sorted(needs))


def happenings_of(data: Mapping[str, Any]) -> list[Happening]:
    """The happenings of a kept walk."""
    return [Happening(**h) for h in data["happenings"]]
