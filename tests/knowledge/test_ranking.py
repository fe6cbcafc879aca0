"""The ranker's parts by themselves: trees judge as they would one by one, learn what a line cannot tell, and closeness is what it says."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pytest

from fawang.knowledge.boosting import Growth, grow
from fawang.knowledge.search.closeness import FEATURES, Closeness, columns
from fawang.knowledge.search.ranking import NAMES, ranker
from fawang.knowledge.search.tokens import fold, folding, tokens
from fawang.knowledge.search.trees import Trees

TEXTS = [
    "用人单位拖欠或者未足额支付劳动报酬的，劳动者可以依法向当地人民法院申请支付令。",
    "夫妻一方要求离婚的，可以由有关组织进行调解或者直接向人民法院提起离婚诉讼。",
    "",
    "用人單位应当按照勞動合同约定，及时足额支付劳动报酬。",
]


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


def test_closeness_tells_how_much_of_a_question_stands_in_a_text() -> None:
    read = Closeness(*columns(TEXTS)).read(np.arange(4, dtype=np.int32))
    whole, words, pairs, _, run = read.said(tokens("拖欠劳动报酬"))
    assert FEATURES[0] == "share of the question"
    assert whole[0] > whole[3] > whole[1] == whole[2] == 0
    assert words[0] == pytest.approx(1.0)
    assert pairs.argmax() == 0
    assert run[3] == pytest.approx(np.log1p(3))  # 劳动报酬, though the text is written 勞動 elsewhere
    assert whole[3] == pytest.approx(read.said(tokens("拖欠勞動報酬"))[0][3])


@pytest.mark.parametrize("question", ["", "?", "a", "𠀀𠀁𠀂", "劳", "wage 工资 𠀀工资"])
def test_any_question_can_be_compared_with_any_text(question: str) -> None:
    for texts in (TEXTS, ["", ""], ["𠀀𠀁"]):
        read = Closeness(*columns(texts)).read(np.arange(len(texts), dtype=np.int32))
        assert np.isfinite(read.said(tokens(question))).all()


def test_a_text_is_like_its_kind_and_not_like_itself_alone() -> None:
    read = Closeness(*columns(TEXTS)).read(np.arange(4, dtype=np.int32))
    like = read.like(np.array([3, 1], np.int32), np.array([1.0, 0.0001], np.float32))
    assert like[0] > like[1]
    assert like[2] == 0
    assert not read.like(np.zeros(0, np.int32), np.zeros(0, np.float32)).any()


def test_whole_libraries_are_folded_as_single_texts_are() -> None:
    every = "".join(TEXTS) + "ＡＢＣ１２３　Ｚ"
    units = folding()[np.frombuffer(every.encode("utf-16-le"), np.uint16)]
    assert units.tobytes().decode("utf-16-le") == fold(every)


@pytest.mark.parametrize("name", ["with_bank", "bare"])
def test_the_shipped_weights_are_for_the_features_as_they_are(name: str) -> None:
    held = json.loads(files("fawang.knowledge").joinpath("rules/ranker.json").read_text(encoding="utf-8"))[name]
    model = ranker(name)
    assert held["names"] == list(NAMES)
    assert len(model.mean) == len(model.direct) == len(NAMES)
    assert model.trees.feature.size
    assert model.trees.feature.max() < len(NAMES)
    assert model.trees.leaf.shape == (model.trees.feature.shape[1], 1 << model.trees.feature.shape[0])
