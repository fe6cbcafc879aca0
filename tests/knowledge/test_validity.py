"""The law of a day, computed from dates and relations."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from fawang.knowledge import selectors
from fawang.knowledge.models import Law
from tests.knowledge.library import take

pytestmark = pytest.mark.django_db


def law(name: str) -> Law:
    found = selectors.find_law(name)
    assert found is not None, name
    return found


def test_setting_aside_an_award_takes_six_months_until_february_2026_and_three_from_march(tmp_path: Path) -> None:
    take(tmp_path)
    old, new = (selectors.law_as_of(law("仲裁法"), day) for day in (date(2026, 2, 28), date(2026, 3, 1)))
    assert old is not None
    assert new is not None
    assert [a.text for a in old.articles.filter(number=59)] == ["当事人申请撤销裁决的，应当自收到裁决书之日起六个月内提出。"]
    assert [a.text for a in new.articles.filter(number=72)] == ["当事人申请撤销裁决的，应当自收到裁决书之日起三个月内提出。"]
    assert selectors.article_as_of(law("仲裁法"), 59, 0, date(2025, 12, 31)) is not None
    assert selectors.article_as_of(law("仲裁法"), 72, 0, date(2025, 12, 31)) is None


def test_the_civil_code_ends_the_laws_its_last_article_names(tmp_path: Path) -> None:
    take(tmp_path)
    marriage = law("婚姻法")
    version = selectors.versions_of(marriage)[0]
    assert (version.until_date, version.because) == (date(2021, 1, 1), "《民法典》第一千二百六十条")
    assert selectors.validity_on(version, date(2020, 12, 31)).state == "in_force"
    assert selectors.validity_on(version, date(2021, 1, 1)).state == "repealed"
    assert selectors.law_as_of(marriage, date(2026, 1, 1)) is None


def test_a_law_of_2027_is_not_law_in_2026(tmp_path: Path) -> None:
    take(tmp_path)
    farming = law("农业法")
    assert selectors.law_as_of(farming, date(2026, 12, 31)) is None
    assert selectors.law_as_of(farming, date(2027, 1, 1)) is not None
    assert selectors.validity_on(selectors.versions_of(farming)[0], date(2026, 11, 24)).state == "not_yet"


def test_the_twelfth_amendment_is_worked_into_the_criminal_law_and_the_reading_is_written_down(tmp_path: Path) -> None:
    report = take(tmp_path)
    assert report["consolidated"] == 1
    before, after = (selectors.article_as_of(law("刑法"), 165, 0, day) for day in (date(2024, 2, 29), date(2024, 3, 1)))
    assert before is not None
    assert after is not None
    assert "董事、经理" in before.text
    assert after.text.startswith("国有公司、企业的董事、监事、高级管理人员，利用职务便利")
    assert after.text.endswith("实施前款行为的，依照前款的规定处罚。")
    (noted,) = selectors.disagreements_of(law("刑法"))
    assert (noted.about, noted.chosen_source, noted.other_source) == ("第一百六十五条", "consolidated", "markdown")
    assert noted.why == "《刑法修正案（十二）》条目一自2024-03-01起施行，markdown只有2020-12-26的文本"


def test_articles_with_a_sub_number_are_articles_of_their_own(tmp_path: Path) -> None:
    take(tmp_path)
    found = selectors.article_as_of(law("刑法"), 17, 1, date(2025, 1, 1))
    assert found is not None
    assert found.label == "第十七条之一"
    assert found.text.startswith("已满七十五周岁")


def test_contents_and_history_are_read_in_order(tmp_path: Path) -> None:
    take(tmp_path)
    version = selectors.law_as_of(law("劳动合同法"), date(2026, 1, 1))
    assert version is not None
    assert [(h.depth, h.title, h.first.number) for h in selectors.contents_of(version)] == [
        (0, "第三章 劳动合同的履行和变更", 30), (0, "第四章 劳动合同的解除和终止", 47)
    ]  # fmt: skip
    assert [str(a.version.version_date) for a in selectors.article_history(law("刑法"), 165)] == ["2023-12-29", "2020-12-26"]


def test_a_text_is_read_for_its_citations_and_their_validity(tmp_path: Path) -> None:
    take(tmp_path)
    found = selectors.read_citations("依据《劳动合同法》第四十七条、婚姻法第32条和农业法第1条", date(2026, 11, 24))
    assert [(c.law.short, c.number, c.validity.state if c.validity else "") for c in found] == [
        ("劳动合同法", 47, "in_force"), ("婚姻法", 32, "repealed"), ("农业法", 1, "not_yet")
    ]  # fmt: skip
