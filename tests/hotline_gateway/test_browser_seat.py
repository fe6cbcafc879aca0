"""A real call to a real browser: a telephone dials 12348, a lawyer answers in Chromium; what each hears is told by the frequency of a tone."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, expect

from fawang.hotline.engines.sound import WAV_HEADER_BYTES
from tests.browser.house import House, chromium
from tests.hotline_engines.phone import A_TABLE, strength
from tests.hotline_gateway.caller import Caller
from tests.hotline_gateway.seats import PATIENCE, browser_hears, ready, seated, speak, until

CITIZEN, LAWYER, MUSIC = 580, 1000, 440
"""What each says all the time, in hertz; the music on hold is the demonstration's."""
SEAT = "8001"
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not chromium(), reason="!! no Chromium: apt-get install chromium fonts-noto-cjk"),
]
if not chromium():
    print("\n!! SKIPPED: no Chromium, browser seats are not tried (apt-get install chromium fonts-noto-cjk)", file=sys.stderr)


@pytest.fixture(scope="module")
def lawyer(tools: Playwright, house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A lawyer signed on at a seat with a headset."""
    with seated(tools, house, "lin", SEAT, speak(tmp_path_factory.mktemp("sound") / "tone.wav", LAWYER)) as page:
        yield page


@pytest.fixture(scope="module")
def citizen(house: House) -> Iterator[Caller]:
    port = int(house.base.rsplit(":", 1)[1]) + 10_000
    caller = Caller(CITIZEN, ("127.0.0.1", port))
    yield caller
    caller.hang_up()
    caller.close()


@pytest.fixture
def talking(lawyer: Page, citizen: Caller) -> Page:
    """Citizen and lawyer in conversation: the one there is, or a new one; answered by keyboard."""
    if citizen.line is None or citizen.line.over.is_set():
        ready(lawyer)
        citizen.dial()
        expect(lawyer.get_by_role("button", name="接听")).to_be_visible(timeout=PATIENCE)
        lawyer.keyboard.press("Alt+a")
    expect(lawyer.locator("[data-line-words]")).to_have_text("通话中", timeout=PATIENCE)
    expect(lawyer.get_by_role("button", name="挂断")).to_be_visible(timeout=PATIENCE)
    return lawyer


def both_ways(page: Page, citizen: Caller) -> None:
    """Each hears the other and nobody else."""
    until(lambda: browser_hears(page, CITIZEN, LAWYER), {CITIZEN})
    until(lambda: citizen.hears(CITIZEN, LAWYER), {LAWYER})


def tracks(house: House) -> tuple[list[int], list[int]]:
    """The last two seconds of the running recording: what the citizen said, what he heard."""
    files = sorted((house.state / "hotline" / "recordings").glob("*.wav"), key=lambda f: f.stat().st_mtime)
    data = files[-1].read_bytes()[WAV_HEADER_BYTES:][-32_000:]
    return [A_TABLE[b] for b in data[0::2]], [A_TABLE[b] for b in data[1::2]]


def gateway_of(house: House) -> int:
    """The process that is the gateway of this house."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
                state = (folder / "environ").read_bytes()
            except OSError:
                continue
            if b"gateway" in words and f"FAWANG_STATE={house.state}".encode() in state:
                return int(folder.name)
    raise AssertionError("no gateway runs")


def test_both_hear_each_other_in_the_browser_on_the_telephone_and_on_both_tracks(house: House, talking: Page, citizen: Caller) -> None:
    both_ways(talking, citizen)
    time.sleep(2.5)
    said, heard = tracks(house)
    assert {hz for hz in (CITIZEN, LAWYER) if strength(said, hz) > 1000} == {CITIZEN}
    assert {hz for hz in (CITIZEN, LAWYER) if strength(heard, hz) > 1000} == {LAWYER}
    expect(talking.locator("[data-quality]")).to_have_text("网络良好", timeout=PATIENCE)


def test_hold_mute_and_keys_by_keyboard_without_leaving_the_page(talking: Page, citizen: Caller) -> None:
    talking.evaluate("window.mark = 1")
    talking.keyboard.press("Alt+h")
    expect(talking.get_by_role("button", name="取回")).to_be_visible(timeout=PATIENCE)
    until(lambda: citizen.hears(LAWYER, MUSIC), {MUSIC})
    until(lambda: browser_hears(talking, CITIZEN), set())
    talking.keyboard.press("Alt+h")
    expect(talking.get_by_role("button", name="保持")).to_be_visible(timeout=PATIENCE)
    both_ways(talking, citizen)
    talking.keyboard.press("Alt+m")
    expect(talking.get_by_role("button", name="取消静音")).to_be_visible(timeout=PATIENCE)
    until(lambda: citizen.hears(LAWYER), set())
    until(lambda: browser_hears(talking, CITIZEN), {CITIZEN})
    talking.keyboard.press("Alt+m")
    expect(talking.get_by_role("button", name="静音", exact=False)).to_be_visible(timeout=PATIENCE)
    until(lambda: citizen.hears(LAWYER), {LAWYER})
    talking.keyboard.press("Alt+k")
    for digit in "55#":
        talking.locator(".keypad").get_by_role("button", name=digit, exact=True).click()
    assert citizen.line is not None
    for _ in range(100):
        if citizen.line.keys == "55#":
            break
        time.sleep(0.1)
    assert citizen.line.keys == "55#"
    assert talking.evaluate("window.mark") == 1, "the page was never left, so the voice was never cut"


def test_a_reload_and_a_second_window_go_on_with_the_conversation(lawyer: Page, talking: Page, citizen: Caller) -> None:
    talking.reload()
    expect(talking.locator("[data-line-words]")).to_have_text("通话中", timeout=PATIENCE)
    both_ways(talking, citizen)
    context: BrowserContext = lawyer.context
    second = context.new_page()
    second.goto("/desk/hotline/")
    expect(second.locator("[data-line-words]")).to_contain_text("坐席已在另一个窗口打开", timeout=PATIENCE)
    both_ways(talking, citizen)
    second.get_by_role("button", name="改到这里接听").click()
    expect(talking.locator("[data-line-words]")).to_have_text("通话已改到另一个窗口", timeout=PATIENCE)
    both_ways(second, citizen)
    talking.get_by_role("button", name="改到这里接听").click()
    expect(second.locator("[data-line-words]")).to_have_text("通话已改到另一个窗口", timeout=PATIENCE)
    both_ways(talking, citizen)
    second.close()


def test_a_killed_gateway_gives_the_call_back_when_it_is_started_again(house: House, talking: Page, citizen: Caller) -> None:
    both_ways(talking, citizen)
    killed = gateway_of(house)
    os.kill(killed, signal.SIGKILL)
    began = time.monotonic()
    expect(talking.locator("[data-line-words]")).to_have_text("语音断开，正在接回通话…", timeout=PATIENCE)
    expect(talking.locator("[data-line-words]")).to_have_text("通话中", timeout=PATIENCE)
    both_ways(talking, citizen)
    print(f"the call was back {time.monotonic() - began:.1f} s after the gateway was killed")
    assert gateway_of(house) != killed


def test_the_lawyer_hangs_up_and_writes_his_ticket(talking: Page, citizen: Caller) -> None:
    talking.keyboard.press("Alt+x")
    expect(talking.get_by_text("整理完，接下一个")).to_be_visible(timeout=PATIENCE)
    expect(talking.locator("time[data-count]").first).to_contain_text("还有 0:")
    expect(talking.locator("form[data-autosave]")).to_be_visible()
    expect(talking.locator("[data-line-words]")).to_have_text("语音线路就绪")
    assert citizen.line is not None
    assert not citizen.line.over.is_set(), "the citizen is asked for his rating"


def test_a_free_seat_whose_gateway_was_killed_rings_again(house: House, lawyer: Page, citizen: Caller) -> None:
    citizen.hang_up()
    ready(lawyer)
    killed = gateway_of(house)
    os.kill(killed, signal.SIGKILL)
    began = time.monotonic()
    expect(lawyer.locator("[data-line-words]")).to_have_text("语音线路断开，正在重连…", timeout=PATIENCE)
    expect(lawyer.locator("[data-line-words]")).to_have_text("语音线路就绪", timeout=PATIENCE)
    print(f"the line was back {time.monotonic() - began:.1f} s after the gateway was killed")
    ready(lawyer)
    citizen.dial()
    expect(lawyer.get_by_role("button", name="接听")).to_be_visible(timeout=PATIENCE)
    lawyer.keyboard.press("Alt+a")
    expect(lawyer.locator("[data-line-words]")).to_have_text("通话中", timeout=PATIENCE)
    both_ways(lawyer, citizen)
    assert gateway_of(house) != killed
