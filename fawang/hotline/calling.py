"""What an agent does during a call: hold, consult, conference, pass on, warn, hang up. Call first, then his own row, then the engine is told."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from fawang.hotline import agents, flow, outbox, seats, transfer_records
from fawang.hotline.engines import commands as do
from fawang.hotline.machine import closing, talking, transfers
from fawang.hotline.machine.turn import Turn, add_leg, hush, live_legs, turn
from fawang.hotline.models import AgentState, Call, CallLeg, CallTicket, CallWarning
from fawang.kernel import events
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import require
from fawang.kernel.text_safety import check_text
from fawang.people.actors import Actor
from fawang.people.models import Staff

CONSULT_RING = 25
WARNINGS = 2
"""闽三明2023: two explanations before a lawyer may hang up; the province may ask for more, never for fewer."""


@contextmanager
def _my_call(actor: Actor) -> Iterator[Turn]:
    """The call the actor speaks in, locked; refused for anybody else. Raises ``Refusal('hotline.no_call')``."""
    require("hotline.seat", actor)
    held = AgentState.objects.filter(pk=actor.staff_id).values_list("call_id", flat=True).first()
    if held is None:
        raise Refusal("hotline.no_call", status=409)
    with turn(held) as here:
        if here is None or here.call.agent_id != actor.staff_id or here.call.state not in ("talking", "dialling", "offering"):
            raise Refusal("hotline.no_call", status=409)
        yield here


def _talking(here: Turn, *talk: str) -> None:
    if here.call.state != "talking" or here.call.talk not in talk:
        raise Refusal("hotline.not_now", status=409)


def hold(*, actor: Actor) -> Call:
    """The citizen hears music and is not heard; after the limit he is back by himself."""
    with _my_call(actor) as here:
        _talking(here, "")
        here.order(do.HoldMusic(command_id="", leg_id=here.call.leg_id, music=here.document.music))
        here.go("talking", talk="held")
        here.due(here.document.limits.hold)
        here.note("held", source="seat", staff=actor.staff_id)
        _mine(here, "hold")
        return here.call


def _mine(here: Turn, state: str) -> None:
    assert here.call.agent_id is not None
    agent = agents.locked(here.call.agent_id)
    if agent.call_id == here.call.pk:
        agents.change(agent, state, call=here.call, leg_id=agent.leg_id, at=here.at)


def resume(*, actor: Actor) -> Call:
    """Take the citizen back from hold."""
    with _my_call(actor) as here:
        _talking(here, "held")
        here.note("resumed", source="seat", staff=actor.staff_id)
        talking.back_to_two(here)
        return here.call


def mute(*, actor: Actor, on: bool) -> Call:
    """Nobody hears the agent, who hears everybody."""
    with _my_call(actor) as here:
        _talking(here, "", "conference")
        heard_by: tuple[str, ...] | None = () if on else None
        here.order(do.Join(command_id="", leg_id=here.call.agent_leg, bridge_id=here.call.bridge_id, heard_by=heard_by))
        here.note("muted" if on else "unmuted", source="seat", staff=actor.staff_id)
        return here.call


def send_digits(*, actor: Actor, digits: str) -> Call:
    """Press keys towards the partner, or the citizen's line. Raises ``Refusal('field.invalid')``."""
    if not digits or len(digits) > 32 or any(ch not in "0123456789*#," for ch in digits):
        raise Refusal("form.invalid", fields={"digits": Refusal("field.invalid", field="digits")})
    with _my_call(actor) as here:
        _talking(here, "", "consulting", "conference")
        others = [leg for leg in live_legs(here.call, "partner") if leg.state == "answered"]
        target = others[0].leg_id if others else here.call.leg_id
        here.order(do.SendDigits(command_id="", leg_id=target, digits=digits))
        return here.call


def pause_recording(*, actor: Actor, on: bool) -> Call:
    """Silence on the recording while an identity number is spoken."""
    with _my_call(actor) as here:
        rec = here.call.notes.get("rec")
        if not rec:
            raise Refusal("hotline.not_now", status=409)
        here.order(do.RecordPause(command_id="", rec_id=rec, on=on))
        here.note("record_paused" if on else "record_resumed", source="seat", staff=actor.staff_id)
        return here.call


# -- others on the line --------------------------------------------------------------------------------------------------------------


def consult(*, actor: Actor, kind: str, target: str, reason: str = "") -> Call:
    """Speak privately with a colleague (``staff``) or a partner (``partner``) while the citizen hears music.

    Raises ``Refusal`` ``hotline.target``, ``hotline.dial``, ``hotline.not_now``.
    """
    check_text(reason, max_length=500)
    with _my_call(actor) as here:
        _talking(here, "", "held")
        here.order(do.HoldMusic(command_id="", leg_id=here.call.leg_id, music=here.document.music))
        leg = _dial(here, actor, kind, target, reason, mode="attended")
        here.go("talking", talk="consulting")
        here.due(here.document.limits.hold)
        here.note("consulting", source="seat", staff=actor.staff_id, how=kind, partner=leg.partner)
        _mine(here, "hold")
        return here.call


def _dial(here: Turn, actor: Actor, kind: str, target: str, reason: str, *, mode: str) -> CallLeg:
    by = actor.staff()
    if kind == "staff":
        agent = AgentState.objects.select_for_update(of=("self",)).filter(pk=_staff_id(target), state__in=("ready", "not_ready", "wrap_up")).first()
        if agent is None or agent.seat is None or agent.pk == actor.staff_id:
            raise Refusal("hotline.target", status=409, field="target")
        leg = add_leg(here, "consult", staff_id=agent.pk)
        address = seats.target_of(agent)
        agents.change(agent, "reserved", call=here.call, leg_id=leg.leg_id, lasts=timedelta(seconds=CONSULT_RING) + agents.RESERVED_GRACE)
        transfer_records.begin(here, mode=mode, target_kind="staff", by=by, reason=reason, leg_id=leg.leg_id, staff=Staff.objects.get(pk=agent.pk))
    elif kind == "partner":
        partner = here.document.partners.get(target)
        if partner is not None:
            address, code = partner.target, target
        elif flow.may_dial(here.document, target, actor.roles):
            address, code = here.document.dial_by + target, "other"
        else:
            raise Refusal("hotline.dial", status=403, field="target")
        leg = add_leg(here, "partner", partner=code)
        transfer_records.begin(here, mode=mode, target_kind="partner", by=by, reason=reason, leg_id=leg.leg_id, partner=code)
    else:
        raise Refusal("hotline.target", field="target")
    here.order(
        do.Originate(
            command_id="", leg_id=leg.leg_id, target=address, caller_id=here.document.caller_id, timeout_s=float(CONSULT_RING),
            headers=(("X-Fawang-Call", str(here.call.pk)),),
        )
    )  # fmt: skip
    return leg


def _staff_id(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise Refusal("hotline.target", field="target") from None


def end_consult(*, actor: Actor) -> Call:
    """The colleague or partner goes; the citizen comes back."""
    with _my_call(actor) as here:
        _talking(here, "consulting", "conference")
        for leg in live_legs(here.call, "consult", "partner"):
            here.order(do.HangUp(command_id="", leg_id=leg.leg_id))
        talking.back_to_two(here)
        return here.call


def make_conference(*, actor: Actor) -> Call:
    """三方通话: everybody hears everybody."""
    with _my_call(actor) as here:
        _talking(here, "consulting")
        if not any(leg.state == "answered" for leg in live_legs(here.call, "consult", "partner")):
            raise Refusal("hotline.not_now", status=409)
        transfers.conference(here)
        here.note("conference", source="seat", staff=actor.staff_id)
        return here.call


def complete_transfer(*, actor: Actor) -> Call:
    """Hand the citizen to whom one has consulted, and leave."""
    with _my_call(actor) as here:
        _talking(here, "consulting", "conference")
        answered = [leg for leg in live_legs(here.call, "consult", "partner") if leg.state == "answered"]
        if not answered:
            raise Refusal("hotline.not_now", status=409)
        here.note("transferred", source="seat", staff=actor.staff_id, partner=answered[0].partner)
        transfers.hand_to(here, answered[0])
        return here.call


def blind_transfer(*, actor: Actor, kind: str, target: str, reason: str) -> Call:
    """Pass the citizen on without speaking to the other side first: to a colleague, a partner (12345, 110 …), or a queue.

    The agent is free at once; a transfer that fails puts the citizen at the head of the queue, first to whom he spoke with.
    """
    check_text(reason, max_length=500)
    with _my_call(actor) as here:
        _talking(here, "", "held")
        if kind == "queue":
            _to_queue(here, actor, target, reason)
            return here.call
        leg = _dial(here, actor, kind, target, reason, mode="blind")
        here.order(do.HoldMusic(command_id="", leg_id=here.call.leg_id, music=here.document.music))
        here.go("talking", talk="transferring")
        here.due(CONSULT_RING + 5)
        here.note("transferring", source="seat", staff=actor.staff_id, how=kind, partner=leg.partner)
        _leave(here)
        return here.call


def _leave(here: Turn) -> None:
    """The agent's own line ends, his part is done."""
    call = here.call
    leg = CallLeg.objects.filter(call=call, leg_id=call.agent_leg).first()
    if leg is not None:
        talking.finish_agent(here, leg)
        here.order(do.HangUp(command_id="", leg_id=leg.leg_id))
    call.agent_leg = ""


def _to_queue(here: Turn, actor: Actor, code: str, reason: str) -> None:
    from fawang.hotline.machine import waiting

    if code not in here.document.queues:
        raise Refusal("hotline.target", field="target")
    row = transfer_records.begin(here, mode="queue", target_kind="queue", by=actor.staff(), reason=reason, queue=code)
    row.result, row.accepted_at, row.ended_at = "accepted", here.now, here.now
    row.save()
    transfer_records.tell(here, row)
    here.note("transferred", source="seat", staff=actor.staff_id, queue=code)
    _leave(here)
    here.call.agent = None
    waiting.enter(here, code, head=True)


# -- ending it -----------------------------------------------------------------------------------------------------------------------


def hang_up(*, actor: Actor) -> Call:
    """Our side ends the conversation: the citizen is asked for his rating, the agent goes to wrap-up."""
    with _my_call(actor) as here:
        if here.call.state != "talking":
            raise Refusal("hotline.not_now", status=409)
        leg = CallLeg.objects.filter(call=here.call, leg_id=here.call.agent_leg).first()
        if leg is None:
            raise Refusal("hotline.no_call", status=409)
        here.note("hung_up", source="seat", staff=actor.staff_id)
        here.order(do.HangUp(command_id="", leg_id=leg.leg_id))
        talking.agent_gone(here, leg, "normal", "us")
        return here.call


def refuse(*, actor: Actor) -> None:
    """Decline a ringing call: not ready, and the call goes on to the next; a colleague's question: he is back with his citizen at once."""
    require("hotline.seat", actor)
    held = AgentState.objects.filter(pk=actor.staff_id).values_list("call_id", "leg_id").first()
    if held is None or held[0] is None:
        raise Refusal("hotline.no_call", status=409)
    from fawang.hotline.machine import ending, offering

    with turn(held[0]) as here:
        leg = CallLeg.objects.filter(call_id=held[0], leg_id=held[1], answered_at=None).exclude(state="ended").first()
        if here is None or leg is None or (leg.role, here.call.state) not in (("agent", "offering"), ("consult", "talking")):
            raise Refusal("hotline.not_now", status=409)
        ending.mark_leg_ended(leg, at=here.at, cause="rejected", side="us")
        here.order(do.HangUp(command_id="", leg_id=leg.leg_id))
        if leg.role == "agent":
            offering.not_taken(here, leg, "rejected")
        else:
            talking.other_gone(here, leg, "rejected")


def warn(*, actor: Actor, kind: str) -> int:
    """Write down one explanation (``abuse``, ``silent``, ``prank``); returns how many there are. Raises ``Refusal('hotline.too_soon')``."""
    if kind not in ("abuse", "silent", "prank"):
        raise Refusal("form.invalid", fields={"kind": Refusal("field.choice", field="kind")})
    with _my_call(actor) as here:
        _talking(here, "")
        last = here.call.warnings.order_by("-at").first()
        if last is not None and here.now - last.at < timedelta(seconds=here.document.limits.warnings_apart):
            raise Refusal("hotline.too_soon", status=409)
        CallWarning.objects.create(call=here.call, kind=kind, by_id=actor.account, at=here.now)
        count = here.call.warnings.count()
        here.note("warned", source="seat", staff=actor.staff_id, how=kind, count=count)
        events.record(
            kind="hotline.call_warned", stream=here.call.pk,
            payload={"call": str(here.call.pk), "warning_kind": kind, "count": count, "staff": str(actor.staff_id)},
        )  # fmt: skip
        return count


def hang_up_with_reason(*, actor: Actor, kind: str, reason: str = "") -> Call:
    """劝导后挂断: after two explanations, or at once with a written reason; a supervisor reviews either. Nobody is put on any list.

    Raises ``Refusal('hotline.warn_first')``.
    """
    check_text(reason, max_length=500)
    with _my_call(actor) as here:
        _talking(here, "", "held")
        call = here.call
        warned = call.warnings.count()
        if warned < WARNINGS and len(reason.strip()) < 4:
            raise Refusal("hotline.warn_first", status=409, field="reason")
        ticket = CallTicket.objects.select_for_update(of=("self",)).filter(call=call).first()
        if ticket is not None:
            ticket.review, ticket.review_note = "open", reason
            ticket.save(update_fields=["review", "review_note"])
        call.notes["cause"] = "reasoned"
        here.note("reasoned", source="seat", staff=actor.staff_id, how=kind, warnings=warned)
        hush(here)
        _leave(here)
        closing.farewell(here, ["reasoned_goodbye"], cause="reasoned")
        return call


def dial(*, actor: Actor, phone: str, queue_code: str) -> Call:
    """A call out by hand, to a number the dialling rules allow. Raises ``Refusal`` ``hotline.dial``, ``hotline.not_signed_on``, ``hotline.not_now``."""
    from django.db import transaction

    from fawang.hotline.configurations import live_document
    from fawang.hotline.machine import outbound

    require("hotline.seat", actor)
    document = live_document()
    if document is None or not flow.may_dial(document, outbound.dialled(phone), actor.roles):
        raise Refusal("hotline.dial", status=403, field="phone")
    with transaction.atomic():
        agent = agents.locked(actor.account)
        if agent.seat is None:
            raise Refusal("hotline.not_signed_on", status=409)
        if agent.state not in ("ready", "not_ready", "wrap_up"):
            raise Refusal("hotline.not_now", status=409)
        return outbound.begin(agent, phone=phone, queue_code=queue_code, request=None)


def new_tab_id() -> str:
    """An id for a seat page's tab."""
    return outbox.new_id("t")


def call_or_absent(call_id: uuid.UUID) -> Call:
    """The call. Raises ``Absent``."""
    found = Call.objects.filter(pk=call_id).first()
    if found is None:
        raise Absent
    return found
