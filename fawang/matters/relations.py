"""Relations between an actor and a matter, and the party graph behind conflict checks."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

from django.db.models import Q

from fawang.matters.models import Matter, MatterParty
from fawang.matters.processes import process_version
from fawang.people.actors import Actor
from fawang.people.models import Person, Staff
from fawang.registry.tree import ancestor_ids

Found = TypeVar("Found")
_remembered: ContextVar[dict[tuple[object, ...], object] | None] = ContextVar("fawang_relations", default=None)


@contextmanager
def remembering() -> Iterator[None]:
    """Within it, who is related to what is read once: for showing one page. Never around a write, which must decide afresh."""
    token = _remembered.set({})
    try:
        yield
    finally:
        _remembered.reset(token)


def _once(key: tuple[object, ...], read: Callable[[], Found]) -> Found:
    kept = _remembered.get()
    if kept is None:
        return read()
    if key not in kept:
        kept[key] = read()
    return kept[key]  # type: ignore[return-value]


def relations_of(actor: Actor, matter: Matter) -> frozenset[str]:
    """Names of all relations the actor has to the matter now. One query for citizens, one for staff."""
    return _once(("relations", actor, matter.pk, matter.version), lambda: _relations_of(actor, matter))


def _relations_of(actor: Actor, matter: Matter) -> frozenset[str]:
    mine: set[str] = set()
    if actor.kind == "staff":
        if matter.assignee_id == actor.staff_id:
            mine.add("assignee")
        if matter.first_contact_id == actor.staff_id:
            mine.add("first_contact")
        links = Q(staff_id=actor.staff_id)
        if actor.office_id:
            links |= Q(organisation_id=actor.office_id)
        mine |= set(matter.parties.filter(links, ended_at=None).values_list("relation", flat=True))
    if matter.pk in actor.holds:
        mine.add("holder")
    if actor.person_id:
        found = matter.parties.filter(person_id=actor.person_id, ended_at=None)
        mine |= set(found.values_list("relation", flat=True))
    return frozenset(mine)


def proven_party(actor: Actor, matter: Matter) -> MatterParty | None:
    """The party of a matter who gave the very number this citizen has proved; a party the matter is shown to. Two queries."""
    if actor.person_id is None:
        return None
    proved = Person.objects.filter(pk=actor.person_id).exclude(phone_verified_at=None).exclude(phone_index=b"").values_list("phone_index", flat=True).first()
    if proved is None:
        return None
    shown = [r.code for r in process_version(matter.process_code, matter.process_version).relations if r.citizen and r.sees]
    return matter.parties.filter(relation__in=shown, phone_index=proved, ended_at=None).select_related("person").order_by("pk").first()


def is_party_as_staff(actor: Actor, matter: Matter) -> bool:
    """Whether a member of staff is himself a party: by account, by the blind index of his identity or phone, or by his office."""
    if actor.kind != "staff" or actor.staff_id is None:
        return False
    return staff_is_party(actor.staff_id, matter)


def staff_is_party(staff_id: uuid.UUID, matter: Matter) -> bool:
    """The same question for any account."""
    return _once(("party", staff_id, matter.pk, matter.version), lambda: _staff_is_party(staff_id, matter))


def _staff_is_party(staff_id: uuid.UUID, matter: Matter) -> bool:
    process = process_version(matter.process_code, matter.process_version)
    working = [r.code for r in process.relations if not r.citizen and r.sees]
    return matter.parties.filter(same_as_staff(staff_id), ended_at=None).exclude(relation__in=working).exists()


def same_as_staff(staff_id: uuid.UUID | None) -> Q:
    """Parties who are this account's person: by account, by the blind index of identity or phone, or because he works for the party."""
    same = Q(staff_id=staff_id)
    staff = Staff.objects.only("identity_index", "phone_index", "office_id").filter(pk=staff_id).first() if staff_id else None
    if staff is not None and staff.office_id:
        same |= Q(organisation_id__in=ancestor_ids(staff.office_id))
    if staff is not None and staff.identity_index:
        same |= Q(identity_index=staff.identity_index)
    if staff is not None and staff.phone_index:
        same |= Q(phone_index=staff.phone_index)
    return same


def party_keys(parties: Iterable[MatterParty]) -> list[bytes]:
    """What may identify these parties to the conflict check: identity, phone, organisation, name."""
    keys: list[bytes] = []
    for party in parties:
        keys += [bytes(k) for k in (party.identity_index, party.phone_index) if k]
        if party.organisation_id:
            keys.append(party.organisation_id.bytes)
        if party.name_index:
            keys.append(bytes(party.name_index))
    return keys


def opposite_sides(matter: Matter, pairs: Iterable[tuple[str, str]]) -> list[tuple[list[MatterParty], str]]:
    """For each conflict pair of the process: this matter's parties, and the relation they must not hold elsewhere."""
    parties = list(matter.parties.filter(ended_at=None))
    sides = []
    for a, b in pairs:
        sides.append(([p for p in parties if p.relation == a], b))
        sides.append(([p for p in parties if p.relation == b], a))
    return [(found, other) for found, other in sides if found]
