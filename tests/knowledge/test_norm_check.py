"""Articles that are named and are no law on a day are listed; a change of the law finds every interview, sum and paper that names it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from fawang.knowledge.importers.run import import_laws
from fawang.knowledge.models import Citation, ReviewFlag
from fawang.knowledge.norm_check import unfit
from fawang.knowledge.shipped import cite_declared
from fawang.people.actors import SYSTEM
from tests.faces.library_cast import LAWS, library  # noqa: F401 - the fixture

pytestmark = pytest.mark.django_db


def test_what_is_in_force_today_may_not_have_been_law_yesterday_and_both_are_told(library: Any) -> None:  # noqa: F811
    """The arbitration act's article 72 on three months is law from 2026-03-01 (its own article 96)."""
    today = {(u.kind, u.ref, u.norm): u.why.zh for u in unfit() if u.held}
    assert ("calculator", "filing_period", "仲裁法 72") not in today
    before = {(u.kind, u.ref, u.norm): u.why.zh for u in unfit(date(2026, 2, 28)) if u.held}
    assert before["calculator", "filing_period", "仲裁法 72"] == "尚未施行"
    assert {u.norm for u in unfit() if not u.held} >= {"民法典 188", "工伤保险条例 39"}


def test_declared_citations_are_kept_once_and_a_change_flags_interviews_and_sums(library: Any, tmp_path: Path) -> None:  # noqa: F811
    assert cite_declared() > 0
    assert cite_declared() == 0
    kinds = set(Citation.objects.filter(law__short="劳动合同法", number=47).values_list("kind", flat=True))
    assert {"interview", "calculator"} <= kinds
    assert Citation.objects.filter(kind="document", ref="legal_aid_draft", law__short="法律援助法", number=31).count() == 1
    newer = next(r for r in map(json.loads, LAWS.read_text().splitlines()) if r["title"].endswith("劳动合同法"))
    newer |= {"version_date": "2026-02-20", "from_date": "2026-06-01"}
    for article in newer["articles"]:
        article["text"] += "新增一句。"
    file = tmp_path / "newer.jsonl"
    file.write_text(json.dumps(newer, ensure_ascii=False))
    library["advance"](timedelta(days=1))
    import_laws(actor=SYSTEM, source="jsonl", path=file)
    flagged = set(ReviewFlag.objects.values_list("citation__kind", "citation__ref"))
    assert {("interview", "dismissal"), ("calculator", "dismissal"), ("interview", "unpaid_wages")} <= flagged
