from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fawang.kernel.context import acting
from tests.hotline.world import World


@pytest.fixture
def make_world(db: None, monday: Callable[[timedelta], None], tmp_path: Path) -> Callable[..., World]:
    def make(**changes: Any) -> World:
        return World(monday, tmp_path, **changes)

    return make


@pytest.fixture
def world(make_world: Callable[..., World]) -> Iterator[World]:
    with acting(door="hotline"):
        yield make_world()


@pytest.fixture
def committed_world(own_database: str, monday: Callable[[timedelta], None], tmp_path: Path) -> Iterator[World]:
    """A world other connections see: for races and for processes that die. In a database of its own, dropped afterwards."""
    with acting(door="hotline"):
        yield World(monday, tmp_path)
