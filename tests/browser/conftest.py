"""One house, one browser, one scene for all tests of this folder; closed before any other test runs."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error

from tests.browser.house import House, Sessions, chromium, running_browser, running_house
from tests.browser.places import Place
from tests.browser.scene import prepare


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs Chromium; without it the skip is loud."""
    mine = [item for item in items if "tests/browser" in str(item.path)]
    for item in mine:
        item.add_marker(pytest.mark.browser)
    if mine and not chromium():
        print("\n!! SKIPPED: no Chromium, the browser tests do not run (apt-get install chromium fonts-noto-cjk)", file=sys.stderr)
        for item in mine:
            item.add_marker(pytest.mark.skip(reason="!! no Chromium: apt-get install chromium fonts-noto-cjk"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A failed test tells what its windows showed at that moment, and what the house said last."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    sessions = getattr(item, "funcargs", {}).get("sessions")
    if report.when != "call" or not report.failed or sessions is None:
        return
    for context in sessions.browser.contexts:
        for page in context.pages:
            with contextlib.suppress(Error):
                report.sections.append((f"window {page.url}", page.locator("body").inner_text(timeout=2000)[:1500]))
    log = sessions.house.state / "up.log"
    if log.exists():
        report.sections.append(("house", log.read_text(errors="replace")[-3000:]))


@pytest.fixture(scope="package")
def house() -> Iterator[House]:
    """The running province; FAWANG_BROWSER_AT names one that runs already, for whoever changes a page and looks again."""
    if at := os.environ.get("FAWANG_BROWSER_AT"):
        house = House(at, "", Path(os.environ.get("FAWANG_STATE", ".fawang")))
        yield house
        house.close()
        return
    with running_house() as running:
        yield running


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium."""
    with running_browser() as running:
        yield running


@pytest.fixture(scope="package")
def sessions(browser: Browser, house: House) -> Sessions:
    """Windows of the cast."""
    return Sessions(browser, house)


@pytest.fixture(scope="package")
def places(sessions: Sessions) -> list[Place]:
    """Every page in its states."""
    return prepare(sessions)
