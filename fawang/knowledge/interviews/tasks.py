"""Background work of the interviews."""

from __future__ import annotations

from fawang.kernel.work import Task
from fawang.knowledge.interviews.services import forget_old_runs

TASKS = (Task("knowledge.forget_runs", forget_old_runs, every=3600.0),)
