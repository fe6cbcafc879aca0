"""指派 chosen by rule: skill, region, office, load, fair share, availability, conflict of interest; race-safe, explained.

The decision itself (:func:`rank`) is pure; the services below lock, decide, check conflicts in the same transaction and
write. Two advisers of one firm never end on both sides of a dispute (律师法 §39).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Q

from fawang.kernel import clock, events
from fawang.kernel.errors import Refusal
from fawang.kernel.policy import require
from fawang.matters.assignments import current_assignment, end_assignment, write_assignment
from fawang.matters.categories import counted_as
from fawang.matters.models import Assignment, Matter, MatterParty
from fawang.matters.posts import may_be_given
from fawang.matters.processes import process_version
from fawang.matters.relations import opposite_sides, party_keys, staff_is_party
from fawang.people.actors import Actor, actor_of_staff
from fawang.people.models import Staff
from fawang.people.selectors import on_leave_ids, staff_with_role
from fawang.regions.codes import scope_contains

FAIR_DAYS = 30
DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the decision looks at."""

    id: uuid.UUID
    name: str
    skills: tuple[str, ...]
    languages: tuple[str, ...]
    regions: tuple[str, ...]
    capacity: int
    load: int
    recent: int
    available: bool


@dataclass(frozen=True, slots=True)
class Need:
    """What the matter asks for."""

    category: str
    region: str
    language: str
    urgent: bool


def skill_fit(skills: Sequence[str], category: str) -> int:
    """How many leading parts of the category the best skill names; a generalist (no skills) fits everything at 0."""
    parts = category.split(".") if category else []
    best = -1 if skills else 0
    for skill in skills:
        mine = skill.split(".")
        if parts[: len(mine)] == mine:
            best = max(best, len(mine))
    return best


def rank(candidates: Sequence[Candidate], need: Need) -> list[tuple[Candidate, list[dict[str, Any]]]]:
    """Candidates who may take it, best first, each with the reasons in figures. Pure and deterministic.

    Order: skill fit, serves the region, language, share of capacity in use, matters of the last 30 days, id.
    """
    found = []
    for person in candidates:
        fit = skill_fit(person.skills, need.category)
        if not person.available or fit < 0 or person.load >= person.capacity:
            continue
        here = any(scope_contains(r, need.region) for r in person.regions) or not person.regions
        speaks = need.language in person.languages or not person.languages
        share = person.load / max(person.capacity, 1)
        key = (-fit, not here, not speaks, round(share, 3), person.recent, str(person.id))
        reasons = [
            {"rule": "skill", "value": fit},
            {"rule": "region", "value": here},
            {"rule": "language", "value": speaks},
            {"rule": "load", "value": person.load, "of": person.capacity},
            {"rule": "recent", "value": person.recent, "days": FAIR_DAYS},
        ]
        found.append((key, person, reasons))
    return [(person, reasons) for _, person, reasons in sorted(found, key=lambda item: item[0])]


def candidates_for(matter: Matter) -> list[Candidate]:
    """Those of the matter's office who handle such matters and are in service today, with their load."""
    away = on_leave_ids(clock.now())
    roles = process_version(matter.process_code, matter.process_version).handled_by_roles
    staff = list({s.pk: s for role in roles for s in staff_with_role(role, office_id=matter.office_id).exclude(pk__in=away)}.values())
    ids = [s.pk for s in staff]
    loads = dict(Matter.objects.filter(assignee_id__in=ids, is_open=True).values_list("assignee").annotate(n=Count("id")))
    since = clock.now() - timedelta(days=FAIR_DAYS)
    became = counted_as()
    recents = dict(Assignment.objects.filter(staff_id__in=ids, assigned_at__gte=since).values_list("staff").annotate(n=Count("id")))
    return [
        Candidate(
            id=s.pk,
            name=s.name,
            skills=tuple(became.get(skill, skill) for skill in s.skills),
            languages=tuple(s.languages),
            regions=tuple(s.regions),
            capacity=s.capacity,
            load=loads.get(s.pk, 0),
            recent=recents.get(s.pk, 0),
            available=s.available,
        )
        for s in staff
    ]


def conflict_of(staff: Staff, matter: Matter) -> dict[str, str] | None:
    """Why this member of staff must not have the matter, or ``None``.

    A party himself; or he, or a colleague of the same organisation, advises or advised somebody on the other side.
    Call with the parties' keys locked (:func:`lock_parties`) to be race-safe.
    """
    if staff_is_party(staff.pk, matter):
        return {"rule": "party", "with": str(matter.pk)}
    process = process_version(matter.process_code, matter.process_version)
    colleagues = Q(staff_id=staff.pk)
    if staff.office_id and process.conflict_relations:
        colleagues |= Q(staff__office_id=staff.office_id, staff__is_adviser=True)
    for parties, other in opposite_sides(matter, process.conflict_relations):
        same = Q(pk__in=())
        for party in parties:
            for name in ("identity_index", "phone_index"):
                if value := getattr(party, name):
                    same |= Q(**{name: bytes(value)})
            if party.organisation_id:
                same |= Q(organisation_id=party.organisation_id)
            if party.name_index:
                same |= _namesakes(party)
        elsewhere = MatterParty.objects.filter(same, relation=other, ended_at=None).exclude(matter=matter)
        hit = Assignment.objects.filter(colleagues, matter__in=elsewhere.values("matter")).first()
        if hit is not None:
            return {"rule": "other_side", "with": str(hit.matter_id)}
    return None


def _namesakes(party: MatterParty) -> Q:
    """Parties of the same name who may be the same person: no number that both have tells them apart."""
    same = Q(name_index=bytes(party.name_index))
    for name in ("identity_index", "phone_index"):
        if value := getattr(party, name):
            same &= Q(**{name: bytes(value)}) | Q(**{name: b""})
    return same


def lock_parties(matter: Matter) -> None:
    """Serialise decisions about the same people until the transaction ends."""
    keys = sorted({int.from_bytes(k[:7], "big") for k in party_keys(matter.parties.filter(ended_at=None))})
    with connection.cursor() as cursor:
        for key in keys:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [741, key % (1 << 31)])


def assign_automatically(matter: Matter) -> Assignment | None:
    """Give the locked matter to the best candidate without a conflict who has not declined it; ``None`` when there is nobody."""
    lock_parties(matter)
    need = Need(counted_as().get(matter.category_code, matter.category_code), matter.region_code, matter.language, bool(matter.priority))
    declined = set(matter.assignments.filter(end_reason=DECLINED).values_list("staff_id", flat=True))
    ranked = rank([c for c in candidates_for(matter) if c.id not in declined], need)
    refused: list[dict[str, Any]] = []
    for person, reasons in ranked:
        staff = Staff.objects.select_for_update(of=("self",)).get(pk=person.id)
        if not may_be_given(actor_of_staff(staff).grants, matter):
            continue
        if found := conflict_of(staff, matter):
            refused.append({"rule": "conflict", "value": str(staff.pk)})
            _record_conflict(matter, staff, found)
            continue
        return write_assignment(matter, staff=staff, method="automatic", by=None, reasons=[*reasons, {"rule": "of", "value": len(ranked)}, *refused])
    return None


def _record_conflict(matter: Matter, staff: Staff, found: dict[str, str]) -> None:
    events.record(kind="matter.conflict_found", stream=matter.pk, payload={"staff": str(staff.pk), "with": found["with"]})


def assign_to(matter: Matter, *, staff_id: uuid.UUID, by: Staff | None, method: str, note: str = "") -> Assignment:
    """Give the locked matter to a named person. Raises ``Refusal`` for a conflict, or somebody not in service or without the post for it."""
    lock_parties(matter)
    staff = Staff.objects.select_for_update(of=("self",)).filter(pk=staff_id, state="active").first()
    if staff is None or not may_be_given(actor_of_staff(staff).grants, matter):
        raise Refusal("form.invalid", fields={"staff": Refusal("matter.assignee", field="staff")})
    if conflict_of(staff, matter):
        raise Refusal("matter.conflict", status=409)
    load = Matter.objects.filter(assignee=staff, is_open=True).count()
    if method == "claimed" and load >= staff.capacity:
        raise Refusal("matter.capacity", status=409)
    return write_assignment(
        matter,
        staff=staff,
        method=method,
        by=by,
        reasons=[{"rule": "chosen", "value": method}, {"rule": "load", "value": load, "of": staff.capacity}],
        note=note,
    )


def accept_assignment(*, actor: Actor, matter_id: uuid.UUID) -> Assignment:
    """The handler says yes: from now the first receiver is free of it (首问负责 handed over)."""
    from fawang.matters.services import lock

    with transaction.atomic():
        matter = lock(matter_id)
        require("matters.assignee", actor, matter)
        spell = current_assignment(matter)
        if spell is None:
            raise Refusal("matter.assignee")
        if spell.accepted_at is None:
            spell.accepted_at = clock.now()
            spell.save(update_fields=["accepted_at"])
            events.record(
                kind="matter.assignment_accepted",
                stream=matter.pk,
                payload={"assignment": str(spell.pk), "staff": str(spell.staff_id)},
            )
    return spell


def recheck_conflicts(matter: Matter) -> bool:
    """After a party was added: when the handler now conflicts, the assignment ends at once. Returns whether it did."""
    if matter.assignee_id is None:
        return False
    lock_parties(matter)
    assert matter.assignee is not None
    found = conflict_of(matter.assignee, matter)
    if found is None:
        return False
    _record_conflict(matter, matter.assignee, found)
    end_assignment(matter, reason="conflict")
    matter.save(update_fields=["assignee"])
    return True
