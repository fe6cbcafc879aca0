"""The conversation: who left it, who is consulted, and what happens when a line breaks."""

from __future__ import annotations

from datetime import timedelta

from fawang.hotline import agents, transfer_records
from fawang.hotline.engines import commands as do
from fawang.hotline.machine import closing, ending
from fawang.hotline.machine.turn import Turn, live_legs
from fawang.hotline.models import CallLeg
from fawang.kernel import clock

VANISHED = {"media_lost", "session_expired", "timeout"}
"""The far side is gone without a word: no sound and no reports, no refresh, no ACK. On a citizen's line that is no fault of ours."""
BROKEN = {*VANISHED, "engine_lost", "error", "unreachable"}
"""Ends nobody chose."""
STATE_CAUSES = {
    "arriving": "abandoned_greeting", "greeting": "abandoned_greeting", "menu": "abandoned_menu", "queued": "abandoned_queue",
    "offering": "abandoned_ringing", "talking": "completed", "survey": "completed", "voicemail": "voicemail", "dialling": "not_reached",
}  # fmt: skip


def citizen_gone(here: Turn, cause: str, side: str) -> None:
    """The citizen's line is over: so is the call, with the cause of the state it was in."""
    call = here.call
    ended = STATE_CAUSES.get(call.state, "completed")
    if call.state == "farewell":
        ended = call.notes.get("cause", "completed")
    elif call.state == "talking" and call.talk == "partner":
        ended = "transferred"
    elif call.state == "talking" and call.notes.get("cause") == "reasoned":
        ended = "reasoned"
    said_all = call.state in ("farewell", "survey") or (call.state == "voicemail" and call.notes.get("then") == "voicemail_over")
    if cause == "engine_lost" or (side == "engine" and cause in BROKEN - VANISHED and not said_all):
        ended = "engine_lost"
    elif cause in VANISHED:
        ended, side = ended if said_all else "caller_vanished", "far"
    elif cause in ("fallback", "drained"):
        ended = "error"
    ending.end(here, ended, side={"far": "citizen", "us": "us"}.get(side, "engine"))


def agent_gone(here: Turn, leg: CallLeg, cause: str, side: str) -> None:
    """The agent's line is over. Of its own accord: survey. Broken: the citizen goes back to the head of the queue."""
    call = here.call
    if leg.leg_id != call.agent_leg or call.state != "talking":
        return
    if side == "engine" or cause in BROKEN:
        dropped(here, leg)
        return
    finish_agent(here, leg)
    others = live_legs(call, "partner", "consult")
    if call.talk == "conference" and any(o.state == "answered" for o in others):
        go_on_without_agent(here, others)
        return
    for other in others:
        here.order(do.HangUp(command_id="", leg_id=other.leg_id))
    here.note("agent_left", staff=leg.staff_id)
    here.order(do.HoldMusic(command_id="", leg_id=call.leg_id))
    closing.survey(here)


def finish_agent(here: Turn, leg: CallLeg) -> None:
    """The agent's part is done: wrap-up."""
    if leg.staff_id is None:
        return
    agent = agents.locked(leg.staff_id)
    if agent.call_id == here.call.pk and agent.leg_id == leg.leg_id and agent.state in ("talking", "hold"):
        agents.after_call(agent, wrap_up=ending.wrap_up_of(here), call=here.call, at=here.at)


def dropped(here: Turn, leg: CallLeg) -> None:
    """The agent's line broke: he is shown as lost, the citizen hears why and is served next."""
    from fawang.hotline.machine import waiting

    call = here.call
    here.note("agent_lost", staff=leg.staff_id)
    if leg.staff_id is not None:
        agent = agents.locked(leg.staff_id)
        if agent.call_id == call.pk and agent.leg_id == leg.leg_id:
            agents.change(agent, "not_ready", reason="lost", at=here.at)
    for other in live_legs(call, "consult", "partner", "supervisor"):
        here.order(do.HangUp(command_id="", leg_id=other.leg_id))
    call.agent_leg, call.talk = "", ""
    waiting.enter(here, call.queue_code or next(iter(here.document.queues)), head=True, preferred=leg.staff_id)


def go_on_without_agent(here: Turn, others: list[CallLeg]) -> None:
    """After a conference: citizen and partner go on alone."""
    call = here.call
    here.go("talking", talk="partner")
    call.agent_leg = ""
    for other in others:
        if other.state == "answered":
            here.order(do.Join(command_id="", leg_id=other.leg_id, bridge_id=call.bridge_id))
    here.due(here.document.limits.talk)


def other_gone(here: Turn, leg: CallLeg, cause: str) -> None:
    """A consulted colleague, a partner or a supervisor left, or never came."""
    call = here.call
    if leg.role == "supervisor":
        from fawang.hotline.models import SupervisionAct

        SupervisionAct.objects.filter(call=call, leg_id=leg.leg_id, ended_at=None).update(ended_at=here.at)
        return
    if leg.staff_id is not None:
        _free_consulted(here, leg)
    answered = leg.answered_at is not None
    transfer_records.ended(here, leg, answered=answered, cause=cause)
    here.note("other_left", role=leg.role, partner=leg.partner, answered=answered)
    if call.state != "talking":
        return
    if call.talk == "partner":
        if live_legs(call, "partner", "consult"):
            return
        closing.farewell(here, ["goodbye"], cause="transferred")
    elif call.talk == "transferring":
        _transfer_failed(here)
    elif call.talk in ("consulting", "conference"):
        back_to_two(here)


def _free_consulted(here: Turn, leg: CallLeg) -> None:
    assert leg.staff_id is not None
    agent = agents.locked(leg.staff_id)
    if agent.leg_id != leg.leg_id:
        return
    if agent.state in ("talking", "hold"):
        agents.after_call(agent, wrap_up=timedelta(seconds=10), call=here.call, at=here.at)
    elif agent.state in ("reserved", "ringing"):
        agents.change(agent, "not_ready", reason="rona", at=here.at)


def _transfer_failed(here: Turn) -> None:
    """A blind transfer did not come through: the citizen goes back to the head of the queue, first to whom he spoke with."""
    from fawang.hotline.machine import waiting

    call = here.call
    waiting.enter(here, call.queue_code or next(iter(here.document.queues)), head=True, preferred=call.agent_id)


def back_to_two(here: Turn) -> None:
    """Citizen and agent again, hearing each other."""
    call = here.call
    here.go("talking")
    here.order(do.HoldMusic(command_id="", leg_id=call.leg_id))
    agent_on_line(here)
    here.due(here.document.limits.talk)


def agent_on_line(here: Turn) -> None:
    """The agent's own state after hold or consultation."""
    call = here.call
    if call.agent_id is None:
        return
    agent = agents.locked(call.agent_id)
    if agent.call_id == call.pk and agent.state == "hold":
        agents.change(agent, "talking", call=call, leg_id=agent.leg_id, at=here.at)


def late(here: Turn) -> None:
    """The deadline of a conversation: a hold goes on with a word, or back; a transfer without answer failed; else the limit of talk."""
    from fawang.hotline.machine.turn import say

    call = here.call
    if call.talk == "held":
        here.note("resumed", staff=call.agent_id, by="limit")
        back_to_two(here)
    elif call.talk == "consulting":
        say(here, ["please_wait"], "waiting_on")
        here.due(here.document.limits.hold)
    elif call.talk == "transferring":
        for leg in live_legs(call, "consult", "partner"):
            here.order(do.HangUp(command_id="", leg_id=leg.leg_id))
            transfer_records.ended(here, leg, answered=False, cause="timeout")
        _transfer_failed(here)
    elif (clock.now() - (call.connected_at or call.arrived_at)) < timedelta(seconds=here.document.limits.talk):
        here.due(here.document.limits.talk)
    else:
        here.note("talk_limit", staff=call.agent_id)
        closing.farewell(here, ["talk_limit", "goodbye"], cause="completed")
