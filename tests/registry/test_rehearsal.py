"""The report of a table: it names the lines a person finds in the file, and what it lets pass is always taken in."""

from __future__ import annotations

import io
from contextlib import suppress
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from fawang.kernel.errors import Refusal
from fawang.kernel.models import Event
from fawang.people.actors import SYSTEM
from fawang.registry import services
from fawang.registry.imports import accept_import, check_import
from fawang.registry.models import ImportBatch, Organisation, Practitioner, ServiceSite
from fawang.registry.tables import MAX_ROWS, TABLES, read_lines, write_csv, write_xlsx
from tests import factories
from tests.undoing import undone

pytestmark = pytest.mark.django_db
SITES = [c.heading for c in TABLES["sites"]]


def site(**cells: str) -> list[str]:
    row = {"organisation": "甲市司法局", "level": "工作站", "name": "甲站", "region": "340100", "lon": "117.27", "lat": "31.86"} | cells
    return [row.get(c.code, "") for c in TABLES["sites"]]


@pytest.fixture
def registrar() -> Any:
    """Of one city; with a register that has something of everything, some of it out of his reach."""
    ours, theirs = factories.office("justice_bureau", "340100", "甲市司法局"), factories.office("justice_bureau", "340200", "乙市司法局")
    factories.office("service_center", "340100", "甲市中心", ours)
    firm = services.add_organisation(actor=SYSTEM, kind="law_firm", name="甲律师事务所", region_code="340104")
    other = services.add_organisation(actor=SYSTEM, kind="law_firm", name="乙律师事务所", region_code="340104")
    away = services.add_organisation(actor=SYSTEM, kind="law_firm", name="外市律师事务所", region_code="340202")
    gone = services.add_organisation(actor=SYSTEM, kind="law_firm", name="旧律师事务所", region_code="340104")
    services.change_organisation(actor=SYSTEM, organisation_id=gone.pk, version=gone.version, changes={"state": "closed"})
    services.add_site(actor=SYSTEM, organisation=ours, level="station", name="老站", region_code="340100", lon=117.27, lat=31.86)
    services.add_site(actor=SYSTEM, organisation=theirs, level="station", name="远站", region_code="340200")
    add = services.add_practitioner
    add(actor=SYSTEM, kind="notary", name="公证员", organisation=firm, licence_no="N-1", valid_from=date(2025, 1, 1), valid_to=date(2026, 1, 1))
    add(actor=SYSTEM, kind="notary", name="外人", organisation=away, licence_no="N-2")
    add(actor=SYSTEM, kind="notary", name="同事", organisation=other, licence_no="N-3")
    return factories.actor(factories.staff("邓登记", "registrar", region="340100"))


def lines_named(registrar: Any, content: bytes) -> list[tuple[int, str, str]]:
    batch = check_import(actor=registrar, kind="sites", file_name="网点", content=content)
    return [(p["row"], p["column"], p["code"]) for p in batch.report["problems"]]


def test_blank_lines_and_quoted_line_breaks_are_counted_as_the_editor_counts_them(registrar: Any) -> None:
    good, bad = ",".join(site(name="一站")), ",".join(site(name="二站", level="铺子"))
    broken = ",".join(site(name="三站", address='"一行\n二行\n三行"', level="铺子"))
    text = "\n".join([",".join(SITES), "", good, ",,,", "", bad, broken, ",".join(site(name="四站", level="铺子"))])
    for content in (text.encode(), text.replace("\n", "\r\n").encode("gb18030"), text.replace("\n", "\r").encode("utf-8-sig")):
        named = lines_named(registrar, content)
        assert [n for n in named if n[1] == "级别"] == [(6, "级别", "import.unknown"), (7, "级别", "import.unknown"), (10, "级别", "import.unknown")]
        assert (7, "地址", "text.line_break") in named


def test_blank_rows_of_a_sheet_are_counted_also_those_the_file_leaves_out(registrar: Any) -> None:
    book, out = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for row, cells in ((2, SITES), (5, site(name="一站")), (9, site(name="二站", level="铺子")), (30_000, site(name="三站", level="铺子"))):
        for column, cell in enumerate(cells, 1):
            sheet.cell(row, column, cell or None)
    sheet.cell(7, 1, "  ")
    book.save(out)
    assert lines_named(registrar, out.getvalue()) == [(9, "级别", "import.unknown"), (30_000, "级别", "import.unknown")]


def test_a_line_that_is_there_twice_names_the_line_of_the_first(registrar: Any) -> None:
    content = "\n".join([",".join(SITES), "", ",".join(site()), "", ",".join(site())]).encode()
    batch = check_import(actor=registrar, kind="sites", file_name="a.csv", content=content)
    assert [(p["row"], p["code"], p["params"]) for p in batch.report["problems"]] == [(5, "import.twice", {"row": 3})]


@pytest.mark.parametrize(
    ("lon", "lat", "column", "code"),
    [
        ("nan", "31.86", "经度", "import.number"), ("117.27", "NaN", "纬度", "import.number"), ("inf", "31.86", "经度", "import.number"), ("1e999", "31.86", "经度", "import.number"),
        ("999", "888", "经度", "site.coordinates"), ("31.86", "117.27", "经度", "site.coordinates"), ("117.27", "", "经度", "site.coordinates"), ("0", "0", "经度", "site.coordinates"),
        ("东经117度", "31.86", "经度", "import.number"),
    ],
)  # fmt: skip
def test_a_place_that_cannot_be_is_told_before_anything_is_accepted(registrar: Any, lon: str, lat: str, column: str, code: str) -> None:
    content = write_csv(SITES, [site(name="一站"), site(name="二站", lon=lon, lat=lat)])
    batch = check_import(actor=registrar, kind="sites", file_name="a.csv", content=content)
    assert (batch.state, [(p["row"], p["column"], p["code"]) for p in batch.report["problems"]]) == ("refused", [(3, column, code)])


def test_half_of_a_place_that_is_known_may_be_corrected(registrar: Any) -> None:
    batch = check_import(actor=registrar, kind="sites", file_name="a.csv", content=write_csv(SITES, [site(name="老站", lon="117.3")]))
    assert batch.report["problems"] == []
    accept_import(actor=registrar, batch_id=batch.pk)
    found = ServiceSite.objects.get(name="老站")
    assert (found.lon, found.lat) == (117.3, 31.86)


def test_a_rehearsal_leaves_nothing_behind(registrar: Any) -> None:
    def all_there_is() -> tuple[int, ...]:
        return tuple(m.objects.count() for m in (Organisation, ServiceSite, Practitioner, Event))

    before = all_there_is()
    versions = list(ServiceSite.objects.order_by("pk").values_list("pk", "version", "phone"))
    content = write_csv(SITES, [site(name="一站"), site(name="老站", phone="0551-1"), site(name="二站", level="铺子")])
    batch = check_import(actor=registrar, kind="sites", file_name="a.csv", content=content)
    assert (batch.report["add"], batch.report["change"], batch.report["problem_count"]) == (1, 1, 1)
    assert all_there_is() == before
    assert list(ServiceSite.objects.order_by("pk").values_list("pk", "version", "phone")) == versions


def test_too_many_rows_are_refused_and_blank_ones_are_none() -> None:
    row = ",".join(site()) + "\n"
    with pytest.raises(Refusal) as refused:
        read_lines("a.csv", (",".join(SITES) + "\n" + row * (MAX_ROWS + 1)).encode())
    assert refused.value.code == "import.size"
    assert len(read_lines("a.csv", (",".join(SITES) + "\n" * MAX_ROWS + row).encode())) == 2


NAMES = ("甲", "甲律师事务所", "乙律师事务所", "旧律师事务所", "外市律师事务所", "老站", "远站", "甲市中心", "=1+1", "İ" * 60, "ß" * 101, "ß" * 100, "长" * 100, "长" * 101, "长" * 200, "长" * 201,
         "·", "\u202e甲", "甲\n乙", "甲\x07", "👨‍👩‍👧", "𠮷", "甲" + "\u0301" * 12, "", "  ")  # fmt: skip
PLACES = ("", "117.27", "31.86", "nan", "inf", "-1e999", "999", "888", "0", "-0.0", "１１７.２", "1_1_7.0", "117,27", "73", "136.0", "3", "54")
DAYS = (
    "",
    "2020-01-01",
    "2025-06-01",
    "2027-01-01",
    "2020/2/1",
    "2020.02.01",
    "2020-02-30",
    "0001-01-01",
    "9999-12-31",
    "20200101",
    "2020-W01-1",
    "2020-01-01T09:00",
)
CELLS: dict[str, tuple[str, ...]] = {
    "name": NAMES, "short_name": ("", "简", "长" * 60, "长" * 61), "phone": ("", "0551-1", "1" * 40, "1" * 41, "1\x7f"), "address": ("", "路1号", "长" * 300, "长" * 301, "一\n二"),
    "region": ("340100", "340104", "340202", "999999", "3401", "340100\x00"[:6]), "uscc": ("", "91350100M000100Y43", "31340000MD00000010", "9135"),
    "parent": ("", "甲市司法局", "乙市司法局", "甲市中心", "没有这个局"), "organisation": ("甲市司法局", "乙市司法局", "甲律师事务所", "乙律师事务所", "外市律师事务所", "旧律师事务所", ""),
    "level": ("工作站", "中心", "铺子"), "lon": PLACES, "lat": PLACES, "items": ("", "法律咨询", "法律咨询；算命"), "accessibility": ("", "无障碍坡道"),
    "licence_no": ("", "N-1", "N-2", "N-3", "N-9", "A" * 40, "A" * 41, "13401201510123456", "皖1"), "specialities": ("", "劳动争议；婚姻家庭", "一\n二", "长" * 400, "\u202e"), "languages": ("", "维吾尔语"),
    "licensed_on": DAYS, "valid_from": DAYS, "valid_to": DAYS,
}  # fmt: skip
KINDS = {"organisations": ("律师事务所", "公共法律服务中心", "司法局", "铁匠铺"), "practitioners": ("公证员", "律师", "人民调解员", "铁匠")}

USUAL: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "lon"): ("117.27", ""), ("", "lat"): ("31.86", "31.9"), ("practitioners", "kind"): ("公证员",), ("practitioners", "licence_no"): ("N-1", "N-3", "N-8", "N-9"),
    ("practitioners", "organisation"): ("甲律师事务所", "乙律师事务所"), ("sites", "organisation"): ("甲市司法局",), ("organisations", "kind"): ("律师事务所",), ("", "region"): ("340100", "340104"),
    ("", "name"): ("甲", "甲律师事务所", "乙律师事务所", "老站", "丙", "丁"), ("", "uscc"): ("",),
}  # fmt: skip
"""What stands in most cells, where it is not the first two of the odd ones."""


def tables(kind: str) -> st.SearchStrategy[list[list[str]]]:
    """Rows that are mostly right: one odd cell or two among good ones, so that many a table passes the report."""
    columns = TABLES[kind]
    pools = [KINDS[kind] if c.code == "kind" else CELLS[c.code] for c in columns]
    usual = [st.sampled_from(USUAL.get((kind, c.code)) or USUAL.get(("", c.code)) or pool[:2]) for c, pool in zip(columns, pools, strict=True)]
    free = [st.sampled_from(pool) | st.text(max_size=12) for pool in pools]

    @st.composite
    def row(draw: Any) -> list[str]:
        odd = draw(st.sets(st.integers(0, len(columns) - 1), max_size=2))
        return [draw(free[at] if at in odd else usual[at]) for at in range(len(columns))]

    return st.lists(row(), min_size=1, max_size=4)


passed: dict[str, int] = {}


@pytest.mark.parametrize("kind", sorted(TABLES))
def test_what_the_report_lets_pass_is_always_taken_in(registrar: Any, kind: str) -> None:
    headings = [c.heading for c in TABLES[kind]]
    passed[kind] = 0

    @settings(max_examples=150)
    @given(rows=tables(kind), sheet=st.booleans())
    def holds(rows: list[list[str]], sheet: bool) -> None:
        batch = None
        with undone():
            with suppress(Refusal):  # no table at all: empty rows alone, or a sign no file can hold
                content = (write_xlsx if sheet else write_csv)(headings, rows)
                batch = check_import(actor=registrar, kind=kind, file_name="a", content=content)
            if batch is None:
                return
            assert (batch.state == ImportBatch.State.CHECKED) == (batch.report["problem_count"] == 0)
            if batch.state == ImportBatch.State.CHECKED:
                accept_import(actor=registrar, batch_id=batch.pk)
                told = Event.objects.filter(kind="registry.imported", stream=batch.pk).get().payload
                assert (told["added"], told["changed"], told["rows"]) == (batch.report["add"], batch.report["change"], batch.report["rows"])
                passed[kind] += 1

    holds()
    assert passed[kind] > 10, "enough tables passed for the sentence to mean something"
