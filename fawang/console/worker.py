"""The worker: runs every room's tasks in turn, for ever, whatever the database does meanwhile."""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import select
import signal
import time
from typing import Any

import psycopg

from fawang.kernel.work import Task

HELP = "run background work (started by `up`)"
ROOMS = ("kernel", "people", "knowledge", "matters", "hotline", "services.consultation", "services.complaint", "oversight")
log = logging.getLogger("fawang.worker")


def arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def tasks() -> list[Task]:
    """All rooms' tasks."""
    found: list[Task] = []
    for room in ROOMS:
        found += importlib.import_module(f"fawang.{room}.tasks").TASKS
    return found


def run_once(todo: list[Task], due: dict[str, float]) -> bool:
    """One round over what is due; returns whether anything was done. A task that fails waits for its next turn."""
    from fawang.kernel.context import acting

    worked = False
    for task in todo:
        if time.monotonic() < due.get(task.name, 0):
            continue
        try:
            with acting(door="system"):
                done = task.run()
        except Exception:
            log.exception("task %s failed", task.name)
            _drop_connection()
            done = 0
        worked = worked or done > 0
        due[task.name] = time.monotonic() + (0 if done else task.every)
    return worked


def _drop_connection() -> None:
    from django.db import connection

    try:
        connection.close()
    except Exception:
        log.exception("closing the connection failed")


def run(options: argparse.Namespace) -> int:
    """Work until told to stop."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from fawang.kernel.work import beat

    stopping: list[bool] = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    signal.signal(signal.SIGINT, lambda *_: stopping.append(True))
    todo, due, beaten = tasks(), dict[str, float](), 0.0
    listener = None
    while not stopping:
        try:
            if time.monotonic() - beaten > 5:
                beat("worker")
                beaten = time.monotonic()
            if listener is None:
                listener = _listen()
            if not run_once(todo, due) and _rest(listener, min(due.values(), default=0.0)):
                due.update({task.name: 0.0 for task in todo if task.woken})
        except Exception:
            log.exception("worker round failed")
            _drop_connection()
            listener = None
            time.sleep(0.5)
    return 0


def _listen() -> psycopg.Connection[Any]:
    connection = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    connection.execute("LISTEN fawang_work")
    return connection


def _rest(listener: psycopg.Connection[Any], until: float) -> bool:
    """Sleep until a monotonic moment, a second at most, or until somebody says there is work: then true."""
    ready, _, _ = select.select([listener.fileno()], [], [], min(1.0, max(0.01, until - time.monotonic())))
    if not ready:
        return False
    for _ in listener.notifies(timeout=0, stop_after=100):
        pass
    return True
