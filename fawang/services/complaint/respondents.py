"""Whom a complaint is about, as far as anybody has said; and who is kept from it until then."""

from __future__ import annotations

import json
import uuid

from django.db.models import Q

from fawang.kernel import clock, rows
from fawang.kernel.events import deliver
from fawang.kernel.models import Event
from fawang.matters.assignments import end_assignment
from fawang.matters.models import Matter, MatterParty
from fawang.matters.parties import PartyWords, end_party, party_of
from fawang.matters.policies import ROLES_WITH_SIGHT
from fawang.people.models import RoleGrant, Staff
from fawang.registry.models import Organisation
from fawang.registry.tree import ancestor_ids, descendant_ids
from fawang.services.complaint.bodies import bodies_named, is_top
from fawang.services.complaint.likeness import Known, core, letters, suspected

UNIDENTIFIED = "unidentified"
"""Flag in the matter's data: nobody has said which account is meant. Sealed by the declaration's shield."""
SUSPECTED = "suspected"
"""Relation of those who may be meant; it ends when somebody says who is."""


def typed_respondent(matter: Matter) -> str:
    """Whom it is about, as the complainant typed it."""
    return str(json.loads(matter.details or "{}").get("respondent") or "")


def _words(matter: Matter) -> tuple[list[str], str]:
    """Everything typed as the respondent, at the beginning and later; and what else was said."""
    named = [p.name for p in matter.parties.filter(relation="respondent", staff=None, organisation=None, ended_at=None) if p.name]
    wish = json.loads(matter.details or "{}").get("wish") or ""
    return list(dict.fromkeys(filter(None, (typed_respondent(matter), *named)))), f"{matter.title or ''}\n{wish}"


def bar_who_may_be_meant(matter: Matter, *, only: uuid.UUID | None = None) -> None:
    """Everybody of the staff who may be meant becomes a suspected party and finds nothing of it. Call inside a transaction."""
    known = set(matter.parties.filter(ended_at=None).exclude(staff=None).values_list("staff_id", flat=True))
    barred = [_party(matter, pk) for pk in sorted(_who_may_be_meant(matter, only) - known)]
    rows.insert(*barred)
    if matter.assignee_id in {party.staff_id for party in barred}:
        end_assignment(matter, reason="conflict")
        matter.save(update_fields=["assignee"])
    matter.parties.filter(relation=SUSPECTED).update(data={"unconfirmed": True})  # those of a matter this one was split from came as words
    for child in _beside(matter):
        known = set(child.parties.filter(ended_at=None).exclude(staff=None).values_list("staff_id", flat=True))
        rows.insert(*[_party(child, party.staff_id) for party in barred if party.staff_id and party.staff_id not in known])


def _party(matter: Matter, staff_id: uuid.UUID) -> MatterParty:
    party = party_of(matter, PartyWords(SUSPECTED, staff_id=staff_id))
    party.data = {"unconfirmed": True}
    return party


def _who_may_be_meant(matter: Matter, only: uuid.UUID | None) -> set[uuid.UUID]:
    typed, said = _words(matter)
    people, offices = _staff(only)
    around = None if only is None else [above for own in offices.values() if own for above in ancestor_ids(own)]
    meeting = {pk for pk, person in people.items() if person.roles & set(ROLES_WITH_SIGHT)} | {pk for pk in (matter.first_contact_id, matter.assignee_id) if pk}
    told, barred = letters(said), set()
    for words in typed:
        bodies = bodies_named(words, matter.region_code, among=around)
        names = [name for body in bodies for name in (body.name, body.short_name) if name]
        found = suspected(words, {pk: p for pk, p in people.items() if pk in meeting or core(p.name) in letters(words)}, offices=names)
        barred |= found.by_name | {pk for pk in found.by_post if not _further_up(people[pk], offices[pk], matter)}
        barred |= {pk for pk in meeting & people.keys() if "complaint_handler" not in people[pk].roles and _works_for(offices[pk], bodies)}
    return barred | {pk for pk, person in people.items() if len(core(person.name)) > 1 and core(person.name) in told}


def _further_up(person: Known, office: uuid.UUID | None, matter: Matter) -> bool:
    """Who handles complaints above the deciding office is not the one meant by 投诉办理员, or nobody could decide."""
    return "complaint_handler" in person.roles and office not in descendant_ids(matter.office_id)


def _works_for(office: uuid.UUID | None, bodies: list[Organisation]) -> bool:
    """Whether he is of a body that is named, or of one below it; of the highest there is only its own people are."""
    return office is not None and any(body.pk == office or (not is_top(body) and body.pk in ancestor_ids(office)) for body in bodies)


def _staff(only: uuid.UUID | None) -> tuple[dict[uuid.UUID, Known], dict[uuid.UUID, uuid.UUID | None]]:
    accounts = list(Staff.objects.filter(state="active", **({"pk": only} if only else {})).values_list("pk", "name", "username", "office_id"))
    now = clock.now()
    grants = RoleGrant.objects.filter(Q(valid_to=None) | Q(valid_to__gt=now), revoked_at=None, **({"staff_id": only} if only else {}))
    roles: dict[uuid.UUID, set[str]] = {}
    for staff_id, role in grants.values_list("staff_id", "role"):
        roles.setdefault(staff_id, set()).add(role)
    named = {
        pk: tuple(filter(None, names))
        for pk, *names in Organisation.objects.filter(pk__in={a[3] for a in accounts if a[3]}).values_list("pk", "name", "short_name")
    }
    people = {pk: Known(name, username, named.get(office, ()) if office else (), frozenset(roles.get(pk, ()))) for pk, name, username, office in accounts}
    return people, {pk: office for pk, _, _, office in accounts}


def _beside(matter: Matter) -> list[Matter]:
    """What grew beside the complaint and is not put to the person himself (orders, visits, rectifications)."""
    links = matter.child_links.exclude(relation__in=("statement_for", "split_from", "related_to")).select_related("child")
    return [link.child for link in links]


def settle(matter: Matter, staff: Staff) -> None:
    """Somebody has said who it is: he is barred from all that grew beside it too, and who was only like the words is free. Call with the matter locked."""
    for place in (matter, *_beside(matter)):
        for party in place.parties.filter(relation=SUSPECTED, ended_at=None):
            end_party(party=party)
        if not place.parties.filter(relation="respondent", staff=staff, ended_at=None).exists() and place.pk != matter.pk:
            rows.insert(party_of(place, PartyWords("respondent", staff.name, staff_id=staff.pk)))
        if place.assignee_id == staff.pk:
            end_assignment(place, reason="conflict")
            if place.pk != matter.pk:
                place.save(update_fields=["assignee"])
    matter.data.pop(UNIDENTIFIED, None)


def bar_newcomers(batch: int = 20) -> int:
    """Whoever gets an account, an office or a post may be meant by a complaint that lies there already. Returns how many events were looked at."""
    return deliver("complaint.likeness", _newcomer, batch)


def _newcomer(event: Event) -> None:
    undecided = Matter.objects.filter(process_code="complaint", is_open=True, **{f"data__{UNIDENTIFIED}": True}).order_by("pk")
    if event.kind in {"staff.created", "staff.moved", "staff.role_granted"}:
        for matter in undecided.select_for_update(of=("self",)):
            bar_who_may_be_meant(matter, only=uuid.UUID(event.payload["staff"]))
    elif event.kind == "matter.party_added" and event.payload["relation"] == "respondent":
        for matter in undecided.select_for_update(of=("self",)).filter(pk=event.stream):
            bar_who_may_be_meant(matter)
