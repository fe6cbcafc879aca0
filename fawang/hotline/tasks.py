"""Background work of the hotline in the worker: what must go on even when no controller runs."""

from __future__ import annotations

from fawang.hotline import alarms, callbacks, leftovers, quality, recordings, voicemails
from fawang.hotline.machine import reconcile, timeouts
from fawang.kernel.work import Task

TASKS = (
    Task("hotline.sweep", timeouts.sweep_if_due, every=2.0),
    Task("hotline.watch", reconcile.watch, every=10.0),
    Task("hotline.callbacks", callbacks.sweep, every=5.0),
    Task("hotline.voicemails", voicemails.settle_lengths, every=5.0, woken=True),
    Task("hotline.stale_voicemails", voicemails.release_stale, every=300.0),
    Task("hotline.seal", recordings.seal_waiting, every=10.0, woken=True),
    Task("hotline.alarms", alarms.check, every=10.0),
    Task("hotline.quality", quality.draw_due, every=600.0),
    Task("hotline.purge", recordings.purge_due, every=3600.0),
    Task("hotline.leftovers", leftovers.remove_orphans, every=3600.0),
)
