"""Sums on the public site: the working, the articles, what is missing, and nothing kept."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from fawang.knowledge.calculators.catalogue import CALCULATORS
from fawang.knowledge.calculators.declaration import InputKind
from fawang.knowledge.interviews.services import enter_figure
from fawang.people.actors import SYSTEM
from tests.faces.library_cast import library  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db


def work(code: str, **typed: str) -> tuple[int, str]:
    answer = Client().post(f"/calculators/{code}", typed)
    return answer.status_code, answer.content.decode()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("made", CALCULATORS, ids=lambda c: c.code)
def test_every_sum_has_a_form_with_a_label_to_every_field(monday: Any, made: Any, language: str) -> None:
    client = Client()
    client.cookies["lang"] = language
    page = client.get(f"/calculators/{made.code}").content.decode()
    for item in made.inputs:
        assert f'name="{item.code}"' in page
        if item.kind not in {InputKind.CHOICE, InputKind.YES_NO}:
            assert f'<label for="{item.code}">' in page
    assert client.get("/calculators").content.decode().count(f"/calculators/{made.code}") == 1


def test_the_working_is_shown_step_by_step_with_its_articles(library: Any) -> None:  # noqa: F811
    status, page = work("litigation_fee", kind="property", amount="20万", on="2026-03-02")
    assert status == 200
    # 诉讼费用交纳办法 §13: 50 for the first 10,000; 2.5% up to 100,000; 2% up to 200,000
    assert "4,300" in page
    assert "怎么算的" in page
    assert page.count('<li><div class="w">') >= 3


def test_what_was_typed_comes_back_with_the_error_beside_its_field(monday: Any) -> None:
    status, page = work("loan_interest", principal="很多钱", rate="12", **{"from": "2026-01-01", "to": "去年"})
    assert status == 422
    assert 'value="很多钱"' in page
    assert 'id="principal-err"' in page
    assert 'id="to-err"' in page
    assert 'value="12"' in page


def test_a_missing_figure_is_said_with_the_field_that_takes_its_place(monday: Any) -> None:
    typed = {"principal": "10000", "rate": "12", "from": "2035-01-01", "to": "2035-06-01"}
    status, page = work("loan_interest", **typed)
    assert status == 409
    assert "尚未录入，法网不作估算" in page
    assert '<a href="#lpr">' in page
    assert work("loan_interest", **typed, lpr="3")[0] == 200


def test_a_provinces_own_figure_is_used_where_it_counts(monday: Any) -> None:
    typed = {"from": "2020-01-01", "to": "2026-02-28", "wage": "40000", "reason": "lawful"}
    before = work("dismissal", **typed, region="340100")[1]
    enter_figure(
        actor=SYSTEM, table="labour.average_wage", region_code="340000", since=date(2025, 7, 1), until=date(2026, 6, 30), value=Decimal(8000), source="演示"
    )
    after = work("dismissal", **typed, region="340100")[1]
    assert "24,000" in after, "three times the average of 8,000"
    assert "24,000" not in before


def test_an_unknown_sum_is_not_found_and_a_region_elsewhere_counts_as_the_province(monday: Any) -> None:
    assert Client().get("/calculators/none").status_code == 404
    assert work("litigation_fee", kind="property", amount="1000", on="2026-03-02", region="110000")[0] == 200


def test_nobody_on_the_way_keeps_a_sum(monday: Any) -> None:
    answer = Client().post("/calculators/litigation_fee", {"kind": "property", "amount": "1000", "on": "2026-03-02"})
    assert answer["Cache-Control"] == "no-store"
