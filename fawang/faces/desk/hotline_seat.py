"""坐席: one page for the whole of a call. Sign on, ready, answer, hold, consult, pass on, and the ticket beside it, saved while one talks."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from fawang.faces.desk.frame import actor_of, page
from fawang.faces.desk.hotline_words import AGENT_WORDS, CALL_WORDS, OUTSIDE, SUPERVISION, call_row, callback_rows, ticket_fields, ticket_row
from fawang.faces.desk.queue import rows_of
from fawang.faces.pages import errors_of, first_of, identity, typed, whole
from fawang.faces.repeats import post_once, post_or_show
from fawang.faces.routing import open_to
from fawang.hotline import natures, selectors, services
from fawang.hotline.calling import new_tab_id
from fawang.hotline.configurations import live_document
from fawang.hotline.conversions import questions, targets
from fawang.hotline.gateway.door import pass_for
from fawang.hotline.models import CallTicket
from fawang.hotline.seats import line_of, lines_at
from fawang.hotline.states import CHOSEN_REASONS, REASONS
from fawang.hotline.tickets import values_of
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.texts import Text
from fawang.matters.processes import process_in_force
from fawang.people.actors import Actor
from fawang.regions.selectors import path_name

Verb = Callable[[Actor, Any], object]
_VERBS: dict[str, Verb] = {
    "sign_on": lambda a, d: services.sign_on(
        actor=a, seat_number=d.get("seat", ""), session=d.get("tab", ""), take_over=d.get("take_over") == "1", line=d.get("line", "")
    ),
    "line": lambda a, d: services.set_line(actor=a, line=d.get("line", "")),
    "sign_off": lambda a, d: services.sign_off(actor=a),
    "ready": lambda a, d: services.set_ready(actor=a),
    "not_ready": lambda a, d: services.set_not_ready(actor=a, reason=d.get("reason", "break")),
    "end_wrap_up": lambda a, d: services.end_wrap_up(actor=a),
    "extend_wrap_up": lambda a, d: services.extend_wrap_up(actor=a),
    "hold": lambda a, d: services.hold(actor=a),
    "resume": lambda a, d: services.resume(actor=a),
    "mute": lambda a, d: services.mute(actor=a, on=d.get("on") == "1"),
    "digits": lambda a, d: services.send_digits(actor=a, digits=d.get("digits", "")),
    "consult": lambda a, d: services.consult(actor=a, **_whom(d), reason=d.get("reason", "")),
    "end_consult": lambda a, d: services.end_consult(actor=a),
    "conference": lambda a, d: services.make_conference(actor=a),
    "complete_transfer": lambda a, d: services.complete_transfer(actor=a),
    "transfer": lambda a, d: services.blind_transfer(actor=a, **_whom(d), reason=d.get("reason", "")),
    "warn": lambda a, d: services.warn(actor=a, kind=d.get("kind", "abuse")),
    "hang_up": lambda a, d: services.hang_up(actor=a),
    "hang_up_with_reason": lambda a, d: services.hang_up_with_reason(actor=a, kind=d.get("kind", "abuse"), reason=d.get("reason", "")),
    "refuse": lambda a, d: services.refuse(actor=a),
    "pause_recording": lambda a, d: services.pause_recording(actor=a, on=d.get("on") == "1"),
    "dial": lambda a, d: services.dial(actor=a, phone=d.get("phone", ""), queue_code=d.get("queue", "")),
    "call_back": lambda a, d: services.call_back(actor=a, request_id=identity(d.get("request", ""))),
    "call_me": lambda a, d: services.call_me(actor=a),
    "take_voicemail": lambda a, d: services.take(actor=a, voicemail_id=identity(d.get("voicemail", ""))),
    "finish_voicemail": lambda a, d: services.finish(actor=a, voicemail_id=identity(d.get("voicemail", "")), outcome=d.get("outcome", "")),
}


def _whom(data: Any) -> dict[str, str]:
    """Kind and target of ``to=partner:110``; a number typed in goes before what was chosen."""
    if number := "".join(data.get("number", "").split()):
        return {"kind": "partner", "target": number}
    kind, _, target = data.get("to", "").partition(":")
    return {"kind": kind, "target": target}


@open_to("hotline.seat", "GET")
def seat(request: HttpRequest) -> HttpResponse:
    """The seat's page."""
    return _seat(request)


def _seat(request: HttpRequest, *, refusal: Refusal | None = None, status: int = 200) -> HttpResponse:
    actor = actor_of(request)
    view = selectors.seat_view(actor)
    agent, call = view.agent, view.call
    document = live_document()
    partners = {code: Text(*p.name) for code, p in document.partners.items()} if document else {}
    tab = request.session.get("seat_tab") or new_tab_id()
    request.session["seat_tab"] = tab
    context: dict[str, Any] = {
        "elsewhere": agent.session not in ("", tab), "line": line_of(agent), "lines": lines_at(agent.seat) if agent.seat else (), "kept_line": agent.line, "muted": view.muted, "paused": view.paused,
        "others": [(leg.staff.name if leg.staff else str(partners.get(leg.partner, OUTSIDE)), leg.state == "answered") for leg in view.legs],
        "mine": call is not None and call.agent_id == actor.staff_id, "agent": agent, "state": AGENT_WORDS[agent.state], "reason": REASONS.get(agent.reason, ""), "tab": tab, "refusal": refusal, "call": call,
        "call_words": CALL_WORDS[call.state] if call else "", "watched_by": [f"{name}（{SUPERVISION[kind]}）" for name, kind in view.watched_by], "warnings": view.warnings, "reasons": [(r, REASONS[r]) for r in CHOSEN_REASONS],
        "seats": selectors.free_seats() if agent.state == "offline" else [], "colleagues": selectors.colleagues(actor) if call else [],
        "queues": [(code, Text(*q.name)) for code, q in document.queues.items()] if document else [], "partners": list(partners.items()),
        "unfinished": [ticket_row(t) for t in selectors.unfinished(actor)], "callbacks": callback_rows(selectors.callbacks_to_do(actor, 8)), "voicemails": selectors.voicemails_to_do(actor, 8),
        "pop": None, "demo": settings.DEMO and settings.HOTLINE,
    }  # fmt: skip
    if call is not None and agent.state != "wrap_up":
        pop = selectors.screen_pop(actor, call)
        context["pop"] = pop
        context["earlier"] = [ticket_row(t) for t in pop.earlier_tickets]
        context["matters"] = rows_of(pop.open_matters)
        context["place"] = path_name(pop.region) if pop.region else ""
    if view.ticket is not None:
        context |= ticket_context(actor, view.ticket)
    return page(request, "desk/hotline/seat.html", context, status=status, topics=[])


@require_POST
@open_to("hotline.seat")
def do(request: HttpRequest, verb: str) -> HttpResponse:
    """One verb of the seat; refused ones say why beside the controls."""
    act = _VERBS.get(verb)
    if act is None:
        raise Absent
    actor = actor_of(request)

    def run() -> str:
        act(actor, request.POST)
        return "/desk/hotline/"

    return post_or_show(request, run, lambda refusal: _seat(request, refusal=first_of(refusal), status=refusal.status))


@require_POST
@open_to("hotline.seat")
def line(request: HttpRequest) -> JsonResponse:
    """Where the voice of this page goes, and a pass that lets this session in there within half a minute."""
    host = urlsplit(f"//{request.get_host()}").hostname
    address = settings.SEAT_URL or f"ws://{host}:{settings.SEAT_PORT}/seat"
    return JsonResponse({"url": address, "pass": pass_for(actor_of(request), request.session.session_key or "")})


@require_POST
@open_to("hotline.seat")
def beat(request: HttpRequest) -> HttpResponse:
    """The page is still there; a second window of the same person is told that it is not the seat any more."""
    agent = services.beat(actor=actor_of(request), session=request.session.get("seat_tab", ""))
    return JsonResponse({"state": agent.state, "version": agent.version})


def ticket_context(actor: Actor, ticket: CallTicket, *, errors: Any = None, values: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the ticket's form needs, on the seat's page and on its own."""
    kept = values_of(ticket)
    shown = {**kept, **(values or {})}
    nature = str(shown.get("nature") or "")
    region = str(shown.get("region") or ticket.caller_region or "")
    versions = {f.name: f.version for f in ticket.fields.all()}
    fields = ticket_fields(nature)
    done = {c.process_code: c.matter for c in ticket.conversions.select_related("matter")}
    return {
        "ticket": ticket, "natures": [(n.code, n.name) for n in natures.NATURES.values()], "nature": nature, "fields": fields,
        "values": {**shown, "region": region}, "versions": [(f.name, versions.get(f.name, 0)) for f in fields], "errors": errors or {},
        "targets": [(code, _process_name(code, region)) for code in targets(nature, region) if code not in done] if region else [], "done": list(done.values()),
        "must": natures.NATURES[nature].must if nature in natures.NATURES else "",
    }  # fmt: skip


def _process_name(code: str, region: str) -> str:
    from fawang.kernel import clock

    return str(process_in_force(code, clock.today(), region).name)


@open_to("hotline.seat", "GET")
def ticket(request: HttpRequest, ticket_id: uuid.UUID) -> HttpResponse:
    """One ticket: its form while it is a draft, its sheet afterwards."""
    return _ticket(request, selectors.ticket_page(actor_of(request), ticket_id))


def _ticket(
    request: HttpRequest, row: CallTicket, *, errors: Any = None, refusal: Refusal | None = None, values: Any = None, status: int = 200
) -> HttpResponse:
    actor = actor_of(request)
    context = {**ticket_context(actor, row, errors=errors, values=values), "refusal": refusal, "row": call_row(row.call), "alone": True}
    return page(request, "desk/hotline/ticket.html", context, status=status, topics=[f"ticket:{row.pk}"])


@require_POST
@open_to("hotline.seat")
def save(request: HttpRequest, ticket_id: uuid.UUID) -> HttpResponse:
    """Save what changed of a draft, field by field; ``field=`` saves one and answers with its new version."""
    actor = actor_of(request)
    row = selectors.ticket_page(actor, ticket_id)
    if name := request.POST.get("field"):
        many = request.POST.get("many") == "1"
        value: Any = request.POST.getlist("value") if many else request.POST.get("value", "").replace("\r\n", "\n")
        try:
            kept = services.save_field(actor=actor, ticket_id=ticket_id, name=name, value=value, version=whole(request.POST.get("version")))
        except Refusal as refusal:
            first = first_of(refusal)
            return JsonResponse({"error": str(first), "code": first.code}, status=refusal.status)
        return JsonResponse({"version": kept.version})
    return _save_all(request, actor, row)


def _save_all(request: HttpRequest, actor: Actor, row: CallTicket) -> HttpResponse:
    nature = request.POST.get("nature") or str(values_of(row).get("nature") or "")
    data: dict[str, Any] = {**typed(request, ticket_fields(nature)), "nature": nature}
    verb = request.POST.get("verb", "save")
    back = "/desk/hotline/" if request.POST.get("seat") == "1" else f"/desk/hotline/t/{row.pk}"

    def run() -> str:
        known = values_of(row)
        versions = {f.name: f.version for f in row.fields.all()}
        for name, value in data.items():
            if known.get(name) != value and not (name not in known and value in ("", [], False)):
                services.save_field(actor=actor, ticket_id=row.pk, name=name, value=value, version=versions.get(name, 0))
        if verb == "close":
            services.close(actor=actor, ticket_id=row.pk)
        elif verb.startswith("to:"):
            process = verb.removeprefix("to:")
            own = {q.name for q in questions(process, str(data.get("region") or ""))}
            title = str(data.get("facts") or data.get("topic") or "").strip()[:2000]
            services.convert(
                actor=actor,
                ticket_id=row.pk,
                process=process,
                title=title,
                form={k: v for k, v in data.items() if k in own},
                send_link=request.POST.get("send_link") == "1",
            )
        return back

    try:
        return post_once(request, run)
    except Refusal as refusal:
        if verb != "save":  # what was typed is kept as a draft even when closing is refused
            _keep(actor, row, data)
        row.refresh_from_db()
        return _ticket(
            request, row, errors=errors_of(refusal) if refusal.fields else None, refusal=None if refusal.fields else refusal, values=data, status=refusal.status
        )


def _keep(actor: Actor, row: CallTicket, data: dict[str, Any]) -> None:
    known, versions = values_of(row), {f.name: f.version for f in row.fields.all()}
    for name, value in data.items():
        if known.get(name) != value and value not in ("", [], False):
            services.save_field(actor=actor, ticket_id=row.pk, name=name, value=value, version=versions.get(name, 0))
