"""Guides and cases as the public reads them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from fawang.faces.templatetags.library import cited
from fawang.knowledge.cases.services import import_cases
from fawang.knowledge.guides.loading import shipped
from fawang.knowledge.guides.services import load_shipped_guides
from fawang.knowledge.models import Case
from fawang.people.actors import SYSTEM
from tests.faces.library_cast import law, library  # noqa: F401 - the fixture
from tests.knowledge.test_cases import ROW

pytestmark = pytest.mark.django_db


def page(address: str, status: int = 200) -> str:
    answer = Client().get(address)
    assert answer.status_code == status
    return answer.content.decode()


def test_every_shipped_guide_is_read_by_topic_with_its_articles(library: Any) -> None:  # noqa: F811
    load_shipped_guides()
    listed = page("/faq")
    for made in shipped():
        assert f'href="/faq/{made.slug}"' in listed
        text = page(f"/faq/{made.slug}")
        assert made.title in text
        assert made.answer in text
    wages = page("/faq/wages-not-paid")
    assert f'href="/law/{law("劳动合同法").slug}/30"' in wages
    assert 'href="/interviews/unpaid_wages"' in wages
    assert "下次复核" in wages
    assert 'data-do="exit"' in page("/faq/domestic-violence")
    assert page("/faq/none", 404)
    assert "还没有发布" not in listed


def test_an_empty_house_says_so() -> None:
    assert "还没有发布常见问题" in page("/faq")
    assert "案例库里还没有案例" in page("/cases")


def test_a_citation_in_a_text_becomes_a_link_and_nothing_else_becomes_markup(library: Any) -> None:  # noqa: F811
    made = cited("依照《劳动合同法》第三十条<b>和</b>不存在的法第三条")
    assert f'<a class="cite" href="/law/{law("劳动合同法").slug}/30">《劳动合同法》第三十条</a>' in made
    assert "&lt;b&gt;" in made
    assert made.count("<a ") == 1


def test_cases_are_found_by_facets_and_show_nobody(library: Any, tmp_path: Path) -> None:  # noqa: F811
    rows = [ROW, {**ROW, "title": "盗窃案（演示）", "field": "criminal", "cause": "盗窃罪", "decided_on": "2024-01-01", "norms": []}]
    path = tmp_path / "c.jsonl"
    path.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in rows))
    import_cases(actor=SYSTEM, path=path, publish=True)
    listed = page("/cases")
    assert "盗窃案（演示）" in listed
    assert "张小强" not in listed
    assert "盗窃案（演示）" not in page("/cases?field=civil")
    assert "盗窃案（演示）" in page("/cases?cause=盗窃罪&year=2024")
    assert "没有符合条件的案例" in page("/cases?year=1999")
    assert page("/cases?kind=<x>&field='&year=abcd&region=zz&from=-1")
    case = Case.objects.get(field="civil")
    text = page(f"/cases/{case.pk}")
    assert "张某干了三个月" in text
    assert "《劳动合同法》第八十二条" in text
    assert "按裁判当天有效的文本显示" in text
    assert page("/cases/00000000-0000-7000-8000-000000000000", 404)
