"""Is the record whole? Recomputes every hash and names the damaged records, the first of the ledger first.

Changed rows show in their own hash, removed or reordered ones in the stream's sequence or the ledger, a cut tail or an old
copy of the whole database in the anchors kept outside it. The chains need no secrets; rows beside them that an event vouches
for (a message, a rating, a recording) are opened with the deployment's keys.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from fawang.kernel import crypto, events, readlog, rows
from fawang.kernel.anchors import Anchor, anchor_file, read_anchors
from fawang.kernel.events import GENESIS
from fawang.kernel.models import Event, LedgerEntry, ReadEntry, ReadLog, UnsealedEvent, UnsealedRead
from fawang.kernel.vouching import all_vouched


@dataclass(frozen=True, slots=True)
class Damage:
    """One damaged record: its position in the ledger (0: it has none), which, and what is wrong with it."""

    position: int
    record: str
    what: str


def verified(limit: int = 10, anchors: Iterable[Anchor] | None = None) -> tuple[int, list[Damage]]:
    """How many events there are and the first damages, all read in one snapshot, so that writing may go on meanwhile."""
    with contextlib.ExitStack() as stack:
        if not connection.in_atomic_block:
            stack.enter_context(transaction.atomic())
            connection.cursor().execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        found = list(islice(damages(anchors), limit))
        return Event.objects.count(), found


def damages(anchors: Iterable[Anchor] | None = None) -> Iterator[Damage]:
    """All damage in ledger order, then what stands outside the ledger, then the reads, then rows; nothing when all is whole."""
    chain = _Chain(read_anchors([anchor_file()]) if anchors is None else anchors)
    yield from chain.sealed()
    yield from chain.outside()
    yield from _reads()
    yield from _rows()


class _Chain:
    """One walk over the ledger and the events in it."""

    def __init__(self, anchors: Iterable[Anchor]) -> None:
        self.anchors: dict[int, set[str]] = {}
        for anchor in anchors:
            self.anchors.setdefault(anchor.position, set()).add(anchor.head)
        self.anchored = 0  # the last position an anchor confirmed
        self.streams: dict[UUID, tuple[int, bytes]] = {}

    def sealed(self) -> Iterator[Damage]:
        """Entry by entry: gapless, each head following, each event as it was sealed and following the one before it in its stream."""
        head, expected = GENESIS, 0
        for entries in _batched(rows.walk(LedgerEntry, "ORDER BY position")):
            found = {e.id: e for e in rows.select(Event, "WHERE id = ANY($1)", [[e.event_id for e in entries]])}
            for entry in entries:
                expected += 1
                if entry.position != expected:
                    yield Damage(expected, "ledger", f"entries {expected} to {entry.position - 1} are missing")
                    expected = entry.position
                event = found.get(entry.event_id)
                yield from self._event(entry, event)
                suite = event.suite if event else ""
                follows = events.next_head(head, entry.position, entry.sealed_at, bytes(entry.event_hash), suite)
                head = bytes(entry.head)
                if event and head != follows:
                    yield Damage(entry.position, "ledger", "head does not follow")
                yield from self._anchor(entry.position, head)
        for position in sorted(self.anchors):
            yield Damage(expected + 1, "ledger", f"ends after {expected}, an anchor knows {position}")

    def _anchor(self, position: int, head: bytes) -> Iterator[Damage]:
        known = self.anchors.pop(position, set())
        if known - {head.hex()}:
            yield Damage(position, "anchor", f"head differs from the anchor: something after {self.anchored} was changed")
        elif known:
            self.anchored = position

    def _event(self, entry: Any, event: Any) -> Iterator[Damage]:
        if event is None:
            yield Damage(entry.position, str(entry.event_id), "event is missing")
            return
        yield from self._content(entry.position, event)
        if bytes(event.hash) != bytes(entry.event_hash):
            yield Damage(entry.position, str(event.id), "event was changed after it was sealed")

    def _content(self, position: int, event: Any) -> Iterator[Damage]:
        seq, previous = self.streams.get(event.stream, (0, GENESIS))
        if crypto.digest(events.canonical(event), event.suite) != bytes(event.hash):
            yield Damage(position, str(event.id), "content does not fit its hash")
        elif event.seq != seq + 1:
            yield Damage(position, str(event.id), f"stream {event.stream} goes from {seq} to {event.seq}")
        elif bytes(event.prev_hash) != previous:
            yield Damage(position, str(event.id), "does not follow the event before it in its stream")
        self.streams[event.stream] = (event.seq, bytes(event.hash))

    def outside(self) -> Iterator[Damage]:
        """Events without an entry: those that wait for the sealer must follow their streams, others must not be."""
        waiting = set(UnsealedEvent.objects.values_list("event_id", flat=True))
        outside = "e WHERE NOT EXISTS (SELECT FROM kernel_ledgerentry l WHERE l.event_id = e.id) ORDER BY stream, seq"
        for event in rows.walk(Event, outside):
            if event.id in waiting:
                yield from self._content(0, event)
            else:
                yield Damage(0, str(event.id), "event stands outside the ledger")


def _reads() -> Iterator[Damage]:
    """The same for who read what; the heads of its batches stand in the ledger."""
    told = {e.payload.get("position"): e.payload.get("head") for e in rows.walk(Event, "WHERE kind = 'reads.sealed'")}
    head, expected = GENESIS, 0
    for entries in _batched(rows.walk(ReadEntry, "ORDER BY position")):
        found = {r.id: r for r in rows.select(ReadLog, "WHERE id = ANY($1)", [[e.read_id for e in entries]])}
        for entry in entries:
            expected += 1
            if entry.position != expected:
                yield Damage(0, f"read {expected}", f"entries {expected} to {entry.position - 1} of the reads are missing")
                expected = entry.position
            read = found.get(entry.read_id)
            if read is None:
                yield Damage(0, f"read {entry.read_id}", "read is missing")
            elif crypto.digest(readlog.canonical(read), entry.suite) != bytes(entry.read_hash):
                yield Damage(0, f"read {entry.read_id}", "read was changed after it was sealed")
            follows = readlog.next_head(head, entry.position, bytes(entry.read_hash), entry.suite)
            head = bytes(entry.head)
            if head != follows:
                yield Damage(0, f"read {entry.read_id}", "head of the reads does not follow")
            if told.pop(entry.position, head.hex()) != head.hex():
                yield Damage(0, f"read {entry.read_id}", "head of the reads differs from the ledger")
    for position in sorted(p for p in told if isinstance(p, int)):
        yield Damage(0, f"read {expected + 1}", f"the reads end after {expected}, the ledger knows {position}")
    waiting = set(UnsealedRead.objects.values_list("read_id", flat=True))
    for read in rows.walk(ReadLog, "r WHERE NOT EXISTS (SELECT FROM kernel_readentry e WHERE e.read_id = r.id) ORDER BY at, id"):
        if read.id not in waiting:
            yield Damage(0, f"read {read.id}", "read stands outside the chain")


def _rows() -> Iterator[Damage]:
    for vouched in all_vouched():
        for batch in _batched(rows.walk(Event, "WHERE kind = ANY($1) ORDER BY recorded_at, id", [list(vouched.kinds)])):
            for event, what in vouched.compare(batch):
                entry = LedgerEntry.objects.filter(event_id=event.id).values_list("position", flat=True).first()
                yield Damage(entry or 0, vouched.name(event.payload.get(vouched.key)), what)
        for pk in vouched.strangers():
            yield Damage(0, vouched.name(pk), "no event tells of this row")


def _batched(walk: Iterator[Any], size: int = 2000) -> Iterator[list[Any]]:
    while batch := list(islice(walk, size)):
        yield batch
