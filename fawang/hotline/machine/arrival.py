"""A call arrives: the row first, then the answer, the spoken notice, announcements, the greeting, and on to menu or queue."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from fawang.hotline import announcements, callers, flow, outbox, raw
from fawang.hotline.engines import commands as do
from fawang.hotline.engines import events as ev
from fawang.hotline.machine import ending, menus
from fawang.hotline.machine.turn import Turn, continues, finish, go_on, say
from fawang.hotline.models import Call, CallEvent, CallLeg, ConfigVersion, EngineCommand, EngineNode, Recording
from fawang.kernel import clock, crypto, events, throttle
from fawang.kernel.errors import Refusal

ANSWERING = timedelta(seconds=10)
ATTENDED = timedelta(seconds=10)
"""A controller that was seen so lately has heard whatever the engine had to tell."""
UNACKNOWLEDGED = timedelta(seconds=40)
"""The engine repeats its answer for 32 s and then tells that the caller never took it (RFC 3261 §13.3.1.4): this is waited for."""


def offered(event: ev.LegOffered) -> Call:
    """The call's row, committed before anything sounds; then the answer (or the refusal, which is a call with its cause too)."""
    known = Call.objects.select_for_update(of=("self",), no_key=True).filter(engine_id=event.engine_id, leg_id=event.leg_id).first()
    if known is not None:
        return _made_known(known, event) if known.notes.get("unheard") else known
    at = raw.moment(event.at)
    number = callers.read_number(event.asserted or event.from_number)
    person, match = callers.recognise(number)
    config = ConfigVersion.objects.filter(state="live").first()
    call = Call.objects.create(
        engine_id=event.engine_id, leg_id=event.leg_id, call_ref=event.call_ref[:255], config=config, did=event.to_number[:40], trunk=event.trunk[:60],
        caller=number.shown, caller_index=number.index, caller_kind=number.kind, caller_region=number.region, person=person, match=match,
        language=person.language if person is not None and match == "known" else "zh-hans", arrived_at=at, state_since=at,
        deadline_at=clock.now() + ANSWERING,
    )  # fmt: skip
    CallLeg.objects.create(engine_id=event.engine_id, leg_id=event.leg_id, call=call, role="citizen", created_at=at)
    events.record(
        kind="hotline.call_arrived", stream=call.pk, occurred_at=at,
        payload={"call": str(call.pk), "did": call.did, "direction": "in", "engine": event.engine_id},
    )  # fmt: skip
    raw.note(call, "arrived", at=at, direction="in", did=call.did)
    _take(call, event, number)
    return call


def unheard(event: ev.LegEvent) -> CallLeg:
    """Something is told of a line we never heard arrive (its event was lost or is late): it is an INVITE like every other and has its row from now.

    Legs we dial ourselves have their rows before the engine knows of them, so a leg nobody knows is a caller's.
    """
    at = raw.moment(event.at)
    call = Call.objects.create(
        engine_id=event.engine_id, leg_id=event.leg_id, config=ConfigVersion.objects.filter(state="live").first(), arrived_at=at, state_since=at,
        deadline_at=clock.now() + ANSWERING, notes={"unheard": 1},
    )  # fmt: skip
    events.record(
        kind="hotline.call_arrived", stream=call.pk, occurred_at=at, payload={"call": str(call.pk), "did": "", "direction": "in", "engine": event.engine_id}
    )
    raw.note(call, "arrived", at=at, direction="in", did="")
    return CallLeg.objects.create(engine_id=event.engine_id, leg_id=event.leg_id, call=call, role="citizen", created_at=at)


def _made_known(call: Call, event: ev.LegOffered) -> Call:
    """The arrival is told after all: who calls, and which number; a call that has only just begun is taken as if in time."""
    number = callers.read_number(event.asserted or event.from_number)
    call.person, call.match = callers.recognise(number)
    call.caller, call.caller_index, call.caller_kind, call.caller_region = number.shown, number.index, number.kind, number.region
    call.did, call.trunk, call.call_ref = event.to_number[:40], event.trunk[:60], event.call_ref[:255]
    call.arrived_at = min(call.arrived_at, raw.moment(event.at))
    call.notes.pop("unheard")
    if call.state == "arriving":
        _take(call, event, number)
    else:
        call.save()
    return call


def _take(call: Call, event: ev.LegOffered, number: callers.CallerNumber) -> None:
    from fawang.hotline.machine.turn import document_of

    if call.config_id is None:
        ending.refuse(call, "unavailable")
        return
    here = Turn(call, call.arrived_at, document_of(call))
    destination = flow.number_for(here.document, event.to_number)
    if destination is None or (event.account and event.to_number not in {n.did for n in here.document.numbers}):
        ending.refuse(call, "not_found" if destination is None else "forbidden")
        return
    if _floods(here, number, event.source):
        ending.refuse(call, "busy")
        return
    call.notes = {**call.notes, "to": destination[0]}
    call.caller_region = call.caller_region or destination[1]
    here.order(do.Answer(command_id="", leg_id=call.leg_id))
    here.due(ANSWERING)
    finish(here)


def _floods(here: Turn, number: callers.CallerNumber, source: str) -> bool:
    """Whether this caller calls more often than the edition allows a minute (toll fraud, attacks). Counted, not remembered."""
    limit = here.document.limits.calls_a_minute
    if not limit:
        return False
    key = number.index.hex() or crypto.text_digest(source)[:32]
    try:
        with transaction.atomic():
            throttle.spend(f"hotline:{key}", limit=limit, window=timedelta(minutes=1))
    except Refusal:
        return True
    return False


def answered(here: Turn) -> None:
    """The line is open: first of all the caller is told that the call is recorded (PIPL §17)."""
    call = here.call
    if call.state != "arriving":
        return
    call.answered_at = here.at
    here.go("greeting")
    here.note("greeted")
    say(here, ["notice_recording"], "noticed", record=True)


@continues("noticed")
def noticed(here: Turn, digits: str) -> None:
    """The notice was heard: recorded from now on; announcements and greeting follow. What was not announced is not recorded."""
    call = here.call
    if call.notes.pop("sound_failed", "") == "noticed":
        call.notes.pop("rec", "")
        here.note("not_recorded", reason="notice_failed")
    else:
        keep_recording(here)
    instead = announcements.in_force(how="instead", region=call.caller_region)
    if instead:
        from fawang.hotline.machine import closing

        closing.farewell(here, announcements.sound_codes(instead), cause="announced")
        return
    before = announcements.in_force(how="before", region=call.caller_region)
    say(here, [*announcements.sound_codes(before), "greeting"], "greeted", interruptible=True)


def keep_recording(here: Turn) -> None:
    """The engine began the recording at the end of the notice; where that was never told (a lost event, a notice that never ended), ask for it now."""
    rec_id = here.call.notes.get("rec", "")
    if not rec_id or not Recording.objects.filter(rec_id=rec_id).exists():
        start_recording(here, rec_id=rec_id)


def start_recording(here: Turn, kind: str = "call", *, rec_id: str = "") -> None:
    """Record the citizen's leg from now to its end."""
    rec_id = rec_id or outbox.new_id("r")
    Recording.objects.create(call=here.call, rec_id=rec_id, kind=kind, started_at=here.at)
    here.call.notes["rec"] = rec_id
    here.order(do.RecordStart(command_id="", leg_id=here.call.leg_id, rec_id=rec_id))


@continues("greeted")
def greeted(here: Turn, digits: str) -> None:
    """On to where the number leads."""
    menus.lead(here, here.call.notes.pop("to", "") or here.document.numbers[0].to, flow.Wanted())


def _is_silent(call: Call) -> bool:
    """Whether the engine has answered and the caller never said that he heard it.

    What was told and we could not deal with, or what nobody was there to be told of, is a fault of ours.
    """
    answered = EngineCommand.objects.filter(call=call, kind="Answer", state="accepted").exists()
    attended = EngineNode.objects.filter(pk=call.engine_id, seen_at__gte=clock.now() - ATTENDED).exists()
    return answered and attended and not CallEvent.objects.filter(call=call, kind="LegAnswered", source="engine").exists()


def late(here: Turn) -> None:
    """The deadline of arriving or greeting ran out: what should have come did not, so go on without it."""
    call = here.call
    if call.state == "arriving":
        silent = _is_silent(call)
        if call.notes.get("late"):
            ending.end(here, "caller_vanished" if silent else "error", side="citizen" if silent else "engine")
        elif silent:
            call.notes["late"] = 1
            here.due(UNACKNOWLEDGED)
        else:
            call.notes["late"] = 1
            here.order(do.Answer(command_id="", leg_id=call.leg_id))
            here.due(ANSWERING)
    elif not go_on(here):
        greeted(here, "")
