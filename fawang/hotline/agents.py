"""Agents' states: one row changed under its lock, one spell written, everybody who looks told. Rights are decided by the callers."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from fawang.hotline.models import AgentSpell, AgentState, Call, CallTicket
from fawang.hotline.together import insert, update, update_where
from fawang.kernel import clock
from fawang.kernel.work import tell_live
from fawang.matters.categories import fields_of_law, senses
from fawang.people.models import Staff

RESERVED_GRACE = timedelta(seconds=5)
"""What a reservation lives longer than the ringing: the engine's own ``no_answer`` should come first."""


def locked(staff_id: uuid.UUID) -> AgentState:
    """The agent's row, locked until the transaction ends; made on first use."""
    rows = AgentState.objects.select_for_update(of=("self",)).select_related("seat").filter(pk=staff_id)
    found = rows.first()
    if found is None:
        AgentState.objects.get_or_create(staff_id=staff_id)
        found = rows.get()
    return found


def change(
    agent: AgentState,
    state: str,
    *,
    reason: str = "",
    lasts: timedelta | None = None,
    call: Call | None = None,
    leg_id: str = "",
    at: datetime | None = None,
    by: Staff | None = None,
    keep_idle: bool = False,
) -> AgentState:
    """Move a locked agent to a state: row, history, news. ``lasts`` sets the deadline the sweeper fires.

    ``keep_idle``: the try did not come to a conversation, so the agent keeps his place among the idle.
    """
    now = at or clock.now()
    if agent.state != state or agent.reason != reason or (agent.call_id or None) != (call.pk if call else None):
        update_where(AgentSpell.objects.filter(staff_id=agent.pk, ended_at=None), ended_at=now)
        if state != "offline":
            insert(
                AgentSpell(
                    staff_id=agent.pk, seat_id=agent.seat_id, pool_id=agent.pool_id, state=state, reason=reason, call=call, forced_by=by, started_at=now
                )
            )  # fmt: skip
        agent.since = now
    agent.state, agent.reason, agent.call, agent.leg_id = state, reason, call, leg_id
    agent.deadline_at = clock.now() + lasts if lasts is not None else None
    if state == "ready":
        if not keep_idle or agent.ready_since is None:
            agent.ready_since = now
        agent.after = ""
    elif state not in ("reserved", "ringing"):
        agent.ready_since = None
    agent.version += 1
    update(agent)
    tell_live([f"staff:{agent.pk}", "hotline"], "seat", str(agent.pk))
    return agent


def took_call(agent: AgentState) -> None:
    """Count an answered call for fair share (caller saves by :func:`change`)."""
    today = clock.today()
    if agent.answered_on != today:
        agent.answered_on, agent.answered_today = today, 0
    agent.answered_today += 1


def tags_of(staff: Staff, extra: Iterable[str] = ()) -> list[str]:
    """What calls may need of this person: languages, first parts of skills, regions."""
    tags = {f"lang:{code}" for code in staff.languages}
    tags |= {f"topic:{code.split('.')[0]}" for skill in staff.skills for code in senses(skill)}
    if not staff.skills:
        tags |= {f"topic:{code}" for code in fields_of_law()}
    tags |= {f"region:{code[:4]}" for code in staff.regions}
    return sorted(tags | set(extra))


def open_drafts(staff_id: uuid.UUID) -> int:
    """Tickets of ended calls this person has not finished; one about himself is no longer his to finish."""
    return CallTicket.objects.filter(author_id=staff_id, state="draft").exclude(call__ended_at=None).exclude(about_staff_id=staff_id).count()


def after_call(agent: AgentState, *, wrap_up: timedelta, call: Call, at: datetime | None = None) -> AgentState:
    """A conversation is over: wrap-up with its deadline."""
    return change(agent, "wrap_up", lasts=wrap_up, call=call, at=at)
