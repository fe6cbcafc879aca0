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
from fawang.knowledge.search.memory import Floats, Ints, Memory
from fawang.knowledge.search.tokens import Tokens

SCORED = ("words", "meant", "article", "article_meant", "lay", "chapter", "law", "group", "group_meant", "group_both", "question")
"""Scores of a query against a candidate; each enters the ranker relative to the best one and on a logarithmic scale."""
PLAIN = ("law_prior", "asked_first", "asked", "is_law", "is_judicial", "is_regulation", "is_rule", "length")
COLUMN = {name: n for n, name in enumerate(SCORED + PLAIN)}
DEEP = 300
_POOL = {"words": 150, "meant": 80, "article": 150, "article_meant": 70, "lay": 50, "group_both": 120, "question": 60}
_BARE_POOL = {"words": 200, "meant": 120}


@dataclass(frozen=True, slots=True)
class Candidates:
    """Documents with a row of features each, spread out for the ranker; ``heard`` is what the bank said (none without it)."""

    documents: Ints
    spread: npt.NDArray[np.float32]
    heard: Heard | None = None


@dataclass(frozen=True, slots=True)
class Ranker:
    """Weights of a trained file: a weight for every spread-out feature, and a small layer of neurons for how features work together."""

    mean: npt.NDArray[np.float32]
    scale: npt.NDArray[np.float32]
    direct: npt.NDArray[np.float32]
    inner: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    outer: npt.NDArray[np.float32]

    def score(self, spread: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """One number per candidate, of what :func:`spread_out` gives; only its order means something."""
        z = np.clip((spread - self.mean) / self.scale, -CLIP, CLIP)
        found: npt.NDArray[np.float32] = z @ self.direct + np.tanh(z @ self.inner + self.bias) @ self.outer
        return found


CLIP = 6.0
RANKED = ("words", "article", "group_both", "question", "meant")
BEST = ("words", "meant", "article", "group_both", "question", "lay")
NAMES = (*(f"{n}/best" for n in SCORED), *(f"log {n}" for n in SCORED), *PLAIN, *(f"rank {n}" for n in RANKED), *(f"best {n}" for n in BEST), "law's share", "chapter's share")  # fmt: skip


def spread_out(features: npt.NDArray[np.float32], law: Ints, chapter: Ints) -> npt.NDArray[np.float32]:
    """Raw features as the ranker takes them (``NAMES``): scores relative to the best candidate, as logarithms and as ranks; how good the best
    one is at all (which tells kinds of questions apart); and how much of the pool's weight lies in the same law and chapter."""
    scored = features[:, : len(SCORED)]
    best = scored.max(axis=0, initial=0.0)
    relative = scored / (best + 1e-6)
    ranks = np.empty((len(features), len(RANKED)), np.float32)
    for n, name in enumerate(RANKED):
        values = features[:, COLUMN[name]]
        place = np.empty(len(values), np.float32)
        place[np.argsort(-values, kind="stable")] = np.arange(len(values))
        ranks[:, n] = np.where(values > 0, 1 / (1 + place / 3), 0)
    weight = relative[:, [COLUMN["words"], COLUMN["group_both"], COLUMN["article"]]].sum(axis=1) ** 3
    weight = weight / (weight.sum() + 1e-9)
    shares = []
    for of in (law, chapter):
        _, at = np.unique(of, return_inverse=True)
        shares.append(np.log(np.bincount(at, weight)[at] - weight + 1e-3) if len(of) else weight)
    bests = np.broadcast_to(np.log1p(best[[COLUMN[n] for n in BEST]]), (len(features), len(BEST)))
    logs = np.log1p(np.maximum(scored, 0))
    return np.hstack([relative, logs, features[:, len(SCORED) :], ranks, bests, np.stack(shares, axis=1)]).astype(np.float32)


@functools.cache
def ranker(name: str) -> Ranker:
    """``with_bank`` or ``bare`` of ``rules/ranker.json``."""
    held = json.loads(files("fawang.knowledge").joinpath("rules/ranker.json").read_text(encoding="utf-8"))[name]
    parts = {part: np.array(held[part], np.float32) for part in ("mean", "scale", "direct", "inner", "bias", "outer")}
    return Ranker(**{**parts, "inner": parts["inner"].reshape(len(parts["mean"]), -1)})


def candidates(found: Generation, asked: Tokens, day: int, *, region: str = "", bank: bool = True, memory: Any = None) -> Candidates:
    """The pool for a question on a day, with features. ``memory`` replaces the generation's bank (evaluation by folds)."""
    scores = _lexical(found, asked, day, region)
    heard = Heard(found, asked, memory or found.bank) if bank else None
    live = found.documents_of(day)
    pool = [scores[name][0][:count] for name, count in (_POOL if heard else _BARE_POOL).items() if name in scores]
    if heard:
        pool += [live[heard.best(name, count)] for name, count in _POOL.items() if name not in scores]
    documents = np.unique(np.concatenate(pool))
    documents = documents[np.searchsorted(documents, 0) :]
    features = np.zeros((len(documents), len(SCORED) + len(PLAIN)), np.float32)
    for name, (ids, values) in scores.items():
        order = np.argsort(ids)
        features[:, COLUMN[name]] = _looked_up(ids[order], values[order], documents)
    law, chapter = found.law[documents], found.chapter[documents]
    if heard:
        heard.fill(features, found.slot[documents], chapter, law)
    features[:, -5:-1] = found.kind_of_law[law]
    features[:, -1] = found.length[documents]
    return Candidates(documents, spread_out(features, law, chapter), heard)


def _looked_up(keys: Any, values: Floats, wanted: Ints) -> Floats:
    """The values of ``wanted`` among sorted ``keys``, 0 where there is none."""
    if not len(keys):
        return np.zeros(len(wanted), np.float32)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], 0)


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
        if len(parts) > 1:
            order = np.argsort(-values, kind="stable")
            ids, values = ids[order], values[order]
        result[name] = (ids, values)
    return result


class Heard:
    """What the bank says to a question: of its questions and groups, and through them of slots."""

    def __init__(self, found: Generation, asked: Tokens, bank: Memory) -> None:
        self.bank, self.rows, self.prior = bank, bank.rows_for(found), bank.law_prior(found)
        surface, meant = bank.scores(asked)
        place, both = bank.place, surface + meant
        self.question = both[place["question"]]
        self.of = {"article": surface[place["article"]], "article_meant": meant[place["article"]], "lay": surface[place["lay"]],
                   "chapter": both[place["chapter"]], "law": both[place["law"]]}  # fmt: skip
        self.spread = {
            "group": self._spread(surface[place["group"]], 80), "group_meant": self._spread(meant[place["group"]], 80),
            "group_both": self._spread(both[place["group"]], 100), "question": self._spread(self._by_group(60), 60),
        }  # fmt: skip

    def _by_group(self, count: int) -> Floats:
        group = np.zeros(len(self.bank.group_at) - 1, np.float32)
        best = best_of(self.question, count)
        np.maximum.at(group, self.bank.group_of[best], self.question[best])
        return group

    def _spread(self, group: Floats, count: int) -> tuple[Ints, Floats]:
        """Slots, sorted, with the score of their best group; a later article of a group counts a little less."""
        best = best_of(group, count)
        at = self.bank.group_at[best]
        sizes = self.bank.group_at[best + 1] - at
        order = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        slots = self.bank.group_slots[np.repeat(at, sizes) + order]
        values = np.repeat(group[best], sizes) * (1 - 0.08 * order)
        by = np.lexsort((-values, slots))
        slots, values = slots[by], values[by]
        first = np.ones(len(slots), bool)
        first[1:] = slots[1:] != slots[:-1]
        return slots[first], values[first].astype(np.float32)

    def best(self, name: str, count: int) -> Ints:
        """The best slots of a feature."""
        if name in self.spread:
            slots, values = self.spread[name]
            return slots[np.argsort(-values, kind="stable")[:count]]
        keys: Ints = self.bank.key_of[name.partition("_")[0]]
        return keys[best_of(self.of[name], count)]

    def fill(self, features: npt.NDArray[np.float32], slot: Ints, chapter: Ints, law: Ints) -> None:
        """Write the bank's columns for candidates of these slots, chapters and laws."""
        for name, values in self.of.items():
            view = name.partition("_")[0]
            row = self.rows[view][{"chapter": chapter, "law": law}.get(view, slot)]
            features[:, COLUMN[name]] = np.where(row >= 0, values[row], 0) if len(values) else 0
        for name, (slots, values) in self.spread.items():
            features[:, COLUMN[name]] = _looked_up(slots, values, slot)
        asked = self.bank.asked[slot]
        features[:, COLUMN["law_prior"]] = self.prior[law]
        features[:, COLUMN["asked_first"]] = np.log1p(asked[:, 1])
        features[:, COLUMN["asked"]] = np.log1p(asked[:, 0])


def best_of(values: Floats, count: int) -> npt.NDArray[np.int64]:
    """Indexes of the best positive values, best first."""
    high = values.max(initial=0.0)
    for share in (0.6, 0.3, 0.0):  # most values are small: the best are looked for among the few high ones first
        top = np.flatnonzero(values > share * high)
        if len(top) >= count:
            top = top[np.argpartition(-values[top], count - 1)[:count]]
            break
    return top[np.argsort(-values[top], kind="stable")]
