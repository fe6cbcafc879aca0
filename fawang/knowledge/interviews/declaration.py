"""The words of a guided interview. Pure; read from ``data/*.toml`` by :mod:`loading`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from fawang.kernel.texts import Text

Condition = Mapping[str, "str | tuple[str, ...]"]
Given = str | Decimal | date | tuple[str, ...]
Answers = Mapping[str, Given]
UNKNOWN = "unknown"
Section = Literal["stand", "law", "step", "evidence", "office", "warning"]
SECTIONS: tuple[Section, ...] = ("stand", "law", "step", "evidence", "office", "warning")


class Kind(StrEnum):
    """What a question takes. ``many`` takes several choices; ``text`` is the person's own words, carried to the lawyer."""

    CHOICE = "choice"
    MANY = "many"
    MONEY = "money"
    NUMBER = "number"
    COUNT = "count"
    DATE = "date"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Question:
    """One question a page. ``when`` empty: always asked. "I don't know" may be answered to every one."""

    code: str
    kind: Kind
    ask: Text
    help: Text | None
    choices: tuple[tuple[str, Text], ...]
    when: tuple[Condition, ...]
    low: Decimal | None
    high: Decimal | None


@dataclass(frozen=True, slots=True)
class Item:
    """Something that follows from the answers, in one section of the opinion."""

    section: Section
    text: Text
    norms: tuple[str, ...]
    when: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Deadline:
    """A day by which something must be done: a period of the table, from a day that was asked."""

    name: Text
    period: str
    start: str
    when: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """A calculator run on the answers. ``inputs``: its input → a question's code, or ``=value``."""

    calculator: str
    inputs: Mapping[str, str]
    when: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Aid:
    """What the calculator of legal aid is asked: its input → a question's code, or ``=value``. The first that applies counts."""

    inputs: Mapping[str, str]
    when: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Interview:
    """One guided interview, versioned: a saved run keeps the version it began under."""

    code: str
    version: int
    name: Text
    about: Text
    topic: str
    effective_from: date
    facts_on: str
    questions: tuple[Question, ...]
    items: tuple[Item, ...]
    deadlines: tuple[Deadline, ...]
    sums: tuple[Sum, ...]
    aid: tuple[Aid, ...]
    documents: tuple[str, ...]
    sensitive: bool = False

    def question(self, code: str) -> Question:
        """The question of that code. Raises ``KeyError``."""
        for found in self.questions:
            if found.code == code:
                return found
        raise KeyError(code)
