"""The hotline's pages in the scene: a seat with somebody on the line and a ticket begun, an empty seat, the wallboard, the lists."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.house import Sessions
from tests.browser.places import Place

CALLER = "13800138000"


def sit_down(page: Page, number: str) -> None:
    """Sign on to a seat and be ready for calls."""
    page.goto("/desk/hotline/")
    if page.locator("form[action$='/do/sign_on']").count():
        page.locator(f"[name=seat][value='{number}']").check()
        page.locator("[name=line][value=phone]").check()
        with page.expect_navigation():
            page.locator("form[action$='/do/sign_on'] button.main").click()
    page.locator("form[action$='/do/ready'] button.main").click()
    page.locator("form[action$='/do/not_ready']").wait_for()


def talk(page: Page) -> None:
    """Until somebody is on the line and the ticket is open."""
    for _ in range(60):
        page.goto("/desk/hotline/")
        if page.locator("form[action$='/do/hang_up']").count():
            return
        page.wait_for_timeout(500)
    raise AssertionError("nobody came through")


def hotline_places(sessions: Sessions) -> list[Place]:
    """Play the hotline's part of the scene."""
    house = sessions.house
    house.telephone("leave 13900139000")
    page = sessions.page("lin")
    sit_down(page, "9001")
    house.telephone(f"call {CALLER}")
    talk(page)
    form = page.locator("form[data-autosave]")
    ticket = str(form.get_attribute("data-autosave")).removesuffix("/save")
    form.locator("[name=nature][value=consultation]").check()
    form.locator("[name=facts]").fill("厂里拖了三个月工资，问怎么要。")
    form.locator("[data-saved]").filter(has_text="已保存").wait_for()
    page.context.close()
    house.telephone(f"check {ticket.rsplit('/', 1)[1]}")
    checker, planner = sessions.page("jin"), sessions.page("gao")
    checker.goto("/desk/hotline/quality")
    sample = str(checker.locator("main a[href^='/desk/hotline/quality/']").first.get_attribute("href"))
    planner.goto("/desk/hotline/plan")
    edition = str(planner.locator("main a[href^='/desk/hotline/plan/']").first.get_attribute("href"))
    planner.locator("form[action$='/plan/draft'] [name=note]").fill("夜间延长")
    with planner.expect_navigation():
        planner.locator("form[action$='/plan/draft'] button").click()
    draft = planner.url
    for window in (checker, planner):
        window.context.close()
    return [
        Place("desk_seat", "ma", "/desk/hotline/", "empty"),
        Place("desk_seat", "lin", "/desk/hotline/", "talking"),
        Place("desk_call_ticket", "lin", ticket),
        Place("desk_hotline_board", "ma", "/desk/hotline/board"),
        Place("desk_hotline_work", "ma", "/desk/hotline/work"),
        Place("desk_hotline_quality", "jin", "/desk/hotline/quality"),
        Place("desk_hotline_sample", "jin", sample),
        Place("desk_hotline_roster", "gao", "/desk/hotline/roster"),
        Place("desk_hotline_plan", "gao", "/desk/hotline/plan"),
        Place("desk_hotline_edition", "gao", edition),
        Place("desk_hotline_edition", "gao", draft, "draft"),
        Place("desk_hotline_edition", "gao", draft, "wrong", send={"keep_recordings_days": "7"}),
    ]
