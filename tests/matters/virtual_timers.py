"""Sixty days in a minute: legal limits of every unit under a clock that is moved by hand, outages and a clock that is set wrong."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from fawang.kernel import clock as time
from fawang.kernel.context import acting
from fawang.kernel.texts import Text
from fawang.matters import sweeper
from fawang.matters.declaration import Process, Relation, State, StateKind, Step, Timeout, cancels, starts
from fawang.matters.models import Clock, Intake
from fawang.matters.openings import Opening, open_matter
from fawang.matters.processes import forget, register
from tests import factories
from tests.conftest import MONDAY

RULES = ("CONS-LIVE", "CONS-MSG", "LA-TRF", "CONS-LET", "CONS-RATE", "CONS-FACTS", "RATE-CALL", "COMP-ACC", "NOT-ISS")
TICK = timedelta(hours=1)
DAYS = 60
T = Text("试验", "trial")


@dataclass
class Outcome:
    """What came of it."""

    timers: int = 0
    lit: Counter[tuple[Any, str]] = field(default_factory=Counter)
    fired: Counter[Any] = field(default_factory=Counter)
    late: list[timedelta] = field(default_factory=list)
    out_of_order: int = 0
    left_over: int = 0


def declare(rule: str) -> Process:
    """A matter that the running out of one limit closes."""
    return Process(
        code=f"t_{rule.lower()}", version=1, name=T, about=T, norm=T, effective_from=date(2020, 1, 1), start="waiting", start_clocks=(starts(rule),),
        states=(State("waiting", T, StateKind.OPEN, T), State("over", T, StateKind.VOID, T)),
        steps=(Step("fire", T, ("waiting",), ("over",), "matters.system", unattended=True, clocks=(cancels(rule),)),),
        relations=(Relation("applicant", T, frozenset()),), timeouts=(Timeout(rule, "fire"),),
    )  # fmt: skip


def outages(chance: random.Random) -> list[tuple[datetime, datetime]]:
    """When the system is down: one outage of nine days and a dozen of hours."""
    spans = [(MONDAY + timedelta(days=14, hours=5), MONDAY + timedelta(days=23, hours=5))]
    for _ in range(12):
        began = MONDAY + timedelta(hours=chance.uniform(1, DAYS * 24))
        spans.append((began, began + timedelta(hours=chance.uniform(0.3, 30))))
    return spans


def simulate(timers: int, seed: int, sweep: Callable[[], int] = sweeper.sweep, days: int = DAYS) -> Outcome:
    """Open so many matters over the days, keep the sweeper running but for the outages, and count what fired. Uses the database."""
    chance, outcome = random.Random(seed), Outcome(timers)
    declared = [register(declare(rule)) for rule in RULES]
    office = factories.office("legal_aid_agency")
    down = outages(chance)
    moments = sorted(_while_up(chance, down, days) for _ in range(timers))
    watched, sound = _watch(outcome), sweeper._record
    sweeper._record = watched  # type: ignore[assignment]
    held = [MONDAY]
    time.set_source(lambda: held[0])
    try:
        with acting(door="web"):
            intake = Intake.objects.create(door="web", office=office)
        true = MONDAY
        while true < MONDAY + timedelta(days=days + 35):
            step = timedelta(hours=2) if 8 <= (true - MONDAY).days < 12 else timedelta(0)
            held[0] = true + step
            if not any(a <= true < b for a, b in down):
                while moments and moments[0] <= true:
                    moments.pop(0)
                    with acting(door="web"):
                        open_matter(intake=intake, opening=Opening(process=chance.choice(declared).code, title="试验", region_code="340100", office=office))
                watched.begin(held[0])
                worked = False
                while sweep():
                    worked = True
                outcome.left_over += Clock.objects.filter(next_moment__lte=held[0]).count() if worked else 0
            true += TICK
    finally:
        sweeper._record = sound
        time.set_source(None)
        for process in declared:
            forget(process)
    outcome.fired.update(c.matter_id for c in Clock.objects.filter(rule_code__in=RULES, state="cancelled", light="overdue", timeout_taken=True))
    return outcome


def _while_up(chance: random.Random, down: list[tuple[datetime, datetime]], days: int) -> datetime:
    while True:
        moment = MONDAY + timedelta(hours=chance.uniform(0, days * 24))
        if not any(a <= moment < b for a, b in down):
            return moment


class _watch:
    """Stands where the sweeper writes its event, and looks at the order of what comes by."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome, self.sound, self.last, self.now = outcome, sweeper._record, MONDAY, MONDAY

    def begin(self, now: datetime) -> None:
        self.last, self.now = MONDAY, now

    def __call__(self, matter: Any, clock: Any, light: str) -> None:
        self.sound(matter, clock, light)
        self.outcome.lit[(matter.pk, light)] += 1
        if light == "overdue":
            due = clock.statutory_due_at
            self.outcome.out_of_order += due < self.last
            self.last = due
            self.outcome.late.append(self.now - due)
