"""The whole product, started as a user starts it, on a state folder and a port of its own; and a browser to look at it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Error, Page, Playwright, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
PORTS = range(8310 + WORKER * 100, 8400 + WORKER * 100, 4)
PATIENCE = 300


@dataclass(slots=True)
class House:
    """A running province: its address, the password of its demonstration accounts, its state folder; and a telephone exchange when asked for."""

    base: str
    password: str
    state: Path
    exchange: subprocess.Popen[str] | None = None

    def verb(self, *words: str) -> str:
        """Run an operator's verb on this house; what it prints. Raises ``CalledProcessError``."""
        command = [sys.executable, "-m", "fawang.console.main", *words]
        return subprocess.run(command, cwd=ROOT, env=environment(self.state), check=True, capture_output=True, text=True, timeout=PATIENCE).stdout

    def telephone(self, order: str = "") -> None:
        """Have the exchange running, and do an order of :mod:`tests.browser.exchange`."""
        if self.exchange is None:
            command = [sys.executable, "-m", "tests.browser.exchange"]
            self.exchange = subprocess.Popen(command, cwd=ROOT, env=environment(self.state), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self._heard("ready")
        if order:
            assert self.exchange.stdin is not None
            print(order, file=self.exchange.stdin, flush=True)
            self._heard("done")

    def _heard(self, word: str) -> None:
        assert self.exchange is not None
        assert self.exchange.stdout is not None
        said = self.exchange.stdout.readline().strip()
        if said != word:
            raise RuntimeError(f"the exchange said {said!r} instead of {word!r}")

    def close(self) -> None:
        """Hang up the exchange."""
        if self.exchange is not None and self.exchange.stdin is not None:
            self.exchange.stdin.close()
            self.exchange.wait(30)


def environment(state: Path, **more: str) -> dict[str, str]:
    """The environment of a house of its own: nothing of the tests' database reaches it; its calls come from our exchange alone."""
    kept_out = {"DATABASE_URL", "DATABASE_OWNER_URL", "FAWANG_TESTING", "FAWANG_TEST_DB", "FAWANG_LIVE_URL", "FAWANG_FILES", "DJANGO_SETTINGS_MODULE"}
    env = {k: v for k, v in os.environ.items() if k not in kept_out}
    return {**env, "FAWANG_STATE": str(state), "FAWANG_HOTLINE": "0", "PYTHONPATH": str(ROOT), **more}


def chromium() -> str:
    """Debian's Chromium; empty where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or ""


def free_port() -> int:
    """A port whose neighbours are free too: the live process takes the next one, the seat gateway the one after."""
    for port in PORTS:
        try:
            for one in (port, port + 1, port + 2):
                with socket.socket() as probe:
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind(("127.0.0.1", one))
        except OSError:
            continue
        return port
    raise RuntimeError(f"no three free ports in a row between {PORTS.start} and {PORTS.stop}")


@contextmanager
def running_house(**more: str) -> Iterator[House]:
    """``fawang up`` with the demonstration province, stopped and removed afterwards; ``more`` goes into its environment."""
    folder = Path(tempfile.mkdtemp(prefix="fawang-browser-"))
    folder.chmod(0o711)
    port = free_port()
    env = environment(
        folder, FAWANG_PORT=str(port), FAWANG_SIP_PORT=str(port + 10_000), FAWANG_RTP_PORTS=f"{29_100 + WORKER % 2 * 900}-{29_900 + WORKER % 2 * 900}", **more
    )
    log = folder / "up.log"
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "fawang.console.main", "up"], cwd=ROOT, env=env, stdout=out, stderr=subprocess.STDOUT)
    try:
        _wait(process, f"http://127.0.0.1:{port}/healthz", log)
        house = House(f"http://127.0.0.1:{port}", (folder / "secrets" / "demo_password").read_text().strip(), folder)
        try:
            yield house
        finally:
            house.close()
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE:
        if process.poll() is not None:
            raise RuntimeError(f"the house did not start: {log.read_text(errors='replace')[-2000:]}")
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise RuntimeError(f"the house was not ready in {PATIENCE} s: {log.read_text(errors='replace')[-2000:]}")


@contextmanager
def launched(tools: Playwright, *more: str) -> Iterator[Browser]:
    """Headless Chromium, with more words on its command line."""
    browser = tools.chromium.launch(executable_path=chromium(), args=["--no-sandbox", "--disable-gpu", *more])
    try:
        yield browser
    finally:
        browser.close()


@contextmanager
def running_browser(*more: str) -> Iterator[Browser]:
    """Headless Chromium by itself."""
    with sync_playwright() as tools, launched(tools, *more) as browser:
        yield browser


class Sessions:
    """Signed-in browser contexts: each account signs in once, every later window gets its cookies."""

    def __init__(self, browser: Browser, house: House) -> None:
        self.browser, self.house = browser, house
        self.kept: dict[str, Any] = {}

    def page(self, who: str = "", *, width: int = 1280, height: int = 900, cookies: dict[str, str] | None = None, **options: Any) -> Page:
        """A new window of somebody: an account of the demonstration, or nobody. Nothing moves in it, so that no colour is caught half-way."""
        state = self._state(who) if who else None
        context = self.browser.new_context(
            base_url=self.house.base, viewport={"width": width, "height": height}, locale="zh-CN", timezone_id="Asia/Shanghai", storage_state=state,
            **{"reduced_motion": "reduce", **options},
        )  # fmt: skip
        context.set_default_timeout(60_000)  # a shared machine may be slow at any moment
        if cookies:
            context.add_cookies([{"name": k, "value": v, "url": self.house.base} for k, v in cookies.items()])
        return context.new_page()

    def _state(self, who: str) -> Any:
        if who not in self.kept:
            context = self.browser.new_context(base_url=self.house.base)
            page = context.new_page()
            sign_in(page, who, self.house.password)
            self.kept[who] = context.storage_state()
            context.close()
        return self.kept[who]


def anew(page: Page) -> None:
    """Load the page anew, as a person does; it may be doing so by itself at that moment, because there is news.

    Then Chromium breaks ours off ("aborted"), or says it has no page to load between the two documents ("not attached"): wait, and ask again.
    """
    for _ in range(3):
        try:
            page.reload()
            return
        except Error as overtaken:
            if not any(sign in str(overtaken) for sign in ("ERR_ABORTED", "Not attached to an active page")):
                raise
            page.wait_for_load_state()


def sign_in(page: Page, who: str, password: str) -> None:
    """Through the sign-in page, as a person does; the demonstration shows the time code."""
    page.goto(f"/desk/sign-in?as={who}")
    if password:
        page.locator("input[name=password]").fill(password)
    page.locator("main form button.main").click()
    page.wait_for_url("**/desk/", wait_until="domcontentloaded")
