"""Why something was found: words in common, what lay words stand for, a similar question; and help when nothing was."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fawang.knowledge.search.generation import Generation
from fawang.knowledge.search.memory import Floats
from fawang.knowledge.search.tokens import Tokens, concepts, fold

if TYPE_CHECKING:
    from fawang.knowledge.search.asking import Hit, Query, Similar

_SHOWN = 3


def explained(found: Generation, text: str, asked: Tokens, hits: list[Hit], bank: Any) -> list[Hit]:
    """The hits with their matched runs and reasons; without a bank no question is named."""
    table = concepts()
    lay: dict[int, str] = {}
    folded = fold(text)
    for start, end, numbers in table.spans(folded):
        for number in numbers:
            if len(folded[start:end]) > len(lay.get(number, "")):
                lay[number] = folded[start:end]
    questions = _question_of_slot(bank, asked) if bank is not None else {}
    return [_one(found, hit, asked, lay, questions) for hit in hits]


def _question_of_slot(bank: Any, asked: Tokens) -> dict[int, str]:
    """Slot → the bank question likest to the one asked."""
    surface, meant = bank.scores(asked)
    place = bank.place["question"]
    scores = surface[place] + meant[place]
    best: dict[int, str] = {}
    count = min(40, len(scores))
    if not count:
        return best
    for n in np.argsort(-scores, kind="stable")[:count]:
        if scores[n] <= 0:
            break
        for slot in bank.slots_of(int(bank.group_of[n])).tolist():
            best.setdefault(slot, bank.texts[n])
    return best


def _one(found: Generation, hit: Hit, asked: Tokens, lay: dict[int, str], questions: dict[int, str]) -> Hit:
    table = concepts()
    body = fold(hit.text)
    common = [w for w in dict.fromkeys(asked.words) if len(w) >= 2 and w in body]
    why: list[str] = ["直接引用"] if hit.cited else []
    if common:
        why.append("文字相同：" + "、".join(common[:_SHOWN]))
    marked = list(common)
    meant = []
    for start, end, numbers in table.spans(body):
        for number in numbers:
            if number in lay:
                marked.append(body[start:end])
                if lay[number] != body[start:end] and lay[number] not in common:
                    meant.append(f"“{lay[number]}”→{body[start:end]}")
    if meant:
        why.append("说法对应：" + "、".join(list(dict.fromkeys(meant))[:_SHOWN]))
    law = found.names.get(fold(hit.short), -1)
    slot = found.slot_of(law, hit.number, hit.sub) if law >= 0 else -1
    if slot in questions:
        why.append("有人这样问过：" + questions[slot])
    return replace(hit, pieces=marked_runs(hit.text, marked), why=tuple(why[:4]))


def marked_runs(text: str, terms: list[str]) -> tuple[tuple[str, bool], ...]:
    """The text in runs, those that are one of the terms marked; joined they give the text again."""
    kept = sorted({t for t in terms if t}, key=len, reverse=True)[:40]
    body = fold(text)
    if not kept or len(body) != len(text):
        return ((text, False),) if text else ()
    runs: list[tuple[str, bool]] = []
    at = 0
    for match in re.finditer("|".join(map(re.escape, kept)), body):
        if match.start() > at:
            runs.append((text[at : match.start()], False))
        runs.append((text[match.start() : match.end()], True))
        at = match.end()
    if at < len(text):
        runs.append((text[at:], False))
    return tuple(runs)


def likest(found: Generation, scores: Floats, limit: int) -> list[Similar]:
    """The best bank questions, not more than two of one group, none with less than half the best one's score."""
    from fawang.knowledge.search.asking import Similar

    bank = found.bank
    out: list[Similar] = []
    groups: dict[int, int] = {}
    for n in np.argsort(-scores, kind="stable")[: limit * 4]:
        if scores[n] <= 0 or (out and scores[n] < 0.5 * out[0].score) or len(out) >= limit:
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
