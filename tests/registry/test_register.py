"""The register: numbers that cannot be are refused, a table is judged cell by cell before it writes, the tree has no circles."""

from __future__ import annotations

import io
import uuid
from typing import Any

import pytest
from openpyxl import Workbook

from fawang.kernel.errors import Absent, Forbidden, Refusal
from fawang.kernel.text_safety import ValueProblem
from fawang.people.actors import SYSTEM
from fawang.registry import services
from fawang.registry.exports import export_table, template_table
from fawang.registry.imports import accept_import, check_import
from fawang.registry.models import ImportBatch, Organisation, Practitioner
from fawang.registry.tree import ancestor_ids, descendant_ids, forget_tree
from fawang.registry.validators import parse_licence, parse_uscc
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("code", ["91350100M000100Y43", "9135 0100-M000100Y43", "91350100m000100y43"])
def test_the_example_of_the_standard_is_accepted_however_it_is_written(code: str) -> None:
    assert parse_uscc(code) == "91350100M000100Y43"  # GB 32100-2015, example


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("91350100M000100Y44", "uscc.check"), ("91350100M000100Y4", "uscc.format"), ("91350100I000100Y43", "uscc.format"),
        ("91350100O000100Y43", "uscc.format"), ("", "uscc.format"), ("91350100M00010Y043", "uscc.check"),
    ],
)  # fmt: skip
def test_a_code_that_cannot_be_is_refused_with_the_reason(code: str, why: str) -> None:
    with pytest.raises(ValueProblem) as refused:
        parse_uscc(code)
    assert refused.value.code == why


@pytest.mark.parametrize(
    ("kind", "number", "result"),
    [
        ("lawyer", "13401201510123456", "13401201510123456"), ("lawyer", " 1340120151 0123456", "13401201510123456"), ("lawyer", "013401200123", "013401200123"),
        ("lawyer", "23401201510123456", "licence.lawyer"), ("lawyer", "1340120151012345", "licence.lawyer"), ("lawyer", "13401190010123456", "licence.year"),
        ("lawyer", "13401209910123456", "licence.year"), ("notary", "皖公证-1", "licence.format"), ("notary", "AH-2020-1", "AH-2020-1"),
    ],
)  # fmt: skip
def test_a_lawyer_s_licence_has_seventeen_digits_or_the_old_twelve(kind: str, number: str, result: str) -> None:
    if result.startswith("licence."):
        with pytest.raises(ValueProblem) as refused:
            parse_licence(kind, number)
        assert refused.value.code == result
    else:
        assert parse_licence(kind, number) == result


def test_no_body_stands_above_itself_however_far() -> None:
    top = factories.office("justice_bureau")
    middle = factories.office("legal_aid_agency", parent=top)
    low = factories.office("service_center", parent=middle)
    for under in (top, middle, low):
        forget_tree()
        with pytest.raises(Refusal) as refused:
            services.change_organisation(actor=SYSTEM, organisation_id=top.pk, version=top.version, changes={"parent_id": under.pk})
        assert refused.value.fields["parent"].code == "organisation.parent"
    assert Organisation.objects.get(pk=top.pk).parent_id is None
    assert descendant_ids(top.pk) == {top.pk, middle.pk, low.pk}
    assert ancestor_ids(low.pk) == (low.pk, middle.pk, top.pk)
    services.change_organisation(actor=SYSTEM, organisation_id=low.pk, version=low.version, changes={"parent_id": top.pk})
    assert ancestor_ids(low.pk) == (low.pk, top.pk)


def test_two_who_change_the_same_row_do_not_overwrite_each_other() -> None:
    row = factories.office("service_center")
    services.change_organisation(actor=SYSTEM, organisation_id=row.pk, version=row.version, changes={"phone": "0551-1"})
    with pytest.raises(Refusal) as refused:
        services.change_organisation(actor=SYSTEM, organisation_id=row.pk, version=row.version, changes={"phone": "0551-2"})
    assert (refused.value.code, refused.value.status) == ("stale", 409)
    assert Organisation.objects.get(pk=row.pk).phone == "0551-1"


def test_nobody_moves_a_lawyer_into_a_body_out_of_his_reach() -> None:
    ours, theirs = factories.office("law_firm", "340100", "本市律所"), factories.office("law_firm", "340200", "外市律所")
    registrar = factories.actor(factories.staff("邓登记", "registrar", region="340100"))
    lawyer = services.add_practitioner(actor=SYSTEM, organisation=ours, kind="lawyer", name="李律", licence_no="13401201510123456")
    with pytest.raises(Forbidden):
        services.change_practitioner(actor=registrar, practitioner_id=lawyer.pk, version=lawyer.version, changes={"organisation_id": theirs.pk})
    with pytest.raises(Absent):
        services.change_practitioner(actor=registrar, practitioner_id=lawyer.pk, version=lawyer.version, changes={"organisation_id": uuid.UUID(int=7)})
    lawyer.refresh_from_db()
    assert lawyer.organisation_id == ours.pk
    sister = factories.office("law_firm", "340104", "本市另一律所")
    services.change_practitioner(actor=registrar, practitioner_id=lawyer.pk, version=lawyer.version, changes={"organisation_id": sister.pk})
    lawyer.refresh_from_db()
    assert lawyer.organisation_id == sister.pk


def moved(registrar: Any, row: Organisation, parent: Organisation | None) -> uuid.UUID | None:
    row.refresh_from_db()
    services.change_organisation(actor=registrar, organisation_id=row.pk, version=row.version, changes={"parent_id": parent.pk if parent else None})
    return Organisation.objects.get(pk=row.pk).parent_id


def test_nobody_moves_a_body_under_one_out_of_his_reach_nor_out_of_any() -> None:
    ours, theirs = factories.office("justice_bureau", "340100", "甲市司法局"), factories.office("justice_bureau", "340200", "乙市司法局")
    low, sister = factories.office("service_center", "340100", "甲市中心", ours), factories.office("legal_aid_agency", "340100", "甲市法援", ours)
    of_the_city = factories.actor(factories.staff("邓登记", "registrar", region="340100"))
    of_the_bureau = factories.actor(factories.staff("甘登记", "registrar", at=ours, region="340100"))
    of_the_centre = factories.actor(factories.staff("邢登记", "registrar", at=low, region="340103"))
    for registrar in (of_the_city, of_the_bureau, of_the_centre):
        with pytest.raises(Forbidden):
            moved(registrar, low, theirs)
    for parent in (sister, None):
        with pytest.raises(Forbidden):
            moved(of_the_centre, low, parent)
    low.refresh_from_db()
    assert (low.parent_id, low.version) == (ours.pk, 1)
    assert moved(of_the_bureau, low, sister) == sister.pk
    assert moved(of_the_city, low, None) is None
    assert moved(SYSTEM, low, theirs) == theirs.pk


def test_a_table_that_puts_a_body_under_one_out_of_reach_says_so_before_anything_is_written() -> None:
    ours, theirs = factories.office("justice_bureau", "340100", "甲市司法局"), factories.office("justice_bureau", "340200", "乙市司法局")
    factories.office("service_center", "340100", "甲市中心", ours)
    registrar = factories.actor(factories.staff("邓登记", "registrar", region="340100"))
    content = table("公共法律服务中心,甲市中心,,340100,,乙市司法局,,", "公共法律服务中心,甲市第二中心,,340100,,乙市司法局,,")
    batch = check_import(actor=registrar, kind="organisations", file_name="机构.csv", content=content)
    assert [(p["row"], p["column"], p["code"]) for p in batch.report["problems"]] == [(2, "上级机构", "import.scope"), (3, "上级机构", "import.scope")]
    assert not Organisation.objects.filter(parent=theirs).exists()


@pytest.fixture
def registrar() -> Any:
    return factories.actor(factories.staff("周登记", "registrar", region="340000"))


def table(*rows: str) -> bytes:
    return "\n".join(["机构种类,名称,简称,行政区划代码,统一社会信用代码,上级机构,电话,地址", *rows]).encode()


def test_a_table_is_judged_first_and_names_row_column_and_reason(registrar: Any) -> None:
    before = Organisation.objects.count()
    bad = table(
        "律师事务所,甲律师事务所,,340104,,,,",
        "律师事务所,,,340104,,,,",
        "铁匠铺,乙,,340104,,,,",
        "律师事务所,丙律师事务所,,999999,,,,",
        "律师事务所,丁律师事务所,,340104,91350100M000100Y44,,,",
        "律师事务所,戊律师事务所,,340104,,没有这个局,,",
        "律师事务所,甲律师事务所,,340104,,,,",
        "律师事务所,己律师事务所,,110101,,,,",
    )
    batch = check_import(actor=registrar, kind="organisations", file_name="a.csv", content=bad)
    assert (batch.state, batch.report["rows"], batch.report["problem_count"]) == (ImportBatch.State.REFUSED, 8, 7)
    assert [(p["row"], p["column"], p["code"]) for p in batch.report["problems"]] == [
        (3, "名称", "field.required"), (4, "机构种类", "import.unknown"), (5, "行政区划代码", "organisation.region"), (6, "统一社会信用代码", "uscc.check"),
        (7, "上级机构", "import.organisation"), (8, "", "import.twice"), (9, "行政区划代码", "import.scope"),
    ]  # fmt: skip
    assert Organisation.objects.count() == before
    with pytest.raises(Refusal) as refused:
        accept_import(actor=registrar, batch_id=batch.pk)
    assert refused.value.code == "import.state"
    assert Organisation.objects.count() == before


def test_a_good_table_writes_nothing_until_it_is_accepted_and_only_once(registrar: Any) -> None:
    before = Organisation.objects.count()
    batch = check_import(
        actor=registrar,
        kind="organisations",
        file_name="a.csv",
        content=table("律师事务所,甲律师事务所,,340104,,,0551-1,", "律师事务所,乙律师事务所,,340104,,,,"),
    )
    assert (batch.state, batch.report["add"], batch.report["problems"]) == (ImportBatch.State.CHECKED, 2, [])
    assert Organisation.objects.count() == before
    accept_import(actor=registrar, batch_id=batch.pk)
    assert Organisation.objects.count() == before + 2
    assert Organisation.objects.get(name="甲律师事务所").phone == "0551-1"
    with pytest.raises(Refusal):
        accept_import(actor=registrar, batch_id=batch.pk)
    assert Organisation.objects.count() == before + 2


def test_who_is_no_registrar_imports_nothing() -> None:
    with pytest.raises(Forbidden):
        check_import(
            actor=factories.actor(factories.staff("王", "dispatcher")), kind="organisations", file_name="a.csv", content=table("律师事务所,甲,,340104,,,,")
        )


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_what_is_taken_away_can_be_brought_in_again_and_changes_nothing(registrar: Any, suffix: str) -> None:
    firm = services.add_organisation(actor=SYSTEM, kind="law_firm", name="=1+1律师事务所", region_code="340104", phone="0551-1")
    services.add_practitioner(actor=SYSTEM, kind="lawyer", name="张·阿卜杜", organisation=firm, licence_no="13401201510123456", specialities=["劳动争议"])
    for kind in ("organisations", "practitioners"):
        _, content = export_table(kind, suffix)
        batch = check_import(actor=registrar, kind=kind, file_name=f"a.{suffix}", content=content)
        assert batch.report["problems"] == []
        assert (batch.report["add"], batch.report["change"]) == (0, 0)
        assert batch.report["same"] == batch.report["rows"] >= 1
    assert Practitioner.objects.get().licence_no == "13401201510123456"


def test_a_licence_that_a_spreadsheet_has_rounded_is_refused_not_guessed(registrar: Any) -> None:
    firm = services.add_organisation(actor=SYSTEM, kind="law_firm", name="甲律师事务所", region_code="340104")
    book, out = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    sheet.append(["执业类别", "姓名", "执业机构", "执业证号"])
    sheet.append(["律师", "张某", firm.name, 13401201510123456])
    book.save(out)
    batch = check_import(actor=registrar, kind="practitioners", file_name="a.xlsx", content=out.getvalue())
    assert [(p["row"], p["column"], p["code"]) for p in batch.report["problems"]] == [(2, "执业证号", "import.digits")]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04nonsense", b"\xff\xfe\x00", "机构种类,名称\n".encode()])
def test_what_is_no_table_is_refused_as_a_whole(registrar: Any, content: bytes) -> None:
    with pytest.raises(Refusal) as refused:
        check_import(actor=registrar, kind="organisations", file_name="a.csv", content=content)
    assert refused.value.code in {"import.unreadable", "import.empty"}


def test_a_table_without_a_needed_column_names_it(registrar: Any) -> None:
    with pytest.raises(Refusal) as refused:
        check_import(actor=registrar, kind="organisations", file_name="a.csv", content="名称\n甲\n".encode())
    assert (refused.value.code, refused.value.params["names"]) == ("import.columns", "机构种类、行政区划代码")


def test_the_template_holds_every_heading() -> None:
    _, content = template_table("organisations", "csv")
    assert content.decode("utf-8-sig").splitlines()[0] == "机构种类,名称,简称,行政区划代码,统一社会信用代码,上级机构,电话,地址"
