"""Soundness of a declaration, checked at start-up: a fault stops the house, not a citizen.

Every state reachable, every open state with a way out and with a time limit or a reason for none, every clock started is met or
cancelled on every path to the end, every step has a policy, every timeout can happen, nothing is rated before it was given,
every text has both languages.
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
            if use.promised and (step.form is None or use.promised not in step.form.model_fields):
                yield f"step {step.verb}: clock {use.rule} ends with {use.promised}, which nobody is asked for"
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
        if step.verb == "rated":
            yield from (f"step rated is taken in {s}, where nothing was given to rate" for s in step.from_ if not process.state(s).served)


_Clocks = tuple[frozenset[str], frozenset[str]]
"""The rules whose clocks are open, and which of these are paused."""


def _clocks_after(now: _Clocks, step: Step, to: str) -> _Clocks:
    opened, paused = set(now[0]), set(now[1])
    for use in step.clocks:
        if use.only_to and to not in use.only_to:
            continue
        if use.verb is ClockVerb.STARTS:
            opened.add(use.rule)
        elif use.verb in {ClockVerb.MEETS, ClockVerb.CANCELS}:
            opened.discard(use.rule)
            paused.discard(use.rule)
        elif use.verb is ClockVerb.PAUSES and use.rule in opened:
            paused.add(use.rule)
        elif use.verb is ClockVerb.RESUMES:
            paused.discard(use.rule)
    return frozenset(opened), frozenset(paused)


def _clocks(process: Process) -> Iterator[str]:
    """Walk every reachable (state, clocks): at an end none is open, before it one runs or the state says why not."""
    told: dict[str, None] = {}
    ran: dict[str, set[str]] = {}
    for state, (opened, paused), by in _reached(process):
        kind = process.state(state).kind
        for rule in opened - paused:
            ran.setdefault(rule, set()).add(state)
        if kind.is_final and opened:
            told[f"clocks {', '.join(sorted(opened))} still run in final state {state} (after {by})"] = None
        elif not kind.is_final and not opened - paused and process.state(state).untimed is None:
            told[f"state {state} has no time limit and no reason for none (after {by})"] = None
    yield from told
    known = {u.rule for u in (*process.start_clocks, *(u for s in process.steps for u in s.clocks)) if u.verb is ClockVerb.STARTS}
    for step in process.steps:
        yield from (f"step {step.verb} uses clock {use.rule}, which nothing starts" for use in step.clocks if use.rule not in known)
    for timeout in process.timeouts:
        if not ran.get(timeout.rule, set()) & set(process.step(timeout.verb).from_):
            yield f"timeout of {timeout.rule} can never take {timeout.verb}"


def _reached(process: Process) -> Iterator[tuple[str, _Clocks, str]]:
    """Every reachable pair of state and clocks, with the step that led there first. Ends stop where something still runs."""
    start = frozenset(u.rule for u in process.start_clocks if u.verb is ClockVerb.STARTS)
    seen: set[tuple[str, _Clocks]] = set()
    stack: list[tuple[str, _Clocks, str]] = [(process.start, (start, frozenset()), "start")]
    while stack:
        state, now, by = stack.pop()
        if (state, now) in seen:
            continue
        seen.add((state, now))
        yield state, now, by
        if process.state(state).kind.is_final and now[0]:
            continue
        for step in process.steps_from(state):
            stack += [(to, _clocks_after(now, step, to), step.verb) for to in process.targets(step, state)]


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
