"""Anchors: heads of the ledger written down where nobody who can change the database can change them too.

A chain proves that nothing inside it was changed, an anchor that nothing was cut off its end and that the whole was not
replaced. One anchor is one line of JSON; who holds a line (another province, a printed slip) can prove the record with it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

from fawang.kernel import clock
from fawang.kernel.models import LedgerEntry


@dataclass(frozen=True, slots=True)
class Anchor:
    """The ledger's ``head`` (hex) after ``position`` entries, as it stood ``at`` (ISO time)."""

    position: int
    head: str
    at: str

    @property
    def line(self) -> str:
        """As it stands in a file or on a slip."""
        return json.dumps(asdict(self))


def anchor_file() -> Path:
    """The house's own file; the operator copies it elsewhere."""
    return Path(settings.STATE_DIR) / "heads.jsonl"


def head_now() -> Anchor | None:
    """The ledger's head; ``None`` before the first entry."""
    last = LedgerEntry.objects.order_by("-position").first()
    return Anchor(last.position, bytes(last.head).hex(), clock.now().isoformat()) if last else None


def write_anchor(path: Path | None = None) -> int:
    """Add the head to the file (the house's own by default), on the disk when this returns; 0 when it has not moved since."""
    anchor, path = head_now(), path or anchor_file()
    known = read_anchors([path])
    if anchor is None or (known and known[-1].position >= anchor.position):
        return 0
    with path.open("a") as file:
        file.write(anchor.line + "\n")
        file.flush()
        os.fsync(file.fileno())
    return 1


def read_anchors(paths: Iterable[Path]) -> list[Anchor]:
    """All anchors of some files, lowest position first; a file that is not there holds none. Raises ``ValueError`` for a line that is no anchor."""
    found = []
    for path in paths:
        for number, line in enumerate(path.read_text().splitlines() if path.exists() else [], 1):
            if not line.strip():
                continue
            try:
                body = json.loads(line)
                found.append(Anchor(int(body["position"]), bytes.fromhex(body["head"]).hex(), str(body["at"])))
            except (ValueError, KeyError, TypeError):
                raise ValueError(f"{path.name}, line {number}: not an anchor") from None
    return sorted(found, key=lambda a: a.position)
