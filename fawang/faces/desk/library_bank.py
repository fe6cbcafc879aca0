"""The question bank and the passages at the desk: proposed by one, reviewed by another; and a pair taken from an answer in two clicks."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse

from fawang.faces.desk import matter as pages
from fawang.faces.desk.frame import actor_of, page
from fawang.faces.desk.library import done_once, library_page, names_of_accounts, numbered
from fawang.faces.law_links import query_in
from fawang.faces.pages import errors_of, language, spec, typed
from fawang.faces.repeats import post_once
from fawang.faces.routing import open_to
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import require
from fawang.kernel.texts import Text
from fawang.knowledge.bank_keeping import LONGEST, mend_question, norms_of, propose_question, retire_question, review_question
from fawang.knowledge.masking import hidden, shown_kinds, still_personal
from fawang.knowledge.models import Question, Snippet
from fawang.knowledge.selectors import bank_counts
from fawang.knowledge.snippets import retire_snippet, review_snippet, write_snippet
from fawang.matters.forms import FieldSpec
from fawang.matters.models import Matter
from fawang.services.consultation.similar import ANSWERED, names_in

QUESTION_FIELDS = [
    spec("text", "问题（像平常人那样问）", "The question as people ask it", widget="textarea", help=("6至200个字，不要有姓名、电话、地址。", "6 to 200 characters, no names, phones or addresses."), max_length=LONGEST),
    spec("norms", "回答它的法条（每行一条，最直接的写在前面）", "Articles that answer it, one a line, the most direct first", widget="textarea", help=("例如：劳动合同法 30", "e.g. 劳动合同法 30")),
    spec("lay_words", "老百姓的说法（可不填）", "Lay words (optional)", required=False, help=("用空格隔开，例如：工钱 欠薪", "Separated by spaces"), max_length=400),
]  # fmt: skip
SNIPPET_FIELDS = [
    spec("title", "名称", "Title", max_length=80), spec("text", "内容", "Text", widget="textarea", max_length=2000),
    spec("norms", "法律依据（每行一条，可不填）", "Articles, one a line (optional)", widget="textarea", required=False, help=("例如：劳动合同法 30", "e.g. 劳动合同法 30")),
]  # fmt: skip
REASON = spec("reason", "停用的理由", "Why it is retired", max_length=200)
STATES = (("draft", Text("待审", "To review")), ("reviewed", Text("已审定", "Reviewed")), ("retired", Text("已停用", "Retired")))


@open_to("knowledge.propose")
def from_matter(request: HttpRequest, matter_id: uuid.UUID) -> HttpResponse:
    """A pair from an answered consultation: masked first, read by the person, then proposed. What still tells who it is stops it."""
    actor, matter = pages.seen(request, matter_id)
    require("matters.read", actor, matter)
    if matter.process_code != "consultation" or matter.state not in ANSWERED:
        raise Absent
    names = names_in(matter)
    values, kinds = _masked(matter, names)
    errors: Any = {}
    status = 200
    if request.method == "POST":
        values = {"text": "", "norms": "", "lay_words": "", **typed(request, QUESTION_FIELDS)}

        def act() -> str:
            made = propose_question(actor=actor, text=values["text"], norms=values["norms"], lay_words=values["lay_words"], names=names)
            return f"/desk/library/questions/{made.pk}"

        try:
            return post_once(request, act)
        except Refusal as refusal:
            errors, status = errors_of(refusal), refusal.status
    context = {
        "matter": matter, "fields": QUESTION_FIELDS, "values": values, "errors": errors, "hidden": kinds, "left": "、".join(still_personal(values["text"], names)),
        "long": len(values["text"]) > LONGEST,
    }  # fmt: skip
    return page(request, "desk/library/propose.html", context, status=status)


def _masked(matter: Matter, names: list[str]) -> tuple[dict[str, str], str]:
    """The question with personal data hidden and the articles of the last answer, as a pair to be read; and what kinds were hidden."""
    text, kinds = hidden(matter.title, names)
    cited = list(dict.fromkeys(f"《{c.law}》{c.article}" for c in matter.citations.all()))  # type: ignore[attr-defined]
    return {"text": text, "norms": "\n".join(cited), "lay_words": ""}, shown_kinds(kinds, language())


@open_to("knowledge.propose", "GET")
def questions(request: HttpRequest) -> HttpResponse:
    """The bank by state and words, with how often each was offered and taken."""
    state = request.GET.get("state", "draft")
    state = state if state in dict(STATES) else "draft"
    text = query_in(request.GET.get("q", ""), 60)
    rows = Question.objects.filter(state=state).prefetch_related("articles__law")
    if text:
        rows = rows.filter(text__contains=text)
    shown = numbered(request, rows.order_by("created_at" if state == "draft" else "-chosen", "-created_at", "pk"), 50)
    names = names_of_accounts([q.proposed_by for q in shown] + [q.reviewed_by for q in shown])
    counts = bank_counts()
    context = {
        "rows": [{"q": q, "norms": _norm_words(q), "by": names.get(q.proposed_by, ""), "reviewer": names.get(q.reviewed_by, "")} for q in shown],
        "shown": shown, "state": state, "q": text, "states": [(c, n.in_language(language()), counts.get(c, 0)) for c, n in STATES],
    }  # fmt: skip
    return library_page(request, "desk/library/questions.html", "/desk/library/questions", context)


def _norm_words(question: Question) -> list[str]:
    return [f"《{a.law.short}》{a.number}{f'之{a.sub}' if a.sub else ''}" for a in question.articles.all()]


@open_to("knowledge.propose")
def question(request: HttpRequest, question_id: uuid.UUID) -> HttpResponse:
    """One pair: read it, mend the draft, review or retire it."""
    row = Question.objects.filter(pk=question_id).first()
    if row is None:
        raise Absent
    if request.method != "POST":
        return _question(request, row)
    actor, verb = actor_of(request), request.POST.get("verb", "")
    values = typed(request, QUESTION_FIELDS)

    def act() -> str:
        if verb == "review":
            review_question(actor=actor, question_id=question_id)
        elif verb == "retire":
            retire_question(actor=actor, question_id=question_id, reason=request.POST.get("reason", ""))
        else:
            mend_question(actor=actor, question_id=question_id, text=values["text"], norms=values["norms"], lay_words=values.get("lay_words", ""))
        return f"/desk/library/questions/{question_id}"

    said = {"review": Text("已审定；检索过一会儿就会用上它。", "Reviewed; search will learn it shortly."), "retire": Text("已停用。", "Retired.")}
    return done_once(
        request,
        act,
        lambda refusal: _question(request, row, refusal=refusal, verb=verb),
        said.get(verb, Text("已保存。", "Saved.")),
    )


def _question(request: HttpRequest, row: Question, *, refusal: Refusal | None = None, verb: str = "") -> HttpResponse:
    names = names_of_accounts([row.proposed_by, row.reviewed_by])
    stored = {"text": row.text, "norms": "\n".join(norms_of(row)), "lay_words": row.lay_words}
    context = {
        "row": row, "fields": QUESTION_FIELDS, "values": {**stored, **(typed(request, QUESTION_FIELDS) if verb == "save" else {"reason": request.POST.get("reason", "")} if refusal else {})}, "norms": norms_of(row), "reason": REASON,
        "errors": errors_of(refusal) if refusal else {}, "verb": verb, "by": names.get(row.proposed_by, ""), "reviewer": names.get(row.reviewed_by, ""),
        "own": bool(row.proposed_by) and row.proposed_by == str(actor_of(request).staff_id),
    }  # fmt: skip
    return library_page(request, "desk/library/question.html", "/desk/library/questions", context, status=refusal.status if refusal else 200)


@open_to("knowledge.propose")
def snippets(request: HttpRequest) -> HttpResponse:
    """All passages, and the form for a new one."""
    if request.method != "POST":
        return _snippets(request)
    actor = actor_of(request)

    def act() -> str:
        values = typed(request, SNIPPET_FIELDS)
        write_snippet(actor=actor, title=values.get("title", ""), text=values.get("text", ""), norms=values.get("norms", ""))
        return "/desk/library/snippets"

    return done_once(request, act, lambda refusal: _snippets(request, refusal=refusal), Text("已保存，等别人审定。", "Saved; somebody else will review it."))


def _snippets(request: HttpRequest, *, refusal: Refusal | None = None, at: str = "") -> HttpResponse:
    shown = numbered(request, Snippet.objects.exclude(state="retired").order_by("state", "-used", "title", "pk"), 40)
    names = names_of_accounts([s.written_by for s in shown] + [s.reviewed_by for s in shown])
    fields: list[FieldSpec] = SNIPPET_FIELDS
    rows = [
        {
            "s": s,
            "by": names.get(s.written_by, ""),
            "reviewer": names.get(s.reviewed_by, ""),
            "refusal": refusal if str(s.pk) == at else None,
            "reason": request.POST.get("reason", "") if str(s.pk) == at else "",
        }
        for s in shown
    ]
    context = {
        "rows": rows, "shown": shown, "fields": fields, "values": typed(request, fields) if refusal and not at else {}, "errors": errors_of(refusal) if refusal and not at else {},
    }  # fmt: skip
    return library_page(request, "desk/library/snippets.html", "/desk/library/snippets", context, status=refusal.status if refusal else 200)


@open_to("knowledge.propose", "POST")
def snippet(request: HttpRequest, snippet_id: uuid.UUID) -> HttpResponse:
    """Review or retire one passage."""
    actor, verb = actor_of(request), request.POST.get("verb", "")

    def act() -> str:
        if verb == "review":
            review_snippet(actor=actor, snippet_id=snippet_id)
        else:
            retire_snippet(actor=actor, snippet_id=snippet_id, reason=request.POST.get("reason", ""))
        return "/desk/library/snippets"

    return done_once(
        request, act, lambda refusal: _snippets(request, refusal=refusal, at=str(snippet_id)),
        Text("已审定，写答复时可以用了。", "Reviewed; it is offered from now on.") if verb == "review" else Text("已停用。", "Retired."),
    )  # fmt: skip
