"""Events of the engine, each dealt with once, in any order, whatever is missing: the row says what may still happen."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from django.db import InterfaceError, OperationalError, transaction

from fawang.hotline import outbox, raw, recordings, voicemails
from fawang.hotline.engines import commands as do
from fawang.hotline.engines import events as ev
from fawang.hotline.machine import (
    arrival,
    ending,
    offering,
    outbound,
    talking,
    transfers,
    waiting_words,  # noqa: F401 - registers what goes on after its prompts, which another process may have begun
)
from fawang.hotline.machine.turn import Turn, document_of, finish, go_on, turn
from fawang.hotline.models import AgentState, Call, CallLeg, EngineCommand, EngineNode
from fawang.hotline.seats import line_of

log = logging.getLogger("fawang.hotline")
Handler = Callable[[Turn, CallLeg, Any], None]
GONE_MS = 45_000
"""A citizen who waits and has sent neither sound nor RTCP for so long is not there any more: his telephone died without a word."""
WAITING = ("arriving", "greeting", "menu", "queued", "offering", "voicemail")
"""States in which nobody else would notice that."""


class LeaseLost(Exception):
    """Another controller has the engine; this one must stop."""


def handle(events: Sequence[ev.Event], *, holder: str | None = None) -> list[ev.Event]:
    """Deal with events in one transaction; returns those that change what the controller knows of the engine itself.

    Raises ``LeaseLost`` when ``holder`` no longer controls the engine, and ``OperationalError`` for what is the database's own affair (a
    deadlock, a lost connection): the event comes again. One event that cannot be dealt with is written down and passed over, so that it
    stands in nobody's way; the deadlines clean up after it.
    """
    try:
        with transaction.atomic():
            return _handle(events, holder)
    except LeaseLost:
        raise
    except Exception as error:
        if len(events) == 1:
            if isinstance(error, OperationalError | InterfaceError):
                raise
            log.exception("event %s %s of %s could not be dealt with", events[0].seq, type(events[0]).__name__, events[0].engine_id)
            _pass_over(events[0], holder)
            return []
        found: list[ev.Event] = []
        for event in events:
            found += handle([event], holder=holder)
        return found


def _handle(events: Sequence[ev.Event], holder: str | None) -> list[ev.Event]:
    node = node_of(events[0].engine_id, holder)
    notable: list[ev.Event] = []
    for event in events:
        if _one(event) and isinstance(event, ev.EngineUp | ev.EngineDown | ev.EventsLost | ev.PhoneGone | ev.PhoneRegistered):
            notable.append(event)
    last = events[-1]
    if (last.boot_id, last.seq) != (node.boot_id, node.seq):
        node.boot_id, node.seq = last.boot_id, last.seq if last.boot_id != node.boot_id else max(node.seq, last.seq)
        node.save(update_fields=["boot_id", "seq"])
    return notable


def node_of(engine_id: str, holder: str | None) -> EngineNode:
    """The engine's row, locked; made on first use. Raises ``LeaseLost`` when ``holder`` does not control it."""
    node = EngineNode.objects.select_for_update(no_key=True).filter(pk=engine_id).first()
    if node is None:
        EngineNode.objects.get_or_create(pk=engine_id)
        node = EngineNode.objects.select_for_update(no_key=True).get(pk=engine_id)
    if holder is not None and node.holder != holder:
        raise LeaseLost(engine_id)
    return node


def _pass_over(event: ev.Event, holder: str | None) -> None:
    with transaction.atomic():
        node_of(event.engine_id, holder)
        leg = CallLeg.objects.filter(engine_id=event.engine_id, leg_id=getattr(event, "leg_id", "")).select_related("call").first()
        raw.keep_engine_event(event, leg.call if leg else None)
        EngineNode.objects.filter(pk=event.engine_id).update(boot_id=event.boot_id, seq=event.seq)


def _one(event: ev.Event) -> bool:
    """Deal with one event; ``False`` when it was dealt with before."""
    if isinstance(event, ev.LegOffered):
        call = arrival.offered(event)
        return raw.keep_engine_event(event, call)
    leg_id = getattr(event, "leg_id", "")
    leg = CallLeg.objects.filter(engine_id=event.engine_id, leg_id=leg_id).first() if leg_id else None
    if leg is None and not isinstance(event, ev.LegEvent):
        return raw.keep_engine_event(event, None)
    if leg is None:
        leg = arrival.unheard(event)  # type: ignore[arg-type]
    handler = HANDLERS.get(type(event))
    if handler is None:
        return raw.keep_engine_event(event, Call(pk=leg.call_id))
    call = Call.objects.select_for_update(of=("self",), no_key=True).get(pk=leg.call_id)
    if not raw.keep_engine_event(event, call):
        return False
    leg.refresh_from_db()
    if call.config_id is None or (call.state == "ended" and not isinstance(event, ev.LegEnded | ev.LegAnswered | ev.RecordStarted | ev.RecordDone)):
        if isinstance(event, ev.LegEnded):
            ending.mark_leg_ended(leg, at=raw.moment(event.at), cause=event.cause, side=event.side, code=event.code)
        return True
    here = Turn(call, raw.moment(event.at), document_of(call))
    handler(here, leg, event)
    finish(here)
    return True


def leg_ringing(here: Turn, leg: CallLeg, event: ev.LegRinging) -> None:
    """A seat, colleague or partner rings."""
    if leg.state == "new":
        leg.state, leg.ringing_at = "ringing", here.at
        leg.save(update_fields=["state", "ringing_at"])
        offering.ringing(here, leg)


def leg_answered(here: Turn, leg: CallLeg, event: ev.LegAnswered) -> None:
    """Somebody is on the line: whoever it is goes on from there."""
    if leg.state == "ended" or here.call.state == "ended":
        here.order(do.HangUp(command_id="", leg_id=leg.leg_id))
        return
    if leg.state == "answered":
        return
    leg.state, leg.answered_at = "answered", here.at
    leg.save(update_fields=["state", "answered_at"])
    if leg.role == "citizen":
        (arrival.answered if here.call.direction == "in" else outbound.citizen_answered)(here)
    elif leg.role == "agent" and here.call.direction == "out" and here.call.state == "dialling":
        outbound.agent_answered(here, leg)
    elif leg.role == "agent":
        offering.taken(here, leg)
    else:
        transfers.other_answered(here, leg)


def leg_ended(here: Turn, leg: CallLeg, event: ev.LegEnded) -> None:
    """A line is over: the citizen's ends the call, everybody else's is dealt with by his part in it."""
    if leg.state == "ended":
        return
    ending.mark_leg_ended(leg, at=here.at, cause=event.cause, side=event.side, code=event.code)
    call = here.call
    if call.state == "ended":
        return
    if leg.role == "citizen":
        if call.state == "dialling":
            outbound.not_reached(here, event.cause)
        else:
            unanswered = event.cause == "timeout" and event.code == 480  # it was we who never answered
            talking.citizen_gone(here, "error" if unanswered else event.cause, event.side)
    elif leg.role == "agent" and call.state == "dialling":
        outbound.agent_gone(here, leg, event.cause)
    elif leg.role == "agent" and leg.answered_at is None:
        offering.not_taken(here, leg, event.cause)
    elif leg.role == "agent":
        talking.agent_gone(here, leg, event.cause, event.side)
    else:
        talking.other_gone(here, leg, event.cause)


def _played(here: Turn, leg: CallLeg, event: ev.PlayDone) -> None:
    notes = here.call.notes
    if notes.get("play") != event.play_id or event.reason in ("leg_ended", "replaced"):
        return
    if "collect" in notes:
        notes.pop("play", None)  # the digits lead on
        return
    if event.reason == "failed":
        notes["sound_failed"] = notes.get("then", "")
    go_on(here)


def _gathered(here: Turn, leg: CallLeg, event: ev.DigitsDone) -> None:
    if here.call.notes.get("collect") == event.digits_id and event.reason not in ("leg_ended", "replaced", "stopped"):
        go_on(here, event.digits)


def _record_started(here: Turn, leg: CallLeg, event: ev.RecordStarted) -> None:
    if not recordings.started(here.call, event.rec_id, event.path, here.at):
        voicemails.begin(here, event.rec_id)


def _record_done(here: Turn, leg: CallLeg, event: ev.RecordDone) -> None:
    recordings.finished(event.rec_id, path=event.path, ms=event.ms, sha256=event.sha256, gaps_ms=event.gaps_ms, reason=event.reason)


def _media(here: Turn, leg: CallLeg, event: ev.MediaLost | ev.MediaBack) -> None:
    if leg.role == "citizen":
        silent_ms = event.silent_ms if isinstance(event, ev.MediaLost) else 0
        here.call.notes["silent_ms"] = silent_ms
        there = isinstance(event, ev.MediaLost) and 0 <= event.control_ms < GONE_MS
        if leg.leg_id == here.call.leg_id and here.call.state in WAITING and silent_ms >= GONE_MS and not there:
            ending.mark_leg_ended(leg, at=here.at, cause="media_lost", side="engine")
            here.order(do.HangUp(command_id="", leg_id=leg.leg_id))
            talking.citizen_gone(here, "media_lost", "engine")
    elif isinstance(event, ev.MediaLost) and leg.role == "agent" and _speaks_by_browser(here, leg):
        ending.mark_leg_ended(leg, at=here.at, cause="media_lost", side="engine")
        here.order(do.HangUp(command_id="", leg_id=leg.leg_id))
        talking.dropped(here, leg)


def _speaks_by_browser(here: Turn, leg: CallLeg) -> bool:
    """Whether this is the line of the agent in conversation, and a browser's: those always send sound, so silence means that page or gateway are gone."""
    agent = AgentState.objects.select_related("seat").filter(pk=leg.staff_id, call=here.call, leg_id=leg.leg_id).first()
    return agent is not None and here.call.state == "talking" and here.call.agent_leg == leg.leg_id and line_of(agent) == "browser"


HANDLERS: dict[type[ev.Event], Handler] = {
    ev.LegRinging: leg_ringing,
    ev.LegAnswered: leg_answered,
    ev.LegEnded: leg_ended,
    ev.PlayDone: _played,
    ev.DigitsDone: _gathered,
    ev.RecordStarted: _record_started,
    ev.RecordDone: _record_done,
    ev.MediaLost: _media,
    ev.MediaBack: _media,
    ev.ReferRequested: transfers.phone_asked,
}


def refused(row: EngineCommand, reason: str) -> None:
    """The engine will not do what it was told: go on as if it had failed at once, so that nobody waits for it."""
    if row.call_id is None or row.kind not in ("Originate", "Play", "Collect"):
        return
    command = outbox.command_of(row)
    with turn(row.call_id) as here:
        if here is None or here.call.state == "ended":
            return
        here.note("refused", how=row.kind, reason=reason[:60])
        if isinstance(command, do.Originate):
            leg = CallLeg.objects.filter(call=here.call, leg_id=command.leg_id).exclude(state="ended").first()
            if leg is not None:
                leg_ended(here, leg, ev.LegEnded(engine_id="", boot_id="", seq=0, at="", leg_id=leg.leg_id, cause="unreachable", side="engine"))
        elif isinstance(command, do.Play) and here.call.notes.get("play") == command.play_id and "bad_value" in reason:
            here.call.notes["sound_failed"] = here.call.notes.get("then", "")
            if "collect" not in here.call.notes:
                go_on(here)
