"""The auditor's search and the searches beside it: what is found, and what is said to words that mean nothing."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from fawang.kernel.models import ReadLog
from fawang.matters.models import Matter
from tests import factories
from tests.faces.test_api import desk  # noqa: F401 - the same cast
from tests.faces.test_hotline_pages import sign_in
from tests.faces.test_portal import key_in

pytestmark = pytest.mark.django_db

NONSENSE = (
    "xyz",
    "²",
    "９９９",
    "9" * 16,
    "长" * 5000,
    "张\x00三",
    "'; DROP TABLE x; --",
    "2026-02-30",
    "9999-12-31",
    "-1",
    "00000000-0000-0000-0000-000000000000",
    "no_such_choice",
    " x ",
)
FIELDS = ("table", "number", "who", "kind", "day")


@pytest.fixture
def auditor() -> Any:
    return sign_in(factories.actor(factories.staff("审计员", "audit_admin")))


def said(page: str) -> list[str]:
    """The links of the summary of what needs changing: the fields named."""
    return re.findall(r'<li><a href="#(\w+)">[^<]+</a>', page)


@pytest.mark.parametrize("table", ["events", "reads"])
@pytest.mark.parametrize("field", FIELDS)
def test_a_word_that_means_nothing_is_named_beside_its_field_and_comes_back(auditor: Any, table: str, field: str) -> None:
    for text in NONSENSE:
        answer = auditor.post("/desk/trail", {"table": table, field: text})
        page = answer.content.decode()
        assert (answer.status_code, said(page)) == (422, [field]), text
        if field not in {"table", "kind"} and len(text) < 1000:
            assert html.escape(text, quote=True) in page or html.escape(text).replace("&#x27;", "&#39;") in page
        assert "结果" not in page, "nothing is listed that was not looked for"


def test_every_word_that_means_nothing_is_named_at_once(auditor: Any) -> None:
    answer = auditor.post("/desk/trail", dict.fromkeys(FIELDS, "xyz"))
    assert (answer.status_code, sorted(said(answer.content.decode()))) == (422, sorted(FIELDS))


def test_number_account_kind_and_day_narrow_and_nothing_found_is_said(desk: Any, auditor: Any) -> None:  # noqa: F811
    client = Client()
    for words in ("邻居装修天天吵怎么办", "老板拖欠工资怎么办"):
        client.post("/ask", {"_key": key_in(client.get("/ask").content.decode()), "question": words, "region": "340104"})
    number = Matter.objects.order_by("opened_at")[0].number

    def rows(**typed: str) -> int:
        answer = auditor.post("/desk/trail", typed)
        assert answer.status_code == 200
        return len(re.findall(r'<tr><td class="num">', answer.content.decode()))

    everything, one = rows(kind="matter.opened"), rows(kind="matter.opened", number=number)
    assert (everything, one) == (2, 1)
    assert rows(kind="matter.opened", number=f" {number.replace('-', ' ')} ") == 1
    assert rows(kind="matter.opened", day="2001-01-01") == 0
    assert rows(who=desk["adviser"].username, kind="matter.opened") == 0
    assert "没有记录。" in auditor.post("/desk/trail", {"day": "2001-01-01"}).content.decode()
    searched = ReadLog.objects.filter(subject_kind="audit").count()
    assert rows(table="reads", number=number) == 0
    assert rows(table="reads", kind="") >= 1, "the searches themselves"
    assert ReadLog.objects.filter(subject_kind="audit").count() == searched + 2


@pytest.mark.parametrize("address", ["/desk/rules?q={}", "/desk/rules?year={}"])
def test_the_rules_page_takes_any_word(auditor: Any, address: str) -> None:
    for text in NONSENSE:
        assert auditor.get(address.format(quote(text)), follow=True).status_code == 200, text
