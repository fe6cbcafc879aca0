"""Others on the line: a colleague consulted, a partner called, a supervisor listening; and where the call goes from there."""

from __future__ import annotations

from fawang.hotline import agents, transfer_records
from fawang.hotline.engines import commands as do
from fawang.hotline.engines import events as ev
from fawang.hotline.machine import talking
from fawang.hotline.machine.turn import Turn, hush
from fawang.hotline.models import CallLeg, SupervisionAct


def other_answered(here: Turn, leg: CallLeg) -> None:
    """A consulted colleague, a partner or a supervisor has answered."""
    if leg.role == "supervisor":
        _supervisor_in(here, leg)
        return
    call = here.call
    if call.state != "talking" or not call.bridge_id:
        here.order(do.HangUp(command_id="", leg_id=leg.leg_id))
        return
    if leg.staff_id is not None:
        agent = agents.locked(leg.staff_id)
        if agent.leg_id == leg.leg_id:
            agents.change(agent, "talking", call=call, leg_id=leg.leg_id, at=here.at)
    here.note("other_joined", role=leg.role, partner=leg.partner)
    if call.talk == "transferring":
        transfer_records.accepted(here, leg)
        hand_to(here, leg)
    else:
        transfer_records.accepted(here, leg)
        here.order(do.Join(command_id="", leg_id=leg.leg_id, bridge_id=call.bridge_id, hears=(call.agent_leg,), heard_by=(call.agent_leg,)))


def hand_to(here: Turn, leg: CallLeg) -> None:
    """The call is this leg's from now on: a colleague becomes its agent, a partner speaks with the citizen alone."""
    from fawang.hotline import tickets

    call = here.call
    hush(here)
    here.order(do.HoldMusic(command_id="", leg_id=call.leg_id))
    here.order(do.Join(command_id="", leg_id=leg.leg_id, bridge_id=call.bridge_id))
    before = call.agent_leg
    if leg.staff_id is not None:
        CallLeg.objects.filter(pk=leg.pk).update(role="agent")
        leg.role = "agent"
        call.agent_id, call.agent_leg = leg.staff_id, leg.leg_id
        here.go("talking")
        agent = agents.locked(leg.staff_id)
        agents.took_call(agent)
        agents.change(agent, "talking", call=call, leg_id=leg.leg_id, at=here.at)
        here.note("connected", staff=leg.staff_id, waited=0, first=False)
        tickets.hand_over(here, leg.staff_id)
    else:
        here.go("talking", talk="partner")
        call.agent_leg = ""
        here.note("partner", partner=leg.partner)
    if before and before != leg.leg_id:
        here.order(do.HangUp(command_id="", leg_id=before))
        gone = CallLeg.objects.filter(call=call, leg_id=before).exclude(state="ended").first()
        if gone is not None:
            talking.finish_agent(here, gone)
    here.due(here.document.limits.talk)


def conference(here: Turn) -> None:
    """Everybody hears everybody."""
    call = here.call
    here.go("talking", talk="conference")
    here.order(do.HoldMusic(command_id="", leg_id=call.leg_id))
    for leg in call.legs.filter(role__in=("consult", "partner"), state="answered"):
        here.order(do.Join(command_id="", leg_id=leg.leg_id, bridge_id=call.bridge_id))
    talking.agent_on_line(here)
    here.due(here.document.limits.talk)


EARS = {"listen": (None, ()), "barge": (None, None)}


def _supervisor_in(here: Turn, leg: CallLeg) -> None:
    """Set the supervisor's ears from the first moment: listen, whisper to the agent alone, break in, or take over."""
    call = here.call
    act = SupervisionAct.objects.filter(call=call, leg_id=leg.leg_id, ended_at=None).first()
    if act is None or call.state != "talking" or not call.bridge_id:
        here.order(do.HangUp(command_id="", leg_id=leg.leg_id))
        return
    set_ears(here, leg, act.kind)


def set_ears(here: Turn, leg: CallLeg, kind: str) -> None:
    """What a supervisor hears and who hears him."""
    call = here.call
    if kind == "takeover":
        take_over(here, leg)
        return
    hears, heard_by = EARS.get(kind, (None, (call.agent_leg,)))
    here.order(do.Join(command_id="", leg_id=leg.leg_id, bridge_id=call.bridge_id, hears=hears, heard_by=heard_by))


def take_over(here: Turn, leg: CallLeg) -> None:
    """The supervisor speaks with the citizen instead of the agent, who goes to wrap-up."""
    CallLeg.objects.filter(pk=leg.pk).update(role="agent")
    leg.role = "agent"
    SupervisionAct.objects.filter(call=here.call, leg_id=leg.leg_id, ended_at=None).update(ended_at=here.at)
    hand_to(here, leg)


def phone_asked(here: Turn, leg: CallLeg, event: ev.ReferRequested) -> None:
    """A desk phone pressed transfer. Calls are passed on from the desk, where target and reason are written down; the phone is told no."""
    here.note("refer_refused", staff=leg.staff_id)
    here.order(do.ReferAnswer(command_id="", leg_id=leg.leg_id, refer_id=event.refer_id, ok=False))
