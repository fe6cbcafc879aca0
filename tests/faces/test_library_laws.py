"""The law library's pages: what held on a day, how it came about, where it is found."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from fawang.faces.law_links import number_in, place_of
from fawang.knowledge.bank_loading import load_questions
from fawang.knowledge.services import cite
from fawang.people.actors import SYSTEM
from tests.faces.library_cast import law, library  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db


def text(address: str, status: int = 200, **cookies: str) -> str:
    client = Client()
    for name, value in cookies.items():
        client.cookies[name] = value
    answer = client.get(address)
    assert answer.status_code == status, answer.status_code
    return answer.content.decode()


@pytest.mark.parametrize("place", [(47, 0), (133, 1), (276, 1)])
def test_an_articles_place_in_an_address_is_read_as_it_is_written(place: tuple[int, int]) -> None:
    assert number_in(place_of(*place)) == place


@pytest.mark.parametrize("place", ["", "四十七", "47条", "-1", "1e3", "47之", "999999", "47/1", "０"])
def test_other_places_are_no_articles(place: str) -> None:
    assert number_in(place) is None


def test_the_arbitration_act_reads_six_months_in_2025_and_three_months_in_march_2026(library: Any) -> None:  # noqa: F811
    slug = law("仲裁法").slug
    before = text(f"/law/{slug}/59?on=2025-12-31")
    assert "应当自收到裁决书之日起六个月内提出" in before
    assert "现行有效" in before
    after = text(f"/law/{slug}/72?on=2026-03-02")
    assert "应当自收到裁决书之日起三个月内提出" in after
    assert "在前一文本里是" in after, "the history follows a new number"
    assert re.search(r"<del>六</del>\s*<ins>三</ins>|<del>六个月</del>\s*<ins>三个月</ins>", after), "word for word"


def test_a_text_that_is_not_yet_in_force_says_so(library: Any) -> None:  # noqa: F811
    page = text(f"/law/{law('仲裁法').slug}/72?on=2026-02-28")
    assert "尚未施行" in page
    assert "办今天的事不能用它" in page


def test_an_old_text_leads_to_the_article_that_says_it_today(library: Any) -> None:  # noqa: F811
    slug = law("仲裁法").slug
    page = text(f"/law/{slug}/60?on=2026-03-02")
    assert "已被修改" in page
    assert f'<a href="/law/{slug}/73">《仲裁法》第七十三条</a>' in page


def test_an_address_with_a_title_leads_to_the_stable_one(library: Any) -> None:  # noqa: F811
    answer = Client().get("/law/劳动合同法/47")
    assert (answer.status_code, answer["Location"]) == (302, f"/law/{law('劳动合同法').slug}/47")
    page = text(answer["Location"])
    assert f'<link rel="canonical" href="/law/{law("劳动合同法").slug}/47">' in page


@pytest.mark.parametrize("address", ["/law/no-such-law", "/law/劳动合同法/999", "/law/劳动合同法/0", "/law/%00", "/law/劳动合同法/<script>"])
def test_what_is_not_there_is_not_found_in_plain_words(library: Any, address: str) -> None:  # noqa: F811
    answer = Client().get(address, follow=True)
    assert answer.status_code == 404
    assert "没有找到" in answer.content.decode()


@pytest.mark.parametrize("day", ["2026-02-30", "yesterday", "0001-01-01", "99999-01-01", "2026-03-02'--", "\u202e"])
def test_a_day_that_is_none_is_named_and_today_is_shown(library: Any, day: str) -> None:  # noqa: F811
    page = Client().get(f"/law/{law('劳动合同法').slug}/47", {"on": day})
    assert page.status_code == 200
    assert "日期请写成" in page.content.decode()


def test_an_article_page_names_what_uses_it_and_counts_answers_without_naming_them(library: Any) -> None:  # noqa: F811
    found = law("劳动合同法")
    cite(kind="answer", ref="m1", law=found, number=30, title="王小明的欠薪咨询", address="/desk/m/1")
    cite(kind="guide", ref="g1", law=found, number=30, title="工资拖着不给怎么办", address="/faq/wages")
    page = text(f"/law/{found.slug}/30")
    assert 'href="/interviews/unpaid_wages"' in page
    assert 'href="/faq/wages"' in page
    assert "王小明" not in page
    assert "律师答复引用过" in page


def test_bank_questions_stand_beside_the_article_they_are_answered_by(library: Any, tmp_path: Any) -> None:  # noqa: F811
    bank = tmp_path / "own.txt"
    bank.write_text("@ 劳动合同法 30\n厂里三个月没发工资了找谁要\n", encoding="utf-8")
    report = load_questions(actor=SYSTEM, form="own", path=bank)
    assert report["added"] == 1, report
    assert "厂里三个月没发工资了找谁要" in text(f"/law/{law('劳动合同法').slug}/30")


def test_laws_are_found_by_a_part_of_their_title_and_by_level(library: Any) -> None:  # noqa: F811
    assert "劳动合同法" in text("/law?q=合同")
    page = text("/law?level=regulation")
    assert "保障农民工工资支付条例" in page
    assert ">劳动合同法</a>" not in page
    assert "没有找到这个名称的法律" in text("/law?q=不存在的法")


def test_a_law_page_has_contents_every_article_and_its_other_texts(library: Any) -> None:  # noqa: F811
    page = text(f"/law/{law('仲裁法').slug}")
    assert page.count('<section class="art"') == 5
    assert "第五章 申请撤销裁决" in page
    assert 'href="?version=2017-09-01"' in page
    old = text(f"/law/{law('仲裁法').slug}?version=2017-09-01")
    assert old.count('<section class="art"') == 3
    assert "已被修改" in old


def test_the_pages_speak_english_too(library: Any) -> None:  # noqa: F811
    page = text(f"/law/{law('劳动合同法').slug}/47", lang="en")
    assert "In force since 1 July 2013" in page
    assert "按劳动者在本单位工作的年限" in page, "the law itself stays in its own words"


def test_without_any_law_the_library_says_so_and_offers_a_lawyer() -> None:
    page = text("/law")
    assert "还没有导入法律法规" in page
    assert 'href="/ask"' in page
