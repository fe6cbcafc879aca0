"""Deadlines: whatever a state waits for, its deadline goes on without it. That is why nobody is ever stuck."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Q

from fawang.hotline import agents, seats
from fawang.hotline.machine import arrival, closing, ending, menus, offering, outbound, talking, waiting
from fawang.hotline.machine.turn import Turn, turn
from fawang.hotline.models import AgentState, Call, ConfigVersion, QueueEntry
from fawang.hotline.states import BUSY
from fawang.kernel import clock

log = logging.getLogger("fawang.hotline")

LATE: dict[str, Callable[[Turn], None]] = {
    "arriving": arrival.late,
    "greeting": arrival.late,
    "menu": menus.late,
    "queued": waiting.late,
    "offering": offering.late,
    "talking": talking.late,
    "survey": closing.survey_late,
    "voicemail": closing.voicemail_late,
    "farewell": closing.farewell_late,
    "dialling": outbound.late,
}


def sweep(batch: int = 100) -> int:
    """Fire what is due: calls, waiting moments, agents; then bring together what was skipped. Any process may run it; returns how much was done."""
    done = _calls(batch) + _moments(batch) + _agents(batch) + _orphans(batch)
    return done + waiting.serve_everybody()


DUE = """
SELECT EXISTS (SELECT 1 FROM hotline_call WHERE deadline_at <= %(now)s)
  OR EXISTS (SELECT 1 FROM hotline_queueentry WHERE next_moment <= %(now)s AND state = 'waiting')
  OR EXISTS (SELECT 1 FROM hotline_agentstate WHERE deadline_at <= %(now)s)
  OR EXISTS (SELECT 1 FROM hotline_agentstate WHERE state = 'ready' AND line = 'browser' AND seen_at <= %(silent)s)
  OR EXISTS (SELECT 1 FROM hotline_agentstate a JOIN hotline_call c ON c.id = a.call_id WHERE a.state = ANY (%(busy)s) AND c.state = 'ended')
  OR EXISTS (SELECT 1 FROM hotline_agentstate WHERE state = 'ready') AND EXISTS (SELECT 1 FROM hotline_queueentry WHERE state = 'waiting')
"""


def sweep_if_due() -> int:
    """The same, once one question says that there is something: an idle house is asked nothing else."""
    with connection.cursor() as cursor:
        cursor.execute(DUE, {"now": clock.now(), "silent": clock.now() - timedelta(seconds=_page_silence()), "busy": list(BUSY)})
        [due] = cursor.fetchone()
    return sweep() if due else 0


def _calls(batch: int) -> int:
    done = 0
    for pk in list(Call.objects.filter(deadline_at__lte=clock.now()).order_by("deadline_at").values_list("pk", flat=True)[:batch]):
        try:
            with turn(pk, skip_locked=True) as here:
                if here is None or here.call.deadline_at is None or here.call.deadline_at > here.now:
                    continue
                here.call.deadline_at = None
                LATE[here.call.state](here)
                done += 1
        except Exception:
            log.exception("deadline of call %s failed", pk)
            _give_up(pk)
    return done


def _give_up(pk: uuid.UUID) -> None:
    """A call whose deadline itself cannot be dealt with is ended: better lost and called back than stuck."""
    with turn(pk) as here:
        if here is not None:
            ending.end(here, "error", side="engine")


def _moments(batch: int) -> int:
    due = QueueEntry.objects.filter(next_moment__lte=clock.now(), state="waiting").order_by("next_moment")
    return sum(waiting.moment(pk, call_id) for pk, call_id in list(due.values_list("pk", "call_id")[:batch]))


def _agents(batch: int) -> int:
    """Deadlines of agents: wrap-up over; reserved or ringing for a call that is no longer theirs; seat pages that fell silent."""
    now, done = clock.now(), 0
    silent = now - timedelta(seconds=_page_silence())
    due = Q(deadline_at__lte=now) | Q(state="ready", line="browser", seen_at__lte=silent)
    for pk in list(AgentState.objects.filter(due).order_by("deadline_at").values_list("pk", flat=True)[:batch]):
        done += _agent(pk, silent)
    return done


def _page_silence() -> int:
    told = ConfigVersion.objects.filter(state="live").values_list("document__limits__page_silence", flat=True).first()
    return 45 if told is None else int(told)


def _agent(pk: uuid.UUID, silent: object) -> int:
    now = clock.now()
    with transaction.atomic():
        agent = AgentState.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=pk).first()
        if agent is None:
            return 0
        if agent.state == "ready" and agent.seen_at is not None and agent.seen_at <= silent:  # type: ignore[operator]
            agents.change(agent, "not_ready", reason="lost")
            return 1
        if agent.deadline_at is None or agent.deadline_at > now:
            return 0
        if agent.state == "wrap_up":
            seats.leave_wrap_up(agent)
            return 1
        if agent.state in ("reserved", "ringing"):
            call = agent.call
            if (
                call is not None
                and call.state in ("offering", "dialling", "talking")
                and call.deadline_at is not None
                and call.deadline_at > now - timedelta(seconds=10)
            ):
                agent.deadline_at = now + timedelta(seconds=5)  # the call's own deadline decides first
                agent.save(update_fields=["deadline_at"])
                return 0
            agents.change(agent, "not_ready", reason="system")
            return 1
        agent.deadline_at = None
        agent.save(update_fields=["deadline_at"])
        return 0


def _orphans(batch: int) -> int:
    """Agents who belong to a call that is over: let go. Nothing should leave them so; if anything does, they are free within the sweep."""
    done = 0
    for pk, call_id in list(AgentState.objects.filter(state__in=BUSY, call__state="ended").values_list("pk", "call_id")[:batch]):
        with turn(call_id, skip_locked=True) as here:
            if here is not None:
                ending.release_agent(here, pk)
                done += 1
    return done
