"""坐席 verbs of the agent himself: sign on and off, ready, not ready, done with the ticket. Each locks his row, decides, writes one spell."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.db import transaction

from fawang.hotline import agents, problems  # noqa: F401 - problems registers this room's words
from fawang.hotline.gateway.accounts import account_of
from fawang.hotline.models import AgentState, ConfigVersion, Seat
from fawang.hotline.states import BUSY, CHOSEN_REASONS
from fawang.hotline.together import together
from fawang.kernel import clock
from fawang.kernel.errors import Refusal
from fawang.kernel.policy import require
from fawang.people.actors import Actor
from fawang.people.models import Staff


def target_of(agent: AgentState) -> str:
    """Where the engine dials an agent: his desk phone's account, or the line the gateway holds for his page. Raises ``Refusal('hotline.seat')``."""
    if agent.seat is None:
        raise Refusal("hotline.seat")
    number = agent.seat.number
    return f"phone:{account_of(number)}" if line_of(agent) == "browser" else f"phone:{number}"


def lines_at(seat: Seat) -> tuple[str, ...]:
    """How one can speak at a seat, the usual way first: ``browser`` (headset at the computer), ``phone`` (desk phone)."""
    if seat.kind == "browser":
        return ("browser", "phone") if seat.account_keys else ("browser",)
    return ("phone", "browser") if seat.kind == "phone" else ("phone",)


def line_of(agent: AgentState) -> str:
    """How an agent speaks where he sits: as he chose if that can be there, else the seat's usual way."""
    if agent.seat is None:
        return ""
    possible = lines_at(agent.seat)
    return agent.line if agent.line in possible else possible[0]


def sign_on(*, actor: Actor, seat_number: str, session: str, take_over: bool = False, line: str = "") -> AgentState:
    """Sit down at a seat, not ready yet; ``line``: how he wants to speak, empty = as last time.

    The same person in a second window must say that he takes the seat over.

    Raises ``Forbidden``, ``Refusal`` ``hotline.seat``, ``hotline.seat_taken``, ``hotline.other_tab`` (409).
    """
    require("hotline.seat", actor)
    with transaction.atomic():
        seat = Seat.objects.select_for_update(of=("self",)).filter(number=seat_number, is_enabled=True).first()
        if seat is None:
            raise Refusal("hotline.seat", field="seat")
        agent = agents.locked(actor.account)
        other = AgentState.objects.filter(seat=seat).exclude(pk=agent.pk).first()
        if other is not None:
            raise Refusal("hotline.seat_taken", status=409)
        if agent.state != "offline" and agent.session not in ("", session) and not take_over:
            raise Refusal("hotline.other_tab", status=409)
        agent.session, agent.seen_at = session, clock.now()
        if agent.state in BUSY:
            agent.save(update_fields=["session", "seen_at"])
            return agent
        agent.seat, agent.pool = seat, seat.pool
        agent.line = line or agent.line
        agent.line = line_of(agent)
        staff = Staff.objects.get(pk=agent.pk)
        agent.tags = agents.tags_of(staff)
        return agents.change(agent, "not_ready", reason="signed_on")


def sign_off(*, actor: Actor) -> AgentState:
    """Leave the seat. During a call it takes effect afterwards. Raises ``Refusal('hotline.busy')`` then, having noted it."""
    require("hotline.seat", actor)
    with transaction.atomic():
        agent = agents.locked(actor.account)
        if agent.state in BUSY:
            agent.after = "offline"
            agent.save(update_fields=["after"])
            return agent
        return leave_seat(agent)


def set_line(*, actor: Actor, line: str) -> AgentState:
    """Speak by headset or by desk phone from the next call on. Raises ``Refusal`` ``hotline.not_signed_on``, ``hotline.line`` (not at this seat), ``hotline.busy``."""
    require("hotline.seat", actor)
    with transaction.atomic():
        agent = agents.locked(actor.account)
        if agent.seat is None:
            raise Refusal("hotline.not_signed_on", status=409)
        if line not in lines_at(agent.seat):
            raise Refusal("hotline.line", field="line")
        if agent.state in BUSY:
            raise Refusal("hotline.line_busy", status=409)
        agent.line = line
        agent.version += 1
        agent.save(update_fields=["line", "version"])
        return agent


def leave_seat(agent: AgentState) -> AgentState:
    """The seat is free again (locked row)."""
    agents.change(agent, "offline")
    agent.seat, agent.pool, agent.session, agent.after = None, None, "", ""
    agent.save()
    return agent


def set_ready(*, actor: Actor) -> AgentState:
    """Ready for calls: the first waiting one that fits comes in the same moment.

    Raises ``Refusal`` ``hotline.not_signed_on``, ``hotline.busy``, ``hotline.drafts`` (too many unfinished tickets).
    """
    require("hotline.seat", actor)
    from fawang.hotline.machine import waiting

    with transaction.atomic(), together():
        agent = agents.locked(actor.account)
        if agent.state == "offline" or agent.seat is None:
            raise Refusal("hotline.not_signed_on", status=409)
        if agent.state in BUSY:
            agent.after = ""
            agent.save(update_fields=["after"])
            return agent
        drafts = agents.open_drafts(agent.pk)
        if drafts > most_drafts():
            raise Refusal("hotline.drafts", status=409, count=drafts)
        if agent.state != "ready":
            agents.change(agent, "ready")
        waiting.serve_locked(agent)
        return agent


def most_drafts() -> int:
    """How many unfinished tickets a ready agent may have, by the live edition."""
    told = ConfigVersion.objects.filter(state="live").values_list("document__limits__open_drafts", flat=True).first()
    return 5 if told is None else int(told)


def set_not_ready(*, actor: Actor, reason: str) -> AgentState:
    """Not ready, with a reason from the list. During a call it is noted and takes effect after it."""
    require("hotline.seat", actor)
    if reason not in CHOSEN_REASONS:
        raise Refusal("form.invalid", fields={"reason": Refusal("hotline.reason", field="reason")})
    with transaction.atomic():
        agent = agents.locked(actor.account)
        if agent.state == "offline":
            raise Refusal("hotline.not_signed_on", status=409)
        if agent.state in BUSY or agent.state == "wrap_up":
            agent.after = reason
            agent.save(update_fields=["after"])
            return agent
        return agents.change(agent, "not_ready", reason=reason)


def end_wrap_up(*, actor: Actor) -> AgentState:
    """The ticket is done: ready again before the deadline (or what was asked for during the call)."""
    require("hotline.seat", actor)
    with transaction.atomic(), together():
        agent = agents.locked(actor.account)
        if agent.state != "wrap_up":
            raise Refusal("hotline.not_now", status=409)
        leave_wrap_up(agent)
        return agent


def extend_wrap_up(*, actor: Actor, seconds: int = 60) -> AgentState:
    """More time for a ticket, at most ten minutes a call; how much is taken shows in the spells."""
    require("hotline.seat", actor)
    with transaction.atomic():
        agent = agents.locked(actor.account)
        if agent.state != "wrap_up" or agent.deadline_at is None:
            raise Refusal("hotline.not_now", status=409)
        latest = agent.since + timedelta(minutes=10)
        agent.deadline_at = min(agent.deadline_at + timedelta(seconds=max(1, min(seconds, 300))), latest)
        agent.save(update_fields=["deadline_at"])
        return agent


def leave_wrap_up(agent: AgentState) -> None:
    """From wrap-up (locked row) to what was asked for, to paperwork when too many tickets are open, else to ready and the next call."""
    from fawang.hotline.machine import waiting

    if agent.after == "offline":
        leave_seat(agent)
    elif agent.after:
        reason, agent.after = agent.after, ""
        agents.change(agent, "not_ready", reason=reason)
    elif agents.open_drafts(agent.pk) > most_drafts():
        agents.change(agent, "not_ready", reason="drafts")
    else:
        agents.change(agent, "ready")
        waiting.serve_locked(agent)


def beat(*, actor: Actor, session: str) -> AgentState:
    """A sign of life of the seat page, with the tab that sends it. Raises ``Refusal('hotline.other_tab')`` in a tab that is no longer the seat."""
    require("hotline.seat", actor)
    with transaction.atomic():
        agent = agents.locked(actor.account)
        if agent.session != session:
            raise Refusal("hotline.other_tab", status=409)
        agent.seen_at = clock.now()
        agent.save(update_fields=["seen_at"])
        return agent


def states_of(pool_ids: set[uuid.UUID]) -> list[AgentState]:
    """Agents of some pools, with account, seat and call."""
    return list(AgentState.objects.filter(pool_id__in=pool_ids).select_related("staff", "seat", "pool", "call").order_by("pool__code", "seat__number"))
