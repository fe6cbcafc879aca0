"""Is the record whole? Recomputes every hash and names the first damaged record. Needs no secrets.

Changed rows show in their own hash, removed or reordered ones in the stream's sequence or the ledger, a cut tail or an old
copy of the whole database in the anchors kept outside it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.conf import settings

from fawang.kernel import clock, crypto
from fawang.kernel.events import GENESIS, canonical
from fawang.kernel.models import Event, LedgerEntry, UnsealedEvent


@dataclass(frozen=True, slots=True)
class Damage:
    """One damaged record: where, which, and what is wrong with it."""

    position: int
    record: str
    what: str


def anchor_file() -> Path:
    """Where heads are written down outside the database (to be copied elsewhere by the operator)."""
    return Path(settings.STATE_DIR) / "anchors.jsonl"


def write_anchor() -> int:
    """Write the ledger's head into the anchor file when it has moved; returns 1 when it did."""
    last = LedgerEntry.objects.order_by("-position").first()
    if last is None:
        return 0
    path = anchor_file()
    known = anchors()
    if known and known[-1][0] >= last.position:
        return 0
    line = json.dumps({"position": last.position, "head": bytes(last.head).hex(), "at": clock.now().isoformat()})
    with path.open("a") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())
    return 1


def anchors() -> list[tuple[int, str]]:
    """Positions and heads written down so far."""
    path = anchor_file()
    if not path.exists():
        return []
    rows = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    return [(int(r["position"]), str(r["head"])) for r in rows]


def damages() -> Iterator[Damage]:
    """All damage, in ledger order; nothing when the record is whole."""
    head, expected = GENESIS, 0
    wanted = dict(anchors())
    streams: dict[object, tuple[int, bytes]] = {}
    for entry in LedgerEntry.objects.order_by("position").iterator(chunk_size=2000):
        expected += 1
        if entry.position != expected:
            yield Damage(expected, "ledger", "entry is missing")
            expected = entry.position
        head = crypto.digest(head + entry.position.to_bytes(8, "big") + bytes(entry.event_hash))
        if bytes(entry.head) != head:
            yield Damage(entry.position, "ledger", "head does not follow")
            head = bytes(entry.head)
        if entry.position in wanted and wanted.pop(entry.position) != bytes(entry.head).hex():
            yield Damage(entry.position, "anchor", "head differs from the anchor")
    for position in sorted(wanted):
        yield Damage(position, "anchor", "the ledger ends before this anchor")
    yield from _events(streams)


def _events(streams: dict[object, tuple[int, bytes]]) -> Iterator[Damage]:
    sealed = LedgerEntry.objects.order_by("position").values_list("position", "event_id", "event_hash")
    present: dict[UUID, tuple[int, bytes]] = {}
    for event in Event.objects.order_by("stream", "seq").iterator(chunk_size=2000):
        last = streams.get(event.stream, (0, GENESIS))
        own = crypto.digest(canonical(event))
        if event.seq != last[0] + 1:
            yield Damage(0, str(event.pk), f"stream {event.stream} skips from {last[0]} to {event.seq}")
        elif bytes(event.prev_hash) != last[1]:
            yield Damage(0, str(event.pk), "does not follow the event before it")
        if own != bytes(event.hash):
            yield Damage(0, str(event.pk), "content does not fit its hash")
        streams[event.stream] = (event.seq, bytes(event.hash))
        present[event.pk] = (event.seq, bytes(event.hash))
    for position, event_id, event_hash in sealed.iterator(chunk_size=5000):
        found = present.pop(event_id, None)
        if found is None:
            yield Damage(position, str(event_id), "event is missing")
        elif found[1] != bytes(event_hash):
            yield Damage(position, str(event_id), "event was changed after it was sealed")
    waiting = set(UnsealedEvent.objects.values_list("event_id", flat=True))
    for event_id in sorted(set(present) - waiting, key=str):
        yield Damage(0, str(event_id), "event stands outside the ledger")
