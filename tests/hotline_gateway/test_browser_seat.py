"""A real call to a real browser: a telephone dials 12348, a lawyer answers in Chromium; what each hears is told by the frequency of a tone."""

from __future__ import annotations

import math
import os
import signal
import struct
import sys
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from fawang.hotline.engines.sound import WAV_HEADER_BYTES
from tests.browser.house import House, Sessions, chromium, running_browser, running_house
from tests.hotline_engines.phone import A_TABLE, strength
from tests.hotline_gateway.caller import Caller

CITIZEN, LAWYER, MUSIC = 580, 1000, 440
"""What each says all the time, in hertz; the music on hold is the demonstration's."""
SEAT = "8001"
PATIENCE = 60_000
"""For a machine that does other things as well; nothing waits longer than it must."""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not chromium(), reason="!! no Chromium: apt-get install chromium fonts-noto-cjk"),
]
if not chromium():
    print("\n!! SKIPPED: no Chromium, browser seats are not tried (apt-get install chromium fonts-noto-cjk)", file=sys.stderr)


def speak(path: Path) -> Path:
    """Ten seconds of the lawyer's tone, as Chromium's microphone."""
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, 48_000, 0, "NONE", ""))
        out.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(2 * math.pi * LAWYER * n / 48_000))) for n in range(480_000)))
    return path


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """The running province; FAWANG_BROWSER_AT and FAWANG_BROWSER_STATE name one that runs already."""
    if at := os.environ.get("FAWANG_BROWSER_AT"):
        yield House(at, "", Path(os.environ["FAWANG_BROWSER_STATE"]))
        return
    with running_house(
        FAWANG_HOTLINE="1", FAWANG_SIP_MEDIA_LOST_S="60", FAWANG_SEAT_GRACE_S="60"
    ) as running:  # how fast this machine starts a process decides nothing
        yield running


@pytest.fixture(scope="module")
def lawyer(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A lawyer signed on at a seat with a headset, ready."""
    said = speak(tmp_path_factory.mktemp("sound") / "tone.wav")
    flags = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", f"--use-file-for-fake-audio-capture={said}")
    with running_browser(*flags) as browser:
        page = Sessions(browser, house).page("lin", height=800)
        page.context.add_init_script("localStorage.setItem('seat-plain', '1')")  # a tone is what cleaning of sound takes away
        page.context.set_default_timeout(PATIENCE)
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto("/desk/hotline/")
        if page.get_by_role("button", name="离开坐席").is_visible():  # a house that runs already
            page.get_by_role("button", name="离开坐席").click()
        page.locator(f"input[name=seat][value='{SEAT}']").check(force=True)
        page.get_by_role("button", name="登录坐席").click()
        expect(page.locator("[data-line-words]")).to_have_text("语音线路就绪", timeout=PATIENCE)
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


def ready(page: Page) -> None:
    """Free for a call, whatever the page shows now."""
    if not page.get_by_text("空闲，等来电").is_visible():
        page.keyboard.press("Alt+r")
    expect(page.get_by_text("空闲，等来电")).to_be_visible(timeout=PATIENCE)


LISTEN = """async () => {
  const voice = document.querySelector('[data-voice]');
  for (let n = 0; n < 150 && !voice.srcObject; n += 1) await new Promise((done) => setTimeout(done, 100));
  const context = new AudioContext();
  const look = context.createAnalyser();
  look.fftSize = 16384;
  context.createMediaStreamSource(voice.srcObject).connect(look);
  await context.resume();
  await new Promise((done) => setTimeout(done, 700));
  const wave = new Float32Array(look.fftSize);
  look.getFloatTimeDomainData(wave);
  const rate = context.sampleRate;
  await context.close();
  return {rate, wave: Array.from(wave)};
}"""


def browser_hears(page: Page, *candidates: int) -> set[int]:
    """Which of these tones the page's loudspeaker gives."""
    found: dict[str, Any] = page.evaluate(LISTEN)
    samples = [int(32_767 * x) for x in found["wave"]]
    return {hz for hz in candidates if strength(samples, round(hz * 8000 / found["rate"], 6)) > 1000}  # type: ignore[arg-type]


def until(hears: Callable[[], set[int]], expected: set[int]) -> None:
    """Sound follows a command within moments, not at once."""
    for _ in range(20):
        if (found := hears()) == expected:
            return
        time.sleep(0.2)
    assert found == expected


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
