"""The text format of the question bank (docs/reference/question-bank.md). Pure.

``= alias full title`` · ``@ law 47; law 133之一`` begins a group · ``~ lay words`` · every further line is a question.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from fawang.knowledge.numerals import parse_short

MAX_QUESTION = 200


@dataclass(frozen=True, slots=True)
class Ref:
    """An article as a bank file names it: the law's title (aliases resolved), number, sub-number."""

    law: str
    number: int
    sub: int


@dataclass(slots=True)
class Group:
    """Questions that share their articles; ``line`` is where the group begins."""

    line: int
    refs: tuple[Ref, ...]
    lay_words: tuple[str, ...] = ()
    questions: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a line."""

    line: int
    reason: str


def read_bank(text: str) -> Iterator[Group | Fault]:
    """Groups of a bank file in their order, and a ``Fault`` for every line that does not fit; nothing is guessed."""
    aliases: dict[str, str] = {}
    group: Group | None = None
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip().lstrip("\ufeff")
        if not line or line.startswith("#"):
            continue
        mark, rest = line[0], line[1:].strip()
        if mark == "=":
            alias, _, title = rest.partition(" ")
            if not title.strip():
                yield Fault(number, "=")
            aliases[alias] = title.strip()
        elif mark == "@":
            if group is not None and group.questions:
                yield group
            refs = _refs(rest, aliases)
            group = Group(number, refs) if refs else None
            if not refs:
                yield Fault(number, rest[:80])
        elif group is None:
            yield Fault(number, line[:40])
        elif mark == "~":
            group.lay_words = tuple(dict.fromkeys((*group.lay_words, *rest.split())))
        elif not 4 <= len(line) <= MAX_QUESTION:
            yield Fault(number, f"{len(line)}")
        else:
            group.questions.append((number, line))
    if group is not None and group.questions:
        yield group


def _refs(text: str, aliases: dict[str, str]) -> tuple[Ref, ...]:
    found = []
    for part in text.replace("；", ";").split(";"):
        name, _, number = part.strip().rpartition(" ")
        value = parse_short(number)
        if not name.strip() or value is None or value[0] < 1:
            return ()
        name = name.strip()
        found.append(Ref(aliases.get(name, name), *value))
    return tuple(dict.fromkeys(found))
