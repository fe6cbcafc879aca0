"""DOMAIN §2.1 from end to end: an anonymous question, facts, a promised date, an answer, three times back, a rating; and all the ways out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from fawang.kernel import clock
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.models import Event
from fawang.matters import actions, sweeper
from fawang.matters.intake import Request, Visitor, receive
from fawang.matters.models import Clock, Document, Matter, MatterLink, Message
from fawang.matters.services import take_step
from fawang.people.actors import ANONYMOUS, Actor
from fawang.people.models import Notice
from fawang.regions.services import set_calendar_day
from fawang.services.consultation.models import Citation
from tests import factories

pytestmark = pytest.mark.django_db
Advance = Callable[[timedelta], None]
ANSWER = {"body": "单位应当按月足额支付工资，可向劳动监察投诉。", "citations": "《劳动法》第五十条"}


@pytest.fixture
def desk(monday: Advance) -> dict[str, Any]:
    agency = factories.office("legal_aid_agency", parent=factories.office("justice_bureau"))
    li = factories.staff("李律师", "adviser", at=agency, is_adviser=True)
    return {"agency": agency, "li": factories.actor(li), "wang": factories.actor(factories.staff("王派单", "dispatcher", at=agency)), "advance": monday}


def ask(desk: dict[str, Any], text: str = "厂里拖了我三个月工资", phone: str = "", **form: Any) -> tuple[Matter, Actor]:
    """An unassigned question of somebody unknown, and whoever holds its code."""
    visitor = Visitor(name="王小明" if phone else "", phone=phone)
    received = receive(actor=ANONYMOUS, visitor=visitor, requests=[Request("consultation", text, "340100", form=form)], office=desk["agency"])
    matter = received.matters[0]
    return matter, ANONYMOUS.holding(matter.pk)


def given(desk: dict[str, Any], **more: Any) -> tuple[Matter, Actor]:
    """The same, with Li."""
    matter, holder = ask(desk, **more)
    if Matter.objects.get(pk=matter.pk).assignee_id is None:
        actions.assign(actor=desk["wang"], matter_id=matter.pk, staff_id=desk["li"].account)
    return matter, holder


def running(matter: Matter) -> list[str]:
    return sorted(Clock.objects.filter(matter=matter, state="running").values_list("rule_code", flat=True))


def test_an_anonymous_question_is_accepted_at_once_with_a_day_for_the_answer(desk: dict[str, Any]) -> None:
    matter, _ = ask(desk)
    row = Clock.objects.get(matter=matter)
    assert (row.rule_code, row.statutory_due_at - matter.opened_at) == ("CONS-MSG", timedelta(hours=24))
    assert matter.parties.get(relation="applicant").phone == ""
    assert not Notice.objects.exists()  # nobody to write to
    with pytest.raises(Absent):
        take_step(actor=ANONYMOUS, matter_id=matter.pk, verb="withdraw")  # without the code nobody is anybody


def test_an_answer_cites_is_printed_told_and_met_in_time(desk: dict[str, Any]) -> None:
    matter, _ = given(desk, phone="13800000001")
    done = take_step(actor=desk["li"], matter_id=matter.pk, verb="answer", data=ANSWER)
    assert done.state == "answered"
    assert [(c.law, c.article) for c in Citation.objects.filter(matter=matter)] == [("劳动法", "第五十条")]
    assert ANSWER["body"] in Document.objects.get(matter=matter).body
    assert Notice.objects.filter(template="answered").count() == 1
    assert Clock.objects.get(matter=matter, rule_code="CONS-MSG").on_time is True
    assert running(matter) == ["CONS-RATE"]


def test_one_may_ask_back_three_times_and_each_round_is_limited(desk: dict[str, Any]) -> None:
    matter, holder = given(desk)
    take_step(actor=desk["li"], matter_id=matter.pk, verb="answer", data=ANSWER)
    for n in range(3):
        take_step(actor=holder, matter_id=matter.pk, verb="follow_up", data={"body": f"第{n}次追问"})
        assert running(matter) == ["CONS-FOLLOW"]
        take_step(actor=desk["li"], matter_id=matter.pk, verb="answer", data=ANSWER)
    with pytest.raises(Refusal) as refused:
        take_step(actor=holder, matter_id=matter.pk, verb="follow_up", data={"body": "第四次"})
    assert refused.value.code == "guard.rounds"
    assert Message.objects.filter(matter=matter, kind="answer").count() == 4


def test_waiting_for_facts_stops_the_limit_and_silence_ends_it(desk: dict[str, Any]) -> None:
    matter, holder = given(desk)
    desk["advance"](timedelta(hours=4))
    take_step(actor=desk["li"], matter_id=matter.pk, verb="ask_facts", data={"body": "合同签到哪天？"})
    assert running(matter) == ["CONS-FACTS"]
    desk["advance"](timedelta(hours=30))
    take_step(actor=holder, matter_id=matter.pk, verb="give_facts", data={"body": "签到年底"})
    row = Clock.objects.get(matter=matter, rule_code="CONS-MSG")
    assert row.statutory_due_at - matter.opened_at == timedelta(hours=54)
    take_step(actor=desk["li"], matter_id=matter.pk, verb="ask_facts", data={"body": "工资多少？"})
    due = Clock.objects.get(matter=matter, rule_code="CONS-FACTS", state="running").statutory_due_at
    desk["advance"](due - clock.now() + timedelta(days=1))
    while sweeper.sweep():
        pass
    assert Matter.objects.get(pk=matter.pk).state == "lapsed"
    assert running(matter) == []


@pytest.mark.parametrize("days", [0, -1, 8, 14, 1000])
def test_a_promised_date_lies_ahead_and_within_what_the_rule_allows(desk: dict[str, Any], days: int) -> None:
    matter, _ = given(desk)
    with pytest.raises(Refusal) as refused:
        take_step(
            actor=desk["li"], matter_id=matter.pk, verb="schedule", data={"when": (clock.today() + timedelta(days=days)).isoformat(), "reason": "要查档案"}
        )
    assert refused.value.fields["when"].code == "consultation.when"
    assert str(refused.value.fields["when"]) == "约定日期须在今天之后，最晚是2026年3月9日。"  # five working days after Monday, 2 March
    assert running(matter) == ["CONS-MSG"]


def test_a_promised_date_takes_the_place_of_the_day(desk: dict[str, Any]) -> None:
    matter, _ = given(desk, phone="13800000001")
    take_step(actor=desk["li"], matter_id=matter.pk, verb="schedule", data={"when": "2026-03-05", "reason": "要查档案"})
    assert running(matter) == ["CONS-SCHED"]
    assert "2026年3月5日" in Notice.objects.get(template="scheduled").body
    row = Clock.objects.get(matter=matter, rule_code="CONS-SCHED")
    promised = datetime(2026, 3, 5, 23, 59, 59, tzinfo=clock.BEIJING)
    assert (row.promised_on, row.promised_due_at, row.statutory_due_at) == (promised.date(), promised, promised)
    assert Matter.objects.get(pk=matter.pk).next_due_at == promised
    take_step(actor=desk["li"], matter_id=matter.pk, verb="answer", data=ANSWER)
    assert running(matter) == ["CONS-RATE"]


def test_a_promise_is_late_when_its_day_is_over_though_the_rule_allowed_more(desk: dict[str, Any]) -> None:
    matter, _ = given(desk)
    take_step(actor=desk["li"], matter_id=matter.pk, verb="schedule", data={"when": "2026-03-04", "reason": "要查档案"})
    desk["advance"](datetime(2026, 3, 4, 23, 0, tzinfo=clock.BEIJING) - clock.now())
    while sweeper.sweep():
        pass
    assert Matter.objects.get(pk=matter.pk).light == "red"
    desk["advance"](timedelta(hours=1))
    while sweeper.sweep():
        pass
    assert Matter.objects.get(pk=matter.pk).light == "overdue"
    take_step(actor=desk["li"], matter_id=matter.pk, verb="answer", data=ANSWER)
    assert Clock.objects.get(matter=matter, rule_code="CONS-SCHED").on_time is False


def test_the_last_day_that_may_be_promised_is_counted_by_the_calendar_and_kept_when_it_changes(desk: dict[str, Any]) -> None:
    editor = factories.actor(factories.staff("规则员", "rule_editor"))
    set_calendar_day(actor=editor, day=date(2026, 3, 3), kind="holiday", name="临时放假")
    matter, _ = given(desk)
    take_step(actor=desk["li"], matter_id=matter.pk, verb="schedule", data={"when": "2026-03-10", "reason": "要查档案"})
    row = Clock.objects.get(matter=matter, rule_code="CONS-SCHED")
    set_calendar_day(actor=editor, day=date(2026, 3, 4), kind="holiday", name="临时放假")
    assert Clock.objects.get(pk=row.pk).statutory_due_at == row.statutory_due_at == datetime(2026, 3, 10, 23, 59, 59, tzinfo=clock.BEIJING)


def test_a_promise_to_somebody_who_reads_english_names_the_day_in_english(desk: dict[str, Any]) -> None:
    matter, _ = given(desk, phone="13800000001")
    Matter.objects.filter(pk=matter.pk).update(language="en")
    take_step(actor=desk["li"], matter_id=matter.pk, verb="schedule", data={"when": "2026-03-05", "reason": "要查档案"})
    assert Notice.objects.get(template="scheduled").body.endswith("will be answered by 5 March 2026.")


def test_what_is_no_legal_question_is_led_to_who_helps(desk: dict[str, Any]) -> None:
    matter, holder = given(desk)
    done = take_step(
        actor=desk["wang"], matter_id=matter.pk, verb="redirect", data={"body_name": "市医保局", "contact": "12393", "reason": "医保报销由医保局办理"}
    )
    assert (done.state, done.is_open, running(matter)) == ("redirected", False, [])
    assert "市医保局 12393" in Message.objects.get(matter=matter, kind="answer").body
    assert take_step(actor=holder, matter_id=matter.pk, verb="reopen", data={"reason": "他们让我还找你们"}).state == "follow_up"
    assert running(matter) == ["CONS-FOLLOW"]


def test_abuse_is_refused_with_a_reason_and_may_be_asked_to_be_looked_at_again(desk: dict[str, Any]) -> None:
    matter, holder = given(desk)
    with pytest.raises(Refusal):
        take_step(actor=desk["wang"], matter_id=matter.pk, verb="reject", data={"kind": "dislike", "reason": "不喜欢"})
    done = take_step(actor=desk["wang"], matter_id=matter.pk, verb="reject", data={"kind": "advert", "reason": "内容是广告"})
    assert (done.state, running(matter)) == ("rejected", [])
    assert Event.objects.get(stream=matter.pk, payload__verb="reject").payload["facts"]["kind"] == "advert"
    assert take_step(actor=holder, matter_id=matter.pk, verb="reopen", data={"reason": "不是广告"}).is_open


def test_a_repeated_question_is_merged_into_the_first_and_only_into_an_open_one(desk: dict[str, Any]) -> None:
    first, _ = given(desk, phone="13800000001")
    second, _ = given(desk, text="还是那三个月工资", phone="13800000001")
    done = take_step(actor=desk["wang"], matter_id=second.pk, verb="merge", data={"into": first.number})
    assert (done.state, running(second)) == ("merged", [])
    assert MatterLink.objects.filter(parent=first, child=second).count() + MatterLink.objects.filter(parent=second, child=first).count() == 1
    third, _ = given(desk, text="第三次问", phone="13800000001")
    for number in ("没有这个号", third.number, second.number):
        with pytest.raises(Refusal):
            take_step(actor=desk["wang"], matter_id=third.pk, verb="merge", data={"into": number})
    assert Matter.objects.get(pk=third.pk).is_open


def stated(desk: dict[str, Any], name: str = "", phone: str = "", document: str = "") -> Matter:
    """A question of somebody who says so much of himself."""
    visitor = Visitor(name=name, phone=phone, identity_number=document)
    return receive(actor=ANONYMOUS, visitor=visitor, requests=[Request("consultation", "厂里拖了我三个月工资", "340100")], office=desk["agency"]).matters[0]


SOMEBODY, ANOTHER = "110101199003072711", "11010119900307299X"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("王小明", "13800000001"), ("王小明", "13800000001"), True),
        (("", "13800000001"), ("", "13800000001"), True),
        (("王小明", "13800000001", SOMEBODY), ("小明", "13900000009", SOMEBODY), True),
        (("王小明", "13800000001", SOMEBODY), ("王小明", "13800000001"), True),
        (("王小明", "13800000001", SOMEBODY), ("王小明", "13800000001", ANOTHER), False),
        (("王小明", "13800000001"), ("李小红", "13800000001"), False),  # one telephone, two people of a house
        (("王小明", "13800000001"), ("", "13800000001"), False),
        (("王小明", "13800000001"), ("王小明", "13900000009"), False),
        (("王小明",), ("王小明",), False),
        ((), (), False),
    ],
)
def test_only_one_persons_own_questions_are_merged_and_of_others_the_way_is_named(
    desk: dict[str, Any], one: tuple[str, ...], other: tuple[str, ...], same: bool
) -> None:
    first, second = stated(desk, *one), stated(desk, *other)
    if same:
        assert take_step(actor=desk["wang"], matter_id=second.pk, verb="merge", data={"into": first.number}).state == "merged"
        return
    with pytest.raises(Refusal) as refused:
        take_step(actor=desk["wang"], matter_id=second.pk, verb="merge", data={"into": first.number})
    assert refused.value.fields["into"].code == "consultation.other_person"
    assert "并案" in str(refused.value.fields["into"])
    assert Matter.objects.get(pk=second.pk).state == "submitted"
    assert not MatterLink.objects.exists()
    assert not Notice.objects.filter(template="merged").exists()


def test_it_may_be_withdrawn_while_open_and_not_after(desk: dict[str, Any]) -> None:
    matter, holder = given(desk)
    assert take_step(actor=holder, matter_id=matter.pk, verb="withdraw", data={"reason": ""}).state == "withdrawn"
    assert running(matter) == []
    with pytest.raises(Refusal) as refused:
        take_step(actor=holder, matter_id=matter.pk, verb="withdraw", data={"reason": ""})
    assert refused.value.code == "matter.not_here"


def test_a_question_becomes_a_complaint_without_being_lost(desk: dict[str, Any]) -> None:
    matter, holder = given(desk, phone="13800000001")
    take_step(actor=holder, matter_id=matter.pk, verb="to_complaint", data={"target": "lawyer", "conduct": "delay", "words": "一直没有人回复我"})
    child = MatterLink.objects.get(parent=matter, relation="derived_from").child
    assert (child.process_code, child.office.kind, child.state) == ("complaint", "justice_bureau", "received")
    assert child.parties.get(relation="complainant").phone == "13800000001"
    assert Matter.objects.get(pk=matter.pk).state == "submitted"
    assert running(matter) == ["CONS-MSG"]


def test_seven_days_without_a_word_close_an_answered_question(desk: dict[str, Any]) -> None:
    matter, _ = given(desk)
    take_step(actor=desk["li"], matter_id=matter.pk, verb="answer", data=ANSWER)
    due = Clock.objects.get(matter=matter, rule_code="CONS-RATE").statutory_due_at
    desk["advance"](due - clock.now() + timedelta(seconds=1))
    while sweeper.sweep():
        pass
    assert Matter.objects.get(pk=matter.pk).state == "closed"
