"""Guides at the desk: written, read by a second person, published with a day of review, taken over, withdrawn."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse

from fawang.faces.desk.frame import actor_of
from fawang.faces.desk.library import done_once, library_page, names_of_accounts, numbered
from fawang.faces.law_links import day_in
from fawang.faces.pages import errors_of, language, spec, typed
from fawang.faces.portal.regions import places_to_choose
from fawang.faces.routing import open_to
from fawang.kernel import clock
from fawang.kernel.errors import Refusal
from fawang.kernel.policy import decide
from fawang.kernel.texts import Text
from fawang.knowledge.guides.prose import passages
from fawang.knowledge.guides.selectors import SOON, TOPICS, all_guides, guide_to_edit
from fawang.knowledge.guides.services import new_guide, publish_guide, review_guide, take_over, withdraw_guide, write_guide
from fawang.knowledge.models import Guide, GuideText
from fawang.matters.forms import FieldSpec
from fawang.people.actors import Actor

SLUG = spec("slug", "地址（小写英文字母、数字、短横线）", "Address (small letters, digits, dashes)", max_length=60)
SAID = {
    "review": Text("已审定，可以发布了。", "Reviewed: it may be published."), "publish": Text("已发布。", "Published."), "withdraw": Text("已撤下。", "Withdrawn."),
    "own": Text("以后法条变动会通知您。", "You will be told when its articles change."),
}  # fmt: skip


def _fields() -> list[FieldSpec]:
    return [
        spec("topic", "主题", "Topic", widget="select", choices=list(TOPICS.items())), spec("title", "标题", "Title", max_length=120),
        spec("answer", "一句话结论", "The answer in one line", max_length=400),
        spec("body", "正文", "Text", widget="textarea", max_length=20_000, help=("“## ”开头是小标题，“- ”开头是要点，“1. ”开头是步骤。", "“## ” heading, “- ” point, “1. ” step.")),
        spec("norms", "法律依据（每行一条）", "Articles, one a line", widget="textarea", help=("例如：劳动合同法 30", "e.g. 劳动合同法 30")),
        spec("region_code", "适用地区", "Region", widget="select", required=False, choices=places_to_choose(), help=("不选为全省。", "None: the whole province.")),
    ]  # fmt: skip


@open_to("knowledge.propose", "GET")
def guides(request: HttpRequest) -> HttpResponse:
    """All guides: what is published, what somebody works on, what is due to be read again."""
    shown = numbered(request, all_guides(), 50)
    names, today = names_of_accounts([g.owner for g in shown]), clock.today()
    rows = [
        {"g": g, "topic": TOPICS.get(g.topic, g.topic), "open": next((t for t in g.texts.all() if t.state in {"draft", "reviewed"}), None), "owner": names.get(g.owner, ""),
         "late": bool(g.current_id and g.review_due and g.review_due <= today), "soon": bool(g.current_id and g.review_due and g.review_due <= today + SOON)}
        for g in shown
    ]  # fmt: skip
    return library_page(request, "desk/library/guides.html", "/desk/library/guides", {"rows": rows, "shown": shown})


@open_to("knowledge.propose")
def guide_new(request: HttpRequest) -> HttpResponse:
    """A guide at a new address."""
    if request.method != "POST":
        return _form(request, None, None)
    actor, values = actor_of(request), _typed(request)

    def act() -> str:
        new_guide(actor=actor, slug=request.POST.get("slug", ""), **values)
        return f"/desk/library/guides/{request.POST.get('slug', '')}"

    return done_once(request, act, lambda refusal: _form(request, None, None, refusal=refusal), Text("草稿已保存。", "The draft is kept."))


def _typed(request: HttpRequest) -> dict[str, Any]:
    values = typed(request, _fields())
    return {name: str(values.get(name, "")) for name in ("topic", "title", "answer", "body", "norms", "region_code")}


@open_to("knowledge.propose")
def guide(request: HttpRequest, slug: str) -> HttpResponse:
    """One guide: its published text, the one somebody works on, and the next step of either."""
    row, text = guide_to_edit(slug)
    if request.method != "POST":
        return _form(request, row, text)
    actor, verb = actor_of(request), request.POST.get("verb", "")
    return done_once(
        request, lambda: _act(request, actor, row, verb), lambda refusal: _form(request, *guide_to_edit(slug), refusal=refusal, verb=verb),
        SAID.get(verb, Text("草稿已保存。", "The draft is kept.")),
    )  # fmt: skip


def _act(request: HttpRequest, actor: Actor, row: Guide, verb: str) -> str:
    if verb == "review":
        review_guide(actor=actor, guide_id=row.pk)
    elif verb == "publish":
        publish_guide(actor=actor, guide_id=row.pk, review_due=day_in(request.POST.get("review_due")) or date.min)
    elif verb == "withdraw":
        withdraw_guide(actor=actor, guide_id=row.pk, reason=request.POST.get("reason", ""))
    elif verb == "own":
        take_over(actor=actor, guide_id=row.pk)
    else:
        write_guide(actor=actor, slug=row.slug, **_typed(request))
    return f"/desk/library/guides/{row.slug}"


def _form(request: HttpRequest, row: Guide | None, text: GuideText | None, *, refusal: Refusal | None = None, verb: str = "") -> HttpResponse:
    source = text or (row.current if row else None)
    values: dict[str, Any] = {}
    if source is not None and row is not None:
        values = {name: getattr(source, name) for name in ("title", "answer", "body")}
        values |= {"norms": "\n".join(source.norms), "topic": row.topic, "region_code": row.region_code}
    if refusal and verb in {"", "save"}:
        values = {**typed(request, _fields()), "slug": request.POST.get("slug", "")}
    names = names_of_accounts([row.owner if row else "", text.written_by if text else "", text.reviewed_by if text else ""])
    context = {
        "row": row, "text": text, "fields": _fields() if row else [SLUG, *_fields()], "values": values, "errors": errors_of(refusal) if refusal else {}, "verb": verb,
        "owner": names.get(row.owner, "") if row else "", "writer": names.get(text.written_by, "") if text else "", "own": bool(text and text.written_by == str(actor_of(request).staff_id)),
        "current": passages(row.current.body) if row and row.current else [], "draft": passages(text.body) if text else [], "today": clock.today(), "on": clock.today(),
        "due": request.POST.get("review_due", ""), "title": (text or row.current).title if row and (text or row.current) else Text("新写一篇", "A new guide").in_language(language()),  # type: ignore[union-attr]
        "reason_typed": request.POST.get("reason", "") if refusal else "",
        "may_retire": bool(row and decide("knowledge.retire", actor_of(request), row.owner)),
    }  # fmt: skip
    return library_page(request, "desk/library/guide.html", "/desk/library/guides", context, status=refusal.status if refusal else 200)
