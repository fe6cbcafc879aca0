"""Loaded before the settings: tests run against their own state folder and database, never against a user's data.

Without ``DATABASE_URL`` the private PostgreSQL is started in a folder of its own and stopped afterwards.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

os.environ["FAWANG_TESTING"] = "1"
_MINE = "PYTEST_XDIST_WORKER" not in os.environ
if "FAWANG_STATE" not in os.environ:
    _folder = tempfile.mkdtemp(prefix="fawang-test-")
    Path(_folder).chmod(0o711)  # as root the server runs as another user; what is secret inside is closed by itself
    os.environ["FAWANG_STATE"] = _folder
    if _MINE:
        atexit.register(shutil.rmtree, _folder, ignore_errors=True)
if not _MINE:  # who works beside others has a folder of his own on the one server
    _own = Path(os.environ["FAWANG_STATE"]) / os.environ["PYTEST_XDIST_WORKER"]
    _own.mkdir(mode=0o711, exist_ok=True)
    os.environ["FAWANG_STATE"] = str(_own)
os.environ.setdefault("FAWANG_TEST_DB", "test_fawang")

if "DATABASE_URL" not in os.environ:
    from fawang.console.postgres import OWNER, Server

    _server = Server(Path(os.environ["FAWANG_STATE"])).start()
    os.environ["DATABASE_URL"] = _server.url(OWNER)
    atexit.register(_server.stop)
