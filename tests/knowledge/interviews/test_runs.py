"""Saved interviews and issued opinions, against the real database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest

from fawang.kernel.errors import Absent, Forbidden, Refusal
from fawang.kernel.events import Event
from fawang.kernel.printing import can_print_pdf, to_docx, to_pdf
from fawang.knowledge.interviews.opinion import paper_from_json
from fawang.knowledge.interviews.selectors import kept_answers, opinion_by_code, run_of, tables_for
from fawang.knowledge.interviews.services import enter_figure, forget_old_runs, give_answer, issue_opinion, start_run
from fawang.knowledge.models import InterviewRun, Opinion
from fawang.people.actors import SYSTEM
from tests import factories

pytestmark = pytest.mark.django_db
ANSWERS = {
    "kind": "company", "still": "no", "left_on": "2026-02-01", "owed": "8千", "proof": ["chat"], "boss": "delays", "signed": "yes", "many": "one",
    "aid_status": "migrant",
}  # fmt: skip


def finished() -> str:
    _, code = start_run("unpaid_wages")
    for question, typed in ANSWERS.items():
        give_answer(lookup=code, question=question, typed=typed)
    return code


def test_a_run_is_resumed_by_its_code_however_it_is_typed_and_by_nothing_else(monday: Callable[[timedelta], None]) -> None:
    _, code = start_run("unpaid_wages")
    give_answer(lookup=code, question="kind", typed="site")
    assert kept_answers(run_of(f" {code[:6].lower()}-{code[6:]} ")) == {"kind": "site"}
    with pytest.raises(Absent):
        run_of(code[:-1] + ("0" if code[-1] != "0" else "1"))
    with pytest.raises(Absent):
        run_of("9" * 100_000)


def test_answers_are_sealed_in_the_database(monday: Callable[[timedelta], None]) -> None:
    from django.db import connection

    code = finished()
    with connection.cursor() as cursor:
        cursor.execute("SELECT answers, code_index FROM knowledge_interviewrun")
        sealed, index = cursor.fetchone()
    assert b"migrant" not in bytes(sealed)
    assert code.encode() not in bytes(index)


def test_a_bad_answer_is_refused_next_to_its_field_and_changes_nothing(monday: Callable[[timedelta], None]) -> None:
    _, code = start_run("unpaid_wages")
    give_answer(lookup=code, question="kind", typed="site")
    for question, typed, said in (
        ("kind", "somewhere", "field.choice"), ("owed", "很多", "calculator.number"), ("left_on", "去年", "calculator.date"), ("owed", "", "field.required"),
    ):  # fmt: skip
        with pytest.raises(Refusal) as refused:
            give_answer(lookup=code, question=question, typed=typed)
        assert (refused.value.code, refused.value.field) == (said, question)
    with pytest.raises(Refusal):
        give_answer(lookup=code, question="no_such_question", typed="x")
    assert kept_answers(run_of(code)) == {"kind": "site"}


def test_an_opinion_is_numbered_kept_and_issued_once_for_the_same_answers(monday: Callable[[timedelta], None]) -> None:
    code = finished()
    first, again = issue_opinion(lookup=code), issue_opinion(lookup=code)
    assert first.pk == again.pk
    assert first.number.startswith("法咨意〔2026〕")
    give_answer(lookup=code, question="boss", typed="denies")
    assert issue_opinion(lookup=code).number != first.number
    assert Opinion.objects.count() == Event.objects.filter(kind="knowledge.opinion_issued").count() == 2
    kept = opinion_by_code(first.verification_code.lower())
    paper = paper_from_json(kept.body)
    assert paper.title == "法律咨询意见书"
    assert first.number in paper.foot
    assert first.verification_code in paper.foot
    assert any("2027年2月1日" in block.text for block in paper.blocks), "the last day for arbitration: a year after leaving"
    assert any("不能代替律师" in block.text for block in paper.blocks)


def test_an_unfinished_interview_gives_no_opinion(monday: Callable[[timedelta], None]) -> None:
    _, code = start_run("unpaid_wages")
    with pytest.raises(Refusal, match=r".+") as refused:
        issue_opinion(lookup=code)
    assert refused.value.code == "interview.unfinished"


def test_the_paper_prints_as_pdf_and_docx_with_rare_characters(monday: Callable[[timedelta], None]) -> None:
    from docx import Document

    from fawang.kernel import clock

    paper = paper_from_json(issue_opinion(lookup=finished()).body)
    if not can_print_pdf():
        with pytest.raises(Refusal):
            to_pdf(paper, at=clock.now())
    else:
        pdf = to_pdf(paper, at=clock.now())
        assert pdf.startswith(b"%PDF-")
        assert pdf == to_pdf(paper, at=clock.now()), "the same paper prints the same bytes"
    import io

    words = "\n".join(p.text for p in Document(io.BytesIO(to_docx(paper))).paragraphs)
    assert "法律咨询意见书" in words
    assert "8,000元" in words


def test_runs_nobody_touches_are_forgotten_after_90_days_and_opinions_stay(monday: Callable[[timedelta], None]) -> None:
    issue_opinion(lookup=finished())
    monday(timedelta(days=89))
    assert forget_old_runs() == 0
    monday(timedelta(days=2))
    assert forget_old_runs() == 1
    assert (InterviewRun.objects.count(), Opinion.objects.count()) == (0, 1)


def test_a_province_enters_its_figure_and_only_rule_editors_may(monday: Callable[[timedelta], None]) -> None:
    clerk = factories.actor(factories.staff("窗口小周", "window_clerk", at=factories.office()))
    words = {
        "table": "labour.average_wage",
        "region_code": "340000",
        "since": date(2025, 7, 1),
        "until": date(2026, 6, 30),
        "value": Decimal(8000),
        "source": "演示",
    }
    with pytest.raises(Forbidden):
        enter_figure(actor=clerk, **words)  # type: ignore[arg-type]
    enter_figure(actor=SYSTEM, **words)  # type: ignore[arg-type]
    assert tables_for("340104").value("labour.average_wage", date(2026, 3, 2)) == Decimal(8000)
    assert not tables_for("110000").has("labour.average_wage", date(2026, 3, 2))
    with pytest.raises(Refusal):
        enter_figure(actor=SYSTEM, **words)  # type: ignore[arg-type]
    with pytest.raises(Refusal):
        enter_figure(actor=SYSTEM, **{**words, "table": "no.such"})  # type: ignore[arg-type]
