"""How close an article is written to a question: pairs of characters of every text as one row of numbers, compared by numpy alone.

A pair is a number under 65,536, so two pairs may share one: of a text's hundred pairs one in six hundred stands for another, which no
measure of closeness feels.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fawang.knowledge.search.tokens import Tokens, folding

_KEPT = 700
"""Characters of a text that are compared."""
_SIZE = 1 << 16
_TURN = np.uint16(40503)
_K1, _B = 1.2, 0.75
FEATURES = ("share of the question", "share of its words", "pairs", "share of the text", "longest run")
"""What :meth:`Read.said` tells of a document, in this order."""
COLUMNS = ("pairs", "pairs_at", "telling", "norm")
"""What :func:`columns` returns, and :class:`Closeness` takes."""
Matrix = npt.NDArray[np.float32]


def _numbers(characters: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    """The number of every pair of neighbours."""
    return np.asarray(characters[:-1] * _TURN + characters[1:], np.uint16)


def columns(texts: Sequence[str]) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.int64], Matrix, Matrix]:
    """The rows of a generation: pairs of all texts, where each begins, how telling each pair is, and how long each text is as a vector."""
    kept = [text[:_KEPT] for text in texts]
    characters = np.frombuffer("".join(kept).encode("utf-16-le", "replace"), np.uint16)
    at = np.cumsum([0, *(len(text.encode("utf-16-le", "replace")) // 2 for text in kept)])
    pairs = np.append(_numbers(folding()[characters]), np.uint16(0)) if len(characters) else np.zeros(0, np.uint16)
    telling = np.log1p(len(texts) / (np.bincount(pairs, minlength=_SIZE) + 1.0)).astype(np.float32)
    return pairs, at, telling, np.sqrt(_sums((telling**2)[pairs], at)).astype(np.float32)


def _sums(values: Matrix, at: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The sum of every run of values that begins at one of ``at`` and ends at the next."""
    return np.diff(np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])[at])


class Closeness:
    """The rows of one generation."""

    def __init__(self, pairs: npt.NDArray[np.uint16], at: npt.NDArray[np.int64], telling: Matrix, norm: Matrix) -> None:
        self._pairs, self._at, self._telling, self._norm = pairs, at, telling, norm
        self._square = telling**2
        self._usual = max(len(pairs) / max(len(at) - 1, 1), 1.0)

    def read(self, documents: npt.NDArray[np.int32]) -> Read:
        """The rows of some documents, to be compared."""
        return Read(self, documents)

    def _of(self, documents: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.int64]]:
        """Pairs of the documents one after another, and where each begins."""
        begin, end = self._at[documents], self._at[documents + 1]
        runs = [self._pairs[a:b] for a, b in zip(begin.tolist(), end.tolist(), strict=True)]
        return np.concatenate(runs) if runs else self._pairs[:0], np.concatenate([[0], np.cumsum(end - begin)])


class Read:
    """Some documents' pairs, laid side by side."""

    def __init__(self, of: Closeness, documents: npt.NDArray[np.int32]) -> None:
        self._of, self._documents = of, documents
        self._pairs, self._at = of._of(documents)

    def like(self, examples: npt.NDArray[np.int32], worth: Matrix) -> Matrix:
        """How much every document is written like some examples, each worth something: the mean cosine, without what it has of itself."""
        out = np.zeros(len(self._documents), np.float32)
        if not len(examples) or not len(out):
            return out
        share = worth / (worth.sum() + 1e-9)
        pairs, at = self._of._of(examples)
        mean = np.bincount(pairs, np.repeat(share / (self._of._norm[examples] + 1e-6), np.diff(at)), _SIZE) * self._of._square
        order = np.argsort(examples)
        place = np.minimum(np.searchsorted(examples, self._documents, sorter=order), len(examples) - 1)
        own = np.where(examples[order[place]] == self._documents, share[order[place]], 0)
        alike = _sums(mean.astype(np.float32)[self._pairs], self._at) / (self._of._norm[self._documents] + 1e-6)
        return np.asarray((alike - own) / (1 - np.minimum(own, 0.95)), np.float32)

    def said(self, asked: Tokens) -> Matrix:
        """``FEATURES`` of every document, a row a feature: how much of the question (weighed by how telling its pairs are) stands in the text, of its
        words alone, BM25 over pairs, how much of the text the question says, and how many pairs of the question follow each other there."""
        out = np.zeros((len(FEATURES), len(self._documents)), np.float32)
        spelled = [p for p in asked.pairs if len(p) == 2 and "\u3400" <= max(p) < "\U00010000"]
        if not spelled or not len(self._documents):
            return out
        numbers = _numbers(np.frombuffer("".join(spelled).encode("utf-16-le", "replace"), np.uint16))[::2]
        different, order = np.unique(numbers, return_inverse=True)
        column = np.full(_SIZE, -1, np.int16)
        column[different] = np.arange(len(different))
        weight = self._of._telling[different]
        inside = np.zeros(len(different), bool)
        in_words = {w[i : i + 2] for w in asked.words for i in range(len(w) - 1)}
        inside[order[[p in in_words for p in spelled]]] = True
        found = column[self._pairs]
        hit = (found >= 0).nonzero()[0]
        size = np.diff(self._at).astype(np.float32)
        row = self._at.searchsorted(hit, "right") - 1
        counts = np.bincount(row * len(different) + found[hit], minlength=len(out[0]) * len(different)).reshape(len(out[0]), -1).astype(np.float32)
        there = counts > 0
        said = there @ weight
        out[0] = said / (weight.sum() + 1e-6)
        out[1] = (there @ (weight * inside)) / ((weight * inside).sum() + 1e-6)
        out[2] = (counts / (counts + _K1 * (1 - _B + _B * size / self._of._usual)[:, None])) @ weight * (_K1 + 1)
        out[3] = said / (size + 30)
        place = np.arange(len(spelled), dtype=np.int32)
        missed = np.where(there[:, order], np.int32(-1), place)
        np.maximum.accumulate(missed, axis=1, out=missed)
        out[4] = np.log1p((place - missed).max(axis=1))
        return out
