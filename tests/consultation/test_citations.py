"""What an answer cites is checked on the matter's day, watched from then on, and shown to the person with its address."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from fawang.kernel.errors import Refusal
from fawang.knowledge.importers.run import import_laws
from fawang.knowledge.models import Citation as Watched
from fawang.knowledge.models import ReviewFlag
from fawang.matters import actions
from fawang.matters.models import Matter
from fawang.matters.services import take_step
from fawang.people.actors import SYSTEM
from fawang.people.models import Notice
from fawang.services.consultation.models import Citation
from fawang.services.consultation.recording import place_citations
from tests import factories
from tests.faces.library_cast import LAWS, law, library  # noqa: F401 - the fixture
from tests.faces.test_api import desk  # noqa: F401 - the same cast

pytestmark = pytest.mark.django_db
BODY = "可以向劳动监察投诉，也可以申请仲裁。"


def taken(desk: dict[str, Any]) -> Matter:  # noqa: F811
    made: Matter = factories.matter("consultation", desk["agency"])
    actions.assign(actor=desk["dispatcher"], matter_id=made.pk, staff_id=desk["adviser"].pk)
    return made


def answer(desk: dict[str, Any], matter: Matter, **data: Any) -> Matter:  # noqa: F811
    return take_step(actor=factories.actor(desk["adviser"]), matter_id=matter.pk, verb="answer", data={"body": BODY, **data})


def test_an_answer_is_found_from_the_article_it_cites_and_the_person_sees_the_article_linked(desk: Any, library: Any) -> None:  # noqa: F811
    matter = taken(desk)
    answer(desk, matter, citations="劳动合同法47条\n《劳动合同法》第三十条第二款", body=f"{BODY}另见《劳动法》第四十四条。")
    watched = {(w.law.short, w.number): w for w in Watched.objects.filter(kind="answer")}
    assert set(watched) == {("劳动合同法", 47), ("劳动合同法", 30), ("劳动法", 44)}
    row = watched["劳动合同法", 47]
    assert (row.owner, row.as_of, row.address) == (str(desk["adviser"].pk), date(2026, 3, 2), f"/desk/m/{matter.pk}")
    page = Client().get(f"/track/{matter.lookup_code}").content.decode()
    slug = law("劳动合同法").slug
    assert f'<a href="/law/{slug}/47">《劳动合同法》第四十七条</a>' in page
    assert f'<a href="/law/{slug}/30">《劳动合同法》第三十条第二款</a>' in page
    seen = Client().get(f"/api/v1/matters/{matter.lookup_code}").json()
    assert seen["messages"][-1]["articles"] == [f"/law/{slug}/47", f"/law/{slug}/30"]


def test_a_repealed_future_or_missing_article_is_named_and_nothing_is_stored_until_a_reason_is_given(desk: Any, library: Any) -> None:  # noqa: F811
    matter = taken(desk)
    with pytest.raises(Refusal) as caught:
        answer(desk, matter, citations="仲裁法5条", law_day=date(2026, 2, 27))
    assert str(caught.value.fields["citations"]) == "《仲裁法》第五条库里的这部法没有这一条。如果仍要引用，请写明理由。"
    assert (Citation.objects.count(), Watched.objects.filter(kind="answer").count()) == (0, 0)
    answer(desk, matter, citations="仲裁法5条", cite_reason="当事人问的就是这一条")
    (note,) = matter.messages.filter(kind="note")
    assert note.body == "引用了《仲裁法》第五条，理由：当事人问的就是这一条"
    assert note.audience == "internal"
    assert "当事人问的就是这一条" not in Client().get(f"/track/{matter.lookup_code}").content.decode()
    assert Watched.objects.filter(kind="answer").count() == 0


def test_the_day_of_the_matter_decides_and_the_lawyer_may_name_another(desk: Any, library: Any) -> None:  # noqa: F811
    """The arbitration act's new text is law from 2026-03-01; its article 72 says three months, its article 59 once said six."""
    matter = taken(desk)
    with pytest.raises(Refusal) as caught:
        answer(desk, matter, citations="仲裁法72条", law_day=date(2025, 12, 31))
    assert str(caught.value.fields["citations"]) == "《仲裁法》第七十二条2026-03-01起才施行。如果仍要引用，请写明理由。"
    answer(desk, matter, citations="仲裁法72条")
    assert Citation.objects.get().as_of == date(2026, 3, 2)


def test_an_article_named_only_in_the_text_is_checked_too_and_an_unknown_law_is_the_lawyers_own(desk: Any, library: Any) -> None:  # noqa: F811
    matter = taken(desk)
    with pytest.raises(Refusal) as caught:
        answer(desk, matter, body="根据《劳动合同法》第九百条，可以申请支付令。")
    assert "《劳动合同法》第九百条" in str(caught.value.fields["citations"])
    answer(desk, matter, citations="《某县低保办法》第三条")
    assert Citation.objects.get().slug == ""


def test_when_a_cited_article_changes_the_handler_is_told_once_and_the_flag_is_his(desk: Any, library: Any, tmp_path: Path) -> None:  # noqa: F811
    desk["adviser"].phone = "13800000009"
    desk["adviser"].save(update_fields=["phone"])
    matter = taken(desk)
    answer(desk, matter, citations="劳动合同法47条\n劳动合同法30条")
    rows = [json.loads(line) for line in LAWS.read_text().splitlines()]
    newer = next(r for r in rows if r["title"].endswith("劳动合同法"))
    newer |= {"version_date": "2026-02-20", "from_date": "2026-06-01"}
    for article in newer["articles"]:
        if article["label"] in {"第四十七条", "第三十条"}:
            article["text"] += "\n新增一款。"
    file = tmp_path / "newer.jsonl"
    file.write_text(json.dumps(newer, ensure_ascii=False))
    library["advance"](timedelta(days=1))
    import_laws(actor=SYSTEM, source="jsonl", path=file)
    flags = ReviewFlag.objects.filter(citation__kind="answer")
    assert {(f.citation.number, f.owner, f.effective_on) for f in flags} == {
        (47, str(desk["adviser"].pk), date(2026, 6, 1)),
        (30, str(desk["adviser"].pk), date(2026, 6, 1)),
    }
    (notice,) = Notice.objects.filter(template="review")
    assert notice.to == "13800000009"


def test_citations_older_than_the_library_find_their_place_after_an_import(desk: Any, monday: Callable[[timedelta], None]) -> None:  # noqa: F811
    matter = taken(desk)
    answer(desk, matter, citations="劳动合同法47条")
    assert Citation.objects.get().slug == ""
    assert place_citations() == 0
    monday(timedelta(hours=1))
    import_laws(actor=SYSTEM, source="jsonl", path=LAWS)
    assert place_citations() == 1
    assert place_citations() == 0
    row = Citation.objects.get()
    assert (row.slug, row.number) == (law("劳动合同法").slug, 47)
    (watched,) = Watched.objects.filter(kind="answer")
    assert (watched.owner, watched.number) == (str(desk["adviser"].pk), 47)
