"""The law, the sums and the guided interviews over the API; open to everybody. The portal's rules and limits apply equally."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status

from fawang.faces.api import schemas
from fawang.faces.law_links import address_of, number_in, shown_standing, standing
from fawang.faces.pages import limited, looked_up
from fawang.faces.portal.regions import chosen_region
from fawang.kernel import clock
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.idempotency import once
from fawang.kernel.ids import fold_lookup_code
from fawang.kernel.policy import require
from fawang.kernel.texts import Text
from fawang.knowledge.calculators.catalogue import CALCULATORS, calculate, calculator
from fawang.knowledge.calculators.declaration import Calculator
from fawang.knowledge.interviews.conclusion import shown
from fawang.knowledge.interviews.declaration import Answers, Interview, Question
from fawang.knowledge.interviews.flow import answers_of, asked, place
from fawang.knowledge.interviews.loading import interview, interviews
from fawang.knowledge.interviews.selectors import conclusion_of, kept_answers, run_of, tables_for
from fawang.knowledge.interviews.services import KEPT_DAYS, give_answer, start_run
from fawang.knowledge.models import Law
from fawang.knowledge.selectors import article_as_of, article_history, articles_of, find_law, find_laws, law_as_of, validity_on, versions_of

router = Router()
POLICIES = dict.fromkeys(
    (
        "laws", "law", "article", "calculators", "calculator_declared", "compute", "interview_list", "interview_declared", "begin_interview", "interview_state",
        "answer_question", "interview_result",
    ),
    "knowledge.read",
)  # fmt: skip
PROBLEMS = dict.fromkeys((400, 404, 409, 422, 429), schemas.ProblemOut)
MOST = 100


class LawOut(Schema):
    id: str
    title: str
    short: str
    level: str
    issuer: str
    region: str
    state: str
    version_date: date | None
    address: str


class LawsOut(Schema):
    count: int
    results: list[LawOut]


class VersionOut(Schema):
    version_date: date
    in_force_from: date
    in_force_until: date | None
    state: str
    because: str
    source: str


class ArticleRef(Schema):
    number: int
    sub: int
    label: str
    chapter: str


class LawDetailOut(LawOut):
    as_of: date
    versions: list[VersionOut]
    articles: list[ArticleRef]


class ReadingOut(Schema):
    version_date: date
    in_force_from: date
    in_force_until: date | None
    state: str
    text: str


class ArticleOut(Schema):
    law: str
    law_id: str
    label: str
    number: int
    sub: int
    chapter: str
    text: str
    as_of: date
    state: str
    in_force_from: date
    in_force_until: date | None
    because: str
    address: str
    history: list[ReadingOut]


class ChoiceOut(Schema):
    code: str
    words: str


class InputOut(Schema):
    code: str
    name: str
    kind: str
    help: str
    required: bool
    choices: list[ChoiceOut]


class CalculatorOut(Schema):
    code: str
    name: str
    about: str
    topic: str
    inputs: list[InputOut]


class ComputeIn(schemas.Strict):
    inputs: dict[str, str]
    region: str = ""


class LineOut(Schema):
    label: str
    working: str
    amount: str | None
    norms: list[str]


class ComputedOut(Schema):
    headline: str
    lines: list[LineOut]
    cautions: list[str]
    figures: dict[str, str]
    norms: list[str]


class InterviewOut(Schema):
    code: str
    version: int
    name: str
    about: str
    topic: str
    sensitive: bool
    questions: int


class QuestionOut(Schema):
    code: str
    kind: str
    ask: str
    help: str
    choices: list[ChoiceOut]
    unknown: str


class SaidOut(Schema):
    question: str
    ask: str
    answer: str


class RunOut(Schema):
    code: str
    interview: str
    version: int
    kept_days: int
    question: QuestionOut | None
    finished: bool
    said: list[SaidOut]


class BeginIn(schemas.Strict):
    interview: str


class AnswerIn(schemas.Strict):
    question: str
    answer: str | list[str]


class ItemOut(Schema):
    section: str
    text: str
    norms: list[str]


class DueOut(Schema):
    name: str
    last_day: date
    days_left: int


class ResultOut(Schema):
    interview: str
    version: int
    law_as_of: date
    items: list[ItemOut]
    due: list[DueOut]
    papers: list[str]


def _day(as_of: date | None) -> date:
    return as_of or clock.today()


def _law(law: Law, day: date) -> dict[str, Any]:
    """A law as of a day: the text in force, else the newest one with what it is instead. Uses loaded versions."""
    texts = sorted(law.versions.all(), key=lambda v: v.version_date, reverse=True)
    version = next((v for v in texts if validity_on(v, day).state == "in_force"), texts[0] if texts else None)
    return {
        "id": law.slug, "title": law.title, "short": law.short, "level": law.level, "issuer": law.issuer, "region": law.region_code,
        "state": validity_on(version, day).state if version else "absent", "version_date": version.version_date if version else None, "address": f"/law/{law.slug}",
    }  # fmt: skip


@router.get("/laws", response={200: LawsOut, **PROBLEMS}, summary="Laws by title, level and region")
def laws(
    request: HttpRequest, q: str = "", level: str = "", region: str = "", as_of: date | None = None, in_force: bool = False, limit: int = 50, offset: int = 0
) -> Any:
    """In the order of their titles. ``in_force``: only those that are law on ``as_of`` (today); ``limit`` 1 to 100."""
    require("knowledge.read", request.actor)  # type: ignore[attr-defined]
    day = _day(as_of)
    rows = find_laws(text=q, level=level[:14], region=region[:12], in_force_on=day if in_force else None)
    begin = max(0, min(offset, 10**6))
    shown_ = rows.prefetch_related("versions")[begin : begin + max(1, min(limit, MOST))]
    return Status(200, {"count": rows.count(), "results": [_law(law_, day) for law_ in shown_]})


def _named(law_id: str) -> Law:
    found = find_law(law_id[:60])
    if found is None:
        raise Absent
    return found


@router.get("/laws/{law_id}", response={200: LawDetailOut, **PROBLEMS}, summary="A law: its texts, and the articles in force on a day")
def law(request: HttpRequest, law_id: str, as_of: date | None = None) -> Any:
    """``law_id``: the id of the list, a title or an alias. ``as_of``: the law of that day."""
    require("knowledge.read", request.actor)  # type: ignore[attr-defined]
    found, day = _named(law_id), _day(as_of)
    current = law_as_of(found, day)
    versions = []
    for version in versions_of(found):
        state = standing(version, day)
        versions.append(
            {"version_date": version.version_date, "in_force_from": state.start, "in_force_until": state.end, "state": state.state, "because": state.because, "source": version.source}
        )  # fmt: skip
    rows = articles_of(current).only("number", "sub", "label", "chapter") if current else []
    articles = [{"number": a.number, "sub": a.sub, "label": a.label, "chapter": a.chapter} for a in rows]
    return Status(200, {**_law(found, day), "as_of": day, "versions": versions, "articles": articles})


@router.get("/laws/{law_id}/articles/{number}", response={200: ArticleOut, **PROBLEMS}, summary="An article as of a day, with its history")
def article(request: HttpRequest, law_id: str, number: str, as_of: date | None = None) -> Any:
    """``number``: ``47``, or ``133之1`` for 第一百三十三条之一. 404 when no such article was law that day."""
    require("knowledge.read", request.actor)  # type: ignore[attr-defined]
    place_ = number_in(number)
    if place_ is None:
        raise Absent
    found_law, day = _named(law_id), _day(as_of)
    found = article_as_of(found_law, *place_, day)
    if found is None:
        raise Absent
    state = shown_standing(validity_on(found.version, day))
    history = [
        {"version_date": a.version.version_date, "in_force_from": a.version.from_date, "in_force_until": a.version.until_date, "state": validity_on(a.version, day).state,
         "text": a.text}
        for a in article_history(found_law, *place_)
    ]  # fmt: skip
    return Status(200, {
        "law": found_law.title, "law_id": found_law.slug, "label": found.label, "number": found.number, "sub": found.sub, "chapter": found.chapter, "text": found.text,
        "as_of": day, "state": state.state, "in_force_from": state.start, "in_force_until": state.end, "because": state.because,
        "address": address_of(found_law.slug, found.number, found.sub, day), "history": history,
    })  # fmt: skip


def _choices(choices: tuple[tuple[str, Text], ...]) -> list[dict[str, str]]:
    return [{"code": code, "words": str(words)} for code, words in choices]


def _calculator(made: Calculator) -> dict[str, Any]:
    inputs = [
        {"code": i.code, "name": str(i.name), "kind": i.kind.value, "help": str(i.help or ""), "required": i.required, "choices": _choices(i.choices)} for i in made.inputs
    ]  # fmt: skip
    return {"code": made.code, "name": str(made.name), "about": str(made.about), "topic": made.topic, "inputs": inputs}


@router.get("/calculators", response={200: list[CalculatorOut], **PROBLEMS}, summary="All calculators and what they ask")
def calculators(request: HttpRequest) -> Any:
    """Days are written 2026-03-02, sums in yuan, yes/no as ``yes`` or ``no``."""
    require("knowledge.read", request.actor)  # type: ignore[attr-defined]
    return Status(200, [_calculator(made) for made in CALCULATORS])


@router.get("/calculators/{code}", response={200: CalculatorOut, **PROBLEMS}, summary="One calculator and what it asks")
def calculator_declared(request: HttpRequest, code: str) -> Any:
    """The declaration its page is drawn from."""
    require("knowledge.read", request.actor)  # type: ignore[attr-defined]
    return Status(200, _calculator(calculator(code)))


@router.post("/calculators/{code}", response={200: ComputedOut, **PROBLEMS}, summary="Work a sum out")
def compute(request: HttpRequest, code: str, payload: ComputeIn) -> Any:
    """The working step by step with its norms. A figure nobody has entered is refused (409), never guessed. Nothing is kept."""
    require("knowledge.read", request.actor)  # type: ignore[attr-defined]
    limited(request, "calculate", 120)
    made = calculator(code)
    known = {i.code for i in made.inputs}
    if unknown := sorted(set(payload.inputs) - known):
        raise Refusal("form.invalid", fields={unknown[0][:60]: Refusal("field.unknown", field=unknown[0][:60], name=unknown[0][:60])})
    answer = calculate(code, {k: v[:60] for k, v in payload.inputs.items()}, tables_for(chosen_region(payload.region)))
    lines = [
        {"label": str(x.label), "working": str(x.working), "amount": None if x.amount is None else str(x.amount), "norms": list(x.norms)} for x in answer.lines
    ]
    return Status(200, {
        "headline": str(answer.headline), "lines": lines, "cautions": [str(c) for c in answer.cautions], "figures": {k: str(v) for k, v in answer.figures.items()},
        "norms": list(answer.norms),
    })  # fmt: skip


def _interview(chosen: Interview) -> dict[str, Any]:
    return {
        "code": chosen.code, "version": chosen.version, "name": str(chosen.name), "about": str(chosen.about), "topic": chosen.topic, "sensitive": chosen.sensitive,
        "questions": len(chosen.questions),
    }  # fmt: skip


@router.get("/interviews", response={200: list[InterviewOut], **PROBLEMS}, summary="All guided interviews")
def interview_list(request: HttpRequest) -> Any:
    """The newest version of each."""
    require("knowledge.read", request.actor)  # type: ignore[attr-defined]
    return Status(200, [_interview(interview(code)) for code in dict.fromkeys(i.code for i in interviews())])


@router.get("/interviews/{code}", response={200: InterviewOut, **PROBLEMS}, summary="One guided interview")
def interview_declared(request: HttpRequest, code: str) -> Any:
    """What it is about."""
    require("knowledge.read", request.actor)  # type: ignore[attr-defined]
    return Status(200, _interview(_chosen(code)))


def _chosen(code: str) -> Interview:
    try:
        return interview(code)
    except KeyError:
        raise Absent from None


@router.post("/interview-runs", response={201: RunOut, **PROBLEMS}, summary="Begin an interview")
def begin_interview(request: HttpRequest, payload: BeginIn) -> Any:
    """The code in the answer is the only way back to the run: keep it. Accepted once per Idempotency-Key."""
    require("knowledge.read", request.actor)  # type: ignore[attr-defined]
    limited(request, "interview", 60)
    chosen = _chosen(payload.interview)

    def act() -> tuple[int, dict[str, Any]]:
        return 201, _run(chosen, {}, start_run(chosen.code)[1])

    status, answer, _ = once(scope="api.interviews", key=request.headers.get("Idempotency-Key", ""), body=request.body, action=act)
    return Status(status, answer)


def _opened(request: HttpRequest, code: str) -> tuple[Interview, Answers, str]:
    require("knowledge.read", request.actor)  # type: ignore[attr-defined]
    folded = fold_lookup_code(code[:64])
    run = looked_up(request, lambda: run_of(folded))
    chosen = interview(run.interview, run.version)
    return chosen, answers_of(chosen, kept_answers(run)), folded


def _run(chosen: Interview, answers: Answers, code: str) -> dict[str, Any]:
    question = place(chosen, answers).question
    said = [{"question": q.code, "ask": str(q.ask), "answer": str(shown(q, answers[q.code]))} for q in asked(chosen, answers) if q.code in answers]
    return {
        "code": code, "interview": chosen.code, "version": chosen.version, "kept_days": KEPT_DAYS, "question": _question(question) if question else None,
        "finished": question is None, "said": said,
    }  # fmt: skip


def _question(question: Question) -> Mapping[str, Any]:
    return {
        "code": question.code, "kind": question.kind.value, "ask": str(question.ask), "help": str(question.help or ""), "choices": _choices(question.choices), "unknown": "unknown",
    }  # fmt: skip


@router.get("/interview-runs/{code}", response={200: RunOut, **PROBLEMS}, summary="Where an interview stands")
def interview_state(request: HttpRequest, code: str) -> Any:
    """The next question, and what was answered."""
    return Status(200, _run(*_opened(request, code)))


@router.post("/interview-runs/{code}/answers", response={200: RunOut, **PROBLEMS}, summary="Answer a question")
def answer_question(request: HttpRequest, code: str, payload: AnswerIn) -> Any:
    """``unknown`` answers any question. Answering again keeps the last answer; what can no longer be asked no longer counts."""
    _, _, folded = _opened(request, code)
    try:
        give_answer(lookup=folded, question=payload.question[:60], typed=payload.answer)
    except Refusal as refusal:
        if refusal.field:
            raise Refusal("form.invalid", fields={"answer": refusal}) from None
        raise
    return Status(200, _run(*_opened(request, code)))


@router.get("/interview-runs/{code}/result", response={200: ResultOut, **PROBLEMS}, summary="What follows from the answers")
def interview_result(request: HttpRequest, code: str, region: str = "") -> Any:
    """Where one stands, the law as of the facts' day, what to do by when. 409 while a question is open."""
    chosen, answers, _ = _opened(request, code)
    if place(chosen, answers).question is not None:
        raise Refusal("interview.unfinished", status=409)
    found = conclusion_of(chosen, answers, region=chosen_region(region))
    items = [{"section": section, "text": str(item.text), "norms": list(item.norms)} for section, rows in found.items.items() for item in rows]
    due = [{"name": str(d.name), "last_day": d.by, "days_left": d.left} for d in found.dues]
    return Status(200, {
        "interview": chosen.code, "version": chosen.version, "law_as_of": found.on, "items": items, "due": due, "papers": list(chosen.documents),
    })  # fmt: skip
