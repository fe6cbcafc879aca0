"""The check every interview passes at start-up: it ends, it always has something to say, and everything it says has a norm. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal

from fawang.knowledge.calculators.catalogue import CALCULATORS
from fawang.knowledge.calculators.periods import periods
from fawang.knowledge.calculators.spans import add_months
from fawang.knowledge.interviews.conditions import holds, is_comparison, months_passed
from fawang.knowledge.interviews.declaration import UNKNOWN, Condition, Given, Interview, Kind, Question, Section

_NORM = re.compile(r"\S.* [0-9]+(?:之[0-9]+)?")
_FIGURE = re.compile(r"[0-9一二三四五六七八九十百]+(?:日|天|个月|年|元|万|%|倍|周岁|小时)")
MOST_PATHS = 60_000
ALWAYS: tuple[Section, ...] = ("stand", "law", "step", "evidence", "office")


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
        if question.kind is Kind.MANY and {"any", "none"} & {c for c, _ in question.choices}:
            yield f"question {question.code}: any and none say how many are ticked, do not declare them"
        if any(months_passed(v) is not None for each in question.when for w in each.values() for v in (w if isinstance(w, tuple) else (w,))):
            yield f"question {question.code}: months that have passed may be asked about in what follows, not in what is asked"
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
    elif months_passed(value) is not None:
        if question.kind is not Kind.DATE:
            yield f"{question.code} is no day, {value} counts from one"
    elif question.kind is Kind.MANY:
        if value not in {"any", "none"} and re.sub("^(has|lacks|only):", "", value) not in codes - {value}:
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
    for code, mapping in [*((s.calculator, s.inputs) for s in interview.sums), *(("legal_aid", a.inputs) for a in interview.aid)]:
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
    items, sums = [i.when for i in interview.items], [s.when for s in interview.sums]
    return [*items, *(d.when for d in interview.deadlines), *sums, *(a.when for a in interview.aid)]


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
    """Every path must end with something in each section of ``ALWAYS``: walked for each, over the answers its conditions tell apart."""
    for section in ALWAYS:
        whens = [i.when for i in interview.items if i.section == section]
        if all(whens):
            yield from _walk(interview, section, whens)


def _walk(interview: Interview, section: Section, whens: list[tuple[Condition, ...]]) -> Iterator[str]:
    """A branch is left as soon as one item is certain, so that only paths that lack one are followed to their end."""
    asked = _that_matter(interview, whens)
    told = _told_apart(interview, asked, whens)
    today = interview.effective_from
    at_of = {q.code: at for at, q in enumerate(asked)}
    sure = sorted(((max((at_of[code] for code in each), default=-1), each) for when in whens for each in when), key=lambda s: s[0])
    open_: list[tuple[int, dict[str, Given]]] = [(0, {})]
    walked = 0
    while open_:
        at, answers = open_.pop()
        while at < len(asked) and not holds(asked[at].when, answers):
            at += 1
        if any(last < at and holds((each,), answers, today) for last, each in sure):
            continue
        if at == len(asked):
            yield f"nothing in ['{section}'] for {answers}"
            return
        walked += 1
        if walked > MOST_PATHS:
            yield f"more than {MOST_PATHS} paths to {section}: too many conditions to be checked"
            return
        open_ += [(at + 1, {**answers, asked[at].code: probe}) for probe in told[asked[at].code]]


def _that_matter(interview: Interview, whens: list[tuple[Condition, ...]]) -> list[Question]:
    """The questions these conditions name, and those that decide whether they are asked; in order."""
    codes = {code for when in whens for each in when for code in each}
    for question in reversed(interview.questions):
        if question.code in codes:
            codes |= {code for each in question.when for code in each}
    return [q for q in interview.questions if q.code in codes]


def _told_apart(interview: Interview, asked: list[Question], whens: list[tuple[Condition, ...]]) -> dict[str, tuple[Given, ...]]:
    """For each question: values that make every condition naming it both hold and fail."""
    wanted: dict[str, set[str]] = {q.code: set() for q in asked}
    for when in (*(q.when for q in asked), *whens):
        for each in when:
            for code, value in each.items():
                wanted[code].update(value if isinstance(value, tuple) else (value,))
    return {q.code: _values(q, wanted[q.code], interview.effective_from) for q in asked}


def _values(question: Question, named: set[str], today: date) -> tuple[Given, ...]:
    if question.kind in {Kind.MONEY, Kind.NUMBER, Kind.COUNT}:
        edges = sorted({Decimal(re.sub(r"[<>=]", "", v)) for v in named if is_comparison(v)})
        return (UNKNOWN, *dict.fromkeys(x for e in edges for x in (e - 1, e, e + 1)), *(() if edges else (Decimal(1),)))
    if question.kind is Kind.CHOICE:
        other = next((c for c, _ in question.choices if c not in named), None)
        return (*(c for c, _ in question.choices if c in named), *((other,) if other else ()), UNKNOWN)
    if question.kind is Kind.DATE:
        edges_ = sorted({add_months(today, -months) for v in named if (months := months_passed(v)) is not None})
        return (UNKNOWN, today, *(day for edge in edges_ for day in (edge, edge + timedelta(days=1))))
    return _probes(question)
