"""Lawyers at their seats in real browsers: each says one tone all the time and hears with his page's loudspeaker."""

from __future__ import annotations

import math
import struct
import time
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, Playwright, expect

from tests.browser.house import House, Sessions, launched
from tests.hotline_engines.phone import strength

PATIENCE = 60_000
"""For a machine that does other things as well; nothing waits longer than it must."""
FREE = "空闲，等来电"


def speak(path: Path, tone: int) -> Path:
    """Ten seconds of a tone of so many hertz, as Chromium's microphone."""
    with wave.open(str(path), "wb") as out:
        out.setparams((1, 2, 48_000, 0, "NONE", ""))
        out.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(2 * math.pi * tone * n / 48_000))) for n in range(480_000)))
    return path


@contextmanager
def seated(tools: Playwright, house: House, who: str, seat: str, said: Path) -> Iterator[Page]:
    """Somebody signed on at a seat with a headset; he says what the file says."""
    flags = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", f"--use-file-for-fake-audio-capture={said}")
    with launched(tools, *flags) as browser:
        page = Sessions(browser, house).page(who, height=800)
        page.context.add_init_script("localStorage.setItem('seat-plain', '1')")  # a tone is what cleaning of sound takes away
        page.context.set_default_timeout(PATIENCE)
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto("/desk/hotline/")
        leave = page.get_by_role("button", name="离开坐席")
        expect(leave.or_(page.get_by_role("button", name="登录坐席"))).to_be_visible(timeout=PATIENCE)
        if leave.is_visible():  # a house that runs already
            leave.click()
        page.locator(f"input[name=seat][value='{seat}']").check(force=True)
        page.get_by_role("button", name="登录坐席").click()
        expect(page.locator("[data-line-words]")).to_have_text("语音线路就绪", timeout=PATIENCE)
        yield page


def ready(page: Page) -> None:
    """Free for a call, from wrap-up or from not ready."""
    if not page.get_by_text(FREE).is_visible():
        page.locator(".callbox [data-hotkey=r]").click()
    expect(page.get_by_text(FREE)).to_be_visible(timeout=PATIENCE)


def on_the_line(page: Page) -> None:
    """The page's voice is in a conversation."""
    expect(page.locator("[data-line-words]")).to_have_text("通话中", timeout=PATIENCE)


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
