"""Service sites: the list first, then where they lie to each other, on no map of ours.

Maps shown to the public need approval in China. An operator who holds an approved one puts it into the state folder
(:mod:`fawang.faces.portal.approved_map`); without it only positions and a scale are drawn.
"""

from __future__ import annotations

import math
from typing import Any

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render

from fawang.faces.pages import language
from fawang.faces.portal.approved_map import ApprovedMap, approved_map
from fawang.faces.routing import open_to
from fawang.kernel import clock
from fawang.kernel.errors import Absent
from fawang.kernel.freshness import one_look
from fawang.regions.selectors import children, scope_contains
from fawang.registry.hours import open_at
from fawang.registry.kinds import ACCESSIBILITY, ITEMS
from fawang.registry.models import ServiceSite

WIDTH, MARGIN, KM_PER_DEGREE = 300, 26, 111.32
BARS = (1, 2, 5, 10, 20, 50, 100, 200)


@open_to("public", "GET")
def sites(request: HttpRequest) -> HttpResponse:
    """Places of a region: open now, hours, what is offered, who can get in."""
    region, tongue = request.GET.get("region", ""), language()
    rows = [
        s for s in ServiceSite.objects.filter(state="active").order_by("region_code", "level", "name") if not region or scope_contains(region, s.region_code)
    ]
    with one_look():
        shown = [
            {
                "site": s, "open": open_at(s.opening_hours, clock.now()), "hours": _hours(s, tongue),
                "items": "、".join(ITEMS[i].in_language(tongue) for i in s.items if i in ITEMS),
                "access": "、".join(ACCESSIBILITY[a].in_language(tongue) for a in s.accessibility if a in ACCESSIBILITY),
            }
            for s in rows
        ]  # fmt: skip
    return render(request, "portal/sites.html", {"sites": shown, "plot": plot(rows, approved_map()), "regions": children(settings.PROVINCE), "region": region})


def _hours(site: ServiceSite, tongue: str) -> str:
    words = "、".join(span.replace("-", "–") for span in (site.opening_hours or {}).get("mon", []))
    return f"工作日 {words}" if words and not tongue.startswith("en") else words


def plot(rows: list[ServiceSite], ground: ApprovedMap | None) -> dict[str, Any]:
    """The sites' positions in a picture 300 wide, north up, one scale both ways, sites too close drawn side by side."""
    placed = [(n, float(s.lon), float(s.lat)) for n, s in enumerate(rows, 1) if s.lon is not None and s.lat is not None]
    if len(placed) < 2:
        return {"points": []}
    middle = sum(lat for _, _, lat in placed) / len(placed)
    narrow = math.cos(math.radians(middle))
    west, north = min(lon for _, lon, _ in placed), max(lat for _, _, lat in placed)
    wide, high = (max(lon for _, lon, _ in placed) - west) * narrow, north - min(lat for _, _, lat in placed)
    scale = (WIDTH - 2 * MARGIN) / max(wide, high, 0.01)
    height = round(min(max(high * scale, 60), WIDTH - 2 * MARGIN) + 2 * MARGIN + 30)
    points = [{"n": n, "x": round(MARGIN + (lon - west) * narrow * scale), "y": round(MARGIN + (north - lat) * scale)} for n, lon, lat in placed]
    _part(points)
    km = max((b for b in BARS if b / KM_PER_DEGREE * scale <= WIDTH / 3), default=BARS[0])
    for point in points:
        point["ty"] = point["y"] + 5
    under = ground.placed(lambda lon, lat: (MARGIN + (lon - west) * narrow * scale, MARGIN + (north - lat) * scale)) if ground else None
    return {
        "points": points, "height": height, "lines": [f"M0 {y}H{WIDTH}" for y in range(50, height, 50)] + [f"M{x} 0V{height}" for x in range(50, WIDTH, 50)],
        "km": km, "bar": round(km / KM_PER_DEGREE * scale, 1), "foot": height - 10, "word": height - 16, "map": under,
    }  # fmt: skip


def _part(points: list[dict[str, int]]) -> None:
    """Push discs that cover each other apart, the later ones to the right and down, so that every number can be read."""
    for at, point in enumerate(points):
        for _ in range(24):
            near = next((p for p in points[:at] if abs(p["x"] - point["x"]) < 25 and abs(p["y"] - point["y"]) < 25), None)
            if near is None:
                break
            if near["x"] + 26 <= WIDTH - 14:
                point["x"] = near["x"] + 26
            else:
                point["x"], point["y"] = MARGIN, near["y"] + 26


@open_to("public", "GET")
def ground(request: HttpRequest) -> HttpResponseBase:
    """The approved map's picture."""
    found = approved_map()
    if found is None:
        raise Absent
    response = FileResponse(found.file.open("rb"), content_type=found.content_type)
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; style-src 'unsafe-inline'"
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response
