"""How well the search finds: outside questions with known articles, by folds, with and without the bank, beside plain BM25."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fawang.kernel import clock
from fawang.kernel.errors import Refusal
from fawang.knowledge.search import memory as bank_memory
from fawang.knowledge.search.asking import tokens_of
from fawang.knowledge.search.generation import Generation, generation
from fawang.knowledge.search.memory import Memory, Pair
from fawang.knowledge.search.ranking import ranker, written
from fawang.knowledge.training import FOLDS, Case, by_folds, case, cases, columns_of, fold_for, measures, outside_pairs, pairs_of_bank, robbed, some

Said = Callable[[str], None]


def measured(path: Path, *, folds: bool, said: Said | None = None) -> dict[str, Any]:
    """Measures over the questions of a file in the STARD layout, on the current generation.

    With ``folds`` also the bank that holds the other folds' questions is judged, and every ranker is trained without the fold it is
    judged on; otherwise the shipped ranker is asked as it is. ``uncovered`` are the questions none of whose articles any example of
    the bank names; "own bank without these articles" asks every question of a bank that was robbed of all examples of its articles.
    Raises ``Refusal`` ``search.no_index``.
    """
    found = generation()
    if found is None:
        raise Refusal("search.no_index")
    day = clock.today().toordinal()
    asked = outside_pairs(found, path)
    texts = {p.text for p in asked}
    own = [p for p in pairs_of_bank() if p.text not in texts]
    whole = Memory(bank_memory.build(own, *columns_of(found)))
    alone = [case(found, p, fold_for(p.text), day, whole, bank=True) for p in asked]
    bare = [case(found, p, fold_for(p.text), day, None, bank=False) for p in asked]
    if said:
        said(f"{len(asked)} questions asked of {len(own)}")
    covered = {s for p in own for s in p.slots}
    unseen = [not covered & set(p.slots) for p in asked]
    report: dict[str, Any] = {"questions": len(asked), "bank": len(own), "articles outside the library": sum(s < 0 for p in asked for s in p.slots)}
    report["plain BM25"] = _both([plain(found, p, day) for p in asked], unseen)
    report["no bank, shipped ranker"] = _both([_ranked(c, ranker("bare").score(c.features)) for c in bare], unseen)
    report["own bank, shipped ranker"] = _both([_ranked(c, ranker("with_bank").score(c.features)) for c in alone], unseen)
    without = robbed(found, asked, own, day, said=said)
    report["own bank without these articles, shipped ranker"] = measures([_ranked(c, ranker("with_bank").score(c.features)) for c in without])
    if folds:
        together = cases(found, asked, own, day, said=said)
        order = [fold_for(p.text) for p in asked]
        index = [n for fold in range(FOLDS) for n in range(len(asked)) if order[n] == fold]
        seen_by_fold = [covered | {s for p, f in zip(asked, order, strict=True) if f != fold for s in p.slots} for fold in range(FOLDS)]
        new = [not seen_by_fold[order[n]] & set(asked[n].slots) for n in index]
        report["bank with the other folds, shipped ranker"] = _both([_ranked(c, ranker("with_bank").score(c.features)) for c in together], new)
        ranked = by_folds(alone, together, without, learn=[*alone, *together, *some(asked, without)])
        report["own bank, ranker by folds"] = _both(ranked[0], unseen)
        report["bank with the other folds, ranker by folds"] = _both(ranked[1], new)
        report["own bank without these articles, ranker by folds"] = measures(ranked[2])
    return report


def _ranked(c: Case, scores: npt.NDArray[Any]) -> tuple[npt.NDArray[np.bool_], int]:
    return c.right[np.argsort(-scores, kind="stable")], c.golds


def plain(found: Generation, pair: Pair, day: int) -> tuple[npt.NDArray[np.bool_], int]:
    """The baseline: BM25 over words and pairs of the articles in force, nothing else."""
    ids, _ = found.lexical["live"].find(written(tokens_of(found, pair.text)[0]), 150)
    gold = found.documents_of(day)[np.array([s for s in pair.slots if s >= 0], np.int64)]
    return np.isin(ids[(found.start[ids] <= day) & (found.until[ids] > day)], gold[gold >= 0]), len(pair.slots)


def _both(ranked: Sequence[tuple[npt.NDArray[np.bool_], int]], unseen: Sequence[bool]) -> dict[str, Any]:
    left = [r for r, new in zip(ranked, unseen, strict=True) if new]
    return {"all": measures(ranked), "uncovered": measures(left) if left else None}
