"""The public API: submit, track, message, rate, attach, take one's own steps. The portal's rules apply equally."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import transaction
from django.http import HttpRequest
from django.urls import path
from ninja import File, Status, UploadedFile

from fawang.faces import problems  # noqa: F401 - registers the faces' words
from fawang.faces.api import library, schemas, search
from fawang.faces.api.contract import Contract
from fawang.faces.api.errors import install
from fawang.faces.pages import looked_up, uploads_digest
from fawang.faces.submission import held, submit
from fawang.faces.views_of import timeline, told
from fawang.kernel.errors import Refusal
from fawang.kernel.idempotency import once
from fawang.kernel.text_safety import ValueProblem, check_text
from fawang.matters.attachments import add_attachment
from fawang.matters.conversation import write_message
from fawang.matters.intake import Received
from fawang.matters.models import Matter
from fawang.matters.policies import sight
from fawang.matters.processes import process_version
from fawang.matters.selectors import opened_by
from fawang.matters.services import lock, possible_steps, take_step
from fawang.oversight.services import rate
from fawang.people.actors import Actor

View = TypeVar("View", bound=Callable[..., Any])
api = Contract(title="Fawang 法网", version="1", docs_url=None, openapi_url="/openapi.json", urls_namespace="api")
install(api)
PROBLEMS = dict.fromkeys((400, 403, 404, 409, 413, 422, 429), schemas.ProblemOut)
ROUTE_POLICIES: dict[str, str] = {}


def declares(policy: str) -> Callable[[View], View]:
    """Name the policy of an operation, for the access matrix."""

    def mark(view: View) -> View:
        ROUTE_POLICIES[view.__name__] = policy
        return view

    return mark


def _key(request: HttpRequest) -> str:
    return request.headers.get("Idempotency-Key", "")


def _holder(request: HttpRequest, code: str) -> tuple[Actor, Matter]:
    """The matter a lookup code opens and the actor who holds it. Raises ``Absent`` for wrong and foreign codes alike."""
    return looked_up(request, lambda: held(request.actor, code))  # type: ignore[attr-defined]


@api.post("/consultations", response={201: schemas.ConsultationOut, **PROBLEMS}, summary="Submit a legal question")
@declares("matters.submit")
def submit_consultation(request: HttpRequest, payload: schemas.ConsultationIn) -> Any:
    """Accepted once per Idempotency-Key; repeats get the same answer."""

    def act() -> tuple[int, dict[str, Any]]:
        received = submit(
            actor=request.actor, process="consultation", question=payload.question, category=payload.category or "", region=payload.region,  # type: ignore[attr-defined]
            contact={"name": payload.contact.name or "", "phone": payload.contact.phone or ""}, priority_groups=payload.priority_groups, form={},
        )  # fmt: skip
        return 201, _accepted(request, received)

    status, answer, _ = once(scope="api.consultations", key=_key(request), body=request.body, action=act, in_one_look=True)
    return Status(status, answer)


def _accepted(request: HttpRequest, received: Received) -> dict[str, Any]:
    matter = received.matters[0]
    clock = min((c for c in received.clocks if c.statutory_due_at), key=lambda c: str(c.statutory_due_at), default=None)
    return {
        "number": matter.number,
        "lookup_code": matter.lookup_code,
        "state": matter.state,
        "due_at": clock.statutory_due_at.isoformat() if clock and clock.statutory_due_at else None,
        "promised_due_at": clock.promised_due_at.isoformat() if clock and clock.promised_due_at else None,
        "track_url": request.build_absolute_uri(f"/track/{matter.lookup_code}"),
    }


@api.get("/matters/{lookup_code}", response={200: schemas.MatterOut, **PROBLEMS}, summary="State, due times, public timeline, messages")
@declares("matters.read")
def track(request: HttpRequest, lookup_code: str) -> Any:
    """The citizen's view."""
    actor, matter = _holder(request, lookup_code)
    language = getattr(request, "LANGUAGE_CODE", "zh-hans")
    entries = timeline(actor, matter, aspects=sight(actor, matter) - {"internal"}, language=language)
    rows = [
        {
            "at": e.at,
            "kind": e.kind,
            "text": e.text,
            "body": e.body,
            "citations": [str(c) for c in e.citations],
            "articles": [c.url for c in e.citations if c.url],
        }
        for e in entries
    ]
    words = told(matter, language)
    clock = matter.clocks.filter(state="running").order_by("statutory_due_at").first()
    return Status(200, {
        "number": matter.number, "process": matter.process_code, "state": matter.state, "state_name": words["name"], "told": words["told"],
        "due_at": clock.statutory_due_at if clock else None, "promised_due_at": clock.promised_due_at if clock else None,
        "opened_at": matter.opened_at, "closed_at": matter.closed_at, "rated": hasattr(matter, "rating"),
        "steps": [s.verb for s, refusal in possible_steps(actor, matter) if refusal is None],
        "timeline": [r for r in rows if r["kind"] != "matter.message_added"], "messages": [r for r in rows if r["kind"] == "matter.message_added"],
    })  # fmt: skip


@api.post("/matters/{lookup_code}/messages", response={201: schemas.MessageOut, **PROBLEMS}, summary="Write a message")
@declares("matters.converse")
def write(request: HttpRequest, lookup_code: str, payload: schemas.MessageIn) -> Any:
    """A message of the person who brought the matter."""
    actor, matter = _holder(request, lookup_code)
    try:
        check_text(payload.body, max_length=5000)
    except ValueProblem as bad:
        raise Refusal("form.invalid", fields={"body": Refusal(bad.code, field="body", **bad.params)}) from None
    if not payload.body.strip():
        raise Refusal("form.invalid", fields={"body": Refusal("field.required", field="body")})

    def act() -> tuple[int, dict[str, Any]]:
        message = write_message(actor=actor, matter_id=matter.pk, body=payload.body)
        return 201, {"id": str(message.pk), "at": message.created_at.isoformat()}

    status, answer, _ = once(scope=f"api.messages.{matter.pk}", key=_key(request), body=request.body, action=act)
    return Status(status, answer)


@api.post("/matters/{lookup_code}/rating", response={201: schemas.RatingOut, **PROBLEMS}, summary="Rate the service, once")
@declares("oversight.rate")
def give_rating(request: HttpRequest, lookup_code: str, payload: schemas.RatingIn) -> Any:
    """Five levels, one rating a service."""
    actor, matter = _holder(request, lookup_code)

    def act() -> tuple[int, dict[str, Any]]:
        row = rate(actor=actor, matter_id=matter.pk, level=payload.level, comment=payload.comment)
        return 201, {"level": row.level, "state": Matter.objects.get(pk=matter.pk).state}

    status, answer, _ = once(scope=f"api.rating.{matter.pk}", key=_key(request), body=request.body, action=act)
    return Status(status, answer)


@api.post("/matters/{lookup_code}/steps/{verb}", response={201: schemas.StepOut, **PROBLEMS}, exclude_none=True, summary="Take one of one's own steps")
@declares("matters.applicant")
def step(request: HttpRequest, lookup_code: str, verb: str, payload: schemas.StepIn) -> Any:
    """Follow-up, supplement, withdrawal … as ``steps`` of the matter lists them. A complaint it opens comes back with its number and code."""
    actor, matter = _holder(request, lookup_code)

    def act() -> tuple[int, dict[str, Any]]:
        after = take_step(actor=actor, matter_id=matter.pk, verb=verb, data=payload.data)
        opened = opened_by(after, process_version(after.process_code, after.process_version).step(verb).opens)
        return 201, {"state": after.state, **({"opened": [_opened(request, child) for child in opened]} if opened else {})}

    status, answer, _ = once(scope=f"api.step.{matter.pk}.{verb[:40]}", key=_key(request), body=request.body, action=act)
    return Status(status, answer)


def _opened(request: HttpRequest, child: Matter) -> dict[str, str]:
    code = child.lookup_code or ""
    return {"number": child.number, "process": child.process_code, "lookup_code": code, "track_url": request.build_absolute_uri(f"/track/{code}")}


@api.post("/matters/{lookup_code}/attachments", response={201: schemas.AttachmentOut, **PROBLEMS}, summary="Attach a file")
@declares("matters.converse")
def attach(request: HttpRequest, lookup_code: str, file: File[UploadedFile]) -> Any:
    """Checked by content; quarantined until the scan has answered."""
    actor, matter = _holder(request, lookup_code)

    def act() -> tuple[int, dict[str, Any]]:
        with transaction.atomic():
            locked = lock(matter.pk)
            row = add_attachment(actor=actor, matter=locked, upload=file.file, name=file.name or "file")  # type: ignore[arg-type]
        return 201, {"id": str(row.pk), "name": row.name, "state": row.state}

    body = uploads_digest([file])
    status, answer, _ = once(scope=f"api.attach.{matter.pk}", key=_key(request), body=body, action=act)
    return Status(status, answer)


api.add_router("", search.router)
api.add_router("", library.router)
ROUTE_POLICIES.update(search.POLICIES)
ROUTE_POLICIES.update(library.POLICIES)

urlpatterns = [path("", api.urls)]
