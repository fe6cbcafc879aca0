"""Following a matter by its code: state in words, steps, messages, files, rating."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from fawang.faces.live import live_address
from fawang.faces.pages import errors_of, form_data, language, looked_up, spec
from fawang.faces.portal.asking import is_sensitive
from fawang.faces.repeats import post_once
from fawang.faces.routing import open_to
from fawang.faces.submission import held, matter_of
from fawang.faces.views_of import lights, timeline, told
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import decide
from fawang.kernel.text_safety import ValueProblem, check_text
from fawang.kernel.texts import Text
from fawang.matters.attachments import add_attachment, open_attachment, path_of
from fawang.matters.conversation import takes_words, write_message
from fawang.matters.forms import fields_of
from fawang.matters.models import Matter
from fawang.matters.policies import sight
from fawang.matters.processes import process_version
from fawang.matters.selectors import grown_from, opened_by
from fawang.matters.services import lock, possible_steps, take_step
from fawang.oversight.models import Rating
from fawang.oversight.selectors import can_be_called, may_be_rated, what_follows, words_to_rater
from fawang.oversight.services import LEVELS, rate
from fawang.people.actors import Actor


def holder(request: HttpRequest, code: str) -> tuple[Actor, Matter]:
    """The matter of a code and the actor holding it. Raises ``Absent``."""
    actor, matter = looked_up(request, lambda: held(request.actor, code))  # type: ignore[attr-defined]
    _keep(request, matter)
    return actor, matter


def _keep(request: HttpRequest, matter: Matter) -> None:
    """Whoever showed or was given a matter's code goes on holding it in this browser."""
    kept = request.session.get("holds", [])
    if str(matter.pk) not in kept:
        request.session["holds"] = [*kept[-19:], str(matter.pk)]


@open_to("public")
def track_form(request: HttpRequest) -> HttpResponse:
    """Type the code."""
    fields = [
        spec("code", "查询码", "Lookup code", max_length=64, help=("受理单上的26位字母和数字，不分大小写，空格不影响。", "26 letters and digits on your slip."))
    ]
    errors: Any = {}
    if request.method == "POST":
        try:
            return redirect(f"/track/{looked_up(request, lambda: matter_of(request.POST.get('code', ''))).lookup_code}")
        except Absent:
            errors = {"code": Refusal("absent", field="code")}
    return render(request, "portal/track_form.html", {"fields": fields, "values": request.POST.dict(), "errors": errors}, status=404 if errors else 200)


@open_to("public", "GET")
def track(request: HttpRequest, code: str) -> HttpResponse:
    """The matter's page."""
    actor, matter = holder(request, code)
    return _page(request, actor, matter, code)


def _page(
    request: HttpRequest, actor: Actor, matter: Matter, code: str, *, errors: Any = None, verb: str = "", typed: Any = None, status: int = 200
) -> HttpResponse:
    process = process_version(matter.process_code, matter.process_version)
    steps = []
    for step, stop in possible_steps(actor, matter):
        mine = step.verb == verb
        steps.append(
            {
                "verb": step.verb, "name": step.name, "main": step.main, "stop": stop, "open": mine, "fields": fields_of(step.form) if step.form else [],
                "values": typed if mine else {}, "errors": errors if mine else {}, "prefix": f"{step.verb}-",
            }
        )  # fmt: skip
    rated = Rating.objects.filter(matter=matter).exists()
    follows = [_follow(child) for child in (what_follows(matter) if rated else ())]
    at = 1 if language().startswith("en") else 0
    entries = timeline(actor, matter, aspects=sight(actor, matter) - {"internal"}, language=language())
    spoken = next((e for e in reversed(entries) if e.sort == "talk"), None)
    context = {
        "matter": matter, "process": process, "told": told(matter, language()), "clocks": lights(matter, language()), "steps": steps, "code": code,
        "entries": entries, "reply": spoken if spoken and spoken.body and not spoken.mine else None, "errors": errors, "open": takes_words(matter),
        "can_rate": not rated and may_be_rated(matter) and bool(decide("oversight.rate", actor, matter)), "levels": [(n, w[at]) for n, w in LEVELS.items()],
        "follows": follows, "grown": [{"matter": m, "code": m.lookup_code, "told": told(m, language())} for m in grown_from(actor, matter)],
        "sensitive": is_sensitive(matter.category_code), "others": any(not s["main"] for s in steps),
        "stream": live_address(request, [f"matter:{matter.pk}"]), "typed": (typed or {}).get("body", "") if not verb else "",
    }  # fmt: skip
    return render(request, "portal/track.html", context, status=status)


def _follow(child: Matter) -> dict[str, Any]:
    """One thing a bad rating set going, in words: its state, by when, what was written to the rater."""
    words = told(child, language())["told"]
    if child.is_open and child.process_code == "return_visit" and not can_be_called(child):
        words = str(Text("您没有留电话，没法给您回电；核实的结果会写在这里。", "You left no number to call; what is found will be written here."))
    return {"told": words, "clocks": lights(child, language()), "words": words_to_rater(child)}


@open_to("public", "POST")
def step(request: HttpRequest, code: str, verb: str) -> HttpResponse:
    """Take one of one's own steps."""
    actor, matter = holder(request, code)
    declared = next((s for s in process_version(matter.process_code, matter.process_version).steps if s.verb == verb), None)
    if declared is None:
        raise Absent
    data = form_data(request, declared.form)

    def act() -> str:
        after = take_step(actor=actor, matter_id=matter.pk, verb=verb, data=data)
        for child in opened_by(after, declared.opens):
            _keep(request, child)
        return f"/track/{code}"

    try:
        return post_once(request, act)
    except Refusal as refusal:
        return _page(request, actor, matter, code, errors=errors_of(refusal), verb=verb, typed=data, status=refusal.status)


@open_to("public", "POST")
def message(request: HttpRequest, code: str) -> HttpResponse:
    """Write a message, with files."""
    actor, matter = holder(request, code)
    body = request.POST.get("body", "").replace("\r\n", "\n")

    def act() -> str:
        locked = lock(matter.pk)
        note = write_message(actor=actor, matter_id=matter.pk, body=body or "（只上传了材料）")
        for upload in request.FILES.getlist("files"):
            add_attachment(actor=actor, matter=locked, upload=upload.file, name=upload.name or "file", message=note)  # type: ignore[arg-type]
        return f"/track/{code}"

    try:
        if not body.strip() and not request.FILES:
            raise Refusal("form.invalid", fields={"body": Refusal("field.required", field="body")})
        try:
            check_text(body, max_length=5000)
        except ValueProblem as bad:
            raise Refusal("form.invalid", fields={"body": Refusal(bad.code, **bad.params)}) from None
        return post_once(request, act)
    except Refusal as refusal:
        return _page(request, actor, matter, code, errors=errors_of(refusal), typed={"body": body}, status=refusal.status)


@open_to("public", "POST")
def rating(request: HttpRequest, code: str) -> HttpResponse:
    """Rate, once."""
    actor, matter = holder(request, code)

    def act() -> str:
        level = request.POST.get("level", "")
        rate(actor=actor, matter_id=matter.pk, level=int(level) if level in {"1", "2", "3", "4", "5"} else 0, comment=request.POST.get("comment", ""))
        return f"/track/{code}"

    try:
        return post_once(request, act)
    except Refusal as refusal:
        return _page(request, actor, matter, code, errors=errors_of(refusal), status=refusal.status)


@open_to("public", "GET")
def download(request: HttpRequest, attachment_id: uuid.UUID) -> HttpResponse | FileResponse:
    """A file, as an attachment, never as active content."""
    row = open_attachment(actor=request.actor, attachment_id=attachment_id)  # type: ignore[attr-defined]
    response = FileResponse(path_of(row).open("rb"), as_attachment=True, filename=row.name, content_type=row.content_type)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cache-Control"] = "no-store"
    return response
