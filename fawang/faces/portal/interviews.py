"""智能咨询: one question a page, back without loss, "不清楚" to everything, saved and resumed by a code alone."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import segno
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from fawang.faces.pages import limited, looked_up
from fawang.faces.repeats import post_once
from fawang.faces.routing import open_to
from fawang.kernel import throttle
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.ids import fold_lookup_code
from fawang.kernel.texts import Text
from fawang.knowledge.interviews.conclusion import shown
from fawang.knowledge.interviews.declaration import UNKNOWN, Answers, Interview, Kind, Question
from fawang.knowledge.interviews.flow import answers_of, asked, before, place
from fawang.knowledge.interviews.loading import interview, interviews
from fawang.knowledge.interviews.selectors import kept_answers, run_of
from fawang.knowledge.interviews.services import KEPT_DAYS, give_answer, start_run

TOPICS: dict[str, tuple[Text, str]] = {
    "labour": (Text("工作和工资", "Work and wages"), "briefcase"), "injury": (Text("受伤和赔偿", "Injury and damages"), "heart-pulse"),
    "family": (Text("婚姻和家庭", "Marriage and family"), "house"), "money": (Text("借钱和买东西", "Loans and purchases"), "banknote"),
    "housing": (Text("房子和邻居", "Homes and neighbours"), "building"),
}  # fmt: skip
CATEGORIES = {
    "unpaid_wages": "labour.wages.arrears", "dismissal": "labour.contract.dismissal", "no_contract": "labour.contract.unsigned", "work_injury": "labour.injury",
    "divorce": "family.divorce", "custody": "family.children", "domestic_violence": "family.violence", "private_loan": "debt.private", "tenancy": "housing.tenancy",
    "traffic_accident": "tort.traffic", "consumer": "consumer", "inheritance": "family.inheritance", "neighbours": "housing.neighbours",
    "parent_support": "family.elders.support", "minors_payments": "consumer",
}  # fmt: skip
"""Under which heading a lawyer meets what an interview sends; one that is not here goes without."""
WITHIN = {
    "loans": "money",
    "consumer": "money",
    "internet": "money",
    "traffic": "injury",
    "tort": "injury",
    "inheritance": "family",
    "neighbours": "housing",
    "tenancy": "housing",
}


def newest() -> list[Interview]:
    """The newest version of every interview."""
    return [interview(code) for code in dict.fromkeys(i.code for i in interviews())]


def grouped() -> list[tuple[Text, str, list[Interview]]]:
    """Interviews under their topics."""
    rows: dict[str, list[Interview]] = {}
    for found in newest():
        topic = WITHIN.get(found.topic, found.topic)
        rows.setdefault(topic if topic in TOPICS else "", []).append(found)
    named = [(words, icon, rows[topic]) for topic, (words, icon) in TOPICS.items() if topic in rows]
    return [*named, *([(Text("其他", "Other"), "list-checks", rows[""])] if "" in rows else [])]


@open_to("public")
def interview_list(request: HttpRequest) -> HttpResponse:
    """All interviews; and the way back to one that was begun."""
    if request.method == "POST":
        code = fold_lookup_code(request.POST.get("code", "")[:64])
        try:
            looked_up(request, lambda: run_of(code))
        except Absent as absent:
            return _list(request, {"code": absent}, 404)
        return redirect(f"/i/{code}")
    return _list(request, {}, 200)


def _list(request: HttpRequest, errors: Any, status: int) -> HttpResponse:
    context = {"groups": grouped(), "errors": errors, "typed": request.POST.get("code", "")[:64]}
    return render(request, "library/interviews.html", context, status=status)


@open_to("public")
def interview_start(request: HttpRequest, code: str) -> HttpResponse:
    """What it asks, what it gives, and the button that begins."""
    try:
        chosen = interview(code)
    except KeyError:
        raise Absent from None
    if request.method == "POST":
        limited(request, "interview", 60)
        return post_once(request, lambda: f"/i/{start_run(code)[1]}")
    longest = len(chosen.questions)
    shortest = len([q for q in chosen.questions if not q.when])
    context = {
        "interview": chosen,
        "least": shortest,
        "most": longest,
        "sensitive": chosen.sensitive,
        "days": KEPT_DAYS,
        "canonical": f"/interviews/{code}",
        "category": ".".join(CATEGORIES.get(code, "").split(".")[:2]),  # the form of a question knows two levels
    }
    return render(request, "library/interview.html", context)


def opened(request: HttpRequest, lookup: str) -> tuple[Interview, Answers, str]:
    """The interview behind a code, its answers, and the code as issued. Raises ``Absent``."""
    code = fold_lookup_code(lookup[:64])
    run = looked_up(request, lambda: run_of(code))
    chosen = interview(run.interview, run.version)
    return chosen, answers_of(chosen, kept_answers(run)), code


def private(response: HttpResponse) -> HttpResponse:
    """Kept by nobody on the way: what is on it tells of wages, marriages and violence."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@open_to("public", "GET")
def question_page(request: HttpRequest, lookup: str) -> HttpResponse:
    """The question to be asked now, or the one somebody went back to."""
    chosen, answers, code = opened(request, lookup)
    wanted = request.GET.get("q", "")
    question = next((q for q in asked(chosen, answers) if q.code == wanted), None)
    if question is None:
        question = place(chosen, answers).question
    if question is None:
        return redirect(f"/i/{code}/result")
    return _page(request, chosen, answers, code, question)


@open_to("public", "POST")
def answer(request: HttpRequest, lookup: str) -> HttpResponse:
    """Keep one answer and go on; what cannot be read comes back with the reason beside the field."""
    chosen, answers, code = opened(request, lookup)
    try:
        question = chosen.question(request.POST.get("_question", ""))
    except KeyError:
        raise Refusal("interview.question", status=409) from None
    typed: str | list[str] = request.POST.getlist("answer") if question.kind is Kind.MANY else request.POST.get("answer", "").replace("\r\n", "\n")
    if "unknown" in request.POST:
        typed = UNKNOWN
    throttle.spend(f"answer:{code}", limit=240, window=timedelta(minutes=1))
    try:
        give_answer(lookup=code, question=question.code, typed=typed)
    except Refusal as refusal:
        return _page(request, chosen, answers, code, question, typed=typed, error=refusal)
    return redirect(f"/i/{code}")


def _page(
    request: HttpRequest, chosen: Interview, answers: Answers, code: str, question: Question, *, typed: Any = None, error: Refusal | None = None
) -> HttpResponse:
    path = asked(chosen, answers)
    back = before(chosen, answers, question.code)
    number = next((n for n, q in enumerate(path, 1) if q.code == question.code), 1)
    given = answers.get(question.code)
    value = typed if typed is not None else _as_typed(given)
    address = request.build_absolute_uri(f"/i/{code}")
    context = {
        "interview": chosen, "question": question, "code": code, "spaced": spaced(code), "number": number, "about": len(path), "back": back, "value": value,
        "chosen": value if isinstance(value, list) else [value], "unknown": given == UNKNOWN and typed is None, "error": error, "address": address, "days": KEPT_DAYS,
        "sensitive": chosen.sensitive, "done": len([q for q in path if q.code in answers]), "private": True, "mode": _mode(question), "unit": question.kind is Kind.MONEY,
        "qr": segno.make(address, error="m").png_data_uri(scale=4, border=2), "answered": question.code in answers and place(chosen, answers).question is None,
    }  # fmt: skip
    return private(render(request, "library/question.html", context, status=error.status if error else 200))


def _as_typed(given: Any) -> str | list[str]:
    """An answer as its field shows it again."""
    if given is None or given == UNKNOWN:
        return ""
    if isinstance(given, tuple):
        return list(given)
    return given.isoformat() if isinstance(given, date) else str(given)


def _mode(question: Question) -> str:
    return {Kind.MONEY: "decimal", Kind.NUMBER: "decimal", Kind.COUNT: "numeric"}.get(question.kind, "text")


def spaced(code: str) -> str:
    """A code in groups of five, as one reads it out or copies it by hand."""
    return " ".join(code[i : i + 5] for i in range(0, len(code), 5))


def said(chosen: Interview, answers: Answers) -> list[tuple[Question, Text]]:
    """Every answer in words, with its question."""
    return [(q, shown(q, answers[q.code])) for q in asked(chosen, answers) if q.code in answers]
