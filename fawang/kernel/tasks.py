"""The kernel's background work."""

from __future__ import annotations

from fawang.kernel import events, idempotency, verification
from fawang.kernel.work import Task

TASKS = (
    Task("kernel.seal", events.seal, every=0.5),
    Task("kernel.anchor", verification.write_anchor, every=60),
    Task("kernel.prune_keys", idempotency.prune, every=3600),
)
