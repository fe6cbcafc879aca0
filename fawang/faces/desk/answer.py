"""The library beside an answer: found while typing, put in by a click alone, checked on the matter's day. All of it works without scripts."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from fawang.faces.answering import Offers, day_of, offers, read_lines, used_in, warnings, with_citation, with_passage
from fawang.faces.desk import matter as pages
from fawang.faces.law_links import day_in, norm_of
from fawang.faces.pages import typed
from fawang.faces.routing import open_to
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import require
from fawang.kernel.readlog import note_read
from fawang.knowledge.bank_keeping import count_shown
from fawang.knowledge.drafting.checking import Draft
from fawang.knowledge.drafting.port import DraftFailed
from fawang.knowledge.models import Snippet
from fawang.matters.forms import FieldSpec, fields_of
from fawang.matters.models import Matter
from fawang.matters.processes import process_version
from fawang.people.actors import Actor
from fawang.services.consultation.drafting import draft_answer, drafter
from fawang.services.consultation.similar import Similar, similar_answered

VERB = "answer"
DRAFT = 8000


def answer_fields(matter: Matter) -> list[FieldSpec]:
    """The fields of the step that answers. Raises ``Absent`` for a service that has none with a legal basis."""
    step = next((s for s in process_version(matter.process_code, matter.process_version).steps if s.verb == VERB), None)
    fields = fields_of(step.form) if step and step.form else []
    if not any(f.name == "citations" for f in fields):
        raise Absent
    return fields


def _opened(request: HttpRequest, matter_id: uuid.UUID) -> tuple[Actor, Matter, dict[str, Any]]:
    """The matter for its handler, and the answer as it stands in the form."""
    actor, matter = pages.seen(request, matter_id)
    require("matters.assignee", actor, matter)
    return actor, matter, typed(request, answer_fields(matter))


@open_to("staff", "POST")
def library(request: HttpRequest, matter_id: uuid.UUID) -> HttpResponse:
    """Without scripts: look something up, or put one thing in; the page comes back with everything typed so far."""
    actor, matter, values = _opened(request, matter_id)
    verb, _, what = request.POST.get("do", "find").partition("|")
    used = used_in(request)
    similar: list[Similar] | None = None
    draft: Draft | None = None
    refusal: Refusal | None = None
    if verb == "cite":
        citation, _, ref = what.partition("|")
        values = with_citation(values, citation[:120])
        used += [ref] if ref else []
    elif verb == "passage":
        snippet = _snippet(what)
        values = with_passage(values, snippet.text, cites_of(snippet))
        used.append(f"snippet:{snippet.pk}")
    elif verb == "similar":
        similar = _similar(actor, matter)
    elif verb == "draft":
        draft, refusal = _draft(actor, matter, values)
    elif verb == "take":
        values = with_passage(values, request.POST.get("draft", "")[:DRAFT])
    found = _found(matter, values, request.POST.get("find", ""))
    panel = {"offers": found, "warned": warnings(matter, values), "similar": similar, "asked": True, "used": used}
    panel |= {"drafts": drafter() is not None, "draft": draft, "refusal": refusal}
    return pages.shown_again(request, actor, matter, VERB, values, panel)


@open_to("staff", "POST")
def found(request: HttpRequest, matter_id: uuid.UUID) -> HttpResponse:
    """With scripts: what is found for the words typed, as a part of the page."""
    _, matter, values = _opened(request, matter_id)
    return _part(request, "desk/answer_found.html", {"offers": _found(matter, values, request.POST.get("find", "")), "matter": matter})


@open_to("staff", "POST")
def checked(request: HttpRequest, matter_id: uuid.UUID) -> HttpResponse:
    """With scripts: what is doubtful in the answer as it stands."""
    _, matter, values = _opened(request, matter_id)
    return _part(request, "desk/answer_warned.html", {"warned": warnings(matter, values)})


@open_to("staff", "POST")
def similar(request: HttpRequest, matter_id: uuid.UUID) -> HttpResponse:
    """With scripts: earlier answers like this one; looking at them is written down."""
    actor, matter, _ = _opened(request, matter_id)
    return _part(request, "desk/answer_similar.html", {"similar": _similar(actor, matter), "matter": matter})


@open_to("staff", "POST")
def draft(request: HttpRequest, matter_id: uuid.UUID) -> HttpResponse:
    """With scripts: a machine's draft, labelled and checked, to be read and taken by a click or left."""
    actor, matter, values = _opened(request, matter_id)
    made, refusal = _draft(actor, matter, values)
    return _part(request, "desk/answer_draft.html", {"draft": made, "refusal": refusal, "matter": matter})


def _draft(actor: Actor, matter: Matter, values: dict[str, Any]) -> tuple[Draft | None, Refusal | None]:
    """The draft, or why there is none. Nothing of the answer changes."""
    cited, _ = read_lines(str(values.get("citations", ""))[:5000])
    try:
        return draft_answer(actor=actor, matter_id=matter.pk, day=day_in(str(values.get("law_day") or "")), cited=cited), None
    except DraftFailed as failed:
        return None, failed
    except Refusal as refusal:
        if refusal.code != "too_many":
            raise
        return None, refusal


def _part(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    response = render(request, template, context)
    response.headers["Cache-Control"] = "no-store"
    return response


def _found(matter: Matter, values: dict[str, Any], text: str) -> Offers:
    result = offers(text, day_of(matter, values))
    if result.questions:
        count_shown([q.ref for q in result.questions])
    return result


def _similar(actor: Actor, matter: Matter) -> list[Similar]:
    rows = similar_answered(actor, matter)
    for row in rows:
        note_read(subject_kind="matter", subject_id=row.matter.pk, what="content,masked", purpose="similar")
    return rows


def _snippet(text: str) -> Snippet:
    try:
        row = Snippet.objects.filter(pk=uuid.UUID(text), state="reviewed").first()
    except ValueError:
        row = None
    if row is None:
        raise Absent
    return row


def cites_of(snippet: Snippet) -> list[str]:
    """The articles of a passage as an answer cites them."""
    return [norm_of(norm).name for norm in snippet.norms]
