"""Saving answers, resuming by code, issuing the opinion, entering local figures. One verb one function."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from django.db import IntegrityError, connection, transaction

from fawang.kernel import clock, crypto, events, ids
from fawang.kernel.errors import Absent, Refusal, catalogue
from fawang.kernel.policy import require
from fawang.knowledge.calculators.tables import names
from fawang.knowledge.interviews.declaration import UNKNOWN, Interview
from fawang.knowledge.interviews.flow import Kept, answers_of, place, read_answer
from fawang.knowledge.interviews.loading import interview
from fawang.knowledge.interviews.opinion import opinion_paper, paper_to_json
from fawang.knowledge.interviews.selectors import conclusion_of, kept_answers, run_of
from fawang.knowledge.models import InterviewRun, LocalFigure, Opinion
from fawang.people.actors import Actor
from fawang.regions.selectors import division_exists

KEPT_DAYS = 90
catalogue(
    {
        "interview.unfinished": ("还有问题没有回答，答完才能出意见书。", "Some questions are still open."),
        "interview.question": ("这个问题不在您现在的路径上。", "This question is not asked on your path."),
        "figure.table": ("没有这张表。", "There is no such table."),
        "figure.region": ("没有这个行政区划。", "There is no such division."),
        "figure.dates": ("截止日期不能早于起始日期。", "The end may not be before the beginning."),
        "figure.twice": ("同一地区同一天起的数字已经录入过。", "A figure from that day is already entered for that region."),
    }
)


def start_run(code: str) -> tuple[InterviewRun, str]:
    """Begin an interview; returns the run and the code with which alone it can be found again. Raises ``Absent``."""
    try:
        chosen = interview(code)
    except KeyError:
        raise Absent from None
    lookup = ids.new_lookup_code()
    run = InterviewRun.objects.create(code_index=crypto.blind("interview.code", lookup), interview=chosen.code, version=chosen.version, answers="{}")
    return run, lookup


def give_answer(*, lookup: str, question: str, typed: str | Sequence[str]) -> tuple[Interview, Kept]:
    """Keep one answer; giving it again keeps the last one. Later answers stay, and count again where they are still asked.

    Locks the run. Raises ``Absent`` and ``Refusal`` naming the field; then nothing has changed.
    """
    with transaction.atomic():
        run = run_of(lookup, lock=True)
        chosen = interview(run.interview, run.version)
        try:
            asked = chosen.question(question)
        except KeyError:
            raise Refusal("interview.question", status=409) from None
        read_answer(asked, typed)
        kept: dict[str, str | Sequence[str]] = {**kept_answers(run), question: typed if isinstance(typed, str) else list(typed)}
        run.answers, run.changed_at = json.dumps(kept, ensure_ascii=False), clock.now()
        run.save(update_fields=["answers", "changed_at"])
    return chosen, kept


def issue_opinion(*, lookup: str, region: str = "") -> Opinion:
    """Issue the opinion on the answers as they stand: numbered, dated, once for the same answers on the same run.

    Locks the run. Raises ``Absent``, ``Refusal`` ``interview.unfinished`` while a question is open.
    """
    with transaction.atomic():
        run = run_of(lookup, lock=True)
        chosen = interview(run.interview, run.version)
        answers = answers_of(chosen, kept_answers(run))
        if place(chosen, answers).question is not None:
            raise Refusal("interview.unfinished", status=409)
        said = crypto.text_digest(json.dumps([clock.today().isoformat(), region, run.answers], ensure_ascii=False))
        if found := Opinion.objects.filter(run=run, said_digest=said).first():
            return found
        conclusion = conclusion_of(chosen, answers, region=region)
        with connection.cursor() as cursor:
            cursor.execute("SELECT nextval('knowledge_opinion_serial')")
            serial = cursor.fetchone()[0]
        number, code = f"法咨意〔{clock.today():%Y}〕{serial:06d}号", ids.new_lookup_code()
        body = paper_to_json(opinion_paper(conclusion, number=number, code=code, issued_on=clock.today()))
        made = Opinion.objects.create(
            number=number, verification_code=code, interview=chosen.code, version=chosen.version, run=run, said_digest=said,
            body=body, digest=crypto.text_digest(body), law_as_of=conclusion.on, issued_at=clock.now(),
        )  # fmt: skip
        events.record(
            kind="knowledge.opinion_issued", stream=made.pk,
            payload={"opinion": str(made.pk), "number": number, "interview": chosen.code, "version": chosen.version, "digest": made.digest},
        )  # fmt: skip
    return made


def enter_figure(*, actor: Actor, table: str, region_code: str, since: date, until: date | None, value: Decimal, source: str) -> LocalFigure:
    """A place enters a figure for its calculators. Needs ``knowledge.figures`` there. Raises ``Refusal`` naming the field."""
    require("knowledge.figures", actor, region_code)
    if table not in names():
        raise Refusal("figure.table", field="table")
    if not division_exists(region_code):
        raise Refusal("figure.region", field="region_code")
    if until is not None and until < since:
        raise Refusal("figure.dates", field="until")
    if not source.strip():
        raise Refusal("field.required", field="source")
    try:
        with transaction.atomic():
            made = LocalFigure.objects.create(
                table=table, region_code=region_code, since=since, until=until, value=value, source=source, entered_by=str(actor.staff_id or "system")
            )
            events.record(
                kind="knowledge.figure_entered", stream=made.pk,
                payload={
                    "figure": str(made.pk), "table": table, "region": region_code, "since": since.isoformat(),
                    "until": until.isoformat() if until else "", "value": str(value), "source": source,
                },
            )  # fmt: skip
    except IntegrityError:
        raise Refusal("figure.twice", field="since", status=409) from None
    return made


def correct_figure(*, actor: Actor, figure_id: uuid.UUID, value: Decimal, until: date | None, source: str) -> LocalFigure:
    """Mend a figure that was entered wrongly, or end it; what stood there before is kept in the event. Locks the figure.

    Needs ``knowledge.figures`` there. Raises ``Absent`` and ``Refusal`` naming the field. The same words again change nothing.
    """
    with transaction.atomic():
        row = LocalFigure.objects.select_for_update().filter(pk=figure_id).first()
        if row is None:
            raise Absent
        require("knowledge.figures", actor, row.region_code)
        if until is not None and until < row.since:
            raise Refusal("figure.dates", field="until")
        if not source.strip():
            raise Refusal("field.required", field="source")
        if (row.value, row.until, row.source) == (value, until, source):
            return row
        before = f"{row.value}／{row.until or ''}／{row.source}"
        row.value, row.until, row.source = value, until, source
        row.save(update_fields=["value", "until", "source"])
        events.record(
            kind="knowledge.figure_corrected", stream=row.pk,
            payload={
                "figure": str(row.pk), "table": row.table, "region": row.region_code, "until": until.isoformat() if until else "", "value": str(value),
                "source": source, "before": before,
            },
        )  # fmt: skip
    return row


def forget_old_runs(batch: int = 500) -> int:
    """Forget answers nobody has touched for 90 days; issued opinions stay. Returns how many."""
    with transaction.atomic():
        old = InterviewRun.objects.filter(changed_at__lt=clock.now() - timedelta(days=KEPT_DAYS)).values_list("pk", flat=True)[:batch]
        deleted = InterviewRun.objects.filter(pk__in=list(old)).delete()[1].get("knowledge.InterviewRun", 0)
        if deleted:
            events.record(kind="knowledge.runs_forgotten", stream="knowledge.runs", payload={"count": deleted})
    return deleted


def as_typed(answers: Mapping[str, object]) -> dict[str, str]:
    """Answers as plain words, for filling other forms."""
    return {code: str(value) for code, value in answers.items() if value != UNKNOWN}
