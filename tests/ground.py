"""Loaded before the settings: tests run against their own state folder and never against a user's data."""

from __future__ import annotations

import os
import tempfile

os.environ["FAWANG_TESTING"] = "1"
os.environ.setdefault("FAWANG_STATE", tempfile.mkdtemp(prefix="fawang-test-"))
os.environ.setdefault("FAWANG_TEST_DB", "test_fawang")
