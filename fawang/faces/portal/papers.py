"""文书: papers people file themselves, filled from an interview and a form; printed here, stored nowhere."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from fawang.faces.pages import errors_of, limited
from fawang.faces.portal.interviews import opened, private
from fawang.faces.portal.opinions import DOCX, download
from fawang.faces.routing import open_to
from fawang.kernel import clock
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.printing import Paper, can_print_pdf, to_docx, to_pdf
from fawang.knowledge.documents.declaration import Template
from fawang.knowledge.documents.filling import fill, prefilled, read_form
from fawang.knowledge.documents.loading import template, templates
from fawang.knowledge.interviews.declaration import Kind
from fawang.knowledge.interviews.flow import read_answer
from fawang.knowledge.interviews.selectors import kept_answers, run_of


@open_to("public", "GET")
def paper_list(request: HttpRequest) -> HttpResponse:
    """All papers."""
    return render(request, "library/papers.html", {"templates": templates()})


@open_to("public")
def paper_page(request: HttpRequest, code: str) -> HttpResponse:
    """The form, the preview and the files of one paper."""
    try:
        made = template(code)
    except KeyError:
        raise Absent from None
    lookup = request.GET.get("from", "")
    typed: dict[str, Any] = {}
    chosen = None
    if lookup:
        chosen, _, lookup = opened(request, lookup)
        typed = dict(prefilled(made, chosen, kept_answers(run_of(lookup))))
    errors: Any = {}
    status, paper = 200, None
    if request.method == "POST":
        limited(request, "paper", 60)
        typed = _typed(request, made)
        try:
            paper = fill(made, read_form(made, typed), today=clock.today())
            if (wanted := request.POST.get("as", "")) in {"pdf", "docx"}:
                return _file(made, paper, wanted)
        except Refusal as refusal:
            errors, status = errors_of(refusal), refusal.status
    elif "blank" in request.GET:
        paper = fill(made, {}, today=clock.today())
    context = {
        "made": made, "fields": _fields(made, typed, errors), "errors": errors, "paper": paper, "lookup": lookup, "interview": chosen, "private": bool(lookup),
        "pdf": can_print_pdf(), "sensitive": bool(chosen and chosen.sensitive) or code == "protection_order", "filled": request.method == "POST",
    }  # fmt: skip
    return private(render(request, "library/paper.html", context, status=status))


def _typed(request: HttpRequest, made: Template) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in made.fields:
        given = [v.replace("\r\n", "\n")[:4000] for v in request.POST.getlist(field.code)]
        found[field.code] = given if field.question.kind is Kind.MANY else (given[0] if given else "")
    return found


def _fields(made: Template, typed: dict[str, Any], errors: Any) -> list[tuple[Any, Any, Any, bool]]:
    """The fields of the form; those asked only in some cases stand there too, marked optional, so that no script is needed."""
    return [(f.question, _shown(f.question, typed.get(f.code, "")), errors.get(f.code), f.required and not f.question.when) for f in made.fields]


def _shown(question: Any, given: Any) -> Any:
    if question.kind is Kind.DATE and isinstance(given, str) and given:
        try:
            return str(read_answer(question, given))
        except Refusal:
            return given
    return given


def _file(made: Template, paper: Paper, wanted: str) -> HttpResponse:
    name = f"{made.name.zh}.{wanted}"
    if wanted == "docx":
        return download(to_docx(paper), name, DOCX)
    return download(to_pdf(paper, at=clock.now()), name, "application/pdf")
