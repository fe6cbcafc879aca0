"""Background work: every room lists small repeatable tasks; rows, not messages, say what is to be done.

A task looks for due rows, takes some with ``SKIP LOCKED``, does them, and says how many. Whatever dies half-way is
simply found again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Task:
    """``run()`` does one bounded batch and returns how many items it did; 0 means rest for ``every`` seconds."""

    name: str
    run: Callable[[], int]
    every: float = 1.0


def beat(name: str) -> None:
    """Write that the process ``name`` is alive (read by /healthz)."""
    from fawang.kernel import clock
    from fawang.kernel.models import Heartbeat

    Heartbeat.objects.update_or_create(name=name, defaults={"beaten_at": clock.now()})


def wake() -> None:
    """Tell the worker, once this transaction commits, that there is something to do."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('fawang_work', '')")


def tell_live(topics: list[str], kind: str, id_: str = "") -> None:
    """Tell open pages, once this transaction commits, that something of theirs changed. Carries ids only."""
    import json

    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify('fawang_live', %s)", [json.dumps({"topics": topics, "kind": kind, "id": id_})])
