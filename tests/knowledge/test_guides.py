"""Guides: what ships is sound, nobody publishes alone, citations and index follow the published text, change flags the owner."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from fawang.kernel.errors import Absent, Forbidden, Refusal
from fawang.knowledge.guides.loading import BadGuide, read_guide, shipped
from fawang.knowledge.guides.prose import passages
from fawang.knowledge.guides.selectors import TOPICS, due_guides, guide_at, published
from fawang.knowledge.guides.services import (
    load_shipped_guides,
    new_guide,
    publish_guide,
    review_guide,
    take_over,
    withdraw_guide,
    write_guide,
)
from fawang.knowledge.importers.run import import_laws
from fawang.knowledge.models import Citation, Guide, GuideText, IndexDocument
from fawang.knowledge.selectors import open_flags
from fawang.knowledge.shipped import declared, list_declared
from fawang.people.actors import SYSTEM, Actor
from tests import factories
from tests.faces.library_cast import LAWS, library  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db
WORDS = {
    "slug": "late-wages",
    "topic": "labour",
    "title": "工资晚发怎么办",
    "answer": "先催，再投诉。",
    "body": "先说清楚。\n\n- 留好凭据",
    "norms": "劳动合同法 30\n《劳动合同法》第八十五条",
}
NEXT = date(2026, 12, 1)


@pytest.fixture
def hands(library: Any) -> dict[str, Actor]:  # noqa: F811
    at = factories.office()
    return {
        "writer": factories.actor(factories.staff("李律师", "adviser", at=at)),
        "editor": factories.actor(factories.staff("邓编辑", "rule_editor", at=at)),
        "clerk": factories.actor(factories.staff("周窗口", "window_clerk", at=at)),
    }


def test_the_shipped_guides_are_a_dozen_and_each_names_articles_and_a_day_of_review() -> None:
    assert len(shipped()) >= 12
    for made in shipped():
        assert made.topic in TOPICS, made.slug
        assert made.norms
        assert made.reviewed_on < made.review_due
        assert len(passages(made.body)) >= 4, made.slug
        assert len(made.answer) <= 80, f"{made.slug}: one plain sentence or two"


def test_every_article_a_shipped_guide_names_reads_as_a_norm() -> None:
    from fawang.knowledge.interviews.soundness import _NORM

    assert [(g.slug, n) for g in shipped() for n in g.norms if not _NORM.fullmatch(n)] == []


def test_a_file_that_is_no_guide_is_named() -> None:
    with pytest.raises(BadGuide, match=r"x\.toml"):
        read_guide("slug = 'x'", "x.toml")


def test_plain_writing_is_read_into_headings_points_and_steps() -> None:
    found = passages("开头\n## 怎么办\n1. 先去\n2. 再去\n- 甲\n- 乙\n<b>不是标记</b>")
    assert [(p.kind, p.lines) for p in found] == [
        ("text", ("开头",)), ("heading", ("怎么办",)), ("steps", ("先去", "再去")), ("points", ("甲", "乙")), ("text", ("<b>不是标记</b>",)),
    ]  # fmt: skip


def test_loading_twice_changes_nothing_and_what_staff_rewrote_is_kept(hands: dict[str, Actor]) -> None:
    first = load_shipped_guides()
    assert first["added"] == len(shipped())
    assert load_shipped_guides() == {"added": 0, "changed": 0, "kept": 0, "same": len(shipped())}
    one = shipped()[0]
    write_guide(actor=hands["writer"], slug=one.slug, topic=one.topic, title="我们改过的标题", answer=one.answer, body=one.body, norms="劳动合同法 30")
    assert load_shipped_guides()["kept"] == 1
    assert guide_at(one.slug).current.title == one.title, "a draft changes nothing for the public"  # type: ignore[union-attr]


def test_a_guide_goes_from_draft_through_a_second_reader_to_the_public(hands: dict[str, Actor]) -> None:
    text = new_guide(actor=hands["writer"], **WORDS)
    with pytest.raises(Absent):
        guide_at("late-wages")
    with pytest.raises(Refusal) as early:
        publish_guide(actor=hands["editor"], guide_id=text.guide_id, review_due=NEXT)
    assert early.value.code == "guide.state"
    with pytest.raises(Forbidden):
        review_guide(actor=hands["writer"], guide_id=text.guide_id)
    review_guide(actor=hands["editor"], guide_id=text.guide_id)
    publish_guide(actor=hands["editor"], guide_id=text.guide_id, review_due=NEXT)
    shown = guide_at("late-wages")
    assert shown.current is not None
    assert shown.current.norms == ["劳动合同法 30", "劳动合同法 85"]
    assert set(Citation.objects.filter(kind="guide", ref="late-wages").values_list("number", flat=True)) == {30, 85}
    assert IndexDocument.objects.get(kind="guide", ref="late-wages").address == "/faq/late-wages"


def test_nobody_reviews_what_he_has_written_himself(hands: dict[str, Actor]) -> None:
    text = new_guide(actor=hands["editor"], **WORDS)
    with pytest.raises(Refusal) as own:
        review_guide(actor=hands["editor"], guide_id=text.guide_id)
    assert own.value.code == "guide.own"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"slug": "Ü"}, "slug"), ({"slug": "a"}, "slug"), ({"slug": "new"}, "slug"), ({"topic": "x"}, "topic"), ({"title": ""}, "title"), ({"title": "字" * 121}, "title"),
        ({"norms": ""}, "norms"), ({"norms": "劳动合同法 999"}, "norms"), ({"norms": "仲裁法 60"}, "norms"), ({"body": "\x00"}, "body"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_its_field_and_nothing_is_kept(hands: dict[str, Actor], changed: dict[str, str], field: str) -> None:
    with pytest.raises(Refusal) as refused:
        new_guide(actor=hands["writer"], **{**WORDS, **changed})
    assert list(refused.value.fields) == [field]
    assert Guide.objects.count() == GuideText.objects.count() == 0


def test_those_without_the_right_write_and_publish_nothing(hands: dict[str, Actor]) -> None:
    with pytest.raises(Forbidden):
        new_guide(actor=hands["clerk"], **WORDS)
    with pytest.raises(Forbidden):
        withdraw_guide(actor=hands["clerk"], guide_id=new_guide(actor=hands["writer"], **WORDS).guide_id, reason="x")


def test_a_second_draft_replaces_the_published_text_only_when_published(hands: dict[str, Actor]) -> None:
    text = new_guide(actor=hands["writer"], **WORDS)
    for _ in range(2):
        review_guide(actor=hands["editor"], guide_id=text.guide_id)
        publish_guide(actor=hands["editor"], guide_id=text.guide_id, review_due=NEXT)
        write_guide(actor=hands["writer"], **{**WORDS, "title": "第二稿", "norms": "劳动合同法 30"})
    shown = guide_at("late-wages")
    assert shown.current is not None
    assert (shown.current.version, shown.current.title) == (2, "第二稿")
    assert list(Citation.objects.filter(kind="guide", ended_at=None).values_list("number", flat=True)) == [30], "what is no longer cited has ended"
    assert sorted(GuideText.objects.values_list("version", "state")) == [(1, "replaced"), (2, "published"), (3, "draft")]


def test_a_withdrawn_guide_leaves_page_index_and_citations(hands: dict[str, Actor]) -> None:
    text = new_guide(actor=hands["writer"], **WORDS)
    review_guide(actor=hands["editor"], guide_id=text.guide_id)
    publish_guide(actor=hands["editor"], guide_id=text.guide_id, review_due=NEXT)
    with pytest.raises(Refusal):
        withdraw_guide(actor=hands["editor"], guide_id=text.guide_id, reason=" ")
    withdraw_guide(actor=hands["editor"], guide_id=text.guide_id, reason="内容过时")
    assert withdraw_guide(actor=hands["editor"], guide_id=text.guide_id, reason="内容过时").current is None
    assert not published().exists()
    assert not Citation.objects.filter(kind="guide", ended_at=None).exists()
    assert not IndexDocument.objects.filter(kind="guide").exists()


def test_the_owner_is_told_when_an_article_he_cites_changes(hands: dict[str, Actor], library: Any, tmp_path: Path) -> None:  # noqa: F811
    text = new_guide(actor=hands["writer"], **WORDS)
    review_guide(actor=hands["editor"], guide_id=text.guide_id)
    publish_guide(actor=hands["editor"], guide_id=text.guide_id, review_due=NEXT)
    take_over(actor=hands["editor"], guide_id=text.guide_id)
    rows = [json.loads(line) for line in LAWS.read_text().splitlines()]
    newer = next(r for r in rows if r["title"] == "中华人民共和国劳动合同法")
    newer = {**newer, "version_date": "2026-05-01", "from_date": "2026-07-01"}
    newer["articles"] = [{**a, "text": a["text"] + "（测试用的新文本）"} if a["label"] == "第三十条" else a for a in newer["articles"]]
    file = tmp_path / "newer.jsonl"
    file.write_text(json.dumps(newer, ensure_ascii=False))
    library["advance"](timedelta(days=70))
    assert import_laws(actor=SYSTEM, source="jsonl", path=file)["flagged"] >= 1
    flags = list(open_flags(str(hands["editor"].staff_id)))
    assert [(f.citation.kind, f.citation.ref, f.effective_on) for f in flags] == [("guide", "late-wages", date(2026, 7, 1))]


def test_guides_are_due_to_be_read_again_a_month_before_their_day(hands: dict[str, Actor], library: Any) -> None:  # noqa: F811
    text = new_guide(actor=hands["writer"], **WORDS)
    review_guide(actor=hands["editor"], guide_id=text.guide_id)
    publish_guide(actor=hands["editor"], guide_id=text.guide_id, review_due=date(2026, 4, 10))
    advance: Callable[[timedelta], None] = library["advance"]
    assert not due_guides().exists()
    advance(timedelta(days=9))
    assert [g.slug for g in due_guides()] == ["late-wages"]
    for wrong in (date(2026, 3, 2), date(2029, 1, 1)):
        with pytest.raises(Refusal):
            publish_guide(actor=hands["editor"], guide_id=text.guide_id, review_due=wrong)


def test_everything_declared_is_listed_once_and_again_only_when_it_changes(library: Any) -> None:  # noqa: F811
    assert list_declared() == len(declared())
    assert list_declared() == 0
    IndexDocument.objects.filter(kind="interview", ref="unpaid_wages").update(title="旧")
    IndexDocument.objects.create(kind="calculator", ref="gone", title="没有了")
    assert list_declared() == 2
    assert {k for k, _ in declared()} == {"interview", "calculator", "document"}
