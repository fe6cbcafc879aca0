"""班长: listening, whispering, breaking in, taking over, forcing states, closing a site's pool. Each is written down with its reason before it acts."""

from __future__ import annotations

import uuid

from django.db import transaction

from fawang.hotline import agents, seats
from fawang.hotline.engines import commands as do
from fawang.hotline.machine import transfers, waiting
from fawang.hotline.machine.turn import Turn, add_leg, live_legs, turn
from fawang.hotline.models import AgentState, CallLeg, QueueEntry, SeatPool, SupervisionAct
from fawang.hotline.states import BUSY
from fawang.kernel import clock, crypto, events
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import require
from fawang.kernel.text_safety import check_text
from fawang.kernel.work import tell_live
from fawang.people.actors import Actor
from fawang.people.models import Staff

KINDS = ("listen", "whisper", "barge", "takeover")


def _reason(text: str) -> str:
    check_text(text, max_length=200, single_line=True)
    if len(text.strip()) < 2:
        raise Refusal("form.invalid", fields={"reason": Refusal("field.required", field="reason")})
    return text


def supervise(*, actor: Actor, agent_id: uuid.UUID, kind: str, reason: str) -> SupervisionAct:
    """Join the call of an agent with ears as asked: the supervisor's own seat rings; already on the line, his ears are set anew.

    Raises ``Absent``, ``Forbidden``, ``Refusal`` ``hotline.no_call``, ``hotline.not_signed_on``, ``hotline.not_now``.
    """
    if kind not in KINDS:
        raise Refusal("form.invalid", fields={"kind": Refusal("field.choice", field="kind")})
    reason = _reason(reason)
    watched = AgentState.objects.select_related("pool").filter(pk=agent_id).first()
    if watched is None or watched.pool is None:
        raise Absent
    require("hotline.supervise", actor, watched.pool)
    if watched.call_id is None or agent_id == actor.staff_id:
        raise Refusal("hotline.no_call", status=409)
    with turn(watched.call_id) as here:
        if here is None or here.call.state != "talking" or here.call.agent_id != agent_id or not here.call.bridge_id:
            raise Refusal("hotline.no_call", status=409)
        here.note("supervised", source="seat", staff=actor.staff_id, how=kind)
        running = SupervisionAct.objects.filter(call=here.call, by_id=actor.account, ended_at=None).exclude(leg_id="").first()
        if running is not None:
            return _again(here, actor, running, agent_id, kind, reason)
        return _ring(here, actor, agent_id, kind, reason)


def _again(here: Turn, actor: Actor, running: SupervisionAct, agent_id: uuid.UUID, kind: str, reason: str) -> SupervisionAct:
    running.ended_at = here.now
    running.save(update_fields=["ended_at"])
    act = _write(here, actor, agent_id, kind, reason, running.leg_id)
    leg = CallLeg.objects.filter(call=here.call, leg_id=running.leg_id, state="answered").first()
    if leg is not None:
        transfers.set_ears(here, leg, kind)
    return act


def _ring(here: Turn, actor: Actor, agent_id: uuid.UUID, kind: str, reason: str) -> SupervisionAct:
    own = AgentState.objects.select_for_update(of=("self",)).filter(pk=actor.account).first()
    if own is None or own.seat is None:
        raise Refusal("hotline.not_signed_on", status=409)
    if own.state in BUSY:
        raise Refusal("hotline.not_now", status=409)
    leg = add_leg(here, "supervisor", staff_id=actor.account)
    act = _write(here, actor, agent_id, kind, reason, leg.leg_id)
    here.order(do.Originate(command_id="", leg_id=leg.leg_id, target=seats.target_of(own), caller_id=here.document.caller_id, timeout_s=20.0,
                            headers=(("X-Fawang-Call", str(here.call.pk)), ("X-Fawang-Act", kind))))  # fmt: skip
    return act


def _write(here: Turn, actor: Actor, agent_id: uuid.UUID, kind: str, reason: str, leg_id: str) -> SupervisionAct:
    told = here.document.supervising.tell_seat or kind != "listen"
    act = SupervisionAct.objects.create(
        kind=kind, by_id=actor.account, on_id=agent_id, call=here.call, leg_id=leg_id, reason=reason, told=told, started_at=here.now
    )
    events.record(
        kind="hotline.supervised", stream=here.call.pk,
        payload={
            "call": str(here.call.pk), "act": str(act.pk), "what": kind, "staff": str(agent_id), "told": told, "reason_digest": crypto.text_digest(reason),
        },
    )  # fmt: skip
    if told:
        tell_live([f"staff:{agent_id}"], "supervised", kind)
    return act


def stop(*, actor: Actor) -> int:
    """Leave the calls one listens to; returns how many."""
    require("hotline.supervise", actor, None)
    done = 0
    for call_id, leg_id in list(SupervisionAct.objects.filter(by_id=actor.account, ended_at=None).exclude(call=None).values_list("call_id", "leg_id")):
        assert call_id is not None
        with turn(call_id) as here:
            if here is None:
                continue
            SupervisionAct.objects.filter(call_id=call_id, by_id=actor.account, ended_at=None).update(ended_at=clock.now())
            if any(leg.leg_id == leg_id for leg in live_legs(here.call, "supervisor")):
                here.order(do.HangUp(command_id="", leg_id=leg_id))
            done += 1
    return done


def force_state(*, actor: Actor, agent_id: uuid.UUID, state: str, reason: str) -> AgentState:
    """Set an agent ready, not ready or offline. One who speaks is left alone and gets the state afterwards."""
    if state not in ("ready", "not_ready", "offline"):
        raise Refusal("form.invalid", fields={"state": Refusal("field.choice", field="state")})
    reason = _reason(reason)
    with transaction.atomic():
        agent = agents.locked(agent_id)
        if agent.pool is None:
            raise Absent
        require("hotline.supervise", actor, agent.pool)
        by = Staff.objects.get(pk=actor.account)
        SupervisionAct.objects.create(
            kind="force", by=by, on_id=agent_id, reason=f"{state}：{reason}"[:200], told=True, started_at=clock.now(), ended_at=clock.now()
        )
        events.record(
            kind="hotline.state_forced", stream=agent_id, payload={"staff": str(agent_id), "state": state, "reason_digest": crypto.text_digest(reason)}
        )
        if agent.state in BUSY:
            agent.after = {"ready": "", "not_ready": "forced", "offline": "offline"}[state]
            agent.save(update_fields=["after"])
        elif state == "offline":
            seats.leave_seat(agent)
        elif state == "ready":
            agents.change(agent, "ready", by=by)
            waiting.serve(agent.pk)
        else:
            agents.change(agent, "not_ready", reason="forced", by=by)
    agent.refresh_from_db()
    return agent


def switch_pool(*, actor: Actor, pool_id: uuid.UUID, is_open: bool, reason: str) -> SeatPool:
    """Open or close a site's pool. Waiting calls of a closed one go to the pools their queue names next, at once; ringing ones after this ring."""
    reason = _reason(reason)
    pool = SeatPool.objects.filter(pk=pool_id).first()
    if pool is None:
        raise Absent
    require("hotline.supervise", actor, pool)
    with transaction.atomic():
        SeatPool.objects.filter(pk=pool_id).update(is_open=is_open)
        pool.refresh_from_db()
        events.record(
            kind="hotline.pool_switched", stream=pool.pk, payload={"pool": str(pool.pk), "open": is_open, "reason_digest": crypto.text_digest(reason)}
        )
        tell_live(["hotline"], "pool", str(pool.pk))
    if not is_open:
        for entry_id, call_id in list(QueueEntry.objects.filter(pools__contains=[pool_id], state__in=("waiting", "offered")).values_list("pk", "call_id")):
            _move_on(entry_id, call_id, pool_id)
    return pool


def _move_on(entry_id: uuid.UUID, call_id: uuid.UUID, pool_id: uuid.UUID) -> None:
    with turn(call_id) as here:
        if here is None:
            return
        entry = QueueEntry.objects.select_for_update(of=("self",)).filter(pk=entry_id, state__in=("waiting", "offered")).first()
        if entry is None:
            return
        entry.pools = [p for p in entry.pools if p != pool_id]
        further = [m for m in entry.moments if m[1] == "overflow"]
        waiting.add_pools(here, entry, [m[2][0] for m in further])
        entry.moments = [m for m in entry.moments if m[1] != "overflow"]
        entry.save()
        here.note("site_closed")
        if entry.state == "waiting" and here.call.state == "queued":
            waiting.offer_to_somebody(here, entry)
