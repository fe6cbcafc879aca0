"""What the tests with browsers share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Playwright, expect, sync_playwright

from tests.hotline_gateway.seats import PATIENCE

expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def tools() -> Iterator[Playwright]:
    """One driver a module: several browsers, each with a voice of its own, are launched from it."""
    with sync_playwright() as driver:
        yield driver
