"""From text to what is matched: words, pairs of characters, single characters, and concepts of the reviewed lay-to-legal table. Pure."""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import rjieba

MAX_QUERY = 400
"""Characters of a question that are read; people who paste a whole file are answered by its beginning."""
MAX_BODY = 6000
_WIDE = {chr(0xFF01 + i): chr(0x21 + i) for i in range(94)} | {"\u3000": " "}
_WIDE_ONE = re.compile("[\u3000\uff01-\uff5e]")
_RUN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]+|[a-z0-9]+")
_WORDLESS = re.compile(r"[^\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffffa-z0-9]+")


@functools.cache
def function_words() -> frozenset[str]:
    """``rules/function_words.txt``: words that only bind or colour."""
    lines = files("fawang.knowledge").joinpath("rules/function_words.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def _narrow(found: re.Match[str]) -> str:
    return _WIDE[found[0]]


def fold(text: str) -> str:
    """Half width, small letters, simplified characters: the form in which everything is compared."""
    text = _WIDE_ONE.sub(_narrow, text).lower()
    return text if _simplifying_set().isdisjoint(text) else text.translate(_simplifying())


@functools.cache
def _simplifying() -> dict[int, str]:
    """The character table of the package ``opencc`` (its data alone is read: its converter takes a second to start)."""
    found = {}
    for line in files("opencc").joinpath("dictionary/TSCharacters.txt").read_text(encoding="utf-8").splitlines():
        old, _, new = line.partition("\t")
        if len(old) == 1 and new:
            found[ord(old)] = new.split(" ")[0]
    return found


@functools.cache
def _simplifying_set() -> frozenset[str]:
    return frozenset(map(chr, _simplifying()))


@functools.cache
def folding() -> npt.NDArray[np.uint16]:
    """For every unit of UTF-16 what :func:`fold` makes of it, for whole libraries at once; what would need more than one unit stays as it is."""
    units = np.arange(1 << 16, dtype=np.uint16)
    for n in range(1 << 16):
        if not 0xD800 <= n < 0xE000 and len(made := fold(chr(n))) == 1 and (unit := ord(made)) < 1 << 16:
            units[n] = unit
    return units


def words(text: str) -> list[str]:
    """Words of a folded text without function words and marks."""
    empty = function_words()
    return [w for w in rjieba.cut(text) if w not in empty and not _WORDLESS.fullmatch(w)]


def pairs(text: str) -> list[str]:
    """Neighbouring characters of a folded text; a run of letters or digits counts as one."""
    found: list[str] = []
    for run in _RUN.findall(text):
        if run[0] < "\u3400":
            found.append(run)
        else:
            found += [run[i : i + 2] for i in range(len(run) - 1)]
    return found


@dataclass(frozen=True, slots=True)
class Concepts:
    """The reviewed table: names, every form with its concepts, forms by their first two characters, and the longer forms of each concept."""

    names: tuple[str, ...]
    forms: dict[str, tuple[int, ...]]
    starting: dict[str, tuple[str, ...]]
    forms_of: tuple[tuple[str, ...], ...]

    def of(self, text: str, cut: list[str]) -> list[int]:
        """Concepts named in a folded text, repeats kept; single characters count only as words of their own (``cut``)."""
        found: list[int] = []
        starting, forms = self.starting, self.forms
        for two in sorted(starting.keys() & set(map(operator.add, text, text[1:]))):
            for form in starting[two]:
                if form in text:
                    found += forms[form] * text.count(form)
        for word in cut:
            if len(word) == 1 and word in forms:
                found += forms[word]
        return found

    def spans(self, text: str) -> Iterator[tuple[int, int, tuple[int, ...]]]:
        """Where forms of two or more characters stand in a folded text."""
        for i in range(len(text) - 1):
            for form in self.starting.get(text[i : i + 2], ()):
                if text.startswith(form, i):
                    yield i, i + len(form), self.forms[form]


@functools.cache
def concepts() -> Concepts:
    """``rules/concepts.txt``, read once."""
    names: list[str] = []
    forms: dict[str, list[int]] = {}
    for line in files("fawang.knowledge").joinpath("rules/concepts.txt").read_text(encoding="utf-8").splitlines():
        name, equals, rest = line.partition("=")
        if not equals or line.startswith("#"):
            continue
        number = len(names)
        names.append(name.strip())
        for form in dict.fromkeys(fold(f) for f in (name.strip(), *rest.split())):
            forms.setdefault(form, []).append(number)
    starting: dict[str, list[str]] = {}
    for form in forms:
        if len(form) >= 2:
            starting.setdefault(form[:2], []).append(form)
    forms_of: list[list[str]] = [[] for _ in names]
    for form, numbers in forms.items():
        for number in dict.fromkeys(numbers if len(form) >= 2 else ()):
            forms_of[number].append(form)
    return Concepts(
        tuple(names), {f: tuple(dict.fromkeys(n)) for f, n in forms.items()}, {k: tuple(sorted(v, key=len, reverse=True)) for k, v in starting.items()},
        tuple(tuple(f) for f in forms_of),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text as it is matched: words, pairs, single characters, concept numbers."""

    words: list[str]
    pairs: list[str]
    characters: list[str]
    concepts: list[int]

    def surface(self) -> list[str]:
        """Words, pairs and characters under names that cannot meet."""
        return [*(f"w{w}" for w in self.words), *self.pairs, *(f"c{c}" for c in self.characters)]

    def meant(self) -> list[str]:
        """Concepts under names of their own."""
        return [f"k{n}" for n in self.concepts]


def tokens(text: str) -> Tokens:
    """All tokens of a text (folded here)."""
    folded = fold(text)
    cut = words(folded)
    return Tokens(cut, pairs(folded), [c for c in folded if c >= "\u3400"], concepts().of(folded, cut))
