"""Call-backs, voicemail, ratings: whatever is owed is worked off, at different times, by somebody who may."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from fawang.hotline import callback_slots, callbacks, calling, configurations, recordings, seats, selectors, tickets, voicemails
from fawang.hotline.models import CallbackAttempt, CallbackRequest, CallbackSlot, Voicemail
from fawang.kernel import clock
from fawang.kernel.errors import Forbidden, Refusal
from fawang.kernel.models import Event
from fawang.people.models import Notice
from tests.hotline.world import World

pytestmark = pytest.mark.django_db
BY_HAND: dict[str, Any] = {"callbacks": {"automatic": False}}


def gave_up(world: World, frm: str = "13800138000", after: float = 20) -> Any:
    citizen = world.call(frm)
    world.wait(after)
    citizen.hang_up()
    world.pump()
    return citizen


def test_whoever_gave_up_waiting_is_owed_a_call_within_its_limit_but_not_after_a_moment(make_world: Any) -> None:
    world = make_world(**BY_HAND)
    world.agent("李律师", ready=False)
    citizen = gave_up(world)
    request = CallbackRequest.objects.get()
    assert (request.reason, request.state, request.source_call_id) == ("abandoned", "planned", world.row(citizen).pk)
    assert request.due_at - request.created_at == timedelta(hours=24)
    assert (request.rule_code, request.rule_version) == ("CALL-BACK", "1")
    gave_up(world, "13800138001", after=3)
    assert CallbackRequest.objects.count() == 1, "who waited under five seconds hardly waited"
    gave_up(world)
    assert CallbackRequest.objects.count() == 1, "one call owed a number"


def test_three_attempts_lie_apart_and_then_it_is_closed_as_unreachable(make_world: Any) -> None:
    world = make_world(**BY_HAND)
    li = world.agent("李律师", ready=False)
    gave_up(world)
    request = CallbackRequest.objects.get()
    for number in (1, 2, 3):
        call = callbacks.call_back(actor=li, request_id=request.pk)
        world.pump()
        world.phone(li).answer()
        world.pump()
        citizen = world.engine.party(call.leg_id)
        assert citizen.number == "trunk:main/13800138000"
        citizen.refuse("no_answer", 480)
        world.pump()
        call.refresh_from_db()
        assert (call.state, call.end_cause) == ("ended", "not_reached")
        request.refresh_from_db()
        assert request.attempts_made == number
        assert world.state(li) == ("wrap_up", "")
        seats.end_wrap_up(actor=li)
        seats.set_not_ready(actor=li, reason="break")
        if number < 3:
            with pytest.raises(Refusal) as refused:
                callbacks.call_back(actor=li, request_id=request.pk)
            assert refused.value.code == "hotline.callback_apart"
            world.later(hours=2, minutes=1)
    assert (request.state, request.on_time) == ("unreachable", True)
    assert list(request.attempts.order_by("number").values_list("outcome", flat=True)) == ["no_answer"] * 3
    with pytest.raises(Refusal):
        callbacks.call_back(actor=li, request_id=request.pk)


def test_a_call_back_that_is_answered_hears_the_notice_first_is_recorded_and_has_its_ticket(make_world: Any) -> None:
    world = make_world(**BY_HAND)
    li = world.agent("李律师", ready=False)
    gave_up(world)
    call = callbacks.call_back(actor=li, request_id=CallbackRequest.objects.get().pk)
    world.pump()
    seat = world.phone(li)
    seat.answer()
    world.pump()
    citizen = world.engine.party(call.leg_id)
    citizen.answer()
    world.pump()
    assert any(s.startswith("play:") for s in citizen.hears())
    assert not call.recordings.exists()
    world.settle()
    assert citizen.hears() == {f"leg:{seat.leg_id}"}
    assert call.recordings.get().state == "running"
    request = CallbackRequest.objects.get()
    assert (request.state, request.on_time, request.attempts.get().outcome) == ("reached", True, "reached")
    call.refresh_from_db()
    assert call.ticket.author_id == li.account
    calling.hang_up(actor=li)
    world.pump()
    citizen.press("1")
    world.settle()
    call.refresh_from_db()
    assert (call.end_cause, call.survey_level, call.direction) == ("completed", 5, "out")


def test_an_agent_who_does_not_answer_his_own_seat_costs_no_attempt(make_world: Any) -> None:
    world = make_world(**BY_HAND)
    li = world.agent("李律师", ready=False)
    gave_up(world)
    callbacks.call_back(actor=li, request_id=CallbackRequest.objects.get().pk)
    world.wait(30)
    request = CallbackRequest.objects.get()
    assert (request.state, request.attempts_made, request.attempts.get().outcome) == ("planned", 0, "failed")
    assert world.state(li) == ("not_ready", "rona")


def test_due_call_backs_go_to_an_idle_agent_by_themselves_while_nobody_waits(world: World) -> None:
    world.agent("李律师", ready=False)
    gave_up(world)
    zhou = world.agent("周律师")
    world.wait(2)
    request = CallbackRequest.objects.get()
    assert (request.state, request.agent_id) == ("calling", zhou.account)
    assert world.state(zhou)[0] == "reserved"


def test_a_promised_call_is_not_made_before_its_slot_and_is_late_after_it(world: World) -> None:
    world.agent("李律师", ready=False)
    citizen = world.call("13800138001", "12348001")
    world.settle()
    citizen.press("4")
    world.wait(15)
    request = CallbackRequest.objects.get()
    assert request.not_before == request.slot.starts_at
    sms = Notice.objects.get(template="hotline_callback")
    assert "10:00至11:00" in (sms.body or "")
    world.agent("周律师")
    assert world.row(citizen).end_cause == "callback"
    world.wait(5)
    assert CallbackRequest.objects.get().state == "planned"
    world.later(hours=2)
    request.refresh_from_db()
    assert request.light == "overdue"
    assert Event.objects.filter(kind="hotline.callback_overdue", stream=request.pk).count() == 1
    callbacks.sweep()
    assert Event.objects.filter(kind="hotline.callback_overdue", stream=request.pk).count() == 1


def test_a_slot_takes_no_more_than_its_capacity(world: World) -> None:
    document = configurations.live_document()
    assert document is not None
    taken = [callback_slots.take_next(document, "general", clock.now()) for _ in range(14)]
    starts = [s.starts_at.astimezone(clock.BEIJING).strftime("%H:%M") for s in taken if s]
    assert starts == ["10:00"] * 6 + ["11:00"] * 6 + ["12:00"] * 2
    full = CallbackSlot.objects.get(starts_at=taken[0].starts_at)  # type: ignore[union-attr]
    with pytest.raises(Refusal) as refused:
        callback_slots.take(full.pk)
    assert refused.value.code == "hotline.slot_full"


def test_a_caller_who_was_served_meanwhile_is_owed_nothing_more(make_world: Any) -> None:
    world = make_world(**BY_HAND)
    li = world.agent("李律师", ready=False)
    gave_up(world)
    seats.set_ready(actor=li)
    citizen, _ = world.connected(li)
    citizen.hang_up()
    world.pump()
    assert CallbackRequest.objects.get().state == "cancelled"


def test_a_bad_rating_is_called_back_by_somebody_else_even_when_the_ticket_became_no_matter(make_world: Any) -> None:
    world = make_world(**BY_HAND)
    li, zhou = world.agent("李律师"), world.agent("周律师", ready=False)
    citizen, _ = world.connected(li)
    calling.hang_up(actor=li)
    world.pump()
    citizen.press("5")
    world.settle()
    world.fill(li, world.ticket(citizen), nature="invalid", kind="broken")
    tickets.close(actor=li, ticket_id=world.ticket(citizen).pk)
    callbacks.sweep()
    request = CallbackRequest.objects.get()
    assert (request.reason, request.not_by_id) == ("rating", li.account)
    seats.set_not_ready(actor=li, reason="break")
    world.wait(61)
    with pytest.raises(Refusal) as refused:
        callbacks.call_back(actor=li, request_id=request.pk)
    assert refused.value.code == "hotline.callback_self"
    assert request.pk not in {r.pk for r in selectors.callbacks_to_do(li)}
    assert request.pk in {r.pk for r in selectors.callbacks_to_do(zhou)}
    with pytest.raises(Refusal):
        callbacks.cancel(actor=world.supervisor(), request_id=request.pk, note="不用了")


def test_a_bad_rating_with_a_ticket_left_lying_is_called_back_after_an_hour(make_world: Any) -> None:
    world = make_world(**BY_HAND)
    li = world.agent("李律师")
    citizen, _ = world.connected(li)
    calling.hang_up(actor=li)
    world.pump()
    citizen.press("4")
    world.settle()
    assert not CallbackRequest.objects.exists()
    world.later(hours=1, minutes=1)
    assert CallbackRequest.objects.get().reason == "rating"


def leave_message(world: World, seconds: float) -> Any:
    citizen = world.call("13800138001", "12348001")
    world.settle()
    citizen.press("3")
    world.wait(2 + seconds)
    citizen.press("#")
    world.wait(6)
    assert world.row(citizen).end_cause == "voicemail"
    world.store()
    return citizen


def test_a_voicemail_is_taken_heard_with_a_purpose_and_answered_within_its_limit(world: World) -> None:
    li, zhou = world.agent("李律师", ready=False), world.agent("周律师", ready=False)
    leave_message(world, 8)
    mail = selectors.voicemails_to_do(li)[0]
    assert mail.rule_code == "MAIL-RESP"
    voicemails.take(actor=li, voicemail_id=mail.pk)
    with pytest.raises(Refusal):
        voicemails.take(actor=zhou, voicemail_id=mail.pk)
    heard = b"".join(recordings.play(actor=li, recording_id=mail.recording.pk, purpose="处理留言").sound)  # type: ignore[union-attr]
    assert heard[:4] == b"RIFF"
    done = voicemails.finish(actor=li, voicemail_id=mail.pk, outcome="no_need")
    assert (done.state, done.outcome) == ("done", "no_need")
    assert Event.objects.get(kind="hotline.voicemail_done").payload["on_time"] is True
    assert selectors.voicemails_to_do(li) == []


def test_a_message_of_nothing_owes_nobody_anything(world: World) -> None:
    li = world.agent("李律师", ready=False)
    leave_message(world, 0.5)
    assert Voicemail.objects.get().state == "empty"
    assert selectors.voicemails_to_do(li) == []


def test_call_backs_and_voicemail_are_for_hotline_staff(world: World) -> None:
    from tests import factories

    clerk = factories.actor(factories.staff("窗口", "window_clerk", at=world.centre))
    with pytest.raises(Forbidden):
        selectors.callbacks_to_do(clerk)
    with pytest.raises(Forbidden):
        selectors.voicemails_to_do(clerk)
    assert CallbackAttempt.objects.count() == 0
