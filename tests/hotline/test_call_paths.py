"""Every way of a call from the first ring to its one end, with the fake engine and a stopped clock."""

from __future__ import annotations

import pytest

from fawang.hotline.models import AgentState, Call, CallbackRequest, CallEvent, CallTicket, QueueEntry, Recording
from tests.hotline.world import World

pytestmark = pytest.mark.django_db


def test_a_call_is_answered_heard_queued_rung_connected_wrapped_up_and_rated(world: World) -> None:
    li = world.agent("李律师")
    citizen = world.engine.call("12348", "13800138000")
    events = world.engine.core.page(0)
    from fawang.hotline.machine import dispatch

    dispatch.handle(events)
    row = world.row(citizen)
    assert (row.state, row.end_cause) == ("arriving", "")
    assert not citizen.hears()
    assert row.commands.get().kind == "Answer", "nothing sounds before the row is kept"
    world.seq = events[-1].seq
    world.pump()
    assert world.row(citizen).state == "greeting"
    assert not Recording.objects.filter(call=row).exists(), "not recorded before it was said"
    world.settle()
    assert Recording.objects.get(call=row).state == "running"
    row = world.row(citizen)
    assert row.state == "offering"
    assert world.state(li) == ("reserved", "")
    seat = world.phone(li)
    seat.ring()
    world.pump()
    assert world.state(li) == ("ringing", "")
    world.wait(2)
    seat.answer()
    world.pump()
    row = world.row(citizen)
    assert row.state == "talking"
    assert row.agent_id == li.account
    assert citizen.hears() == {f"leg:{seat.leg_id}"}
    assert seat.hears() == {f"leg:{citizen.leg_id}"}
    assert CallTicket.objects.get(call=row).author_id == li.account
    world.wait(60)
    from fawang.hotline import calling

    calling.hang_up(actor=li)
    world.pump()
    assert seat.leg_id not in world.engine.core.legs
    assert world.state(li) == ("wrap_up", "")
    assert world.row(citizen).state == "survey"
    citizen.press("2")
    world.settle()
    row = world.row(citizen)
    assert (row.state, row.end_cause, row.survey_level) == ("ended", "completed", 4)
    assert citizen.leg_id not in world.engine.core.legs
    world.wait(60)
    assert world.state(li) == ("ready", "")
    kinds = list(CallEvent.objects.filter(call=row, source="queue").order_by("id").values_list("kind", flat=True))
    assert kinds == ["arrived", "greeted", "queued", "offered", "connected", "agent_left", "rated", "ended"]


@pytest.mark.parametrize(
    ("when", "cause"),
    [
        ("at once", "abandoned_greeting"),
        ("notice", "abandoned_greeting"),
        ("menu", "abandoned_menu"),
        ("queue", "abandoned_queue"),
        ("ringing", "abandoned_ringing"),
    ],
)
def test_giving_up_has_the_cause_of_the_state_it_happens_in(world: World, when: str, cause: str) -> None:
    wang = world.agent("王律师", ready=when == "ringing")
    citizen = world.engine.call("12348001" if when == "menu" else "12348", "13800138000")
    if when != "at once":
        world.pump()
    if when in ("menu", "queue", "ringing"):
        world.settle()
        world.wait(10 if when == "queue" else 0.1)
    citizen.hang_up()
    world.pump()
    row = world.row(citizen)
    assert (row.state, row.end_cause, row.end_side) == ("ended", cause, "citizen")
    assert not world.engine.core.legs, "no line is left behind"
    assert world.state(wang)[0] == ("ready" if when == "ringing" else "not_ready")
    assert not QueueEntry.objects.filter(state__in=("waiting", "offered")).exists()


def test_an_agent_whom_a_caller_left_while_it_rang_keeps_his_place_among_the_idle(world: World) -> None:
    first = world.agent("甲")
    world.wait(5)
    world.agent("乙")
    citizen = world.call()
    world.settle()
    assert world.row(citizen).agent_id == first.account
    citizen.hang_up()
    world.pump()
    again = world.call("13800138001")
    world.settle()
    assert world.row(again).agent_id == first.account


def test_no_answer_sends_the_call_on_with_raised_priority_and_its_own_time_and_the_agent_not_ready(world: World) -> None:
    first = world.agent("甲")
    world.wait(5)
    second = world.agent("乙")
    citizen = world.call()
    world.settle()
    entered = QueueEntry.objects.get().entered_at
    world.wait(16)
    assert world.state(first) == ("not_ready", "rona")
    entry = QueueEntry.objects.get()
    assert (entry.priority, entry.entered_at, entry.attempts) == (1, entered, 2)
    assert world.row(citizen).agent_id == second.account
    world.phone(second).answer()
    world.pump()
    assert world.row(citizen).state == "talking"


def test_whoever_declines_is_not_ready_and_the_call_goes_on(world: World) -> None:
    from fawang.hotline import calling

    first = world.agent("甲")
    world.wait(5)
    second = world.agent("乙")
    citizen = world.call()
    world.settle()
    calling.refuse(actor=first)
    world.pump()
    assert world.state(first) == ("not_ready", "rona")
    assert world.row(citizen).agent_id == second.account


def test_a_citizen_who_hangs_up_first_is_not_rated(world: World) -> None:
    li = world.agent("李律师")
    citizen, _ = world.connected(li)
    citizen.hang_up()
    world.pump()
    row = world.row(citizen)
    assert (row.state, row.end_cause, row.survey_level) == ("ended", "completed", None)
    assert world.state(li) == ("wrap_up", "")


def test_a_desk_phone_put_down_leads_to_the_survey_and_no_key_is_no_rating(world: World) -> None:
    li = world.agent("李律师")
    citizen, seat = world.connected(li)
    seat.hang_up()
    world.pump()
    assert world.row(citizen).state == "survey"
    world.wait(30)
    row = world.row(citizen)
    assert (row.state, row.end_cause, row.survey_level) == ("ended", "completed", None)


def test_a_wrong_key_is_asked_once_more(world: World) -> None:
    li = world.agent("李律师")
    citizen, seat = world.connected(li)
    seat.hang_up()
    world.pump()
    citizen.press("8")
    world.pump()
    assert world.row(citizen).state == "survey"
    citizen.press("5")
    world.pump()
    assert world.row(citizen).survey_level == 1


def test_menu_keys_lead_and_whoever_presses_nothing_gets_to_a_human(world: World) -> None:
    world.agent("李律师", ready=False)
    labour = world.call("13800138001", "12348001")
    world.settle()
    assert world.row(labour).state == "menu"
    labour.press("2")
    world.pump()
    row = world.row(labour)
    assert (row.state, row.queue_code) == ("queued", "labour")
    assert QueueEntry.objects.get(call=row).needs == ["topic:labour"]
    silent = world.call("13800138002", "12348001")
    world.wait(30)
    assert (world.row(silent).state, world.row(silent).queue_code) == ("queued", "general")


def test_emergencies_and_priority_groups_are_served_first(world: World) -> None:
    from fawang.kernel import clock, crypto
    from tests import factories

    person = factories.citizen("赵大娘", "13800138003")
    person.phone_index, person.phone_verified_at, person.priority_groups = crypto.blind("phone", "13800138003"), clock.now(), ["elderly"]
    person.save()
    li = world.agent("李律师", ready=False)
    plain = world.call("13800138001")
    world.wait(6)
    elder = world.call("13800138003")
    world.wait(6)
    urgent = world.call("13800138004", "12348001")
    world.settle()
    urgent.press("9")
    world.settle()
    assert [world.row(p).priority for p in (plain, elder, urgent)] == [0, 1, 5]
    from fawang.hotline import seats

    served = []
    for _ in range(3):
        seats.set_ready(actor=li)
        world.pump()
        call = Call.objects.get(state="offering")
        served.append(call.leg_id)
        world.phone(li).answer()
        world.pump()
        world.engine.party(call.leg_id).hang_up()
        world.pump()
    assert served == [urgent.leg_id, elder.leg_id, plain.leg_id]


def test_needs_are_given_up_after_their_time(world: World) -> None:
    family = world.agent("钱律师", skills=["family"])
    citizen = world.call("13800138001", "12348001")
    world.settle()
    citizen.press("2")
    world.wait(20)
    assert world.row(citizen).state == "queued", "nobody who can"
    world.wait(6)
    assert world.row(citizen).state == "offering"
    assert world.row(citizen).agent_id == family.account


def test_a_call_flows_over_to_the_next_site_after_its_time(world: World) -> None:
    world.agent("合肥", ready=False)
    wuhu = world.agent("芜湖", "wuhu")
    citizen = world.call()
    world.wait(29)
    assert world.row(citizen).state == "queued"
    world.wait(8)
    assert world.row(citizen).agent_id == wuhu.account


def test_a_site_where_nobody_has_signed_on_is_passed_over_at_once(world: World) -> None:
    wuhu = world.agent("芜湖", "wuhu")
    citizen = world.call()
    world.settle()
    assert world.row(citizen).agent_id == wuhu.account


def test_closing_a_site_moves_its_waiting_calls_at_once(world: World) -> None:
    from fawang.hotline import supervision

    boss = world.supervisor()
    world.agent("合肥", ready=False)
    wuhu = world.agent("芜湖", "wuhu")
    citizen = world.call()
    world.settle()
    assert world.row(citizen).state == "queued"
    supervision.switch_pool(actor=boss, pool_id=world.pools["hefei"].pk, is_open=False, reason="断电")
    world.pump()
    assert world.row(citizen).agent_id == wuhu.account


def test_place_and_wait_are_announced_and_a_call_back_is_offered_and_taken(world: World) -> None:
    world.agent("李律师", ready=False)
    first = world.call("13800138001")
    world.wait(1)
    second = world.call("13800138002")
    world.wait(26)
    said = CallEvent.objects.filter(call=world.row(second), kind="announced").get()
    assert said.data["position"] == 2
    assert said.data["minutes"] is None, "no history, no promise"
    world.wait(22)
    assert CallEvent.objects.filter(call=world.row(second), kind="offered_instead").count() == 1
    second.press("1")
    world.wait(15)
    row = world.row(second)
    assert (row.state, row.end_cause) == ("ended", "callback")
    request = CallbackRequest.objects.get(source_call=row)
    assert request.reason == "chosen"
    assert request.slot is not None
    assert (request.slot.taken, request.due_at) == (1, request.slot.ends_at)
    assert world.row(first).state == "queued"


def test_out_of_hours_a_message_is_taken_and_with_a_night_pool_a_human_answers(world: World) -> None:
    from fawang.hotline.models import Voicemail

    world.agent("日班")
    world.later(hours=12)
    AgentState.objects.update(state="ready")
    citizen = world.call()
    world.wait(8)
    assert world.row(citizen).state == "voicemail"
    world.wait(12)
    citizen.hang_up()
    world.pump()
    row = world.row(citizen)
    assert row.end_cause == "voicemail"
    world.store()
    mail = Voicemail.objects.get(call=row)
    assert mail.state == "new"
    assert mail.ms > 9000
    assert (mail.due_at - mail.left_at).total_seconds() == 24 * 3600
    night = world.agent("夜班", "night")
    other = world.call("13800138009")
    world.settle()
    assert world.row(other).agent_id == night.account


def test_the_limit_of_waiting_ends_in_a_promise_and_never_in_silence(world: World) -> None:
    world.agent("李律师", ready=False)
    citizen = world.call()
    world.wait(320)
    row = world.row(citizen)
    assert (row.state, row.end_cause) == ("ended", "callback")
    labour = world.call("13800138001", "12348001")
    world.settle()
    labour.press("2")
    world.wait(130)
    assert world.row(labour).state == "voicemail"


def test_an_unknown_number_is_refused_with_a_row_of_its_own(world: World) -> None:
    citizen = world.call(to="99999")
    row = world.row(citizen)
    assert (row.state, row.end_cause, row.end_side) == ("ended", "rejected", "us")
    assert citizen.leg_id not in world.engine.core.legs


def test_a_withheld_number_is_served_like_any_other(world: World) -> None:
    li = world.agent("李律师")
    citizen = world.call("anonymous")
    world.settle()
    row = world.row(citizen)
    assert (row.caller_kind, row.state, row.match) == ("withheld", "offering", "none")
    assert row.agent_id == li.account


def test_the_same_adviser_is_tried_first_when_on_duty_then_anybody(world: World) -> None:
    li, zhou = world.agent("李律师"), world.agent("周律师", ready=False)
    citizen, _ = world.connected(li)
    citizen.hang_up()
    world.wait(70)
    from fawang.hotline import seats

    seats.set_not_ready(actor=li, reason="break")
    seats.set_ready(actor=zhou)
    again = world.call()
    world.wait(10)
    assert world.row(again).state == "queued", "waits for the same adviser for a while"
    world.wait(15)
    assert world.row(again).agent_id == zhou.account
    ticket_before = CallTicket.objects.get(call=world.row(citizen))
    world.phone(zhou).answer()
    world.pump()
    assert world.ticket(again).previous_id == ticket_before.pk
