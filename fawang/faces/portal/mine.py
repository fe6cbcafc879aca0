"""A citizen's own pages, behind a proven phone."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from fawang.faces.pages import errors_of, language, limited, looked_up, of_this_house, spec
from fawang.faces.repeats import post_once
from fawang.faces.routing import open_to
from fawang.faces.submission import held
from fawang.faces.views_of import purpose_words, told
from fawang.kernel.errors import Refusal
from fawang.kernel.models import ReadLog
from fawang.kernel.text_safety import ValueProblem
from fawang.matters.own_list import add_to_own_list
from fawang.matters.policies import visible_to
from fawang.people.services import PROOF_HOLDS, confirm_code, request_code
from fawang.registry.models import Organisation

CODE = spec("code", "查询码", "Lookup code", max_length=64, help=("受理单上的26位字母和数字，不分大小写，空格不影响。", "26 letters and digits on your slip."))


@open_to("public")
def sign_in(request: HttpRequest) -> HttpResponse:
    """Phone, then code. The code is bound to this very session."""
    sent, errors = False, {}
    binding = request.session.setdefault("binding", uuid.uuid4().hex)
    if request.method == "POST":
        limited(request, "code-form", 30)
        phone, code = request.POST.get("phone", ""), request.POST.get("code")
        try:
            if code is None:
                request_code(phone=phone, session=binding, action="sign_in", address=request.META.get("REMOTE_ADDR", ""))
                sent = True
            else:
                sent = True
                person = confirm_code(phone=phone, session=binding, action="sign_in", code=code)
                request.session.cycle_key()
                request.session["person_id"] = str(person.pk)
                target = request.GET.get("next", "/me")
                return redirect(of_this_house(target, otherwise="/me"))
        except ValueProblem as bad:
            errors = {"phone": Refusal(bad.code, field="phone", **bad.params)}
        except Refusal as refusal:
            errors = dict(errors_of(refusal))
            errors = {refusal.field: refusal} if refusal.field else errors
    fields = [spec("code", "短信验证码", "Code", max_length=6)] if sent else [spec("phone", "手机号", "Mobile number", max_length=30)]
    context: dict[str, Any] = {"fields": fields, "values": {"phone": request.POST.get("phone", "")}, "errors": errors, "sent": sent}
    return render(request, "portal/me_sign_in.html", context, status=422 if errors else 200)


@open_to("citizen", "GET")
def me(request: HttpRequest) -> HttpResponse:
    """All one's matters, and who looked."""
    return _me(request)


@open_to("citizen", "POST")
def add(request: HttpRequest) -> HttpResponse:
    """Add a matter brought without signing in, by its lookup code."""
    try:
        holder, matter = looked_up(request, lambda: held(request.actor, request.POST.get("code", "")))  # type: ignore[attr-defined]

        def act() -> str:
            add_to_own_list(actor=holder, matter_id=matter.pk)
            return "/me"

        return post_once(request, act)
    except Refusal as refusal:
        errors = errors_of(refusal) if refusal.fields else {"code": refusal}
        return _me(request, errors=errors, status=refusal.status)


def _me(request: HttpRequest, *, errors: Mapping[str, Refusal] | None = None, status: int = 200) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    matters = list(visible_to(actor).order_by("-opened_at")[:100])
    rows = [{"code": m.lookup_code, "title": m.title[:60], "number": m.number, "at": m.opened_at, "state": told(m, language())["name"]} for m in matters]
    numbers = {m.pk: m.number for m in matters}
    offices = dict(Organisation.objects.values_list("pk", "name"))
    reads = [
        {
            "at": r.at,
            "office": offices.get(uuid.UUID(r.office_id), "") if r.office_id else "",
            "purpose": purpose_words(r.purpose, language()),
            "number": numbers[r.subject_id],
        }
        for r in ReadLog.objects.filter(subject_id__in=[m.pk for m in matters], actor_kind="staff").order_by("-at")[:50]
    ]
    context = {"rows": rows, "reads": reads, "fields": [CODE], "values": {}, "errors": errors or {}, "kept": PROOF_HOLDS.days}
    return render(request, "portal/me.html", context, status=status)


@open_to("public", "POST")
def sign_out(request: HttpRequest) -> HttpResponse:
    """Leave nothing behind."""
    request.session.flush()
    return redirect("/")
