"""What is sealed in a complaint stays sealed in everything that grows beside it. 信访工作条例 §30; RELIABILITY T5."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from fawang.matters.models import Matter
from fawang.matters.parties import PartyWords
from fawang.matters.policies import sight, visible_to
from fawang.matters.selectors import search
from fawang.oversight.services import _open_beside, raise_order
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
