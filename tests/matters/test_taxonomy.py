"""Editions of the categories: in force from a day, faults named by row and column, statistics that go on through them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from fawang.console import categories as verb
from fawang.kernel import clock
from fawang.kernel.errors import Refusal
from fawang.matters.categories import category_in_force, counted_as, version_in_force
from fawang.matters.models import Category, CategoryVersion
from fawang.matters.taxonomy import faults_of_edition, publish_edition
from fawang.oversight.figures import by, compute, matters_behind
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
    publish_edition(rows, effective_from=day, source="演示文件", mapping={"family.divorce": "family.parting"})
    assert (version_in_force(), category_in_force("family.divorce").code, counted_as()) == (1, "family.divorce", {})
    monday(timedelta(days=10))
    assert version_in_force() == 2
    with pytest.raises(Refusal) as refused:
        category_in_force("family.divorce")
    assert refused.value.fields["category"].code == "matter.category"
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
    publish_edition(rows, effective_from=clock.today() + timedelta(days=1), source="一", mapping={"family.divorce": "family.parting"})
    third = [r for r in rows if r["code"] != "family.parting"] + table(("family.ends", "婚姻的结束"))
    publish_edition(third, effective_from=clock.today() + timedelta(days=2), source="二", mapping={"family.parting": "family.ends"})
    monday(timedelta(days=1))
    assert counted_as() == {"family.divorce": "family.parting"}
    monday(timedelta(days=1))
    assert counted_as() == {"family.divorce": "family.ends", "family.parting": "family.ends"}


def test_every_fault_is_named_and_nothing_is_written(monday: Advance) -> None:
    rows = without(
        "family.divorce", ("family.parting", ""), ("family.parting", "离婚和分居"), ("a.b.c.d", "太深"), ("无码", "汉字"), ("nobody.child", "没有上级")
    )
    faults = [str(f) for f in faults_of_edition(rows, effective_from=clock.today(), mapping={"never": "family.parting"})]
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
        publish_edition(rows, effective_from=clock.today(), source="演示文件", mapping={})
    assert CategoryVersion.objects.count() == 1


def test_a_code_given_up_is_never_used_again_in_another_sense(monday: Advance) -> None:
    day = clock.today() + timedelta(days=1)
    publish_edition(without("family.divorce", ("family.parting", "离婚和分居")), effective_from=day, source="一", mapping={"family.divorce": "family.parting"})
    again = table(*held(), ("family.parting", "离婚和分居"))
    faults = faults_of_edition(again, effective_from=date(2099, 1, 1), mapping={})
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
