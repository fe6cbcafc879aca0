"""Statistics: by office, service, category and day, each with its definition, denominator and the matters behind it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse

from fawang.faces.desk.frame import actor_of, page
from fawang.faces.desk.queue import rows_of
from fawang.faces.law_links import day_in
from fawang.faces.pages import language
from fawang.faces.routing import open_to
from fawang.kernel import clock
from fawang.kernel.errors import Absent
from fawang.matters.categories import names_of
from fawang.matters.models import Matter
from fawang.matters.policies import sight
from fawang.matters.processes import all_processes
from fawang.oversight.figures import FIGURES, by, compute, matters_behind
from fawang.people.actors import Actor
from fawang.registry.models import Organisation
from fawang.registry.tree import descendant_ids

PARTS = (("day", "日期", "Day", 0), ("office", "机构", "Office", 1), ("process", "服务", "Service", 2), ("category", "分类", "Category", 3))
LONGEST = timedelta(days=370)


def offices_of(actor: Actor) -> set[str]:
    """Offices whose figures the actor may see: those his roles reach."""
    found: set[str] = set()
    for role in ("statistician", "supervisor", "office_head", "audit_admin", "dispatcher"):
        for grant in actor.scopes(role):
            if grant.office_id:
                found |= {str(o) for o in descendant_ids(grant.office_id)}
            else:
                found |= {str(o) for o in Organisation.objects.filter(region_code__startswith=grant.region_code.rstrip("0")).values_list("pk", flat=True)}
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
    """The matters behind one figure. What the actor may not see is counted, never shown."""
    actor = actor_of(request)
    first, last = _span(request.GET)
    figure = next((f for f in FIGURES if f.code == request.GET.get("figure")), None)
    if figure is None:
        raise Absent
    offices = offices_of(actor)
    keys = {name: request.GET.get(name, "") for name in ("office", "process", "category")}
    if day := request.GET.get("day"):
        first = last = _day(day, first)
    ids = matters_behind(
        figure.code, first, last, offices={keys["office"]} & offices if keys["office"] else offices, process=keys["process"], category=keys["category"] or None
    )
    matters = list(Matter.objects.filter(pk__in=ids[:500]).select_related("office", "assignee").order_by("-opened_at")[:200])
    shown = [m for m in matters if sight(actor, m) & {"topic", "content"}]
    context = {"figure": figure, "rows": rows_of(shown), "total": len(ids), "hidden": len(ids) - len(shown), "first": first, "last": last}
    return page(request, "desk/behind.html", context)
