"""What the question bank knows, as arrays: questions, their groups, and what they say of articles, chapters and laws.

One inverted index over rows of six views (question, group, article, lay words of an article, chapter, law), BM25 weights
worked in when it is built. Saved as plain arrays, opened by mapping them: all processes share one copy.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fawang.knowledge.search.tokens import Tokens, tokens

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]
VIEWS = ("question", "group", "article", "lay", "chapter", "law")
_K1 = 1.2
_B = {"question": 0.3, "group": 0.5, "article": 0.5, "lay": 0.5, "chapter": 0.5, "law": 0.5}
_COMMON, _COMMON_CHARACTER = 0.25, 0.06
"""A token in more than this share of a view's rows says nothing there and is left out; of single characters only the rare ones speak."""


_LATER = 0.08
"""How much less every later article of a group counts than the one before it."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A reviewed question with the slots (articles) that answer it, the most direct first."""

    text: str
    slots: tuple[int, ...]
    lay_words: str = ""
    group: str = ""
    ref: str = ""


@dataclass(slots=True)
class _Bags:
    """Token counts of many texts as flat arrays: text, token, how often."""

    text: npt.NDArray[np.int64]
    term: npt.NDArray[np.int64]
    count: npt.NDArray[np.float64]

    def in_rows(self, text: npt.NDArray[np.int64], row: npt.NDArray[np.int64]) -> list[npt.NDArray[Any]]:
        """The bags of ``text`` (may repeat) as (row, term, count), not yet added up."""
        order = np.argsort(self.text, kind="stable")
        at = np.searchsorted(self.text[order], text)
        size = np.searchsorted(self.text[order], text, "right") - at
        within = np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
        taken = order[np.repeat(at, size) + within]
        return [np.repeat(row, size), self.term[taken], self.count[taken]]


def _summed(parts: Sequence[list[npt.NDArray[Any]]], terms: int) -> tuple[npt.NDArray[np.int64], Ints, Floats]:
    row, term, count = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    key, at = np.unique(row.astype(np.int64) * terms + term, return_inverse=True)
    return key // terms, (key % terms).astype(np.int32), np.bincount(at, count).astype(np.float32)


def _weights(name: str, rows: int, found: tuple[npt.NDArray[np.int64], Ints, Floats], meant: npt.NDArray[np.bool_], common: Floats) -> Floats:
    """BM25 weights of postings (row, term, count); surface and concept tokens are each normalised by their own length."""
    row, term, tf = found
    weight = np.zeros(len(row), np.float32)
    if not len(row):
        return weight
    df = np.bincount(term, minlength=len(meant))
    idf = np.log(1 + (rows - df + 0.5) / (df + 0.5)).astype(np.float32)
    for part in (meant[term], ~meant[term]):
        length = np.bincount(row[part], weights=tf[part], minlength=rows)
        mean = max(length.mean(), 1e-6)
        f = tf[part]
        weight[part] = idf[term[part]] * f * (_K1 + 1) / (f + _K1 * (1 - _B[name] + _B[name] * length[row[part]] / mean))
    if rows > 40:
        weight[df[term] > common[term] * rows] = 0
    return weight


def build(pairs: Sequence[Pair], chapter_of: Ints, law_of: Ints, made: dict[str, Tokens] | None = None) -> dict[str, Any]:
    """The arrays of a bank: ``chapter_of`` and ``law_of`` give chapter and law of every slot. ``made`` keeps tokens between builds.

    Questions of a group stand together, in the order of their groups. Takes about 0.2 ms a question. The result goes to
    :class:`Memory` or :func:`save`.
    """
    groups: dict[tuple[str, tuple[int, ...]], list[Pair]] = defaultdict(list)
    for n, pair in enumerate(pairs):
        groups[pair.group or f"#{n}", tuple(s for s in pair.slots if s >= 0)].append(pair)
    held = [members for (_, slots), members in groups.items() if slots]
    pairs = [pair for members in held for pair in members]
    member_at = np.cumsum([0, *(len(members) for members in held)])
    group_of = np.repeat(np.arange(len(held)), np.diff(member_at))
    vocabulary: defaultdict[str, int] = defaultdict()
    vocabulary.default_factory = vocabulary.__len__
    asked = _bags([p.text for p in pairs], vocabulary, made)
    lay = _bags([members[0].lay_words for members in held], vocabulary, made)
    flat = [slots for _, slots in groups if slots]
    sizes = np.array([len(slots) for slots in flat], np.int64)
    slots = np.array([s for several in flat for s in several], np.int64)
    of = np.repeat(np.arange(len(flat)), sizes)
    first = slots[np.cumsum(sizes) - sizes] if len(flat) else slots
    numbers, every = np.arange(len(pairs)), np.arange(len(flat))
    terms = max(len(vocabulary), 1)
    meant = np.zeros(terms, bool)
    meant[[n for token, n in vocabulary.items() if token[0] == "k"]] = True
    common = np.full(terms, _COMMON, np.float32)
    common[[n for token, n in vocabulary.items() if token[0] == "c"]] = _COMMON_CHARACTER
    # every view: which groups' questions and which groups' lay words go into which row
    views: dict[str, tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]] = {
        "group": (every, every, every, every), "article": (of, slots, every, first), "lay": (of[:0], slots[:0], every, first),
        "chapter": (every, chapter_of[first], every, chapter_of[first]), "law": (every, law_of[first], every, law_of[first]),
    }  # fmt: skip
    found = {"question": _summed([asked.in_rows(numbers, numbers)], terms)}
    keys = {}
    for name, (group, key, lay_group, lay_key) in views.items():
        keys[name], row = np.unique(np.concatenate([key, lay_key]), return_inverse=True)
        low, size = member_at[group], member_at[group + 1] - member_at[group]
        texts = np.repeat(low, size) + np.arange(size.sum()) - np.repeat(np.cumsum(size) - size, size)
        found[name] = _summed([asked.in_rows(texts, np.repeat(row[: len(key)], size)), lay.in_rows(lay_group, row[len(key) :])], terms)
    counts = {"question": len(pairs), **{name: len(key) for name, key in keys.items()}}
    postings, starts = [], [0]
    for name in VIEWS:
        row, term, _ = found[name]
        weight = _weights(name, counts[name], found[name], meant, common)
        kept = weight > 0
        postings.append([row[kept] + starts[-1], term[kept], weight[kept]])
        starts.append(starts[-1] + counts[name])
    row, term, weight = (np.concatenate(columns) for columns in zip(*postings, strict=True))
    row = row + meant[term] * (starts[-1] + 1)  # concepts are added up apart, in a second run of rows
    order = np.lexsort((row, term))
    entry = np.lexsort((of, slots))
    within = np.arange(len(slots)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    times = np.stack([np.bincount(slots, minlength=len(law_of)), np.bincount(first, minlength=len(law_of))], axis=1)
    return {
        "postings": np.stack([row[order].astype(np.int32), weight[order].astype(np.float32).view(np.int32)]), "at": np.searchsorted(term[order], np.arange(len(vocabulary) + 1)).astype(np.int64),
        "starts": np.array(starts, np.int32), "group_of": group_of.astype(np.int32), "group_at": np.cumsum([0, *sizes]).astype(np.int32),
        "group_slots": slots.astype(np.int32), "member_at": member_at[:-1].astype(np.int64), "entry_group": of[entry].astype(np.int64),
        "entry_at": np.searchsorted(slots[entry], keys["article"]).astype(np.int64), "entry_weight": (1 - _LATER * within[entry]).astype(np.float32), "asked": times.astype(np.float32), **{f"{name}_key": keys[name].astype(np.int32) for name in VIEWS[2:]},
        "vocabulary": list(vocabulary), "texts": [p.text for p in pairs], "refs": [p.ref for p in pairs],
    }  # fmt: skip


def _bags(texts: Sequence[str], vocabulary: dict[str, int], made: dict[str, Tokens] | None) -> _Bags:
    """Tokens of texts, counted. ``vocabulary`` gives a new token the next number."""
    made = {} if made is None else made
    numbers: list[int] = []
    sizes = []
    for words in texts:
        held = made.get(words)
        if held is None:
            held = made[words] = tokens(words)
        before = len(numbers)
        numbers += map(vocabulary.__getitem__, (*held.surface(), *held.meant()))
        sizes.append(len(numbers) - before)
    text, terms = np.repeat(np.arange(len(texts)), np.array(sizes, np.int64)), max(len(vocabulary), 1)
    key, count = np.unique(text * terms + np.array(numbers, np.int64), return_counts=True)
    return _Bags(key // terms, key % terms, count.astype(np.float64))


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
        self.postings, self.at = np.asarray(arrays["postings"]), np.asarray(arrays["at"]).tolist()
        self.group_of, self.group_slots = np.asarray(arrays["group_of"]), np.asarray(arrays["group_slots"])
        self.group_at, self.member_at = np.asarray(arrays["group_at"]), np.asarray(arrays["member_at"])
        self.entry_group, self.entry_at, self.entry_weight = (np.asarray(arrays[f"entry_{name}"]) for name in ("group", "at", "weight"))
        self.entries = np.diff(self.entry_at, append=len(self.entry_group))
        """How many groups every article stands in."""
        self.entry_article = np.repeat(np.arange(len(self.entry_at)), self.entries)
        self.key_of: dict[str, Ints] = {name: np.asarray(arrays[f"{name}_key"]) for name in VIEWS[2:]}
        self.lay_at = np.searchsorted(self.key_of["article"], self.key_of["lay"])
        self.times_asked = np.log1p(np.asarray(arrays["asked"]).T[::-1])
        """log(1 + times) that a slot was asked for first, and at all; by slot."""
        rows, weights = self.postings
        whole = np.bincount(rows, weights.view(np.float32), 2 * (self.total + 1))
        self.whole = (whole[: self.total] + whole[self.total + 1 : -1])[self.place["question"]].astype(np.float32)
        """What a question would score that says everything every example says."""
        self._known: Known | None = None

    def scores(self, asked: Tokens) -> tuple[Floats, Floats]:
        """Scores of all rows by surface tokens and by concepts; each has a last row more, which is 0."""
        number, size = self.number, self.total + 1
        known = [n for token in dict.fromkeys([*asked.surface(), *asked.meant()]) if (n := number.get(token)) is not None]
        if not known:
            return np.zeros(size, np.float32), np.zeros(size, np.float32)
        at, postings = self.at, self.postings
        rows, weights = np.concatenate([postings[:, at[n] : at[n + 1]] for n in known], axis=1)
        found = np.bincount(rows, weights.view(np.float32), 2 * size).astype(np.float32)
        return found[:size], found[size:]

    def slots_of(self, group: int) -> Ints:
        """The slots of a group, the most direct first."""
        found: Ints = self.group_slots[self.group_at[group] : self.group_at[group + 1]]
        return found

    def known(self, generation: Any) -> Known:
        """What the bank knows about the slots, chapters and laws of a generation; worked out once."""
        if self._known is None:
            article, chapter, law = self.key_of["article"], self.key_of["chapter"], self.key_of["law"]
            row = np.full(len(generation.slot_at) - 1, len(article), np.int32)
            row[article] = np.arange(len(article))
            chapters = np.full(int(generation.chapter.max(initial=-1)) + 2, self.total, np.int32)
            chapters[chapter] = np.arange(len(chapter)) + self.place["chapter"].start
            laws = np.full(len(generation.laws) + 1, self.total, np.int32)
            laws[law] = np.arange(len(law)) + self.place["law"].start
            newest = generation.slot_docs[generation.slot_at[:-1]]
            of_slot = generation.law[newest]
            count = np.bincount(of_slot, weights=np.expm1(self.times_asked[1]), minlength=len(generation.laws))
            prior = np.append(np.log((count + 0.5) / (count.sum() + 0.5 * len(count) + 1e-9)), -12.0).astype(np.float32)
            self._known = Known(row, chapters, laws, prior, chapters[generation.chapter[newest[article]]], laws[of_slot[article]], prior[of_slot[article]])
        return self._known


@dataclass(frozen=True, slots=True)
class Known:
    """Slot → row among the slots that have examples (the number of those: none); chapter and law → row of :meth:`Memory.scores`; and
    log P(law), smoothed, of the articles asked for, with a last entry for none. ``near``: chapter's and law's row and the prior of the
    slots that have examples."""

    slot: Ints
    chapter: Ints
    law: Ints
    prior: Floats
    near_chapter: Ints
    near_law: Ints
    near_prior: Floats
