"""What the bank says to one question: of its questions and groups, and through them of articles, chapters and laws."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fawang.knowledge.search.generation import Generation
from fawang.knowledge.search.memory import Floats, Ints, Memory
from fawang.knowledge.search.tokens import Tokens

_NEAR = 1.0, 0.5, 0.1
"""What chapter, law and how often people ask about the law count for beside the article's own examples."""
_BANK_WEIGHTS = np.array([1.0, 0.6, 0.4, 0.5, 0.5, 1.0, 1.0], np.float32)[:, None]
"""What article, article_meant … question count for when the bank's candidates are chosen, each relative to its best."""
_WITNESSES = 60
_SHARP = 3.0, 8.0
_COUNTED = 10, 30
_VOTED = 40
TOLD = ("share of its likest example", *(f"votes at {n:g}" for n in _SHARP), *(f"among {n} likest" for n in _COUNTED), "answers together")
"""What :meth:`Heard.told` says of a candidate, in this order."""


class Heard:
    """One question and one bank."""

    def __init__(self, found: Generation, asked: Tokens, bank: Memory) -> None:
        self.bank, self.known = bank, bank.known(found)
        surface, meant = bank.scores(asked)
        place, count = bank.place, len(bank.entry_at)
        self.both = surface + meant
        self.asked = asked
        self.votes = np.zeros(0, np.float32)
        self.question = self.both[place["question"]]
        self.rows = np.zeros((len(_BANK_WEIGHTS), count + 1), np.float32)
        if count:
            self.rows[0, :-1], self.rows[1, :-1] = surface[place["article"]], meant[place["article"]]
            self.rows[2, bank.lay_at] = surface[place["lay"]]
            groups = np.stack([x[place["group"]] for x in (surface, meant, self.both)] + [np.maximum.reduceat(self.question, bank.member_at)])
            np.maximum.reduceat(groups.take(bank.entry_group, axis=1) * bank.entry_weight, bank.entry_at, axis=1, out=self.rows[3:, :-1])

    def likely(self, count: int) -> Ints:
        """The slots that the bank speaks for most, in no order."""
        best = self.rows.max(axis=1, keepdims=True, initial=0.0)
        for_it = (_BANK_WEIGHTS / (best + 1e-6)).T[0] @ self.rows[:, :-1] + _NEAR[2] * self.known.near_prior + _LIFT
        for row, worth in ((self.known.near_chapter, _NEAR[0]), (self.known.near_law, _NEAR[1])):
            near = self.both[row]
            for_it += near * (worth / (np.max(near, initial=0.0) + 1e-6))
        return self.bank.key_of["article"][best_of(for_it, count, ordered=False)]

    def fill(self, features: npt.NDArray[np.float32], slot: Ints, chapter: Ints, law: Ints) -> None:
        """Write the bank's rows for candidates of these slots, chapters and laws."""
        known, n = self.known, len(_BANK_WEIGHTS) + 2
        np.take(self.rows, known.slot[slot], axis=1, out=features[2:n], mode="clip")
        features[n] = self.both[known.chapter[chapter]]
        features[n + 1] = self.both[known.law[law]]
        features[n + 2 : n + 4] = self.bank.times_asked[:, slot]
        features[n + 4] = known.prior[law]

    def told(self, slot: Ints, worth: Floats) -> npt.NDArray[np.float32]:
        """``TOLD`` of the slots, a row a feature: how much of the likest example the question says; the votes of the likest examples, sharply and less
        sharply weighed; how many of the likest name it; and whether it stands beside articles that are ``worth`` something in the bank's answers."""
        bank, row = self.bank, self.known.slot[slot]
        count, groups = len(bank.entry_at), len(bank.member_at)
        rows = np.zeros((len(TOLD), count + 1), np.float32)
        if not count:
            return rows[:, row]
        ballots = np.zeros((len(TOLD) - 1, groups))
        ballots[0] = np.maximum.reduceat(self.question / (bank.whole + 1e-6), bank.member_at)
        likest = best_of(self.question, _WITNESSES)
        of, alike = bank.group_of[likest], self.question[likest]
        for n, sharp in enumerate(_SHARP, 1):
            votes = np.exp(sharp * (alike / (np.max(alike, initial=0.0) + 1e-6) - 1))
            ballots[n] = np.bincount(of, votes / (votes.sum() + 1e-6), groups)
        for n, some in enumerate(_COUNTED, 1 + len(_SHARP)):
            ballots[n] = np.bincount(of[:some], minlength=groups)
        cast = ballots.take(bank.entry_group, axis=1)
        np.maximum.reduceat(cast[0], bank.entry_at, out=rows[0, :-1])
        np.add.reduceat(cast[1:], bank.entry_at, axis=1, out=rows[1:-1, :-1])
        self.votes = rows[len(_SHARP), :-1]
        times = bank.entries
        mine = np.zeros(count + 1)
        mine[row] = worth / (worth.sum() + 1e-6)
        mine[:-1] /= times + 1
        mine[-1] = 0
        answered = np.bincount(bank.entry_group, mine[bank.entry_article], groups)
        rows[-1, :-1] = np.add.reduceat(answered[bank.entry_group], bank.entry_at) - mine[:-1] * times
        return rows[:, row]

    def voted(self) -> tuple[Ints, Floats]:
        """The slots with most votes of the likest examples, and their votes. After :meth:`told`."""
        likest = best_of(self.votes, _VOTED)
        return self.bank.key_of["article"][likest], self.votes[likest]

    def understood(self) -> float:
        """Which share of the question's tokens the bank knows."""
        tokens = {*self.asked.surface(), *self.asked.meant()}
        return sum(token in self.bank.number for token in tokens) / max(len(tokens), 1)


_LIFT = 0.1 * 13
"""Keeps the sum above 0: log P(law) is never under -13."""


def best_of(values: Floats, count: int, *, ordered: bool = True) -> npt.NDArray[np.int64]:
    """Indexes of the best positive values, best first (in no order with ``ordered`` false)."""
    high = np.max(values, initial=0.0)
    for share in (0.6, 0.3, 0.0):  # most values are small: the best are looked for among the few high ones first
        top = (values > share * high).nonzero()[0]
        if len(top) >= count:
            top = top[np.argpartition(-values[top], count - 1)[:count]]
            break
    if ordered:
        top = top[np.argsort(-values[top], kind="stable")]
    return np.asarray(top, np.int64)
