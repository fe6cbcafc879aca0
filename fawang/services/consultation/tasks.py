"""The consultation's background work."""

from __future__ import annotations

from fawang.kernel.work import Task
from fawang.services.consultation.recording import place_citations

TASKS = (Task("consultation.citations", place_citations, every=30.0),)
