"""Desk verbs that every service shares and that change no state: triage, assign, claim, decline, transfer, join, link.

What changes a state is a step of the service's own declaration.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import transaction

from fawang.kernel import crypto, events
from fawang.kernel.errors import Refusal
from fawang.kernel.policy import require
from fawang.matters import joining
from fawang.matters.allocation import DECLINED, assign_automatically, assign_to, lock_parties, recheck_conflicts
from fawang.matters.assignments import end_assignment
from fawang.matters.categories import category_in_force
from fawang.matters.conversation import add_message
from fawang.matters.declaration import Process
from fawang.matters.models import Assignment, Matter, MatterParty
from fawang.matters.openings import Opening, carried, link, open_matter
from fawang.matters.parties import PartyWords, add_party, end_party
from fawang.matters.processes import all_processes, process_version
from fawang.matters.routing import office_for, settled
from fawang.matters.services import lock
from fawang.people.actors import Actor
from fawang.regions.selectors import division_exists
from fawang.registry.models import Organisation


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row of a bulk action."""

    matter_id: uuid.UUID
    number: str
    refusal: Refusal | None


def in_bulk(ids: Iterable[uuid.UUID], action: Callable[[uuid.UUID], object]) -> list[RowResult]:
    """Do one action on many matters, each in its own transaction, and say what became of each."""
    results = []
    for matter_id in ids:
        number = Matter.objects.filter(pk=matter_id).values_list("number", flat=True).first() or ""
        try:
            with transaction.atomic():
                action(matter_id)
            results.append(RowResult(matter_id, number, None))
        except Refusal as refusal:
            results.append(RowResult(matter_id, number if refusal.code != "absent" else "", refusal))
    return results


def triage(*, actor: Actor, matter_id: uuid.UUID, category: str | None = None, region: str | None = None, priority_groups: list[str] | None = None) -> Matter:
    """Set category, region of the matter and priority groups."""
    with transaction.atomic():
        matter = lock(matter_id)
        require("matters.dispatch", actor, matter)
        before = {"category": matter.category_code, "region": matter.region_code, "priority_groups": matter.priority_groups}
        if category is not None:
            found = category_in_force(category)
            matter.category_code, matter.category_version = found.code, found.version_id
        if region is not None:
            if not division_exists(region):
                raise Refusal("form.invalid", fields={"region": Refusal("matter.region", field="region")})
            matter.region_code = region
        if priority_groups is not None:
            matter.priority_groups, matter.priority = priority_groups, int(bool(priority_groups))
        matter.version += 1
        matter.save()
        events.record(
            kind="matter.triaged",
            stream=matter.pk,
            payload={
                "category": matter.category_code,
                "category_version": matter.category_version,
                "region": matter.region_code,
                "office": str(matter.office_id),
                "priority_groups": matter.priority_groups,
                "before": before,
            },
        )
    return matter


def assign(*, actor: Actor, matter_id: uuid.UUID, staff_id: uuid.UUID | None, note: str = "") -> Assignment:
    """Assign or reassign by hand, or by rule when nobody is named. Raises ``Refusal`` when nobody may have it."""
    with transaction.atomic():
        matter = lock(matter_id)
        require("matters.dispatch", actor, matter)
        if not matter.is_open:
            raise Refusal("matter.closed", status=409)
        spell = assign_to(matter, staff_id=staff_id, by=actor.staff(), method="manual", note=note) if staff_id else assign_automatically(matter)
        if spell is None:
            raise Refusal("matter.no_substitute", status=409)
        matter.version += 1
        matter.save()
    return spell


def claim(*, actor: Actor, matter_id: uuid.UUID) -> Assignment:
    """抢单: the first who claims has it; a second one is told so."""
    with transaction.atomic():
        matter = lock(matter_id)
        if matter.assignee_id is not None and matter.assignee_id != actor.staff_id:
            raise Refusal("matter.taken", status=409)
        require("matters.claim", actor, matter)
        assert actor.staff_id is not None
        spell = assign_to(matter, staff_id=actor.staff_id, by=actor.staff(), method="claimed")
        matter.version += 1
        matter.save()
    return spell


def decline(*, actor: Actor, matter_id: uuid.UUID, reason: str) -> Matter:
    """The handler gives it back with a reason; it goes to the pool and no clock restarts."""
    with transaction.atomic():
        matter = lock(matter_id)
        require("matters.assignee", actor, matter)
        add_message(matter=matter, actor=actor, kind="note", body=reason, audience="internal")
        end_assignment(matter, reason=DECLINED)
        matter.version += 1
        matter.save()
    return matter


def hand_over(*, actor: Actor, matter_id: uuid.UUID, staff_id: uuid.UUID, note: str) -> Assignment:
    """The handler hands the matter to a colleague; his own access ends with it."""
    with transaction.atomic():
        matter = lock(matter_id)
        require("matters.assignee", actor, matter)
        add_message(matter=matter, actor=actor, kind="note", body=note, audience="internal")
        spell = assign_to(matter, staff_id=staff_id, by=actor.staff(), method="handed_over", note="")
        matter.version += 1
        matter.save()
    return spell


def transfer(*, actor: Actor, matter_id: uuid.UUID, office_id: uuid.UUID, reason: str) -> Matter:
    """转办 to another office of the same kind of work: the clocks go on, the handler's spell ends."""
    with transaction.atomic():
        matter = lock(matter_id)
        require("matters.dispatch", actor, matter)
        if not matter.is_open:
            raise Refusal("matter.closed", status=409)
        office = Organisation.objects.filter(pk=office_id, state="active").first()
        if office is None:
            raise Refusal("form.invalid", fields={"office": Refusal("matter.office", field="office")})
        if office.pk == matter.office_id:
            raise Refusal("matter.same_office", status=409)
        before = matter.office_id
        end_assignment(matter, reason="transferred")
        matter.office = office
        matter.version += 1
        matter.save()
        add_message(matter=matter, actor=actor, kind="note", body=reason, audience="internal")
        events.record(
            kind="matter.transferred",
            stream=matter.pk,
            office=str(office.pk),
            payload={"office": str(office.pk), "before": str(before), "reason_digest": crypto.text_digest(reason)},
        )
    return matter


def add_matter_party(*, actor: Actor, matter_id: uuid.UUID, words: PartyWords) -> Matter:
    """Add a party (an opponent learnt of later); a handler who now conflicts loses the matter in the same moment."""
    with transaction.atomic():
        matter = lock(matter_id)
        require("matters.handle_or_dispatch", actor, matter)
        lock_parties(matter)
        add_party(matter=matter, words=words)
        recheck_conflicts(matter)
    return matter


def endable_parties(matter: Matter) -> list[MatterParty]:
    """Whose part in the matter can be ended: not who brought it, and nobody of the staff (who is complained about stays so, or he could see the file)."""
    process = process_version(matter.process_code, matter.process_version)
    brought = process.relations[0].code
    return [p for p in matter.parties.filter(ended_at=None, staff=None).select_related("organisation").order_by("pk") if p.relation != brought]


def end_matter_party(*, actor: Actor, matter_id: uuid.UUID, party_id: uuid.UUID, reason: str) -> Matter:
    """A dispatcher ends a party's part (wrongly named, a mandate withdrawn); access and conflict end in the same moment, the reason stays as a note.

    Raises ``Refusal("form.invalid")`` naming ``party`` when it is none whose part can be ended.
    """
    with transaction.atomic():
        matter = lock(matter_id)
        require("matters.dispatch", actor, matter)
        if not matter.is_open:
            raise Refusal("matter.closed", status=409)
        lock_parties(matter)
        party = next((p for p in endable_parties(matter) if p.pk == party_id), None)
        if party is None:
            raise Refusal("form.invalid", fields={"party": Refusal("matter.party", field="party")})
        end_party(party=party)
        add_message(matter=matter, actor=actor, kind="note", body=reason, audience="internal")
        matter.version += 1
        matter.save()
    return matter


def link_matters(*, actor: Actor, parent_id: uuid.UUID, child_id: uuid.UUID, relation: str = "related_to") -> None:
    """Link two matters the actor can see."""
    with transaction.atomic():
        parent, child = lock(parent_id), lock(child_id)
        require("matters.handle_or_dispatch", actor, parent)
        require("matters.read", actor, child)
        link(parent=parent, child=child, relation=relation)


def join(*, actor: Actor, lead_id: uuid.UUID, member_ids: Iterable[uuid.UUID]) -> Matter:
    """并案: many callers, one cause. Each keeps a track and number; steps marked ``spreads`` on the lead reach all.

    Raises ``Refusal`` as :func:`joining.check_pair` does. Joined already is joined.
    """
    with transaction.atomic():
        lead = lock(lead_id)
        require("matters.dispatch", actor, lead)
        for member_id in sorted(set(member_ids)):
            member = lock(member_id)
            require("matters.dispatch", actor, member)
            joining.check_pair(lead, member)
            if member.lead_id == lead.pk:
                continue
            member.lead = lead
            member.version += 1
            member.save()
            events.record(kind="matter.joined", stream=member.pk, payload={"lead": str(lead.pk)})
    return lead


def leave(*, actor: Actor, matter_id: uuid.UUID, reason: str) -> Matter:
    """退出并案: a dispatcher has a joined matter handled on its own again, for a reason that stays as a note.

    Raises ``Refusal`` ``matter.not_joined`` or ``matter.closed`` (409).
    """
    with transaction.atomic():
        matter = lock(matter_id)
        require("matters.dispatch", actor, matter)
        if not matter.is_open:
            raise Refusal("matter.closed", status=409)
        if matter.lead_id is None:
            raise Refusal("matter.not_joined", status=409)
        add_message(matter=matter, actor=actor, kind="note", body=reason, audience="internal")
        joining.release(matter, reason="by_hand")
    return matter


def split_targets(matter: Matter) -> list[Process]:
    """Services a part of the matter may be split into: those the public asks for, and of a matter with something sealed only those that seal it too.

    What runs beside a matter (orders, visits, statements) is not split.
    """
    here = process_version(matter.process_code, matter.process_version)
    sealed = {shield.relation for shield in here.shields}
    if not here.public:
        return []
    return [p for p in all_processes() if p.public and sealed <= {shield.relation for shield in p.shields}]


def split(*, actor: Actor, matter_id: uuid.UUID, process: str, title: str, category: str = "") -> Matter:
    """拆分: one reception held two things. The new matter has the same intake, its own number and clocks, and everybody who is a party here: whom
    the matter is kept from here it is kept from there, and who conflicts here conflicts there.

    Raises ``Refusal('matter.service')`` for a service the public cannot ask for, ``Refusal('matter.split_sealed')`` for one that would show
    what is sealed here.
    """
    with transaction.atomic():
        matter = lock(matter_id)
        require("matters.handle_or_dispatch", actor, matter)
        lock_parties(matter)
        declared = next((p for p in all_processes() if p.code == process and p.public), None)
        office = office_for(process=process, region_code=matter.region_code)
        if declared is None or office is None:
            raise Refusal("matter.service")
        if declared not in split_targets(matter):
            raise Refusal("form.invalid", fields={"process": Refusal("matter.split_sealed", field="process")})
        answers = json.loads(matter.details or "{}")
        asked = declared.intake.model_fields if declared.intake else {}
        details = {name: value for name, value in answers.items() if name in asked}
        found = category_in_force(category) if category else None
        other = open_matter(
            intake=matter.intake,
            opening=Opening(
                process=process, title=title, region_code=matter.region_code, office=settled(process, details, matter.region_code, office),
                parties=_parties_of(matter, declared), language=matter.language, details=details,
                category_code=found.code if found else "", category_version=found.version_id if found else 1,
                priority_groups=tuple(matter.priority_groups), confidential=matter.confidential,
            ),
        )  # fmt: skip
        link(parent=matter, child=other, relation="split_from")
    return other


def _parties_of(matter: Matter, declared: Process) -> list[PartyWords]:
    """Everybody of the matter as a party of the new one; who brought it brings that one too."""
    brought = process_version(matter.process_code, matter.process_version).relations[0].code
    parties = matter.parties.filter(ended_at=None).order_by("pk")
    return [carried(party, declared.relations[0].code if party.relation == brought else party.relation) for party in parties]
