"""Looking again at what cites a changed article: what changed, word by word, and the three ways a review ends."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from fawang.kernel.errors import Refusal
from fawang.kernel.policy import require
from fawang.kernel.texts import Text
from fawang.knowledge.bank_keeping import retire_question
from fawang.knowledge.cases.services import withdraw_case
from fawang.knowledge.differences import Piece, compare
from fawang.knowledge.guides.services import withdraw_guide
from fawang.knowledge.models import Article, Guide, ReviewFlag
from fawang.knowledge.selectors import article_as_of, counterpart_of, law_as_of
from fawang.knowledge.services import close_flag
from fawang.knowledge.snippets import retire_snippet
from fawang.people.actors import Actor

KINDS: dict[str, Text] = {
    "answer": Text("律师答复", "Answers"), "guide": Text("常见问题", "Guides"), "case": Text("案例", "Cases"), "question": Text("题库问题", "Bank questions"),
    "snippet": Text("常用语", "Snippets"), "interview": Text("智能咨询", "Interviews"), "calculator": Text("计算器", "Calculators"), "document": Text("文书模板", "Papers"),
}  # fmt: skip
RETIRABLE = frozenset({"guide", "case", "question", "snippet"})
"""What can be taken off the site from a review. A given answer stays given; what ships with the product changes with its next edition."""


@dataclass(frozen=True, slots=True)
class Change:
    """How the article read the day before the change and on the day of it. ``after`` is empty when nothing took its place."""

    before: Article | None
    after: Article | None
    pieces: list[Piece]


def change_of(flag: ReviewFlag) -> Change:
    """The words that changed under a flag. The new text is found by its words when its number moved. A few queries."""
    cited = flag.citation
    day = flag.effective_on
    before = article_as_of(cited.law, cited.number, cited.sub, day - timedelta(days=1))
    version = law_as_of(cited.law, day)
    if version is None:
        after = None
    elif before is None:
        after = article_as_of(cited.law, cited.number, cited.sub, day)
    else:
        after = counterpart_of(before, version)
    return Change(before, after, compare(before.text if before else "", after.text if after else ""))


def finish_review(*, actor: Actor, flag_id: uuid.UUID, outcome: str, note: str = "") -> ReviewFlag:
    """End a review: ``kept`` (still right), ``changed`` (was mended), ``withdrawn`` (is retired, at once, with the reason).

    One transaction. Raises ``Forbidden``, ``Refusal`` ``review.note`` without a reason for retiring, ``review.kind`` for what cannot be retired.
    """
    with transaction.atomic():
        row = ReviewFlag.objects.select_related("citation").get(pk=flag_id)
        require("knowledge.review_own", actor, row)
        if outcome == "withdrawn" and row.state == "open":
            if row.citation.kind not in RETIRABLE:
                raise Refusal("review.kind", status=409)
            if not note.strip():
                raise Refusal("form.invalid", fields={"note": Refusal("review.note", field="note")})
            closed = close_flag(actor=actor, flag_id=flag_id, outcome=outcome, note=note)
            _retire(actor, row.citation.kind, row.citation.ref, note)
            return closed
        return close_flag(actor=actor, flag_id=flag_id, outcome=outcome, note=note)


def _retire(actor: Actor, kind: str, ref: str, reason: str) -> None:
    if kind == "guide":
        withdraw_guide(actor=actor, guide_id=Guide.objects.get(slug=ref).pk, reason=reason)
    elif kind == "case":
        withdraw_case(actor=actor, case_id=uuid.UUID(ref), reason=reason)
    elif kind == "snippet":
        retire_snippet(actor=actor, snippet_id=uuid.UUID(ref), reason=reason)
    else:
        retire_question(actor=actor, question_id=uuid.UUID(ref), reason=reason)
