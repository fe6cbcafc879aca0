"""The queue: entering, matching with agents without races, and what happens to a waiting call while it waits.

Order of locks, everywhere in this room: call, queue entry, agent. Where a match starts from an agent, entry and call are taken with
SKIP LOCKED, so nobody waits in a circle; what was skipped is tried again by the next event or the next sweep.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Case, F, IntegerField, Q, QuerySet, Value, When

from fawang.hotline import callers, flow, opening
from fawang.hotline.configuration import Queue
from fawang.hotline.engines import commands as do
from fawang.hotline.machine import offering
from fawang.hotline.machine.turn import Turn, document_of, finish, hush, turn
from fawang.hotline.models import AgentState, Call, QueueEntry, SeatPool
from fawang.hotline.together import together
from fawang.kernel import clock


def enter(here: Turn, code: str, *, head: bool = False, preferred: uuid.UUID | None = None, entered_at: datetime | None = None) -> None:
    """Put the call into a queue, or do what the queue does when it takes nobody.

    ``head``: in front of everybody (a conversation that broke off, a transfer); ``preferred``: one adviser first.
    """
    from fawang.hotline.machine import menus

    call = here.call
    queue = here.document.queues[code]
    call.queue_code = code
    wanted = menus.wanted_of(here)
    adviser = preferred or (None if head else callers.last_adviser(bytes(call.caller_index), queue.same_adviser_days))
    caller = flow.Caller(
        region=call.caller_region,
        language=call.language,
        priority_groups=tuple(call.person.priority_groups) if call.person is not None and call.match == "known" else (),
        adviser=str(adviser or ""),
    )
    planned = flow.plan(queue, caller, wanted, opening.is_open(here.document, here.now))
    pools = _pools(planned, queue) if isinstance(planned, flow.Waiting) else None
    if isinstance(planned, flow.Closed) or pools is None:
        here.note("queue_closed", queue=code, manned=not isinstance(planned, flow.Closed))
        _instead(here, planned.instead if isinstance(planned, flow.Closed) else queue.closed)
        return
    entered = entered_at or here.at
    moments = [[m.at, m.what, list(m.data)] for m in planned.moments]
    entry = QueueEntry(
        call=call, queue_code=code, priority=planned.priority + (flow.DROPPED if head else 0), entered_at=entered, needs=list(planned.needs),
        pools=pools, preferred_id=adviser if planned.preferred else None,
        preferred_until=entered + timedelta(seconds=planned.preferred_for) if planned.preferred else None,
    )  # fmt: skip
    _schedule(entry, moments)
    entry.save()
    call.priority = entry.priority
    call.queued_at = call.queued_at or entered
    here.go("queued")
    here.due(timedelta(seconds=queue.longest_wait) + timedelta(minutes=5))
    here.note("queued", queue=code, priority=entry.priority, needs=list(entry.needs))
    here.order(do.HoldMusic(command_id="", leg_id=call.leg_id, music=here.document.music))
    offer_to_somebody(here, entry)


def _instead(here: Turn, what: str) -> None:
    from fawang.hotline.machine import closing

    if what == "voicemail":
        closing.voicemail(here, said=["out_of_hours"])
    elif what == "callback":
        closing.promise(here, said=["out_of_hours"])
    else:
        closing.farewell(here, ["out_of_hours", "goodbye"], cause="closed")


def _pools(planned: flow.Waiting, queue: Queue) -> list[uuid.UUID] | None:
    """Pools that serve from the first second; the next ones at once when those are closed or nobody has signed on there.

    ``None`` when there is nobody anywhere.
    """
    later = [m.data[0] for m in planned.moments if m.what == "overflow"]
    rows = {p.code: p for p in SeatPool.objects.filter(code__in=[*planned.pools, *later], is_open=True)}
    manned = set(AgentState.objects.exclude(state="offline").filter(pool__in=rows.values()).values_list("pool_id", flat=True))
    serving = [rows[c].pk for c in planned.pools if c in rows]
    if manned & set(serving):
        return serving
    for code in later:
        if code in rows:
            serving.append(rows[code].pk)
            if rows[code].pk in manned:
                return serving
    return None


def _schedule(entry: QueueEntry, moments: list[list[Any]]) -> None:
    entry.moments = moments
    entry.next_moment = entry.entered_at + timedelta(seconds=moments[0][0]) if moments and entry.state == "waiting" else None


# -- matching ------------------------------------------------------------------------------------------------------------------------


def _free(entry: QueueEntry, order: str) -> QuerySet[AgentState]:
    """Agents who may have this call now, the best first, unlocked ones only."""
    rows = AgentState.objects.filter(state="ready", pool_id__in=entry.pools, tags__contains=entry.needs)
    if entry.preferred_id and entry.preferred_until and clock.now() < entry.preferred_until:
        rows = rows.filter(pk=entry.preferred_id)
    place = Case(*[When(pool_id=pool, then=Value(n)) for n, pool in enumerate(entry.pools)], default=Value(99), output_field=IntegerField())
    fair = (F("answered_today"),) if order == "fair_share" else ()
    return rows.select_for_update(skip_locked=True, of=("self",)).select_related("seat").order_by(place, *fair, F("ready_since").asc(), "pk")


def offer_to_somebody(here: Turn, entry: QueueEntry) -> bool:
    """Reserve the best free agent for a waiting call of ours and ring him."""
    if entry.state != "waiting" or not entry.pools:
        return False
    order = here.document.queues[entry.queue_code].order
    agent = _free(entry, order).first()
    if agent is None:
        return False
    offering.reserve(here, entry, agent, order)
    return True


def serve(staff_id: uuid.UUID) -> bool:
    """Bring a free agent the first waiting call he may have. Own transaction or the caller's; ``False`` when there is none or somebody has his row."""
    with transaction.atomic(), together():
        rows = AgentState.objects.select_for_update(skip_locked=True, of=("self",)).select_related("seat")
        agent = rows.filter(pk=staff_id, state="ready").first()
        return agent is not None and serve_locked(agent)


def serve_locked(agent: AgentState) -> bool:
    """The same for a ready agent whose row is locked: one statement finds and locks place and call, the writes go together."""
    if agent.pool_id is None:
        return False
    entry = _next_for(agent)
    if entry is None:
        return False
    here = Turn(entry.call, clock.now(), document_of(entry.call))
    offering.reserve(here, entry, agent, here.document.queues[entry.queue_code].order)
    finish(here)
    return True


def _next_for(agent: AgentState) -> QueueEntry | None:
    """Priority, then arrival; whatever is locked just now is somebody else's to deal with. The caller's number stays sealed."""
    now = clock.now()
    mine = Q(preferred=None) | Q(preferred_until__lte=now) | Q(preferred_id=agent.pk)
    rows = QueueEntry.objects.filter(mine, state="waiting", pools__contains=[agent.pool_id], needs__contained_by=agent.tags, call__state="queued")
    locked = rows.select_for_update(skip_locked=True, no_key=True, of=("self", "call")).select_related("call").defer("call__caller")
    return locked.order_by("-priority", "entered_at", "id").first()


MATCHES = """
SELECT a.staff_id FROM hotline_agentstate a WHERE a.state = 'ready' AND EXISTS (
  SELECT 1 FROM hotline_queueentry e WHERE e.state = 'waiting' AND a.pool_id = ANY (e.pools) AND e.needs <@ a.tags
  AND (e.preferred_id IS NULL OR e.preferred_until <= %s OR e.preferred_id = a.staff_id))
ORDER BY a.ready_since LIMIT %s
"""


def serve_everybody(limit: int = 50) -> int:
    """The sweep behind every match that was skipped: free agents and waiting calls that fit are brought together."""
    with connection.cursor() as cursor:
        cursor.execute(MATCHES, [clock.now(), limit])
        ready = [row[0] for row in cursor.fetchall()]
    return sum(serve(pk) for pk in ready)


# -- while waiting -------------------------------------------------------------------------------------------------------------------


def moment(entry_id: uuid.UUID, call_id: uuid.UUID) -> int:
    """Do what is due for a waiting call: give up needs, widen pools, announce, offer, or end the wait. Returns how much was done."""
    now = clock.now()
    with turn(call_id, skip_locked=True) as here:
        if here is None:
            return 0
        entry = QueueEntry.objects.select_for_update(of=("self",)).filter(pk=entry_id, state="waiting", next_moment__lte=now).first()
        if entry is None:
            return 0
        done = 0
        waited = (now - entry.entered_at).total_seconds()
        moments = list(entry.moments)
        said = False
        while moments and moments[0][0] <= waited and here.call.state == "queued":
            _, what, data = moments.pop(0)
            done += 1
            said = _happen(here, entry, what, data, said) or said
        _schedule(entry, moments)
        entry.save()
        if here.call.state == "queued":
            offer_to_somebody(here, entry)
    return done


def _happen(here: Turn, entry: QueueEntry, what: str, data: list[str], said: bool) -> bool:
    from fawang.hotline.machine import waiting_words

    if what == "relax":
        entry.needs = list(flow.relaxed(entry.needs, data))
        here.note("relaxed", needs=list(entry.needs))
    elif what == "prefer_no_longer":
        entry.preferred, entry.preferred_until = None, None
    elif what == "overflow":
        add_pools(here, entry, data)
    elif what == "limit":
        _limit(here, entry, data[0])
    elif not said and what == "announce":
        return waiting_words.announce(here, entry)
    elif not said and what == "offer":
        return waiting_words.offer(here, entry)
    return False


def add_pools(here: Turn, entry: QueueEntry, codes: list[str]) -> None:
    """Let further pools serve the call."""
    found = SeatPool.objects.filter(code__in=codes, is_open=True).exclude(pk__in=entry.pools)
    fresh = [p.pk for p in found]
    if fresh:
        entry.pools = [*entry.pools, *fresh]
        here.note("overflow", pools=sorted(p.code for p in found))


def leave(here: Turn, outcome: str) -> None:
    """Take the call out of the queue: it goes to voicemail, a promised call-back, elsewhere."""
    QueueEntry.objects.filter(call=here.call, state__in=("waiting", "offered")).update(state="left", outcome=outcome, ended_at=here.at, next_moment=None)
    here.note("left_queue", outcome=outcome)


def _limit(here: Turn, entry: QueueEntry, what: str) -> None:
    from fawang.hotline.machine import closing

    hush(here)
    entry.state, entry.outcome, entry.ended_at, entry.next_moment = "left", "limit", here.at, None
    entry.save()
    here.note("left_queue", outcome="limit")
    if what == "voicemail":
        closing.voicemail(here, said=["nobody_free"])
    elif what == "callback":
        closing.promise(here, said=["nobody_free"])
    else:
        closing.farewell(here, ["nobody_free", "goodbye"], cause="no_agent")


def late(here: Turn) -> None:
    """A waiting call whose deadline ran out: its limit, whatever became of its moments. Without an entry it gets a new one."""
    entry = QueueEntry.objects.select_for_update(of=("self",)).filter(call=here.call, state="waiting").first()
    if entry is None:
        QueueEntry.objects.filter(call=here.call, state="offered").update(state="left", outcome="lost", ended_at=here.at)
        enter(here, here.call.queue_code or next(iter(here.document.queues)), entered_at=here.call.queued_at)
        return
    _limit(here, entry, here.document.queues[entry.queue_code].at_limit)


def position(entry: QueueEntry) -> int:
    """The place in the queue, 1 = next."""
    same = Q(priority=entry.priority)
    ahead = Q(priority__gt=entry.priority) | same & (Q(entered_at__lt=entry.entered_at) | Q(entered_at=entry.entered_at, pk__lt=entry.pk))
    return QueueEntry.objects.filter(ahead, queue_code=entry.queue_code, state="waiting").count() + 1


def call_of(entry: QueueEntry) -> Call:
    """The waiting call."""
    return entry.call
