"""Reading saved interviews, their conclusions, opinions, and the tables of a region."""

from __future__ import annotations

import json
from datetime import date

from django.db.models import QuerySet

from fawang.kernel import clock, crypto, ids
from fawang.kernel.errors import Absent
from fawang.knowledge.calculators.tables import Row, Tables, names
from fawang.knowledge.interviews.conclusion import Conclusion, conclude
from fawang.knowledge.interviews.declaration import Answers, Interview
from fawang.knowledge.interviews.flow import Kept
from fawang.knowledge.models import InterviewRun, LocalFigure, Opinion
from fawang.regions.selectors import working_calendar
from fawang.regions.working_calendar import CalendarMissing

MOST_CODE = 64


def run_of(lookup: str, *, lock: bool = False) -> InterviewRun:
    """The run of that code; ``lock`` needs a transaction. Raises ``Absent``: wrong and forgotten look the same."""
    if len(lookup) > MOST_CODE:
        raise Absent
    rows = InterviewRun.objects.select_for_update() if lock else InterviewRun.objects.all()
    found = rows.filter(code_index=crypto.blind("interview.code", ids.fold_lookup_code(lookup))).first()
    if found is None:
        raise Absent
    return found


def kept_answers(run: InterviewRun) -> Kept:
    """What was answered so far, as it was typed."""
    found: Kept = json.loads(run.answers or "{}")
    return found


def conclusion_of(chosen: Interview, answers: Answers, *, region: str = "") -> Conclusion:
    """What follows from these answers today, with the figures of that region."""
    return conclude(chosen, answers, today=clock.today(), tables=tables_for(region))


def tables_for(region: str = "") -> Tables:
    """The dated figures for a region: the province's own before the nation's; holidays from the working calendar."""
    rows = tuple(Row(f.table, names()[f.table], f.source, f.since, f.until, f.region_code, f.value) for f in LocalFigure.objects.all() if f.table in names())
    calendar = working_calendar()

    def roll(day: date) -> date | None:
        try:
            return calendar.next_working_day(day)
        except CalendarMissing:
            return None

    return Tables(region, rows, roll)


def opinion_by_code(code: str) -> Opinion:
    """The opinion of a verification code. Raises ``Absent``."""
    found = Opinion.objects.filter(verification_code=ids.fold_lookup_code(code)[:26]).first()
    if found is None:
        raise Absent
    return found


def opinions_of(run: InterviewRun) -> QuerySet[Opinion]:
    """Opinions issued on a run, newest first."""
    return Opinion.objects.filter(run=run).order_by("-issued_at")


def opinion_by_number(number: str) -> Opinion:
    """The opinion of a number, as it stands on paper. Raises ``Absent``."""
    found = Opinion.objects.filter(number="".join(number.split())[:40]).first()
    if found is None:
        raise Absent
    return found


def is_untouched(opinion: Opinion) -> bool:
    """Whether the kept paper is still the one that was issued."""
    return crypto.text_digest(opinion.body) == opinion.digest
