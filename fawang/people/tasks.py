"""Background work of this room."""

from __future__ import annotations

from fawang.people.notices import TASK

TASKS = (TASK,)
