"""The one end of a call: cause, side, and everything that hung on it let go."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from fawang.hotline import agents, callbacks, outbox, raw
from fawang.hotline.causes import CAUSES
from fawang.hotline.engines import commands as do
from fawang.hotline.machine.turn import Turn, live_legs
from fawang.hotline.models import AgentState, Call, CallLeg, QueueEntry, Reservation, SupervisionAct, TransferRecord
from fawang.hotline.states import BUSY
from fawang.kernel import clock, events
from fawang.kernel.work import tell_live


def refuse(call: Call, cause: do.RejectCause) -> None:
    """Refuse an offered call: it has its row and its cause like every other."""
    outbox.enqueue(call.engine_id, do.Reject(command_id="", leg_id=call.leg_id, cause=cause), call)
    call.notes = {"refused": cause}
    _end(call, "rejected", "us", clock.now())
    call.version += 1
    call.save()


def end(here: Turn, cause: str, *, side: str = "") -> None:
    """End the call of a turn, once; a second end is nothing."""
    call = here.call
    if call.state == "ended":
        return
    for leg in live_legs(call):
        here.order(do.HangUp(command_id="", leg_id=leg.leg_id))
    _release(here)
    _end(call, cause, side, here.at)
    callbacks.after_call(here)


def _end(call: Call, cause: str, side: str, at: datetime) -> None:
    assert cause in CAUSES
    call.end_cause, call.end_side, call.ended_at = cause, side, max(at, call.arrived_at)
    call.state, call.talk, call.state_since, call.deadline_at = "ended", "", call.ended_at, None
    for key in ("then", "play", "collect"):
        call.notes.pop(key, None)
    talked = int((call.ended_at - call.connected_at).total_seconds()) if call.connected_at else 0
    raw.note(call, "ended", at=call.ended_at, cause=cause, side=side, queue=call.queue_code)
    events.record(
        kind="hotline.call_ended", stream=call.pk, occurred_at=call.ended_at,
        payload={"call": str(call.pk), "cause": cause, "side": side, "queue": call.queue_code, "staff": str(call.agent_id or ""), "talked": talked},
    )  # fmt: skip
    tell_live(["hotline"], "call", str(call.pk))


def _release(here: Turn) -> None:
    """Queue place, reservation, transfers, supervisors and agents are let go."""
    call, now = here.call, here.at
    QueueEntry.objects.filter(call=call, state__in=("waiting", "offered")).update(state="left", outcome="ended", ended_at=now, next_moment=None)
    Reservation.objects.filter(call=call, state="open").update(state="caller_left", ended_at=now)
    SupervisionAct.objects.filter(call=call, ended_at=None).update(ended_at=now)
    TransferRecord.objects.filter(call=call, result="open").update(result="cancelled", ended_at=now)
    TransferRecord.objects.filter(call=call, result="accepted", ended_at=None).update(ended_at=now)
    for pk in AgentState.objects.filter(call=call, state__in=BUSY).order_by("pk").values_list("pk", flat=True):
        release_agent(here, pk)


def release_agent(here: Turn, staff_id: UUID) -> None:
    """Free an agent of this call: after a conversation to wrap-up, after a try that never came through back to the idle."""
    from fawang.hotline.machine import waiting

    agent = agents.locked(staff_id)
    if agent.call_id != here.call.pk or agent.state not in BUSY:
        return
    if agent.state in ("talking", "hold"):
        agents.after_call(agent, wrap_up=wrap_up_of(here), call=here.call, at=here.at)
    elif agent.after:
        agents.change(agent, "not_ready", reason=agent.after, at=here.at)
    else:
        agents.change(agent, "ready", at=here.at, keep_idle=True)
        here.afterwards.append(lambda: waiting.serve(staff_id))


def wrap_up_of(here: Turn) -> timedelta:
    """How long the queue of the call allows for the ticket."""
    queue = here.document.queues.get(here.call.queue_code)
    return timedelta(seconds=queue.wrap_up if queue else 60)


def mark_leg_ended(leg: CallLeg, *, at: datetime, cause: str, side: str, code: int = 0) -> None:
    """A leg is over: its row and what was still to be sent about it."""
    CallLeg.objects.filter(pk=leg.pk).update(state="ended", ended_at=at, cause=cause, side=side, code=code)
    leg.state, leg.cause, leg.side = "ended", cause, side
    outbox.forget_for_leg(leg.engine_id, leg.leg_id)
