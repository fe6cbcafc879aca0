"""Recording events and reading them in order.

:func:`record` writes inside the caller's transaction, chained per stream. A sealer then gives committed events their
place in the one ledger; consumers read the ledger with a cursor and so never skip a late commit.
"""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, transaction

from fawang.kernel import clock, context, crypto, ids, rows
from fawang.kernel.models import ConsumerCursor, Event, LedgerEntry, Undelivered, UnsealedEvent
from fawang.kernel.texts import Text

log = logging.getLogger("fawang.events")
GENESIS = b"\0" * 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STREAMS = uuid.UUID("8f4c0f0e-5a1b-4d52-9a57-0f61a3f4b001")


@dataclass(frozen=True, slots=True)
class EventKind:
    """A registered kind of event: ``code`` (noun.past_tense), what it tells people, which payload keys it carries."""

    code: str
    name: Text
    public: bool
    keys: tuple[str, ...]


_KINDS: dict[str, EventKind] = {}


def event_kind(code: str, zh: str, en: str, *, public: bool = False, keys: tuple[str, ...] = ()) -> EventKind:
    """Register a kind of event; ``public`` ones appear on the citizen's timeline."""
    kind = EventKind(code, Text(zh, en), public, keys)
    if _KINDS.setdefault(code, kind) != kind:
        raise ValueError(f"event kind {code} is registered twice")
    return kind


def kinds() -> Mapping[str, EventKind]:
    """All registered kinds."""
    return dict(_KINDS)


def stream_of(name: str) -> uuid.UUID:
    """The stream id of something that has no UUID of its own (a calendar year, a setting)."""
    return uuid.uuid5(_STREAMS, name)


def canonical(event: Any) -> bytes:
    """The exact bytes an event's hash commits to: compact JSON in UTF-8, keys in order, times in UTC, the previous hash in hex."""
    occurred, recorded = event.occurred_at.astimezone(UTC).isoformat(), event.recorded_at.astimezone(UTC).isoformat()
    return (
        f'{{"actor_id":{_quoted(event.actor_id)},"actor_kind":{_quoted(event.actor_kind)},"door":{_quoted(event.door)},"id":"{event.id}",'
        f'"kind":{_quoted(event.kind)},"occurred_at":"{occurred}","office_id":{_quoted(event.office_id)},"payload":{_compact(event.payload)},'
        f'"prev":"{bytes(event.prev_hash).hex()}","recorded_at":"{recorded}","request_id":{_quoted(event.request_id)},"seq":{event.seq},'
        f'"stream":"{event.stream}","suite":{_quoted(event.suite)}}}'
    ).encode()


_quoted = json.encoder.encode_basestring
_compact = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


def record(*, kind: str, stream: uuid.UUID | str, **told: Any) -> Event:
    """Append one event in the caller's transaction (required), as :func:`compose` has it."""
    event = compose(kind=kind, stream=stream, **told)
    rows.insert(event)
    return event


def compose(
    *,
    kind: str,
    stream: uuid.UUID | str,
    payload: Mapping[str, Any] | None = None,
    occurred_at: datetime | None = None,
    office: str = "",
    opens: bool = False,
    after: Event | None = None,
) -> Event:
    """An event chained to its stream's last one, for the caller to write in this transaction (required) before the next of its stream.

    ``opens``: the stream was made in this transaction, so nobody can have written to it (a second first event is refused by its key);
    ``after``: for the same reason its last event is the one this transaction wrote.
    Raises ``KeyError`` for an unregistered kind or payload key, ``RuntimeError`` outside a transaction.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("an event is written in the transaction of the change it tells")
    declared = _KINDS[kind]
    body = dict(payload or {})
    if unknown := set(body) - set(declared.keys):
        raise KeyError(f"{kind} does not declare {sorted(unknown)}")
    stream_id = stream if isinstance(stream, uuid.UUID) else stream_of(stream)
    if after is not None and after.stream != stream_id:
        raise ValueError("an event follows one of its own stream")
    last = (0, GENESIS) if opens else (after.seq, bytes(after.hash)) if after else _last_of(stream_id)
    ambient = context.current()
    now = clock.now()
    event = Event(
        id=ids.new_id(),
        stream=stream_id,
        seq=last[0] + 1,
        kind=kind,
        occurred_at=occurred_at or now,
        recorded_at=now,
        actor_kind=ambient.actor.kind,
        actor_id=ambient.actor.id,
        office_id=office or ambient.actor.office,
        door=ambient.door,
        request_id=ambient.request_id,
        payload=json.loads(json.dumps(body, default=str)),
        suite=settings.CIPHER_SUITE,
        prev_hash=last[1],
    )
    event.hash = crypto.digest(canonical(event))
    return event


def _last_of(stream: uuid.UUID) -> tuple[int, bytes]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [stream.int >> 65])
        cursor.execute("SELECT seq, hash FROM kernel_event WHERE stream = %s ORDER BY seq DESC LIMIT 1", [stream])
        row = cursor.fetchone()
    return (row[0], bytes(row[1])) if row else (0, GENESIS)


def seal(batch: int = 2000) -> int:
    """Give committed events their place in the ledger. One sealer at a time; returns how many were sealed, 0 when none is left."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(747001)")
            row = cursor.fetchone()
            if not row or not row[0]:
                return 0
        waiting = _next_in_order(batch)
        if not waiting:
            return 0
        keys = [e.pk for e in waiting]
        # Queued again by whoever wanted to stop the sealer. Asked by keys, batch by batch: a join over the whole queue takes minutes on old statistics.
        known = set(LedgerEntry.objects.filter(event_id__in=keys).values_list("event_id", flat=True))
        last = LedgerEntry.objects.order_by("-position").first()
        position, head = (last.position, bytes(last.head)) if last else (0, GENESIS)
        entries, now = [], clock.now()
        for event in waiting:
            if event.pk in known:
                continue
            position += 1
            event_hash = bytes(event.hash)
            head = next_head(head, position, now, event_hash, event.suite)
            entries.append(LedgerEntry(position=position, event=event, event_hash=event_hash, head=head, sealed_at=now))
        LedgerEntry.objects.bulk_create(entries)
        UnsealedEvent.objects.filter(pk__in=keys).delete()
    return len(entries) or seal(batch)


def next_head(head: bytes, position: int, sealed_at: datetime, event_hash: bytes, suite: str) -> bytes:
    """The ledger's head after one more entry: it commits to every column of the entry and to all before it. Pure."""
    microseconds = (sealed_at - _EPOCH) // timedelta(microseconds=1)
    return crypto.digest(head + position.to_bytes(8, "big") + microseconds.to_bytes(8, "big") + event_hash, suite)


def _next_in_order(batch: int) -> list[Event]:
    """The longest waiting events; those of one stream in their own order, even where the clock was set back between them."""
    found = [w.event for w in UnsealedEvent.objects.select_related("event").order_by("event__recorded_at", "event__stream", "event__seq")[:batch]]
    if len(found) == batch:
        streams = {e.stream for e in found}
        rest = UnsealedEvent.objects.filter(event__stream__in=streams).exclude(pk__in=[e.pk for e in found]).select_related("event")
        found += [w.event for w in rest]
    own: dict[uuid.UUID, list[Event]] = {}
    for event in sorted(found, key=lambda e: -e.seq):
        own.setdefault(event.stream, []).append(event)
    return [own[event.stream].pop() for event in found]


def deliver(name: str, handle: Callable[[Event], object], batch: int = 200) -> int:
    """Hand the consumer ``name`` the events after its cursor, in ledger order, each once; returns how many were looked at.

    One transaction a batch, one savepoint an event: an event that cannot be handled is put down (``Undelivered``) and tried again
    later, ever more seldom; it holds up no other. A lost connection undoes the batch.
    """
    with transaction.atomic():
        cursor, _ = ConsumerCursor.objects.select_for_update().get_or_create(name=name)
        again = list(Undelivered.objects.filter(consumer=name, again_at__lte=clock.now()).order_by("event__entry__position").select_related("event")[:batch])
        for row in again:
            if _handled(name, handle, row.event):
                row.delete()
            else:
                row.attempts += 1
                row.again_at = clock.now() + min(timedelta(minutes=2**row.attempts), timedelta(hours=6))
                row.save()
        fresh = list(LedgerEntry.objects.filter(position__gt=cursor.position).select_related("event").order_by("position")[:batch])
        for entry in fresh:
            if not _handled(name, handle, entry.event):
                Undelivered.objects.create(consumer=name, event=entry.event, attempts=1, again_at=clock.now() + timedelta(minutes=1))
            cursor.position = entry.position
        if fresh:
            cursor.save()
    return len(again) + len(fresh)


def _handled(name: str, handle: Callable[[Event], object], event: Event) -> bool:
    try:
        with transaction.atomic():
            handle(event)
    except OperationalError:
        raise  # the connection is gone, not the event
    except Exception:
        log.exception("%s could not handle event %s (%s)", name, event.pk, event.kind)
        return False
    return True
