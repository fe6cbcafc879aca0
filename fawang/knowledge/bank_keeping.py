"""Keeping the bank at the desk: a pair is proposed, read by somebody else, used, retired. The index learns after the change has committed."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models import F, Q

from fawang.kernel import clock, events
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import require
from fawang.kernel.text_safety import BadText, check_text
from fawang.knowledge.bank_check import ALIKE, likeness
from fawang.knowledge.guides.norms import places_of, read_norms
from fawang.knowledge.masking import still_personal
from fawang.knowledge.models import Law, Question, QuestionArticle
from fawang.knowledge.search.tokens import fold
from fawang.knowledge.services import uncite, want_index
from fawang.people.actors import Actor

SHORTEST, LONGEST = 6, 200
Place = tuple[Law, int, int]


def propose_question(*, actor: Actor, text: str, norms: str, lay_words: str = "", names: Iterable[str] = ()) -> Question:
    """Propose a pair of question and articles, one article a line. ``names``: people of the matter it comes from.

    Needs ``knowledge.propose``. Raises ``Refusal`` naming the field: too long or short, still personal, a copy, no article in force.
    """
    require("knowledge.propose", actor)
    text = text.strip()
    _check(text, lay_words, names)
    places = _places(norms)
    _no_copy(text, places)
    try:
        with transaction.atomic():
            made = Question.objects.create(
                text=text, lay_words=lay_words.strip(), group=_group(places), origin="answer", provenance=f"咨询答复改写 {clock.today()}",
                proposed_by=str(actor.staff_id or "system"), digest=hashlib.sha256(f"answer|{text}".encode()).hexdigest(),
            )  # fmt: skip
            _link(made, places)
            events.record(
                kind="knowledge.question_added",
                stream=made.pk,
                payload={"question": str(made.pk), "origin": "answer", "articles": [_written(p) for p in places]},
            )
    except IntegrityError:
        raise Refusal("form.invalid", fields={"text": Refusal("question.copy", field="text", text=text[:60])}) from None
    return made


def mend_question(*, actor: Actor, question_id: uuid.UUID, text: str, norms: str, lay_words: str = "") -> Question:
    """Change a draft; whoever changes it becomes its author, so that somebody else reads it again. Locks the question.

    Needs ``knowledge.propose``. Raises like :func:`propose_question`, ``question.state`` unless it is a draft, ``Absent``.
    """
    require("knowledge.propose", actor)
    text = text.strip()
    _check(text, lay_words, ())
    places = _places(norms)
    with transaction.atomic():
        row = _locked(question_id)
        if row.state != Question.State.DRAFT:
            raise Refusal("question.state", status=409)
        _no_copy(text, places, but=row)
        row.text, row.lay_words, row.group, row.proposed_by = text, lay_words.strip(), _group(places), str(actor.staff_id or "system")
        row.save(update_fields=["text", "lay_words", "group", "proposed_by"])
        row.articles.all().delete()
        _link(row, places)
    return row


def review_question(*, actor: Actor, question_id: uuid.UUID) -> Question:
    """Somebody else than its author stands for the pair: from now on search learns from it. Twice changes nothing. Locks the question.

    Needs ``knowledge.manage``. Raises ``Refusal`` ``question.own``, ``question.state``, ``question.articles`` when an article is no law today.
    """
    require("knowledge.manage", actor)
    with transaction.atomic():
        row = _locked(question_id)
        if row.state == Question.State.REVIEWED:
            return row
        if row.state != Question.State.DRAFT:
            raise Refusal("question.state", status=409)
        _not_own(actor, row)
        _places("\n".join(norms_of(row)))
        row.state, row.reviewed_by, row.reviewed_at = Question.State.REVIEWED, str(actor.staff_id or "system"), clock.now()
        row.save(update_fields=["state", "reviewed_by", "reviewed_at"])
        events.record(kind="knowledge.question_reviewed", stream=row.pk, payload={"question": str(row.pk), "articles": norms_of(row)})
        want_index()
    return row


def retire_question(*, actor: Actor, question_id: uuid.UUID, reason: str) -> Question:
    """Take a pair out of use, draft or reviewed, with a reason; search forgets it. Twice changes nothing. Locks the question.

    Needs ``knowledge.retire``: a pair's owner is who reviewed it, who is told when its articles change.
    Raises ``Refusal`` ``question.own``, ``field.required`` without a reason, ``Absent``.
    """
    with transaction.atomic():
        row = _locked(question_id)
        require("knowledge.retire", actor, row.reviewed_by)
        if not reason.strip():
            raise Refusal("form.invalid", fields={"reason": Refusal("field.required", field="reason")})
        if row.state == Question.State.RETIRED:
            return row
        _not_own(actor, row)
        row.state = Question.State.RETIRED
        row.save(update_fields=["state"])
        uncite(kind="question", ref=str(row.pk))
        events.record(kind="knowledge.question_retired", stream=row.pk, payload={"question": str(row.pk), "reason": reason[:200]})
        want_index()
    return row


def count_shown(ids: Iterable[str]) -> None:
    """These pairs were offered to somebody who writes an answer."""
    Question.objects.filter(pk__in=_keys(ids)).update(shown=F("shown") + 1)


def count_chosen(ids: Iterable[str]) -> None:
    """An article of these pairs was taken into an answer."""
    Question.objects.filter(pk__in=_keys(ids)).update(chosen=F("chosen") + 1)


def norms_of(question: Question) -> list[str]:
    """The articles of a pair as they are typed, the most direct first."""
    return [_written((a.law, a.number, a.sub)) for a in question.articles.select_related("law").order_by("order")]


def _keys(ids: Iterable[str]) -> list[uuid.UUID]:
    found = []
    for text in list(ids)[:20]:
        try:
            found.append(uuid.UUID(text))
        except ValueError:
            continue
    return found


def _locked(question_id: uuid.UUID) -> Question:
    row = Question.objects.select_for_update().filter(pk=question_id).first()
    if row is None:
        raise Absent
    return row


def _not_own(actor: Actor, row: Question) -> None:
    if row.proposed_by and row.proposed_by == str(actor.staff_id or "system"):
        raise Refusal("question.own", status=409)


def _check(text: str, lay_words: str, names: Iterable[str]) -> None:
    wrong: dict[str, Refusal] = {}
    if not SHORTEST <= len(text) <= LONGEST:
        wrong["text"] = Refusal("question.length", field="text")
    for field, words in (("text", text[:LONGEST]), ("lay_words", lay_words)):
        try:
            check_text(words, max_length=400)
        except BadText as bad:
            wrong.setdefault(field, Refusal(bad.code, field=field, **bad.params))
        if left := still_personal(words, names):
            wrong.setdefault(field, Refusal("question.personal", field=field, found="、".join(left)))
    if wrong:
        raise Refusal("form.invalid", fields=wrong)


def _places(norms: str) -> list[Place]:
    named = read_norms(norms)
    if not named:
        raise Refusal("form.invalid", fields={"norms": Refusal("guide.no_norms", field="norms")})
    return places_of(named)


def _written(place: Place) -> str:
    law, number, sub = place
    return f"{law.short} {number}{f'之{sub}' if sub else ''}"


def _group(places: list[Place]) -> str:
    return hashlib.blake2s("|".join(f"{law.short} {n}.{s}" for law, n, s in places).encode(), digest_size=8).hexdigest()


def _link(row: Question, places: list[Place]) -> None:
    QuestionArticle.objects.bulk_create([QuestionArticle(question=row, law=law, number=n, sub=s, order=at) for at, (law, n, s) in enumerate(places)])


def _no_copy(text: str, places: list[Place], but: Question | None = None) -> None:
    """Pairs that share an article are compared in their words; the same words anywhere are a copy too."""
    near = Q(text=text)
    for law, number, sub in places:
        near |= Q(articles__law=law, articles__number=number, articles__sub=sub)
    rows = Question.objects.filter(near).exclude(state=Question.State.RETIRED)
    if but is not None:
        rows = rows.exclude(pk=but.pk)
    plain = _plain(text)
    for other in rows.values_list("text", flat=True).distinct():
        if likeness(plain, _plain(other)) >= ALIKE:
            raise Refusal("form.invalid", fields={"text": Refusal("question.copy", field="text", text=other[:60])})


def _plain(text: str) -> str:
    return "".join(c for c in fold(text) if c.isalnum())
