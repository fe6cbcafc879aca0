"""留言: begun in the call, whole when its recording is, listened to, answered within its limit."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import transaction

from fawang.hotline.limits import due_under
from fawang.hotline.machine.turn import Turn
from fawang.hotline.models import CallbackRequest, Recording, Voicemail
from fawang.kernel import clock, events
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import require
from fawang.kernel.work import tell_live
from fawang.people.actors import Actor

RULE = "MAIL-RESP"
SHORTEST_MS = 2000
"""Shorter ones hold nothing; they are kept, marked empty, and owe nobody anything."""


def begin(here: Turn, rec_id: str) -> Voicemail:
    """The caller is asked for a message: the row stands from now, whatever breaks off."""
    limit = due_under(RULE, here.call.caller_region, here.at)
    row, made = Voicemail.objects.get_or_create(
        call=here.call,
        defaults={
            "queue_code": here.call.queue_code, "left_at": here.at, "due_at": limit.due_at, "rule_code": limit.code, "rule_version": limit.version,
            "recording": Recording.objects.filter(rec_id=rec_id).first(),
        },
    )  # fmt: skip
    if not made:
        Voicemail.objects.filter(pk=row.pk).update(recording=Recording.objects.filter(rec_id=rec_id).first())
    return row


def settle_lengths() -> int:
    """Voicemails whose recording is whole: their length; the empty ones fall out of the list. Returns how many."""
    done = 0
    waiting = Voicemail.objects.filter(state="new", ms=0, recording__state__in=("waiting", "stored", "partial", "failed")).select_related("recording")
    for row in waiting[:50]:
        with transaction.atomic():
            assert row.recording is not None
            ms = row.recording.ms
            empty = ms < SHORTEST_MS or row.recording.state == "failed"
            Voicemail.objects.filter(pk=row.pk).update(ms=max(ms, 1), state="empty" if empty else "new")
            if not empty:
                events.record(kind="hotline.voicemail_left", stream=row.call_id, payload={"voicemail": str(row.pk), "call": str(row.call_id), "ms": ms})
                tell_live(["hotline"], "voicemail", str(row.pk))
        done += 1
    return done


def take(*, actor: Actor, voicemail_id: uuid.UUID) -> Voicemail:
    """Take a voicemail to deal with. Raises ``Absent``, ``Refusal('hotline.not_now')`` when somebody has it."""
    require("hotline.seat", actor)
    with transaction.atomic():
        row = Voicemail.objects.select_for_update(of=("self",)).filter(pk=voicemail_id).first()
        if row is None:
            raise Absent
        if row.state != "new" and row.taken_by_id != actor.staff_id:
            raise Refusal("hotline.not_now", status=409)
        row.state, row.taken_by_id = "taken", actor.staff_id
        row.save()
    return row


def give_back(*, actor: Actor, voicemail_id: uuid.UUID) -> Voicemail:
    """Put a voicemail back into the list."""
    require("hotline.seat", actor)
    with transaction.atomic():
        row = Voicemail.objects.select_for_update(of=("self",)).filter(pk=voicemail_id, state="taken", taken_by_id=actor.staff_id).first()
        if row is None:
            raise Absent
        row.state, row.taken_by = "new", None
        row.save()
    return row


def finish(*, actor: Actor, voicemail_id: uuid.UUID, outcome: str, callback: CallbackRequest | None = None) -> Voicemail:
    """Done: ``called`` back, ``no_need``, or ``passed`` on as a call-back request."""
    require("hotline.seat", actor)
    if outcome not in ("called", "no_need", "passed"):
        raise Refusal("form.invalid", fields={"outcome": Refusal("field.choice", field="outcome")})
    with transaction.atomic():
        row = Voicemail.objects.select_for_update(of=("self",)).filter(pk=voicemail_id, state="taken", taken_by_id=actor.staff_id).first()
        if row is None:
            raise Refusal("hotline.not_now", status=409)
        row.state, row.outcome, row.done_at, row.callback = "done", outcome, clock.now(), callback
        row.save()
        events.record(
            kind="hotline.voicemail_done", stream=row.call_id,
            payload={"voicemail": str(row.pk), "outcome": outcome, "staff": str(actor.staff_id), "on_time": row.done_at <= row.due_at},
        )  # fmt: skip
    return row


def open_ones(queue_codes: set[str] | None = None) -> list[Voicemail]:
    """Voicemails to deal with, the nearest limit first."""
    rows = Voicemail.objects.filter(state__in=("new", "taken"), ms__gt=0)
    if queue_codes is not None:
        rows = rows.filter(queue_code__in=[*queue_codes, ""])
    return list(rows.select_related("call", "recording", "taken_by").order_by("due_at")[:200])


STALE = timedelta(minutes=30)


def release_stale() -> int:
    """Taken and left: back into the list after half an hour."""
    return Voicemail.objects.filter(state="taken", callback=None, taken_by__agent_state__state="offline", left_at__lte=clock.now() - STALE).update(
        state="new", taken_by=None
    )
