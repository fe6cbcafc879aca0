"""Why something was found: words in common, what lay words stand for, a similar question; and help when nothing was."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fawang.knowledge.search.generation import Generation
from fawang.knowledge.search.heard import Heard, best_of
from fawang.knowledge.search.memory import Floats
from fawang.knowledge.search.tokens import Tokens, concepts, fold

if TYPE_CHECKING:
    from fawang.knowledge.search.asking import Hit, Query, Similar

_SHOWN = 3


def explained(found: Generation, text: str, asked: Tokens, hits: list[Hit], heard: Heard | None) -> list[Hit]:
    """The hits with their matched runs and reasons; when no bank was asked no question is named."""
    table = concepts()
    lay: dict[int, str] = {}
    folded = fold(text)
    for start, end, numbers in table.spans(folded):
        for number in numbers:
            if len(folded[start:end]) > len(lay.get(number, "")):
                lay[number] = folded[start:end]
    questions = _question_of_slot(heard) if heard is not None else {}
    return [_one(found, hit, asked, lay, questions) for hit in hits]


def _question_of_slot(heard: Heard) -> dict[int, str]:
    """Slot → the bank question likest to the one asked."""
    best: dict[int, str] = {}
    bank = heard.bank
    for n in best_of(heard.question, 40).tolist():
        for slot in bank.slots_of(int(bank.group_of[n])).tolist():
            best.setdefault(slot, bank.texts[n])
    return best


def _one(found: Generation, hit: Hit, asked: Tokens, lay: dict[int, str], questions: dict[int, str]) -> Hit:
    body = fold(hit.text)
    common = [w for w in dict.fromkeys(asked.words) if len(w) >= 2 and w in body]
    why: list[str] = ["直接引用"] if hit.cited else []
    if common:
        why.append("文字相同：" + "、".join(common[:_SHOWN]))
    marked = list(common)
    meant = []
    table = concepts()
    for number, word in lay.items():
        for form in table.forms_of[number]:
            if form in body:
                marked.append(form)
                if word != form and word not in common:
                    meant.append((body.find(form), f"“{word}”→{form}"))
    if meant:
        why.append("说法对应：" + "、".join(list(dict.fromkeys(said for _, said in sorted(meant)))[:_SHOWN]))
    law = found.names.get(fold(hit.short), -1)
    slot = found.slot_of(law, hit.number, hit.sub) if law >= 0 else -1
    if slot in questions:
        why.append("有人这样问过：" + questions[slot])
    return replace(hit, pieces=marked_runs(hit.text, body, marked), why=tuple(why[:4]))


def marked_runs(text: str, body: str, terms: list[str]) -> tuple[tuple[str, bool], ...]:
    """The text in runs, those that are one of the terms in ``body`` (the text folded) marked; joined they give the text again."""
    if not terms or len(body) != len(text):
        return ((text, False),) if text else ()
    spans = []
    for term in dict.fromkeys(terms[:80]):
        at = body.find(term) if term else -1
        while at >= 0:
            spans.append((at, at + len(term)))
            at = body.find(term, at + len(term))
    runs: list[tuple[str, bool]] = []
    at = 0
    for start, end in sorted(spans):
        if start > at:
            runs.append((text[at:start], False))
        if end > at:
            begin = max(start, at)
            if runs and runs[-1][1]:
                runs[-1] = (runs[-1][0] + text[begin:end], True)
            else:
                runs.append((text[begin:end], True))
            at = end
    if at < len(text):
        runs.append((text[at:], False))
    return tuple(runs)


def likest(found: Generation, scores: Floats, limit: int) -> list[Similar]:
    """The best bank questions, not more than two of one group, none with less than half the best one's score."""
    from fawang.knowledge.search.asking import Similar

    bank = found.bank
    out: list[Similar] = []
    groups: dict[int, int] = {}
    for n in best_of(scores, limit * 4).tolist():
        if (out and scores[n] < 0.5 * out[0].score) or len(out) >= limit:
            break
        group = int(bank.group_of[n])
        groups[group] = groups.get(group, 0) + 1
        if groups[group] <= 2:
            out.append(Similar(bank.refs[n], bank.texts[n], float(scores[n])))
    return out


def hints(text: str, query: Query) -> list[str]:
    """What to try when nothing was found."""
    found = []
    if query.law or query.level or query.kind or query.region:
        found.append("去掉筛选条件再查一次")
    if len(text) < 4:
        found.append("多写几个字：是谁、什么事、您想要什么")
    if len(text) > 60:
        found.append("只写最要紧的一两句")
    if query.day is not None:
        found.append("换一个日期：那一天可能还没有这部法律")
    return [*found, "拨打12348，或者在线提问，由律师答复"]
