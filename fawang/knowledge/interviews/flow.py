"""Which questions are asked, in what order, and what an answer means. Pure; nothing typed is lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from fawang.kernel.errors import Refusal
from fawang.kernel.text_safety import BadText, check_text
from fawang.knowledge.calculators.declaration import Input, InputKind
from fawang.knowledge.calculators.values import read_value
from fawang.knowledge.interviews.conditions import holds
from fawang.knowledge.interviews.declaration import UNKNOWN, Answers, Given, Interview, Kind, Question

Kept = Mapping[str, "str | Sequence[str]"]
_INPUTS = {Kind.MONEY: InputKind.MONEY, Kind.NUMBER: InputKind.NUMBER, Kind.COUNT: InputKind.COUNT, Kind.DATE: InputKind.DATE}
MOST_TEXT = 2000


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody stands: the question to ask (``None``: done), how many are behind and about how many there are."""

    question: Question | None
    done: int
    about: int


def read_answer(question: Question, typed: str | Sequence[str]) -> Given:
    """What was typed, as an answer. Raises ``Refusal`` with the field's code."""
    if typed == UNKNOWN or (not isinstance(typed, str) and list(typed) == [UNKNOWN]):
        return UNKNOWN
    codes = {code for code, _ in question.choices}
    if question.kind is Kind.MANY:
        chosen = (typed,) if isinstance(typed, str) else tuple(typed)
        if not set(chosen) <= codes:
            raise Refusal("field.choice", field=question.code)
        return tuple(code for code, _ in question.choices if code in chosen)
    if not isinstance(typed, str):
        raise Refusal("field.invalid", field=question.code)
    if not typed.strip():
        raise Refusal("field.required", field=question.code)
    if question.kind is Kind.CHOICE:
        if typed not in codes:
            raise Refusal("field.choice", field=question.code)
        return typed
    if question.kind is Kind.TEXT:
        try:
            return check_text(typed, max_length=MOST_TEXT)
        except BadText as bad:
            raise Refusal(bad.code, field=question.code, **bad.params) from None
    low = question.low if question.low is not None else Decimal(0)
    item = Input(question.code, question.ask, _INPUTS[question.kind], low=low, high=question.high if question.high is not None else Decimal(10) ** 12)
    value = read_value(item, typed)
    if not isinstance(value, Decimal | date):
        raise Refusal("field.invalid", field=question.code)
    return value


def answers_of(interview: Interview, kept: Kept) -> dict[str, Given]:
    """The answers that count: only of questions asked on this path, in order. An answer that no longer reads is asked again."""
    found: dict[str, Given] = {}
    for question in interview.questions:
        if not holds(question.when, found) or question.code not in kept:
            continue
        try:
            found[question.code] = read_answer(question, kept[question.code])
        except Refusal:
            continue
    return found


def asked(interview: Interview, answers: Answers) -> tuple[Question, ...]:
    """The questions of this path, as far as the answers tell."""
    return tuple(q for q in interview.questions if holds(q.when, answers))


def place(interview: Interview, answers: Answers) -> Place:
    """The first question of this path not answered yet, with honest progress."""
    path = asked(interview, answers)
    open_ = [q for q in path if q.code not in answers]
    return Place(open_[0] if open_ else None, len(path) - len(open_), len(path))


def before(interview: Interview, answers: Answers, code: str) -> Question | None:
    """The question one step back from ``code`` on this path (from the end when ``code`` is empty)."""
    path = [q for q in asked(interview, answers) if q.code in answers or q.code == code]
    at = next((i for i, q in enumerate(path) if q.code == code), len(path))
    return path[at - 1] if at > 0 else None
