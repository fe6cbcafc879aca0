"""工单转办: from a call to a matter of any process, through the one intake; the link to go on online goes by message."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from fawang.hotline import links, tickets
from fawang.hotline.models import TicketConversion
from fawang.hotline.natures import NATURES
from fawang.kernel import clock, events
from fawang.kernel.context import acting
from fawang.kernel.errors import Refusal
from fawang.kernel.policy import require
from fawang.matters.forms import FieldSpec, fields_of
from fawang.matters.intake import Request, receive
from fawang.matters.models import Matter
from fawang.matters.openings import link
from fawang.matters.parties import PartyWords
from fawang.matters.processes import all_processes, process_in_force
from fawang.people.actors import Actor


def targets(nature: str, region: str) -> list[str]:
    """Processes a ticket of this nature can become today in a region, of those that are declared and taken at the hotline's door."""
    wanted = NATURES[nature].converts if nature in NATURES else ()
    declared = {p.code for p in all_processes() if "hotline" in p.doors and p.code != "hotline_call"}
    found = []
    for code in wanted:
        if code in declared:
            try:
                process_in_force(code, clock.today(), region)
            except KeyError:
                continue
            found.append(code)
    return found


def questions(process: str, region: str) -> list[FieldSpec]:
    """What the process asks at intake, for the form beside the ticket."""
    form = process_in_force(process, clock.today(), region).intake
    return fields_of(form) if form is not None else []


def convert(*, actor: Actor, ticket_id: uuid.UUID, process: str, title: str, form: Mapping[str, Any] | None = None, send_link: bool = False) -> Matter:
    """Open a matter from a ticket: same caller, first contact = who speaks with him, door ``hotline``. One of each process a ticket.

    A complaint takes whom it is about from the ticket, and that account sees neither from now on. Raises ``Absent``, ``Forbidden``,
    ``Refusal`` ``hotline.convert``, ``hotline.converted``, and whatever the intake refuses.
    """
    with transaction.atomic():
        ticket = tickets.locked(ticket_id)
        require("hotline.write_ticket", actor, ticket)
        values = tickets.values_of(ticket)
        nature = str(values.get("nature") or "")
        region = str(values.get("region") or "")
        if process not in targets(nature, region):
            raise Refusal("hotline.convert", status=409)
        known = ticket.conversions.filter(process_code=process).select_related("matter").first()
        if known is not None:
            raise Refusal("hotline.converted", status=409, number=known.matter.number)
        answers = {**_prefill(process, region, values), **dict(form or {})}
        about = tickets.about({**values, "respondent": answers.get("respondent", values.get("respondent"))}) if process == "complaint" else None
        others = [PartyWords("respondent", about.name, staff_id=about.pk)] if about else []
        with acting(door="hotline"):
            received = receive(
                actor=actor, visitor=tickets.visitor_of(ticket, values),
                requests=[Request(process=process, title=title, region_code=region, category_code=str(values.get("category") or ""), form=answers, others=others)],
            )  # fmt: skip
        matter = received.matters[0]
        TicketConversion.objects.create(ticket=ticket, matter=matter, process_code=process, by_id=actor.account, at=clock.now())
        if process == "complaint":
            ticket.about_staff = about
            ticket.save(update_fields=["about_staff"])
        if ticket.matter is not None:
            link(parent=ticket.matter, child=matter, relation="derived_from")
        events.record(
            kind="hotline.ticket_converted", stream=ticket.call_id,
            payload={"ticket": str(ticket.pk), "call": str(ticket.call_id), "process": process, "matter": str(matter.pk), "staff": str(actor.staff_id)},
        )  # fmt: skip
        if send_link:
            links.send_matter_link(ticket, matter)
    return matter


def _prefill(process: str, region: str, values: dict[str, Any]) -> dict[str, Any]:
    """What the ticket knows already, for the questions of the process that have the same names."""
    return {spec.name: values[spec.name] for spec in questions(process, region) if values.get(spec.name) not in (None, "")}
