"""What the question bank knows, as arrays: questions, their groups, and what they say of articles, chapters and laws.

One inverted index over rows of six views (question, group, article, lay words of an article, chapter, law), BM25 weights
worked in when it is built. Saved as plain arrays, opened by mapping them: all processes share one copy.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fawang.knowledge.search.tokens import Tokens, tokens

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]
VIEWS = ("question", "group", "article", "lay", "chapter", "law")
_K1 = {"question": 1.2, "group": 1.2, "article": 1.2, "lay": 1.2, "chapter": 1.2, "law": 1.2}
_B = {"question": 0.3, "group": 0.5, "article": 0.5, "lay": 0.5, "chapter": 0.5, "law": 0.5}
_COMMON = 0.25
"""A token in more than this share of the questions says nothing and is left out."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A reviewed question with the slots (articles) that answer it, the most direct first."""

    text: str
    slots: tuple[int, ...]
    lay_words: str = ""
    group: str = ""
    ref: str = ""


class _View:
    def __init__(self, name: str) -> None:
        self.name = name
        self.rows: list[Counter[int]] = []

    def weights(self, meant: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], Ints, Floats]:
        """(row, term, weight) of all postings; surface and concept tokens are each normalised by their own length."""
        row = np.repeat(np.arange(len(self.rows)), [len(c) for c in self.rows])
        term = np.fromiter((t for c in self.rows for t in c), np.int32, len(row))
        tf = np.fromiter((n for c in self.rows for n in c.values()), np.float32, len(row))
        if not len(row):
            return row, term, tf
        df = np.bincount(term)
        n = len(self.rows)
        idf = np.log(1 + (n - df + 0.5) / (df + 0.5)).astype(np.float32)
        weight = np.zeros(len(row), np.float32)
        k1, b = _K1[self.name], _B[self.name]
        for part in (meant[term], ~meant[term]):
            length = np.bincount(row[part], weights=tf[part], minlength=n)
            mean = max(length.mean(), 1e-6)
            f = tf[part]
            weight[part] = idf[term[part]] * f * (k1 + 1) / (f + k1 * (1 - b + b * length[row[part]] / mean))
        weight[df[term] > _COMMON * n] = 0 if n > 40 else weight[df[term] > _COMMON * n]
        return row, term, weight


def build(pairs: Sequence[Pair], chapter_of: Ints, law_of: Ints, made: dict[str, Tokens] | None = None) -> dict[str, Any]:
    """The arrays of a bank: ``chapter_of`` and ``law_of`` give chapter and law of every slot. ``made`` keeps tokens between builds.

    Takes about 0.4 ms a question. The result goes to :class:`Memory` or :func:`save`.
    """
    made = {} if made is None else made

    def of(text: str) -> Tokens:
        if text not in made:
            made[text] = tokens(text)
        return made[text]

    vocabulary: dict[str, int] = {}

    def counted(parts: Iterable[str]) -> Counter[int]:
        found: Counter[int] = Counter()
        for part in parts:
            t = of(part)
            for token in (*t.surface(), *t.meant()):
                found[vocabulary.setdefault(token, len(vocabulary))] += 1
        return found

    groups: dict[tuple[str, tuple[int, ...]], list[int]] = defaultdict(list)
    for n, pair in enumerate(pairs):
        groups[pair.group or f"#{n}", pair.slots].append(n)
    questions = [counted([p.text]) for p in pairs]
    lay_of = [counted(pairs[members[0]].lay_words.split()) for members in groups.values()]
    by_slot: dict[int, Counter[int]] = defaultdict(Counter)
    lay_by_slot: dict[int, Counter[int]] = defaultdict(Counter)
    by_chapter: dict[int, Counter[int]] = defaultdict(Counter)
    by_law: dict[int, Counter[int]] = defaultdict(Counter)
    whole: list[Counter[int]] = []
    asked = np.zeros((len(law_of), 2), np.float32)
    for ((_, slots), members), lay in zip(groups.items(), lay_of, strict=True):
        total = sum((questions[n] for n in members), Counter())
        for order, slot in enumerate(slots):
            by_slot[slot].update(total)
            asked[slot, 0] += 1
            if order == 0:
                asked[slot, 1] += 1
                lay_by_slot[slot].update(lay)
                by_slot[slot].update(lay)
        total.update(lay)
        whole.append(total)
        by_chapter[int(chapter_of[slots[0]])].update(total)
        by_law[int(law_of[slots[0]])].update(total)
    views = {name: _View(name) for name in VIEWS}
    views["question"].rows, views["group"].rows = questions, whole
    keys = {"article": by_slot, "lay": lay_by_slot, "chapter": by_chapter, "law": by_law}
    for name, held in keys.items():
        views[name].rows = list(held.values())
    meant = np.zeros(len(vocabulary), bool)
    meant[[n for token, n in vocabulary.items() if token[0] == "k"]] = True
    arrays = _postings(views, meant)
    group_of = np.full(len(pairs), -1, np.int32)
    for number, numbers in enumerate(groups.values()):
        group_of[numbers] = number
    flat = [slots for _, slots in groups]
    return {
        **arrays, "group_of": group_of, "group_at": np.cumsum([0, *(len(s) for s in flat)]).astype(np.int32),
        "group_slots": np.array([s for slots in flat for s in slots], np.int32), "asked": asked,
        **{f"{name}_key": np.array(list(held), np.int32) for name, held in keys.items()},
        "vocabulary": list(vocabulary), "texts": [p.text for p in pairs], "refs": [p.ref for p in pairs],
    }  # fmt: skip


def _postings(views: dict[str, _View], meant: npt.NDArray[np.bool_]) -> dict[str, Any]:
    rows, terms, weights, starts = [], [], [], [0]
    for name in VIEWS:
        row, term, weight = views[name].weights(meant)
        keep = weight > 0
        rows.append(row[keep] + starts[-1])
        terms.append(term[keep])
        weights.append(weight[keep])
        starts.append(starts[-1] + len(views[name].rows))
    row, term, weight = np.concatenate(rows), np.concatenate(terms), np.concatenate(weights)
    order = np.lexsort((row, term))
    at = np.searchsorted(term[order], np.arange(len(meant) + 1))
    return {
        "rows": row[order].astype(np.int32), "weights": weight[order].astype(np.float32), "at": at.astype(np.int64), "starts": np.array(starts, np.int32),
        "meant": meant,
    }  # fmt: skip


_LISTS = ("vocabulary", "texts", "refs")


def save(folder: Path, arrays: dict[str, Any]) -> None:
    """Write the arrays into a folder of their own."""
    folder.mkdir(parents=True)
    for name, value in arrays.items():
        if name in _LISTS:
            (folder / f"{name}.json").write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8", errors="surrogatepass")
        else:
            np.save(folder / f"{name}.npy", value, allow_pickle=False)


def load(folder: Path) -> Memory:
    """Open what :func:`save` wrote; arrays are mapped, not read."""
    arrays: dict[str, Any] = {p.stem: np.load(p, mmap_mode="r", allow_pickle=False) for p in folder.glob("*.npy")}
    for name in _LISTS:
        arrays[name] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8", errors="surrogatepass"))
    return Memory(arrays)


class Memory:
    """Asks the arrays: how well a question fits every question, group, article, chapter and law of the bank."""

    def __init__(self, arrays: dict[str, Any]) -> None:
        self.a = arrays
        self.number = {token: n for n, token in enumerate(arrays["vocabulary"])}
        starts = [int(s) for s in arrays["starts"]]
        self.place = {name: slice(starts[n], starts[n + 1]) for n, name in enumerate(VIEWS)}
        self.total = starts[-1]
        self.texts: list[str] = arrays["texts"]
        self.refs: list[str] = arrays["refs"]
        self.rows, self.weights, self.at = np.asarray(arrays["rows"]), np.asarray(arrays["weights"]), np.asarray(arrays["at"]).tolist()
        self.group_of, self.group_slots = np.asarray(arrays["group_of"]), np.asarray(arrays["group_slots"])
        self.group_at, self.asked = np.asarray(arrays["group_at"]), np.asarray(arrays["asked"])
        self.key_of = {name: np.asarray(arrays[f"{name}_key"]) for name in VIEWS[2:]}
        self._prior: Floats | None = None
        self._rows: dict[str, Ints] | None = None

    def scores(self, asked: Tokens) -> tuple[Floats, Floats]:
        """Scores of all rows: by surface tokens, by concepts."""
        return self._sum(asked.surface()), self._sum(asked.meant())

    def _sum(self, found: list[str]) -> Floats:
        known = [n for token in dict.fromkeys(found) if (n := self.number.get(token)) is not None]
        if not known:
            return np.zeros(self.total, np.float32)
        spans = [slice(self.at[n], self.at[n + 1]) for n in known]
        rows, weights = np.concatenate([self.rows[s] for s in spans]), np.concatenate([self.weights[s] for s in spans])
        return np.bincount(rows, weights, self.total).astype(np.float32)

    def slots_of(self, group: int) -> Ints:
        """The slots of a group, the most direct first."""
        found: Ints = self.group_slots[self.group_at[group] : self.group_at[group + 1]]
        return found

    def law_prior(self, generation: Any) -> Floats:
        """log P(law), smoothed, of the articles asked for; one entry a law and a last one for none."""
        if self._prior is None:
            law = generation.law[generation.slot_docs[generation.slot_at[:-1]]]
            count = np.bincount(law, weights=self.asked[:, 0], minlength=len(generation.laws))
            self._prior = np.append(np.log((count + 0.5) / (count.sum() + 0.5 * len(count) + 1e-9)), -12.0).astype(np.float32)
        return self._prior

    def rows_for(self, generation: Any) -> dict[str, Ints]:
        """Slot, chapter and law → row of their view (-1: none)."""
        if self._rows is None:
            slots = len(generation.slot_at) - 1
            sizes = {"article": slots, "lay": slots, "chapter": int(generation.chapter.max(initial=-1)) + 2, "law": len(generation.laws) + 1}
            self._rows = {}
            for name, size in sizes.items():
                row = np.full(size, -1, np.int32)
                row[self.key_of[name]] = np.arange(len(self.key_of[name]))
                self._rows[name] = row
        return self._rows
