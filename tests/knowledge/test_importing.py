"""Bringing laws in: repeatable, whole or not at all, and unharmed by hostile files."""

from __future__ import annotations

import json
import tarfile
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from fawang.kernel.errors import Refusal
from fawang.kernel.models import Event
from fawang.knowledge import selectors
from fawang.knowledge.importers import docx as reader_docx
from fawang.knowledge.importers import loading, markdown, own, run
from fawang.knowledge.importers.parsed import ParsedLaw, Unreadable
from fawang.knowledge.models import Article, Citation, Disagreement, ImportRun, Law, LawVersion, ReviewFlag
from fawang.knowledge.services import cite
from fawang.people.actors import ANONYMOUS, SYSTEM
from tests.knowledge import library
from tests.knowledge.library import LABOUR, take

pytestmark = pytest.mark.django_db


def test_the_same_import_again_changes_nothing_and_says_so(tmp_path: Path) -> None:
    first = take(tmp_path)
    held = list(Article.objects.order_by("pk").values_list("pk", "text"))
    second = take(tmp_path)
    assert (first["added"], first["version"], first["articles"]) == (7, 1, 17)
    assert (second["same"], second.get("added", 0), second["articles"], second["spans"]) == (8, 0, 0, 0)
    assert list(Article.objects.order_by("pk").values_list("pk", "text")) == held


def test_a_dry_run_tells_and_writes_nothing(tmp_path: Path) -> None:
    report = take(tmp_path, dry_run=True)
    assert (report["added"], report["version"], report["articles"], report["problem_count"]) == (7, 1, 17, 0)
    assert Law.objects.count() == Article.objects.count() == ImportRun.objects.count() == 0


def test_only_rule_editors_import(tmp_path: Path) -> None:
    with pytest.raises(Refusal):
        run.import_laws(actor=ANONYMOUS, source="markdown", path=library.tree(tmp_path))
    assert Law.objects.count() == 0


def test_a_packed_tree_reads_like_an_unpacked_one(tmp_path: Path) -> None:
    library.tree(tmp_path / "tree")
    packed = tmp_path / "laws.tar.xz"
    with tarfile.open(packed, "w:xz") as archive:
        archive.add(tmp_path / "tree", arcname=".")
    loose = {(p.key, p.version_date, p.articles) for p in markdown.read(tmp_path / "tree") if isinstance(p, ParsedLaw)}
    assert {(p.key, p.version_date, p.articles) for p in markdown.read(packed) if isinstance(p, ParsedLaw)} == loose
    assert len(loose) == 8


def test_a_kill_half_way_leaves_whole_laws_and_the_next_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []

    class Killed(BaseException):
        pass

    def store(texts: Any) -> None:
        taken.append(texts)
        if len(taken) == 2:
            Article.objects.create(version=texts[0][0], position=0, label="第一条", number=1, text="x")
            raise Killed
        original(texts)

    original = loading.store_articles
    monkeypatch.setattr(loading, "BATCH_LAWS", 3)
    monkeypatch.setattr(loading, "store_articles", store)
    with pytest.raises(Killed):
        take(tmp_path)
    assert LawVersion.objects.count() == 3
    assert all(v.articles.count() == v.article_count for v in LawVersion.objects.all())
    monkeypatch.setattr(loading, "store_articles", original)
    report = take(tmp_path)
    assert (report["same"], report.get("added", 0) + report.get("version", 0)) == (3, 5)
    assert Article.objects.filter(text="x").count() == 0


def test_two_imports_do_not_run_at_once(tmp_path: Path) -> None:
    import psycopg

    settings = connection.settings_dict
    with psycopg.connect(
        dbname=settings["NAME"], user=settings["USER"], password=settings["PASSWORD"], host=settings["HOST"], port=settings["PORT"] or None
    ) as other:
        other.execute("SELECT pg_advisory_lock(747003)")
        with pytest.raises(Refusal) as refused:
            take(tmp_path)
        other.execute("SELECT pg_advisory_unlock(747003)")  # the server lets go of it some time after the connection is closed
    assert refused.value.code == "library.busy"


def test_rare_characters_are_stored_and_read_back_byte_for_byte(tmp_path: Path) -> None:
    text = "第一条 𠮷野家、𡘙、㐂、〇、é、ﬁ、①、\u3000全角，“引号”—省略……不改一字。"
    take(tmp_path, {"稀字法(2020-01-01).md": f"# 稀字法\n\n<!-- INFO END -->\n\n{text}\n"})
    assert Article.objects.get().text == text.removeprefix("第一条 ")


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_every_usual_encoding_is_read(tmp_path: Path, codec: str) -> None:
    take(tmp_path, {"劳动合同法(2012-12-28).md": LABOUR.encode(codec)})
    assert [a.number for a in Article.objects.order_by("position")] == [30, 47]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("空(2020-01-01).md", b"", "library.no_title"),
        ("无题(2020-01-01).md", "第一条 内容".encode(), "library.no_title"),
        ("无日期.md", "# 某法\n\n第一条 内容".encode(), "library.no_date"),
        ("无条文(2020-01-01).md", "# 某法\n\n<!-- INFO END -->\n".encode(), "library.no_articles"),
        ("二进制(2020-01-01).md", b"\x00\x01\x02\xff" * 50, "library.unreadable"),
        ("过大(2020-01-01).md", b"# x\n" + b"a" * (markdown.MAX_FILE + 1), "library.unreadable"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_the_others_go_on(tmp_path: Path, name: str, content: bytes, code: str) -> None:
    report = take(tmp_path, {name: content, "劳动合同法(2012-12-28).md": LABOUR})
    assert [p["code"] for p in report["problems"]] == [code]
    assert Law.objects.get().short == "劳动合同法"


def test_articles_that_come_twice_are_both_kept(tmp_path: Path) -> None:
    take(tmp_path, {"某法(2020-01-01).md": "# 某法\n\n<!-- INFO END -->\n\n第一条 甲。\n\n第二条 乙。\n\n## 附件一\n\n第一条不是条文。\n\n表\n"})
    assert [(a.label, a.number, a.part, a.text) for a in Article.objects.order_by("position")] == [
        ("第一条", 1, 0, "甲。"), ("第二条", 2, 0, "乙。"), ("附件一", 0, 0, "第一条不是条文。\n表")
    ]  # fmt: skip


def test_sources_that_differ_are_listed_and_the_better_one_is_read(tmp_path: Path) -> None:
    take(tmp_path, {"劳动合同法(2012-12-28).md": LABOUR})
    other = {
        "title": "中华人民共和国劳动合同法", "level": "law", "version_date": "2012-12-28", "from_date": "2013-07-01",
        "articles": [
            {"label": "第三十条", "chapter": "", "text": "用人单位应当按照劳动合同约定和国家规定，向劳动者及时足额支付劳动报酬。\n用人单位拖欠或者未足额支付劳动报酬的，劳动者可以依法向当地人民法院申请支付令，人民法院应当依法发出支付令。"},
            {"label": "第四十七条", "chapter": "", "text": "经济补偿按劳动者在本单位工作的年限，每满一年支付二个月工资的标准向劳动者支付。"},
        ],
    }  # fmt: skip
    path = tmp_path / "own.jsonl"
    path.write_text(json.dumps(other, ensure_ascii=False) + "\n{broken\n", encoding="utf-8")
    report = run.import_laws(actor=SYSTEM, source="jsonl", path=path)
    assert (report["changed"], report["problem_count"]) == (1, 1)
    (noted,) = Disagreement.objects.all()
    assert (noted.about, noted.chosen_source, noted.other_source) == ("第四十七条", "own", "markdown")
    assert "二个月" in noted.chosen
    assert "一个月" in noted.other
    again = take(tmp_path, {"劳动合同法(2012-12-28).md": LABOUR + "\n"})
    assert again.get("changed", 0) == 0


def test_own_files_are_read_as_csv_too(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(
        "title,level,version_date,label,chapter,text\n某条例,regulation,2020-01-01,第一条,第一章 总则,甲。\n某条例,regulation,2020-01-01,2之一,,乙。\n",
        encoding="utf-8",
    )
    (law,) = (p for p in own.read(path) if isinstance(p, ParsedLaw))
    assert [(a.number, a.sub, a.chapter, a.text) for a in law.articles] == [(1, 0, "第一章 总则", "甲。"), (2, 1, "", "乙。")]


DOCX = [
    "中华人民共和国某某法",
    "（2020年5月1日第一届会议通过　2024年6月28日第二届会议修订）",
    "目　　录",
    "第一章　总则",
    "第一章　总则",
    "第一条　甲。",
    "乙。",
    "第一条之一　丙。",
    "第二条　本法自2024年9月1日起施行。",
]


def test_documents_of_the_national_database_are_read(tmp_path: Path) -> None:
    path = tmp_path / "某某法_20240628.docx"
    path.write_bytes(library.docx(DOCX))
    report = run.import_laws(actor=SYSTEM, source="docx", path=path)
    assert report["problems"] == []
    version = LawVersion.objects.get()
    assert (version.law.title, version.version_date, version.from_date) == ("中华人民共和国某某法", date(2024, 6, 28), date(2024, 9, 1))
    assert [(a.label, a.chapter, a.text) for a in version.articles.order_by("position")] == [
        ("第一条", "第一章 总则", "甲。\n乙。"), ("第一条之一", "第一章 总则", "丙。"), ("第二条", "第一章 总则", "本法自2024年9月1日起施行。")
    ]  # fmt: skip


def _hostile() -> Iterator[tuple[str, bytes]]:
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]><w:document xmlns:w="x"><w:body>&b;</w:body></w:document>'
    outside = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><w:document xmlns:w="x"><w:body>&a;</w:body></w:document>'
    yield "entities", library.docx([], document=laughs)
    yield "outside", library.docx([], document=outside)
    yield "utf16 entities", library.docx([], document=laughs.decode().encode("utf-16"))
    yield "bomb", library.docx(DOCX, extra={"word/bomb.xml": b"0" * (40 << 20)})
    yield "many parts", library.docx(DOCX, extra={f"word/p{n}.xml": b"<x/>" for n in range(2500)})
    yield "no zip", b"PK\x03\x04 nothing"
    yield "no document", _only({"a.txt": b"x"})
    yield "empty", b""


def _only(files: dict[str, bytes]) -> bytes:
    import io

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(("what", "content"), list(_hostile()), ids=[w for w, _ in _hostile()])
def test_a_hostile_document_is_refused_without_being_unpacked(what: str, content: bytes) -> None:
    with pytest.raises(Unreadable):
        reader_docx.parse(f"{what}.docx", content)


def test_a_changed_article_flags_what_cites_it_and_records_the_event(tmp_path: Path) -> None:
    take(tmp_path, {"劳动合同法(2012-12-28).md": LABOUR})
    law = selectors.find_law("劳动合同法")
    assert law is not None
    cite(kind="answer", ref="a1", law=law, number=47, owner="staff-1", title="一次答复")
    cite(kind="answer", ref="a1", law=law, number=30, owner="staff-1")
    cite(kind="case", ref="old", law=law, number=47, owner="staff-2", as_of=date(2020, 1, 1))
    newer = LABOUR.replace("2012年12月28日", "2025年6月27日").replace("每满一年支付一个月工资", "每满一年支付一个半月工资")
    take(tmp_path, {"劳动合同法(2012-12-28).md": LABOUR, "劳动合同法(2025-06-27).md": newer})
    (event,) = Event.objects.filter(kind="knowledge.article_changed")
    assert (event.payload["article"], event.payload["version"], event.payload["citations"]) == ("第四十七条", "2025-06-27", 2)
    (flag,) = ReviewFlag.objects.all()
    assert (flag.citation.ref, flag.owner, flag.state, flag.effective_on) == ("a1", "staff-1", "open", date(2025, 6, 27))
    assert list(selectors.open_flags("staff-1")) == [flag]


def test_a_law_that_ends_flags_what_cites_it_once(tmp_path: Path) -> None:
    take(tmp_path, {"婚姻法(2001-04-28).md": library.MARRIAGE})
    law = selectors.find_law("婚姻法")
    assert law is not None
    cite(kind="guide", ref="g", law=law, number=32, owner="staff-1")
    assert Citation.objects.count() == 1
    for _ in range(2):
        take(tmp_path, {"婚姻法(2001-04-28).md": library.MARRIAGE, "民法典.md": library.CODE})
    (flag,) = ReviewFlag.objects.all()
    assert flag.reason == "《婚姻法》自2021-01-01起失效（《民法典》第一千二百六十条）"
