"""The engine's own memory on the disk: events until acknowledged, answers to commands, dialogs. SQLite, written in the engine's thread.

Journal in WAL mode without a sync at each commit: it outlasts the death of the process at any point. After the death of the *host* no call
of it lives, so a file of an earlier boot of the machine is put aside, not read. Checkpoints run in a thread: they wait for the disk.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fawang.hotline.engines import wire
from fawang.hotline.engines.events import Event

log = logging.getLogger(__name__)
SCHEMA = """
CREATE TABLE IF NOT EXISTS event (seq INTEGER PRIMARY KEY, boot TEXT NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answer (id TEXT PRIMARY KEY, print TEXT NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS answer_at ON answer (at);
CREATE TABLE IF NOT EXISTS state (kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""
EVENTS_KEPT = 500_000
ANSWERS_S = 6 * 3600
CHECKPOINT_S = 5.0
HOST_BOOT = Path("/proc/sys/kernel/random/boot_id")


def host_boot() -> str:
    """What changes when the machine starts anew; empty where it cannot be known."""
    try:
        return HOST_BOOT.read_text().strip()
    except OSError:
        return ""


def _key(text: str) -> str:
    """The text as SQLite can hold it."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


class FileSpool:
    """See ``spool.Spool``. One per engine process; the file is locked against a second one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.put_aside = ""
        """Why the file found was not taken over, if it was not."""
        self._db = self._open()
        self._pending: list[tuple[str, tuple[Any, ...]]] = []
        self._seq = int(self._db.execute("SELECT coalesce(max(seq), 0) FROM event").fetchone()[0])
        self._forgotten = int(self._mark("forgotten") or 0)
        self._seq = max(self._seq, self._forgotten)
        self._pruned = time.monotonic()
        self._stop = threading.Event()
        self._checkpoints = threading.Thread(target=self._checkpoint, name="checkpoint", daemon=True)
        self._checkpoints.start()

    def _open(self) -> sqlite3.Connection:
        try:
            db = self._connect()
            kept = db.execute("SELECT value FROM mark WHERE name = 'host'").fetchone()
            if kept and kept[0] != host_boot():
                db.close()
                self.put_aside = "the machine has been started anew"
                db = self._fresh()
        except sqlite3.DatabaseError as error:
            if "locked" in str(error):
                raise
            log.exception("the engine's file cannot be read and is put aside")
            self.put_aside = "unreadable"
            db = self._fresh()
        db.execute("INSERT OR REPLACE INTO mark VALUES ('host', ?)", (host_boot(),))
        db.commit()
        return db

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, isolation_level=None, timeout=5)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute("PRAGMA wal_autocheckpoint=0")
        db.executescript(SCHEMA)
        return db

    def _fresh(self) -> sqlite3.Connection:
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                Path(f"{self.path}{suffix}").replace(f"{self.path}.aside{suffix}")
        return self._connect()

    def _checkpoint(self) -> None:
        with contextlib.closing(sqlite3.connect(self.path, isolation_level=None, timeout=1)) as db:
            while not self._stop.wait(CHECKPOINT_S):
                with contextlib.suppress(sqlite3.Error):
                    db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def _write(self, sql: str, values: tuple[Any, ...]) -> None:
        """Text may hold what the network sent: bytes that are no text become escapes, in keys too (:func:`_key`)."""
        self._pending.append((sql, tuple(_key(v) if isinstance(v, str) else v for v in values)))

    def commit(self) -> None:
        """See ``Spool``. On a full disk calls go on; what could not be kept waits here and is tried again, and its events are not told before."""
        if not self._pending:
            return
        try:
            self._db.execute("BEGIN IMMEDIATE")
            for sql, values in self._pending:
                try:
                    self._db.execute(sql, values)
                except (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError):
                    log.exception("one statement cannot be kept and is left out: %s", sql)
            self._db.execute("COMMIT")
        except sqlite3.OperationalError:
            log.exception("the engine's file cannot be written")
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("ROLLBACK")
            return
        self._pending.clear()
        if time.monotonic() - self._pruned > 60:
            self._prune()

    def _prune(self) -> None:
        self._pruned = time.monotonic()
        self._db.execute("DELETE FROM answer WHERE at < ?", (int(self._pruned) - ANSWERS_S,))
        if self._seq - self._forgotten > EVENTS_KEPT:
            self.forget_events(self._seq - EVENTS_KEPT)
            self.commit()

    def _mark(self, name: str) -> str:
        row = self._db.execute("SELECT value FROM mark WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def last_seq(self) -> int:
        """See ``Spool``."""
        return self._seq

    def oldest_seq(self) -> int:
        """See ``Spool``."""
        return self._forgotten

    def add_event(self, event: Event) -> None:
        """See ``Spool``."""
        self._seq = event.seq
        self._write("INSERT INTO event VALUES (?, ?, ?)", (event.seq, event.boot_id, json.dumps(wire.encode(event))))

    def events_after(self, seq: int, limit: int) -> list[Event]:
        """See ``Spool``."""
        rows = self._db.execute("SELECT body FROM event WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit))
        return [wire.decode_event(json.loads(body)) for (body,) in rows]

    def texts_after(self, seq: int, limit: int) -> list[tuple[int, str]]:
        """Like :meth:`events_after`, as the JSON they are kept in."""
        return self._db.execute("SELECT seq, body FROM event WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit)).fetchall()

    def boot_of(self, seq: int) -> str:
        """See ``Spool``."""
        row = self._db.execute("SELECT boot FROM event WHERE seq = ?", (seq,)).fetchone()
        return str(row[0]) if row else ""

    def forget_events(self, upto: int) -> None:
        """See ``Spool``."""
        if upto > self._forgotten:
            self._forgotten = upto
            self._write("DELETE FROM event WHERE seq <= ?", (upto,))
            self._write("INSERT OR REPLACE INTO mark VALUES ('forgotten', ?)", (str(upto),))

    def add_answer(self, command_id: str, fingerprint: str, answer: list[str]) -> None:
        """See ``Spool``."""
        self._write("INSERT OR IGNORE INTO answer VALUES (?, ?, ?, ?)", (command_id, fingerprint, json.dumps(answer), int(time.monotonic())))

    def answer(self, command_id: str) -> tuple[str, list[str]] | None:
        """See ``Spool``."""
        row = self._db.execute("SELECT print, body FROM answer WHERE id = ?", (_key(command_id),)).fetchone()
        return (row[0], json.loads(row[1])) if row else None

    def put(self, kind: str, key: str, value: dict[str, Any]) -> None:
        """See ``Spool``."""
        self._write("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", (kind, key, json.dumps(value)))

    def drop(self, kind: str, key: str) -> None:
        """See ``Spool``."""
        self._write("DELETE FROM state WHERE kind = ? AND key = ?", (kind, key))

    def all(self, kind: str) -> Iterable[tuple[str, dict[str, Any]]]:
        """See ``Spool``."""
        rows = self._db.execute("SELECT key, body FROM state WHERE kind = ?", (kind,))
        return [(key, json.loads(body)) for key, body in rows.fetchall()]

    def close(self) -> None:
        """Finish; the file holds all."""
        self.commit()
        self._stop.set()
        self._checkpoints.join(2)
        self._db.close()
