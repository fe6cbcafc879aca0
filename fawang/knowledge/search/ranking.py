"""Candidates and their order: a pool from several fields and the bank, features by numpy, a small linear ranker from a reviewed file."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from fawang.knowledge.search.generation import Generation
from fawang.knowledge.search.memory import Floats, Ints
from fawang.knowledge.search.tokens import Tokens

SCORED = ("words", "meant", "article", "article_meant", "lay", "chapter", "law", "group", "group_meant", "group_both", "question")
"""Scores of a query against a candidate; each enters the ranker relative to the best one and on a logarithmic scale."""
PLAIN = ("law_prior", "asked_first", "asked", "is_law", "is_judicial", "is_regulation", "is_rule", "length")
DEEP = 300
_POOL = {"words": 60, "meant": 30, "article": 80, "article_meant": 40, "lay": 30, "group_both": 60, "question": 30}
_BARE_POOL = {"words": 200, "meant": 120}


@dataclass(frozen=True, slots=True)
class Candidates:
    """Documents with a row of raw features each, in the order of ``SCORED + PLAIN``."""

    documents: Ints
    features: npt.NDArray[np.float32]
    asked: Floats


@dataclass(frozen=True, slots=True)
class Ranker:
    """Weights of a trained file."""

    mean: npt.NDArray[np.float64]
    scale: npt.NDArray[np.float64]
    weight: npt.NDArray[np.float64]

    def score(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """One number per candidate; only its order means something."""
        found: npt.NDArray[np.float64] = ((spread_out(features) - self.mean) / self.scale) @ self.weight
        return found


def spread_out(features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Raw features as the ranker takes them: every score relative to the best candidate and as a logarithm, the rest as it is."""
    scored = features[:, : len(SCORED)]
    best = scored.max(axis=0, initial=0.0) + 1e-6
    return np.hstack([scored / best, np.log1p(np.maximum(scored, 0)), features[:, len(SCORED) :]])


@functools.cache
def ranker(name: str) -> Ranker:
    """``with_bank`` or ``bare`` of ``rules/ranker.json``."""
    held = json.loads(files("fawang.knowledge").joinpath("rules/ranker.json").read_text(encoding="utf-8"))[name]
    return Ranker(np.array(held["mean"]), np.array(held["scale"]), np.array(held["weight"]))


def candidates(found: Generation, asked: Tokens, day: int, *, region: str = "", bank: bool = True, memory: Any = None) -> Candidates:
    """The pool for a question on a day, with features. ``memory`` replaces the generation's bank (evaluation by folds)."""
    scores = _lexical(found, asked, day, region)
    live = found.documents_of(day)
    held = _Bank(found, asked, live, memory) if bank else None
    pool: list[Ints] = []
    for name, count in (_POOL if held else _BARE_POOL).items():
        if name in scores:
            pool.append(scores[name][0][:count])
        elif held:
            pool.append(held.best(name, count))
    documents = np.unique(np.concatenate(pool)) if pool else np.zeros(0, np.int32)
    documents = documents[documents >= 0]
    features = np.zeros((len(documents), len(SCORED) + len(PLAIN)), np.float32)
    for name, (ids, values) in scores.items():
        order = np.argsort(ids)
        at = np.minimum(np.searchsorted(ids[order], documents), max(len(ids) - 1, 0))
        if len(ids):
            hit = ids[order][at] == documents
            features[hit, SCORED.index(name)] = values[order][at[hit]]
    law = found.law[documents]
    level = found.level[law]
    if held:
        held.fill(features, documents)
    for offset, code in enumerate(((0, 1, 2), (4,), (3,), (5,))):
        features[:, len(SCORED) + 3 + offset] = np.isin(level, code)
    length = (found.text_at[documents + 1] - found.text_at[documents]) if len(documents) else np.zeros(0)
    features[:, -1] = np.log1p(length)
    return Candidates(documents.astype(np.int32), features, features[:, len(SCORED) + 2])


def _lexical(found: Generation, asked: Tokens, day: int, region: str) -> dict[str, tuple[Ints, Floats]]:
    """Scores of the statutes themselves: words and pairs together, concepts together with words; only what is law on the day."""
    words = list(dict.fromkeys(asked.words))
    surface = [*(("w", w, 1.0) for w in words), *(("g", p, 1.0) for p in dict.fromkeys(asked.pairs) if len(p) == 2 or not p.isascii())]
    meant = [*(("k", str(k), 1.0) for k in dict.fromkeys(asked.concepts)), *(("w", w, 1.0) for w in words)]
    places = [("live", "")]
    if not found.same_law_as_built(day):
        places.append(("past", ""))
    own = [r for r in found.live_regions if region and region[:2] == r[:2]]
    places += [("local", r) for r in own]
    result = {}
    for name, wanted in (("words", surface), ("meant", meant)):
        parts = [found.lexical[place].find(wanted, DEEP if place == "live" else DEEP // 2, only) for place, only in places]
        ids, values = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
        law = (found.start[ids] <= day) & (found.until[ids] > day) & (found.slot[ids] >= 0)
        ids, values = ids[law], values[law]
        order = np.argsort(-values, kind="stable")
        result[name] = (ids[order], values[order])
    return result


class _Bank:
    """What the bank says to a question, per slot."""

    def __init__(self, found: Generation, asked: Tokens, live: Ints, memory: Any) -> None:
        self.found, self.live = found, live
        self.bank = memory or found.bank
        self.rows = self.bank.rows_for(found)
        surface, meant = self.bank.scores(asked)
        place = self.bank.place
        self.article, self.article_meant, self.lay = surface[place["article"]], meant[place["article"]], surface[place["lay"]]
        self.chapter = surface[place["chapter"]] + meant[place["chapter"]]
        self.law = surface[place["law"]] + meant[place["law"]]
        group, group_meant = surface[place["group"]], meant[place["group"]]
        question = surface[place["question"]] + meant[place["question"]]
        self.spread = {
            "group": self._spread(group, 80), "group_meant": self._spread(group_meant, 80), "group_both": self._spread(group + group_meant, 100),
            "question": self._spread(self._by_group(question, 60), 60),
        }  # fmt: skip

    def _by_group(self, question: Floats, count: int) -> Floats:
        group = np.zeros(len(self.bank.group_at) - 1, np.float32)
        for n in _best(question, count):
            g = int(self.bank.group_of[n])
            group[g] = max(group[g], question[n])
        return group

    def _spread(self, group: Floats, count: int) -> dict[int, float]:
        """Slot → score of its best group; a later article of a group counts a little less."""
        slots: dict[int, float] = {}
        for g in _best(group, count):
            score = float(group[g])
            for order, slot in enumerate(self.bank.slots_of(int(g)).tolist()):
                value = score * (1 - 0.08 * order)
                if value > slots.get(slot, 0.0):
                    slots[slot] = value
        return slots

    def best(self, name: str, count: int) -> Ints:
        """Documents of the best slots of a feature, those that are law on the day."""
        if name in self.spread:
            slots = np.array(sorted(self.spread[name], key=lambda s: -self.spread[name][s])[:count], np.int64)
        else:
            view = "article" if name.startswith("article") else "lay"
            slots = np.asarray(self.bank.a[f"{view}_key"])[_best(getattr(self, name), count)]
        documents: Ints = self.live[slots] if len(slots) else np.zeros(0, np.int32)
        return documents

    def fill(self, features: npt.NDArray[np.float32], documents: Ints) -> None:
        """Write the bank's columns."""
        slot, chapter, law = self.found.slot[documents], self.found.chapter[documents], self.found.law[documents]
        for name, row, values in (
            ("article", self.rows["article"][slot], self.article), ("article_meant", self.rows["article"][slot], self.article_meant),
            ("lay", self.rows["lay"][slot], self.lay), ("chapter", self.rows["chapter"][chapter], self.chapter), ("law", self.rows["law"][law], self.law),
        ):  # fmt: skip
            known = row >= 0
            features[known, SCORED.index(name)] = values[row[known]]
        for name, scores in self.spread.items():
            features[:, SCORED.index(name)] = [scores.get(s, 0.0) for s in slot.tolist()]
        asked = np.asarray(self.bank.a["asked"])
        at = len(SCORED)
        features[:, at] = self.bank.law_prior(self.found)[law]
        features[:, at + 1] = np.log1p(asked[slot, 1])
        features[:, at + 2] = np.log1p(asked[slot, 0])


def _best(values: Floats, count: int) -> npt.NDArray[np.int64]:
    """Indexes of the best positive values, best first."""
    if len(values) > count:
        top = np.argpartition(-values, count - 1)[:count]
    else:
        top = np.arange(len(values))
    top = top[values[top] > 0]
    return top[np.argsort(-values[top], kind="stable")]
