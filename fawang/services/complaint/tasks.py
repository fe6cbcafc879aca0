"""The complaints' background work."""

from __future__ import annotations

from fawang.kernel.work import Task
from fawang.services.complaint.respondents import bar_newcomers

TASKS = (Task("complaint.likeness", bar_newcomers, every=1.0),)
