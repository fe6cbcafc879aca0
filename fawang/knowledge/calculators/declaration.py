"""计算器: the words in which a sum declares itself. Pure.

A page, the API and the interviews all read the same declaration: what is asked, and a function that answers with its
working. Articles are named as ``劳动合同法 47`` so that every line can be followed to the text in force.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from fawang.kernel.texts import Text

if TYPE_CHECKING:
    from fawang.knowledge.calculators.tables import Tables
    from fawang.knowledge.calculators.values import Values


class InputKind(StrEnum):
    """What may be typed. ``money`` is yuan, ``number`` may have decimals, ``count`` is whole."""

    MONEY = "money"
    NUMBER = "number"
    COUNT = "count"
    DATE = "date"
    CHOICE = "choice"
    YES_NO = "yes_no"


@dataclass(frozen=True, slots=True)
class Input:
    """One thing asked, with its limits and a help in plain words."""

    code: str
    name: Text
    kind: InputKind
    help: Text | None = None
    choices: tuple[tuple[str, Text], ...] = ()
    required: bool = True
    low: Decimal | None = Decimal(0)
    high: Decimal | None = Decimal(10) ** 12


@dataclass(frozen=True, slots=True)
class Line:
    """One step of the working: what, how (with the numbers), how much (yuan or ``None``), by which norm."""

    label: Text
    working: Text
    amount: Decimal | None = None
    norms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """The sum: a headline for people, the working, what to mind, and the figures for other rooms."""

    headline: Text
    lines: tuple[Line, ...]
    cautions: tuple[Text, ...] = ()
    figures: Mapping[str, Decimal | date] = field(default_factory=dict)

    @property
    def norms(self) -> tuple[str, ...]:
        """Every article the working rests on, in order, once each."""
        return tuple(dict.fromkeys(norm for line in self.lines for norm in line.norms))


@dataclass(frozen=True, slots=True)
class Calculator:
    """One sum. ``work`` raises ``TableMissing`` for a figure nobody entered and ``Refusal`` for facts that do not fit.

    ``norms`` are all articles its working may name, so that a change of one of them finds it.
    """

    code: str
    name: Text
    about: Text
    inputs: tuple[Input, ...]
    work: Callable[[Values, Tables], Answer]
    topic: str
    norms: tuple[str, ...] = ()

    def input(self, code: str) -> Input:
        """The input of that code. Raises ``KeyError``."""
        for item in self.inputs:
            if item.code == code:
                return item
        raise KeyError(code)
