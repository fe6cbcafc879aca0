"""好差评 and 督办: rated once by whom it was done for, called back and put right by others, supervised once a cause, escalated in time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from fawang.kernel import clock, events
from fawang.kernel.errors import Absent, Forbidden, Refusal
from fawang.kernel.models import Event
from fawang.matters import actions, sweeper
from fawang.matters.models import Clock, Matter, MatterLink
from fawang.matters.services import take_step
from fawang.oversight.figures import compute
from fawang.oversight.models import Rating
from fawang.oversight.selectors import what_follows, words_to_rater
from fawang.oversight.services import order_by_hand, raise_order, rate
from fawang.oversight.tasks import supervise_lateness
from fawang.people.actors import ANONYMOUS
from tests import factories

pytestmark = pytest.mark.django_db
Advance = Callable[[timedelta], None]


@pytest.fixture
def house(monday: Advance) -> dict[str, Any]:
    """An answered consultation and everybody around it."""
    bureau = factories.office("justice_bureau")
    agency = factories.office("legal_aid_agency", parent=bureau)
    li = factories.staff("李律师", "adviser", "return_visitor", at=agency, is_adviser=True)
    person = factories.citizen()
    matter = factories.matter("consultation", agency, person=person)
    cast = {
        "advance": monday, "matter": matter, "li": factories.actor(li), "asker": factories.person_actor(person),
        "dispatcher": factories.actor(factories.staff("王派单", "dispatcher", at=agency)),
        "boss": factories.actor(factories.staff("赵督办", "supervisor", at=bureau)),
        "head": factories.actor(factories.staff("钱局", "office_head", at=bureau)),
        "visitor": factories.actor(factories.staff("孙回访", "return_visitor", at=bureau)),
    }  # fmt: skip
    actions.assign(actor=cast["dispatcher"], matter_id=matter.pk, staff_id=li.pk)
    take_step(actor=cast["li"], matter_id=matter.pk, verb="answer", data={"body": "可以先协商，再投诉到劳动监察。"})
    return cast


def beside(matter: Matter, process: str) -> Matter:
    return MatterLink.objects.get(parent=matter, child__process_code=process).child


def swept() -> None:
    while sweeper.sweep():
        pass


def test_a_service_is_rated_once_and_by_nobody_of_the_house(house: dict[str, Any]) -> None:
    matter = house["matter"]
    for staff in ("li", "dispatcher", "boss", "head"):
        with pytest.raises((Forbidden, Absent)):
            rate(actor=house[staff], matter_id=matter.pk, level=5)
    with pytest.raises(Absent):
        rate(actor=factories.person_actor(factories.citizen("外人", "13800000009")), matter_id=matter.pk, level=5)
    row = rate(actor=house["asker"], matter_id=matter.pk, level=4, comment="谢谢")
    assert (row.level, row.rated_staff_id) == (4, house["li"].account)
    with pytest.raises(Refusal) as refused:
        rate(actor=house["asker"], matter_id=matter.pk, level=1)
    assert (refused.value.code, refused.value.status) == ("rating.once", 409)
    assert Rating.objects.get().level == 4
    assert Matter.objects.get(pk=matter.pk).state == "closed"


@pytest.mark.parametrize("level", [0, 6, -1, 99])
def test_there_are_five_levels(house: dict[str, Any], level: int) -> None:
    with pytest.raises(Refusal) as refused:
        rate(actor=house["asker"], matter_id=house["matter"].pk, level=level)
    assert refused.value.fields["level"].code == "rating.level"


def test_what_is_not_answered_yet_is_not_rated(monday: Advance) -> None:
    person = factories.citizen()
    matter = factories.matter("consultation", factories.office("legal_aid_agency"), person=person)
    with pytest.raises(Refusal) as refused:
        rate(actor=factories.person_actor(person), matter_id=matter.pk, level=5)
    assert refused.value.code == "rating.early"


def ended(house: dict[str, Any], how: str) -> Matter:
    """A question that came to an end in one of the ways a question can."""
    matter = factories.matter("consultation", house["matter"].office, person=factories.citizen("刘小红", "13800000003"))
    holder = ANONYMOUS.holding(matter.pk)
    actions.assign(actor=house["dispatcher"], matter_id=matter.pk, staff_id=house["li"].account)
    other = factories.matter("consultation", house["matter"].office, person=factories.citizen("刘小红", "13800000003"))
    by, verb, data = {
        "withdrawn": (holder, "withdraw", {}), "merged": (house["dispatcher"], "merge", {"into": other.number}),
        "rejected": (house["dispatcher"], "reject", {"kind": "nonsense", "reason": "没有内容"}), "lapsed": (house["li"], "ask_facts", {"body": "请补充入职日期。"}),
        "redirected": (house["li"], "redirect", {"body_name": "住建局", "reason": "不是法律问题"}), "closed": (house["li"], "answer", {"body": "可以先协商，再投诉到劳动监察。"}),
    }[how]  # fmt: skip
    take_step(actor=by, matter_id=matter.pk, verb=verb, data=data)
    house["advance"](timedelta(days=40))
    swept()
    return Matter.objects.get(pk=matter.pk)


@pytest.mark.parametrize(
    ("how", "may"), [("withdrawn", False), ("merged", False), ("rejected", False), ("lapsed", False), ("redirected", True), ("closed", True)]
)
def test_only_what_was_given_is_rated_whatever_way_it_came_to_an_end(house: dict[str, Any], client: Client, how: str, may: bool) -> None:
    matter = ended(house, how)
    assert (matter.state, matter.is_open) == (how, False)
    page = client.get(f"/track/{matter.lookup_code}").content.decode()
    assert ('id="rate"' in page) is may
    sent = {"level": 1, "comment": ""}
    answer = client.post(f"/api/v1/matters/{matter.lookup_code}/rating", sent, "application/json", headers={"Idempotency-Key": "rating-of-an-end"})
    assert (answer.status_code, Rating.objects.filter(matter=matter).count(), MatterLink.objects.filter(parent=matter).count()) == (
        (201, 1, 2) if may else (409, 0, 0)
    )
    if not may:
        assert answer.json()["code"] == "rating.unserved"
    today = clock.today()
    assert sum(compute(today, today)["rated"].values()) == int(may)


@pytest.mark.parametrize("change", [{"level": 5}, {"comment": "很好"}])
def test_the_database_itself_refuses_to_change_or_drop_a_rating(house: dict[str, Any], change: dict[str, Any]) -> None:
    rate(actor=house["asker"], matter_id=house["matter"].pk, level=1)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Rating.objects.update(**change)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Rating.objects.all().delete()


@pytest.mark.parametrize(("level", "opened"), [(1, 2), (2, 2), (3, 0), (4, 0), (5, 0)])
def test_a_bad_rating_opens_a_return_visit_and_a_rectification_each_with_its_limit(house: dict[str, Any], level: int, opened: int) -> None:
    rate(actor=house["asker"], matter_id=house["matter"].pk, level=level)
    children = [link.child for link in MatterLink.objects.filter(parent=house["matter"])]
    assert sorted(c.process_code for c in children) == ["rectification", "return_visit"][:opened]
    assert sorted(Clock.objects.filter(matter__in=children, state="running").values_list("rule_code", flat=True)) == ["RATE-CALL", "RATE-NEG"][:opened]


def test_who_was_rated_neither_calls_back_nor_judges_it(house: dict[str, Any]) -> None:
    rate(actor=house["asker"], matter_id=house["matter"].pk, level=1)
    visit, putting_right = beside(house["matter"], "return_visit"), beside(house["matter"], "rectification")
    with pytest.raises((Forbidden, Absent)):
        take_step(actor=house["li"], matter_id=visit.pk, verb="record", data={"outcome": "satisfied", "body": "他很满意"})
    with pytest.raises((Forbidden, Absent)):
        take_step(actor=house["li"], matter_id=putting_right.pk, verb="dismiss", data={"finding": "malicious", "body": "他是恶意的"})
    done = take_step(actor=house["visitor"], matter_id=visit.pk, verb="record", data={"outcome": "unsatisfied", "body": "仍不满意"})
    assert done.state == "unsatisfied"
    again = take_step(actor=house["head"], matter_id=putting_right.pk, verb="confirm")
    assert again.state == "rectifying"
    assert Matter.objects.get(pk=house["matter"].pk).state == "follow_up"  # handled again, with its limit
    assert Clock.objects.filter(matter=house["matter"], rule_code="CONS-FOLLOW", state="running").exists()


def test_putting_right_ends_only_once_it_was_answered_anew_or_found_unjustified(house: dict[str, Any], monday: Advance) -> None:
    matter, finish = house["matter"], {"body": "已重新答复，感谢监督。"}
    rate(actor=house["asker"], matter_id=matter.pk, level=1)
    putting_right = beside(matter, "rectification")
    monday(timedelta(hours=1))
    take_step(actor=house["head"], matter_id=putting_right.pk, verb="confirm")
    with pytest.raises(Refusal) as refused:
        take_step(actor=house["head"], matter_id=putting_right.pk, verb="finish", data=finish)
    assert (refused.value.code, refused.value.status) == ("guard.handled_again", 409)
    assert Clock.objects.get(matter=putting_right, rule_code="RATE-NEG").state == "running"
    monday(timedelta(hours=1))
    take_step(actor=house["li"], matter_id=matter.pk, verb="answer", data={"body": "重新看过：可以直接申请仲裁。"})
    assert take_step(actor=house["head"], matter_id=putting_right.pk, verb="finish", data=finish).state == "answered"


def test_what_the_rater_withdraws_meanwhile_is_not_called_put_right(house: dict[str, Any], monday: Advance) -> None:
    matter = house["matter"]
    rate(actor=house["asker"], matter_id=matter.pk, level=1)
    putting_right = beside(matter, "rectification")
    monday(timedelta(hours=1))
    take_step(actor=house["head"], matter_id=putting_right.pk, verb="confirm")
    take_step(actor=house["asker"], matter_id=matter.pk, verb="withdraw", data={})
    with pytest.raises(Refusal, match="还没有重新答复"):
        take_step(actor=house["head"], matter_id=putting_right.pk, verb="finish", data={"body": "已整改"})
    with pytest.raises(Refusal) as refused:
        take_step(actor=house["head"], matter_id=putting_right.pk, verb="dismiss", data={"finding": "withdrawn", "body": ""})
    assert set(refused.value.fields) == {"body"}
    done = take_step(actor=house["head"], matter_id=putting_right.pk, verb="dismiss", data={"finding": "withdrawn", "body": "您已撤回，不再重新答复。"})
    assert (done.state, words_to_rater(done)) == ("explained", ["您已撤回，不再重新答复。"])


def test_what_was_found_of_a_bad_rating_is_read_by_the_rater_and_what_was_noted_is_not(house: dict[str, Any]) -> None:
    rate(actor=house["asker"], matter_id=house["matter"].pk, level=1)
    visit, putting_right = beside(house["matter"], "return_visit"), beside(house["matter"], "rectification")
    take_step(actor=house["visitor"], matter_id=visit.pk, verb="record", data={"outcome": "unsatisfied", "body": "语气很急，先不说"})
    take_step(actor=house["head"], matter_id=putting_right.pk, verb="dismiss", data={"finding": "no_basis", "body": "法律没有规定这一项补偿。"})
    assert [(m.process_code, m.state) for m in what_follows(house["matter"])] == [("return_visit", "unsatisfied"), ("rectification", "explained")]
    assert [words_to_rater(m) for m in what_follows(house["matter"])] == [[], ["法律没有规定这一项补偿。"]]


def test_only_after_three_attempts_two_hours_apart_somebody_is_out_of_reach(house: dict[str, Any], monday: Advance) -> None:
    rate(actor=house["asker"], matter_id=house["matter"].pk, level=1)
    visit = beside(house["matter"], "return_visit")
    for n in range(3):
        with pytest.raises(Refusal) as refused:
            take_step(actor=house["visitor"], matter_id=visit.pk, verb="give_up")
        assert refused.value.code == "guard.attempted"
        take_step(actor=house["visitor"], matter_id=visit.pk, verb="attempt")
        if n < 2:
            monday(timedelta(hours=1, minutes=59))
            with pytest.raises(Refusal) as refused:
                take_step(actor=house["visitor"], matter_id=visit.pk, verb="attempt")
            assert refused.value.code == "guard.apart"
            monday(timedelta(minutes=1))
    monday(timedelta(hours=2))
    with pytest.raises(Refusal) as refused:
        take_step(actor=house["visitor"], matter_id=visit.pk, verb="attempt")
    assert refused.value.code == "guard.three"
    assert take_step(actor=house["visitor"], matter_id=visit.pk, verb="give_up").state == "unreachable"


def test_one_order_a_cause_is_open_and_another_may_follow_when_it_is_closed(house: dict[str, Any]) -> None:
    matter = house["matter"]
    order = order_by_hand(actor=house["boss"], matter_id=matter.pk, reason="领导批示")
    with pytest.raises(Refusal) as refused:
        order_by_hand(actor=house["boss"], matter_id=matter.pk, reason="再批一次")
    assert (refused.value.code, refused.value.status) == ("order.open", 409)
    assert raise_order(matter=matter, cause="overdue:CONS-MSG") is not None  # another cause
    take_step(actor=house["li"], matter_id=order.pk, verb="sign")
    take_step(actor=house["li"], matter_id=order.pk, verb="report", data={"body": "已经办结"})
    with pytest.raises((Forbidden, Absent)):
        take_step(actor=house["li"], matter_id=order.pk, verb="accept")
    assert take_step(actor=house["boss"], matter_id=order.pk, verb="accept").state == "closed"
    assert order_by_hand(actor=house["boss"], matter_id=matter.pk, reason="又出问题").pk != order.pk


def test_an_order_nobody_signs_for_or_answers_escalates_by_itself_and_is_limited_again(house: dict[str, Any], monday: Advance) -> None:
    order = order_by_hand(actor=house["boss"], matter_id=house["matter"].pk, reason="领导批示")
    sign = Clock.objects.get(matter=order, rule_code="SUP-SIGN")
    monday(sign.statutory_due_at - order.opened_at + timedelta(days=1))
    swept()
    order.refresh_from_db()
    assert order.state == "escalated"
    assert list(Clock.objects.filter(matter=order, state="running").values_list("rule_code", flat=True)) == ["SUP-REPLY"]
    assert take_step(actor=house["li"], matter_id=order.pk, verb="report", data={"body": "已经办结"}).state == "reported"
    take_step(actor=house["boss"], matter_id=order.pk, verb="send_back", data={"body": "没有说清楚"})
    assert Matter.objects.get(pk=order.pk).state == "signed"
    assert Clock.objects.filter(matter=order, rule_code="SUP-REPLY", state="running").count() == 1


def test_lateness_raises_one_order_however_often_the_ledger_is_read(monday: Advance) -> None:
    agency = factories.office("legal_aid_agency", parent=factories.office("justice_bureau"))
    matter = factories.matter("consultation", agency)
    monday(timedelta(hours=24, seconds=1))
    swept()
    while events.seal():
        pass
    for _ in range(3):
        supervise_lateness()
    lit = Event.objects.filter(stream=matter.pk, kind="matter.clock_lit", payload__light__in=("red", "overdue")).count()
    orders = [link.child for link in MatterLink.objects.filter(parent=matter, relation="supervises")]
    assert len(orders) == lit == len({o.data["cause"] for o in orders}) >= 1
    assert {c.rule_code for o in orders for c in Clock.objects.filter(matter=o)} == {"SUP-SIGN"}
