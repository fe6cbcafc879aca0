"""Background work: every room lists small repeatable tasks; rows, not messages, say what is to be done.

A task looks for due rows, takes some with ``SKIP LOCKED``, does them, and says how many. Whatever dies half-way is
simply found again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection, transaction

from fawang.kernel import hints


@dataclass(frozen=True, slots=True)
class Task:
    """``run()`` does one bounded batch and returns how many items it did; 0 means rest for ``every`` seconds, or (``woken``) until :func:`wake`."""

    name: str
    run: Callable[[], int]
    every: float = 1.0
    woken: bool = False


def beat(name: str) -> None:
    """Write that the process ``name`` is alive (read by /healthz)."""
    from fawang.kernel import clock
    from fawang.kernel.models import Heartbeat

    Heartbeat.objects.update_or_create(name=name, defaults={"beaten_at": clock.now()})


def wake() -> None:
    """Tell the worker, once this transaction has committed, that there is something to do."""
    after_commit("fawang_work", "")


def tell_live(topics: list[str], kind: str, id_: str = "") -> None:
    """Tell open pages, once this transaction has committed, that something of theirs changed. Carries ids only."""
    after_commit("fawang_live", json.dumps({"topics": topics, "kind": kind, "id": id_}))


class _Hints:
    """What is to be notified after one commit."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.__qualname__ = "hints after the commit"  # Django names what failed by it

    def __call__(self) -> None:
        hints.send(self.told)


def after_commit(channel: str, words: str) -> None:
    """Give a hint after the commit, not in it: a commit that notifies keeps all others waiting until its own is on the disk.

    A process that dies in between loses hints and no more; worker and pages look for themselves every few seconds.
    """
    for savepoints, waiting, *_ in connection.run_on_commit:
        if isinstance(waiting, _Hints) and savepoints == set(connection.savepoint_ids):  # they live and die together
            waiting.told.append((channel, words))
            return
    new = _Hints()
    new.told.append((channel, words))
    transaction.on_commit(new, robust=True)
