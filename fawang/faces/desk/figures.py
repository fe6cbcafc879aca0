"""Statistics: by office, service, category and day, each with its definition, denominator and the matters behind it.

The matters behind a number are exactly those it counts; of each its reader sees what his posts give him, and no more.
"""

from __future__ import annotations

import uuid
from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict

from fawang.faces.desk.frame import actor_of, page
from fawang.faces.desk.queue import rows_of
from fawang.faces.law_links import day_in
from fawang.faces.pages import language, whole
from fawang.faces.routing import open_to
from fawang.kernel import clock
from fawang.kernel.errors import Absent
from fawang.matters.categories import names_of
from fawang.matters.models import Matter
from fawang.matters.policies import sight
from fawang.matters.processes import all_processes
from fawang.oversight.figures import FIGURES, by, compute, matters_behind
from fawang.people.actors import Actor
from fawang.regions.selectors import scope_contains
from fawang.registry.models import Organisation
from fawang.registry.tree import descendant_ids

PARTS = (("day", "日期", "Day", 0), ("office", "机构", "Office", 1), ("process", "服务", "Service", 2), ("category", "分类", "Category", 3))
LONGEST = timedelta(days=370)
PAGE = 100


def offices_of(actor: Actor) -> set[str]:
    """Offices whose figures the actor may see: those his roles reach."""
    found: set[str] = set()
    for role in ("statistician", "supervisor", "office_head", "audit_admin", "dispatcher"):
        for grant in actor.scopes(role):
            if grant.office_id:
                found |= {str(o) for o in descendant_ids(grant.office_id)}
            else:
                found |= {str(o) for o, region in Organisation.objects.values_list("pk", "region_code") if scope_contains(grant.region_code, region)}
    return found


def _day(text: str, default: date) -> date:
    """The day in an address, within the years there can be figures of; ``default`` for anything else."""
    return day_in(text) or default


def _span(query: Any) -> tuple[date, date]:
    last = _day(query.get("to", ""), clock.today())
    first = _day(query.get("from", ""), last - timedelta(days=29))
    return (first, last) if timedelta() <= last - first <= LONGEST else (last - timedelta(days=29), last)


@open_to("oversight.figures", "GET")
def figures_page(request: HttpRequest) -> HttpResponse:
    """The figures of a span, grouped one way, with a chart."""
    actor = actor_of(request)
    first, last = _span(request.GET)
    part = next((p for p in PARTS if p[0] == request.GET.get("by")), PARTS[0])
    offices = offices_of(actor)
    counted = compute(first, last)
    rows = by(counted, part[3], offices)
    totals = {code: sum(n for key, n in counter.items() if key[1] in offices) for code, counter in counted.items()}
    days = {r["key"]: r for r in by(counted, 0, offices)}
    span = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    most = max([r["received"] for r in days.values()] or [1]) or 1
    tongue = language()
    context = {
        "figures": FIGURES, "rows": [_row(r, part[0]) for r in _named(rows, part[0], tongue)], "totals": totals, "first": first, "last": last, "part": part[0],
        "parts": [(c, e if tongue.startswith("en") else z) for c, z, e, _ in PARTS],
        "bars": [{"day": d, "n": days.get(d, {}).get("received", 0), "h": round(days.get(d, {}).get("received", 0) * 100 / most)} for d in span][-62:],
        "shares": [(f, totals[f.code], totals[f.denominator]) for f in FIGURES if f.denominator],
    }  # fmt: skip
    return page(request, "desk/figures.html", context)


def _named(rows: list[dict[str, Any]], part: str, tongue: str) -> list[dict[str, Any]]:
    names: dict[str, str] = {}
    if part == "office":
        names = {str(k): v for k, v in Organisation.objects.filter(pk__in=[r["key"] for r in rows]).values_list("pk", "name")}
    elif part == "process":
        names = {p.code: p.name.in_language(tongue) for p in all_processes()}
    elif part == "category":
        names = names_of({r["key"] for r in rows if r["key"]}, tongue)
    return [{**r, "name": names.get(str(r["key"]), str(r["key"]) or "未分类")} for r in rows]


def _row(row: dict[str, Any], part: str) -> dict[str, Any]:
    return {"key": str(row["key"]), "name": row["name"], "cells": [(f, row[f.code], row[f.denominator] if f.denominator else None) for f in FIGURES]}


@open_to("oversight.figures", "GET")
def behind(request: HttpRequest) -> HttpResponse:
    """The matters behind one figure. Whose posts give him the handling alone sees numbers and states; what he may not see at all is counted."""
    actor, query = actor_of(request), request.GET
    figure = next((f for f in FIGURES if f.code == query.get("figure")), None)
    first, last = _span(query)
    if "day" in query:
        day = day_in(query["day"])
        if day is None:
            raise Absent
        first = last = day
    if figure is None:
        raise Absent
    offices = offices_of(actor)
    if query.get("office"):
        offices &= {query["office"]}
    counted = matters_behind(figure.code, first, last, offices=offices, process=query.get("process", ""), category=query.get("category"))
    start = min(whole(query.get("start")), len(counted))
    part = list(counted)[start : start + PAGE]
    found = {m.pk: m for m in Matter.objects.filter(pk__in=part).select_related("office", "assignee")}
    rows = _seen(actor, [found[pk] for pk in part], counted)
    context = {
        "figure": figure, "rows": rows, "number": sum(counted.values()), "matters": len(counted), "hidden": len(part) - len(rows), "first": first, "last": last,
        "start": start + 1, "end": start + len(part), "before": _page(query, max(0, start - PAGE)) if start else "", "after": _page(query, start + PAGE) if start + PAGE < len(counted) else "",
    }  # fmt: skip
    return page(request, "desk/behind.html", context)


def _seen(actor: Actor, matters: list[Matter], counted: dict[uuid.UUID, int]) -> list[dict[str, Any]]:
    """Rows of those matters the actor may know of; without words and category where he sees the handling alone."""
    aspects = {m.pk: sight(actor, m) for m in matters}
    rows = rows_of([m for m in matters if aspects[m.pk]])
    for row in rows:
        row["times"] = counted[row["id"]]
        if not aspects[row["id"]] & {"topic", "content"}:
            row |= {"title": row["number"], "category": ""}
    return rows


def _page(query: QueryDict, start: int) -> str:
    """The address of another part of the same list."""
    there = query.copy()
    there["start"] = str(start)
    return there.urlencode()
