"""A small library in the words of the statutes themselves, taken in as any library is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fawang.knowledge.importers.run import import_laws
from fawang.knowledge.models import Law
from fawang.knowledge.selectors import find_law
from fawang.people.actors import SYSTEM

LAWS = Path(__file__).parent / "library.jsonl"


@pytest.fixture
def library(monday: Callable[[timedelta], None]) -> dict[str, Any]:
    """Seven texts of six laws; the arbitration act in its old and its new text."""
    report = import_laws(actor=SYSTEM, source="jsonl", path=LAWS)
    assert report["problem_count"] == 0, report
    return {"advance": monday, "law": law}


def law(name: str) -> Law:
    """A law that must be there."""
    found = find_law(name)
    assert found is not None, name
    return found
