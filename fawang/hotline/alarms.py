"""告警: thresholds of the live edition against the house as it stands; one open alarm a kind and queue, closed by itself when the figure is back."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Count, Min

from fawang.hotline import figures
from fawang.hotline.configuration import Document
from fawang.hotline.configurations import live_document
from fawang.hotline.models import AgentState, Alarm, Call, QueueEntry
from fawang.kernel import clock
from fawang.kernel.errors import Absent
from fawang.kernel.policy import require
from fawang.kernel.work import tell_live
from fawang.people.actors import Actor

DAY = timedelta(hours=24)
LEAST_CALLS = 10
"""Shares are judged from so many calls on: one abandoned call of two is no alarm."""


def check() -> int:
    """Raise what is beyond its threshold, close what is back; returns how many changed."""
    document = live_document()
    if document is None:
        return 0
    beyond = {**_queues(document), **_house(document)}
    done = 0
    for (kind, queue), (value, limit) in beyond.items():
        done += _raise(kind, queue, value, limit)
    for row in Alarm.objects.filter(cleared_at=None):
        if (row.kind, row.queue_code) not in beyond and row.kind in KINDS:
            done += Alarm.objects.filter(pk=row.pk, cleared_at=None).update(cleared_at=clock.now())
    if done:
        with transaction.atomic():
            tell_live(["hotline"], "alarm")
    return done


KINDS = ("queue_length", "longest_wait", "service_level", "answer_rate", "ready_seats")
Beyond = dict[tuple[str, str], tuple[float, float]]


def _queues(document: Document) -> Beyond:
    now, bounds, found = clock.now(), document.thresholds, dict[tuple[str, str], tuple[float, float]]()
    for row in QueueEntry.objects.filter(state="waiting").values("queue_code").annotate(n=Count("pk"), first=Min("entered_at")):
        if row["n"] > bounds.queue_length:
            found["queue_length", row["queue_code"]] = (row["n"], bounds.queue_length)
        waited = (now - row["first"]).total_seconds()
        if waited > bounds.longest_wait:
            found["longest_wait", row["queue_code"]] = (waited, bounds.longest_wait)
    for code in document.queues:
        counts = figures.rolling(now - DAY, now, code)
        if counts["offered"] >= LEAST_CALLS:
            for kind, share, bound in (
                ("answer_rate", counts["answered"] / counts["offered"], bounds.answer_rate),
                ("service_level", counts["answered_in_time"] / counts["offered"], bounds.service_level),
            ):
                if share < bound:
                    found[kind, code] = (share, bound)
    return found


def _house(document: Document) -> Beyond:
    ready = AgentState.objects.filter(state="ready").count()
    busy = Call.objects.exclude(state="ended").exists()
    return {("ready_seats", ""): (ready, document.thresholds.ready_seats)} if busy and ready < document.thresholds.ready_seats else {}


def _raise(kind: str, queue: str, value: float, limit: float) -> int:
    try:
        with transaction.atomic():
            _, made = Alarm.objects.get_or_create(
                kind=kind, queue_code=queue, cleared_at=None, defaults={"value": value, "limit": limit, "raised_at": clock.now()}
            )
    except IntegrityError:
        return 0  # another process raised it in the same moment
    return int(made)


def acknowledge(*, actor: Actor, alarm_id: uuid.UUID) -> Alarm:
    """A supervisor has seen it; it stays until the figure is back."""
    require("hotline.supervise", actor, None)
    with transaction.atomic():
        row = Alarm.objects.select_for_update(of=("self",)).filter(pk=alarm_id).first()
        if row is None:
            raise Absent
        if row.acknowledged_at is None:
            row.acknowledged_at, row.acknowledged_by_id = clock.now(), actor.account
            row.save(update_fields=["acknowledged_at", "acknowledged_by"])
    return row
