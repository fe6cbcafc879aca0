"""The law library: laws by level and title, a law with its contents and versions, an article with its history."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from fawang.faces.law_links import LEVELS, address_of, day_in, named, number_in, place_of, query_in, standing
from fawang.faces.law_uses import uses_of
from fawang.faces.pages import whole
from fawang.faces.routing import open_to
from fawang.kernel import clock
from fawang.kernel.errors import Absent
from fawang.kernel.policy import require
from fawang.knowledge.differences import compare
from fawang.knowledge.models import Article, Law, LawVersion
from fawang.knowledge.selectors import (
    article_history,
    articles_of,
    contents_of,
    counterpart_of,
    disagreements_of,
    find_law,
    find_laws,
    law_as_of,
    level_counts,
    neighbours_of,
    questions_of,
    versions_of,
)
from fawang.regions.selectors import children, division

A_PAGE = 60


def _day(request: HttpRequest) -> tuple[date, bool]:
    """The day asked for and whether what was typed could not be read."""
    typed = request.GET.get("on", "").strip()
    found = day_in(typed)
    return found or clock.today(), bool(typed) and found is None


@open_to("public", "GET")
def law_list(request: HttpRequest) -> HttpResponse:
    """Laws by level, found by a part of their title; in force on a day unless all are wanted."""
    on, bad_day = _day(request)
    text, level, region = query_in(request.GET.get("q", ""), 60), request.GET.get("level", ""), request.GET.get("region", "")
    level = level if level in LEVELS else ""
    every = request.GET.get("all") == "1"
    start = min(whole(request.GET.get("from")), 100_000)
    rows: list[Law] = []
    more = 0
    searched = bool(text or level or region)
    if searched:
        found = find_laws(text=text, level=level, region=region, in_force_on=None if every else on)
        rows = list(found[start : start + A_PAGE + 1])
        more = start + A_PAGE if len(rows) > A_PAGE else 0
    kept = {
        k: v
        for k, v in (("q", text), ("level", level), ("region", region), ("all", "1" if every else ""), ("on", on.isoformat() if on != clock.today() else ""))
        if v
    }
    counts = level_counts()
    context = {
        "levels": [(code, words, counts.get(code, 0)) for code, words in LEVELS.items() if counts.get(code)], "text": text, "level": level, "every": every, "on": on,
        "bad_day": bad_day, "rows": rows[:A_PAGE], "more": urlencode({**kept, "from": more}) if more else "", "searched": searched, "total": sum(counts.values()),
        "region": region, "regions": children(settings.PROVINCE), "province": division(settings.PROVINCE), "level_name": LEVELS.get(level),
    }  # fmt: skip
    return render(request, "library/laws.html", context)


def law_at(request: HttpRequest, slug: str) -> Law:
    """The law of an address; old titles in an address lead on to the slug. Raises ``Absent``."""
    require("knowledge.read", request.actor)  # type: ignore[attr-defined]
    law = find_law(slug)
    if law is None:
        raise Absent
    return law


def _chosen(law: Law, on: date, wanted: date | None) -> LawVersion:
    """The text asked for, else the one in force, else the last that was, else the first to come."""
    versions = versions_of(law)
    if not versions:
        raise Absent
    if wanted and (found := next((v for v in versions if v.version_date == wanted), None)):
        return found
    return law_as_of(law, on) or next((v for v in versions if v.from_date <= on), versions[-1])


@open_to("public", "GET")
def law_page(request: HttpRequest, slug: str) -> HttpResponse:
    """One law: whether it holds, its texts, its contents, every article."""
    law = law_at(request, slug)
    if law.slug != slug:
        return redirect(f"/law/{law.slug}")
    on, bad_day = _day(request)
    version = _chosen(law, on, day_in(request.GET.get("version")))
    articles = list(articles_of(version))
    headings = contents_of(version)
    first: dict[int, list[Any]] = {}
    for heading in headings:
        first.setdefault(heading.first.pk, []).append(heading)
    context = {
        "law": law, "version": version, "on": on, "bad_day": bad_day, "standing": standing(version, on), "level": LEVELS.get(law.level),
        "versions": [{"version": v, "standing": standing(v, on), "here": v.pk == version.pk} for v in versions_of(law)],
        "articles": [(a, place_of(a.number, a.sub), first.get(a.pk, [])) for a in articles], "headings": headings,
        "disagreements": list(disagreements_of(law)[:20]), "today": clock.today(), "whole_text": len(articles) == 1 and articles[0].number == 0,
        "tail": f"?on={on.isoformat()}" if on != clock.today() else "",
        "canonical": f"/law/{law.slug}",
    }  # fmt: skip
    return render(request, "library/law.html", context)


def _shown_article(history: list[Article], on: date, version: date | None) -> Article:
    """The article as of the day; else as it last was; else as it will first be."""
    if version and (found := next((a for a in history if a.version.version_date == version), None)):
        return found
    live = [a for a in history if a.version.from_date <= on and (a.version.until_date is None or on < a.version.until_date)]
    past = [a for a in history if a.version.from_date <= on]
    return (live or past or history[-1:])[0]


@open_to("public", "GET")
def article_page(request: HttpRequest, slug: str, place: str) -> HttpResponse:
    """One article: its words on a day, how they came about, who relies on them, what people ask about it."""
    law, at = law_at(request, slug), number_in(place)
    if at is None:
        raise Absent
    number, sub = at
    canonical = f"/law/{law.slug}/{place_of(number, sub)}"
    if law.slug != slug or place != place_of(number, sub):
        return redirect(canonical)
    history = article_history(law, number, sub)
    if not history:
        raise Absent
    on, bad_day = _day(request)
    article = _shown_article(history, on, day_in(request.GET.get("version")))
    article.version.law = law
    stands = standing(article.version, on)
    here_after = law_as_of(law, on)
    current = counterpart_of(article, here_after) if here_after and here_after.pk != article.version_id else None
    before, after = neighbours_of(article)
    name = named(law, article.label)
    tail = f"?on={on.isoformat()}" if on != clock.today() else ""
    context = {
        "law": law, "article": article, "name": name, "on": on, "bad_day": bad_day, "standing": stands, "moved": here_after is not None and here_after.pk != article.version_id, "current": current, "tail": tail, "canonical": canonical,
        "path": [p for p in article.chapter.split(" / ") if p], "before": before, "after": after,
        "before_url": address_of(law.slug, before.number, before.sub, on) if before else "", "after_url": address_of(law.slug, after.number, after.sub, on) if after else "",
        "history": _history(history, on, article), "questions": list(questions_of(law, number, sub)[:8]), "uses": uses_of(law, number, sub),
        "copy": f"{name}：{article.text}" if len(article.text) < 3000 else name, "today": clock.today(),
        "disagreements": [d for d in disagreements_of(law) if d.about == article.label],
    }  # fmt: skip
    return render(request, "library/article.html", context)


def _history(history: list[Article], on: date, shown: Article) -> list[dict[str, Any]]:
    """The article's texts, newest first, each with what it changed against the text before, followed over new numbers too."""
    texts = {v.pk: v for v in versions_of(shown.version.law)}
    order = list(texts.values())
    rows = []
    for article in history:
        at = next(i for i, v in enumerate(order) if v.pk == article.version_id)
        before = order[at + 1] if at + 1 < len(order) else None
        older = counterpart_of(article, before) if before else None
        same = older is not None and older.text == article.text
        rows.append({
            "article": article, "standing": standing(article.version, on), "here": article.pk == shown.pk, "same": same, "first": before is None, "new": before is not None and older is None,
            "older": older if older and (older.number, older.sub) != (article.number, article.sub) else None,
            "older_url": f"/law/{shown.version.law.slug}/{place_of(older.number, older.sub)}?version={before.version_date}" if older and before else "",
            "pieces": compare(older.text, article.text) if older and not same else [],
        })  # fmt: skip
    return rows
