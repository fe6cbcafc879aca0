"""Hints to other processes (NOTIFY): one thread of this process sends them, so nobody who did the work waits for it.

What all requests of a moment have to tell goes out in one statement. A process that dies loses the hints it still had, and no more:
worker and pages look for themselves every few seconds.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import time

from django.db import connection

log = logging.getLogger("fawang.hints")
_APART_SECONDS = 0.02
"""How far apart statements are: a lone hint goes at once, and under load one statement does for many."""
_LAST_WORDS_SECONDS = 2.0
"""How long an ending process waits for its last hints to go out."""


class _Sender:
    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.waiting: list[tuple[str, str]] = []
        self.sending = False
        self.thread: threading.Thread | None = None

    def put(self, hints: list[tuple[str, str]]) -> None:
        with self.changed:
            self.waiting += hints
            if self.thread is None or not self.thread.is_alive():
                self.thread = threading.Thread(target=self._run, name="hints", daemon=True)
                self.thread.start()
            elif not self.sending:
                self.sending = True
                self.changed.notify_all()

    def drained(self, seconds: float) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: not self.waiting and not self.sending, seconds)

    def _run(self) -> None:
        last = 0.0
        while True:
            with self.changed:
                self.changed.wait_for(lambda: bool(self.waiting))
                self.sending = True
            time.sleep(max(0.0, last + _APART_SECONDS - time.monotonic()))
            last = time.monotonic()
            with self.changed:
                told, self.waiting = list(dict.fromkeys(self.waiting)), []
            try:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT " + ", ".join(["pg_notify(%s, %s)"] * len(told)), [word for hint in told for word in hint])
            except Exception:  # the change itself is on the disk; who was to hear of it looks for himself
                log.warning("hints were lost", exc_info=True)
            finally:
                connection.close()
                with self.changed:
                    self.sending = False
                    self.changed.notify_all()


_sender = _Sender()


def send(hints: list[tuple[str, str]]) -> None:
    """Have these (channel, words) sent soon, in this order, those said twice in one statement once. Returns at once and never raises for the database."""
    _sender.put(hints)


def sent(seconds: float = _LAST_WORDS_SECONDS) -> bool:
    """Wait until nothing is left to be sent; returns whether that came about in time."""
    return _sender.drained(seconds)


def _afresh() -> None:
    """A forked child has no such thread, and what its parent had waiting is its parent's."""
    global _sender
    _sender = _Sender()


atexit.register(sent)
os.register_at_fork(after_in_child=_afresh)
