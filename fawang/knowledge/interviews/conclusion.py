"""What follows from the answers: where you stand, the law, the next steps with their days, evidence, the office, the sums. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from fawang.kernel.errors import Refusal
from fawang.kernel.texts import Text
from fawang.knowledge.calculators.catalogue import calculate, calculator
from fawang.knowledge.calculators.declaration import Answer
from fawang.knowledge.calculators.money import plain
from fawang.knowledge.calculators.tables import Tables
from fawang.knowledge.interviews.conditions import holds
from fawang.knowledge.interviews.declaration import SECTIONS, UNKNOWN, Answers, Given, Interview, Item, Kind, Question, Section


@dataclass(frozen=True, slots=True)
class Due:
    """Something to be done by a day, and how many days are left (negative: gone)."""

    name: Text
    by: date
    left: int
    norms: tuple[str, ...]
    cautions: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Worked:
    """A sum with its working, or the reason why it could not be worked out."""

    calculator: str
    name: Text
    answer: Answer | None
    refusal: Text | None


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The whole opinion, ready to be shown or printed. ``on`` is the day whose law applies."""

    interview: Interview
    on: date
    said: tuple[tuple[Text, Text], ...]
    items: Mapping[Section, tuple[Item, ...]]
    dues: tuple[Due, ...]
    sums: tuple[Worked, ...]
    aid: Answer | None
    norms: tuple[str, ...]


def conclude(interview: Interview, answers: Answers, *, today: date, tables: Tables) -> Conclusion:
    """The conclusion for these answers; sums that lack a figure say so instead of guessing."""
    facts = answers.get(interview.facts_on) if interview.facts_on else None
    on = facts if isinstance(facts, date) and facts <= today else today
    items: dict[Section, tuple[Item, ...]] = {
        s: tuple(_filled(i, interview, answers) for i in interview.items if i.section == s and holds(i.when, answers, today)) for s in SECTIONS
    }
    dues = tuple(sorted(_dues(interview, answers, today, tables), key=lambda due: due.by))
    sums = tuple(_sum(s.calculator, s.inputs, interview, answers, today, tables) for s in interview.sums if holds(s.when, answers, today))
    asked = next((a.inputs for a in interview.aid if holds(a.when, answers, today)), None)
    aid = None if asked is None else _sum("legal_aid", {"on": "=today", **asked}, interview, answers, today, tables, {"status": "none"}).answer
    norms = [n for each in items.values() for item in each for n in item.norms]
    norms += [n for due in dues for n in due.norms] + [n for s in sums if s.answer for n in s.answer.norms] + list(aid.norms if aid else ())
    said = tuple((q.ask, shown(q, answers[q.code])) for q in interview.questions if q.code in answers)
    return Conclusion(interview, on, said, items, dues, sums, aid, tuple(dict.fromkeys(norms)))


def shown(question: Question, given: Given) -> Text:
    """An answer as people read it."""
    if given == UNKNOWN:
        return Text("不清楚", "I don't know")
    names = dict(question.choices)
    if isinstance(given, tuple):
        found = [names[code] for code in given]
        return Text("、".join(t.zh for t in found) or "都没有", ", ".join(t.en for t in found) or "none")
    if isinstance(given, date):
        return Text(f"{given.year}年{given.month}月{given.day}日", given.isoformat())
    if isinstance(given, Decimal):
        unit = Text("元", " yuan") if question.kind is Kind.MONEY else Text("", "")
        return Text(plain(given) + unit.zh, plain(given) + unit.en)
    return names.get(given, Text(given, given))


def _filled(item: Item, interview: Interview, answers: Answers) -> Item:
    if "{" not in item.text.zh + item.text.en:
        return item
    words = {q.code: shown(q, answers[q.code]) for q in interview.questions if q.code in answers}
    zh, en = ({code: text.in_language(language) for code, text in words.items()} for language in ("zh", "en"))
    return Item(item.section, Text(item.text.zh.format_map(_Open(zh)), item.text.en.format_map(_Open(en))), item.norms, item.when)


class _Open(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "……"


def _dues(interview: Interview, answers: Answers, today: date, tables: Tables) -> list[Due]:
    found = []
    for deadline in interview.deadlines:
        start = answers.get(deadline.start)
        if not isinstance(start, date) or not holds(deadline.when, answers, today):
            continue
        try:
            answer = calculate("filing_period", {"kind": deadline.period, "start": start.isoformat()}, tables)
        except Refusal:
            continue
        by = answer.figures["last_day"]
        if isinstance(by, date):
            found.append(Due(deadline.name, by, (by - today).days, answer.norms, answer.cautions))
    return found


def _sum(
    code: str, inputs: Mapping[str, str], interview: Interview, answers: Answers, today: date, tables: Tables, otherwise: Mapping[str, str] | None = None
) -> Worked:
    typed: dict[str, str] = dict(otherwise or {})
    for name, source in inputs.items():
        given = source.removeprefix("=") if source.startswith("=") else answers.get(source)
        if given == "today":
            given = today
        if given is None or given == UNKNOWN or isinstance(given, tuple):
            continue
        typed[name] = given.isoformat() if isinstance(given, date) else str(given)
    name_ = calculator(code).name
    try:
        return Worked(code, name_, calculate(code, typed, tables), None)
    except Refusal as refusal:
        missing = Text("您有一项没有填，算不出来。", "Something was left open, so this cannot be worked out.")
        return Worked(code, name_, None, missing if refusal.code == "form.invalid" else refusal.text)
