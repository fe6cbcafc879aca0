"""回电: promised, missed and broken-off calls are owed, each with a limit, slots with capacity, and three tries at different times."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from fawang.hotline import agents, callback_slots
from fawang.hotline.limits import due_under, light_between
from fawang.hotline.machine.turn import Turn
from fawang.hotline.models import AgentState, Call, CallbackAttempt, CallbackRequest, CallbackSlot, CallTicket
from fawang.kernel import clock, crypto, events
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import require
from fawang.kernel.work import tell_live
from fawang.people.actors import Actor
from fawang.people.models import Person
from fawang.people.notices import notice_enqueue
from fawang.people.phones import parse_phone

RULE = "CALL-BACK"
SHORT = timedelta(seconds=5)
"""Whoever gave up sooner hardly waited; such calls are counted apart and not called back."""
OWED = {
    "abandoned_queue": "abandoned",
    "abandoned_ringing": "abandoned",
    "no_agent": "missed",
    "caller_vanished": "lost",
    "engine_lost": "lost",
    "error": "lost",
}
OPEN = ("planned", "calling")


def owe(
    *,
    reason: str,
    phone: str,
    queue_code: str,
    person: Person | None = None,
    source_call: Call | None = None,
    ticket: CallTicket | None = None,
    slot: CallbackSlot | None = None,
    not_by: uuid.UUID | None = None,
    region: str = "",
    note: str = "",
) -> CallbackRequest | None:
    """Write that a call is owed. Call inside a transaction. An open one to the same number is kept instead (``None`` for a rating, which is its own).

    Raises ``ValueProblem`` for a number that cannot be dialled.
    """
    now = clock.now()
    number = parse_phone(phone).canonical
    index = crypto.blind("phone", number)
    if source_call is not None and (known := CallbackRequest.objects.filter(source_call=source_call).first()):
        return known
    same = CallbackRequest.objects.filter(phone_index=index, state__in=OPEN).exclude(reason="rating").first()
    if same is not None and reason != "rating" and slot is None:
        return same
    limit = due_under(RULE, region, now)
    due = slot.ends_at if slot else limit.due_at
    row = CallbackRequest(
        reason=reason, queue_code=queue_code, phone=number, phone_index=index, person=person, source_call=source_call, ticket=ticket, slot=slot,
        rule_code=limit.code, rule_version=limit.version, created_at=now, due_at=due, not_before=slot.starts_at if slot else now, not_by_id=not_by, note=note,
    )  # fmt: skip
    row.next_moment = _next_moment(row, now)
    row.save(force_insert=True)
    events.record(
        kind="hotline.callback_promised", stream=row.pk,
        payload={"callback": str(row.pk), "call": str(source_call.pk) if source_call else "", "reason": reason, "due": due.isoformat()},
    )  # fmt: skip
    tell_live(["hotline"], "callback", str(row.pk))
    return row


def _next_moment(row: CallbackRequest, now: datetime) -> datetime | None:
    start = row.slot.starts_at if row.slot else row.created_at
    marks = [start + (row.due_at - start) * share for share in (0.7, 0.9)] + [row.due_at + timedelta(seconds=1)]
    return next((m for m in marks if m > now), None)


def promise_to_caller(here: Turn) -> CallbackRequest | None:
    """The next free slot for the caller's own number; ``None`` for a withheld number or when every slot is full."""
    call = here.call
    if not call.caller_index or call.caller_kind not in ("mobile", "landline"):
        return None
    queue = call.queue_code or next(iter(here.document.queues))
    slot = callback_slots.take_next(here.document, queue, here.now)
    if slot is None:
        return None
    row = owe(
        reason="chosen", phone=call.caller or "", queue_code=queue, person=call.person if call.match == "known" else None, source_call=call, slot=slot,
        region=call.caller_region,
    )  # fmt: skip
    if row is not None:
        _tell_when(row)
    here.note("callback_promised", callback=str(row.pk) if row else "")
    return row


def _tell_when(row: CallbackRequest) -> None:
    start, end = row.not_before.astimezone(clock.BEIJING), row.due_at.astimezone(clock.BEIJING)
    body = f"12348热线将在{start.month}月{start.day}日{start:%H:%M}至{end:%H:%M}之间给您回电，请保持电话畅通。"
    notice_enqueue(person=row.person, matter_id=None, channel="sms", to=row.phone or "", template="hotline_callback", body=body, dedup_key=f"callback:{row.pk}")


def request_by_hand(*, actor: Actor, phone: str, queue_code: str, slot_id: uuid.UUID | None = None, note: str = "") -> CallbackRequest:
    """A member of staff (or the portal, as the system) asks for a call-back. Raises ``Refusal`` ``hotline.slot``, ``hotline.slot_full``."""
    if actor.kind != "system":
        require("hotline.seat", actor)
    with transaction.atomic():
        slot = callback_slots.take(slot_id) if slot_id else None
        row = owe(reason="manual" if actor.kind == "staff" else "web", phone=phone, queue_code=queue_code, slot=slot, note=note)
        assert row is not None
        if slot is not None:
            _tell_when(row)
    return row


def after_call(here: Turn) -> None:
    """A call has ended: owe a call-back for a wait or a conversation that came to nothing; a caller served now is owed nothing more."""
    call = here.call
    if (call.direction == "out" and call.queued_at is None) or not call.caller_index:
        return  # a call of ours is owed again only when our line broke and the citizen waited for the next one
    reason = OWED.get(call.end_cause, "")
    if not reason:
        if call.connected_at is not None:
            _served(call)
        return
    if call.queued_at is None and call.connected_at is None:
        return
    if reason == "abandoned" and call.queued_at is not None and call.ended_at is not None and call.ended_at - call.queued_at < SHORT:
        return
    if call.caller_kind not in ("mobile", "landline"):
        return
    owe(
        reason=reason, phone=call.caller or "", queue_code=call.queue_code, person=call.person if call.match == "known" else None, source_call=call,
        region=call.caller_region,
    )  # fmt: skip


def _served(call: Call) -> None:
    rows = CallbackRequest.objects.filter(phone_index=bytes(call.caller_index), state="planned", reason__in=("abandoned", "missed", "lost"))
    for row in rows.select_for_update(of=("self",)):
        close(row, "cancelled")


def close(row: CallbackRequest, state: str) -> None:
    """End a request (locked row); on time or not is decided here."""
    row.state, row.done_at, row.next_moment = state, clock.now(), None
    row.on_time = row.done_at <= row.due_at if state in ("reached", "unreachable") else None
    row.save()
    events.record(kind="hotline.callback_closed", stream=row.pk, payload={"callback": str(row.pk), "state": state, "on_time": row.on_time})
    tell_live(["hotline"], "callback", str(row.pk))


def cancel(*, actor: Actor, request_id: uuid.UUID, note: str) -> CallbackRequest:
    """Nobody needs to be called any more; why is written down. Never what a bad rating asks for."""
    require("hotline.supervise", actor, None)
    with transaction.atomic():
        row = _locked(request_id)
        if row.reason == "rating":
            raise Refusal("hotline.not_now", status=409)
        row.note = f"{row.note or ''}\n{note}".strip()
        close(row, "cancelled")
    return row


def _locked(request_id: uuid.UUID) -> CallbackRequest:
    row = CallbackRequest.objects.select_for_update(of=("self",)).filter(pk=request_id).first()
    if row is None:
        raise Absent
    if row.state not in OPEN:
        raise Refusal("hotline.callback_done", status=409)
    return row


# -- tries ---------------------------------------------------------------------------------------------------------------------------


def call_back(*, actor: Actor, request_id: uuid.UUID) -> Call:
    """Call back by hand, now: own seat first, then the citizen.

    Raises ``Refusal`` ``hotline.callback_done``, ``hotline.callback_apart``, ``hotline.callback_self``, ``hotline.not_signed_on``, ``hotline.not_now``.
    """
    require("hotline.seat", actor)
    with transaction.atomic():
        row = _locked(request_id)
        agent = agents.locked(actor.account)
        if agent.seat is None:
            raise Refusal("hotline.not_signed_on", status=409)
        if agent.state not in ("ready", "not_ready", "wrap_up") or row.state != "planned":
            raise Refusal("hotline.not_now", status=409)
        return _try(row, agent)


def _try(row: CallbackRequest, agent: AgentState) -> Call:
    from fawang.hotline.machine import outbound
    from fawang.hotline.machine.turn import document_of

    if row.not_by_id == agent.pk:
        raise Refusal("hotline.callback_self", status=409)
    last = row.attempts.exclude(outcome="failed").order_by("-number").first()
    call = outbound.begin(agent, phone=row.phone or "", queue_code=row.queue_code, request=row)
    apart = timedelta(minutes=document_of(call).callbacks.apart_minutes)
    if last is not None and clock.now() - last.at < apart:
        raise Refusal("hotline.callback_apart", status=409, minutes=int(apart.total_seconds() // 60))
    CallbackAttempt.objects.create(request=row, number=row.attempts.count() + 1, call=call, by_id=agent.pk, at=clock.now())
    row.state, row.agent_id = "calling", agent.pk
    row.save()
    return call


def _attempt_of(here: Turn) -> tuple[CallbackRequest, CallbackAttempt] | None:
    if here.call.callback_id is None:
        return None
    row = CallbackRequest.objects.select_for_update(of=("self",)).get(pk=here.call.callback_id)
    attempt = CallbackAttempt.objects.filter(request=row, call=here.call, outcome="trying").first()
    return (row, attempt) if attempt is not None else None


def reached(here: Turn) -> None:
    """The citizen is on the line: the request is met."""
    found = _attempt_of(here)
    if found is None:
        return
    row, attempt = found
    _write(attempt, "reached")
    row.attempts_made = F("attempts_made") + 1  # type: ignore[assignment]
    row.save(update_fields=["attempts_made"])
    row.refresh_from_db()
    close(row, "reached")


OUTCOMES = {"busy": "busy", "no_answer": "no_answer", "timeout": "no_answer", "rejected": "busy", "not_found": "wrong"}


def not_reached(here: Turn, cause: str) -> None:
    """A try came to nothing. The agent's own failure is no try; after the last one the request is closed as unreachable."""
    found = _attempt_of(here)
    if found is None:
        return
    row, attempt = found
    outcome = "failed" if cause == "agent" else OUTCOMES.get(cause, "unreachable")
    _write(attempt, outcome)
    rules = here.document.callbacks
    row.state = "planned"
    if outcome != "failed":
        row.attempts_made += 1
        row.not_before = clock.now() + timedelta(minutes=rules.apart_minutes)
    if row.attempts_made >= rules.attempts:
        close(row, "unreachable")
    else:
        row.save()


def _write(attempt: CallbackAttempt, outcome: str) -> None:
    attempt.outcome = outcome
    attempt.save(update_fields=["outcome"])
    events.record(
        kind="hotline.callback_attempted", stream=attempt.request_id,
        payload={"callback": str(attempt.request_id), "number": attempt.number, "outcome": outcome, "staff": str(attempt.by_id or "")},
    )  # fmt: skip


# -- the sweeper's part --------------------------------------------------------------------------------------------------------------


def sweep(batch: int = 50) -> int:
    """Lights of open requests, tries that were cut off, and due calls brought to agents with nothing to do."""
    return _lights(batch) + _cut_off(batch) + _bad_ratings(batch) + _automatic(batch)


def _lights(batch: int) -> int:
    now, done = clock.now(), 0
    for pk in list(CallbackRequest.objects.filter(next_moment__lte=now, state__in=OPEN).values_list("pk", flat=True)[:batch]):
        with transaction.atomic():
            row = CallbackRequest.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk, state__in=OPEN).first()
            if row is None:
                continue
            before, start = row.light, row.slot.starts_at if row.slot else row.created_at
            row.light = light_between(start, row.due_at, now)
            row.next_moment = _next_moment(row, now)
            row.save(update_fields=["light", "next_moment"])
            if row.light == "overdue" != before:
                events.record(
                    kind="hotline.callback_overdue", stream=row.pk,
                    payload={"callback": str(row.pk), "rule": row.rule_code, "due": row.due_at.isoformat()},
                )  # fmt: skip
            tell_live(["hotline"], "callback", str(row.pk))
            done += 1
    return done


def _cut_off(batch: int) -> int:
    """Requests that say ``calling`` although their call is over (a process died in between) are planned again."""
    stuck = CallbackAttempt.objects.filter(outcome="trying", call__state="ended", request__state="calling")
    done = 0
    for attempt in list(stuck.select_related("request")[:batch]):
        with transaction.atomic():
            row = CallbackRequest.objects.select_for_update(of=("self",)).get(pk=attempt.request_id)
            _write(attempt, "failed")
            row.state = "planned"
            row.save(update_fields=["state"])
            done += 1
    return done


UNFINISHED = timedelta(hours=1)


def _bad_ratings(batch: int) -> int:
    """A bad rating whose ticket is left unfinished for an hour, or became no matter, is called back all the same (100 %)."""
    now = clock.now()
    bad = Call.objects.filter(survey_level__lte=2, ended_at__isnull=False, ended_at__gte=now - timedelta(days=7))
    open_ticket = Q(ticket=None, ended_at__lte=now - UNFINISHED) | Q(ticket__state="draft", ended_at__lte=now - UNFINISHED)
    rows = bad.filter(open_ticket | Q(ticket__state="closed", ticket__matter=None)).exclude(pk__in=CallbackRequest.objects.filter(source_call__isnull=False).values("source_call"))  # fmt: skip
    done = 0
    for call in rows.exclude(caller_index=b"")[:batch]:
        with transaction.atomic():
            owe(
                reason="rating", phone=call.caller or "", queue_code=call.queue_code, source_call=call, not_by=call.agent_id,
                ticket=CallTicket.objects.filter(call=call).first(),
            )  # fmt: skip
            done += 1
    return done


def _automatic(batch: int) -> int:
    """Due call-backs go to ready agents of their queue, one each, while nobody waits in it and the hours allow."""
    from fawang.hotline import opening
    from fawang.hotline.configurations import live_document
    from fawang.hotline.models import QueueEntry, SeatPool

    document = live_document()
    now = clock.now()
    if document is None or not document.callbacks.automatic or not opening.is_open(document, now)(document.callbacks.hours):
        return 0
    done = 0
    for row in CallbackRequest.objects.filter(state="planned", not_before__lte=now).order_by("due_at")[:batch]:
        queue = document.queues.get(row.queue_code) or next(iter(document.queues.values()))
        if QueueEntry.objects.filter(queue_code=row.queue_code, state="waiting").exists():
            continue
        with transaction.atomic():
            held = CallbackRequest.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=row.pk, state="planned").first()
            pools = SeatPool.objects.filter(code__in=[u.pool for u in queue.pools], is_open=True)
            free = AgentState.objects.select_for_update(skip_locked=True, of=("self",)).filter(state="ready", pool__in=pools).exclude(pk=row.not_by_id)
            agent = free.order_by("ready_since").first()
            if held is None or agent is None:
                continue
            try:
                with transaction.atomic():
                    _try(held, agent)
                    done += 1
            except Refusal:
                continue
    return done
