"""Keeping the library at the desk: reviews after a change, the bank in two clicks, guides, cases, passages, local figures."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from fawang.kernel.models import Event
from fawang.knowledge.bank_keeping import propose_question
from fawang.knowledge.cases.services import publish_case, write_case
from fawang.knowledge.guides.services import new_guide
from fawang.knowledge.importers.run import import_laws
from fawang.knowledge.interviews.selectors import tables_for
from fawang.knowledge.models import Case, Citation, Guide, IndexState, LocalFigure, Question, ReviewFlag, Snippet
from fawang.knowledge.reviewing import change_of
from fawang.knowledge.search.upkeep import missing
from fawang.knowledge.selectors import cited_by
from fawang.knowledge.services import cite
from fawang.knowledge.snippets import write_snippet
from fawang.matters import actions
from fawang.matters.services import take_step
from fawang.people.actors import SYSTEM
from tests import factories
from tests.faces.library_cast import LAWS, law, library  # noqa: F401 - the fixture
from tests.faces.test_answering import signed_in
from tests.faces.test_api import desk  # noqa: F401 - the same cast
from tests.faces.test_portal import key_in

pytestmark = pytest.mark.django_db
GUIDE = {
    "slug": "late-pay", "topic": "labour", "title": "工资晚发怎么办", "answer": "先催，再投诉。", "body": "## 怎么办\n- 留好凭据", "norms": "劳动合同法 30", "region_code": "",
}  # fmt: skip
CASE = {
    "kind": "own", "field": "civil", "cause": "劳动合同纠纷", "court_level": "basic", "court": "", "region_code": "", "number": "", "decided_on": "2025-05-06",
    "title": "欠薪案", "gist": "单位拖欠工资，应当支付。", "facts": "原告张三丰，电话13800001111，住合肥市长江路12号。", "result": "", "reasons": "", "source": "演示", "norms": "劳动合同法 30",
}  # fmt: skip


@pytest.fixture
def keepers(desk: dict[str, Any], library: Any) -> dict[str, Any]:  # noqa: F811
    """Li the adviser, two rule editors, and a window clerk who keeps no library."""
    at = desk["agency"]
    people = {
        "li": desk["adviser"],
        "deng": factories.staff("邓编辑", "rule_editor", at=at, region="340000"),
        "qin": factories.staff("秦编辑", "rule_editor", at=at, region="340100"),
        "zhou": factories.staff("周窗口", "window_clerk", at=at),
    }
    return {**desk, **library, **{f"{name}_row": row for name, row in people.items()}, **{name: signed_in(row) for name, row in people.items()}}


def post(client: Client, path: str, form_at: str = "", **data: Any) -> Any:
    """Send a form with the key of the page it stands on."""
    page = client.get(form_at or path).content.decode()
    return client.post(path, {"_key": key_in(page), **data})


def amended(tmp_path: Path) -> None:
    """The labour contract act with a changed article 47, in force from June 2026."""
    newer = next(r for r in map(json.loads, LAWS.read_text().splitlines()) if r["title"].endswith("劳动合同法"))
    newer |= {"version_date": "2026-02-20", "from_date": "2026-06-01"}
    for article in newer["articles"]:
        if article["label"] == "第四十七条":
            article["text"] = article["text"].replace("支付一个月工资", "支付两个月工资")
    file = tmp_path / "newer.jsonl"
    file.write_text(json.dumps(newer, ensure_ascii=False))
    import_laws(actor=SYSTEM, source="jsonl", path=file)


@pytest.fixture
def flagged(keepers: dict[str, Any], tmp_path: Path) -> ReviewFlag:
    cite(kind="answer", ref="m1", law=law("劳动合同法"), number=47, title="法律咨询答复 X1", address="/desk/m/1", owner=str(keepers["li_row"].pk))
    keepers["advance"](timedelta(days=1))
    amended(tmp_path)
    return ReviewFlag.objects.get(citation__kind="answer")


def test_a_review_shows_the_words_that_changed_and_who_answers_for_it(keepers: Any, flagged: ReviewFlag) -> None:
    change = change_of(flagged)
    assert "".join(p.text for p in change.pieces if p.kind == "removed") == "一个月工资"
    assert "".join(p.text for p in change.pieces if p.kind == "added") == "两个月工资"
    page = keepers["li"].get("/desk/library").content.decode()
    assert "<del>一个月工资</del><ins>两个月工资</ins>" in page
    assert "李律师" in page
    assert "《劳动合同法》第四十七条已由2026-02-20的文本修改" in page
    assert "2026年6月1日" in page
    assert 'value="withdrawn"' not in page


def test_a_review_is_closed_by_its_owner_and_by_nobody_else_of_his_rank(keepers: Any, flagged: ReviewFlag) -> None:
    other = signed_in(factories.staff("钱律师", "adviser", at=keepers["agency"]))
    assert flagged.citation.title not in other.get("/desk/library").content.decode()
    assert other.post(f"/desk/library/reviews/{flagged.pk}", {"_key": factories.key(), "outcome": "kept"}).status_code == 404
    assert keepers["zhou"].get("/desk/library").status_code == 403
    done = post(keepers["li"], f"/desk/library/reviews/{flagged.pk}", "/desk/library", outcome="changed", note="已补充答复")
    assert done.status_code == 302
    flagged.refresh_from_db()
    assert (flagged.state, flagged.closed_by, flagged.note) == ("changed", str(keepers["li_row"].pk), "已补充答复")
    assert "法律咨询答复 X1" in keepers["li"].get("/desk/library?state=done").content.decode()


def test_retiring_from_a_review_needs_a_reason_and_takes_the_thing_off_at_once(keepers: Any, tmp_path: Path) -> None:
    made = post(keepers["li"], "/desk/library/guides/new", **{**GUIDE, "norms": "劳动合同法 47"})
    assert made["Location"] == "/desk/library/guides/late-pay"
    post(keepers["deng"], "/desk/library/guides/late-pay", verb="review")
    post(keepers["deng"], "/desk/library/guides/late-pay", verb="publish", review_due="2026-12-01")
    keepers["advance"](timedelta(days=1))
    amended(tmp_path)
    flag = ReviewFlag.objects.get(citation__kind="guide")
    refused = post(keepers["deng"], f"/desk/library/reviews/{flag.pk}", "/desk/library", outcome="withdrawn", note=" ")
    assert (refused.status_code, "请写明撤下的理由" in refused.content.decode()) == (422, True)
    assert Guide.objects.get(slug="late-pay").current is not None
    assert post(keepers["deng"], f"/desk/library/reviews/{flag.pk}", "/desk/library", outcome="withdrawn", note="标准变了").status_code == 302
    assert Guide.objects.get(slug="late-pay").current is None
    assert Client().get("/faq/late-pay").status_code == 404
    flag.refresh_from_db()
    assert (flag.state, flag.note) == ("withdrawn", "标准变了")
    assert "标准变了" in keepers["deng"].get("/desk/library?state=done").content.decode(), "what was reviewed stays on file"


@pytest.mark.parametrize(("norms", "state", "citing"), [("劳动合同法 47\n劳动合同法 30", "open", [30, 47]), ("劳动合同法 30", "changed", [30])])
def test_a_new_text_keeps_the_open_review_of_what_it_still_cites_and_ends_the_other(
    keepers: Any, tmp_path: Path, norms: str, state: str, citing: list[int]
) -> None:
    address = "/desk/library/guides/late-pay"
    post(keepers["li"], "/desk/library/guides/new", **{**GUIDE, "norms": "劳动合同法 47"})
    post(keepers["deng"], address, verb="review")
    post(keepers["deng"], address, verb="publish", review_due="2026-12-01")
    keepers["advance"](timedelta(days=1))
    amended(tmp_path)
    post(keepers["li"], address, **{k: v for k, v in GUIDE.items() if k != "slug"} | {"norms": norms})
    post(keepers["deng"], address, verb="review")
    post(keepers["deng"], address, verb="publish", review_due="2026-12-01")
    assert Guide.objects.get(slug="late-pay").current.version == 2
    assert ReviewFlag.objects.get(citation__kind="guide").state == state
    assert sorted(Citation.objects.filter(kind="guide", ref="late-pay", ended_at=None).values_list("number", flat=True)) == citing
    assert [c.number for c in cited_by(law("劳动合同法"), 47) if c.kind == "guide"] == [n for n in citing if n == 47]


@pytest.mark.parametrize("kind", ["guide", "snippet", "case", "question"])
def test_whoever_is_named_as_owner_retires_his_own_from_a_review_and_nothing_of_others(keepers: Any, kind: str) -> None:
    li, other = keepers["li_row"], factories.staff("钱律师", "adviser", at=keepers["agency"])
    owner, editor = str(li.pk), factories.actor(keepers["deng_row"])
    if kind == "guide":
        thing: Any = new_guide(actor=factories.actor(li), **GUIDE)
        post(keepers["deng"], "/desk/library/guides/late-pay", verb="review")
        post(keepers["deng"], "/desk/library/guides/late-pay", verb="publish", review_due="2026-12-01")
        ref = "late-pay"
    elif kind == "snippet":
        thing = write_snippet(actor=factories.actor(li), title="欠薪", text="应当及时足额支付劳动报酬。", norms="劳动合同法 30")
        ref = str(thing.pk)
    elif kind == "case":
        thing = write_case(actor=factories.actor(li), typed={**CASE, "facts": "拖欠三个月工资。"})[0]
        publish_case(actor=editor, case_id=thing.pk)
        ref = str(thing.pk)
    else:
        thing = propose_question(actor=factories.actor(other), text="厂里拖欠三个月工资不给怎么办", norms="劳动合同法 30")
        Question.objects.filter(pk=thing.pk).update(state="reviewed", reviewed_by=owner)  # Li reviewed it when he still was a rule editor
        ref = str(thing.pk)
    cited = Citation.objects.get_or_create(kind=kind, ref=ref, law=law("劳动合同法"), number=30, sub=0, defaults={"owner": owner})[0]
    mine = ReviewFlag.objects.create(citation=cited, reason="第三十条已修改", effective_on=date(2026, 1, 1), owner=owner)
    stranger = ReviewFlag.objects.create(citation=cited, reason="第三十条又已修改", effective_on=date(2026, 2, 1), owner=str(other.pk))
    refused = post(signed_in(other), f"/desk/library/reviews/{stranger.pk}", "/desk/library", outcome="withdrawn", note="不要了")
    assert (refused.status_code, "只有责任人或规则管理员" in refused.content.decode()) == (403, True), "told of the change, and yet no owner"
    stranger.refresh_from_db()
    assert stranger.state == "open"
    assert post(keepers["li"], f"/desk/library/reviews/{mine.pk}", "/desk/library", outcome="withdrawn", note="标准变了").status_code == 302
    closers = {row.pk: (row.state, row.closed_by) for row in ReviewFlag.objects.filter(citation=cited)}
    assert closers == {mine.pk: ("withdrawn", owner), stranger.pk: ("withdrawn", "automatic")}, (
        "what is gone leaves nothing to review, and nothing is forgotten"
    )
    closed = Event.objects.filter(kind="knowledge.review_done", stream=str(cited.pk))
    assert [(e.actor_id, e.payload["outcome"]) for e in closed] == [(owner, "withdrawn")] * 2
    if kind == "guide":
        assert Guide.objects.get(slug="late-pay").current is None
    else:
        thing.refresh_from_db()
        assert thing.state in {"withdrawn", "retired"}


def test_an_answer_cannot_be_retired(keepers: Any, flagged: ReviewFlag) -> None:
    refused = post(keepers["li"], f"/desk/library/reviews/{flagged.pk}", "/desk/library", outcome="withdrawn", note="x")
    assert refused.status_code == 409
    flagged.refresh_from_db()
    assert flagged.state == "open"


@pytest.fixture
def answered(keepers: dict[str, Any]) -> Any:
    matter = factories.matter(
        "consultation",
        keepers["agency"],
        person=factories.citizen("赵铁柱", "13922223333"),
        title="我叫赵铁柱，电话13922223333，厂里干了三年被辞退，能要几个月补偿？",
    )
    actions.assign(actor=keepers["dispatcher"], matter_id=matter.pk, staff_id=keepers["li_row"].pk)
    data = {"body": "按工作年限计算，每满一年一个月工资。", "citations": "劳动合同法47条"}
    take_step(actor=factories.actor(keepers["li_row"]), matter_id=matter.pk, verb="answer", data=data)
    return matter


def test_an_answered_question_enters_the_bank_masked_in_two_clicks_and_the_index_learns_after_review(keepers: Any, answered: Any) -> None:
    assert f'href="/desk/m/{answered.pk}/bank"' in keepers["li"].get(f"/desk/m/{answered.pk}").content.decode()
    page = keepers["li"].get(f"/desk/m/{answered.pk}/bank").content.decode()
    assert "赵铁柱" not in page
    assert "13922223333" not in page
    assert "《劳动合同法》第四十七条</textarea>" in page
    shown = page.split('name="text"', 1)[1].split(">", 1)[1].split("</textarea>", 1)[0]
    assert shown == "我叫赵某，电话（电话号码已隐去），厂里干了三年被辞退，能要几个月补偿？"
    proposed = keepers["li"].post(f"/desk/m/{answered.pk}/bank", {"_key": key_in(page), "text": shown, "norms": "《劳动合同法》第四十七条", "lay_words": ""})
    made = Question.objects.get(origin="answer")
    assert proposed["Location"] == f"/desk/library/questions/{made.pk}"
    assert (made.state, made.proposed_by) == ("draft", str(keepers["li_row"].pk))
    assert answered.number not in made.provenance
    assert keepers["li"].post(f"/desk/library/questions/{made.pk}", {"_key": factories.key(), "verb": "review"}).status_code == 403
    before = IndexState.objects.get(name="main").wanted
    assert post(keepers["deng"], f"/desk/library/questions/{made.pk}", verb="review").status_code == 302
    made.refresh_from_db()
    assert (made.state, made.reviewed_by) == ("reviewed", str(keepers["deng_row"].pk))
    assert IndexState.objects.get(name="main").wanted == before + 1
    assert "index" in missing()


@pytest.mark.parametrize("left", ["打13922223333找我，被辞退能要几个月补偿", "赵铁柱被辞退了，能要几个月补偿", "身份证340103199001011234，被辞退能要补偿吗"])
def test_what_may_still_tell_who_it_is_stops_the_proposal(keepers: Any, answered: Any, left: str) -> None:
    refused = post(keepers["li"], f"/desk/m/{answered.pk}/bank", text=left, norms="劳动合同法 47", lay_words="")
    assert refused.status_code == 422
    assert "里面还有可能识别个人的内容" in refused.content.decode()
    assert left in refused.content.decode()
    assert Question.objects.filter(origin="answer").count() == 0


def test_a_copy_a_repealed_article_and_an_unanswered_matter_are_refused(keepers: Any, answered: Any) -> None:
    words = "厂里干了三年被辞退，能要几个月补偿？"
    post(keepers["li"], f"/desk/m/{answered.pk}/bank", text=words, norms="劳动合同法 47", lay_words="")
    copy = post(keepers["li"], f"/desk/m/{answered.pk}/bank", text=f"{words}呢", norms="劳动合同法 47", lay_words="")
    assert "题库里已有很相近的问题" in copy.content.decode()
    absent = post(keepers["li"], f"/desk/m/{answered.pk}/bank", text="被老板赶走了怎么讨个说法", norms="劳动合同法 9000", lay_words="")
    assert "认不出来，或者今天没有施行" in absent.content.decode()
    assert Question.objects.filter(origin="answer").count() == 1
    fresh = factories.matter("consultation", keepers["agency"])
    actions.assign(actor=keepers["dispatcher"], matter_id=fresh.pk, staff_id=keepers["li_row"].pk)
    assert keepers["li"].get(f"/desk/m/{fresh.pk}/bank").status_code == 404


def test_who_proposed_a_question_neither_reviews_nor_retires_it(keepers: Any, answered: Any) -> None:
    made = post(keepers["li"], f"/desk/m/{answered.pk}/bank", text="厂里干了三年被辞退，能要几个月补偿？", norms="劳动合同法 47", lay_words="")
    at = made["Location"]
    post(keepers["deng"], at, verb="save", text="干了三年被辞退，能要几个月工资？", norms="劳动合同法 47", lay_words="辞退")
    refused = keepers["deng"].post(at, {"_key": factories.key(), "verb": "review"})
    assert (refused.status_code, "要由别人审定" in refused.content.decode()) == (409, True)
    assert keepers["deng"].post(at, {"_key": factories.key(), "verb": "retire", "reason": "x"}).status_code == 409
    assert post(keepers["qin"], at, verb="review").status_code == 302
    assert keepers["qin"].post(at, {"_key": factories.key(), "verb": "retire", "reason": ""}).status_code == 422
    assert post(keepers["qin"], at, verb="retire", reason="问法太少见").status_code == 302
    assert Question.objects.get(origin="answer").state == "retired"


def test_a_case_is_masked_on_the_way_in_reported_and_published_by_a_second_person(keepers: Any) -> None:
    made = post(keepers["deng"], "/desk/library/cases/new", **CASE)
    case = Case.objects.get()
    assert made["Location"] == f"/desk/library/cases/{case.pk}"
    assert case.hidden == {"name": 1, "phone": 1, "address": 1}
    page = keepers["deng"].get(made["Location"]).content.decode()
    assert "13800001111" not in page
    assert "张三丰" not in page
    own = keepers["deng"].post(made["Location"], {"_key": factories.key(), "verb": "publish"})
    assert (own.status_code, Case.objects.get().state) == (409, "draft")
    post(keepers["qin"], made["Location"], verb="save", **{**CASE, "facts": "单位拖欠工资三个月。"})
    assert Case.objects.get().facts == "单位拖欠工资三个月。"
    assert post(keepers["deng"], made["Location"], verb="publish").status_code == 302
    assert "单位拖欠工资，应当支付。" in Client().get(f"/cases/{case.pk}").content.decode()


def test_a_guide_is_not_reviewed_by_who_wrote_it_and_its_day_of_review_is_kept(keepers: Any) -> None:
    post(keepers["deng"], "/desk/library/guides/new", **GUIDE)
    at = "/desk/library/guides/late-pay"
    own = keepers["deng"].post(at, {"_key": factories.key(), "verb": "review"})
    assert (own.status_code, "要由别人审定" in own.content.decode()) == (409, True)
    assert post(keepers["qin"], at, verb="review").status_code == 302
    late = post(keepers["qin"], at, verb="publish", review_due="2020-01-01")
    assert "下次复核日期须在今天之后" in late.content.decode()
    assert post(keepers["qin"], at, verb="publish", review_due="2026-12-01").status_code == 302
    assert Guide.objects.get(slug="late-pay").review_due == date(2026, 12, 1)
    bad = post(keepers["li"], "/desk/library/guides/new", **{**GUIDE, "slug": "other-one", "norms": "劳动合同法 9000"})
    assert (bad.status_code, "先催，再投诉。" in bad.content.decode()) == (422, True)


def test_a_figure_entered_for_a_place_is_used_by_its_sums_corrected_and_refused_elsewhere(keepers: Any) -> None:
    entered = post(
        keepers["qin"],
        "/desk/library/figures",
        table="labour.average_wage",
        region="340100",
        since="2025-07-01",
        until="",
        value="８,５００",
        source="合肥统计公报2025",
    )
    assert entered.status_code == 302
    row = LocalFigure.objects.get()
    assert (str(row.value), row.region_code, row.entered_by) == ("8500.0000", "340100", str(keepers["qin_row"].pk))
    assert tables_for("340103").value("labour.average_wage", date(2026, 3, 2)) == row.value
    assert not tables_for("340200").has("labour.average_wage", date(2026, 3, 2))
    far = post(keepers["qin"], "/desk/library/figures", table="labour.average_wage", region="340200", since="2025-07-01", until="", value="9000", source="x")
    assert (far.status_code, LocalFigure.objects.count()) == (403, 1)
    for bad in ("一万", "-1", "NaN", "1e400", "1.23456"):
        refused = post(
            keepers["qin"], "/desk/library/figures", table="labour.average_wage", region="340100", since="2026-07-01", until="", value=bad, source="x"
        )
        assert (refused.status_code, bad in refused.content.decode()) == (422, True)
    mended = post(
        keepers["qin"], f"/desk/library/figures/{row.pk}", "/desk/library/figures", value="8600", until="2026-06-30", source="合肥统计公报2025（更正）"
    )
    assert mended.status_code == 302
    row.refresh_from_db()
    assert (str(row.value), row.until) == ("8600.0000", date(2026, 6, 30))


def test_every_page_of_the_keeping_opens_for_its_keepers_and_for_nobody_else(keepers: Any) -> None:
    pages = ["", "/questions", "/snippets", "/guides", "/guides/new", "/cases", "/cases/new", "/figures"]
    for path in pages:
        at = f"/desk/library{path}"
        assert keepers["li"].get(at).status_code == 200, at
        assert keepers["deng"].get(at).status_code == 200, at
        assert keepers["zhou"].get(at).status_code == 403, at
        assert Client().get(at)["Location"].startswith("/desk/sign-in"), at


def test_a_passage_with_a_name_in_it_is_refused_and_kept_on_the_page(keepers: Any) -> None:
    refused = post(keepers["li"], "/desk/library/snippets", title="开头", text="原告张三丰您好，已收到您的咨询。", norms="")
    assert (refused.status_code, "原告张三丰您好" in refused.content.decode()) == (422, True)
    assert Snippet.objects.count() == 0
