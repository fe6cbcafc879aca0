"""Guides and cases: read by topic and facet, every article one click away."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from fawang.faces.law_links import query_in
from fawang.faces.pages import whole
from fawang.faces.routing import open_to
from fawang.kernel import clock
from fawang.knowledge.cases.selectors import Wanted, case_at, facets_of, find_cases
from fawang.knowledge.guides.prose import passages
from fawang.knowledge.guides.selectors import TOPICS, guide_at, published
from fawang.knowledge.interviews.declaration import Interview
from fawang.knowledge.interviews.loading import interview, interviews
from fawang.knowledge.models import Case, Guide
from fawang.regions.selectors import children, division

A_PAGE = 30
ENOUGH = 2
"""From this many common articles on, an interview belongs beside a guide."""
VIOLENT = {"safety"}


@open_to("public", "GET")
def faq(request: HttpRequest) -> HttpResponse:
    """All guides by topic."""
    rows: dict[str, list[Guide]] = {}
    for guide in published():
        rows.setdefault(guide.topic, []).append(guide)
    groups = [(words, rows[topic]) for topic, words in TOPICS.items() if topic in rows]
    return render(request, "library/faq.html", {"groups": groups})


@open_to("public", "GET")
def guide_page(request: HttpRequest, slug: str) -> HttpResponse:
    """One guide: the answer first, then how, then the law behind it and when somebody last read it over."""
    guide = guide_at(slug)
    text = guide.current
    assert text is not None
    shared = [(n, found) for code in dict.fromkeys(i.code for i in interviews()) if (n := _shares(found := interview(code), text.norms)) >= ENOUGH]
    related = [found for _, found in sorted(shared, key=lambda row: -row[0])]
    context = {
        "guide": guide, "text": text, "passages": passages(text.body), "topic": TOPICS.get(guide.topic), "interviews": related[:1], "more": related[1:3], "canonical": f"/faq/{guide.slug}",
        "late": guide.review_due is not None and guide.review_due < clock.today(), "sensitive": guide.topic in VIOLENT,
        "others": [g for g in published(topic=guide.topic) if g.pk != guide.pk][:5],
    }  # fmt: skip
    return render(request, "library/guide.html", context)


def _shares(found: Interview, norms: list[str]) -> int:
    """How many articles an interview and a guide rest on together."""
    return len({n for item in found.items for n in item.norms} & set(norms))


def _wanted(request: HttpRequest) -> Wanted:
    given = {name: request.GET.get(name, "")[:120] for name in ("kind", "field", "cause", "court_level", "region", "year")}
    for name, choices in (("kind", Case.Kind), ("field", Case.Field), ("court_level", Case.Court)):
        if given[name] not in choices.values:
            given[name] = ""
    return Wanted(text=query_in(request.GET.get("q", ""), 80), **given)


@open_to("public", "GET")
def cases(request: HttpRequest) -> HttpResponse:
    """Cases by facets; each facet says how many stand behind it."""
    wanted = _wanted(request)
    found = find_cases(wanted)
    start = min(whole(request.GET.get("from")), 100_000)
    rows = list(found[start : start + A_PAGE + 1])
    kept = {k: v for k in ("kind", "field", "cause", "court_level", "region", "year") if (v := getattr(wanted, k))} | (
        {"q": wanted.text} if wanted.text else {}
    )
    names = {"kind": dict(Case.Kind.choices), "field": dict(Case.Field.choices), "court_level": dict(Case.Court.choices)}
    facets = []
    for name, values in facets_of(found).items():
        shown = [(value, names.get(name, {}).get(value, value), n, urlencode({**kept, name: value})) for value, n in values if value]
        chosen = kept.get(name, "")
        facets.append((name, shown, chosen, urlencode({k: v for k, v in kept.items() if k != name}), names.get(name, {}).get(chosen, chosen)))
    context = {
        "rows": rows[:A_PAGE], "wanted": wanted, "facets": facets, "total": found.count(), "more": urlencode({**kept, "from": start + A_PAGE}) if len(rows) > A_PAGE else "",
        "regions": children(settings.PROVINCE), "province": division(settings.PROVINCE), "kept": kept,
    }  # fmt: skip
    return render(request, "library/cases.html", context)


@open_to("public", "GET")
def case_page(request: HttpRequest, case_id: uuid.UUID) -> HttpResponse:
    """One case: what it teaches, what happened, how it was decided and why; the law as of the day of the decision."""
    case = case_at(case_id)
    parts = [(name, getattr(case, name)) for name in ("facts", "result", "reasons") if getattr(case, name)]
    return render(request, "library/case.html", {"case": case, "parts": [(name, passages(text)) for name, text in parts], "canonical": f"/cases/{case.pk}"})
