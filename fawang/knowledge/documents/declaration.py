"""The words of a paper people file themselves. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fawang.kernel.printing import BlockKind
from fawang.kernel.texts import Text
from fawang.knowledge.interviews.declaration import Condition, Question


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form. ``fill`` says which question of which interview answers it."""

    question: Question
    required: bool
    fill: Mapping[str, str]

    @property
    def code(self) -> str:
        """Its code."""
        return self.question.code


@dataclass(frozen=True, slots=True)
class Piece:
    """One block of the paper, with the fields it needs."""

    kind: BlockKind
    text: str
    label: str
    when: tuple[Condition, ...]
    drop: bool


@dataclass(frozen=True, slots=True)
class Template:
    """One paper: its form, its blocks, the norms that say what it must hold."""

    code: str
    version: int
    name: Text
    about: Text
    norms: tuple[str, ...]
    fields: tuple[Field, ...]
    pieces: tuple[Piece, ...]
