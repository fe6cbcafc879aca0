"""The check every interview passes at start-up: it ends, it always has something to say, and everything it says has a norm. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from decimal import Decimal

from fawang.knowledge.calculators.catalogue import CALCULATORS
from fawang.knowledge.calculators.periods import periods
from fawang.knowledge.interviews.conditions import holds, is_comparison
from fawang.knowledge.interviews.declaration import UNKNOWN, Condition, Given, Interview, Kind, Question

_NORM = re.compile(r"\S.* [0-9]+(?:之[0-9]+)?")
_FIGURE = re.compile(r"[0-9一二三四五六七八九十百]+(?:日|天|个月|年|元|万|%|倍|周岁|小时)")
MOST_PATHS = 60_000


def problems_of(interview: Interview, known: Callable[[str], bool] | None = None) -> list[str]:
    """Everything that is wrong with it. ``known`` tells whether an article exists and is in force (left out: not asked)."""
    faults = [*_questions(interview), *_references(interview), *_norms(interview, known)]
    return faults or list(_paths(interview))


def _questions(interview: Interview) -> Iterator[str]:
    seen: dict[str, Question] = {}
    for question in interview.questions:
        if question.code in seen:
            yield f"question {question.code} stands twice"
        if question.kind in {Kind.CHOICE, Kind.MANY} and len(question.choices) < 2:
            yield f"question {question.code} needs choices"
        if UNKNOWN in {c for c, _ in question.choices}:
            yield f"question {question.code}: unknown is always offered, do not declare it"
        yield from (f"question {question.code}: {fault}" for fault in _conditions(question.when, seen))
        seen[question.code] = question


def _conditions(when: tuple[Condition, ...], seen: dict[str, Question]) -> Iterator[str]:
    for each in when:
        for code, wanted in each.items():
            if code not in seen:
                yield f"condition names {code}, which is not asked before"
                continue
            for value in wanted if isinstance(wanted, tuple) else (wanted,):
                yield from _value(seen[code], value)


def _value(question: Question, value: str) -> Iterator[str]:
    codes = {c for c, _ in question.choices}
    if value in {"absent", "given", UNKNOWN}:
        return
    if is_comparison(value):
        if question.kind not in {Kind.MONEY, Kind.NUMBER, Kind.COUNT}:
            yield f"{question.code} is no number, {value} compares one"
    elif value.startswith("has:"):
        if question.kind is not Kind.MANY or value.removeprefix("has:") not in codes:
            yield f"{question.code} has no {value}"
    elif question.kind is not Kind.CHOICE or value not in codes:
        yield f"{question.code} has no choice {value}"


def _references(interview: Interview) -> Iterator[str]:
    asked = {q.code: q for q in interview.questions}
    for when in _all_conditions(interview):
        yield from _conditions(when, asked)
    known_periods = {p.code for p in periods()}
    for deadline in interview.deadlines:
        if deadline.period not in known_periods:
            yield f"no period {deadline.period}"
        if deadline.start not in asked or asked[deadline.start].kind is not Kind.DATE:
            yield f"deadline {deadline.period} starts from {deadline.start}, which is no day asked"
    inputs = {c.code: {i.code for i in c.inputs} for c in CALCULATORS}
    for code, mapping in [*((s.calculator, s.inputs) for s in interview.sums), ("legal_aid", interview.aid)]:
        if code not in inputs:
            yield f"no calculator {code}"
            continue
        for name, source in mapping.items():
            if name not in inputs[code]:
                yield f"calculator {code} has no input {name}"
            if not source.startswith("=") and source not in asked:
                yield f"calculator {code}: {source} is not asked"
    if interview.facts_on and (interview.facts_on not in asked or asked[interview.facts_on].kind is not Kind.DATE):
        yield f"facts_on names {interview.facts_on}, which is no day asked"


def _all_conditions(interview: Interview) -> list[tuple[Condition, ...]]:
    return [*(i.when for i in interview.items), *(d.when for d in interview.deadlines), *(s.when for s in interview.sums)]


def _norms(interview: Interview, known: Callable[[str], bool] | None) -> Iterator[str]:
    for item in interview.items:
        if not (item.text.zh.strip() and item.text.en.strip()):
            yield f"an item of {item.section} lacks a language"
        if not item.norms and (item.section in {"stand", "law"} or _FIGURE.search(item.text.zh)):
            yield f"no norm: {item.text.zh[:40]}"
        for norm in item.norms:
            if not _NORM.fullmatch(norm):
                yield f"not an article: {norm}"
            elif known is not None and not known(norm):
                yield f"not in force or not in the library: {norm}"


def _probes(question: Question) -> tuple[Given, ...]:
    if question.kind is Kind.CHOICE:
        return (*(c for c, _ in question.choices), UNKNOWN)
    if question.kind is Kind.MANY:
        return ((), *((c,) for c, _ in question.choices), tuple(c for c, _ in question.choices), UNKNOWN)
    return (UNKNOWN,)


def _paths(interview: Interview) -> Iterator[str]:
    """Walk every path over the answers that conditions can tell apart; each must end with a stand, a step and an office."""
    told = _told_apart(interview)
    open_: list[tuple[int, dict[str, Given]]] = [(0, {})]
    walked = 0
    while open_:
        at, answers = open_.pop()
        while at < len(interview.questions) and not holds(interview.questions[at].when, answers):
            at += 1
        if at < len(interview.questions):
            question = interview.questions[at]
            open_ += [(at + 1, {**answers, question.code: probe}) for probe in told.get(question.code, (UNKNOWN,))]
            continue
        walked += 1
        if walked > MOST_PATHS:
            yield f"more than {MOST_PATHS} paths: too many conditions to be checked"
            return
        lacking = [s for s in ("stand", "law", "step", "evidence", "office") if not any(i.section == s and holds(i.when, answers) for i in interview.items)]
        if lacking:
            yield f"nothing in {lacking} for {answers}"
            return


def _told_apart(interview: Interview) -> dict[str, tuple[Given, ...]]:
    """For each question that a condition names: values that make every condition both hold and fail."""
    wanted: dict[str, set[str]] = {}
    for when in (*(q.when for q in interview.questions), *_all_conditions(interview)):
        for each in when:
            for code, value in each.items():
                wanted.setdefault(code, set()).update(value if isinstance(value, tuple) else (value,))
    found: dict[str, tuple[Given, ...]] = {}
    for question in interview.questions:
        named = wanted.get(question.code)
        if named is None:
            continue
        if question.kind in {Kind.MONEY, Kind.NUMBER, Kind.COUNT}:
            edges = sorted({Decimal(re.sub(r"[<>=]", "", v)) for v in named if is_comparison(v)})
            found[question.code] = (UNKNOWN, *dict.fromkeys(x for e in edges for x in (e - 1, e, e + 1)), *(() if edges else (Decimal(1),)))
        elif question.kind is Kind.CHOICE:
            other = next((c for c, _ in question.choices if c not in named), None)
            found[question.code] = (*(c for c, _ in question.choices if c in named), *((other,) if other else ()), UNKNOWN)
        elif question.kind is Kind.DATE:
            found[question.code] = (UNKNOWN, interview.effective_from)
        else:
            found[question.code] = _probes(question)
    return found
