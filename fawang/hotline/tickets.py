"""话务工单: opened with the conversation, saved field by field, closed only when what its nature asks for is there."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from typing import Any

from django.db import transaction

from fawang.hotline import callers
from fawang.hotline.machine.turn import Turn
from fawang.hotline.models import CallTicket, SeatPool, TicketField
from fawang.hotline.natures import NATURES, Nature, known_fields
from fawang.kernel import clock, crypto, events
from fawang.kernel.context import acting
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import require
from fawang.kernel.text_safety import ValueProblem, check_text
from fawang.kernel.work import tell_live
from fawang.matters.assignments import write_assignment
from fawang.matters.categories import category_in_force
from fawang.matters.conversation import add_message
from fawang.matters.forms import parse
from fawang.matters.intake import Request, Visitor, receive
from fawang.matters.models import Matter
from fawang.matters.services import lock, take_step
from fawang.people.actors import SYSTEM, Actor
from fawang.people.models import Staff
from fawang.regions.selectors import division_exists
from fawang.registry.models import Organisation

SAME_CALLER = timedelta(days=30)
LONGEST = 8000


def open_for(here: Turn, staff_id: uuid.UUID) -> CallTicket:
    """The one ticket of a call, from its first second with a human. A repeat call of the same number within the days points to the one before."""
    call = here.call
    known = CallTicket.objects.filter(call=call).first()
    if known is not None:
        hand_over(here, staff_id)
        return known
    earlier = None
    if call.caller_index:
        since = call.arrived_at - SAME_CALLER
        earlier = CallTicket.objects.filter(call__caller_index=bytes(call.caller_index), opened_at__gte=since).exclude(call=call).order_by("-opened_at").first()
    return CallTicket.objects.create(
        call=call,
        author_id=staff_id,
        office=_office(here, staff_id),
        caller_region=call.caller_region,
        language=call.language,
        previous=earlier,
        opened_at=here.at,
    )


def _office(here: Turn, staff_id: uuid.UUID) -> Organisation:
    pool = SeatPool.objects.filter(agents__staff_id=staff_id).select_related("office").first()
    if pool is not None:
        return pool.office
    staff = Staff.objects.get(pk=staff_id)
    return Organisation.objects.get(pk=str(staff.office_id))


def hand_over(here: Turn, staff_id: uuid.UUID) -> None:
    """The call went to somebody else: so does its unfinished ticket."""
    CallTicket.objects.filter(call=here.call, state="draft").exclude(author_id=staff_id).update(author_id=staff_id)


# -- the draft -------------------------------------------------------------------------------------------------------------------------


def save_field(*, actor: Actor, ticket_id: uuid.UUID, name: str, value: Any, version: int = 0) -> TicketField:
    """Save one field of a draft; ``version`` is the one the page knows (0 = none yet).

    Raises ``Absent``, ``Refusal`` ``hotline.ticket_closed``, ``hotline.ticket_field``, ``hotline.field_stale`` (409), or what is wrong with the text.
    Nothing is checked against the nature yet: half a sentence is saved too.
    """
    if name not in known_fields():
        raise Refusal("hotline.ticket_field", field=name)
    text = json.dumps(value, ensure_ascii=False)
    try:
        check_text(text if not isinstance(value, str) else value, max_length=LONGEST)
    except ValueProblem as problem:
        raise Refusal("form.invalid", fields={name: Refusal(problem.code, field=name, **problem.params)}) from None
    with transaction.atomic():
        ticket = locked(ticket_id)
        require("hotline.write_ticket", actor, ticket)
        if ticket.state != "draft":
            raise Refusal("hotline.ticket_closed", status=409)
        row = TicketField.objects.select_for_update().filter(ticket=ticket, name=name).first()
        if row is None:
            if version != 0:
                raise Refusal("hotline.field_stale", status=409, field=name)
            row = TicketField.objects.create(ticket=ticket, name=name, value=text, saved_by_id=actor.account, saved_at=clock.now())
        else:
            if version != row.version:
                raise Refusal("hotline.field_stale", status=409, field=name)
            row.value, row.version, row.saved_at, row.saved_by_id = text, row.version + 1, clock.now(), actor.account
            row.save()
        tell_live([f"ticket:{ticket.pk}"], "ticket", str(ticket.pk))
    return row


def locked(ticket_id: uuid.UUID) -> CallTicket:
    """The ticket with its row locked. Raises ``Absent``."""
    row = CallTicket.objects.select_for_update(of=("self",)).select_related("call").filter(pk=ticket_id).first()
    if row is None:
        raise Absent
    return row


def values_of(ticket: CallTicket) -> dict[str, Any]:
    """What a draft holds now, or what a closed ticket was closed with."""
    if ticket.state == "closed":
        return dict(json.loads(ticket.content or "{}"))
    return {f.name: json.loads(f.value) for f in ticket.fields.all()}


# -- closing ---------------------------------------------------------------------------------------------------------------------------


def check(values: dict[str, Any]) -> tuple[Nature, dict[str, Any]]:
    """The nature and its checked fields. Raises ``Refusal('form.invalid')`` naming every field that is missing or wrong."""
    nature = NATURES.get(str(values.get("nature", "")))
    if nature is None:
        raise Refusal("form.invalid", fields={"nature": Refusal("hotline.nature", field="nature")})
    problems: dict[str, Refusal] = {}
    own = {k: v for k, v in values.items() if k in nature.form.model_fields}
    filled: dict[str, Any] = {}
    try:
        filled = json.loads(parse(nature.form, own).model_dump_json())
    except Refusal as refusal:
        problems |= refusal.fields
    region = str(values.get("region") or "")
    if nature.service and not region:
        problems["region"] = Refusal("field.required", field="region")
    elif region and not division_exists(region):
        problems["region"] = Refusal("matter.region", field="region")
    if nature.needs_category or values.get("category"):
        try:
            category_in_force(str(values.get("category") or ""))
        except Refusal as refusal:
            problems |= refusal.fields
    if problems:
        raise Refusal("form.invalid", fields=problems)
    return nature, filled


def close(*, actor: Actor, ticket_id: uuid.UUID) -> CallTicket:
    """Close a ticket: all fields of its nature checked, a service becomes a matter with a number, what must become a matter has become one.

    Raises ``Absent``, ``Forbidden``, ``Refusal`` ``form.invalid``, ``hotline.talking``, ``hotline.must_convert``, ``hotline.ticket_closed``.
    """
    with transaction.atomic():
        ticket = locked(ticket_id)
        require("hotline.write_ticket", actor, ticket)
        if ticket.state != "draft":
            raise Refusal("hotline.ticket_closed", status=409)
        if ticket.call.ended_at is None and ticket.call.state == "talking" and ticket.call.talk != "partner" and ticket.call.agent_id == ticket.author_id:
            raise Refusal("hotline.talking", status=409)
        values = values_of(ticket)
        nature, filled = check(values)
        if nature.must and not ticket.conversions.filter(process_code=nature.must).exists():
            raise Refusal("hotline.must_convert", status=409, process=nature.name)
        ticket.nature, ticket.region_code = nature.code, str(values.get("region") or "")
        ticket.language = str(values.get("language") or ticket.language)
        if values.get("category"):
            category = category_in_force(str(values["category"]))
            ticket.category_code, ticket.category_version = category.code, category.version_id
        ticket.about_staff = about(values) or ticket.about_staff
        ticket.content = json.dumps({k: values[k] for k in ("nature", "category", "region", "phone") if k in values} | filled, ensure_ascii=False)
        if nature.must:  # the matter it became is the one to follow; a second one would show it to others than its shields allow
            ticket.matter = ticket.conversions.select_related("matter").get(process_code=nature.must).matter
        elif nature.service:
            ticket.matter = open_matter_of(ticket, values, filled)
        ticket.state, ticket.closed_at, ticket.closed_by_id = "closed", clock.now(), actor.staff_id
        ticket.save()
        ticket.fields.all().delete()
        _record(ticket)
    return ticket


def _record(ticket: CallTicket) -> None:
    events.record(
        kind="hotline.ticket_closed", stream=ticket.call_id,
        payload={
            "ticket": str(ticket.pk), "call": str(ticket.call_id), "nature": ticket.nature, "category": ticket.category_code, "region": ticket.region_code,
            "staff": str(ticket.author_id), "matter": str(ticket.matter_id or ""), "digest": crypto.text_digest(ticket.content or ""),
        },
    )  # fmt: skip
    tell_live(["hotline", f"ticket:{ticket.pk}", f"staff:{ticket.author_id}"], "ticket", str(ticket.pk))


def about(values: dict[str, Any]) -> Staff | None:
    """The account a complaint is about, by user name if the seat list was used, else by the one account of that very name."""
    if values.get("nature") != "complaint":
        return None
    if username := values.get("about_username"):
        return Staff.objects.filter(username=str(username), state="active").first()
    named = list(Staff.objects.filter(name=str(values.get("respondent") or ""), state="active")[:2])
    return named[0] if len(named) == 1 else None


def visitor_of(ticket: CallTicket, values: dict[str, Any]) -> Visitor:
    """The caller as an intake knows him: number and name as stated, never more."""
    phone = str(values.get("phone") or ticket.call.caller or "")
    if callers.read_number(phone).kind not in ("mobile", "landline"):
        phone = ""
    groups = values.get("priority_groups") or []
    return Visitor(
        name=str(values.get("caller_name") or ""), phone=phone, region_code=ticket.caller_region if division_exists(ticket.caller_region or "-") else "",
        priority_groups=tuple(str(g) for g in groups) if isinstance(groups, list) else (), language=ticket.language if ticket.language in ("zh-hans", "en") else "zh-hans",
        reach_by="hotline",
    )  # fmt: skip


def open_matter_of(ticket: CallTicket, values: dict[str, Any], filled: dict[str, Any]) -> Matter:
    """The call as a matter: who answered is first contact and handler (so he is rated and judges nothing of it); closed at once.

    Joins the caller's transaction.
    """
    title = str(filled.get("facts") or filled.get("topic") or NATURES[ticket.nature].name.zh)
    author = _author(ticket)
    with acting(door="hotline", actor=author.ref()):
        request = Request(process="hotline_call", title=title[:5000], region_code=ticket.region_code, category_code=ticket.category_code)
        received = receive(actor=author, visitor=visitor_of(ticket, values), requests=[request], office=ticket.office)
        matter = received.matters[0]
        add_message(matter=matter, actor=Actor("citizen"), kind="question", body=title, party=matter.parties.first())
        write_assignment(matter, staff=ticket.author, method="claimed", by=ticket.author, reasons=[{"rule": "answered"}])
        matter.save(update_fields=["assignee"])
        with acting(actor=SYSTEM.ref()):
            answer = str(filled.get("answer") or filled.get("body_name") or NATURES[ticket.nature].name.zh)
            basis = str(filled.get("legal_basis") or "")
            take_step(actor=SYSTEM, matter_id=matter.pk, verb="close", data={"body": answer + (f"\n\n依据：\n{basis}" if basis else "")})
    for conversion in ticket.conversions.select_related("matter"):
        from fawang.matters.openings import link

        link(parent=matter, child=conversion.matter, relation="derived_from")
    return lock(matter.pk)


def _author(ticket: CallTicket) -> Actor:
    from fawang.people.actors import actor_of_staff

    found = actor_of_staff(ticket.author)
    return found if found.kind == "staff" else SYSTEM


def review(*, actor: Actor, ticket_id: uuid.UUID, note: str, justified: bool) -> CallTicket:
    """A supervisor's finding on a reasoned hang-up. Never the author's own."""
    with transaction.atomic():
        ticket = locked(ticket_id)
        require("hotline.review", actor, ticket)
        if ticket.review != "open":
            raise Refusal("hotline.not_now", status=409)
        ticket.review, ticket.review_note = "done", note[:1000]
        ticket.reviewed_by_id, ticket.reviewed_at = actor.staff_id, clock.now()
        ticket.save()
        events.record(
            kind="hotline.ticket_reviewed", stream=ticket.call_id,
            payload={"ticket": str(ticket.pk), "outcome": "justified" if justified else "wrong", "staff": str(actor.staff_id), "digest": crypto.text_digest(note)},
        )  # fmt: skip
    return ticket
