"""The ranker's parts by themselves: trees judge as they would one by one, and learn what a line cannot tell."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pytest

from fawang.knowledge.boosting import Growth, grow
from fawang.knowledge.search.ranking import NAMES, ranker
from fawang.knowledge.search.trees import Trees


def _walked(trees: Trees, row: list[float]) -> float:
    """One candidate, tree by tree, question by question."""
    total = 0.0
    for n in range(trees.feature.shape[1]):
        at = 0
        for feature, threshold in zip(trees.feature[:, n], trees.threshold[:, n], strict=True):
            at = 2 * at + int(row[feature] > threshold)
        total += float(trees.leaf[n, at])
    return total


def test_all_trees_at_once_judge_as_one_after_the_other() -> None:
    draw = np.random.default_rng(7)
    trees = Trees(draw.integers(0, 6, (4, 9)).astype(np.int32), draw.normal(size=(4, 9)).astype(np.float32), draw.normal(size=(9, 16)).astype(np.float32))
    rows = draw.normal(size=(25, 6)).astype(np.float32)
    assert trees.score(rows.T) == pytest.approx([_walked(trees, row.tolist()) for row in rows], abs=1e-4)
    assert not trees.score(rows[:0].T).size


def test_trees_learn_what_two_features_say_only_together() -> None:
    def lists(draw: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
        rows = draw.normal(size=(count, 20, 5)).astype(np.float32)
        right = np.argmax(rows[:, :, 1] * rows[:, :, 3], axis=1)[:, None] == np.arange(20)
        return rows, right

    rows, right = lists(np.random.default_rng(1), 400)
    trees = grow(rows.reshape(-1, 5), right.ravel(), [20] * 400, Growth(trees=80, depth=4, rate=0.2))
    rows, right = lists(np.random.default_rng(2), 200)
    first = [bool(r[np.argmax(trees.score(x.T))]) for x, r in zip(rows, right, strict=True)]
    assert np.mean(first) > 0.6  # by chance one in twenty
    again = grow(rows.reshape(-1, 5), right.ravel(), [20] * 200, Growth(trees=5))
    assert (again.leaf == grow(rows.reshape(-1, 5), right.ravel(), [20] * 200, Growth(trees=5)).leaf).all()


@pytest.mark.parametrize("name", ["with_bank", "bare"])
def test_the_shipped_weights_are_for_the_features_as_they_are(name: str) -> None:
    held = json.loads(files("fawang.knowledge").joinpath("rules/ranker.json").read_text(encoding="utf-8"))[name]
    model = ranker(name)
    assert held["names"] == list(NAMES)
    assert len(model.mean) == len(model.direct) == len(NAMES)
    assert model.trees.feature.size
    assert model.trees.feature.max() < len(NAMES)
    assert model.trees.leaf.shape == (model.trees.feature.shape[1], 1 << model.trees.feature.shape[0])
