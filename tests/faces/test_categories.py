"""The next edition of the categories, written at the desk: checked first, published once, every fault told and nothing typed lost."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from fawang.kernel import clock
from fawang.matters.models import Category, CategoryMapping, CategoryVersion
from fawang.matters.taxonomy import table_of_edition
from tests import factories
from tests.access.world import staff_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor() -> Client:
    factories.taxonomy()
    return staff_client(factories.staff("邓规则", "rule_editor", at=factories.office("justice_bureau")))


def typed(**changed: str) -> dict[str, str]:
    later = clock.today() + timedelta(days=30)
    return {
        "from": later.isoformat(),
        "source": "演示〔2026〕1号",
        "table": table_of_edition(1),
        "mapping": "",
        "verb": "check",
        "_key": factories.key(),
        **changed,
    }


def renamed() -> str:
    """The shipped test table with one code given up and another in its place."""
    return table_of_edition(1).replace("family.divorce,", "family.parting,")


def test_a_table_is_checked_without_being_written_and_says_what_it_would_do(editor: Client) -> None:
    answer = editor.post("/desk/categories/next", typed(table=renamed(), mapping="family.divorce family.parting"))
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "检查通过，还没有公布" in page
    assert "（family.parting）" in page
    assert "（family.divorce）" in page
    assert CategoryVersion.objects.count() == 1


def test_publishing_makes_the_next_edition_once_however_often_it_is_sent(editor: Client) -> None:
    form = typed(table=renamed(), mapping="family.divorce　family.parting", verb="publish")
    first, second = (editor.post("/desk/categories/next", form) for _ in range(2))
    assert (first.status_code, second.status_code, second["Location"]) == (302, 302, first["Location"])
    assert list(CategoryVersion.objects.order_by("number").values_list("number", "source")) == [(1, "演示"), (2, "演示〔2026〕1号")]
    assert list(CategoryMapping.objects.values_list("from_code", "to_code")) == [("family.divorce", "family.parting")]
    assert Category.objects.filter(version_id=2, code="family.parting").exists()


@pytest.mark.parametrize("verb", ["check", "publish"])
@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"mapping": ""}, "新版没有这个分类，请写明今后按哪个分类统计"),
        ({"mapping": "family.divorce"}, "每行写两个编码"),
        ({"from": ""}, "请填写从哪天起施行"),
        ({"from": "2020-01-01"}, "要晚于今天"),
        ({"source": " "}, "没有填写"),
        ({"table": "code,name\nfamily,家庭\n"}, "缺少这一列"),
        ({"table": ""}, "表"),
    ],
)
def test_what_is_wrong_is_said_and_all_that_was_typed_comes_back(editor: Client, changed: dict[str, str], said: str, verb: str) -> None:
    form = typed(**{"table": renamed(), "mapping": "family.divorce family.parting", "verb": verb, **changed})
    answer = editor.post("/desk/categories/next", form)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    assert "演示〔2026〕1号" in page or form["source"] == " "
    assert "family.parting," in page or "table" in changed
    assert CategoryVersion.objects.count() == 1


def test_all_staff_read_the_edition_in_force_and_take_it_away_as_a_table(editor: Client) -> None:
    reader: Any = staff_client(factories.staff("孙窗口", "window_clerk", at=factories.office("legal_aid_agency")))
    page = reader.get("/desk/categories").content.decode()
    assert "写下一版" not in page
    assert "写下一版" in editor.get("/desk/categories").content.decode()
    file = reader.get("/desk/categories.csv")
    assert file.content.decode("utf-8-sig") == table_of_edition(1)
