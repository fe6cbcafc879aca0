"""Broken builds: the product with one promise taken out, from the outside. The same judge must catch every one.

Which promise is read from a file beside the data, so that one start serves them all; nothing in the product knows of it.
Imported, this module is a web application; run, it is a worker.
"""

from __future__ import annotations

import contextvars
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402

from fawang.kernel import idempotency, rows  # noqa: E402
from fawang.kernel.models import Event  # noqa: E402
from fawang.matters import clocks, sweeper  # noqa: E402
from fawang.matters import tasks as matters_tasks  # noqa: E402
from fawang.matters.models import Clock, Matter  # noqa: E402
from fawang.people import notices  # noqa: E402

STATE = Path(os.environ["FAWANG_STATE"])
Answers = queue.Queue[tuple[bool, Any]]


def broken() -> str:
    """The name of the promise that is not kept now."""
    try:
        return (STATE / "mutant").read_text()
    except OSError:
        return ""


def point() -> None:
    """Tell the nemesis that now is the moment."""
    (STATE / "point").touch()


def replace(sound: Any, wrapped: Any) -> None:
    """Put the wrapper wherever the sound function was imported by name."""
    for module in list(sys.modules.values()):
        for name, value in list(vars(module).items()) if module and module.__name__ != __name__ else []:
            if value is sound:
                setattr(module, name, wrapped)


def elsewhere(work: Callable[[Answers], Any]) -> Any:
    """Run ``work`` in a thread, and so on a database connection of its own; its answer or its exception."""
    answers: Answers = queue.Queue()
    context = contextvars.copy_context()

    def run() -> None:
        try:
            answers.put((True, context.run(work, answers)))
        except BaseException as error:
            answers.put((False, error))
        finally:
            connection.close()

    threading.Thread(target=run).start()
    good, answer = answers.get()
    if not good:
        raise answer
    return answer


sound_once, sound_insert, sound_enqueue, sound_one, sound_sweep = (
    idempotency.once, rows.insert, notices.notice_enqueue, sweeper._one, sweeper.sweep,
)  # fmt: skip


def once(**order: Any) -> Any:
    """``ack_early``: the client is told yes before the commit. ``keys_ignored``: a repeated key is done again."""
    name = broken()

    def work(answers: Answers) -> None:
        with transaction.atomic():
            answers.put((True, sound_once(**order)))
            time.sleep(0.5)

    if name == "ack_early":
        return elsewhere(work)
    if name == "keys_ignored":
        with transaction.atomic():
            return (*order["action"](), False)
    return sound_once(**order)


def insert(*written: Any) -> None:
    """``events_outside``: events are written in a transaction of their own."""
    told = [row for row in written if isinstance(row, Event)]
    if not told or broken() != "events_outside":
        return sound_insert(*written)

    def work(_: Answers) -> Any:
        rows._waiting.set(None)
        with transaction.atomic():
            return sound_insert(*told)

    elsewhere(work)
    point()
    time.sleep(0.15)
    return sound_insert(*(row for row in written if not isinstance(row, Event)))


def enqueue(**notice: Any) -> Any:
    """``outbox_outside``: the notice is queued after the change it tells of has committed."""
    if broken() != "outbox_outside":
        return sound_enqueue(**notice)

    def later() -> None:
        point()
        time.sleep(0.4)
        sound_enqueue(**notice)

    return transaction.on_commit(later)


def one(clock_id: Any, matter_id: Any, now: Any) -> int:
    """``timers_marked_first``: a timer is marked as done in one transaction, its effect follows in another."""
    if broken() != "timers_marked_first":
        return sound_one(clock_id, matter_id, now)
    with transaction.atomic():
        matter = Matter.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=matter_id).first()
        clock = Clock.objects.filter(pk=clock_id, next_moment__lte=now).first()
        if matter is None or clock is None:
            return 0
        light = clocks.sound_light(clock, now)
        clock.timeout_taken = clock.timeout_taken or light == "overdue"
        clock.save()
    if light == "overdue":
        point()
        time.sleep(0.3)
    with transaction.atomic():
        sweeper._record(matter, clock, light)
        if light == "overdue":
            sweeper._timeout(matter, clock)
    return 1


def sweep(batch: int = 50) -> int:
    """``timers_unlocked``: timers are swept without locking a row and without looking again."""
    if broken() != "timers_unlocked":
        return sound_sweep(batch)
    now = sweeper.time.now()
    due = list(Clock.objects.filter(next_moment__lte=now).select_related("matter"))
    time.sleep(0.8)
    for clock in due:
        with transaction.atomic():
            sweeper._record(clock.matter, clock, clocks.sound_light(clock, now))
    return len(due)


for sound, wrapper in ((sound_once, once), (sound_insert, insert), (sound_enqueue, enqueue), (sound_one, one), (sound_sweep, sweep)):
    replace(sound, wrapper)
matters_tasks.TASKS = tuple(type(t)(t.name, sweep, t.every) if t.run is sound_sweep else t for t in matters_tasks.TASKS)

if __name__ == "__main__":
    import argparse

    from fawang.console.worker import run as work_for_ever

    sys.exit(work_for_ever(argparse.Namespace()))

from config.wsgi import application  # noqa: E402, F401
