"""Rows that belong to no domain: events, the ledger that seals them, keys of repeated writes, reads of personal files."""

from __future__ import annotations

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from fawang.kernel import clock, ids


class Event(models.Model):
    """留痕: an append-only fact. The database refuses UPDATE, DELETE and TRUNCATE.

    ``stream`` is the thing it tells of (a matter, an organisation …); ``seq`` counts within the stream; ``hash`` commits
    to every column and to the previous event of the stream. Personal data never stands in ``payload``, only ids and digests.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    stream = models.UUIDField()
    seq = models.IntegerField()
    kind = models.CharField(max_length=80)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=64, blank=True)
    office_id = models.CharField(max_length=64, blank=True)
    door = models.CharField(max_length=20)
    request_id = models.CharField(max_length=64, blank=True)
    payload = models.JSONField(default=dict)
    suite = models.CharField(max_length=4)
    prev_hash = models.BinaryField()
    hash = models.BinaryField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["stream", "seq"], name="event_stream_seq"),)
        indexes = (
            models.Index(fields=["kind", "occurred_at"], name="event_kind_at"),
            BrinIndex(fields=["recorded_at"], name="event_recorded_brin"),
        )


class UnsealedEvent(models.Model):
    """Events committed but not yet in the ledger; filled by a trigger, emptied by the sealer."""

    event = models.OneToOneField(Event, on_delete=models.DO_NOTHING, primary_key=True)


class LedgerEntry(models.Model):
    """The one order of all events: gapless positions, given after commit; ``head`` chains over this row and all before it."""

    position = models.BigIntegerField(primary_key=True)
    event = models.OneToOneField(Event, on_delete=models.DO_NOTHING, related_name="entry")
    event_hash = models.BinaryField()
    head = models.BinaryField()
    sealed_at = models.DateTimeField(default=clock.now)


class ConsumerCursor(models.Model):
    """How far a reader of the ledger (an outbox consumer) has come."""

    name = models.CharField(primary_key=True, max_length=80)
    position = models.BigIntegerField(default=0)


class Undelivered(models.Model):
    """An event that a consumer could not handle yet: tried again at ``again_at``, ever more seldom, until it can."""

    consumer = models.CharField(max_length=80)
    event = models.ForeignKey(Event, on_delete=models.DO_NOTHING, related_name="+")
    attempts = models.IntegerField(default=1)
    again_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["consumer", "event"], name="undelivered_once"),)
        indexes = (models.Index(fields=["consumer", "again_at"], name="undelivered_due"),)


class IdempotencyKey(models.Model):
    """A write that was asked for under a key, with the answer it got (sealed: it may hold a lookup code)."""

    scope = models.CharField(max_length=120)
    key = models.CharField(max_length=255)
    body_digest = models.CharField(max_length=64)
    status = models.SmallIntegerField(default=0)
    response = models.BinaryField(default=b"")
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["scope", "key"], name="idempotency_scope_key"),)
        indexes = (models.Index(fields=["created_at"], name="idempotency_created"),)


class ReadLog(models.Model):
    """Who read which personal file, when, why: append-only like events. PIPL §51, 律师法 §38."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    at = models.DateTimeField(default=clock.now)
    actor_kind = models.CharField(max_length=20)
    actor_id = models.CharField(max_length=64)
    office_id = models.CharField(max_length=64, blank=True)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.UUIDField()
    purpose = models.CharField(max_length=200)
    door = models.CharField(max_length=20)
    request_id = models.CharField(max_length=64, blank=True)
    what = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = (
            models.Index(fields=["subject_id", "at"], name="readlog_subject"),
            models.Index(fields=["actor_id", "at"], name="readlog_actor"),
        )


class UnsealedRead(models.Model):
    """Reads written down but not yet chained; filled by a trigger, emptied by the sealer."""

    read = models.OneToOneField(ReadLog, on_delete=models.DO_NOTHING, primary_key=True)


class ReadEntry(models.Model):
    """The one order of all reads, chained like the ledger; the head after each batch stands in an event ``reads.sealed``."""

    position = models.BigIntegerField(primary_key=True)
    read = models.OneToOneField(ReadLog, on_delete=models.DO_NOTHING, related_name="entry")
    suite = models.CharField(max_length=4)
    read_hash = models.BinaryField()
    head = models.BinaryField()


class Heartbeat(models.Model):
    """When a background process was last seen alive."""

    name = models.CharField(primary_key=True, max_length=60)
    beaten_at = models.DateTimeField()


class Stamp(models.Model):
    """Which state of a slow table processes' copies may be of; drawn by a trigger with every change of the table."""

    name = models.CharField(primary_key=True, max_length=63)
    stamp = models.UUIDField()


class Throttle(models.Model):
    """Counts attempts in a window, shared by all processes."""

    key = models.CharField(primary_key=True, max_length=200)
    window_start = models.DateTimeField()
    count = models.IntegerField(default=0)
