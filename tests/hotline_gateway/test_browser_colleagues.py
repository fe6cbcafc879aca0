"""Two lawyers in two browsers and one citizen at a telephone: asking a colleague, talking as three, handing a call over. Told by tones, in every ear."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.browser.house import House, chromium
from tests.hotline_gateway.caller import Caller
from tests.hotline_gateway.seats import FREE, PATIENCE, browser_hears, on_the_line, ready, seated, speak, until

CITIZEN, LIN, XU, MUSIC = 580, 1000, 1300, 440
ALL = (CITIZEN, LIN, XU, MUSIC)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not chromium(), reason="!! no Chromium: apt-get install chromium fonts-noto-cjk"),
]


@pytest.fixture(scope="module")
def lin(tools: Playwright, house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with seated(tools, house, "lin", "8001", speak(tmp_path_factory.mktemp("lin") / "tone.wav", LIN)) as page:
        yield page


@pytest.fixture(scope="module")
def xu(tools: Playwright, house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with seated(tools, house, "xu", "8002", speak(tmp_path_factory.mktemp("xu") / "tone.wav", XU)) as page:
        yield page


@pytest.fixture
def citizen(house: House, lin: Page, xu: Page) -> Iterator[Caller]:
    """A citizen in conversation with Lin, and Xu at his seat but not ready; what a test leaves standing is hung up."""
    caller = Caller(CITIZEN, ("127.0.0.1", int(house.base.rsplit(":", 1)[1]) + 10_000))
    try:
        ready(lin)
        caller.dial()
        lin.get_by_role("button", name="接听").click()
        on_the_line(lin)
        yield caller
    finally:
        caller.hang_up()
        caller.close()
        for page in (lin, xu):
            expect(page.locator("[data-line-words]")).to_have_text("语音线路就绪", timeout=PATIENCE)


def pass_on(page: Page, button: str, whom: str) -> None:
    """Open the form, choose somebody by name, say why."""
    page.locator("summary[data-hotkey=z]").click()
    option = page.locator("select[name=to] option", has_text=whom)
    page.locator("select[name=to]").select_option(value=option.get_attribute("value"))
    page.locator("details[data-name=pass] input[name=reason]").fill("请教工伤赔偿")
    page.get_by_role("button", name=button).click()


def hear(lin: Page, xu: Page | None, citizen: Caller, *, by_lin: set[int], by_citizen: set[int], by_xu: set[int] = frozenset()) -> None:  # type: ignore[assignment]
    """What is in each ear; ``xu`` is None while he is in no conversation."""
    until(lambda: citizen.hears(*ALL), by_citizen)
    until(lambda: browser_hears(lin, *ALL), by_lin)
    if xu is not None:
        until(lambda: browser_hears(xu, *ALL), by_xu)


def test_a_colleague_is_consulted_while_the_citizen_hears_music_then_they_talk_as_three(lin: Page, xu: Page, citizen: Caller) -> None:
    pass_on(lin, "先咨询", "徐文")
    expect(xu.get_by_text("同事请您加入")).to_be_visible()
    xu.get_by_role("button", name="接听").click()
    on_the_line(xu)
    hear(lin, xu, citizen, by_citizen={MUSIC}, by_lin={XU}, by_xu={LIN})
    lin.get_by_role("button", name="三方通话").click()
    expect(lin.get_by_role("button", name="请对方退出")).to_be_visible()
    hear(lin, xu, citizen, by_citizen={LIN, XU}, by_lin={CITIZEN, XU}, by_xu={CITIZEN, LIN})
    lin.get_by_role("button", name="请对方退出").click()
    expect(xu.locator("[data-line-words]")).to_have_text("语音线路就绪", timeout=PATIENCE)
    hear(lin, None, citizen, by_citizen={LIN}, by_lin={CITIZEN})
    lin.get_by_role("button", name="挂断").click()
    expect(lin.get_by_text("整理完，接下一个")).to_be_visible()


def test_a_call_is_handed_over_after_asking_and_the_first_lawyer_is_out_of_it(lin: Page, xu: Page, citizen: Caller) -> None:
    pass_on(lin, "先咨询", "徐文")
    xu.get_by_role("button", name="接听").click()
    on_the_line(xu)
    lin.get_by_role("button", name="转给对方，我退出").click()
    expect(lin.locator("[data-line-words]")).to_have_text("语音线路就绪", timeout=PATIENCE)
    until(lambda: citizen.hears(*ALL), {XU})
    until(lambda: browser_hears(xu, *ALL), {CITIZEN})
    expect(xu.locator("form[data-autosave]")).to_be_visible()  # the ticket goes on with him
    xu.get_by_role("button", name="挂断").click()
    expect(xu.get_by_text("整理完，接下一个")).to_be_visible()


def test_a_call_passed_on_at_once_rings_at_the_colleague_while_the_citizen_is_never_left_in_silence(lin: Page, xu: Page, citizen: Caller) -> None:
    ready(xu)
    pass_on(lin, "直接转接", "徐文")
    expect(xu.get_by_role("button", name="接听")).to_be_visible()
    xu.get_by_role("button", name="接听").click()
    on_the_line(xu)
    expect(lin.locator("[data-line-words]")).to_have_text("语音线路就绪", timeout=PATIENCE)
    until(lambda: citizen.hears(*ALL), {XU})
    until(lambda: browser_hears(xu, *ALL), {CITIZEN})
    xu.get_by_role("button", name="挂断").click()
    expect(xu.get_by_text("整理完，接下一个")).to_be_visible()


def test_the_scripted_caller_of_the_demonstration_rings_whoever_asks_for_him(lin: Page, xu: Page) -> None:
    ready(lin)
    lin.get_by_role("button", name="让演示来电打给我").click()
    expect(lin.get_by_role("button", name="接听")).to_be_visible()
    lin.get_by_role("button", name="接听").click()
    on_the_line(lin)
    expect(lin.locator("form[data-autosave]")).to_be_visible()
    lin.get_by_role("button", name="挂断").click()
    expect(lin.get_by_text("整理完，接下一个")).to_be_visible()
    expect(xu.get_by_text(FREE)).to_have_count(0)
