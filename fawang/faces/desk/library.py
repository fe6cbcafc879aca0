"""The library's keeping at the desk: reviews after a change of the law, and the tabs all its pages share."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from fawang.faces.desk.frame import actor_of, page
from fawang.faces.law_links import article_address, named
from fawang.faces.pages import first_of, language
from fawang.faces.repeats import post_once
from fawang.faces.routing import open_to
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import decide
from fawang.kernel.texts import Text
from fawang.knowledge.models import ReviewFlag
from fawang.knowledge.reviewing import KINDS, RETIRABLE, change_of, finish_review
from fawang.people.selectors import staff_names

TABS: tuple[tuple[str, Text], ...] = (
    ("/desk/library", Text("复核", "Reviews")), ("/desk/library/questions", Text("题库", "Question bank")), ("/desk/library/snippets", Text("常用语", "Passages")),
    ("/desk/library/guides", Text("常见问题", "Guides")), ("/desk/library/cases", Text("案例", "Cases")), ("/desk/library/figures", Text("本地数据", "Local figures")),
)  # fmt: skip
HOUSE = {
    "": Text("规则管理员", "Rule editors"),
    "house": Text("规则管理员", "Rule editors"),
    "shipped": Text("规则管理员", "Rule editors"),
    "system": Text("规则管理员", "Rule editors"),
    "automatic": Text("系统", "The system"),
}


def library_page(request: HttpRequest, template: str, here: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """One page of the library's keeping, under its tabs."""
    tabs = [(url, name.in_language(language()), url == here) for url, name in TABS]
    shared = {"tabs": tabs, "may_manage": bool(decide("knowledge.manage", actor_of(request))), "me": str(actor_of(request).staff_id or "")}
    return page(request, template, {**shared, **context}, status=status)


def numbered(request: HttpRequest, rows: QuerySet[Any], size: int = 30) -> Page[Any]:
    """One page of rows."""
    return Paginator(rows, size).get_page(request.GET.get("page", "1"))


def names_of_accounts(accounts: Iterable[str]) -> dict[str, str]:
    """Names of accounts, and the rule editors for what belongs to nobody. One query."""
    return {code: words.in_language(language()) for code, words in HOUSE.items()} | staff_names(accounts)


def done_once(request: HttpRequest, act: Callable[[], str], again: Callable[[Refusal], HttpResponse], said: Text) -> HttpResponse:
    """Do a form's action once and say so; a refusal comes back on the page with what was typed."""
    try:
        answer = post_once(request, act)
    except Refusal as refusal:
        if refusal.code == "absent":
            raise
        return again(refusal)
    messages.success(request, said.in_language(language()))
    return answer


@open_to("knowledge.propose", "GET")
def reviews(request: HttpRequest) -> HttpResponse:
    """What cites an article that changed: one's own, or all for those who keep the library."""
    return _reviews(request)


def _reviews(request: HttpRequest, *, refusal: Refusal | None = None, failed: str = "") -> HttpResponse:
    actor = actor_of(request)
    everything = bool(decide("knowledge.manage", actor)) and request.GET.get("whose") != "mine"
    state = "done" if request.GET.get("state") == "done" else "open"
    rows = ReviewFlag.objects.select_related("citation__law").order_by("raised_at" if state == "open" else "-closed_at", "pk")
    rows = rows.filter(state="open") if state == "open" else rows.exclude(state="open")
    if not everything:
        rows = rows.filter(owner=str(actor.staff_id))
    kind = request.GET.get("kind", "")
    if kind in KINDS:
        rows = rows.filter(citation__kind=kind)
    shown = numbered(request, rows, 15)
    names = names_of_accounts([f.owner for f in shown] + [f.closed_by for f in shown])
    flags = [_shown(f, names, refusal if str(f.pk) == failed else None) for f in shown]
    context = {
        "flags": flags, "shown": shown, "state": state, "whose": "" if everything else "mine", "kind": kind, "kinds": [(c, n.in_language(language())) for c, n in KINDS.items()],
        "typed": request.POST.get("note", "") if refusal else "",
    }  # fmt: skip
    return library_page(request, "desk/library/reviews.html", "/desk/library", context, status=refusal.status if refusal else 200)


def _shown(flag: ReviewFlag, names: dict[str, str], refusal: Refusal | None) -> dict[str, Any]:
    change, cited = change_of(flag), flag.citation
    kind = KINDS.get(cited.kind)
    return {
        "flag": flag, "kind": kind or cited.kind, "title": cited.title or cited.ref, "url": cited.address, "owner": names.get(flag.owner, flag.owner), "change": change,
        "before": (named(cited.law, change.before.label), article_address(change.before, change.before.version.from_date)) if change.before else None,
        "after": (named(cited.law, change.after.label), article_address(change.after, change.after.version.from_date)) if change.after else None,
        "moved": change.before is not None and change.after is not None and change.before.label != change.after.label, "retirable": cited.kind in RETIRABLE,
        "closed_by": names.get(flag.closed_by, flag.closed_by), "refusal": first_of(refusal) if refusal else None,
    }  # fmt: skip


@open_to("staff", "POST")
def review(request: HttpRequest, flag_id: uuid.UUID) -> HttpResponse:
    """End one review: still right, changed, or retired."""
    actor = actor_of(request)
    flag = ReviewFlag.objects.filter(pk=flag_id).first()
    if flag is None or not decide("knowledge.review_own", actor, flag):
        raise Absent

    def act() -> str:
        finish_review(actor=actor, flag_id=flag_id, outcome=request.POST.get("outcome", ""), note=request.POST.get("note", "")[:300])
        return "/desk/library"

    return done_once(
        request,
        act,
        lambda refusal: _reviews(request, refusal=refusal, failed=str(flag_id)),
        Text("复核已办结。", "The review is closed."),
    )
