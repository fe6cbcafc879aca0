"""Opening matters: the one way in for every door, and for children that a step opens."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Model

from fawang.kernel import clock as time
from fawang.kernel import crypto, events, ids, rows
from fawang.kernel.errors import Refusal
from fawang.kernel.models import Event
from fawang.matters import clocks
from fawang.matters.conversation import compose_message
from fawang.matters.declaration import Opens, Process
from fawang.matters.models import ExternalReference, Intake, Matter, MatterLink, MatterParty
from fawang.matters.news import tell_pages
from fawang.matters.parties import PartyWords, party_of
from fawang.matters.processes import process_in_force
from fawang.matters.routing import settled
from fawang.matters.search import tokens_of
from fawang.matters.situation import Opened, Taking
from fawang.matters.tells import tell_parties
from fawang.people.actors import Actor
from fawang.people.models import Staff
from fawang.registry.models import Organisation
from fawang.registry.tree import supervising_office


@dataclass(frozen=True, slots=True)
class Opening:
    """What a matter is opened with. ``title`` is what the person said; ``details`` the service's answers."""

    process: str
    title: str
    region_code: str
    office: Organisation
    details: dict[str, Any] = field(default_factory=dict)
    category_code: str = ""
    category_version: int = 1
    priority_groups: tuple[str, ...] = ()
    parties: Sequence[PartyWords] = ()
    confidential: bool = False
    language: str = "zh-hans"
    external: tuple[str, str, str] | None = None
    data: dict[str, Any] = field(default_factory=dict)


def open_matter(*, intake: Intake, opening: Opening, first_contact: Staff | None = None) -> Matter:
    """Open one matter of an intake that is written already. Call inside a transaction. Raises as :func:`open_in` does."""
    return open_in(intake=intake, opening=opening, first_contact=first_contact).matter


def open_in(*, intake: Intake, opening: Opening, first_contact: Staff | None = None, also: Sequence[Model] = ()) -> Opened:
    """Open one matter of an intake: row, parties, clocks, event, first words. Call inside a transaction.

    ``also``: what is new and belongs to it (the intake), written with it.
    Raises ``Refusal('matter.service')`` when no version of the service is in force there today.
    """
    now = time.now()
    try:
        process = process_in_force(opening.process, time.today(), opening.region_code)
    except KeyError:
        raise Refusal("matter.service") from None
    code = ids.new_lookup_code()
    matter = Matter(
        id=ids.new_id(),
        number=_number(opening.office),
        lookup_index=crypto.blind("lookup", code),
        lookup_code=code,
        intake=intake,
        process_code=process.code,
        process_version=process.version,
        state=process.start,
        state_since=now,
        is_open=not process.state(process.start).kind.is_final,
        title=opening.title,
        details=json.dumps(opening.details, ensure_ascii=False),
        search_tokens=tokens_of(opening.title),
        category_code=opening.category_code,
        category_version=opening.category_version,
        region_code=opening.region_code,
        office=opening.office,
        first_contact=first_contact,
        door=intake.door,
        language=opening.language,
        priority=1 if opening.priority_groups else 0,
        priority_groups=list(opening.priority_groups),
        confidential=opening.confidential,
        data=dict(opening.data),
        opened_at=now,
    )
    started = clocks.start_all(matter, process.start_clocks, at=now)
    parties = [party_of(matter, words) for words in opening.parties]
    event = _event(matter, process, opening, [clocks.told(clock, "started") for clock in started])
    said = _first_words(process, matter, parties, event)
    rows.insert(*also, matter, *started, *parties, event, *said)
    opened = Opened(matter, started, parties)
    if opening.external:
        partner, number, version = opening.external
        ExternalReference.objects.create(matter=matter, partner=partner, external_no=number, version=version)
    for tell in process.start_tells:
        tell_parties(matter, tell, parties, state=process.state(process.start).name, places={"code": code}, stamp="start", now=now)
    if process.on_start is not None:
        process.on_start(opened)
    tell_pages(matter, "opened")
    return opened


def _first_words(process: Process, matter: Matter, parties: Sequence[MatterParty], event: Event) -> Sequence[Model]:
    """What was said, as the first message of the party that brings the matter, where the process wants it so; with its event."""
    if not process.first_words:
        return ()
    speaker = next((p for p in parties if p.relation == process.relations[0].code), None)
    return compose_message(matter=matter, actor=Actor("citizen"), kind=process.first_words, body=matter.title or "", party=speaker, after=event)


def _event(matter: Matter, process: Process, opening: Opening, told: list[dict[str, str]]) -> Event:
    return events.compose(
        kind="matter.opened",
        stream=matter.pk,
        opens=True,
        office=str(matter.office_id),
        payload={
            "process": process.code,
            "version": process.version,
            "category": matter.category_code,
            "category_version": matter.category_version,
            "region": matter.region_code,
            "office": str(matter.office_id),
            "door": matter.door,
            "priority_groups": list(opening.priority_groups),
            "number": matter.number,
            "intake": str(matter.intake_id),
            "clocks": told,
            "title_digest": crypto.text_digest(opening.title),
            "first_contact": str(matter.first_contact_id or ""),
            "state": matter.state,
            "external": list(opening.external or ()),
        },
    )


def _number(office: Organisation) -> str:
    if office.serial is None:
        raise ValueError(f"office {office.pk} has no serial, so it can number no matters")
    return ids.matter_number(office.serial, time.today(), ids.next_serial())


def open_child(taking: Taking, opens: Opens) -> Matter:
    """Open the child matter a step declares, with the named parties carried over, linked by its relation."""
    parent = taking.matter
    office = settled(opens.process, taking.child_details, parent.region_code, _child_office(parent, opens.office))
    parties = [carried(party, there) for here, there in opens.parties for party in parent.parties.filter(relation=here, ended_at=None)]
    child = open_matter(
        intake=parent.intake,
        opening=Opening(
            process=opens.process,
            title=taking.places.get("child_title", parent.title),
            region_code=parent.region_code,
            office=office,
            category_code=parent.category_code,
            category_version=parent.category_version,
            priority_groups=tuple(parent.priority_groups),
            parties=[*parties, *taking.child_parties],
            details=taking.child_details,
            confidential=parent.confidential or bool(taking.child_details.get("confidential")),
            language=parent.language,
            data={"cause": taking.step.verb, **{k: v for k, v in taking.facts.items() if isinstance(v, str | int | bool)}, **taking.child_data},
        ),
    )
    link(parent=parent, child=child, relation=opens.relation)
    return child


def _child_office(parent: Matter, rule: str) -> Organisation:
    if rule == "supervising":
        found = supervising_office(parent.office)
        if found is None:
            raise Refusal("matter.office")
        return found
    if rule.startswith("first_of:"):
        kind = rule.removeprefix("first_of:")
        office = Organisation.objects.filter(kind=kind, region_code__startswith=parent.region_code[:4]).order_by("serial").first()
        if office is None:
            raise Refusal("matter.office")
        return office
    return parent.office


def carried(party: MatterParty, relation: str) -> PartyWords:
    """A party of one matter as the words with which it becomes a party of another."""
    return PartyWords(
        relation=relation,
        name=party.name or "",
        phone=party.phone or "",
        identity_number=party.identity_number or "",
        identity_state=party.identity_state,
        person_id=party.person_id,
        staff_id=party.staff_id,
        organisation_id=party.organisation_id,
        reach_by=party.reach_by,
    )


def link(*, parent: Matter, child: Matter, relation: str) -> MatterLink:
    """Link two matters by a named relation and record it on both. Call inside a transaction; linking twice is once."""
    if parent.pk == child.pk:
        raise Refusal("matter.self_link")
    row, made = MatterLink.objects.get_or_create(parent=parent, child=child, relation=relation)
    if made:
        events.record(kind="matter.linked", stream=parent.pk, payload={"relation": relation, "other": str(child.pk), "side": "parent"})
        events.record(kind="matter.linked", stream=child.pk, payload={"relation": relation, "other": str(parent.pk), "side": "child"})
    return row
