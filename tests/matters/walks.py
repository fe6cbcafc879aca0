"""Walking declared services on the real database: one step after the other, by whoever may, looking around after each.

Nothing here knows what a service means; it knows how to fill forms, who the people are, and what must hold of every matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction

from fawang.kernel import clock
from fawang.kernel.errors import Refusal
from fawang.kernel.models import Event
from fawang.kernel.policy import decide
from fawang.matters import actions, sweeper
from fawang.matters.declaration import Process, Step
from fawang.matters.forms import FieldSpec, fields_of
from fawang.matters.models import Clock, Matter, MatterLink
from fawang.matters.services import _check, situation_of, take_step
from fawang.oversight.services import raise_order, rate
from fawang.people.actors import SYSTEM, Actor
from fawang.people.models import Staff
from fawang.registry.models import Organisation
from tests import factories

Choose = Callable[[list[Any]], Any]
"""Picks one of some possibilities."""


@dataclass
class Cast:
    """Everybody who may have to do with a matter of the house."""

    agency: Organisation
    bureau: Organisation
    staff: list[Staff]
    applicant: Actor
    person: Any
    accused: Staff
    working: list[Actor] = field(init=False)

    @classmethod
    def made(cls) -> Cast:
        bureau = factories.office("justice_bureau")
        agency = factories.office("legal_aid_agency", parent=bureau)
        roles = ("dispatcher", "supervisor", "office_head", "return_visitor", "complaint_handler", "hotline_supervisor")
        person = factories.citizen()
        return cls(
            agency, bureau,
            [factories.staff("李律师", "adviser", at=agency, is_adviser=True), *(factories.staff(f"员{r}", r, at=bureau) for r in roles)],
            factories.person_actor(person), person, factories.staff("钱律师", "adviser", at=agency, is_adviser=True),
        )  # fmt: skip

    def __post_init__(self) -> None:
        self.working = [factories.actor(s) for s in (*self.staff, self.accused)]

    def who_may(self, step: Step, matter: Matter) -> Actor | None:
        """The first of them whom the step's policy lets; the system for what nobody takes by hand."""
        people = [SYSTEM] if step.unattended else [self.applicant.holding(matter.pk), *self.working]
        return next((a for a in people if decide(step.by, a, matter)), None)

    def by_role(self, role: str) -> Actor:
        return next(a for a in self.working if a.has(role))


def opened(cast: Cast, process: Process) -> Matter:
    """A fresh matter of a service, come into being as such matters do."""
    makers = {"return_visit": _rated, "rectification": _rated, "supervision_order": _ordered, "statement": _asked}
    if process.code in makers:
        return makers[process.code](cast, process.code)
    relation = next((r.code for r in process.relations if r.code in {"applicant", "complainant"}), process.relations[0].code)
    office = cast.bureau if process.code == "complaint" else cast.agency
    return factories.matter(process.code, office, person=cast.person, relation=relation)


def _rated(cast: Cast, code: str) -> Matter:
    matter = factories.matter("consultation", cast.agency, person=cast.person)
    actions.assign(actor=cast.by_role("dispatcher"), matter_id=matter.pk, staff_id=cast.accused.pk)
    take_step(actor=factories.actor(cast.accused), matter_id=matter.pk, verb="answer", data={"body": "请先与单位协商，再投诉。"})
    rate(actor=cast.applicant.holding(matter.pk), matter_id=matter.pk, level=1)
    return MatterLink.objects.get(parent=matter, child__process_code=code).child


def _ordered(cast: Cast, _: str) -> Matter:
    matter = factories.matter("consultation", cast.agency, person=cast.person)
    order = raise_order(matter=matter, cause="overdue:CONS-MSG")
    assert order is not None
    return order


def _asked(cast: Cast, _: str) -> Matter:
    matter = factories.matter("complaint", cast.bureau, person=cast.person, relation="complainant")
    handler = cast.by_role("complaint_handler")
    actions.assign(actor=handler, matter_id=matter.pk, staff_id=handler.account)
    for verb, data in (("accept", {}), ("identify_respondent", {"username": cast.accused.username}), ("ask_statement", {"question": "请说明接待的经过。"})):
        take_step(actor=handler, matter_id=matter.pk, verb=verb, data=data)
    return MatterLink.objects.get(parent=matter, child__process_code="statement").child


@dataclass
class Walk:
    """One matter on its way. ``faults``: what does not hold; ``edges``: (verb, from, to) taken."""

    cast: Cast
    process: Process
    advance: Callable[[timedelta], None]
    choose: Choose
    edges: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    matter: Matter = field(init=False)

    def __post_init__(self) -> None:
        self.matter = opened(self.cast, self.process)
        self.look()

    def go(self, steps: int) -> None:
        """So many steps, or until nothing more can be done."""
        for _ in range(steps):
            if not self.step():
                return

    def step(self) -> bool:
        """One step of those that can be taken now; ``False`` when there is none."""
        self._somebody_handles_it()
        self._what_is_put_right_is_answered_again()
        if not (possible := self.possible()):
            if self.matter.is_open:
                self.faults.append(f"{self.matter.state}: nobody can do anything")
            return False
        before = self.matter.state
        step, actor = self.choose(possible)
        if step.verb in {t.verb for t in self.process.timeouts} and (running := self._clock_of(step)) is not None:
            self._wait_for(running)
        else:
            try:
                with transaction.atomic():
                    take_step(actor=actor, matter_id=self.matter.pk, verb=step.verb, data=self._filled(step))
            except Refusal as refusal:
                self.faults.append(f"{before}: {step.verb} was refused: {refusal.code} {refusal.fields}")
                return False
        self.advance(timedelta(hours=2, minutes=1))
        self.matter = Matter.objects.get(pk=self.matter.pk)
        last = Event.objects.filter(stream=self.matter.pk, kind="matter.step_taken").order_by("-seq").first()
        if last is None or (last.payload["verb"], last.payload["from"], last.payload["to"]) != (step.verb, before, self.matter.state):
            self.faults.append(f"{before}: {step.verb} left no event of itself")
        self.edges[(step.verb, before, self.matter.state)] += 1
        self.look()
        return True

    def possible(self) -> list[tuple[Step, Actor]]:
        """Steps whose policy lets somebody and whose guards hold, each with who takes it."""
        found = []
        for step in self.process.steps_from(self.matter.state):
            actor = self.cast.who_may(step, self.matter)
            if actor is None:
                self.faults.append(f"{self.matter.state}: nobody may take {step.verb}")
                continue
            try:
                _check(situation_of(actor, self.matter), step)
            except Refusal as refusal:
                if not refusal.code.startswith("guard."):
                    self.faults.append(f"{self.matter.state}: {step.verb}: {refusal.code}")
                continue
            found.append((step, actor))
        return found

    def look(self) -> None:
        """What must hold of a matter wherever it stands."""
        matter, state = self.matter, self.process.state(self.matter.state)
        running = list(Clock.objects.filter(matter=matter, state="running"))
        unfinished = list(Clock.objects.filter(matter=matter, state__in=("running", "paused")))
        if matter.is_open == state.kind.is_final:
            self.faults.append(f"{state.code}: open is {matter.is_open}")
        if state.kind.is_final and unfinished:
            self.faults.append(f"{state.code}: {[c.rule_code for c in unfinished]} still run")
        if not state.kind.is_final and not running and state.untimed is None:
            self.faults.append(f"{state.code}: nothing limits it")
        due = min((c.statutory_due_at for c in unfinished if c.statutory_due_at), default=None)
        if matter.next_due_at != due:
            self.faults.append(f"{state.code}: shows due {matter.next_due_at}, its clocks say {due}")
        if (matter.closed_at is not None) != state.kind.is_final:
            self.faults.append(f"{state.code}: closed at {matter.closed_at}")

    def _somebody_handles_it(self) -> None:
        if self.matter.assignee_id is None and self.matter.is_open and any(s.by == "matters.assignee" for s in self.process.steps):
            by = self.cast.by_role("complaint_handler" if "complaint_handler" in self.process.seen_by_roles else "dispatcher")
            to = by.account if by.has("complaint_handler") else self.cast.staff[0].pk
            actions.assign(actor=by, matter_id=self.matter.pk, staff_id=to)
            self.matter = Matter.objects.get(pk=self.matter.pk)

    def _what_is_put_right_is_answered_again(self) -> None:
        """A rectification waits for the handler of what was rated badly."""
        if self.process.code == "rectification" and self.matter.state == "rectifying":
            rated = MatterLink.objects.get(child=self.matter, relation="rectifies").parent
            if rated.is_open and rated.state == "follow_up":
                take_step(actor=factories.actor(self.cast.accused), matter_id=rated.pk, verb="answer", data={"body": "重新看过：请先与单位协商，再投诉。"})

    def _clock_of(self, step: Step) -> Clock | None:
        rules = [t.rule for t in self.process.timeouts if t.verb == step.verb]
        return Clock.objects.filter(matter=self.matter, rule_code__in=rules, state="running", timeout_taken=False).first()

    def _wait_for(self, running: Clock) -> None:
        """Let the limit run out and the sweeper do what the declaration says."""
        assert running.statutory_due_at is not None
        self.advance(max(running.statutory_due_at - clock.now(), timedelta()) + timedelta(days=1))
        while sweeper.sweep():
            pass

    def _filled(self, step: Step) -> dict[str, Any]:
        return {spec.name: self._value(spec, step) for spec in fields_of(step.form)} if step.form else {}

    def _value(self, spec: FieldSpec, step: Step) -> Any:
        if spec.name == "into":
            return opened(self.cast, self.process).number
        if spec.choices:
            return self.choose([value for value, _ in spec.choices])
        special = {
            "username": self.cast.accused.username,
            "when": (clock.today() + timedelta(days=1)).isoformat(),
            "citations": "《劳动合同法》第三十条",
            "days": 1,
        }
        if spec.name in special:
            return special[spec.name]
        return {"number": 1, "checkbox": False, "date": clock.today().isoformat()}.get(spec.widget, f"按规定办理，已说明情况（{step.verb}）。")


def least_taken(taken: Counter[Any], lingering: int) -> Choose:
    """Always what was chosen least so far: walks that choose so come everywhere soon.

    So many times a walk first takes what leaves a matter where it is: some steps open only to whoever has tried before.
    """
    left = lingering

    def choose(possible: list[Any]) -> Any:
        nonlocal left
        names = [(p[0].verb if isinstance(p, tuple) else p) for p in possible]
        stays = [n for n, p in enumerate(possible) if isinstance(p, tuple) and (p[0].stays or set(p[0].to) & set(p[0].from_))]
        best = min(stays if stays and left else range(len(possible)), key=lambda n: taken[names[n], tuple(names)])
        left -= 1 if stays and left else 0
        taken[names[best], tuple(names)] += 1
        return possible[best]

    return choose


def wanted_edges(process: Process) -> set[tuple[str, str, str]]:
    """Every step from every state it may be taken in, to every state it may end in."""
    return {(step.verb, state, to) for step in process.steps for state in step.from_ for to in process.targets(step, state)}
