"""Hostile questions and files in short form: no exception, nothing stored changed, no word of a question kept beside who asked."""

from __future__ import annotations

import logging
import resource
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import quote

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client

from bench.fuzz import digest
from fawang.kernel.errors import Refusal
from fawang.knowledge.importers import docx, markdown, own, run
from fawang.knowledge.importers.parsed import ParsedLaw, Unreadable
from fawang.knowledge.importers.run import import_laws
from fawang.knowledge.models import ImportRun
from fawang.knowledge.search import cutting, layout
from fawang.knowledge.search.asking import Query, ask
from fawang.knowledge.search.build import rebuild
from fawang.people.actors import SYSTEM
from tests.knowledge.hostile import questions, spoilt
from tests.knowledge.library import CODE, LABOUR, take
from tests.knowledge.library import docx as made_docx
from tests.knowledge.test_importing import DOCX

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_library")]


@pytest.fixture(scope="module")
def _library(django_db_setup: None, django_db_blocker: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    from fawang.knowledge.models import Disagreement, ImportItem, ImportRun, IndexState, Law, LawVersion

    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        take(tmp_path_factory.mktemp("laws"))
        rebuild()
        yield
        for model in (Disagreement, ImportItem, ImportRun, IndexState, LawVersion, Law):
            model.objects.all().delete()
        (layout.home() / "current").unlink()


def test_three_thousand_hostile_questions_are_answered_and_change_nothing() -> None:
    stored = digest()
    memory = 0
    for n, (text, options) in enumerate(questions(1, 3000)):
        answer = ask(Query(text, **options))
        assert answer.state == "ready"
        assert len(answer.hits) <= options["limit"]
        assert all("".join(run for run, _ in h.pieces) in ("", h.text) for h in answer.hits)
        if n == 500:
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 100 << 10
    assert digest() == stored


def test_no_hostile_question_makes_page_or_interface_fail() -> None:
    client = Client()
    for text, options in questions(2, 120):
        asked = quote(text[:2000], errors="replace")
        for address in (f"/search?q={asked}", f"/api/v1/search?q={asked}&limit={options['limit']}&kind={quote(options.get('kind', ''), errors='replace')}"):
            assert client.get(address).status_code < 500


def test_no_word_of_a_question_is_kept_or_logged(caplog: pytest.LogCaptureFixture) -> None:
    secret = "被丈夫毒打七七四九次"
    caplog.set_level(logging.DEBUG)
    client = Client()
    assert client.get("/search", {"q": secret}).status_code == 200
    assert client.get("/api/v1/search", {"q": secret}).status_code == 200
    assert secret not in caplog.text
    assert quote(secret) not in caplog.text
    with connection.cursor() as cursor:
        for model in apps.get_models():
            cursor.execute(f'SELECT count(*) FROM "{model._meta.db_table}" t WHERE t::text LIKE %s OR t::text LIKE %s', [f"%{secret}%", f"%{quote(secret)}%"])
            assert cursor.fetchone() == (0,), model


def test_an_answer_says_to_which_day_the_library_holds_the_law() -> None:
    assert ask(Query("离婚", day=date(2026, 11, 24))).held_to == date(2026, 8, 28)
    assert Client().get("/api/v1/search", {"q": "离婚"}).json()["library_to"] == "2026-08-28"
    assert "2026年8月28日" in Client().get("/search", {"q": "离婚"}).content.decode()


@pytest.mark.parametrize("name", ["law.docx", "law.md", "laws.jsonl", "laws.csv"])
def test_spoilt_files_are_read_or_refused_but_never_fail(name: str, tmp_path: Path) -> None:
    row = '{"title":"某某法","level":"law","version_date":"2020-01-01","articles":[{"label":"第一条","chapter":"","text":"甲。"}]}\n'
    whole = {
        "law.docx": made_docx(DOCX), "law.md": CODE.encode(), "laws.jsonl": row.encode() * 3,
        "laws.csv": "title,level,version_date,label,chapter,text\n某条例,regulation,2020-01-01,第一条,,甲。\n".encode(),
    }[name]  # fmt: skip
    reader = {"law.docx": docx.read, "law.md": markdown.read, "laws.jsonl": own.read, "laws.csv": own.read}[name]
    path = tmp_path / name
    read = 0
    for seed in range(150):
        path.write_bytes(spoilt(whole, seed))
        try:
            read += sum(isinstance(found, (ParsedLaw, Unreadable)) for found in reader(path))
        except Unreadable:
            read += 1
    assert read >= 100


def test_what_cannot_be_stored_is_refused_before_anything_is(tmp_path: Path) -> None:
    stored = digest()
    path = tmp_path / "laws.jsonl"
    rows = [
        '{"title":"半个字法","level":"law","version_date":"2020-01-01","articles":[{"label":"第一条","text":"\\ud800"}]}',
        '{"title":"空字符法","level":"law","version_date":"2020-01-01","articles":[{"label":"第一条","chapter":"\\u0000","text":"甲"}]}',
        '{"title":"半个字\\udfff法","level":"law","version_date":"2020-01-01","articles":[{"label":"第一条","text":"甲"}]}',
        '{"title":"无条法","level":"law","version_date":"2020-01-01","articles":7}',
        "[" * 100_000,
    ]
    path.write_text("\n".join(rows), encoding="utf-8")
    assert [type(found) for found in own.read(path)] == [Unreadable] * 5
    report = run.import_laws(actor=SYSTEM, source="jsonl", path=path, dry_run=True)
    assert (report["problem_count"], report["articles"]) == (5, 0)
    with pytest.raises(Refusal):
        run.import_laws(actor=SYSTEM, source="docx", path=tmp_path / "nothing.docx")
    assert [r.state for r in ImportRun.objects.filter(source="docx")] == ["failed"]
    assert {**digest(), "knowledge_importrun": 0} == {**stored, "knowledge_importrun": 0}


def test_a_declaration_hidden_behind_a_long_comment_is_refused() -> None:
    hidden = b"<?xml version='1.0'?><!--" + b"x" * 9000 + b"--><!DOCTYPE x [<!ENTITY a 'ha'>]><w:document xmlns:w='x'><w:body>&a;</w:body></w:document>"
    with pytest.raises(Unreadable):
        docx.parse("hidden.docx", made_docx([], document=hidden))


def test_only_what_changed_is_indexed_anew_and_the_answers_are_the_same(tmp_path: Path) -> None:
    before = layout.current()
    assert before is not None
    pieces = {p.name for p in (before / "live").glob("*.idx")}
    rebuild()
    same = layout.current()
    assert same is not None
    assert {p.name for p in (same / "live").glob("*.idx")} == pieces
    take(tmp_path, {"劳动合同法(2012-12-28).md": LABOUR + "\n第九十条 违反约定的保密义务给用人单位造成损失的，应当承担赔偿责任。\n"})
    rebuild()

    def best() -> list[tuple[str, int]]:
        hits = [ask(Query(q, day=date(2026, 11, 24), bank=False)).hits[0] for q in ("保密义务 赔偿", "离婚", "申请撤销裁决")]
        return [(h.short, h.number) for h in hits]

    taken_over = best()
    assert taken_over == [("劳动合同法", 90), ("民法典", 1079), ("仲裁法", 72)]
    for marks in layout.home().glob("gen*/*/marks.bin"):
        marks.unlink()
    rebuild()
    assert best() == taken_over


def test_an_index_cut_by_helpers_answers_as_one_cut_in_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def answers() -> list[list[tuple[int, float]]]:
        return [[(h.pk, h.score) for h in ask(Query(q)).hits] for q in ("拖欠工资怎么办", "离婚财产怎么分", "申请撤销裁决的期限")]

    def anew() -> None:
        for marks in layout.home().glob("gen*/*/marks.bin"):
            marks.unlink()
        rebuild()

    anew()
    here = answers()
    assert all(here)
    monkeypatch.setattr(cutting, "_MANY", 1)
    anew()
    assert answers() == here
    folder = layout.current()
    assert folder is not None
    assert list(folder.glob(".cut*")) == []


def test_a_helper_that_dies_leaves_the_old_index_serving(monkeypatch: pytest.MonkeyPatch) -> None:
    before = layout.current()
    for marks in layout.home().glob("gen*/*/marks.bin"):
        marks.unlink()
    monkeypatch.setattr(cutting, "_MANY", 1)
    monkeypatch.setattr(cutting, "_MODULE", "fawang.no_such_module")
    with pytest.raises(RuntimeError, match="helper"):
        rebuild()
    assert layout.current() == before
    assert ask(Query("民法典1079条")).hits[0].number == 1079


def test_the_search_answers_as_before_while_an_import_runs(tmp_path: Path) -> None:
    before = [h.pk for h in ask(Query("违约金 赔偿 保密义务")).hits]
    (tmp_path / "劳动合同法实施条例(2008-09-18).md").write_text(LABOUR.replace("劳动合同法", "劳动合同法实施条例"), encoding="utf-8")
    seen: list[tuple[str, list[int]]] = []

    def meanwhile(number: int, title: str) -> None:
        run_now = ImportRun.objects.order_by("-began_at")[0]
        seen.append((run_now.state, [h.pk for h in ask(Query("违约金 赔偿 保密义务")).hits]))

    report = import_laws(actor=SYSTEM, source="markdown", path=tmp_path, progress=meanwhile)
    assert report["added"] == 1
    assert seen == [("running", before)]
    assert [h.pk for h in ask(Query("违约金 赔偿 保密义务")).hits] == before, "new text is found after the next build"
