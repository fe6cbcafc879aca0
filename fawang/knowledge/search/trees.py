"""Symmetric decision trees: every tree asks the same few questions of every candidate, so all are asked of all at once by numpy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Trees:
    """``feature`` and ``threshold``: a row a depth, a column a tree; ``leaf``: a row a tree, its value for every run of answers."""

    feature: npt.NDArray[np.int32]
    threshold: Matrix
    leaf: Matrix

    @cached_property
    def _asked(self) -> tuple[npt.NDArray[np.int32], Matrix, npt.NDArray[np.int64], Matrix]:
        depth, count = self.feature.shape
        first = (np.arange(count) << depth)[:, None]
        return self.feature.ravel(), self.threshold.ravel()[:, None], first, self.leaf.ravel()

    def score(self, columns: Matrix) -> Matrix:
        """One number per candidate; ``columns`` holds a row for every feature. A greater value than the threshold means yes."""
        feature, threshold, first, leaf = self._asked
        depth, count = self.feature.shape
        answers = (columns[feature] > threshold).view(np.uint8).reshape(depth, count, -1)
        at = answers[0].astype(np.int64)
        for answer in answers[1:]:
            at <<= 1
            at += answer
        at += first
        return np.asarray(leaf.take(at).sum(axis=0), np.float32)
