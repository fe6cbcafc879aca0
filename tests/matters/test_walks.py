"""Every declared service is walked, on paper and on the database: no dead end, no step nobody may take, no clock left behind, no outcome out of reach.

Services that are declared later are walked too: the registry is the list.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fawang.kernel import clock
from fawang.kernel.texts import Text
from fawang.matters import processes
from fawang.matters.declaration import Guard, Process, State, StateKind, Timeout, cancels, starts
from fawang.matters.declaration_check import problems_of
from fawang.matters.processes import BadDeclaration, all_processes, process_version, register
from tests.conftest import MONDAY
from tests.matters.walks import Cast, Walk, least_taken, wanted_edges

pytestmark = pytest.mark.django_db
HOUSE = [p for p in all_processes() if not p.code.startswith("t_")]
CONSULTATION = process_version("consultation", 1)
STEPS = 12


def undone(run: Callable[[], Any]) -> Any:
    """Do it and take it back."""
    with transaction.atomic():
        found = run()
        transaction.set_rollback(True)
    return found


def walk_everywhere(process: Process, walks: int = 120) -> tuple[Counter[tuple[str, str, str]], list[str]]:
    """Walk again and again, always where one was least, until every edge was taken; the edges and the faults."""
    taken: Counter[Any] = Counter()
    edges: Counter[tuple[str, str, str]] = Counter()
    faults: list[str] = []

    with transaction.atomic():
        with clock.frozen(MONDAY):
            cast = Cast.made()
        for n in range(walks):
            with transaction.atomic(), clock.frozen(MONDAY) as advance:
                walk = Walk(cast, process, advance, least_taken(taken, 3 * (n % 2)))
                walk.go(STEPS)
                transaction.set_rollback(True)
            edges += walk.edges
            faults += walk.faults
            if faults or not wanted_edges(process) - set(edges):
                break
        transaction.set_rollback(True)
    return edges, faults


@pytest.mark.parametrize("process", HOUSE, ids=lambda p: p.code)
def test_every_step_of_every_service_can_be_taken_from_everywhere_it_is_declared_and_ends_everywhere_it_may(process: Process) -> None:
    edges, faults = walk_everywhere(process)
    assert faults == []
    assert wanted_edges(process) - set(edges) == set()
    ends = {s.code for s in process.states if s.kind.is_final}
    assert ends <= {to for _, _, to in edges}


@settings(max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
@pytest.mark.parametrize("process", HOUSE, ids=lambda p: p.code)
def test_wherever_chance_leads_a_matter_what_must_hold_holds(process: Process, data: st.DataObject) -> None:
    def one() -> list[str]:
        with clock.frozen(MONDAY) as advance:
            walk = Walk(Cast.made(), process, advance, lambda possible: possible[data.draw(st.integers(0, len(possible) - 1))])
            walk.go(data.draw(st.integers(1, STEPS)))
        return walk.faults

    assert undone(one) == []


# -- the checks themselves: a declaration with one thing wrong must not get past ---------------------------------------------------------------


def without_step(process: Process, *verbs: str) -> Process:
    return replace(process, steps=tuple(s for s in process.steps if s.verb not in verbs), timeouts=tuple(t for t in process.timeouts if t.verb not in verbs))


def with_step(process: Process, verb: str, **changes: Any) -> Process:
    return replace(process, steps=tuple(replace(s, **changes) if s.verb == verb else s for s in process.steps))


def broken_declarations() -> Iterator[tuple[Process, str]]:
    """A sound declaration with one thing wrong, and the words that must name it."""
    c = CONSULTATION
    yield without_step(c, "give_facts", "lapse", "withdraw"), "state waiting_facts has no way to an end"
    yield without_step(c, "redirect"), "state redirected cannot be reached"
    yield with_step(c, "answer", by=""), "step answer has no policy"
    yield with_step(c, "withdraw", clocks=()), "still run in final state withdrawn"
    yield with_step(c, "schedule", clocks=(cancels("CONS-MSG"), starts("CONS-SCHED", promised="until"))), "ends with until, which nobody is asked for"
    yield with_step(c, "rated", clocks=()), "clocks CONS-RATE still run in final state closed"
    yield with_step(c, "ask_facts", clocks=tuple(u for u in c.step("ask_facts").clocks if u.rule == "CONS-MSG")), "state waiting_facts has no time limit"
    yield with_step(c, "reopen", clocks=()), "state follow_up has no time limit and no reason for none"
    yield replace(c, start_clocks=()), "state submitted has no time limit"
    yield replace(c, timeouts=(*c.timeouts, Timeout("CONS-RATE", "lapse"))), "timeout of CONS-RATE can never take lapse"
    yield replace(c, timeouts=(*c.timeouts, Timeout("CONS-MSG", "nothing"))), "timeout of CONS-MSG names unknown step nothing"
    yield replace(c, states=tuple(replace(s, kind=StateKind.OPEN) if s.kind.is_final else s for s in c.states)), "no final state"
    yield replace(c, states=(*c.states, State("limbo", Text("悬置", "Limbo"), StateKind.OPEN, Text("悬置", "Limbo")))), "state limbo cannot be reached"
    yield with_step(c, "close", clocks=(*c.step("close").clocks, *process_version("complaint", 1).start_clocks)), "still run in final state closed"
    yield with_step(c, "accept", clocks=process_version("complaint", 1).step("refuse").clocks), "uses clock COMP-ACC, which nothing starts"
    yield replace(c, name=Text("法律咨询", "")), "lacks a language"
    yield with_step(c, "rated", from_=("answered", "waiting_facts")), "rated is taken in waiting_facts"
    yield with_step(c, "accept", to=("answering", "follow_up"), effect=None), "several to-states and no effect"


@pytest.mark.parametrize(("wrong", "words"), list(broken_declarations()), ids=lambda v: v if isinstance(v, str) else "")
def test_a_declaration_with_one_thing_wrong_is_refused_and_the_fault_named(wrong: Process, words: str) -> None:
    assert any(words in problem for problem in problems_of(wrong)), problems_of(wrong)
    with pytest.raises(BadDeclaration, match=re.escape(words)):
        register(replace(wrong, version=99))
    assert ("consultation", 99) not in {(p.code, p.version) for p in all_processes()}


def test_sound_declarations_are_not_refused() -> None:
    assert {p.code: problems_of(p) for p in HOUSE} == {p.code: [] for p in HOUSE}


def _never(_: Any) -> bool:
    return False


STUCK = Guard("never", _never, Text("永远不行", "Never"))


def broken_in_the_walk() -> Iterator[tuple[Process, str]]:
    """What only a walk can find: guards and rights that never let anybody through, effects that go astray."""
    order, putting_right = process_version("supervision_order", 1), process_version("rectification", 1)
    yield with_step(with_step(order, "accept", guards=(STUCK,)), "send_back", guards=(STUCK,)), "reported: nobody can do anything"
    yield with_step(order, "accept", by="people.audit"), "reported: nobody may take accept"
    yield with_step(putting_right, "dismiss", guards=(STUCK,)), "is never taken: dismiss"
    yield with_step(order, "escalate_late", guards=(STUCK,)), "is never taken: escalate_late"
    yield with_step(putting_right, "dismiss", effect=_leaves_a_clock), "explained: ['CONS-LET'] still run"


def _leaves_a_clock(taking: Any) -> None:
    """An effect that starts a clock behind the declaration's back."""
    from fawang.matters import clocks

    clocks.apply(taking.matter, starts("CONS-LET"), at=taking.now)


@pytest.mark.parametrize(("wrong", "words"), list(broken_in_the_walk()), ids=lambda v: v if isinstance(v, str) else "")
def test_the_walk_finds_what_no_reading_of_the_declaration_shows(wrong: Process, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(processes._PROCESSES, (wrong.code, wrong.version), wrong)
    edges, faults = walk_everywhere(wrong, walks=12)
    faults += [f"is never taken: {verb}" for verb, _, _ in sorted(wanted_edges(wrong) - set(edges))]
    assert any(words in fault for fault in faults), faults


def test_the_walk_goes_by_the_declaration_in_force_on_the_day() -> None:
    assert all(p.effective_from <= date(2026, 3, 2) for p in HOUSE)
