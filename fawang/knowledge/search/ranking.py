"""Candidates and their order: a pool from several fields and the bank, features by numpy, a small net and trees from a reviewed file."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt

from fawang.knowledge.search import closeness
from fawang.knowledge.search.generation import Generation
from fawang.knowledge.search.heard import TOLD, Heard
from fawang.knowledge.search.memory import Floats, Ints
from fawang.knowledge.search.tokens import Tokens
from fawang.knowledge.search.trees import Trees

SCORED = ("words", "meant", "article", "article_meant", "lay", "group", "group_meant", "group_both", "question", "chapter", "law")
"""Scores of a query against a candidate; each enters the ranker relative to the best one and on a logarithmic scale."""
PLAIN = ("asked_first", "asked", "law_prior", "is_law", "is_judicial", "is_regulation", "is_rule", "length")
COLUMN = {name: n for n, name in enumerate(SCORED + PLAIN)}
_DEEP = {"words": 220, "meant": 120}
CONCEPT = 2.0
"""What a concept counts for beside a word or a pair."""
_WORDS, _MEANT, _BANK = 140, 40, 210
"""How many candidates come from all tokens together, from concepts alone, and from the bank."""
_BARE_WORDS, _BARE_MEANT = 220, 100


@dataclass(frozen=True, slots=True)
class Candidates:
    """Documents with a row of features each, spread out for the ranker; ``heard`` is what the bank said (none without it)."""

    documents: Ints
    spread: npt.NDArray[np.float32]
    heard: Heard | None = None


@dataclass(frozen=True, slots=True)
class Ranker:
    """A trained file: a weight for every spread-out feature, a small layer of neurons for how features work together, and trees, which put the
    best of those in order."""

    mean: npt.NDArray[np.float32]
    scale: npt.NDArray[np.float32]
    direct: npt.NDArray[np.float32]
    inner: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]
    outer: npt.NDArray[np.float32]
    trees: Trees

    def score(self, spread: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """One number per candidate, of what :func:`spread_out` gives; only its order means something. The trees are asked of the net's best."""
        scores = _standard(self.net(spread))
        best = np.argpartition(-scores, WEIGHED)[:WEIGHED] if len(scores) > WEIGHED else np.arange(len(scores))
        judged = _standard(self.trees.score(spread.T[:, best]))
        more = np.full(len(scores), float(np.min(judged)) if len(judged) else 0.0, np.float32)
        more[best] = judged
        return scores + more

    def net(self, spread: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """What the weights and neurons say of every candidate."""
        z = np.asarray(spread - self.mean, np.float32)
        z /= self.scale
        np.clip(z, -CLIP, CLIP, out=z)
        inner = np.asarray(z @ self.inner, np.float32)
        inner += self.bias
        np.tanh(inner, out=inner)
        return np.asarray(z @ self.direct + inner @ self.outer, np.float32)


def _standard(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """With a mean of 0 and a deviation of 1, so that what two judges say can be added."""
    return np.asarray((scores - scores.mean()) / (scores.std() + 1e-6), np.float32) if len(scores) else scores


CLIP = 6.0
WEIGHED = 160
"""How many of the net's best the trees are asked about."""
MORE = (
    *closeness.FEATURES,
    "log pairs",
    *TOLD,
    "neighbour's words",
    "neighbour's examples",
    "same law",
    "length of the question",
    "concepts",
    "like the best",
    "like the voted",
    "understood",
)
"""Features that enter the ranker as they are."""
_FIRST_FEW = 15
RANKED = ("words", "article", "group_both", "question", "meant")
BEST = ("words", "meant", "article", "group_both", "question", "lay")
NAMES = (*(f"{n}/best" for n in SCORED), *(f"log {n}" for n in SCORED), *PLAIN, *(f"rank {n}" for n in RANKED), *(f"best {n}" for n in BEST), "law's share", "chapter's share", *MORE)  # fmt: skip
_RANKED, _BEST = [COLUMN[n] for n in RANKED], [COLUMN[n] for n in BEST]
_WEIGHED = [COLUMN[n] for n in ("words", "group_both", "article")]
_FIRST = np.arange(len(RANKED))[:, None]


def spread_out(features: npt.NDArray[np.float32], law: Ints, chapter: Ints, more: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Raw features (a row a feature) as the ranker takes them (``NAMES``, a column a feature): scores relative to the best candidate, as
    logarithms and as ranks; how good the best one is at all (which tells kinds of questions apart); and how much of the pool's weight
    lies in the same law and chapter. ``more``: the rows of ``MORE``, as they are."""
    count, size = len(SCORED), features.shape[1]
    out = np.empty((len(NAMES), size), np.float32)
    scored = features[:count]
    best: Floats = scored.max(axis=1, initial=0.0)
    relative = out[:count]
    np.multiply(scored, (1 / (best + 1e-6))[:, None], out=relative)
    np.log1p(scored, out=out[count : 2 * count])
    at = count + len(features)
    out[2 * count : at] = features[count:]
    ranked = features[_RANKED]
    order = np.argsort(-ranked, axis=1, kind="stable")
    places = out[at : at + len(RANKED)]
    places[_FIRST, order] = _place(size)
    places *= ranked > 0
    at += len(RANKED)
    out[at : at + len(BEST)] = np.log1p(best[_BEST])[:, None]
    at += len(BEST)
    weight = relative[_WEIGHED].sum(axis=0) ** 3
    weight /= weight.sum() + 1e-9
    for row, of in ((at, law), (at + 1, chapter)):
        shares = np.bincount(of, weight)[of]
        out[row] = np.log(shares - weight + 1e-3)
    out[at + 2 :] = more
    return out.T


@functools.lru_cache(64)
def _place(size: int) -> npt.NDArray[np.float32]:
    """What the first, second … place is worth."""
    return (1 / (1 + np.arange(size) / 3)).astype(np.float32)


@functools.cache
def ranker(name: str) -> Ranker:
    """``with_bank`` or ``bare`` of ``rules/ranker.json``."""
    held = json.loads(files("fawang.knowledge").joinpath("rules/ranker.json").read_text(encoding="utf-8"))[name]
    parts = {part: np.array(held[part], np.float32) for part in ("mean", "scale", "direct", "inner", "bias", "outer")}
    trees = Trees(np.array(held["feature"], np.int32), np.array(held["threshold"], np.float32), np.array(held["leaf"], np.float32))
    return Ranker(**{**parts, "inner": parts["inner"].reshape(len(parts["mean"]), -1)}, trees=trees)


def candidates(found: Generation, asked: Tokens, day: int, *, region: str = "", bank: bool = True, memory: Any = None) -> Candidates:
    """The pool for a question on a day, with features. ``memory`` replaces the generation's bank (evaluation by folds)."""
    lexical = _lexical(found, asked, day, region)
    words, meant = lexical["words"][0], lexical["meant"][0]
    heard = Heard(found, asked, memory or found.bank) if bank else None
    if heard:
        documents = _together(words[:_WORDS], meant[:_MEANT], found.documents_of(day)[heard.likely(_BANK)])
    else:
        documents = _together(words[:_BARE_WORDS], meant[:_BARE_MEANT])
    features = np.zeros((len(COLUMN), len(documents)), np.float32)
    law, chapter = found.law[documents], found.chapter[documents]
    if len(documents):
        for row, (ids, values) in zip(features, lexical.values(), strict=False):
            at = np.minimum(np.searchsorted(documents, ids), len(documents) - 1)
            there = documents[at] == ids
            row[at[there]] = values[there]
        if heard:
            heard.fill(features, found.slot[documents], chapter, law)
    features[-5:-1] = found.kind_of_law[:, law]
    features[-1] = found.length[documents]
    more = _more(found, asked, day, documents, features, law, heard)
    return Candidates(documents, spread_out(features, law, chapter, more), heard)


def _more(
    found: Generation, asked: Tokens, day: int, documents: Ints, features: npt.NDArray[np.float32], law: Ints, heard: Heard | None
) -> npt.NDArray[np.float32]:
    """The rows of ``MORE``."""
    out = np.zeros((len(MORE), len(documents)), np.float32)
    at = len(closeness.FEATURES)
    if not len(documents):
        return out
    read = found.closeness.read(documents)
    out[:at] = read.said(asked)
    pairs = out[closeness.FEATURES.index("pairs")]
    np.log1p(pairs, out=out[at])
    pairs /= pairs.max() + 1e-6
    scores = features[[COLUMN["words"], COLUMN["group_both"]]]
    scores /= scores.max(axis=1, keepdims=True) + 1e-6
    if heard:
        out[at + 1 : at + 1 + len(TOLD)] = heard.told(found.slot[documents], scores[1] ** 3)
        out[-1] = heard.understood()
        slots, votes = heard.voted()
        voted = found.documents_of(day)[slots]
        out[-2] = read.like(voted[voted >= 0], votes[voted >= 0])
    first = scores[0] + scores[1] + features[COLUMN["article"]] / (features[COLUMN["article"]].max() + 1e-6)
    best = np.argsort(-first, kind="stable")[:_FIRST_FEW]
    out[-3] = read.like(documents[best], np.exp(5 * (first[best] / (first[best[0]] + 1e-6) - 1)))
    at += 1 + len(TOLD)
    after = (np.diff(documents) == 1) & (law[1:] == law[:-1])
    np.multiply(scores[:, 1:], after, out=out[at : at + 2, :-1])
    np.maximum(out[at : at + 2, 1:], scores[:, :-1] * after, out=out[at : at + 2, 1:])
    out[at + 2] = np.log(np.bincount(law)[law])
    out[at + 3], out[at + 4] = np.log1p(len(asked.pairs)), len(set(asked.concepts))
    return out


def _together(*parts: Ints) -> Ints:
    """The documents of all parts, each once, sorted; without -1 (none)."""
    every = np.concatenate(parts)
    every.sort()
    kept = every >= 0
    kept[1:] &= every[1:] != every[:-1]
    return every[kept]


def _lexical(found: Generation, asked: Tokens, day: int, region: str) -> dict[str, tuple[Ints, Floats]]:
    """Scores of the statutes themselves: words, pairs and concepts together, concepts alone; only what is law on the day."""
    meant = [("k", str(k), CONCEPT) for k in dict.fromkeys(asked.concepts)]
    surface = [*written(asked), *meant]
    places = [("live", "")]
    if not found.same_law_as_built(day):
        places.append(("past", ""))
    if region:
        places += [("local", r) for r in found.live_regions if region[:2] == r[:2]]
    result = {}
    for name, wanted in (("words", surface), ("meant", meant)):
        parts = [found.lexical[place].find(wanted, _DEEP[name] if place == "live" else _DEEP[name] // 2, only) for place, only in places]
        ids, values = parts[0] if len(parts) == 1 else (np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts]))
        law = (found.start[ids] <= day) & (found.until[ids] > day) & (found.slot[ids] >= 0)
        if not law.all():
            ids, values = ids[law], values[law]
        if len(parts) > 1:
            order = np.argsort(-values, kind="stable")
            ids, values = ids[order], values[order]
        result[name] = (ids, values)
    return result


def written(asked: Tokens) -> list[tuple[str, str, float]]:
    """Words and pairs as the index is asked for them: what plain BM25 sees of a question."""
    words = [("w", w, 1.0) for w in dict.fromkeys(asked.words)]
    return words + [("g", p, 1.0) for p in dict.fromkeys(asked.pairs) if len(p) == 2 or not p.isascii()]
