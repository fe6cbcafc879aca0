"""Sealed files no row knows: a seal whose transaction was rolled back leaves one (its key is gone with the row), a crash in the middle a ``.part``."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.db import connection

from fawang.hotline import recordings
from fawang.hotline.models import Recording
from fawang.kernel import clock

log = logging.getLogger("fawang.hotline")
SAFE = timedelta(days=7)
"""Younger files are let be: longer than any transaction, and time to find out that a database was brought back to an earlier state."""
ASKED = 500


def remove_orphans() -> int:
    """Remove sealed files older than ``SAFE`` that belong to no recording; returns how many.

    A file is written before its row is committed. So none is touched that is younger than the oldest transaction still open, however long that
    one has been open, and the rows are asked only after the files were listed.
    """
    edge = min(clock.now() - SAFE, _oldest_transaction()).timestamp()
    done = 0
    for shelf in sorted(recordings.folder().iterdir()):
        files = list(_files(shelf, edge)) if shelf.is_dir() else []
        for at in range(0, len(files), ASKED):
            done += _remove(files[at : at + ASKED])
    if done:
        log.warning("%s sealed files without a recording were removed", done)
    return done


def _remove(files: list[Path]) -> int:
    """Those of the files no recording has, or only one that was purged (a crash came between its key and its file)."""
    rows = Recording.objects.filter(blob__in=[_name(f) for f in files]).exclude(state="purged")
    known = set(rows.values_list("blob", flat=True))
    gone = [f for f in files if _name(f) not in known]
    for file in gone:
        file.unlink(missing_ok=True)
    return len(gone)


def _name(file: Path) -> str:
    """The name a row would know it by."""
    return file.name.removesuffix(".part")


def _files(shelf: Path, edge: float) -> Iterator[Path]:
    """Sealed and half-sealed files last written before ``edge`` (seconds since 1970)."""
    for file in sorted(shelf.iterdir()):
        try:
            if file.is_file() and file.stat().st_mtime < edge:
                yield file
        except FileNotFoundError:
            continue  # purged in this moment


def _oldest_transaction() -> datetime:
    """When the oldest open transaction of this database began; now, if there is none but ours."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(xact_start) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        [found] = cursor.fetchone()
    return found if isinstance(found, datetime) else clock.now()
