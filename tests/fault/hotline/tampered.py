"""What each broken build leaves behind, written into a copy of a sound journal: the judge must see it without the calls being made again.

``broken.py`` holds the builds themselves, ``trials.py`` runs them; what they leave is named here after them.
"""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from tests.fault.hotline.judge import Journal, Places


def _late_row(journal: Journal) -> None:
    for event in journal.raw:
        if event["kind"] == "arrived":
            event["recorded_at"] += timedelta(minutes=5)


def _cause_overwritten(journal: Journal) -> None:
    for row in journal.rows:
        row["end_cause"] = "engine_lost" if row["end_cause"] != "engine_lost" else "completed"


def _reservation_kept(journal: Journal) -> None:
    journal.stuck["reservation"] = 1


def _two_rows(journal: Journal) -> None:
    journal.rows.append({**journal.rows[0], "id": uuid4()})


def _in_memory(journal: Journal) -> None:
    """Nothing of what was said but the first half second is there."""
    for path in journal.places.opened.glob("*.wav"):
        data = path.read_bytes()
        head = data.index(b"data") + 8
        path.write_bytes(data[: head + 8000] + b"\xd5" * (len(data) - head - 8000) if len(data) > head + 8000 else data)


def _plain_left(journal: Journal) -> None:
    journal.places.engine.mkdir(parents=True, exist_ok=True)
    (journal.places.engine / "left.wav").write_bytes(b"RIFF" + bytes(200))


def _other_digest(journal: Journal) -> None:
    for told in journal.told:
        told["digest"] = "0" * 64


def _not_sealed(journal: Journal) -> None:
    for path in journal.places.sealed.rglob("*"):
        if path.is_file():
            path.write_bytes(b"RIFF" + path.read_bytes()[4:])


@dataclass(frozen=True)
class Tampering:
    """A broken build, the promise it breaks, what the judge must call it, and what it leaves behind."""

    name: str
    promise: str
    finds: str
    leave: Callable[[Journal], None]


TAMPERINGS = (
    Tampering("row_after_prompt", "P7", "late row", _late_row),
    Tampering("cause_overwritten", "P7", "ends", _cause_overwritten),
    Tampering("reservation_kept", "P7", "stuck", _reservation_kept),
    Tampering("two_rows", "P7", "twice", _two_rows),
    Tampering("recorder_in_memory", "P8", "silent", _in_memory),
    Tampering("plain_left", "P8", "readable", _plain_left),
    Tampering("digest_of_something_else", "P8", "unbound", _other_digest),
    Tampering("not_sealed", "P8", "readable", _not_sealed),
)


def tampered(journal: Journal, tampering: Tampering, folder: Path) -> Journal:
    """A copy of a journal, files included, as that broken build would have left it."""
    places = Places(sealed=folder / "sealed", engine=folder / "engine", opened=folder / "opened")
    for here, there in ((journal.places.sealed, places.sealed), (journal.places.engine, places.engine), (journal.places.opened, places.opened)):
        if here.exists():
            shutil.copytree(here, there)
    made = replace(copy.deepcopy(journal), places=places)
    tampering.leave(made)
    return made
