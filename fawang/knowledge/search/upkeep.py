"""Keeping the index up with the library: the worker rebuilds what has become stale."""

from __future__ import annotations

from fawang.kernel import clock
from fawang.kernel.work import Task
from fawang.knowledge.models import IndexState
from fawang.knowledge.search import layout
from fawang.knowledge.search.build import HORIZON, rebuild
from fawang.knowledge.search.generation import generation

_LOCK = 747_004


def stale() -> bool:
    """Whether the index does not show what is stored, or was built so long ago that the law of today is not in its live part."""
    if layout.current() is None:
        return True
    state = IndexState.objects.filter(name="main").first()
    if state is not None and state.built < state.wanted:
        return True
    found = generation()
    return found is not None and abs(clock.today().toordinal() - found.built_on) >= HORIZON - 5


def keep_up() -> int:
    """Rebuild when stale; one process at a time. Returns 1 when it built."""
    from django.db import connection

    from fawang.knowledge.models import Law

    if not Law.objects.exists() or not stale():
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        row = cursor.fetchone()
        if not row or not row[0]:
            return 0
        try:
            rebuild()
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
    return 1


TASK = Task("knowledge.index", keep_up, every=2.0)
