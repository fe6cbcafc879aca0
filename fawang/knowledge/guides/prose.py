"""The plain writing of guides and cases: paragraphs, ``## headings``, ``- points``, ``1. steps``. Pure; nothing in it is markup."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Kind = Literal["heading", "text", "points", "steps"]
_STEP = re.compile(r"[0-9]{1,2}[.、．]\s*(.+)")


@dataclass(frozen=True, slots=True)
class Passage:
    """A heading, a paragraph, or a list with its lines."""

    kind: Kind
    lines: tuple[str, ...]


def passages(text: str) -> list[Passage]:
    """The passages of a text, in order."""
    found: list[Passage] = []
    for raw in text.replace("\r\n", "\n").split("\n"):
        line = raw.strip()
        if not line:
            found.append(Passage("text", ()))
        elif line.startswith("## "):
            found.append(Passage("heading", (line[3:].strip(),)))
        elif line.startswith(("- ", "· ")):
            _join(found, "points", line[2:].strip())
        elif step := _STEP.fullmatch(line):
            _join(found, "steps", step[1])
        else:
            found.append(Passage("text", (line,)))
    return [p for p in found if p.lines]


def _join(found: list[Passage], kind: Kind, line: str) -> None:
    if found and found[-1].kind == kind:
        found[-1] = Passage(kind, (*found[-1].lines, line))
    else:
        found.append(Passage(kind, (line,)))
