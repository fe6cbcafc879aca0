"""The engine: opening a matter and taking a step. One transaction each: check, lock, write, event, clocks, words.

Nothing here knows any service. A service's own verb is its step's ``effect``.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from fawang.kernel import clock as time
from fawang.kernel import events
from fawang.kernel.errors import Absent, Forbidden, Refusal
from fawang.kernel.policy import decide
from fawang.matters import clocks, problems  # noqa: F401 - problems registers this room's words
from fawang.matters.assignments import end_assignment
from fawang.matters.declaration import ClockVerb, Opens, Process, Step
from fawang.matters.forms import parse
from fawang.matters.joining import settle
from fawang.matters.models import Matter, MatterLink
from fawang.matters.news import tell_pages
from fawang.matters.openings import open_child
from fawang.matters.papers import issue_papers
from fawang.matters.processes import process_version
from fawang.matters.relations import relations_of
from fawang.matters.situation import Situation, Taking
from fawang.matters.tells import send_tells
from fawang.people.actors import SYSTEM, Actor


def situation_of(actor: Actor, matter: Matter, *, now: datetime | None = None) -> Situation:
    """The matter as this actor meets it."""
    party = None
    if actor.person_id:
        party = matter.parties.filter(person_id=actor.person_id, ended_at=None).first()
    elif matter.pk in actor.holds:
        party = matter.parties.filter(relation__in=("applicant", "complainant"), ended_at=None).first()
    return Situation(
        process=process_version(matter.process_code, matter.process_version),
        matter=matter,
        actor=actor,
        relations=relations_of(actor, matter),
        party=party,
        now=now or time.now(),
    )


def lock(matter_id: uuid.UUID) -> Matter:
    """The matter with its row locked until the transaction ends. Raises ``Absent``."""
    matter = Matter.objects.select_for_update(of=("self",)).filter(pk=matter_id).first()
    if matter is None:
        raise Absent
    return matter


def take_step(
    *,
    actor: Actor,
    matter_id: uuid.UUID,
    verb: str,
    data: Mapping[str, Any] | None = None,
    expected_version: int | None = None,
    leading: bool = True,
) -> Matter:
    """Take a declared step: policy, state, guards, form; then effect, state, clocks, event, papers and words at once.

    Opens a transaction (or joins the caller's) and locks the matter. Raises ``Absent``, ``Forbidden`` or ``Refusal``
    (``stale`` when ``expected_version`` is not the current one); then nothing has changed.
    """
    with transaction.atomic():
        matter = lock(matter_id)
        here = situation_of(actor, matter)
        try:
            step = here.process.step(verb)
        except KeyError:
            raise Absent from None
        _may(here, step)
        if expected_version is not None and expected_version != matter.version:
            raise Refusal("stale", status=409)
        form = parse(step.form, data or {}) if step.form else None
        taking = Taking(
            process=here.process,
            matter=matter,
            actor=actor,
            relations=here.relations,
            party=here.party,
            now=here.now,
            step=step,
            form=form,
            to=here.process.targets(step, matter.state)[0],
        )
        _check(taking, step)
        before = matter.state
        _perform(taking)
        if step.spreads and leading:
            for member_id in matter.members.filter(is_open=True).order_by("pk").values_list("pk", flat=True):
                _spread(actor, member_id, verb, data, matter)
        settle(matter, before=before)
    return matter


def possible_steps(actor: Actor, matter: Matter) -> list[tuple[Step, Refusal | None]]:
    """Steps the actor might take now, each with the reason that stands in the way, if any; steps of others left out."""
    here = situation_of(actor, matter)
    found: list[tuple[Step, Refusal | None]] = []
    for step in here.process.steps_from(matter.state):
        if step.unattended or not decide(step.by, actor, matter):
            continue
        try:
            _check(here, step)
            found.append((step, None))
        except Refusal as refusal:
            found.append((step, refusal))
    return found


def _may(here: Situation, step: Step) -> None:
    decision = decide(step.by, here.actor, here.matter)
    if not decision:
        raise Forbidden(decision.reason) if decision.visible else Absent()
    if step.unattended and here.actor.kind != "system":
        raise Refusal("matter.unattended", status=403)


def _check(here: Situation, step: Step) -> None:
    matter, process = here.matter, here.process
    if matter.state not in step.from_:
        raise Refusal("matter.not_here", status=409, state=process.state(matter.state).name)
    if matter.lead_id and step.spreads and not getattr(here, "spreading", False) and here.actor.kind != "system":
        raise Refusal("matter.led", status=409, number=matter.lead.number if matter.lead else "")
    if process.rests_for and here.actor.kind != "system" and not step.by_citizen:
        resting = MatterLink.objects.filter(parent=matter, relation__in=process.rests_for, child__is_open=True).first()
        if resting:
            raise Refusal("matter.resting", status=409, relation=resting.relation)
    for guard in step.guards:
        if not guard.holds(here):
            raise Refusal(f"guard.{guard.code}", words=guard.reason, status=409, **(guard.places(here) if guard.places else {}))


def _perform(taking: Taking) -> None:
    matter, step, process = taking.matter, taking.step, taking.process
    before = matter.state
    if step.effect is not None:
        step.effect(taking)
    if taking.to not in process.targets(step, before):
        raise RuntimeError(f"{process.code}.{step.verb} may not end in {taking.to}")
    after = process.state(taking.to)
    matter.state = after.code
    if before != after.code:
        matter.state_since = taking.now
    matter.version += 1
    matter.is_open = not after.kind.is_final
    matter.closed_at = None if matter.is_open else (matter.closed_at or taking.now)
    told = _clocks(taking)
    if step.ends_assignment or not matter.is_open:
        end_assignment(matter, reason=step.verb if matter.is_open else "closed", keep_assignee=not step.ends_assignment)
    clocks.refresh_matter(matter)
    matter.save()
    taking.children = [open_child(taking, opens) for opens in step.opens if _applies(opens, taking.to)]
    documents = issue_papers(taking)
    events.record(
        kind="matter.step_taken",
        stream=matter.pk,
        office=str(matter.office_id),
        payload={
            "process": process.code,
            "version": process.version,
            "verb": step.verb,
            "from": before,
            "to": after.code,
            "clocks": told,
            "facts": taking.facts,
            "documents": documents,
            "children": [str(c.pk) for c in taking.children],
            "office": str(matter.office_id),
            "category": matter.category_code,
            "assignee": str(matter.assignee_id or ""),
            "by": taking.actor.kind,
            "final": not matter.is_open,
            "lead": str(matter.lead_id or ""),
        },
    )
    send_tells(taking)
    _conclude(taking)
    tell_pages(matter, "matter")


def _applies(opens: Opens, to: str) -> bool:
    return not opens.only_to or to in opens.only_to


def _clocks(taking: Taking) -> list[dict[str, str]]:
    told = []
    days, reason = int(getattr(taking.form, "days", 0) or 0), str(getattr(taking.form, "reason", "") or "")
    for use in taking.step.clocks:
        if use.only_to and taking.to not in use.only_to:
            continue
        approver = taking.actor.staff() if use.verb is ClockVerb.EXTENDS else None
        promised = getattr(taking.form, use.promised) if use.promised else None
        if done := clocks.apply(taking.matter, use, at=taking.now, approver=approver, days=days, reason=reason, promised=promised):
            told.append(done)
    return told


def _conclude(taking: Taking) -> None:
    """A child's outcome takes the step its declaration names on the parent, if the parent declares it and can."""
    for rule in taking.process.concludes:
        if taking.to != rule.state or taking.to == "":
            continue
        for link in MatterLink.objects.filter(child=taking.matter, relation=rule.relation).select_related("parent"):
            parent = link.parent
            process = process_version(parent.process_code, parent.process_version)
            if any(s.verb == rule.parent_verb and parent.state in s.from_ for s in process.steps):
                take_step(actor=SYSTEM, matter_id=parent.pk, verb=rule.parent_verb)


def _spread(actor: Actor, member_id: uuid.UUID, verb: str, data: Mapping[str, Any] | None, lead: Matter) -> None:
    """The lead's step, taken on a member: same form, its own message, track and event."""
    member = lock(member_id)
    process: Process = process_version(member.process_code, member.process_version)
    if member.state not in process.step(verb).from_:
        return
    member.lead = None
    here = situation_of(actor, member)
    step = process.step(verb)
    form = parse(step.form, data or {}) if step.form else None
    taking = Taking(
        process=process,
        matter=member,
        actor=actor,
        relations=here.relations,
        party=here.party,
        now=here.now,
        step=step,
        form=form,
        to=process.targets(step, member.state)[0],
    )
    _check(taking, step)
    member.lead = lead
    _perform(taking)
