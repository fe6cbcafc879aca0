"""When an article changes or a law ends: the event, and a review flag on everything that cites it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from django.db import transaction

from fawang.kernel import events
from fawang.knowledge.importers.loading import Taken
from fawang.knowledge.importers.settling import ended_laws
from fawang.knowledge.models import Citation, Law, Question, QuestionArticle
from fawang.knowledge.numerals import label_of
from fawang.knowledge.services import flag


def tell_changes(changed: Sequence[Taken]) -> int:
    """One event per article that a new text of a known law changes; returns how many citations were flagged. Own transactions, one a law."""
    flagged = 0
    for taken in changed:
        version = taken.version
        if version is None:
            continue
        with transaction.atomic():
            for number, sub in taken.changed:
                citing = _citing(version.law, number, sub)
                events.record(
                    kind="knowledge.article_changed", stream=version.law_id,
                    payload={
                        "law": version.law.short, "article": label_of(number, sub), "version": str(version.version_date), "from": str(version.from_date),
                        "change": "text", "citations": len(citing),
                    },
                )  # fmt: skip
                reason = f"《{version.law.short}》{label_of(number, sub)}已由{version.version_date}的文本修改"
                flagged += _flag_all(citing, reason, version.from_date)
    return flagged


def tell_endings() -> int:
    """Flags whatever cites a law that has ended and was not flagged for it yet; returns how many."""
    flagged = 0
    cited = set(Citation.objects.filter(ended_at=None).values_list("law_id", flat=True)) | set(
        QuestionArticle.objects.filter(question__state=Question.State.REVIEWED).values_list("law_id", flat=True)
    )
    for law_id, (on, norm) in ended_laws().items():
        if law_id not in cited:
            continue
        law = Law.objects.get(pk=law_id)
        with transaction.atomic():
            numbers = set(Citation.objects.filter(law=law, ended_at=None).values_list("number", "sub")) | set(law.answers.values_list("number", "sub"))
            citing = [c for n, s in sorted(numbers) for c in _citing(law, n, s)]
            new = _flag_all(citing, f"《{law.short}》自{on}起失效（{norm}）", on)
            if new:
                events.record(kind="knowledge.law_ended", stream=law.pk, payload={"law": law.short, "on": str(on), "norm": norm, "citations": new})
            flagged += new
    return flagged


def _citing(law: Law, number: int, sub: int) -> list[Citation]:
    """Everything that cites the article; bank questions are given their citation row when they are first needed here."""
    have = set(Citation.objects.filter(law=law, number=number, sub=sub, kind="question").values_list("ref", flat=True))
    rows = [
        Citation(law=law, number=number, sub=sub, kind="question", ref=str(link.question_id), title=link.question.text[:200], owner=link.question.reviewed_by)
        for link in QuestionArticle.objects.filter(law=law, number=number, sub=sub, question__state=Question.State.REVIEWED).select_related("question")
        if str(link.question_id) not in have
    ]
    Citation.objects.bulk_create(rows, ignore_conflicts=True)
    return list(Citation.objects.filter(law=law, number=number, sub=sub, ended_at=None))


def _flag_all(citing: Iterable[Citation], reason: str, on: date) -> int:
    return sum(flag(citation=citation, reason=reason, effective_on=on) is not None for citation in citing if _concerned(citation, on))


def _concerned(citation: Citation, on: date) -> bool:
    """A case tells of the law of its own day. What somebody still acts on, a lawyer's answer too, is looked at again."""
    return citation.kind == "answer" or citation.as_of is None or citation.as_of >= on
