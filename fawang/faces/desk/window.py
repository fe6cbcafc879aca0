"""The window: a person stands there; in under a minute the matter is in and the slip printed."""

from __future__ import annotations

import uuid
from typing import Any

import segno
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from fawang.faces.desk.frame import actor_of, page
from fawang.faces.desk.queue import rows_of
from fawang.faces.pages import errors_of, language, spec, typed
from fawang.faces.portal.asking import GROUP_NAMES, category_choices, region_choices
from fawang.faces.repeats import post_once, scope_of, sent_in
from fawang.faces.routing import open_to
from fawang.faces.submission import submit
from fawang.kernel import clock
from fawang.kernel.context import acting
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.idempotency import answered
from fawang.kernel.policy import require
from fawang.kernel.readlog import note_read
from fawang.kernel.texts import Text
from fawang.matters.declaration import Process
from fawang.matters.forms import FieldSpec, fields_of
from fawang.matters.intake import PRIORITY_GROUPS
from fawang.matters.models import Intake, Matter, QueueTicket
from fawang.matters.processes import all_processes, process_in_force
from fawang.matters.selectors import possible_duplicates
from fawang.matters.tickets import call_next, end_ticket, issue_ticket, waiting
from fawang.matters.time_limits import due_words
from fawang.people.actors import Actor
from fawang.registry.models import Organisation

HERE = ("window", "letter")
"""The doors a window keeps: who stands there, and the post."""


def _services() -> list[tuple[str, Text]]:
    found = {p.code: p.name for p in all_processes() if p.public and set(HERE) & set(p.doors)}
    return sorted(found.items(), key=lambda item: item[0] != "consultation")


def _door(process: Process) -> str:
    return next(door for door in HERE if door in process.doors)


WORDS = {"window": ("来人说了什么", "What the visitor says"), "letter": ("来信说了什么", "What the letter says")}


def _fields(process: str) -> list[FieldSpec]:
    declared = process_in_force(process, clock.today(), settings.PROVINCE)
    own = [f for f in fields_of(declared.intake) if f.name != "confidential"] if declared.intake else []
    return [
        spec("question", *WORDS[_door(declared)], widget="textarea", max_length=5000),
        spec("name", "姓名", "Name", required=False, max_length=100),
        spec("phone", "电话", "Phone", required=False, max_length=30),
        spec("identity_number", "身份证号（可不填；不填不影响受理）", "ID number (optional)", required=False, max_length=30),
        spec("region", "事发地区", "Where it happened", widget="select", choices=region_choices()),
        spec("category", "分类", "Category", widget="select", required=False, choices=category_choices()),
        *own,
        spec("priority_groups", "优先群体", "Priority group", widget="checkboxes", required=False, many=True, choices=[(g, Text(*GROUP_NAMES[g])) for g in PRIORITY_GROUPS], default=[]),
    ]  # fmt: skip


def _office(actor: Actor) -> Organisation:
    found = Organisation.objects.filter(pk=actor.office_id).first() if actor.office_id else None
    if found is None:
        raise Refusal("window.office", status=409)
    return found


@open_to("matters.take_in")
def window(request: HttpRequest) -> HttpResponse:
    """Take somebody's matter in."""
    actor = actor_of(request)
    office = _office(actor)
    known = dict(_services())
    process = request.POST.get("process") or request.GET.get("process", "consultation")
    process = process if process in known else "consultation"
    fields = _fields(process)
    values: dict[str, Any] = {"region": office.region_code}
    errors: Any = {}
    duplicates: list[Matter] = []
    if request.method == "POST":
        values = typed(request, fields)
        try:
            if not request.POST.get("new_anyway") and not answered(scope=scope_of(request), key=request.POST.get("_key", ""), body=sent_in(request)):
                duplicates = possible_duplicates(actor, phone=str(values.get("phone", "")), identity_number=str(values.get("identity_number", "")))
            if not duplicates:
                return post_once(request, lambda: _take(request, actor, office, process, dict(values)))
        except Refusal as refusal:
            errors = errors_of(refusal)
    context = {
        "process": process, "services": _services(), "fields": fields, "values": values, "errors": errors, "office": office, "waiting": waiting(office),
        "duplicates": rows_of(duplicates), "key": request.POST.get("_key") or uuid.uuid4().hex, "ticket": request.POST.get("ticket") or request.GET.get("ticket", ""),
    }  # fmt: skip
    return page(request, "desk/window.html", context, status=422 if errors else 200, topics=[f"window:{office.pk}"])


def _take(request: HttpRequest, actor: Actor, office: Organisation, process: str, values: dict[str, Any]) -> str:
    declared = process_in_force(process, clock.today(), settings.PROVINCE)
    own = {f.name for f in fields_of(declared.intake)} if declared.intake else set()
    with acting(door=_door(declared)):
        received = submit(
            actor=actor, process=process, question=str(values.get("question", "")), category=str(values.get("category", "")), region=str(values.get("region", "")),
            contact={k: str(values.get(k, "")) for k in ("name", "phone", "identity_number")}, priority_groups=values.get("priority_groups", []),
            form={k: v for k, v in values.items() if k in own}, office=office,
        )  # fmt: skip
        if ticket := _ticket(request, office):
            end_ticket(actor=actor, ticket_id=ticket, outcome="served", intake=received.intake)
    return f"/desk/window/{received.intake.pk}"


def _ticket(request: HttpRequest, office: Organisation) -> uuid.UUID | None:
    """The open number of this office that was sent along; what names none of them is no reason to turn a visitor away."""
    try:
        sent = uuid.UUID(request.POST.get("ticket", ""))
    except ValueError:
        return None
    return QueueTicket.objects.filter(pk=sent, office=office, ended_at=None).values_list("pk", flat=True).first()


@open_to("matters.take_in", "GET")
def slip(request: HttpRequest, intake_id: uuid.UUID) -> HttpResponse:
    """受理单, to be printed and handed over."""
    actor = actor_of(request)
    intake = Intake.objects.select_related("office", "received_by").filter(pk=intake_id, received_by_id=actor.account).first()
    if intake is None:
        raise Absent
    slips = []
    for matter in intake.matters.order_by("opened_at"):
        require("matters.see", actor, matter)
        note_read(subject_kind="matter", subject_id=matter.pk, what="slip", purpose="receipt")
        code = matter.lookup_code
        slips.append({
            "matter": matter, "code": " ".join(code[i : i + 5] for i in range(0, len(code), 5)), "due": due_words(matter.next_due_at, clock.now(), language()) if matter.next_due_at else "",
            "process": process_in_force(matter.process_code, clock.today(), settings.PROVINCE).name, "qr": segno.make(request.build_absolute_uri(f"/track/{code}"), error="m").png_data_uri(scale=4, border=2),
        })  # fmt: skip
    return page(request, "desk/slip.html", {"intake": intake, "slips": slips})


@open_to("matters.take_in", "POST")
def tickets(request: HttpRequest) -> HttpResponse:
    """Draw, call, or mark absent."""
    actor = actor_of(request)
    office = _office(actor)

    def act() -> str:
        verb = request.POST.get("verb")
        if verb == "issue":
            issue_ticket(actor=actor, office=office, priority=request.POST.get("priority") == "1")
        elif verb == "call":
            called = call_next(actor=actor, office=office)
            return f"/desk/window?ticket={called.pk}" if called else "/desk/window"
        elif verb == "absent" and (ticket := _ticket(request, office)):
            end_ticket(actor=actor, ticket_id=ticket, outcome="absent")
        return "/desk/window"

    try:
        return post_once(request, act)
    except (Refusal, ValueError):
        return redirect("/desk/window")
