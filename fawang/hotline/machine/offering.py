"""From a reservation to a conversation: ring the agent, bridge when he answers, go on without him when he does not."""

from __future__ import annotations

from datetime import timedelta

from fawang.hotline import agents, outbox, seats
from fawang.hotline.engines import commands as do
from fawang.hotline.machine import ending
from fawang.hotline.machine.turn import Turn, add_leg, hush
from fawang.hotline.models import AgentState, CallLeg, QueueEntry, Reservation
from fawang.hotline.together import insert, update
from fawang.kernel import events


def reserve(here: Turn, entry: QueueEntry, agent: AgentState, order: str) -> Reservation:
    """One agent for one call: entry, agent and call are locked by the caller. The database refuses a second open one of either."""
    call = here.call
    ring = here.document.queues[entry.queue_code].ring
    leg = add_leg(here, "agent", staff_id=agent.pk)
    row = Reservation(
        call=call, entry=entry, staff_id=agent.pk, leg_id=leg.leg_id, made_at=here.now,
        deadline_at=here.now + timedelta(seconds=ring) + agents.RESERVED_GRACE,
        reasons=[{"rule": order, "since": agent.ready_since.isoformat() if agent.ready_since else ""}, {"rule": "needs", "value": list(entry.needs)}],
    )  # fmt: skip
    insert(row)
    entry.state, entry.attempts, entry.next_moment = "offered", entry.attempts + 1, None
    update(entry, "state", "attempts", "next_moment")
    agents.change(agent, "reserved", lasts=timedelta(seconds=ring) + agents.RESERVED_GRACE, call=call, leg_id=leg.leg_id)
    call.agent_id, call.agent_leg = agent.pk, leg.leg_id
    here.go("offering")
    here.due(timedelta(seconds=ring) + agents.RESERVED_GRACE)
    here.note("offered", staff=agent.pk, attempt=entry.attempts)
    ring_seat(here, agent, leg, ring)
    return row


def ring_seat(here: Turn, agent: AgentState, leg: CallLeg, ring: int) -> None:
    """Dial an agent's seat. The seat learns who calls from the desk, by its rights; the line itself carries only ids."""
    here.order(
        do.Originate(
            command_id="", leg_id=leg.leg_id, target=seats.target_of(agent), caller_id=here.document.caller_id, timeout_s=float(ring),
            headers=(("X-Fawang-Call", str(here.call.pk)),),
        )
    )  # fmt: skip


def ringing(here: Turn, leg: CallLeg) -> None:
    """The agent's seat rings."""
    if leg.role not in ("agent", "consult") or leg.staff_id is None:
        return
    agent = agents.locked(leg.staff_id)
    if agent.leg_id == leg.leg_id and agent.state == "reserved":
        left = (agent.deadline_at - here.now) if agent.deadline_at else agents.RESERVED_GRACE
        agents.change(agent, "ringing", call=here.call, leg_id=leg.leg_id, lasts=max(left, timedelta(seconds=1)), at=here.at)


def taken(here: Turn, leg: CallLeg) -> None:
    """The agent answered: connect, unless the call has gone on without him meanwhile."""
    call = here.call
    reservation = Reservation.objects.filter(call=call, leg_id=leg.leg_id, state="open").first()
    if call.state != "offering" or reservation is None or call.agent_leg != leg.leg_id:
        here.order(do.HangUp(command_id="", leg_id=leg.leg_id))
        return
    Reservation.objects.filter(pk=reservation.pk).update(state="taken", ended_at=here.at)
    QueueEntry.objects.filter(call=call, state="offered").update(state="taken", outcome="answered", ended_at=here.at, next_moment=None)
    connect(here, leg)


def connect(here: Turn, leg: CallLeg) -> None:
    """Citizen and agent hear each other; the ticket opens in the same moment."""
    from fawang.hotline import tickets

    call = here.call
    assert leg.staff_id is not None
    hush(here)
    call.bridge_id = outbox.new_id("b")
    here.order(do.Bridge(command_id="", bridge_id=call.bridge_id, leg_ids=(call.leg_id, leg.leg_id)))
    first = call.connected_at is None
    call.connected_at = call.connected_at or here.at
    call.agent_id, call.agent_leg = leg.staff_id, leg.leg_id
    here.go("talking")
    here.due(here.document.limits.talk)
    agent = agents.locked(leg.staff_id)
    agents.took_call(agent)
    agents.change(agent, "talking", call=call, leg_id=leg.leg_id, at=here.at)
    waited = int((here.at - call.queued_at).total_seconds()) if call.queued_at else 0
    here.note("connected", staff=leg.staff_id, waited=waited, first=first)
    events.record(
        kind="hotline.call_connected", stream=call.pk, occurred_at=here.at,
        payload={"call": str(call.pk), "staff": str(leg.staff_id), "queue": call.queue_code, "waited": waited},
    )  # fmt: skip
    tickets.open_for(here, leg.staff_id)


REFUSALS = {"busy": "refused", "rejected": "refused", "cancelled": "failed"}


def not_taken(here: Turn, leg: CallLeg, cause: str) -> None:
    """The agent did not answer: he is not ready until he says so; the call keeps its time and gains priority."""
    from fawang.hotline import flow
    from fawang.hotline.machine import waiting

    call = here.call
    outcome = REFUSALS.get(cause, "no_answer" if cause in ("no_answer", "timeout") else "failed")
    Reservation.objects.filter(call=call, leg_id=leg.leg_id, state="open").update(state=outcome, ended_at=here.at)
    if leg.staff_id is not None:
        agent = agents.locked(leg.staff_id)
        if agent.leg_id == leg.leg_id:
            agents.change(agent, "not_ready", reason="rona" if outcome != "failed" else "lost", at=here.at)
    here.note("not_taken", staff=leg.staff_id, outcome=outcome)
    if call.state != "offering" or call.agent_leg != leg.leg_id:
        return
    call.agent, call.agent_leg = None, ""
    entry = QueueEntry.objects.select_for_update(of=("self",)).filter(call=call, state="offered").first()
    if entry is None:
        waiting.enter(here, call.queue_code, entered_at=call.queued_at)
        return
    entry.state, entry.priority = "waiting", entry.priority + flow.NO_ANSWER
    entry.next_moment = entry.entered_at + timedelta(seconds=entry.moments[0][0]) if entry.moments else None
    entry.save()
    call.priority = entry.priority
    here.go("queued")
    queue = here.document.queues[entry.queue_code]
    here.due(max(timedelta(seconds=queue.longest_wait) - (here.now - entry.entered_at), timedelta(0)) + timedelta(minutes=5))
    waiting.offer_to_somebody(here, entry)


def late(here: Turn) -> None:
    """Neither answer nor end of the ringing leg came: take it back ourselves."""
    from fawang.hotline.machine import waiting

    call = here.call
    leg = CallLeg.objects.filter(call=call, leg_id=call.agent_leg).first()
    if leg is None:
        waiting.enter(here, call.queue_code, entered_at=call.queued_at)
        return
    ending.mark_leg_ended(leg, at=here.at, cause="no_answer", side="us")
    here.order(do.HangUp(command_id="", leg_id=leg.leg_id))
    not_taken(here, leg, "no_answer")
