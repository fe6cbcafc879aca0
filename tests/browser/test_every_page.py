"""Every page of portal and desk, in every dress, against axe, the width of a small phone and a fingertip."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Error, Page

from tests.architecture.test_registries import operations, routes
from tests.browser.house import Sessions
from tests.browser.places import Place
from tests.browser.screenshots import show

RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"color-contrast-enhanced": {"enabled": True}, "target-size": {"enabled": True}},
    "resultTypes": ["violations"],
    "preload": False,
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
    "me_add": "takes a form",
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
    "desk_categories_table": "a file",
    "desk_categories_next": "takes a form",
    "suggest": "answers scripts while one types",
    "interview_answer": "takes a form",
    "interview_opinion": "takes a form",
    "opinion_pdf": "a file",
    "opinion_docx": "a file",
    "desk_answer_library": "takes a form",
    "desk_answer_found": "answers scripts while one types",
    "desk_answer_checked": "answers scripts while one types",
    "desk_answer_similar": "answers scripts while one types",
    "desk_answer_draft": "takes a form",
    "desk_review": "takes a form",
    "desk_local_figure": "takes a form",
    "desk_snippet": "takes a form",
    "desk_seat_do": "takes a form",
    "desk_seat_beat": "answers scripts",
    "desk_seat_line": "answers scripts",
    "desk_call_ticket_save": "takes a form",
    "desk_hotline_supervise": "takes a form",
    "desk_hotline_sound": "a file",
    "desk_hotline_transcribe": "takes a form",
    "desk_hotline_listen": "a file",
    "desk_hotline_score": "takes a form",
    "desk_hotline_appeal": "takes a form",
    "desk_hotline_roster_do": "takes a form",
    "desk_hotline_draft": "takes a form",
    "desk_hotline_announce": "takes a form",
    "desk_hotline_revise": "takes a form",
    "desk_hotline_simulate": "takes a form",
    "desk_hotline_live": "takes a form",
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


def faults(page: Page, *only: str) -> list[str]:
    """What axe finds, one line a rule; ``only`` these rules where named. The whole page lies in the window: what a bar at its foot covers can be scrolled to."""
    options = {**RULES, "runOnly": list(only)} if only else RULES
    room = page.viewport_size
    assert room is not None
    tall = min(max(room["height"], int(page.evaluate("document.documentElement.scrollHeight"))), 12_000)
    page.set_viewport_size({"width": room["width"], "height": tall})
    found: Any = Axe().run(page, options=options).response
    page.set_viewport_size({"width": room["width"], "height": room["height"]})
    return [f"{v['id']}: {len(v['nodes'])}× {v['nodes'][0]['html'][:140]} {v['nodes'][0].get('failureSummary', '')[:240]}" for v in found["violations"]]


def narrow(page: Page, place: Place) -> list[str]:
    """What a narrow window shows that it should not."""
    found = [f"too wide: {w}" for w in page.evaluate(WIDE)]
    if not place.route.startswith("desk"):
        found += [f"too small: {w}" for w in page.evaluate(SMALL)]
    return found


def _settled(page: Page, place: Place, check: Callable[[Page, Place], list[str]], width: int) -> list[str]:
    """What the check finds. A live page may renew itself while it is looked at: then it is opened and looked at again."""
    for _ in range(4):
        show(page, place)
        try:
            return check(page, place)
        except Error as gone:
            if "context was destroyed" not in str(gone):
                raise
            page.set_viewport_size({"width": width, "height": 900})
    show(page, place)
    return check(page, place)


def look(sessions: Sessions, places: list[Place], *, width: int, cookies: dict[str, str], check: Callable[[Page, Place], list[str]]) -> None:
    """Open every place in one dress and fail with all that is wrong."""
    wrong: dict[str, list[str]] = {}
    windows: dict[str, Page] = {}
    for place in places:
        if place.who not in windows:
            windows[place.who] = sessions.page(place.who, width=width, cookies=cookies)
        if found := _settled(windows[place.who], place, check, width):
            wrong[place.name] = found
    for page in windows.values():
        page.context.close()
    if wrong:
        pytest.fail("\n".join(f"{name}: {line}" for name, lines in wrong.items() for line in lines), pytrace=False)


def test_at_the_desk_and_on_a_large_screen_axe_finds_nothing_in_light_or_dark_roomy_or_compact_nor_is_it_too_wide_when_narrow(
    sessions: Sessions, places: list[Place]
) -> None:
    def check(page: Page, place: Place) -> list[str]:
        found = faults(page)
        page.evaluate("document.documentElement.dataset.theme = 'dark'")
        found += [f"dark {f}" for f in faults(page, "color-contrast", "color-contrast-enhanced")]
        page.evaluate("Object.assign(document.documentElement.dataset, {theme: '', density: 'compact'})")
        if place.route.startswith("desk"):
            found += [f"compact {f}" for f in faults(page, "target-size")]
        page.set_viewport_size({"width": 320, "height": 800})
        page.evaluate("document.documentElement.dataset.density = ''")
        found += narrow(page, place)
        page.set_viewport_size({"width": 1280, "height": 900})
        return found

    look(sessions, places, width=1280, cookies={}, check=check)


def test_in_english_on_the_smallest_phone_axe_finds_nothing_and_nothing_is_too_wide_or_too_small(sessions: Sessions, places: list[Place]) -> None:
    look(sessions, places, width=320, cookies={"lang": "en"}, check=lambda page, place: faults(page) + narrow(page, place))


def test_in_elder_mode_axe_finds_nothing_nothing_is_small_and_the_three_buttons_are_at_hand(sessions: Sessions, places: list[Place]) -> None:
    def check(page: Page, place: Place) -> list[str]:
        found = faults(page) + narrow(page, place)
        small = page.evaluate(
            "Array.from(document.querySelectorAll('body *')).filter((n) => n.offsetParent && n.childNodes.length && n.firstChild.nodeType === 3"
            " && n.textContent.trim() && parseFloat(getComputedStyle(n).fontSize) < 22 && !n.closest('.vh')).map((n) => n.outerHTML.slice(0, 80))"
        )
        found += [f"smaller than 22 px: {s}" for s in small[:3]]
        if place.route != "calendar" and page.locator(".elderbar > *").count() != 3:
            found.append("the bar with Back, Call and Read aloud is missing")
        return found

    look(sessions, [p for p in places if not p.route.startswith("desk")], width=390, cookies={"elder": "1"}, check=check)
