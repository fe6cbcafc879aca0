"""Writing down that somebody read a personal file, and chaining what was written, so that no read can be unwritten.

Reading never waits for the chain: a trigger queues each row, the sealer gives batches their places and leaves the head of
each batch in an event, so that the ledger and its anchors vouch for the reads too.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC

from django.conf import settings
from django.db import connection, transaction

from fawang.kernel import context, crypto, events
from fawang.kernel.events import GENESIS, event_kind
from fawang.kernel.models import ReadEntry, ReadLog, UnsealedRead

STREAM = "reads"
event_kind("reads.sealed", "查阅记录入链", "Reads chained", keys=("position", "count", "head"))


def note_read(*, subject_kind: str, subject_id: uuid.UUID, what: str = "", purpose: str = "") -> None:
    """Log a read by the ambient actor with its purpose. Fails closed: the caller shows nothing if this raises."""
    ambient = context.current()
    ReadLog.objects.create(
        actor_kind=ambient.actor.kind,
        actor_id=ambient.actor.id,
        office_id=ambient.actor.office,
        subject_kind=subject_kind,
        subject_id=subject_id,
        purpose=(purpose or ambient.purpose or "handling")[:200],
        door=ambient.door,
        request_id=ambient.request_id,
        what=what[:200],
    )


def canonical(read: ReadLog) -> bytes:
    """The exact bytes a read's hash commits to: every column. Pure."""
    body = {
        "id": str(read.id),
        "at": read.at.astimezone(UTC).isoformat(),
        "actor_kind": read.actor_kind,
        "actor_id": read.actor_id,
        "office_id": read.office_id,
        "subject_kind": read.subject_kind,
        "subject_id": str(read.subject_id),
        "purpose": read.purpose,
        "door": read.door,
        "request_id": read.request_id,
        "what": read.what,
    }
    return json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def next_head(head: bytes, position: int, read_hash: bytes, suite: str) -> bytes:
    """The head of the reads' chain after one more. Pure."""
    return crypto.digest(head + position.to_bytes(8, "big") + read_hash, suite)


def seal_reads(batch: int = 5000) -> int:
    """Chain the reads that wait and record the new head. One sealer at a time (advisory lock); returns how many were chained."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(747002)")
            row = cursor.fetchone()
            if not row or not row[0]:
                return 0
        waiting = [w.read for w in UnsealedRead.objects.select_related("read").order_by("read__at", "read_id")[:batch]]
        if not waiting:
            return 0
        keys = [read.pk for read in waiting]
        known = set(ReadEntry.objects.filter(read_id__in=keys).values_list("read_id", flat=True))  # queued again: see events.seal
        UnsealedRead.objects.filter(pk__in=keys).delete()
        last = ReadEntry.objects.order_by("-position").first()
        position, head = (last.position, bytes(last.head)) if last else (0, GENESIS)
        entries, suite = [], settings.CIPHER_SUITE
        for read in waiting:
            if read.pk in known:
                continue
            position += 1
            read_hash = crypto.digest(canonical(read), suite)
            head = next_head(head, position, read_hash, suite)
            entries.append(ReadEntry(position=position, read=read, suite=suite, read_hash=read_hash, head=head))
        ReadEntry.objects.bulk_create(entries)
        if entries:
            events.record(kind="reads.sealed", stream=STREAM, payload={"position": position, "count": len(entries), "head": head.hex()})
    return len(entries) or seal_reads(batch)
