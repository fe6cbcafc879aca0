"""The kernel's background work."""

from __future__ import annotations

from fawang.kernel import anchors, events, idempotency, readlog
from fawang.kernel.work import Task

TASKS = (
    Task("kernel.seal", events.seal, every=0.5),
    Task("kernel.seal_reads", readlog.seal_reads, every=10),
    Task("kernel.anchor", anchors.write_anchor, every=60),
    Task("kernel.prune_keys", idempotency.prune, every=3600),
)
