"""One world for the probes of a module: built once, and every probe is undone. It holds a transaction open, so no test of another kind may run in its time."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from fawang.kernel import clock
from fawang.registry.tree import forget_tree
from tests.access.world import World, build
from tests.conftest import MONDAY


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: object) -> Iterator[World]:
    """The world, inside a transaction that is never committed."""
    from django.db import transaction
    from django.test.utils import override_settings

    folder = Path(tempfile.mkdtemp(prefix="fawang-line-"))
    with django_db_blocker.unblock(), clock.frozen(MONDAY) as move:  # type: ignore[attr-defined]
        with override_settings(DEMO=False), transaction.atomic():  # rights as in a real house, where nothing is shown for convenience
            yield build(move, folder)
            transaction.set_rollback(True)
        forget_tree()
    shutil.rmtree(folder, ignore_errors=True)
