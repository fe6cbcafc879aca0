"""What is sealed in a complaint stays sealed in everything that grows beside it. 信访工作条例 §30; RELIABILITY T5."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from fawang.faces.views_of import timeline
from fawang.kernel.context import acting
from fawang.kernel.errors import Refusal
from fawang.matters.actions import assign
from fawang.matters.models import Matter
from fawang.matters.parties import PartyWords
from fawang.matters.policies import sight, visible_to
from fawang.matters.selectors import search
from fawang.matters.services import take_step
from fawang.oversight.services import _open_beside, raise_order
from fawang.people.actors import ANONYMOUS
from fawang.people.traces import gives_away
from tests import factories

pytestmark = pytest.mark.django_db
NAME, PHONE, WORDS = "告状人金丝雀", "13812340001", "金丝雀原话：他收了我两万块还骂人"


@pytest.fixture
def case(monday: Callable[[timedelta], None]) -> dict[str, Any]:
    bureau = factories.office("justice_bureau", name="演示司法局")
    accused = factories.staff("被投诉的周科长", "dispatcher", "office_head", "return_visitor", at=bureau)
    other = factories.staff("督办赵", "supervisor", at=bureau)
    complaint = factories.matter(
        "complaint", bureau, person=factories.citizen(NAME, PHONE), relation="complainant", title=WORDS,
        parties=(PartyWords("respondent", "周科长", staff_id=accused.pk),),
    )  # fmt: skip
    return {"complaint": complaint, "accused": factories.actor(accused), "supervisor": factories.actor(other)}


def children(complaint: Matter) -> list[Matter]:
    order = raise_order(matter=complaint, cause="overdue")
    assert order is not None
    return [order, _open_beside(complaint, "return_visit", "calls_back", {"level": 1}), _open_beside(complaint, "rectification", "rectifies", {"level": 1})]


def test_whoever_is_complained_about_never_meets_what_grows_beside_the_complaint(case: dict[str, Any]) -> None:
    accused = case["accused"]
    for child in children(case["complaint"]):
        assert sight(accused, child) == frozenset(), child.process_code
        assert not visible_to(accused).filter(pk=child.pk).exists(), child.process_code
        assert [hit.matter.pk for hit in search(accused, child.number)] == []
    assert search(accused, PHONE) == []
    assert search(accused, "金丝雀原话") == []


def test_no_title_beside_a_complaint_carries_its_words_and_only_the_return_visit_knows_whom_to_call(case: dict[str, Any]) -> None:
    order, visit, rectification = children(case["complaint"])
    for child in (order, visit, rectification):
        assert "金丝雀" not in child.title
        assert case["complaint"].number in child.title
    for child in (order, rectification):
        assert not child.parties.filter(relation="applicant").exists()
    assert [(p.name, p.phone) for p in visit.parties.filter(relation="applicant")] == [(NAME, PHONE)]


def test_the_supervisor_still_sees_the_order(case: dict[str, Any]) -> None:
    order = children(case["complaint"])[0]
    assert "handling" in sight(case["supervisor"], order)


def test_beside_an_ordinary_consultation_the_order_says_what_it_is_about(monday: Callable[[timedelta], None]) -> None:
    centre = factories.office()
    matter = factories.matter("consultation", centre, title="厂里拖了我三个月工资")
    order = raise_order(matter=matter, cause="overdue")
    assert order is not None
    assert order.title == "厂里拖了我三个月工资"


# -- a complaint that grows from a consultation ----------------------------------------------------------------------------------------


def test_the_adviser_does_not_read_on_his_consultation_that_a_complaint_grew_from_it(monday: Callable[[timedelta], None]) -> None:
    bureau = factories.office("justice_bureau", name="演示司法局")
    centre = factories.office("legal_aid_agency", parent=bureau)
    matter = factories.matter("consultation", centre, person=factories.citizen(NAME, PHONE))
    lawyer, boss = factories.staff("李承办", "adviser", at=centre), factories.staff("王派单", "dispatcher", at=centre)
    overseer, handler = factories.staff("督办赵", "supervisor", at=bureau), factories.staff("郑投诉", "complaint_handler", at=bureau)
    with acting(door="desk", actor=factories.actor(boss).ref()):
        assign(actor=factories.actor(boss), matter_id=matter.pk, staff_id=lawyer.pk)
    person = ANONYMOUS.holding(matter.pk)
    with acting(door="web", actor=person.ref()):
        take_step(actor=person, matter_id=matter.pk, verb="to_complaint", data={"target": "lawyer", "conduct": "attitude", "words": "态度很差，不耐烦"})
    matter.refresh_from_db()
    complaint = Matter.objects.get(process_code="complaint")

    def read_by(actor: Any) -> list[str]:
        return [e.text for e in timeline(actor, matter, aspects=sight(actor, matter), language="zh-hans")]

    for insider in (lawyer, boss):
        lines = read_by(factories.actor(insider))
        assert "已安排承办人" in lines
        assert [line for line in lines if "投诉" in line or line == "关联事项"] == []
        assert not sight(factories.actor(insider), complaint)
    assert {"转为投诉", "关联事项"} <= set(read_by(factories.actor(overseer)))
    assert "已转投诉" in read_by(person)
    assert sight(factories.actor(handler), complaint)


@pytest.mark.parametrize(
    "written",
    [
        "138-1234-0001", "138 1234 0001", "138—1234—0001", "１３８１２３４０００１", "138.1234.0001", "电话１３８－１２３４－０００１的人", "138\u200b1234\u200b0001", "(138)1234 0001",
        "一三八一二三四〇〇〇一", "幺三八 幺二三四 零零零幺", "+86 138 1234 0001", "尾号12340001", "340104 19900101 1232", "３４０１０４－１９９００１０１－１２３２",
        "告状人金丝雀", "告状人 金 丝 雀", "告·状·人·金·丝·雀",
    ],
)  # fmt: skip
def test_what_tells_who_complains_is_found_however_it_is_written(written: str) -> None:
    assert gives_away(f"请说明{written}反映的情况。", [NAME, PHONE, "340104199001011232", None, ""])


@pytest.mark.parametrize("written", ["2026年3月2日上午的接待经过", "收费2000元的依据，合同第13条和第8条", "案号（2026）皖0104民初1380号", "当事人姓名"])
def test_ordinary_dates_sums_and_numbers_give_nobody_away(written: str) -> None:
    assert not gives_away(f"请说明{written}。", [NAME, PHONE, "340104199001011232"])


def test_a_question_with_the_complainants_number_in_another_writing_never_reaches_the_other_side(case: dict[str, Any]) -> None:
    complaint = case["complaint"]
    handler = factories.staff("郑投诉", "complaint_handler", at=complaint.office)
    actor = factories.actor(handler)
    with acting(door="desk", actor=actor.ref()):
        assign(actor=actor, matter_id=complaint.pk, staff_id=handler.pk)
        take_step(actor=actor, matter_id=complaint.pk, verb="accept", data={})
        with pytest.raises(Refusal) as refused:
            take_step(actor=actor, matter_id=complaint.pk, verb="ask_statement", data={"question": "机主１３８-1234 0001 反映您骂人，请说明。"})
    assert {k: v.code for k, v in refused.value.fields.items()} == {"question": "complaint.identity"}
    assert not Matter.objects.filter(process_code="statement").exists()
