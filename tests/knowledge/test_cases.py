"""Cases: read from files, personal data hidden before it is written, published by a person. All people here are invented."""

from __future__ import annotations

import csv
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fawang.kernel.errors import Absent, Forbidden, Refusal
from fawang.kernel.events import Event
from fawang.knowledge.cases.selectors import Wanted, case_at, facets_of, find_cases
from fawang.knowledge.cases.services import import_cases, publish_case, withdraw_case, write_case
from fawang.knowledge.models import Case, Citation, IndexDocument
from fawang.people.actors import SYSTEM
from tests import factories
from tests.faces.library_cast import library  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db
ROW: dict[str, Any] = {
    "kind": "typical", "field": "civil", "cause": "追索劳动报酬纠纷", "court_level": "basic", "court": "某区人民法院", "region_code": "340104", "number": "（2025）皖0104民初1号",
    "decided_on": "2025-06-01", "title": "原告张小强诉某公司追索劳动报酬案（演示）", "gist": "没签合同也要付工资。",
    "facts": "原告张小强，身份证号34010419900101123X，电话13800000001，住合肥市蜀山区望江西路88号3栋。张小强干了三个月。", "result": "判令支付工资。", "reasons": "依照劳动合同法第三十条。",
    "source": "演示数据，非真实案例", "norms": ["劳动合同法 30", "《劳动合同法》第八十二条"],
}  # fmt: skip


def file(tmp_path: Path, *rows: Any) -> Path:
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(json.dumps(r, ensure_ascii=False) for r in rows), encoding="utf-8")
    return path


def test_personal_data_is_hidden_before_anything_is_written_and_the_report_never_shows_it(library: Any, tmp_path: Path) -> None:  # noqa: F811
    report = import_cases(actor=SYSTEM, path=file(tmp_path, ROW))
    assert (report["added"], report["failed"]) == (1, 0)
    assert report["hidden"] == {"name": 3, "identity": 1, "phone": 1, "address": 1}
    case = Case.objects.get()
    stored = json.dumps({f.name: str(getattr(case, f.name)) for f in Case._meta.fields}, ensure_ascii=False)
    for secret in ("张小强", "34010419900101123X", "13800000001", "望江西路88号"):
        assert secret not in stored
        assert secret not in json.dumps(report, ensure_ascii=False)
        assert secret not in json.dumps(list(Event.objects.values_list("payload", flat=True)), ensure_ascii=False)
    assert case.facts.startswith("原告张某，身份证号（身份证号已隐去）")
    assert case.facts.endswith("张某干了三个月。")
    assert case.norms == ["劳动合同法 30", "劳动合同法 82"]
    assert case.state == "draft"


def test_a_dry_run_tells_the_same_and_writes_nothing(library: Any, tmp_path: Path) -> None:  # noqa: F811
    report = import_cases(actor=SYSTEM, path=file(tmp_path, ROW), dry_run=True)
    assert (report["added"], report["hidden"]["name"], Case.objects.count()) == (1, 3, 0)


def test_the_same_file_again_changes_nothing(library: Any, tmp_path: Path) -> None:  # noqa: F811
    path = file(tmp_path, ROW, {**ROW, "title": "另一个（演示）"})
    assert import_cases(actor=SYSTEM, path=path)["added"] == 2
    again = import_cases(actor=SYSTEM, path=path)
    assert (again["added"], again["same"], Case.objects.count()) == (0, 2, 2)


def test_csv_is_read_too_with_words_for_codes(library: Any, tmp_path: Path) -> None:  # noqa: F811
    path = tmp_path / "cases.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        row = {**ROW, "kind": "典型案例", "field": "民事", "court_level": "基层人民法院", "norms": "劳动合同法 30；劳动合同法 82"}
        writer = csv.DictWriter(out, list(row))
        writer.writeheader()
        writer.writerow(row)
    report = import_cases(actor=SYSTEM, path=path)
    assert report["added"] == 1, report
    assert Case.objects.get().norms == ["劳动合同法 30", "劳动合同法 82"]


@pytest.mark.parametrize(
    "bad",
    [
        {**ROW, "kind": "x"},
        {**ROW, "title": ""},
        {**ROW, "decided_on": "去年"},
        {**ROW, "gist": "字" * 40_001},
        {**ROW, "source": "a\u202eb"},
        "not a case",
        None,
        [],
        {},
    ],
)
def test_a_bad_case_spoils_only_itself_and_is_named(library: Any, tmp_path: Path, bad: Any) -> None:  # noqa: F811
    report = import_cases(actor=SYSTEM, path=file(tmp_path, bad, ROW))
    assert (report["added"], report["failed"]) == (1, 1)
    assert report["problems"][0]["place"] == "cases.jsonl:1"


def test_an_article_that_is_not_in_the_library_is_told_and_left_out(library: Any, tmp_path: Path) -> None:  # noqa: F811
    report = import_cases(actor=SYSTEM, path=file(tmp_path, {**ROW, "norms": ["不存在的法 3", "劳动合同法 30"]}))
    assert "不存在的法 3" in report["problems"][0]["reason"]
    assert Case.objects.get().norms == ["劳动合同法 30"]


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"{" * 100_000, b"\xff\xfe\xfd", b"[" * 50_000 + b"]" * 50_000])
def test_hostile_files_are_refused_or_read_and_never_break(library: Any, tmp_path: Path, content: bytes) -> None:  # noqa: F811
    path = tmp_path / "cases.jsonl"
    path.write_bytes(content)
    with suppress(Refusal):
        assert import_cases(actor=SYSTEM, path=path)["added"] == 0
    assert Case.objects.count() == 0
    with pytest.raises(Refusal):
        import_cases(actor=SYSTEM, path=tmp_path / "none.jsonl")


def test_a_case_is_found_only_after_somebody_has_published_it(library: Any, tmp_path: Path) -> None:  # noqa: F811
    import_cases(actor=SYSTEM, path=file(tmp_path, ROW))
    case = Case.objects.get()
    assert not find_cases(Wanted()).exists()
    with pytest.raises(Absent):
        case_at(case.pk)
    publish_case(actor=SYSTEM, case_id=case.pk)
    assert publish_case(actor=SYSTEM, case_id=case.pk).state == "published"
    assert find_cases(Wanted(cause="追索劳动报酬纠纷", court_level="basic", region="340100", year="2025", text="合同")).get() == case
    assert not find_cases(Wanted(field="criminal")).exists()
    assert dict(facets_of(find_cases(Wanted()))["year"]) == {2025: 1}
    assert set(Citation.objects.filter(kind="case").values_list("number", flat=True)) == {30, 82}
    assert IndexDocument.objects.get(kind="case").address == f"/cases/{case.pk}"
    withdraw_case(actor=SYSTEM, case_id=case.pk, reason="当事人要求")
    assert not find_cases(Wanted()).exists()
    assert not IndexDocument.objects.filter(kind="case").exists()
    assert not Citation.objects.filter(kind="case", ended_at=None).exists()


def test_what_may_still_tell_who_somebody_is_stops_the_publication(library: Any, tmp_path: Path) -> None:  # noqa: F811
    import_cases(actor=SYSTEM, path=file(tmp_path, ROW))
    Case.objects.update(reasons="证人赵大宝作证，电话13900001111。")
    with pytest.raises(Refusal) as refused:
        publish_case(actor=SYSTEM, case_id=Case.objects.get().pk)
    assert refused.value.code == "case.hidden"
    assert "姓名" in str(refused.value)


def test_the_editor_hides_in_the_same_way_and_names_bad_fields(library: Any) -> None:  # noqa: F811
    writer = factories.actor(factories.staff("李律师", "adviser", at=factories.office()))
    typed = {**ROW, "norms": "劳动合同法 30\n劳动合同法 82"}
    case, found = write_case(actor=writer, typed=typed)
    assert "张小强" not in case.facts + case.title
    assert found["name"] == 3
    with pytest.raises(Refusal) as again:
        write_case(actor=writer, typed=typed)
    assert again.value.code == "case.copy"
    with pytest.raises(Refusal) as bad:
        write_case(actor=writer, typed={**typed, "kind": "", "decided_on": "x", "title": ""})
    assert set(bad.value.fields) == {"kind", "decided_on", "title"}
    with pytest.raises(Forbidden):
        publish_case(actor=writer, case_id=case.pk)
