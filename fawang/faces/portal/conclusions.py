"""What an interview ends in: the conclusion as a page, the numbered opinion, and the way to a lawyer with all answers."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from fawang.faces.pages import errors_of, language, limited, spec, typed
from fawang.faces.portal.asking import GROUP_NAMES
from fawang.faces.portal.interviews import CATEGORIES, opened, private, said
from fawang.faces.portal.regions import chosen_region, places_to_choose
from fawang.faces.repeats import post_once
from fawang.faces.routing import open_to
from fawang.faces.submission import MAX_QUESTION, submit
from fawang.kernel import clock
from fawang.kernel.errors import Refusal
from fawang.kernel.texts import Text
from fawang.knowledge.documents.loading import templates
from fawang.knowledge.interviews.conclusion import Conclusion, Due
from fawang.knowledge.interviews.declaration import Answers, Interview
from fawang.knowledge.interviews.flow import place
from fawang.knowledge.interviews.opinion import HEADINGS, left_in_words
from fawang.knowledge.interviews.selectors import conclusion_of, opinions_of, run_of
from fawang.knowledge.interviews.services import issue_opinion
from fawang.knowledge.models import Opinion
from fawang.matters.categories import find_category
from fawang.matters.conversation import write_message
from fawang.matters.forms import FieldSpec
from fawang.matters.intake import PRIORITY_GROUPS
from fawang.registry.hours import open_at
from fawang.registry.models import ServiceSite
from fawang.registry.selectors import find_sites


def light_of(due: Due) -> str:
    """The colour of a day that comes nearer."""
    return "overdue" if due.left < 0 else "red" if due.left <= 7 else "yellow" if due.left <= 60 else "green"


def near(region: str) -> list[dict[str, Any]]:
    """The three places nearest in the tree of divisions: the county's, the city's, the province's own."""
    for part in (region, region[:4] + "00", region[:2] + "0000"):
        rows: list[ServiceSite] = list(find_sites(region=part)[:3])
        if rows:
            return [{"site": s, "open": open_at(s.opening_hours, clock.now())} for s in rows]
    return []


@open_to("public", "GET")
def result(request: HttpRequest, lookup: str) -> HttpResponse:
    """Where you stand, what to do by when, evidence, office, sums, legal aid; the opinion; the lawyer."""
    chosen, answers, code = opened(request, lookup)
    if place(chosen, answers).question is not None:
        return redirect(f"/i/{code}")
    return _result(request, chosen, answers, code)


def _result(request: HttpRequest, chosen: Interview, answers: Answers, code: str, *, refusal: Refusal | None = None) -> HttpResponse:
    region = chosen_region(request.POST.get("region") or request.GET.get("region"))
    found = conclusion_of(chosen, answers, region=region)
    papers = [t for t in templates() if t.code in chosen.documents]
    context = {
        "interview": chosen, "conclusion": found, "code": code, "sections": _sections(found), "said": said(chosen, answers), "papers": papers, "sensitive": chosen.sensitive,
        "dues": [(due, light_of(due), left_in_words(due)) for due in found.dues], "sites": near(region), "regions": places_to_choose(),
        "region": region if region != settings.PROVINCE else "", "opinions": _issued(code), "aid": found.aid, "private": True, "refusal": refusal,
        "today": clock.today(), "as_of_facts": found.on != clock.today(),
    }  # fmt: skip
    return private(render(request, "library/result.html", context, status=refusal.status if refusal else 200))


def _sections(found: Conclusion) -> dict[str, dict[str, Any]]:
    return {code: {"heading": HEADINGS[code], "items": found.items.get(code, ())} for code in HEADINGS}  # type: ignore[call-overload]


def _issued(code: str) -> list[Opinion]:
    return list(opinions_of(run_of(code))[:5])


@open_to("public", "POST")
def opinion(request: HttpRequest, lookup: str) -> HttpResponse:
    """Issue the numbered opinion; the same answers on the same day give the same one."""
    chosen, answers, code = opened(request, lookup)
    limited(request, "opinion", 30)
    region = chosen_region(request.POST.get("region"))

    def act() -> str:
        made = issue_opinion(lookup=code, region=region)
        tail = f"?region={region}" if region != settings.PROVINCE else ""
        return f"/i/{code}/result{tail}#opinion-{made.pk}"

    try:
        return post_once(request, act)
    except Refusal as refusal:
        if refusal.code == "interview.unfinished":
            return redirect(f"/i/{code}")
        return _result(request, chosen, answers, code, refusal=refusal)


def send_fields() -> list[FieldSpec]:
    """What a lawyer still needs beside the answers."""
    return [
        spec("more", "还有什么要说的", "Anything to add", widget="textarea", required=False, max_length=1500),
        spec("region", "事情发生在哪里", "Where did it happen", widget="select", choices=places_to_choose()),
        spec("name", "怎么称呼您", "Your name", required=False, max_length=100, help=("可以不填真实姓名。", "It need not be your real name.")),
        spec("phone", "手机号", "Mobile number", required=False, help=("留手机号可以收到答复短信；不留也可以凭查询码查看。", "For a text message when it is answered; optional.")),
        spec("priority_groups", "您是不是", "Are you", widget="checkboxes", required=False, many=True, choices=[(g, Text(*GROUP_NAMES[g])) for g in PRIORITY_GROUPS], default=[]),
        spec("safe_contact", "短信里不要提到是什么事（手机可能被别人看到时请勾选）", "Do not say in messages what it is about", widget="checkbox", required=False),
    ]  # fmt: skip


@open_to("public")
def send(request: HttpRequest, lookup: str) -> HttpResponse:
    """“把这些发给律师”: a consultation with every answer in it, citing the opinion."""
    chosen, answers, code = opened(request, lookup)
    fields = send_fields()
    issued = _issued(code)
    values: dict[str, Any] = {"region": chosen_region(request.GET.get("region")), "safe_contact": chosen.sensitive, "priority_groups": _groups(answers)}
    errors: Any = {}
    status = 200
    if request.method == "POST":
        limited(request, "submit", 60)
        values = typed(request, fields)
        try:
            return post_once(request, lambda: _take(request, chosen, answers, dict(values), issued[0] if issued else None))
        except Refusal as refusal:
            errors, status = {("more" if k == "question" else k): v for k, v in errors_of(refusal).items()}, refusal.status
    context = {
        "interview": chosen, "fields": fields, "values": values, "errors": errors, "code": code, "said": said(chosen, answers), "opinion": issued[0] if issued else None,
        "sensitive": chosen.sensitive, "private": True, "finished": place(chosen, answers).question is None,
    }  # fmt: skip
    return private(render(request, "library/send.html", context, status=status))


def _groups(answers: Answers) -> list[str]:
    """Priority groups that the answers tell already."""
    return ["migrant_worker"] if answers.get("aid_status") == "migrant" else []


def question_parts(chosen: Interview, answers: Answers, more: str, issued: Opinion | None) -> list[str]:
    """The question's text; what does not fit into one is carried on in further messages, and nothing is cut."""
    lines = [f"【智能咨询】{chosen.name.zh}"]
    if more.strip():
        lines += ["", "我想补充：", *more.split("\n")]
    lines += ["", "我的回答："]
    lines += [f"· {question.ask.zh} {words.zh}" for question, words in said(chosen, answers)]
    if issued is not None:
        lines += ["", f"法律咨询意见书：{issued.number}，核验码 {issued.verification_code}"]
    parts, room = [""], MAX_QUESTION - 200
    for line in lines:
        if parts[-1] and len(parts[-1]) + len(line) + 1 > room:
            parts.append("")
        parts[-1] += f"\n{line}" if parts[-1] else line
    return parts


def _take(request: HttpRequest, chosen: Interview, answers: Answers, values: dict[str, Any], issued: Opinion | None) -> str:
    actor = request.actor  # type: ignore[attr-defined]
    first, *rest = question_parts(chosen, answers, values.get("more", ""), issued)
    wanted = CATEGORIES.get(chosen.code, "")
    received = submit(
        actor=actor, process="consultation", question=first, category=wanted if find_category(wanted) else "", region=values.get("region", ""),
        contact={"name": values.get("name", ""), "phone": values.get("phone", ""), "safe_contact": "on" if values.get("safe_contact") else ""},
        priority_groups=values.get("priority_groups", []), form={}, language="en" if language().startswith("en") else "zh-hans", question_field="more",
    )  # fmt: skip
    matter = received.matters[0]
    for part in rest:
        write_message(actor=actor.holding(matter.pk), matter_id=matter.pk, body=part)
    return f"/receipt/{matter.lookup_code}"
