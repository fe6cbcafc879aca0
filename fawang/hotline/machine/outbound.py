"""Calls out: the agent's own line first, then the citizen, who hears the recording notice before anybody speaks."""

from __future__ import annotations

import uuid
from datetime import timedelta

from fawang.hotline import agents, callbacks, callers, outbox
from fawang.hotline.engines import commands as do
from fawang.hotline.machine import arrival, ending, offering
from fawang.hotline.machine.turn import Turn, add_leg, continues, document_of, finish, say
from fawang.hotline.models import AgentState, Call, CallbackRequest, CallLeg, ConfigVersion, EngineNode
from fawang.kernel import clock, events
from fawang.kernel.errors import Refusal

RING = 40


def engine_for_calls_out() -> EngineNode:
    """An engine that is up. Raises ``Refusal('hotline.no_engine')``."""
    node = EngineNode.objects.filter(state="up").order_by("-seen_at").first()
    if node is None:
        raise Refusal("hotline.no_engine", status=503)
    return node


def begin(agent: AgentState, *, phone: str, queue_code: str, request: CallbackRequest | None) -> Call:
    """Dial out for a locked agent: his row is reserved, his seat rings first. Call inside a transaction.

    Raises ``Refusal`` ``hotline.no_live``, ``hotline.no_engine``, ``hotline.seat``.
    """
    config = ConfigVersion.objects.filter(state="live").first()
    if config is None:
        raise Refusal("hotline.no_live", status=503)
    node, now = engine_for_calls_out(), clock.now()
    number = callers.read_number(phone)
    person, match = callers.recognise(number)
    call = Call.objects.create(
        engine=node, leg_id=outbox.new_id("o"), direction="out", config=config, caller=number.shown, caller_index=number.index, caller_kind=number.kind,
        caller_region=number.region, person=person, match=match, state="dialling", arrived_at=now, state_since=now, queue_code=queue_code,
        agent_id=agent.pk, callback=request, deadline_at=now + timedelta(seconds=RING),
    )  # fmt: skip
    events.record(kind="hotline.call_arrived", stream=call.pk, payload={"call": str(call.pk), "did": "", "direction": "out", "engine": node.pk})
    here = Turn(call, now, document_of(call))
    here.note("arrived", direction="out")
    leg = add_leg(here, "agent", staff_id=agent.pk)
    call.agent_leg = leg.leg_id
    agents.change(agent, "reserved", call=call, leg_id=leg.leg_id, lasts=timedelta(seconds=RING))
    offering.ring_seat(here, agent, leg, 20)
    here.due(20 + 5)
    finish(here)
    return call


def agent_answered(here: Turn, leg: CallLeg) -> None:
    """The agent is on the line: dial the citizen."""
    call = here.call
    assert leg.staff_id is not None
    agent = agents.locked(leg.staff_id)
    agents.change(agent, "talking", call=call, leg_id=leg.leg_id, at=here.at)
    CallLeg.objects.create(engine_id=call.engine_id, leg_id=call.leg_id, call=call, role="citizen", created_at=here.now)
    target = here.document.dial_by + dialled(call.caller or "")
    here.order(do.HoldMusic(command_id="", leg_id=leg.leg_id, music=here.document.music))
    here.order(do.Originate(command_id="", leg_id=call.leg_id, target=target, caller_id=here.document.caller_id, timeout_s=float(RING)))
    here.due(RING + 5)
    here.note("dialling")


def dialled(number: str) -> str:
    """What is dialled: digits only."""
    return "".join(ch for ch in number if ch.isdigit())


def citizen_answered(here: Turn) -> None:
    """The citizen is there: first the notice, then the agent."""
    call = here.call
    if call.state != "dialling":
        return
    call.answered_at = here.at
    here.note("greeted")
    say(here, ["notice_callback"], "noticed_out", record=True)


@continues("noticed_out")
def noticed_out(here: Turn, digits: str) -> None:
    """Recorded from now on; both hear each other."""
    call = here.call
    if call.notes.pop("sound_failed", "") != "noticed_out":
        arrival.keep_recording(here)
    leg = CallLeg.objects.filter(call=call, leg_id=call.agent_leg).exclude(state="ended").first()
    if leg is None:
        ending.end(here, "error", side="us")
        return
    callbacks.reached(here)
    offering.connect(here, leg)


def not_reached(here: Turn, cause: str) -> None:
    """The citizen did not answer, or hung up before the agent came on."""
    ending.end(here, "not_reached", side="citizen")
    callbacks.not_reached(here, cause)


def agent_gone(here: Turn, leg: CallLeg, cause: str) -> None:
    """The agent's line ended while we dial: nothing is dialled any more, and he is not ready if he did not answer."""
    if leg.staff_id is not None and leg.answered_at is None:
        agent = agents.locked(leg.staff_id)
        if agent.leg_id == leg.leg_id:
            agents.change(agent, "not_ready", reason="rona", at=here.at)
    ending.end(here, "not_reached", side="us")
    callbacks.not_reached(here, "agent")


def late(here: Turn) -> None:
    """Nothing came of it in time."""
    from fawang.hotline.machine.turn import go_on

    if here.call.answered_at is not None and go_on(here):
        return
    ending.end(here, "not_reached", side="us")
    callbacks.not_reached(here, "no_answer")


def end_of(call_id: uuid.UUID) -> str:
    """How a call out ended."""
    return Call.objects.filter(pk=call_id).values_list("end_cause", flat=True).first() or ""
