"""The documents speak of what is there: every folder and file they name exists, every room is on the map, reference is fresh."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.architecture.sources import HOUSE, ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(p for p in (ROOT / "docs").rglob("*.md") if "reference" not in p.parts or p.name == "dependencies.md")])


def test_every_room_is_on_the_directory_map() -> None:
    text = (ROOT / "docs" / "directory-map.md").read_text()
    rooms = [f"`{p.parent.relative_to(ROOT)}/`" for p in HOUSE.rglob("apps.py")]
    assert len(rooms) >= 9
    assert [room for room in rooms if room not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_path_a_document_names_exists(page) -> None:  # type: ignore[no-untyped-def]
    text = page.read_text()
    named = set(re.findall(r"`((?:fawang|config|tests|docs|bench)/[\w./-]*)`", text)) - {"fawang/services/<name>/"}
    assert sorted(n for n in named if not (ROOT / n).exists()) == []
    linked = set(re.findall(r"\]\((?!https?:)([^)#]+)\)", text))
    assert sorted(n for n in linked if not (page.parent / n).exists()) == []


def test_every_direct_dependency_has_its_line() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    text = (ROOT / "docs" / "reference" / "dependencies.md").read_text()
    names = [re.split(r"[\[><=~ ;]", line)[0] for line in project]
    assert [n for n in names if n not in text] == []


def test_the_reference_is_what_the_code_says() -> None:
    """In a process of its own: what other tests declare is not the product's."""
    done = subprocess.run([sys.executable, "-m", "fawang.console.main", "docs", "--check"], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "")
