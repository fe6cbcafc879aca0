"""Papers people file themselves: filled, previewed, downloaded, stored nowhere."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from fawang.kernel.printing import can_print_pdf
from fawang.knowledge.documents.loading import templates
from tests.faces.library_cast import library  # noqa: F401 - the fixture
from tests.faces.test_library_interviews import finish

pytestmark = pytest.mark.django_db
POWER = {"me": "王小明", "proxy": "李四"}


def sample(code: str) -> dict[str, Any]:
    """Something in every field of a paper."""
    made = next(t for t in templates() if t.code == code)
    found: dict[str, Any] = {}
    for field in made.fields:
        kind = field.question.kind.value
        found[field.code] = {
            "text": f"填写{field.code}", "date": "2026-01-05", "money": "1000", "number": "2", "count": "3",
            "choice": field.question.choices[0][0] if field.question.choices else "", "many": [field.question.choices[0][0]] if field.question.choices else [],
        }[kind]  # fmt: skip
    return found


@pytest.mark.parametrize("code", [t.code for t in templates()])
def test_every_paper_opens_previews_and_downloads(library: Any, code: str) -> None:  # noqa: F811
    client = Client()
    assert client.get(f"/papers/{code}").status_code == 200
    preview = client.post(f"/papers/{code}", {**sample(code), "as": "preview"})
    assert preview.status_code == 200, preview.content.decode()[:500]
    assert "sheet-of-paper" in preview.content.decode()
    from docx import Document

    docx = client.post(f"/papers/{code}", {**sample(code), "as": "docx"})
    words = "\n".join(p.text for p in Document(io.BytesIO(docx.content)).paragraphs)
    assert next(t for t in templates() if t.code == code).name.zh in words
    pdf = client.post(f"/papers/{code}", {**sample(code), "as": "pdf"})
    assert pdf.content.startswith(b"%PDF-") if can_print_pdf() else pdf.status_code == 503


def test_a_paper_is_prefilled_from_the_interview(library: Any) -> None:  # noqa: F811
    client = Client()
    lookup = finish(client)
    page = client.get(f"/papers/labour_arbitration?from={lookup}").content.decode()
    assert "智能咨询里答过的已经替您填好" in page
    assert 'value="8千"' in page
    assert client.get("/papers/labour_arbitration?from=" + "0" * 26).status_code == 404


def test_fields_left_open_are_named_and_what_was_typed_stays(library: Any) -> None:  # noqa: F811
    typed = {**sample("labour_arbitration"), "me_name": "", "owed": "不清楚多少"}
    answer = Client().post("/papers/labour_arbitration", {**typed, "as": "pdf"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert 'id="me_name-err"' in page
    assert "填写firm" in page


def test_nothing_of_a_paper_is_written_down(library: Any) -> None:  # noqa: F811
    client = Client()
    client.get("/papers/labour_arbitration")
    with connection.execute_wrapper(_no_writes):
        client.post("/papers/labour_arbitration", {**sample("labour_arbitration"), "me_name": "绝不能留下的姓名", "as": "docx"})


def _no_writes(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    verb = sql.split(None, 1)[0].upper()
    assert verb not in {"INSERT", "UPDATE", "DELETE"} or "kernel_throttle" in sql, sql
    assert "绝不能留下的姓名" not in repr(params)
    return execute(sql, params, many, context)
