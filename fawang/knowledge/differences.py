"""Word-level difference of two texts of an article. Pure."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

import rjieba

_LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of words: ``same`` in both, ``removed`` from the old, ``added`` in the new."""

    kind: Literal["same", "removed", "added"]
    text: str


def compare(old: str, new: str) -> list[Piece]:
    """The pieces that lead from ``old`` to ``new``; the ``same`` and ``removed`` ones give ``old`` again, the others ``new``.

    Beyond 20,000 characters the whole text counts as replaced, so that no text can hold the page up.
    """
    if old == new:
        return [Piece("same", old)] if old else []
    if max(len(old), len(new)) > _LONGEST:
        return [piece for piece in (Piece("removed", old), Piece("added", new)) if piece.text]
    before, after = rjieba.cut(old), rjieba.cut(new)
    found: list[Piece] = []
    for what, a, b, c, d in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if what == "equal":
            found.append(Piece("same", "".join(before[a:b])))
            continue
        if a != b:
            found.append(Piece("removed", "".join(before[a:b])))
        if c != d:
            found.append(Piece("added", "".join(after[c:d])))
    return found


def alike(a: str, b: str) -> float:
    """How much two texts share, from 0 to 1: neighbouring characters in common over all."""
    first, second = {a[i : i + 2] for i in range(len(a) - 1)}, {b[i : i + 2] for i in range(len(b) - 1)}
    return 2 * len(first & second) / (len(first) + len(second)) if first and second else float(a == b)
