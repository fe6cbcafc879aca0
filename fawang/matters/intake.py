"""前台统一受理: one Intake, one or several matters, whatever the door. 首问负责: the first receiver is written here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection, transaction

from fawang.kernel import clock as time
from fawang.kernel import context
from fawang.kernel.errors import Refusal
from fawang.kernel.freshness import one_look
from fawang.kernel.policy import require
from fawang.matters.categories import category_in_force
from fawang.matters.forms import parse
from fawang.matters.models import Clock, ExternalReference, Intake, Matter
from fawang.matters.openings import Opening, open_in
from fawang.matters.parties import PartyWords
from fawang.matters.processes import process_in_force
from fawang.matters.routing import office_for, settled
from fawang.matters.situation import Opened
from fawang.people.actors import Actor
from fawang.people.models import Person
from fawang.people.services import find_or_make_person
from fawang.regions.selectors import division_exists
from fawang.registry.models import Organisation

PRIORITY_GROUPS = ("elderly", "disabled", "migrant_worker", "woman", "minor", "soldier", "veteran", "pregnant")


@dataclass(frozen=True, slots=True)
class Request:
    """One thing the person asks for."""

    process: str
    title: str
    region_code: str
    category_code: str = ""
    form: Mapping[str, Any] = field(default_factory=dict)
    others: Sequence[PartyWords] = ()
    external: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks, as far as they wish to say."""

    name: str = ""
    phone: str = ""
    identity_kind: str = "resident_id"
    identity_number: str = ""
    region_code: str = ""
    priority_groups: tuple[str, ...] = ()
    language: str = "zh-hans"
    safe_contact: bool = False
    reach_by: str = "web"


@dataclass(frozen=True, slots=True)
class Received:
    """What an intake led to; ``clocks`` are those that began with it."""

    intake: Intake
    matters: list[Matter]
    clocks: list[Clock] = field(default_factory=list)


def receive(*, actor: Actor, visitor: Visitor, requests: Sequence[Request], office: Organisation | None = None) -> Received:
    """Accept one person's requests at once: all of them or none. Joins the caller's transaction (idempotency's).

    Raises ``Refusal`` for bad words, categories, regions, services. The applicant's relation is the process's first one.
    """
    door = context.current().door
    require("matters.take_in" if actor.kind == "staff" else "matters.submit", actor)
    if bad := [g for g in visitor.priority_groups if g not in PRIORITY_GROUPS]:
        raise Refusal("form.invalid", fields={"priority_groups": Refusal("field.choice", name=bad[0])})
    with nullcontext() if connection.in_atomic_block and len(requests) == 1 else transaction.atomic(), one_look():
        known = [existing for r in requests if (existing := _already(r))]
        if known:
            return Received(known[0].intake, known)
        first = actor.staff() if actor.kind == "staff" else None
        person = _person(actor, visitor)
        offices = [_office(r, door) for r in requests]
        receiving = office or offices[0]
        if receiving is None or (office is None and None in offices):
            raise Refusal("form.invalid", fields={"region": Refusal("matter.office")})
        intake = Intake(
            door=door,
            received_at=time.now(),
            received_by=first,
            office=receiving,
            person=person,
            region_code=visitor.region_code,
            request_id=context.current().request_id,
        )
        opened: list[Opened] = []
        for request, found in zip(requests, offices, strict=True):
            opening = _opening(request, visitor, person, found or office)
            opened.append(open_in(intake=intake, opening=opening, first_contact=first, also=() if opened else (intake,)))
    return Received(intake, [o.matter for o in opened], [c for o in opened for c in o.clocks])


def _already(request: Request) -> Matter | None:
    if request.external is None:
        return None
    partner, number, version = request.external
    found = ExternalReference.objects.filter(partner=partner, external_no=number, version=version).first()
    return found.matter if found else None


def _office(request: Request, door: str) -> Organisation | None:
    found = office_for(process=request.process, region_code=_region(request.region_code), door=door)
    return settled(request.process, request.form, request.region_code, found) if found else None


def _region(code: str) -> str:
    if not division_exists(code):
        raise Refusal("form.invalid", fields={"region": Refusal("matter.region", field="region")})
    return code


def _person(actor: Actor, visitor: Visitor) -> Person | None:
    if actor.person_id:
        return Person.objects.get(pk=actor.person_id)
    if not (visitor.phone or visitor.identity_number):
        return None
    return find_or_make_person(
        name=visitor.name,
        phone=visitor.phone,
        identity_kind=visitor.identity_kind,
        identity_number=visitor.identity_number,
        region_code=visitor.region_code,
        priority_groups=visitor.priority_groups,
        safe_contact=visitor.safe_contact,
    )


def _opening(request: Request, visitor: Visitor, person: Person | None, office: Organisation | None) -> Opening:
    assert office is not None
    try:
        process = process_in_force(request.process, time.today(), request.region_code)
    except KeyError:
        raise Refusal("matter.service") from None
    if context.current().door not in (*process.doors, "system"):
        raise Refusal("matter.door")
    category = category_in_force(request.category_code) if request.category_code else None
    details: dict[str, Any] = {}
    if process.intake is not None:
        details = json.loads(parse(process.intake, request.form).model_dump_json())
    bringer = PartyWords(
        relation=process.relations[0].code,
        name=visitor.name,
        phone=visitor.phone,
        identity_kind=visitor.identity_kind,
        identity_number=visitor.identity_number,
        person_id=person.pk if person else None,
        reach_by=visitor.reach_by,
    )
    return Opening(
        process=process.code,
        title=request.title,
        region_code=request.region_code,
        office=office,
        details=details,
        category_code=category.code if category else "",
        category_version=category.version_id if category else 1,
        priority_groups=visitor.priority_groups,
        parties=[bringer, *(replace(o) for o in request.others)],
        confidential=bool(details.get("confidential")),
        language=visitor.language,
        external=request.external,
    )
