"""Is the record whole? Recomputes every hash and names the damaged records, the first of the ledger first.

Changed rows show in their own hash, removed or reordered ones in the stream's sequence or the ledger, a cut tail or an old
copy of the whole database in the anchors kept outside it. The chains need no secrets; rows beside them that an event vouches
for (a message, a rating, a recording) are opened with the deployment's keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from fawang.kernel import crypto, events, readlog, rows
from fawang.kernel.anchors import Anchor, anchor_file, read_anchors
from fawang.kernel.events import GENESIS
from fawang.kernel.models import Event, LedgerEntry, ReadEntry, ReadLog, UnsealedEvent, UnsealedRead
from fawang.kernel.side_by_side import side_by_side
from fawang.kernel.vouching import Vouched, all_vouched

RANGE = 50_000
"""Entries of the ledger one process checks at a time."""
END = 2**62
_LAST_BEFORE = (
    "SELECT DISTINCT ON (e.stream) e.stream, e.seq, e.hash FROM kernel_event e JOIN kernel_ledgerentry l ON l.event_id = e.id"
    " WHERE e.stream = ANY($1) AND l.position < $2 ORDER BY e.stream, l.position DESC"
)


@dataclass(frozen=True, slots=True)
class Damage:
    """One damaged record: its position in the ledger (0: it has none), which, and what is wrong with it."""

    position: int
    record: str
    what: str


def verified(limit: int = 10, anchors: Iterable[Anchor] | None = None) -> tuple[int, list[Damage]]:
    """How many events there are and the first damages, all read in one snapshot, so that writing may go on meanwhile.

    A long record is checked part by part in several processes, all of them in that snapshot.
    """
    known = _known(anchors)
    if connection.in_atomic_block:
        return Event.objects.count(), list(islice(damages(known), limit))
    with transaction.atomic():
        connection.cursor().execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        count, parts = Event.objects.count(), _parts()
        found = side_by_side(parts, known, limit) if len(parts) > len(_parts(None)) else damages(known)
        return count, list(islice(found, limit))


def damages(anchors: Iterable[Anchor] | None = None) -> Iterator[Damage]:
    """All damage in ledger order, then what stands outside the ledger, then the reads, then rows; nothing when all is whole."""
    known = _known(anchors)
    for part in _parts(None):
        yield from damages_of(part, known)


def _known(anchors: Iterable[Anchor] | None) -> list[Anchor]:
    return list(read_anchors([anchor_file()]) if anchors is None else anchors)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the work that needs no other: ``ledger`` positions ``first`` up to ``end``, or ``outside``, ``reads``, ``rows`` of the ``first``-th vouching."""

    what: str
    first: int = 0
    end: int = END


def _parts(size: int | None = RANGE) -> list[Part]:
    """All the work, in the order of its damages; the ledger in pieces of ``size`` that each begin at an entry which is there."""
    cuts = [0]
    with connection.cursor() as cursor:
        while size:
            cursor.execute("SELECT position FROM kernel_ledgerentry WHERE position >= %s ORDER BY position LIMIT 1", [cuts[-1] + size])
            if (row := cursor.fetchone()) is None:
                break
            cuts.append(row[0])
    ledger = [Part("ledger", first, end) for first, end in pairwise([*cuts, END])]
    return [*ledger, Part("outside"), Part("reads"), *(Part("rows", n) for n in range(len(all_vouched())))]


def damages_of(part: Part, anchors: Iterable[Anchor]) -> Iterator[Damage]:
    """What is wrong in one part. Called in a transaction that sees one snapshot."""
    match part.what:
        case "ledger":
            return _Chain(anchors, part.first, part.end).sealed()
        case "outside":
            return _Chain((), END).outside()
        case "reads":
            return _reads()
        case _:
            return _rows(all_vouched()[part.first])


class _Chain:
    """One walk over a piece of the ledger and the events in it. What came before it is read where it is needed; the piece before proves it."""

    def __init__(self, anchors: Iterable[Anchor], first: int = 0, end: int = END) -> None:
        self.first, self.end = first, end
        self.anchors: dict[int, set[str]] = {}
        self.anchored = 0  # the last position an anchor confirmed
        for anchor in anchors:
            if first <= anchor.position < end:
                self.anchors.setdefault(anchor.position, set()).add(anchor.head)
            elif anchor.position < first:
                self.anchored = max(self.anchored, anchor.position)
        self.streams: dict[UUID, tuple[int, bytes]] = {}

    def sealed(self) -> Iterator[Damage]:
        """Entry by entry: gapless, each head following, each event as it was sealed and following the one before it in its stream."""
        before = rows.select(LedgerEntry, "WHERE position < $1 ORDER BY position DESC LIMIT 1", [self.first])
        head, expected = (bytes(before[0].head), before[0].position) if before else (GENESIS, 0)
        for entries in _batched(rows.walk(LedgerEntry, "WHERE position >= $1 AND position < $2 ORDER BY position", [self.first, self.end])):
            found = {e.id: e for e in rows.select(Event, "WHERE id = ANY($1)", [[e.event_id for e in entries]])}
            self._look_back(found.values())
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

    def _look_back(self, found: Iterable[Any]) -> None:
        """Learn where the streams of these events stood when this piece began."""
        new = list({e.stream for e in found} - self.streams.keys()) if self.first else []
        if new:
            self.streams.update((stream, (seq, bytes(hash_))) for stream, seq, hash_ in rows.execute(_LAST_BEFORE, [new, self.first]).fetchall())

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
        for batch in _batched(rows.walk(Event, outside)):
            self._look_back(batch)
            for event in batch:
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


def _rows(vouched: Vouched) -> Iterator[Damage]:
    """Rows that events vouch for, against what those events say."""
    for batch in _batched(rows.walk(Event, "WHERE kind = ANY($1) ORDER BY recorded_at, id", [list(vouched.kinds)])):
        for event, what in vouched.compare(batch):
            entry = LedgerEntry.objects.filter(event_id=event.id).values_list("position", flat=True).first()
            yield Damage(entry or 0, vouched.name(event.payload.get(vouched.key)), what)
    for pk in vouched.strangers():
        yield Damage(0, vouched.name(pk), "no event tells of this row")


def _batched(walk: Iterator[Any], size: int = 2000) -> Iterator[list[Any]]:
    while batch := list(islice(walk, size)):
        yield batch
