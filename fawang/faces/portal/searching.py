"""One box for everything: law, guides, interviews, sums, places; and a lawyer at every moment."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from fawang.faces.law_links import LEVELS, day_in, query_in
from fawang.faces.looking import KINDS, Looked, Wish, look
from fawang.faces.pages import limited
from fawang.faces.portal.asking import is_sensitive
from fawang.faces.routing import open_to
from fawang.kernel import clock
from fawang.knowledge.selectors import find_law
from fawang.regions.selectors import children, division

VIOLENT = ("家暴", "打我", "打人", "家庭暴力", "强奸", "虐待", "动手", "violence")
A_LIST = 24


def _wish(request: HttpRequest, *, limit: int = A_LIST) -> tuple[Wish, bool]:
    """What is looked for, and whether the day could not be read."""
    typed_day = request.GET.get("on", "").strip()
    day = day_in(typed_day)
    kind, level = request.GET.get("kind", ""), request.GET.get("level", "")
    wish = Wish(
        query_in(request.GET.get("q", "")), kind if kind in KINDS else "", request.GET.get("law", "")[:80], level if level in LEVELS else "",
        request.GET.get("region", "")[:12], day, limit,
    )  # fmt: skip
    return wish, bool(typed_day) and day is None


@open_to("public", "GET")
def search(request: HttpRequest) -> HttpResponse:
    """Results in groups, why they matched, what others asked, and what to do when nothing was found."""
    limited(request, "search", 240)
    wish, bad_day = _wish(request)
    law = find_law(wish.law) if wish.law else None
    found = look(wish) if wish.text else None
    kept = {
        k: v
        for k, v in (("q", wish.text), ("law", wish.law), ("level", wish.level), ("region", wish.region), ("on", wish.day.isoformat() if wish.day else ""))
        if v
    }
    context = {
        "wish": wish, "found": found, "bad_day": bad_day, "law": law, "kinds": [(code, words) for code, (words, _) in KINDS.items()], "levels": LEVELS.items(),
        "base": urlencode(kept), "filtered": bool(wish.kind or wish.level or wish.region or wish.day or wish.law), "plain": urlencode({"q": wish.text}),
        "regions": children(settings.PROVINCE), "province": division(settings.PROVINCE), "today": clock.today(), "doors": found is None,
        "sensitive": any(word in wish.text for word in VIOLENT) or is_sensitive(request.GET.get("category", "")),
    }  # fmt: skip
    return render(request, "library/search.html", context)


@open_to("public", "GET")
def suggest(request: HttpRequest) -> HttpResponse:
    """A few results while somebody types: titles and addresses, nothing kept."""
    limited(request, "suggest", 600)
    wish, _ = _wish(request, limit=8)
    rows = _rows(look(wish)) if len(wish.text) >= 2 else []
    response = JsonResponse({"results": rows}, json_dumps_params={"ensure_ascii": False})
    response.headers["Cache-Control"] = "no-store"
    return response


def _rows(found: Looked) -> list[dict[str, Any]]:
    return [
        {"kind": kind, "group": str(words), "title": row.title, "label": row.label, "url": row.url} for kind, words, _, rows in found.groups for row in rows[:4]
    ][:8]  # fmt: skip
