"""Sealed files no row knows: a seal whose transaction was rolled back leaves one (its key is gone with the row), a crash in the middle a ``.part``."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from django.db import connection

from fawang.hotline import recordings
from fawang.hotline.models import Recording
from fawang.kernel import clock

log = logging.getLogger("fawang.hotline")
YOUNG = timedelta(hours=1)
"""Files written since are not looked at."""
SAFE = timedelta(days=7)
"""A file is removed when no look has found a row of it for so long: time to notice that a database was brought back to an earlier state."""
ASKED = 500


def remove_orphans() -> int:
    """Remove sealed files that belonged to no recording at every look for ``SAFE``; returns how many.

    A file is written before its row is committed. So none is touched that is younger than the oldest transaction still open, however long that
    one has been open, and the rows are asked only after the files were listed. Where more files are strangers than known the database is the
    wrong one (an empty one, say), not the files: then nothing is touched.
    """
    now = clock.now()
    edge = min(now - YOUNG, _oldest_transaction()).timestamp()
    strangers, known = [], 0
    for shelf in sorted(recordings.folder().iterdir()):
        files = list(_files(shelf, edge)) if shelf.is_dir() else []
        for at in range(0, len(files), ASKED):
            found = _strangers(files[at : at + ASKED])
            strangers += found
            known += len(files[at : at + ASKED]) - len(found)
    if len(strangers) > known:
        log.error("%s sealed files have no recording and only %s have one: is this their database? Nothing was removed", len(strangers), known)
        return 0
    before = _noted()
    since = {file.name: before.get(file.name, now.timestamp()) for file in strangers}
    gone = [file for file in strangers if since[file.name] <= (now - SAFE).timestamp()]
    for file in gone:
        file.unlink(missing_ok=True)
        del since[file.name]
    if since != before:
        _note(since)
    if gone:
        log.warning("%s sealed files without a recording were removed", len(gone))
    return len(gone)


def _strangers(files: list[Path]) -> list[Path]:
    """Those of the files no recording has, or only one that was purged (a crash came between its key and its file)."""
    rows = Recording.objects.filter(blob__in=[_name(f) for f in files]).exclude(state="purged")
    known = set(rows.values_list("blob", flat=True))
    return [f for f in files if _name(f) not in known]


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


def _book() -> Path:
    return recordings.folder() / "strangers.json"


def _noted() -> dict[str, float]:
    """Since when each stranger is one (seconds since 1970), as the last look left it."""
    try:
        found = json.loads(_book().read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _note(since: dict[str, float]) -> None:
    draft = _book().with_suffix(".new")
    draft.write_text(json.dumps(since))
    os.replace(draft, _book())


def _oldest_transaction() -> datetime:
    """When the oldest open transaction of this database began; now, if there is none but ours."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(xact_start) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        [found] = cursor.fetchone()
    return found if isinstance(found, datetime) else clock.now()
