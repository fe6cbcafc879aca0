"""Soundness of a declaration, checked at start-up: a fault stops the house, not a citizen.

Every state reachable, every open state with a way out, every clock started is met or cancelled on every path to the end,
every step has a policy, every text has both languages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from fawang.kernel.texts import Text
from fawang.matters.declaration import ClockUse, ClockVerb, Process, Step


def problems_of(process: Process) -> list[str]:
    """All faults of one declaration, in words; empty when it is sound."""
    faults = [*_names(process)]
    if faults:
        return faults
    return [*_reachability(process), *_steps(process), *_clocks(process), *_texts(process)]


def _names(process: Process) -> Iterator[str]:
    states = [s.code for s in process.states]
    verbs = [s.verb for s in process.steps]
    for kind, names in (("state", states), ("step", verbs), ("relation", [r.code for r in process.relations])):
        for name in sorted({n for n in names if names.count(n) > 1}):
            yield f"{kind} {name} is declared twice"
    if process.start not in states:
        yield f"start state {process.start} is not declared"
    for step in process.steps:
        for state in (*step.from_, *step.to):
            if state not in states:
                yield f"step {step.verb} names unknown state {state}"
        for use in step.clocks:
            yield from (f"step {step.verb}: clock {use.rule} only_to {s} is not a to-state" for s in use.only_to if s not in step.to)
    for timeout in process.timeouts:
        if timeout.verb not in verbs:
            yield f"timeout of {timeout.rule} names unknown step {timeout.verb}"
    yield from _relations(process)


def _relations(process: Process) -> Iterator[str]:
    relations = {r.code for r in process.relations}
    for step in process.steps:
        for tell in step.tells:
            if tell.to not in relations:
                yield f"step {step.verb} tells unknown relation {tell.to}"
    for shield in process.shields:
        for name in (shield.relation, *shield.from_relations):
            if name not in relations:
                yield f"shield names unknown relation {name}"


def _edges(process: Process) -> dict[str, set[str]]:
    edges: dict[str, set[str]] = {s.code: set() for s in process.states}
    for step in process.steps:
        for source in step.from_:
            edges[source] |= set(process.targets(step, source))
    return edges


def _reachability(process: Process) -> Iterator[str]:
    edges = _edges(process)
    seen, stack = set(), [process.start]
    while stack:
        if (state := stack.pop()) not in seen:
            seen.add(state)
            stack += edges[state]
    for declared in process.states:
        if declared.code not in seen:
            yield f"state {declared.code} cannot be reached"
    ending = {s.code for s in process.states if s.kind.is_final}
    if not ending:
        yield "no final state"
    grew = True
    while grew:
        more = {s for s, to in edges.items() if to & ending} - ending
        ending |= more
        grew = bool(more)
    for declared in process.states:
        if declared.code not in ending:
            yield f"state {declared.code} has no way to an end"


def _steps(process: Process) -> Iterator[str]:
    for step in process.steps:
        if not step.by:
            yield f"step {step.verb} has no policy"
        if not step.from_ or bool(step.to) == step.stays:
            yield f"step {step.verb} goes from nowhere or to nowhere"
        if len(step.to) > 1 and step.effect is None:
            yield f"step {step.verb} has several to-states and no effect to choose"


def _running_after(process: Process, running: frozenset[str], step: Step, to: str) -> frozenset[str]:
    after = set(running)
    for use in step.clocks:
        if use.only_to and to not in use.only_to:
            continue
        if use.verb is ClockVerb.STARTS:
            after.add(use.rule)
        elif use.verb in {ClockVerb.MEETS, ClockVerb.CANCELS}:
            after.discard(use.rule)
    return frozenset(after)


def _clocks(process: Process) -> Iterator[str]:
    """Walk every reachable (state, running clocks) pair; at an end nothing may run."""
    start = frozenset(u.rule for u in process.start_clocks if u.verb is ClockVerb.STARTS)
    seen: set[tuple[str, frozenset[str]]] = set()
    stack = [(process.start, start, "start")]
    told: set[str] = set()
    while stack:
        state, running, by = stack.pop()
        if (state, running) in seen:
            continue
        seen.add((state, running))
        if process.state(state).kind.is_final and running:
            fault = f"clocks {', '.join(sorted(running))} still run in final state {state} (after {by})"
            if fault not in told:
                told.add(fault)
                yield fault
            continue
        for step in process.steps_from(state):
            for to in process.targets(step, state):
                stack.append((to, _running_after(process, running, step, to), step.verb))
        if len(seen) > 20000:
            yield "too many combinations of states and clocks to check: simplify"
            return


def _texts(process: Process) -> Iterator[str]:
    yield from _walk(process, process.code, depth=0)


def _walk(value: object, where: str, depth: int) -> Iterator[str]:
    if isinstance(value, Text):
        if not value.zh.strip() or not value.en.strip():
            yield f"{where} lacks a language"
    elif isinstance(value, tuple):
        for i, item in enumerate(value):
            name = getattr(item, "verb", None) or getattr(item, "code", None) or i
            yield from _walk(item, f"{where}.{name}", depth + 1)
    elif is_dataclass(value) and not isinstance(value, type) and not isinstance(value, ClockUse) and depth < 8:
        for item in fields(value):
            yield from _walk(getattr(value, item.name), f"{where}.{item.name}", depth + 1)
