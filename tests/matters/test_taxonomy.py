"""Editions of the categories: in force from a day, faults named by row and column, statistics that go on through them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from fawang.console import categories as verb
from fawang.faces.portal.asking import is_sensitive
from fawang.hotline.agents import tags_of
from fawang.kernel import clock
from fawang.kernel.errors import Forbidden, Refusal
from fawang.kernel.models import Event
from fawang.matters.allocation import candidates_for, skill_fit
from fawang.matters.categories import category_in_force, counted_as, in_category, senses, version_in_force
from fawang.matters.models import Category, CategoryVersion, Matter
from fawang.matters.taxonomy import faults_of_edition, publish_edition
from fawang.oversight.figures import by, compute, matters_behind
from fawang.people.actors import SYSTEM
from tests import factories

Advance = Callable[[timedelta], None]
pytestmark = pytest.mark.django_db
HEAD = ("code", "name", "name_en", "words")


def table(*rows: tuple[str, str]) -> list[dict[str, str]]:
    return [dict(zip(HEAD, (code, name, code, ""), strict=True)) for code, name in rows]


def held() -> list[tuple[str, str]]:
    """The edition the tests begin with, in its order."""
    factories.taxonomy()
    return list(Category.objects.filter(version_id=1).order_by("order").values_list("code", "name"))


def without(code: str, *more: tuple[str, str]) -> list[dict[str, str]]:
    return table(*(row for row in held() if row[0] != code), *more)


def test_an_edition_is_in_force_from_its_day_and_what_vanished_is_counted_as_what_it_became(monday: Advance) -> None:
    rows = without("family.divorce", ("family.parting", "离婚和分居"))
    agency = factories.office("legal_aid_agency")
    early = factories.matter("consultation", agency, category_code="family.divorce")
    day = clock.today() + timedelta(days=10)
    publish_edition(actor=SYSTEM, rows=rows, effective_from=day, source="演示文件", mapping=[("family.divorce", "family.parting")])
    assert (version_in_force(), category_in_force("family.divorce").code, counted_as()) == (1, "family.divorce", {})
    monday(timedelta(days=10))
    assert version_in_force() == 2
    assert category_in_force("family.divorce").code == "family.parting", "a draft, an interview or a foreign system still names it so"
    with pytest.raises(Refusal) as refused:
        category_in_force("never.was")
    assert refused.value.fields["category"].code == "matter.category"
    told = Event.objects.get(kind="matter.categories_published").payload
    assert told == {"number": 2, "from": day.isoformat(), "source": "演示文件", "categories": 5, "given_up": 1}
    late = factories.matter("consultation", agency, category_code="family.parting", category_version=2)
    first, last = clock.today() - timedelta(days=30), clock.today()
    found = {r["key"]: r["received"] for r in by(compute(first, last), 3)}
    assert found == {"family.parting": 2}
    behind = matters_behind("received", first, last, offices=[str(agency.pk)], category="family.parting")
    assert set(behind) == {early.pk, late.pk}
    early.refresh_from_db()
    assert (early.category_code, early.category_version) == ("family.divorce", 1), "what was recorded stays as it was"


def test_two_editions_on_end_the_first_code_counts_as_the_last(monday: Advance) -> None:
    rows = without("family.divorce", ("family.parting", "离婚和分居"))
    publish_edition(actor=SYSTEM, rows=rows, effective_from=clock.today() + timedelta(days=1), source="一", mapping=[("family.divorce", "family.parting")])
    third = [r for r in rows if r["code"] != "family.parting"] + table(("family.ends", "婚姻的结束"))
    publish_edition(actor=SYSTEM, rows=third, effective_from=clock.today() + timedelta(days=2), source="二", mapping=[("family.parting", "family.ends")])
    monday(timedelta(days=1))
    assert counted_as() == {"family.divorce": "family.parting"}
    monday(timedelta(days=1))
    assert counted_as() == {"family.divorce": "family.ends", "family.parting": "family.ends"}


def test_every_fault_is_named_and_nothing_is_written(monday: Advance) -> None:
    rows = without(
        "family.divorce", ("family.parting", ""), ("family.parting", "离婚和分居"), ("a.b.c.d", "太深"), ("无码", "汉字"), ("nobody.child", "没有上级")
    )
    faults = [str(f) for f in faults_of_edition(rows, effective_from=clock.today(), source="演示文件", mapping=[("never", "family.parting")])]
    n = len(rows) - 3  # the row in the file of the first of the five: the columns' names are row 1
    assert faults[:5] == [
        f"第{n}行 name：没有填写",
        f"第{n + 1}行 code：“family.parting”重复",
        f"第{n + 2}行 code：“a.b.c.d”超过三级",
        f"第{n + 3}行 code：“无码”应由字母、数字组成，各级之间用点隔开",
        f"第{n + 4}行 code：“nobody.child”的上级应写在它前面",
    ]
    assert "family.divorce：新版没有这个分类，请写明今后按哪个分类统计" in faults
    assert "never：上一版没有这个分类" in faults
    assert any(f.startswith("生效日期：") for f in faults)
    with pytest.raises(ValueError, match="重复"):
        publish_edition(actor=SYSTEM, rows=rows, effective_from=clock.today(), source="演示文件", mapping=[])
    assert CategoryVersion.objects.count() == 1


def test_a_code_given_up_is_never_used_again_in_another_sense(monday: Advance) -> None:
    day = clock.today() + timedelta(days=1)
    publish_edition(
        actor=SYSTEM,
        rows=without("family.divorce", ("family.parting", "离婚和分居")),
        effective_from=day,
        source="一",
        mapping=[("family.divorce", "family.parting")],
    )
    again = table(*held(), ("family.parting", "离婚和分居"))
    faults = faults_of_edition(again, effective_from=date(2099, 1, 1), source="二", mapping=[])
    assert [str(f) for f in faults] == ["family.divorce：这个编码用过，已归入别的分类，请另取编码"]


def test_the_verb_tells_first_and_writes_only_when_accepted(
    monday: Advance, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verb, "ready", lambda: None)
    new, pairs = tmp_path / "new.csv", tmp_path / "pairs.csv"
    lines = [",".join(HEAD), *(",".join(r.values()) for r in without("family.divorce", ("family.parting", "离婚和分居")))]
    new.write_text("\n".join(lines), encoding="utf-8-sig")
    pairs.write_text("from,to\nfamily.divorce,family.parting\n", encoding="utf-8")
    asked = argparse.Namespace(path=new, day=f"{clock.today() + timedelta(days=1)}", source="演示文件", mapping=pairs, accept=False)
    assert verb.run(asked) == 0
    assert (CategoryVersion.objects.count(), "没有写入" in capsys.readouterr().out) == (1, True)
    asked.accept = True
    assert verb.run(asked) == 0
    assert "第2版" in capsys.readouterr().out
    assert verb.run(asked) == 1, "the same once more is no edition later than the last"
    assert CategoryVersion.objects.count() == 2


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": "有\x00空"}, "第6行 name：文字里有看不见的控制符，请删去后再提交。"),
        ({"name_en": "x" * 121}, "第6行 name_en：最多 120 个字，请删减。"),
        ({"words": "分手\u202e"}, "第6行 words：这一项不能含有改变文字方向的符号。"),
        ({"code": "family." + "x" * 80}, "第6行 code：最多 80 个字，请删减。"),
    ],
)
def test_words_that_cannot_be_kept_are_told_by_row_and_column(monday: Advance, change: dict[str, str], said: str) -> None:
    rows = without("family.divorce", ("family.parting", "离婚和分居"))
    rows[-1] |= change
    assert said in [str(f) for f in faults_of_edition(rows, effective_from=date(2099, 1, 1), source="演示文件", mapping=[("family.divorce", "family")])]


def test_a_code_given_up_twice_and_an_edition_without_its_source_are_faults(monday: Advance) -> None:
    rows = without("family.divorce", ("family.parting", "离婚和分居"))
    faults = faults_of_edition(rows, effective_from=date(2099, 1, 1), source=" ", mapping=[("family.divorce", "family"), ("family.divorce", "family.parting")])
    assert [str(f) for f in faults] == ["依据：没有填写", "family.divorce：归入哪个分类写了两次"]


def test_a_table_without_a_column_is_told_by_that_alone(monday: Advance) -> None:
    held()
    rows = [{"code": "family", "name": "婚姻家庭"}]
    faults = faults_of_edition(rows, effective_from=date(2099, 1, 1), source="演示文件", mapping=[])
    assert [str(f) for f in faults] == ["第1行 name_en、words：缺少这一列"]


def test_only_rule_editors_publish(monday: Advance) -> None:
    agency = factories.office("legal_aid_agency")
    ask = {"rows": without("family.divorce"), "effective_from": date(2099, 1, 1), "source": "演示文件", "mapping": [("family.divorce", "family")]}
    with pytest.raises(Forbidden):
        publish_edition(actor=factories.actor(factories.staff("王派单", "dispatcher", at=agency)), **ask)
    assert publish_edition(actor=factories.actor(factories.staff("邓录", "rule_editor", at=agency)), **ask).number == 2


def test_what_named_the_old_code_goes_on_skills_queues_call_topics_and_the_button_that_leaves(monday: Advance) -> None:
    agency = factories.office("legal_aid_agency")
    held()
    li = factories.staff("李律师", "adviser", at=agency, is_adviser=True, skills=["family"])
    early = factories.matter("consultation", agency, category_code="family.divorce")
    rows = table(*(row for row in held() if not row[0].startswith("family")), ("home", "家事"), ("home.parting", "离婚和分居"), ("home.violence", "家庭暴力"))
    given_up = [("family", "home"), ("family.divorce", "home.parting")]
    publish_edition(actor=SYSTEM, rows=rows, effective_from=clock.today() + timedelta(days=1), source="演示文件", mapping=given_up)
    monday(timedelta(days=1))
    late = factories.matter("consultation", agency, category_code="home.parting", category_version=2)
    (candidate,) = candidates_for(late)
    assert (candidate.skills, skill_fit(candidate.skills, "home.parting")) == (("home",), 1)
    assert {"topic:family", "topic:home"} <= set(tags_of(li)), "a queue asks for the topic by its name of before or of now"
    for kept_view in ("home", "family", "home.parting", "family.divorce"):
        assert set(Matter.objects.filter(in_category(kept_view)).values_list("pk", flat=True)) == {early.pk, late.pk}
    assert not Matter.objects.filter(in_category("home.violence")).exists()
    assert sorted(senses("home.parting")) == ["family.divorce", "home.parting"]


def test_the_button_that_leaves_stays_when_the_category_has_another_name(monday: Advance) -> None:
    factories.taxonomy()
    Category.objects.create(version_id=1, code="family.violence", parent_code="family", level=2, name="家庭暴力", name_en="Violence", order=9)
    rows = [r for r in table(*held()) if r["code"] != "family.violence"] + table(("family.harm", "家庭暴力"))
    publish_edition(actor=SYSTEM, rows=rows, effective_from=clock.today() + timedelta(days=1), source="一", mapping=[("family.violence", "family.harm")])
    monday(timedelta(days=1))
    assert (is_sensitive("family.violence"), is_sensitive("family.harm"), is_sensitive("family"), is_sensitive("")) == (True, True, False, False)
