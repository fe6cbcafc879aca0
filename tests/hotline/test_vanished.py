"""A citizen whose telephone died without a word, in every state of a call: let go, not counted as lost by us, owed a call if he had waited."""

from __future__ import annotations

from typing import Any

import pytest

from fawang.hotline import callbacks, calling, figures, figures_check, selectors
from fawang.hotline.engines import events as ev
from fawang.hotline.engines import reports
from fawang.hotline.engines.fake import Party
from fawang.hotline.machine import reconcile
from fawang.hotline.models import AgentState, Call, CallbackRequest, EngineNode, QueueEntry, Recording, Voicemail
from fawang.kernel import clock
from tests.hotline.test_lines import waiting_in
from tests.hotline.world import World

pytestmark = pytest.mark.django_db
BY_HAND = {"callbacks": {"automatic": False}}
GONE = 45_000


def gone(world: World, citizen: Party) -> Call:
    """No sound, no reports, for the whole span; the row after it."""
    citizen.lose_media(GONE)
    world.pump()
    return world.row(citizen)


def end_of(row: Call) -> tuple[str, str, str]:
    return row.state, row.end_cause, row.end_side


def nobody_hangs(world: World, citizen: Party) -> None:
    assert citizen.leg_id not in world.engine.core.legs
    assert not QueueEntry.objects.filter(state__in=("waiting", "offered")).exists()
    assert not AgentState.objects.filter(state__in=("reserved", "ringing", "talking", "hold")).exists()


def attended(world: World, seconds: int) -> None:
    """Time passes while a controller is there."""
    for _ in range(seconds):
        EngineNode.objects.update(seen_at=clock.now())
        world.wait(1)


# -- arriving ----------------------------------------------------------------------------------------------------------------------------


def test_whoever_never_acknowledges_our_answer_is_not_lost_by_us(world: World) -> None:
    """The engine repeats its answer for 32 s; the room waits for what it tells."""
    world.drop = lambda event: isinstance(event, ev.LegAnswered)
    citizen = world.call()
    attended(world, 31)
    assert world.row(citizen).state == "arriving", "given the time RFC 3261 gives him"
    reports.on_ended(world.engine.core, citizen.leg_id, "timeout", "engine")
    world.pump()
    assert end_of(world.row(citizen)) == ("ended", "caller_vanished", "citizen")
    nobody_hangs(world, citizen)
    assert not CallbackRequest.objects.exists(), "he had not waited for anybody yet"


def test_an_answer_nobody_ever_acknowledges_ends_also_when_the_engine_tells_nothing(world: World) -> None:
    world.drop = lambda event: isinstance(event, ev.LegAnswered)
    citizen = world.call()
    attended(world, 52)
    assert end_of(world.row(citizen)) == ("ended", "caller_vanished", "citizen")
    nobody_hangs(world, citizen)


def test_an_answer_nobody_of_ours_was_there_to_hear_of_is_our_fault(world: World) -> None:
    world.drop = lambda event: isinstance(event, ev.LegAnswered)
    citizen = world.call()
    attended(world, 3)
    world.wait(60)
    assert end_of(world.row(citizen)) == ("ended", "error", "engine")
    nobody_hangs(world, citizen)


def test_silence_while_arriving_lets_him_go_too(world: World) -> None:
    world.drop = lambda event: isinstance(event, ev.LegAnswered)
    citizen = world.call()
    assert end_of(gone(world, citizen)) == ("ended", "caller_vanished", "citizen")
    nobody_hangs(world, citizen)


def test_a_call_the_engine_gave_up_because_we_never_answered_is_lost_by_us(world: World) -> None:
    citizen = world.engine.call("12348", "13800138000")
    reports.on_ended(world.engine.core, citizen.leg_id, "timeout", "engine", code=480)
    world.pump()
    assert end_of(world.row(citizen)) == ("ended", "engine_lost", "engine")


def test_a_broken_engine_is_still_a_fault_of_ours(world: World) -> None:
    world.agent("李律师", ready=False)
    citizen = waiting_in(world, "queued")
    reports.on_ended(world.engine.core, citizen.leg_id, "error", "engine")
    world.pump()
    assert end_of(world.row(citizen)) == ("ended", "engine_lost", "engine")


# -- voicemail and survey ------------------------------------------------------------------------------------------------------------------


def in_voicemail(world: World, *, until: str) -> Party:
    citizen = world.call(to="12348001")
    world.wait(1.3)
    citizen.press("3")
    for _ in range(60):
        if world.row(citizen).notes.get("then") == until:
            return citizen
        world.wait(0.5)
    raise AssertionError(world.row(citizen).notes)


def test_a_message_begun_by_someone_who_vanished_is_kept_and_its_silence_is_not_recorded_to_the_limit(world: World) -> None:
    citizen = in_voicemail(world, until="voicemail_over")
    world.wait(10)
    row = gone(world, citizen)
    assert end_of(row) == ("ended", "voicemail", "citizen")
    nobody_hangs(world, citizen)
    world.store()
    mail = Voicemail.objects.get()
    assert mail.state == "new"
    assert 9_000 < mail.ms < 15_000
    assert not Recording.objects.filter(state="running").exists()


def test_who_vanished_before_the_tone_has_left_no_message(world: World) -> None:
    citizen = in_voicemail(world, until="voicemail_begins")
    assert end_of(gone(world, citizen)) == ("ended", "caller_vanished", "citizen")
    nobody_hangs(world, citizen)
    assert not Voicemail.objects.exists()


def test_a_muted_telephone_may_still_be_leaving_a_message(world: World) -> None:
    citizen = in_voicemail(world, until="voicemail_over")
    citizen.lose_media(GONE, control_ms=2_000)
    world.pump()
    assert world.row(citizen).state == "voicemail"


def test_who_vanished_before_the_question_is_simply_not_rated_and_his_call_is_complete(world: World) -> None:
    li = world.agent("李律师")
    citizen, _ = world.connected(li)
    world.wait(60)
    citizen.lose_media(30_000)
    world.pump()
    calling.hang_up(actor=li)
    world.pump()
    assert world.row(citizen).state == "survey"
    citizen.lose_media(GONE)
    world.pump()
    world.wait(60)
    row = world.row(citizen)
    assert (row.end_cause, row.survey_level) == ("completed", None)
    nobody_hangs(world, citizen)


def test_a_telephone_that_no_longer_knows_the_call_in_conversation_is_answered_and_not_lost(world: World) -> None:
    li = world.agent("李律师")
    citizen, _ = world.connected(li)
    world.wait(30)
    reports.on_ended(world.engine.core, citizen.leg_id, "session_expired", "engine")
    world.pump()
    row = world.row(citizen)
    assert end_of(row) == ("ended", "caller_vanished", "citizen")
    assert world.state(li) == ("wrap_up", "")
    assert CallbackRequest.objects.get(source_call=row).reason == "lost", "their conversation broke off"
    today = figures.compute(clock.today(), clock.today())[""]
    assert {k: today[k] for k in ("inbound", "offered", "answered", "abandoned", "lost")} == {
        "inbound": 1, "offered": 1, "answered": 1, "abandoned": 0, "lost": 0,
    }  # fmt: skip


# -- a call of ours ------------------------------------------------------------------------------------------------------------------------


def called_back(world: World, li: Any) -> tuple[Call, Party, Party]:
    """A call back whose citizen has just picked up."""
    request = callbacks.request_by_hand(actor=li, phone="13800138000", queue_code="general")
    call = callbacks.call_back(actor=li, request_id=request.pk)
    world.pump()
    seat = world.phone(li)
    seat.answer()
    world.pump()
    citizen = world.engine.party(call.leg_id)
    citizen.answer()
    world.pump()
    return call, citizen, seat


def test_a_call_back_whose_citizen_falls_silent_in_the_notice_goes_on_to_the_agent_who_decides(make_world: Any) -> None:
    world = make_world(**BY_HAND)
    li = world.agent("李律师", ready=False)
    call, citizen, _ = called_back(world, li)
    citizen.lose_media(GONE)
    world.pump()
    world.settle()
    call.refresh_from_db()
    assert call.state == "talking"
    calling.hang_up(actor=li)
    world.pump()
    world.wait(60)
    call.refresh_from_db()
    assert call.state == "ended"
    nobody_hangs(world, citizen)


def test_a_call_back_that_broke_on_our_side_and_whose_citizen_vanished_while_he_waited_is_owed_again(make_world: Any) -> None:
    world = make_world(**BY_HAND)
    li = world.agent("李律师", ready=False)
    call, citizen, seat = called_back(world, li)
    world.settle()
    reports.on_ended(world.engine.core, seat.leg_id, "media_lost", "engine")
    world.pump()
    call.refresh_from_db()
    assert (call.state, call.direction) == ("queued", "out")
    row = gone(world, citizen)
    assert end_of(row) == ("ended", "caller_vanished", "citizen")
    nobody_hangs(world, citizen)
    again = CallbackRequest.objects.get(source_call=row)
    assert (again.reason, again.state, again.phone) == ("lost", "planned", "13800138000")
    assert figures.compute(clock.today(), clock.today()).get("", {}).get("inbound", 0) == 0, "calls of ours are in no figure of calls to us"


# -- a restart of the engine ---------------------------------------------------------------------------------------------------------------


def test_after_a_restart_of_the_engine_the_count_starts_anew_and_ends_all_the_same(world: World) -> None:
    world.agent("李律师", ready=False)
    citizen = waiting_in(world, "queued")
    citizen.lose_media(30_000)
    world.pump()
    world.engine.crash()
    world.engine.restart()
    world.pump()
    reconcile.reconcile(world.engine.core.snapshot())
    world.pump()
    citizen.lose_media(15_000)
    world.pump()
    assert world.row(citizen).state == "queued", "45 s of silence were not heard by this process"
    citizen.lose_media(30_000)
    world.pump()
    assert world.row(citizen).state == "queued"
    assert end_of(gone(world, citizen)) == ("ended", "caller_vanished", "citizen")
    nobody_hangs(world, citizen)


# -- figures -------------------------------------------------------------------------------------------------------------------------------


def test_the_vanished_are_abandoned_and_not_lost_over_both_denominators_and_on_both_ways(make_world: Any) -> None:
    world = make_world(**BY_HAND)
    li = world.agent("李律师", ready=False)
    for number, state in enumerate(("greeting", "menu", "queued", "queued")):
        citizen = waiting_in(world, state)
        row = gone(world, citizen)
        assert row.end_cause == "caller_vanished", (number, state)
    broken = waiting_in(world, "queued")
    reports.on_ended(world.engine.core, broken.leg_id, "error", "engine")
    world.pump()
    today = clock.today()
    row = figures.compute(today, today)[""]
    want = {"inbound": 5, "offered": 3, "answered": 0, "abandoned": 2, "short_abandoned": 2, "served_otherwise": 0, "lost": 1}
    assert {k: row[k] for k in want} == want
    assert figures.shares(row)["abandon_rate"] == {"offered": 2 / 3, "inbound": 2 / 5}
    assert figures_check.differences() == []
    assert {c.end_cause for c in selectors.missed(li)} == {"caller_vanished", "engine_lost"}
    Call.objects.filter(end_cause="caller_vanished", queued_at__isnull=False).update(end_cause="engine_lost")
    assert any("abandoned" in line for line in figures_check.differences()), "the second way counts them by itself"
