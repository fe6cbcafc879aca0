"""Growing the ranker's trees: every new one makes the right candidates of the lists likelier than all before it did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fawang.knowledge.search.trees import Trees

Matrix = npt.NDArray[np.float32]
_LEVELS = np.concatenate([np.geomspace(0.0003, 0.02, 6), np.linspace(0.04, 0.94, 28), 1 - np.geomspace(0.05, 0.0002, 26)])
"""Where thresholds may lie in the order of a feature's values: close together at its upper end, where the first few of a list are told apart."""
_SEEN = 100_000
"""Rows from which the thresholds are drawn."""


@dataclass(frozen=True, slots=True)
class Growth:
    """How trees are grown: their number and depth, how far each step goes, how hard it is held back, and the share of lists and features each sees."""

    trees: int = 250
    depth: int = 5
    rate: float = 0.1
    l2: float = 3.0
    lists: float = 0.35
    features: float = 0.3


class _Lists:
    """Candidates in lists, padded to one length, with the scores they have by now."""

    def __init__(self, right: npt.NDArray[np.bool_], sizes: Sequence[int]) -> None:
        at = np.cumsum([0, *sizes])
        self.of = np.repeat(np.arange(len(sizes)), sizes)
        self._flat = self.of * max(sizes) + np.arange(len(right)) - at[self.of]
        self._scores = np.full((len(sizes), max(sizes)), -np.inf, np.float32)
        self._scores.ravel()[self._flat] = 0
        self._wanted = right / np.bincount(self.of, right)[self.of]

    def add(self, values: Matrix) -> None:
        """Raise every candidate's score."""
        self._scores.ravel()[self._flat] += values

    def slopes(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """First and second derivative of how likely the right candidates are, for every candidate."""
        share = np.exp(self._scores - self._scores.max(axis=1, keepdims=True))
        share /= share.sum(axis=1, keepdims=True)
        mine = share.ravel()[self._flat].astype(np.float64)
        return self._wanted - mine, mine * (1 - mine) + 1e-4


def grow(features: Matrix, right: npt.NDArray[np.bool_], sizes: Sequence[int], how: Growth | None = None, *, seed: int = 0) -> Trees:
    """Trees that order lists of candidates: ``features`` a row a candidate, list after list; ``sizes`` how many each list has.

    Softmax over each list, second-order steps, symmetric trees. Deterministic. Takes about 0.1 s of one core a tree for 500,000 candidates.
    """
    how, draw = how or Growth(), np.random.default_rng(seed)
    seen = features[draw.choice(len(features), min(len(features), _SEEN), replace=False)]
    quantiles = np.quantile(seen, _LEVELS, axis=0)
    edges = [np.unique(np.round(column, 4)).astype(np.float32) for column in quantiles.T]
    bins = np.stack([np.searchsorted(edge, column, "left").astype(np.uint8) for edge, column in zip(edges, features.T, strict=True)])
    lists = _Lists(right, sizes)
    feature, threshold = np.zeros((how.depth, how.trees), np.int32), np.zeros((how.depth, how.trees), np.float32)
    leaf = np.zeros((how.trees, 1 << how.depth), np.float32)
    for n in range(how.trees):
        first, second = lists.slopes()
        kept = np.flatnonzero((draw.random(len(sizes)) < how.lists)[lists.of])
        drawn = draw.choice(len(bins), max(1, round(how.features * len(bins))), replace=False)
        first, second, held = first[kept], second[kept], bins[:, kept]
        at, every = np.zeros(len(kept), np.int64), np.zeros(len(right), np.int64)
        for depth in range(how.depth):
            column, edge = _best(held, drawn, edges, at << 6, first, second, how.l2, 1 << depth)
            feature[depth, n], threshold[depth, n] = column, edges[column][edge]
            at = at * 2 + (held[column] > edge)
            every = every * 2 + (bins[column] > edge)
        size = 1 << how.depth
        leaf[n] = np.round(how.rate * np.bincount(at, first, size) / (np.bincount(at, second, size) + how.l2), 4)
        lists.add(leaf[n][every])
    return Trees(feature, threshold, leaf)


def _best(
    bins: npt.NDArray[np.uint8], drawn: npt.NDArray[np.int64], edges: list[Matrix], at: npt.NDArray[np.int64], first: npt.NDArray[np.float64],
    second: npt.NDArray[np.float64], l2: float, leaves: int,
) -> tuple[int, int]:  # fmt: skip
    """The feature and edge that part all leaves best. ``at``: the leaf of every row, times 64."""
    best, found = -np.inf, (int(drawn[0]), 0)
    for column in drawn.tolist():
        if not len(edges[column]):
            continue
        key = at + bins[column]
        low, stiff = (np.bincount(key, slope, leaves << 6).reshape(leaves, 64).cumsum(axis=1) for slope in (first, second))
        high, left = low[:, -1:] - low, stiff[:, -1:] - stiff
        gain = (low**2 / (stiff + l2) + high**2 / (left + l2)).sum(axis=0)[: len(edges[column])]
        edge = int(np.argmax(gain))
        if gain[edge] > best:
            best, found = float(gain[edge]), (column, edge)
    return found
