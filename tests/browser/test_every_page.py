"""Every page of portal and desk, in every dress, against axe, the width of a small phone and a fingertip."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.architecture.test_registries import operations, routes
from tests.browser.house import Sessions
from tests.browser.scene import Place
from tests.browser.screenshots import DRESSES, Dress, fits, show

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"color-contrast-enhanced": {"enabled": True}, "target-size": {"enabled": True}},
    "resultTypes": ["violations"],
}
NO_PAGE = {
    "healthz": "answers machines",
    "openapi-json": "answers machines",
    "api-root": "answers machines",
    "track_step": "takes a form",
    "track_message": "takes a form",
    "track_rating": "takes a form",
    "me": "needs a proven phone; its own test",
    "me_sign_out": "takes a form",
    "download": "a file",
    "site_map": "a picture the operator puts there",
    "prefs": "sets a cookie and goes back",
    "leave": "goes to the calendar",
    "desk_sign_out": "takes a form",
    "desk_password": "only at the first sign-in; its own test",
    "desk_device": "only at the first sign-in; its own test",
    "desk_bulk": "takes a form",
    "desk_views": "takes a form",
    "desk_step": "takes a form",
    "desk_act": "takes a form",
    "desk_attach": "takes a form",
    "desk_tickets": "takes a form",
    "desk_export": "a file",
    "desk_account_new": "takes a form",
    "desk_account_change": "takes a form",
    "desk_me_change": "takes a form",
    "desk_calendar": "takes a form",
}
"""Routes that show no page of their own, each with its reason; every other route stands in the scene."""

SMALL = """() => {
  const found = [];
  for (const node of document.querySelectorAll('a, button, input, select, textarea, summary')) {
    const box = node.getBoundingClientRect();
    const style = getComputedStyle(node);
    if (!box.width || style.visibility === 'hidden' || node.type === 'hidden' || node.closest('.skip') || node.type === 'radio' || node.type === 'checkbox') continue;
    const inline = style.display === 'inline' && node.parentElement.textContent.trim().length > node.textContent.trim().length;
    if (inline || (box.width >= 44 - .5 && box.height >= 44 - .5)) continue;
    found.push(`${node.tagName.toLowerCase()} ${node.textContent.trim().slice(0, 20)} ${Math.round(box.width)}x${Math.round(box.height)}`);
  }
  for (const node of document.querySelectorAll('label.choice')) {
    const box = node.getBoundingClientRect();
    if (box.width && box.height < 43.5) found.push(`label ${node.textContent.trim().slice(0, 20)} ${Math.round(box.height)}`);
  }
  return found;
}"""
WIDE = """() => {
  const room = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= room) return [];
  return Array.from(document.querySelectorAll('body *')).filter((n) => n.getBoundingClientRect().right > room + 1 && !n.closest('.scroll, .chart'))
    .slice(0, 5).map((n) => n.outerHTML.slice(0, 90));
}"""


def test_the_scene_holds_every_page_the_router_knows(places: list[Place]) -> None:
    known = {p.name for at, p in routes() if not operations(p) and not at.startswith("api/")}
    shown = {place.route for place in places}
    assert known - shown - set(NO_PAGE) == set(), "pages nobody looks at"
    assert set(NO_PAGE) & shown == set()


def faults(page: Page) -> list[str]:
    """What axe finds, one line a rule."""
    found: Any = Axe().run(page, options=RULES).response
    return [f"{v['id']}: {len(v['nodes'])}× {v['nodes'][0]['html'][:110]} {v['nodes'][0].get('failureSummary', '')[:200]}" for v in found["violations"]]


@pytest.mark.parametrize("dress", DRESSES, ids=[d.name for d in DRESSES])
def test_axe_finds_nothing_and_nothing_is_too_wide_or_too_small(sessions: Sessions, places: list[Place], dress: Dress) -> None:
    wrong: dict[str, list[str]] = {}
    windows: dict[str, Page] = {}
    for place in places:
        if not fits(place, dress):
            continue
        if place.who not in windows:
            windows[place.who] = sessions.page(place.who, width=dress.width, cookies=dict(dress.cookies))
        page = windows[place.who]
        show(page, place)
        found = faults(page)
        if dress.width <= 390:
            found += [f"too wide: {w}" for w in page.evaluate(WIDE)]
        if not place.route.startswith("desk") and dress.width <= 390:
            found += [f"too small: {w}" for w in page.evaluate(SMALL)]
        if found:
            wrong[place.name] = found
    for page in windows.values():
        page.context.close()
    assert wrong == {}
