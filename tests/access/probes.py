"""Real requests: the address of every route for every object, what is sent along, and what an answer means."""

from __future__ import annotations

import copy
import os
import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponseBase
from django.test import Client

from fawang.kernel.models import Event
from fawang.people.roles import ADMINISTRATORS
from tests.access.expectations import CODES, Rule, anybody, nowhere, sees
from tests.access.world import PDF, PLACES, Who, World
from tests.architecture.test_registries import operations, routes
from tests.undoing import undone

NOBODYS = uuid.UUID("00000000-0000-4000-8000-000000000000")
"""An id that never existed."""
NO_CODE = "0" * 26
"""A lookup code that was never issued."""


@dataclass(frozen=True, slots=True)
class Route:
    """A route of the router under its name; operations of the API are called ``api_…``."""

    name: str
    pattern: str
    methods: frozenset[str]
    policy: str


def all_routes() -> Iterator[Route]:
    """Every address of the house with the policy it declares."""
    from fawang.faces.api.urls import ROUTE_POLICIES

    for at, pattern in routes():
        if found := operations(pattern):
            for operation in found:
                name = operation.view_func.__name__
                yield Route(f"api_{name}", at, frozenset(operation.methods), ROUTE_POLICIES.get(name, ""))
        else:
            yield Route(str(pattern.name), at, frozenset(), getattr(pattern.callback, "policy", ""))


@dataclass(frozen=True, slots=True)
class Target:
    """Where a probe goes: the address of the object, and that of one that never existed ('' where the route has no object)."""

    path: str
    absent: str
    form: dict[str, Any]
    json: dict[str, Any] | None = None


_CONVERTER = re.compile(r"<(?:\w+:)?(\w+)>")


def target(world: World, route: Route, subject: str) -> Target:
    """The addresses of a route for one of its objects."""
    subject_of, _, verb = subject.partition(":")
    real, gone = _fill(world, route, subject_of, verb)
    form: dict[str, Any] = {
        "_key": uuid.uuid4().hex,
        "level": "5",
        "verb": "close",
        "value": "1",
        "source": "来源",
        "office": str(world.offices["same"].pk),
        "grant": _grant(world),
    }
    path = "/" + _CONVERTER.sub(lambda m: str(real[m[1]]), route.pattern)
    absent = "/" + _CONVERTER.sub(lambda m: str(gone.get(m[1], real.get(m[1]))), route.pattern) if gone else ""
    if route.name == "me_add":
        form["code"] = world.matters[subject].lookup_code
    if route.name == "desk_behind":
        path += "?figure=received"
    return Target(path, absent, form, _body(route.name))


def _fill(world: World, route: Route, subject: str, verb: str) -> tuple[dict[str, Any], dict[str, Any]]:
    matters, things = world.matters, world.objects
    name = route.name
    if "matter_id" in route.pattern:
        real: dict[str, Any] = {"matter_id": matters[subject].pk, "verb": verb, "document_id": things["paper"].pk}
        return real, {"matter_id": NOBODYS}
    if "lookup_code" in route.pattern or name in {"receipt", "track", "track_step", "track_message", "track_rating"}:
        code = matters[subject].lookup_code
        return {"lookup_code": code, "code": code, "verb": "withdraw"}, {"lookup_code": NO_CODE, "code": NO_CODE}
    made = {
        "attachment_id": things.get(subject), "intake_id": things["intake"], "batch_id": things["batch"], "ticket_id": things.get(subject),
        "recording_id": things.get(subject), "sample_id": things.get(subject), "edition_id": things.get(subject), "case_id": things.get(subject), "staff_id": world.staff["former"], "organisation_id": world.offices["same"],
    }  # fmt: skip
    if subject == "" and "<uuid:case_id>" in route.pattern:
        return {"case_id": things["case_draft"].pk}, {}
    kept_ids = {argument: NOBODYS for argument in ("question_id", "snippet_id", "figure_id", "flag_id") if argument in route.pattern}
    if kept_ids:
        return kept_ids, {}
    for argument, thing in made.items():
        if f":{argument}>" in route.pattern:
            gone = {argument: NOBODYS} if name != "desk_organisation" else {}
            return {argument: getattr(thing, "pk", thing), "verb": subject}, gone
    if "<str:lookup>" in route.pattern:
        return {"lookup": things["interview"]}, {"lookup": NO_CODE}
    fixed = {
        "guide": "consultation", "opinion": things["opinion"], "opinion_pdf": things["opinion"], "opinion_docx": things["opinion"], "calculator": "double_wage",
        "interview": "unpaid_wages", "paper": "labour_arbitration", "api_calculator_declared": "double_wage", "api_compute": "double_wage",
        "api_interview_declared": "unpaid_wages", "api_interview_state": things["interview"], "api_interview_result": things["interview"],
        "api_answer_question": things["interview"],
    }  # fmt: skip
    verbs = {
        "desk_seat_do": "ready",
        "desk_hotline_supervise": "stop",
        "desk_hotline_announce": "make",
        "desk_hotline_roster_do": "plan",
        "desk_me_change": "available",
    }
    slug = GUIDE_SLUG if "guide" in name else things["law"].slug
    return {
        "code": fixed.get(name, ""),
        "verb": verbs.get(name, ""),
        "slug": slug,
        "place": "30",
        "kind": "organisations",
        "suffix": "csv",
        "law_id": things["law"].slug,
        "number": "30",
    }, {}


GUIDE_SLUG = "unpaid"


def _grant(world: World) -> str:
    return str(world.staff["former"].grants.values_list("pk", flat=True).first() or "")


def _body(name: str) -> dict[str, Any] | None:
    return {
        "api_submit_consultation": {"question": "?", "region": ""}, "api_write": {"body": ""}, "api_give_rating": {"level": 5}, "api_step": {"data": {"x": 1}},
        "api_compute": {"inputs": {}}, "api_begin_interview": {"interview": "unpaid_wages"}, "api_answer_question": {"question": "none", "answer": "unknown"},
    }.get(name)  # fmt: skip


def ask(client: Client, method: str, path: str, to: Target) -> HttpResponseBase:
    """One request."""
    if method != "POST":
        return client.generic(method, path) if method not in {"GET", "HEAD"} else getattr(client, method.lower())(path)  # type: ignore[no-any-return]
    if to.json is not None:
        return client.post(path, to.json, content_type="application/json", headers={"Idempotency-Key": uuid.uuid4().hex})
    if path.endswith("/attachments"):
        from django.core.files.uploadedfile import SimpleUploadedFile

        return client.post(path, {"file": SimpleUploadedFile("a.pdf", PDF)}, headers={"Idempotency-Key": uuid.uuid4().hex})
    return client.post(path, to.form)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, where it sends one, its bytes, and whether anything was written."""

    path: str
    status: int
    location: str
    content_type: str
    body: bytes
    wrote: bool
    allow: tuple[str, ...] = ()

    @property
    def meaning(self) -> str:
        """``ok``, ``no``, ``absent``, ``sign-in``, ``not here`` (no such method) or ``broken``."""
        if self.status >= 500 and self.path != "/healthz":  # 503 there says that no worker runs beside the test
            return "broken"
        if self.status in {301, 302, 303} and self.location.partition("?")[0] in {"/desk/sign-in", "/desk/device", "/desk/password", "/me/sign-in"}:
            return "sign-in"
        return {403: "no", 404: "absent", 405: "not here"}.get(self.status, "ok")


def probe(client: Client, method: str, path: str, to: Target) -> Answer:
    """Send it, see whether it wrote, undo it."""
    before, cookies = Event.objects.count(), copy.deepcopy(client.cookies)
    try:
        with undone():
            response = ask(client, method, path, to)
            body = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
            wrote = Event.objects.count() != before
            allow = tuple(response.headers["Allow"].split(", ")) if "Allow" in response.headers else ()
    finally:
        client.cookies = cookies
    return Answer(path, response.status_code, response.headers.get("Location", ""), response.headers.get("Content-Type", ""), body, wrote, allow)


_NOISE = re.compile(rb'name="(?:csrfmiddlewaretoken|_key)" value="[^"]*"')


def faceless(answer: Answer, path: str) -> tuple[int, str, str, bytes]:
    """An answer without what differs between any two requests: form tokens and the address asked for."""
    body = _NOISE.sub(b"", answer.body).replace(path.encode(), b"PATH")
    return answer.status, answer.location.replace(path, "PATH"), answer.content_type, body


OUTSIDERS = ("dispatcher@other", "supervisor@other", "complaint_handler@other", "adviser@other", "supervisor@beyond", "seat@same", "system_admin@above")
"""Posts that have nothing to do with the matters, for the short form."""
PUBLIC = ("anonymous", "stranger", "without a device", "adviser@same", "seat@same", "audit_admin@above")
WHOLE = os.environ.get("ACCESS_MATRIX") == "whole"
"""The whole form sends everybody everywhere; the short one, at every build, leaves out who differs from another in nothing."""


AROUND = {
    "ticket": ("seat@other", "hotline_supervisor@same", "quality_checker@same", "supervisor@above", "office_head@above", "complaint_handler@above"),
    "account": tuple(f"{role}@{place}" for role in ADMINISTRATORS for place in PLACES) + ("supervisor@above", "registrar@above"),
    "batch": ("registrar@same", "registrar@above", "registrar@beyond", "system_admin@above"),
    "case": (), "case_draft": ("rule_editor@above",),
}  # fmt: skip
AROUND |= dict.fromkeys(("ticket_about", "sound", "sound_about"), AROUND["ticket"]) | dict.fromkeys(("grant", "revoke", "move", "disable"), AROUND["account"])
"""Who might get at what is no matter, beside the public."""


def crowd(world: World, rule: Rule, subject: str) -> list[Who]:
    """Who is sent to a page."""
    if WHOLE:
        return list(world.clients)
    if rule in (anybody, nowhere):
        return _named(world, PUBLIC)
    if not subject:
        return _one_of_each(world)
    related = [w for w in world.clients if w.relation]
    if subject in CODES:
        return [*(w for w in related if w.place != "platform"), *_named(world, PUBLIC)]
    if subject in AROUND:
        return [
            *(w for w in related if (w.place == "platform") == ("call" in subject or subject[:5] in {"ticke", "sound"})),
            *_named(world, (*PUBLIC, *AROUND[subject])),
        ]
    matter, _, verb = subject.partition(":")
    if verb:
        met: dict[tuple[str, str], Who] = {}
        for who in world.clients:
            if sees(who, matter):
                met.setdefault((who.role, who.relation), who)
        return [*_fewer(list(met.values()), rule, subject), *_named(world, OUTSIDERS[:2])]
    near = [w for w in world.clients if w.relation or w.kind != "staff" or w.place == "above"]
    return [*near, *_named(world, (*OUTSIDERS, "supervisor@same", "complaint_handler@same", "dispatcher@same", "adviser@same"))]


def _fewer(met: list[Who], rule: Rule, subject: str) -> list[Who]:
    """Of those who see a matter: two who may take the step, and of those who may not every relation and three posts, others at every verb."""
    able = [w for w in met if rule(w, subject) == "ok"]
    barred = [w for w in met if rule(w, subject) != "ok"]
    posts = [w for w in barred if not w.relation]
    turn = sum(subject.encode()) % max(len(posts), 1)
    return [*able[:2], *(w for w in barred if w.relation), *(posts[turn:] + posts[:turn])[:3]]


def _named(world: World, names: Iterable[str]) -> list[Who]:
    return [world.who(name) for name in dict.fromkeys(names)]


def _one_of_each(world: World) -> list[Who]:
    """The public, those half-way in, and one holder of every role."""
    met: dict[str, Who] = {}
    for who in world.clients:
        met.setdefault(who.role if who.kind == "staff" else who.name, who)
    return list(met.values())
