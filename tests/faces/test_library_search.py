"""One box: what is found, why, what to do when nothing is; and it never breaks over its words."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests.faces.library_cast import law, library  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db
HARD = [
    "", " ", "a", "\u202e工资\u202c", "工资\u0000", "\ud842", "𠮷野家", "<script>alert(1)</script>", "'; DROP TABLE knowledge_law; --", "(((((((", "工" * 5000, "*?[]{}^$", "\u0301" * 300,
    "🤷‍♀️", "第条", "民法典条", "9" * 400,
]  # fmt: skip


def found(text: str, **more: str) -> str:
    answer = Client().get("/search", {"q": text, **more})
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_article_named_is_found_first_with_its_words(library: Any) -> None:  # noqa: F811
    page = found("劳动合同法47条")
    assert f'href="/law/{law("劳动合同法").slug}/47"' in page
    assert "经济补偿按劳动者在本单位工作的年限" in page


def test_the_day_asked_for_decides_which_text_is_found(library: Any) -> None:  # noqa: F811
    old = found("仲裁法59条", on="2025-12-31")
    assert "六个月内提出" in old
    assert "?on=2025-12-31" in old


@pytest.mark.parametrize("text", HARD)
def test_a_search_never_fails_for_its_words(library: Any, text: str) -> None:  # noqa: F811
    from urllib.parse import quote

    raw = quote(text.encode("utf-8", "surrogatepass"))
    page = Client().get(f"/search?q={raw}", follow=True)  # a NUL is taken out of the address first
    assert page.status_code == 200
    assert "<script>alert" not in page.content.decode()
    assert Client().get(f"/search/suggest?q={raw}", follow=True).status_code == 200


def test_where_nothing_is_found_there_is_a_way_on(library: Any) -> None:  # noqa: F811
    page = found("qqqqqqqqqq")
    assert "没有找到合适的内容" in page
    assert 'href="/ask?q=qqqqqqqqqq"' in page
    assert 'href="tel:12348"' in page
    assert 'href="/interviews"' in page


def test_a_filter_that_is_none_is_passed_over_and_a_bad_day_is_named(library: Any) -> None:  # noqa: F811
    page = found("劳动合同法47条", kind="nothing", level="<x>", region="99", on="soon")
    assert "日期请写成" in page


def test_pages_about_violence_offer_the_way_out(library: Any) -> None:  # noqa: F811
    assert 'data-do="exit"' in found("老公喝酒就打我")
    assert 'data-do="exit"' not in found("劳动合同法47条")


def test_suggestions_are_a_small_answer_that_nobody_keeps(library: Any) -> None:  # noqa: F811
    answer = Client().get("/search/suggest", {"q": "劳动合同法47条"})
    rows = answer.json()["results"]
    assert rows[0]["url"] == f"/law/{law('劳动合同法').slug}/47"
    assert answer["Cache-Control"] == "no-store"
    assert Client().get("/search/suggest", {"q": "劳"}).json() == {"results": []}


def test_the_home_page_searches_and_asks_from_the_same_box(monday: Any) -> None:
    page = Client().get("/").content.decode()
    assert '<form class="askbox" action="/search" method="get"' in page
    assert 'formaction="/ask"' in page


def test_without_any_law_the_page_says_so(monday: Any) -> None:
    assert "还没有导入法律法规" in found("工资")
