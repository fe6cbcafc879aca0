"""The sweeper: finds clocks whose moment has come and does what the moment demands, each exactly once.

Clocks are rows with ``next_moment``; nothing is scheduled anywhere else, so nothing can be missed, only be late.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db import DatabaseError, transaction
from django.db.models import Case, F, When

from fawang.kernel import clock as time
from fawang.kernel import events
from fawang.kernel.context import acting
from fawang.kernel.errors import Refusal
from fawang.matters import clocks
from fawang.matters.models import Clock, Matter
from fawang.matters.news import tell_pages
from fawang.matters.processes import process_version
from fawang.matters.services import take_step
from fawang.people.actors import SYSTEM

log = logging.getLogger("fawang.sweeper")
_PUT_OFF_FOR = timedelta(minutes=1)
_put_off: dict[UUID, datetime] = {}
"""Clocks whose handling failed: tried again a little later, so that one that cannot be handled holds up no other."""


def sweep(batch: int = 50) -> int:
    """Handle due clocks in due order; returns how many. One clock, one transaction; a locked matter waits its turn.

    After an outage several moments of one clock may have passed: the last of them gives its place in the order.
    """
    now = time.now()
    for clock_id in [c for c, until in _put_off.items() if until <= now]:
        del _put_off[clock_id]
    last = Case(When(statutory_due_at__lte=now, then=F("statutory_due_at")), When(red_at__lte=now, then=F("red_at")), default=F("next_moment"))
    waiting = Clock.objects.filter(next_moment__lte=now).exclude(pk__in=list(_put_off))
    due = list(waiting.order_by(last, "pk").values_list("pk", "matter_id")[:batch])
    done = 0
    with acting(door="system"):
        for clock_id, matter_id in due:
            try:
                done += _one(clock_id, matter_id, now)
            except DatabaseError:
                raise  # the connection is gone, not the clock
            except Exception:
                log.exception("clock %s of matter %s could not be handled", clock_id, matter_id)
                _put_off[clock_id] = now + _PUT_OFF_FOR
    return done


def _one(clock_id: UUID, matter_id: UUID, now: datetime) -> int:
    with transaction.atomic():
        matter = Matter.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=matter_id).first()
        if matter is None:
            return 0
        clock = Clock.objects.filter(pk=clock_id, next_moment__lte=now).first()
        if clock is None:
            return 0
        before = clock.light
        light = clocks.sound_light(clock, now)
        if light != before:
            clocks.refresh_matter(matter)
            matter.save(update_fields=["next_due_at", "light"])
            _record(matter, clock, light)
        if light == "overdue" and not clock.timeout_taken:
            clock.timeout_taken = True
            clock.save(update_fields=["timeout_taken"])
            _timeout(matter, clock)
    return 1


def _record(matter: Matter, clock: Clock, light: str) -> None:
    events.record(
        kind="matter.clock_lit",
        stream=matter.pk,
        office=str(matter.office_id),
        payload={
            "rule": clock.rule_code,
            "light": light,
            "due": clock.statutory_due_at.isoformat() if clock.statutory_due_at else "",
            "office": str(matter.office_id),
            "assignee": str(matter.assignee_id or ""),
            "category": matter.category_code,
            "process": matter.process_code,
        },
    )
    tell_pages(matter, "clock")


def _timeout(matter: Matter, clock: Clock) -> None:
    """Take the step the process declares for a run-out clock, unless the state has moved on."""
    process = process_version(matter.process_code, matter.process_version)
    for timeout in process.timeouts:
        if timeout.rule == clock.rule_code and matter.state in process.step(timeout.verb).from_:
            try:
                with transaction.atomic():
                    take_step(actor=SYSTEM, matter_id=matter.pk, verb=timeout.verb)
            except Refusal:
                continue  # a guard still stands in the way: the overdue light and supervision remain


def recompute_open_clocks() -> int:
    """A calendar changed: recompute open working-day clocks and say so on each timeline. Call inside its transaction."""
    moved = 0
    for clock in Clock.objects.filter(state__in=clocks.OPEN).select_related("matter").order_by("matter_id"):
        if told := clocks.recompute(clock):
            moved += 1
            matter = Matter.objects.select_for_update(of=("self",)).get(pk=clock.matter_id)
            clocks.refresh_matter(matter)
            matter.save(update_fields=["next_due_at", "light"])
            events.record(kind="matter.clock_moved", stream=matter.pk, payload=told)
    return moved
