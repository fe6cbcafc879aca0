"""What the tests with browsers share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect, sync_playwright

from tests.browser.house import House, running_house
from tests.hotline_gateway.seats import PATIENCE

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def tools() -> Iterator[Playwright]:
    """One driver a module: several browsers, each with a voice of its own, are launched from it."""
    with sync_playwright() as driver:
        yield driver


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
