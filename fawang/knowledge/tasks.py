"""The knowledge room's background work."""

from __future__ import annotations

from fawang.knowledge.search.upkeep import TASK

TASKS = (TASK,)
