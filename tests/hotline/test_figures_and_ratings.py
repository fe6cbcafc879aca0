"""Figures from raw events, each over both denominators, the same on a second way; ratings that reach the matter."""

from __future__ import annotations

from typing import Any

import pytest

from fawang.hotline import alarms, calling, conversions, figures, figures_check, seats, tickets
from fawang.hotline.models import Alarm, Call, CallbackRequest, CallEvent
from fawang.kernel import clock
from fawang.kernel.events import seal
from fawang.matters.models import Matter, MatterLink
from fawang.oversight import figures_check as oversight_check
from fawang.oversight.models import Rating
from fawang.oversight.tasks import rate_calls
from tests.hotline.test_tickets import COMPLAINT
from tests.hotline.world import CONSULTED, World

pytestmark = pytest.mark.django_db


def a_day(world: World) -> None:
    """Seven calls: answered at once (rated 5), answered after 20 s on hold for 30 s (rated 2), given up after 30 s, after 3 s, in the greeting,
    voicemail by key, refused."""
    li = world.agent("李律师")
    first, _ = world.connected(li, "13800000001")
    world.wait(100)
    calling.hang_up(actor=li)
    world.pump()
    first.press("1")
    world.wait(70)
    seats.set_not_ready(actor=li, reason="break")
    second = world.call("13800000002")
    world.wait(1.2)
    world.wait(20)
    seats.set_ready(actor=li)
    world.pump()
    world.phone(li).answer()
    world.pump()
    world.wait(10)
    calling.hold(actor=li)
    world.pump()
    world.wait(30)
    calling.resume(actor=li)
    world.pump()
    world.wait(20)
    calling.hang_up(actor=li)
    world.pump()
    second.press("4")
    world.wait(5)
    seats.set_not_ready(actor=li, reason="break")
    world.wait(60)
    for number, seconds in (("13800000003", 31.2), ("13800000004", 4.2), ("13800000005", 0.3)):
        citizen = world.call(number)
        world.wait(seconds)
        citizen.hang_up()
        world.pump()
    mail = world.call("13800000006", "12348001")
    world.wait(1.3)
    mail.press("3")
    world.wait(10)
    mail.hang_up()
    world.pump()
    world.call("13800000007", "777")


def test_a_day_counted_exactly_with_both_denominators(make_world: Any) -> None:
    world = make_world(callbacks={"automatic": False})
    a_day(world)
    today = clock.today()
    row = figures.compute(today, today)[""]
    want = {
        "inbound": 7, "offered": 4, "answered": 2, "answered_in_time": 1, "abandoned": 2, "short_abandoned": 1, "served_otherwise": 0, "lost": 0,
        "rated": 2, "satisfied": 1, "tickets": 2, "transferred": 0, "repeated": 0, "known_callers": 2, "checked": 0,
    }  # fmt: skip
    assert {k: row[k] for k in want} == want
    assert row["hold_s"] == pytest.approx(30, abs=0.1)
    assert row["talk_s"] == pytest.approx((4 + 100) + (10 + 20), abs=0.1)
    assert row["wait_s"] == pytest.approx(20 + 2.8, abs=1.0)
    shares = figures.shares(row)
    assert shares["answer_rate"] == {"offered": 2 / 4, "inbound": 2 / 7}
    assert shares["service_level"] == {"offered": 1 / 4, "inbound": 1 / 7}
    assert shares["abandon_rate"] == {"offered": 2 / 4, "inbound": 2 / 7}
    assert shares["satisfaction"] == {"rated": 1 / 2, "answered": 1 / 2}
    assert shares["check_pass_rate"] == {"checked": None, "tickets": 0.0}, "nothing checked is neither 0 % nor 100 %"
    assert figures_check.differences() == []


def test_groups_add_up_to_the_whole(make_world: Any) -> None:
    world = make_world(callbacks={"automatic": False})
    a_day(world)
    today = clock.today()
    whole = figures.compute(today, today)[""]
    for by in ("day", "hour", "queue", "staff"):
        parts = figures.compute(today, today, by)
        for code in ("inbound", "offered", "answered", "abandoned", "talk_s", "tickets"):
            assert sum(p[code] for p in parts.values()) == pytest.approx(whole[code]), (by, code)
    assert figures.compute(today, today, "queue")["general"]["offered"] == 4


def test_the_second_way_finds_a_changed_row_and_a_changed_event(make_world: Any) -> None:
    world = make_world(callbacks={"automatic": False})
    a_day(world)
    call = Call.objects.filter(connected_at__isnull=False).first()
    assert call is not None
    Call.objects.filter(pk=call.pk).update(survey_level=None)
    found = figures_check.differences()
    assert any("rated" in line for line in found)
    Call.objects.filter(pk=call.pk).update(survey_level=call.survey_level)
    assert figures_check.differences() == []
    from django.db import DatabaseError, transaction

    event = CallEvent.objects.filter(kind="ended").first()
    assert event is not None
    with pytest.raises(DatabaseError), transaction.atomic():
        CallEvent.objects.filter(pk=event.pk).update(data={"cause": "completed"})


def test_every_figure_has_words_and_every_share_its_denominators() -> None:
    codes = {f.code for f in figures.FIGURES}
    for figure in figures.FIGURES:
        assert figure.name.zh
        assert figure.definition.en
        assert set(figure.denominators) <= codes | {"available_s"}
    assert {f.code for f in figures.FIGURES if f.denominators} >= {
        "answer_rate", "service_level", "asa", "aht", "abandon_rate", "repeat_rate", "occupancy", "transfer_rate", "satisfaction", "rating_response",
        "check_rate", "check_pass_rate", "callback_done_rate",
    }  # fmt: skip


def test_a_repeat_within_seven_days_is_counted_at_the_first_call(world: World) -> None:
    li = world.agent("李律师")
    for _ in range(2):
        citizen, _ = world.connected(li, "13800000001")
        citizen.hang_up()
        world.wait(61)
        world.fill(li, world.ticket(citizen), nature="invalid", kind="test")
        tickets.close(actor=li, ticket_id=world.ticket(citizen).pk)
    today = clock.today()
    row = figures.compute(today, today)[""]
    assert (row["answered"], row["known_callers"], row["repeated"]) == (2, 2, 1)
    world.later(days=7)
    seats.set_ready(actor=li)
    third = world.call("13800000001")
    world.wait(25)
    assert world.row(third).state in ("offering", "queued")
    assert figures.compute(today, today)[""]["repeated"] == 2 - 1, "eight days later is no repeat"


# -- ratings ---------------------------------------------------------------------------------------------------------------------------


def rated_call(world: World, key: str, **values: Any) -> Any:
    li = world.agent("李律师")
    citizen, _ = world.connected(li)
    calling.hang_up(actor=li)
    world.pump()
    citizen.press(key)
    world.settle()
    world.fill(li, world.ticket(citizen), **(values or CONSULTED))
    return citizen, li


def test_the_key_after_the_call_becomes_the_rating_of_the_matter_when_the_ticket_is_closed(world: World) -> None:
    citizen, li = rated_call(world, "1")
    seal()
    rate_calls()
    assert not Rating.objects.exists(), "the matter is not there yet"
    ticket = tickets.close(actor=li, ticket_id=world.ticket(citizen).pk)
    seal()
    rate_calls()
    rating = Rating.objects.get()
    assert (rating.level, rating.matter_id, rating.door) == (5, ticket.matter_id, "hotline")
    seal()
    rate_calls()
    assert Rating.objects.count() == 1
    assert oversight_check.differences() == []


def test_a_bad_key_opens_a_return_visit_and_a_rectification_that_reopens_the_call(world: World) -> None:
    citizen, li = rated_call(world, "5")
    ticket = tickets.close(actor=li, ticket_id=world.ticket(citizen).pk)
    seal()
    rate_calls()
    relations = set(MatterLink.objects.filter(parent=ticket.matter).values_list("relation", flat=True))
    assert relations == {"calls_back", "rectifies"}
    visit = Matter.objects.get(process_code="return_visit")
    from fawang.oversight.policies import judged

    assert not CallbackRequest.objects.exists(), "one visit, not two"
    from fawang.matters.services import take_step
    from tests import factories

    head = factories.actor(factories.staff("何主任", "office_head", at=ticket.office))
    rectify = Matter.objects.get(process_code="rectification")
    take_step(actor=head, matter_id=rectify.pk, verb="confirm")
    matter = ticket.matter
    assert matter is not None
    matter.refresh_from_db()
    assert (matter.state, matter.is_open) == ("follow_up", True)
    assert judged(li, visit), "who took the call is judged, whatever queue it came through"


def test_a_call_nobody_rated_has_no_rating(world: World) -> None:
    li = world.agent("李律师")
    citizen, _ = world.connected(li)
    citizen.hang_up()
    world.settle()
    world.fill(li, world.ticket(citizen), **CONSULTED)
    tickets.close(actor=li, ticket_id=world.ticket(citizen).pk)
    seal()
    rate_calls()
    assert not Rating.objects.exists()
    today = clock.today()
    assert figures.shares(figures.compute(today, today)[""])["satisfaction"] == {"rated": None, "answered": 0.0}


def test_a_bad_key_after_a_complaint_is_called_back_by_somebody_else(world: World) -> None:
    citizen, li = rated_call(world, "5", **COMPLAINT, respondent="某律师事务所")
    conversions.convert(actor=li, ticket_id=world.ticket(citizen).pk, process="complaint", title="投诉律师")
    tickets.close(actor=li, ticket_id=world.ticket(citizen).pk)
    seal()
    rate_calls()
    assert not Rating.objects.exists()
    request = CallbackRequest.objects.get()
    assert (request.reason, request.not_by_id) == ("rating", li.account)


# -- alarms ----------------------------------------------------------------------------------------------------------------------------


def test_an_alarm_is_raised_once_acknowledged_and_closed_when_the_figure_is_back(make_world: Any) -> None:
    world = make_world(thresholds={"queue_length": 1, "longest_wait": 30, "ready_seats": 0})
    boss = world.supervisor()
    world.agent("李律师", ready=False)
    first, second = world.call("13800138001"), world.call("13800138002")
    world.settle()
    alarms.check()
    alarms.check()
    row = Alarm.objects.get()
    assert (row.kind, row.queue_code, row.value, row.limit) == ("queue_length", "general", 2.0, 1.0)
    alarms.acknowledge(actor=boss, alarm_id=row.pk)
    world.wait(31)
    alarms.check()
    assert set(Alarm.objects.filter(cleared_at=None).values_list("kind", flat=True)) == {"queue_length", "longest_wait"}
    first.hang_up()
    second.hang_up()
    world.pump()
    alarms.check()
    assert not Alarm.objects.filter(cleared_at=None).exists()
