"""Cases at the desk: personal data hidden on the way in, a report of what was hidden and of what is left, a second person publishes."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse

from fawang.faces.desk.frame import actor_of
from fawang.faces.desk.library import done_once, library_page, names_of_accounts, numbered
from fawang.faces.law_links import query_in
from fawang.faces.pages import errors_of, language, spec, typed
from fawang.faces.portal.regions import places_to_choose
from fawang.faces.routing import open_to
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import decide
from fawang.kernel.texts import Text
from fawang.knowledge.cases.reading import CHOICES, COLUMNS, LONG
from fawang.knowledge.cases.selectors import case_to_edit
from fawang.knowledge.cases.services import TEXTS, mend_case, publish_case, withdraw_case, write_case
from fawang.knowledge.masking import KINDS, lines_with
from fawang.knowledge.models import Case
from fawang.matters.forms import FieldSpec

STATES = (("draft", Text("待审", "To review")), ("published", Text("已发布", "Published")), ("withdrawn", Text("已撤下", "Withdrawn")))
SAID = {"publish": Text("已发布。", "Published."), "withdraw": Text("已撤下。", "Withdrawn.")}


def _fields() -> list[FieldSpec]:
    found = []
    for name, (words, most, required) in COLUMNS.items():
        if name in CHOICES:
            options = [(str(value), Text(str(label), str(label))) for value, label in CHOICES[name].choices]
            found.append(spec(name, words.zh, words.en, widget="select", choices=options, required=required))
        elif name == "region_code":
            found.append(spec(name, "地区", "Region", widget="select", choices=places_to_choose(), required=False))
        elif name == "decided_on":
            found.append(spec(name, words.zh, words.en, widget="date", required=False))
        else:
            wide = most >= LONG or name == "norms"
            found.append(spec(name, words.zh, words.en, widget="textarea" if wide else "text", max_length=most, required=required))
    return found


@open_to("knowledge.propose", "GET")
def cases(request: HttpRequest) -> HttpResponse:
    """Cases by state and words."""
    state = request.GET.get("state", "draft")
    state = state if state in dict(STATES) else "draft"
    text = query_in(request.GET.get("q", ""), 60)
    rows = Case.objects.filter(state=state).order_by("created_at" if state == "draft" else "-created_at", "pk")
    if text:
        rows = rows.filter(title__contains=text)
    shown = numbered(request, rows, 50)
    names = names_of_accounts([c.owner for c in shown])
    context = {
        "rows": [{"c": c, "owner": names.get(c.owner, ""), "hidden": sum(c.hidden.values())} for c in shown], "shown": shown, "state": state, "q": text,
        "states": [(c, n.in_language(language())) for c, n in STATES],
    }  # fmt: skip
    return library_page(request, "desk/library/cases.html", "/desk/library/cases", context)


@open_to("knowledge.propose")
def case_new(request: HttpRequest) -> HttpResponse:
    """A case written here."""
    if request.method != "POST":
        return _form(request, None)
    actor, values = actor_of(request), typed(request, _fields())

    def act() -> str:
        return f"/desk/library/cases/{write_case(actor=actor, typed=values)[0].pk}"

    return done_once(
        request,
        act,
        lambda refusal: _form(request, None, refusal=refusal),
        Text("草稿已保存，请看遮盖情况。", "Kept: look at what was hidden."),
    )


@open_to("knowledge.propose")
def case(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """One case: what was hidden, what may still tell who somebody is, and its next step."""
    row = case_to_edit(case_id)
    if request.method != "POST":
        return _form(request, row)
    actor, verb, values = actor_of(request), request.POST.get("verb", ""), typed(request, _fields())

    def act() -> str:
        if verb == "publish":
            publish_case(actor=actor, case_id=case_id)
        elif verb == "withdraw":
            withdraw_case(actor=actor, case_id=case_id, reason=request.POST.get("reason", ""))
        elif verb == "save":
            mend_case(actor=actor, case_id=case_id, typed=values)
        else:
            raise Absent
        return f"/desk/library/cases/{case_id}"

    return done_once(
        request, act, lambda refusal: _form(request, case_to_edit(case_id), refusal=refusal, verb=verb),
        SAID.get(verb, Text("草稿已保存。", "The draft is kept.")),
    )  # fmt: skip


def _form(request: HttpRequest, row: Case | None, *, refusal: Refusal | None = None, verb: str = "") -> HttpResponse:
    values: dict[str, Any] = {}
    left: list[tuple[str, str, str]] = []
    if row is not None:
        values = {name: getattr(row, name) or "" for name in COLUMNS} | {
            "norms": "\n".join(row.norms),
            "decided_on": row.decided_on.isoformat() if row.decided_on else "",
        }
        left = [
            (COLUMNS[name][0].in_language(language()), KINDS[kind].in_language(language()), words) for name in TEXTS for kind, words in lines_with(str(getattr(row, name)))
        ]  # fmt: skip
    if refusal and verb in {"", "save"}:
        values = typed(request, _fields())
    tongue = language()
    context = {
        "row": row, "fields": _fields(), "values": values, "errors": errors_of(refusal) if refusal else {}, "verb": verb, "left": left,
        "hidden": [(KINDS[k].in_language(tongue), n) for k, n in row.hidden.items() if k in KINDS] if row else [], "norms": row.norms if row else [],
        "owner": names_of_accounts([row.owner]).get(row.owner, "") if row else "", "own": bool(row and row.owner and row.owner == str(actor_of(request).staff_id)),
        "reason_typed": request.POST.get("reason", "") if refusal else "",
        "may_retire": bool(row and decide("knowledge.retire", actor_of(request), row.owner)),
    }  # fmt: skip
    return library_page(request, "desk/library/case.html", "/desk/library/cases", context, status=refusal.status if refusal else 200)
