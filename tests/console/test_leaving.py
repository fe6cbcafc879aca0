"""A verb on a stopped house starts the private server for itself, and the last of its users stops it."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fawang.console.postgres import Server


def verb(folder: Path, *words: str) -> str:
    environment = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "DATABASE_OWNER_URL", "FAWANG_TESTING", "FAWANG_TEST_DB"}}
    done = subprocess.run(
        [sys.executable, "-m", "fawang.console.main", *words],
        env={**environment, "FAWANG_STATE": str(folder)},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for closed in (tmp_path, *tmp_path.parents[:2]):
        closed.chmod(0o711)  # as root the server runs as another user
    return tmp_path / "state"


def test_whoever_is_last_stops_the_server_and_the_one_verb_that_is_asked_to_leave_it_does(folder: Path) -> None:
    verb(folder, "migrate")
    server = Server(folder)
    assert not server.alive(), "a stopped house stays stopped"
    with (folder / "pg.users").open("a") as another:
        fcntl.flock(another, fcntl.LOCK_SH)
        assert "完整" in verb(folder, "verify")
        assert server.alive(), "somebody else works with it"
    assert "完整" in verb(folder, "verify")
    assert not server.alive(), "now nobody does"
    try:
        assert "host=" in verb(folder, "database")
        assert server.alive()
    finally:
        server.stop()
