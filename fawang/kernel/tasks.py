"""The kernel's background work."""

from __future__ import annotations

from fawang.kernel import events, idempotency
from fawang.kernel.work import Task

TASKS = (
    Task("kernel.seal", events.seal, every=0.5),
    Task("kernel.prune_keys", idempotency.prune, every=3600),
)
