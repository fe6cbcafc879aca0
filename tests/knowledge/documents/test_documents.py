"""Papers people file: what the law says must stand in them does; nothing typed is lost; nothing is invented."""

from __future__ import annotations

import io
from datetime import date

import pytest
from docx import Document

from fawang.kernel.errors import Refusal
from fawang.kernel.printing import to_docx
from fawang.knowledge.documents.declaration import Template
from fawang.knowledge.documents.filling import OPEN, fill, prefilled, read_form
from fawang.knowledge.documents.loading import BadTemplate, places, read_template, template, templates
from fawang.knowledge.interviews.loading import interview, interviews

DAY = date(2026, 3, 2)
RARE = "王𠮷·买买提"


def typed_for(chosen: Template) -> dict[str, str | list[str]]:
    samples = {"text": f"{RARE}写的第一行\n第二行", "money": "1.8万", "date": "2025-06-20", "number": "12", "count": "2"}
    form: dict[str, str | list[str]] = {}
    for field in chosen.fields:
        first = field.question.choices[0][0] if field.question.choices else ""
        form[field.code] = [first] if field.question.kind == "many" else first or samples[field.question.kind]
    return form


def words(chosen: Template, form: dict[str, str | list[str]]) -> str:
    return "\n".join(p.text for p in Document(io.BytesIO(to_docx(fill(chosen, read_form(chosen, form), today=DAY)))).paragraphs)


def test_the_ten_papers_are_there() -> None:
    assert {t.code for t in templates()} >= {
        "labour_arbitration", "complaint_loan", "complaint_divorce", "complaint_traffic", "complaint_tenancy", "protection_order", "payment_order",
        "legal_aid_draft", "power_of_attorney", "evidence_list",
    }  # fmt: skip


@pytest.mark.parametrize("code", [t.code for t in templates()])
def test_every_field_stands_in_the_paper_as_it_was_typed(code: str) -> None:
    chosen = template(code)
    used = {place for piece in chosen.pieces for place in places(piece)}
    assert {f.code for f in chosen.fields} - used == set(), "a field that is asked is printed"
    text = words(chosen, typed_for(chosen))
    assert RARE in text
    assert OPEN not in text
    assert "第二行" in text
    assert "2026年3月2日" in text
    assert "{" not in text


@pytest.mark.parametrize("code", [t.code for t in templates()])
def test_a_required_field_left_empty_is_named_and_an_optional_one_becomes_a_line(code: str) -> None:
    chosen = template(code)
    with pytest.raises(Refusal) as refused:
        read_form(chosen, {})
    assert set(refused.value.fields) == {f.code for f in chosen.fields if f.required and not f.question.when}
    only = {k: v for k, v in typed_for(chosen).items() if any(f.code == k and f.required for f in chosen.fields)}
    text = words(chosen, only)
    if "me_phone" in {f.code for f in chosen.fields}:
        assert OPEN in text


# 劳动争议调解仲裁法 §28; 民事诉讼法 §124; §62
@pytest.mark.parametrize(
    ("code", "parts"),
    [
        ("labour_arbitration", ("申请人", "被申请人", "法定代表人", "仲裁请求", "事实和理由", "证据和证据来源、证人姓名和住所")),
        ("complaint_loan", ("原告", "被告", "诉讼请求", "事实和理由", "证据和证据来源、证人姓名和住所", "此致", "18,000元", "年利率12%", "四倍")),
        ("complaint_divorce", ("准予原告与被告离婚", "子女", "共同财产")),
        ("complaint_traffic", ("保险公司", "交强险", "责任认定")),
        ("complaint_tenancy", ("退还押金", "租期")),
        ("protection_order", ("禁止被申请人实施家庭暴力", "第二十七条", "二十四小时")),
        ("payment_order", ("督促被申请人给付18,000元", "没有其他债务纠纷", "能够送达")),
        ("power_of_attorney", ("代理权限", "一般代理")),
    ],
)
def test_the_paper_holds_what_its_norm_asks_for(code: str, parts: tuple[str, ...]) -> None:
    text = words(template(code), typed_for(template(code)))
    assert [part for part in parts if part not in text] == []


def test_without_an_agreed_rate_no_interest_is_claimed() -> None:
    chosen = template("complaint_loan")
    form = {k: v for k, v in typed_for(chosen).items() if k != "rate"}
    assert "年利率" not in words(chosen, form)


def test_an_interview_fills_what_it_knows() -> None:
    kept = {"owed": "1.8万", "started_on": "2025-06-20", "monthly": "unknown"}
    assert prefilled(template("labour_arbitration"), interview("unpaid_wages"), kept) == {"owed": "1.8万", "started_on": "2025-06-20"}


def test_every_paper_an_interview_offers_exists_and_every_filling_names_a_question() -> None:
    codes = {t.code for t in templates()}
    assert {d for i in interviews() for d in i.documents} - codes == set()
    asked = {i.code: {q.code for q in i.questions} for i in interviews()}
    wrong = [(t.code, f.code, where) for t in templates() for f in t.fields for where, q in f.fill.items() if where in asked and q not in asked[where]]
    assert wrong == []


def test_a_place_no_field_fills_is_a_fault_of_the_file() -> None:
    with pytest.raises(BadTemplate, match="nobody"):
        read_template(
            'code="x"\nversion=1\nname=["x","x"]\nabout=["x","x"]\nnorms=[]\n[[field]]\ncode="a"\nkind="text"\nask=["a","a"]\n[[block]]\nkind="text"\ntext="{nobody}"\n',
            "x.toml",
        )


def test_braces_and_markup_that_people_type_stay_as_typed() -> None:
    chosen = template("evidence_list")
    text = words(chosen, {"me_name": "{today}", "matter": "<b>#x $1 *y*</b>", "evidence": "a{b}c"})
    assert "{today}" in text
    assert "<b>#x $1 *y*</b>" in text
    assert "a{b}c" in text
