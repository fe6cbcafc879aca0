"""Background work of the desk."""

from __future__ import annotations

from fawang.kernel.work import Task
from fawang.matters import attachments, dispatching, leaving, standing_in, sweeper

TASKS = (
    Task("matters.sweep", sweeper.sweep, every=1.0),
    Task("matters.dispatch", dispatching.allocate_waiting, every=5.0),
    Task("matters.stand_in", standing_in.stand_in, every=1.0),
    Task("matters.release_left", leaving.release_left, every=1.0),
    Task("matters.left_behind", standing_in.tell_left_behind, every=60.0),
    Task("matters.scan", attachments.scan_waiting, every=2.0),
)
