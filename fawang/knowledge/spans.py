"""When a text is law: spans computed from dates and relations. Pure; the only place where validity is decided.

立法法 §103 (a newer provision of the same organ prevails), and each act's own closing article.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from fawang.kernel.texts import Text

State = Literal["not_yet", "in_force", "superseded", "repealed"]
STATES: dict[State, Text] = {
    "not_yet": Text("尚未施行", "Not yet in force"),
    "in_force": Text("现行有效", "In force"),
    "superseded": Text("已被修改", "Superseded by a newer text"),
    "repealed": Text("已废止", "Repealed"),
}
REPLACED = "新版本施行"


@dataclass(frozen=True, slots=True)
class Dated:
    """A version as far as time is concerned: the day that names it, and the day it says it enters into force."""

    key: str
    version_date: date
    stated_from: date


@dataclass(frozen=True, slots=True)
class Ending:
    """A repeal or replacement of the whole law, with the norm that says so."""

    on: date
    norm: str


@dataclass(frozen=True, slots=True)
class Span:
    """In force from ``start`` (inclusive) to ``end`` (exclusive; ``None``: no end known). An empty span never was law here."""

    start: date
    end: date | None
    because: str = ""

    def holds(self, day: date) -> bool:
        """Whether the text is law on that day."""
        return self.start <= day and (self.end is None or day < self.end)


def spans(versions: Sequence[Dated], endings: Sequence[Ending] = ()) -> dict[str, Span]:
    """The span of every version: until the next one begins or the law ends. ``versions`` in any order.

    A version enacted after the law's repeal is a new law of the same name: the ending touches only what was there before.
    A version that would begin after a newer one was already law is never law (the newer text prevails).
    """
    ordered = sorted(versions, key=lambda v: (v.version_date, v.stated_from))
    found: dict[str, Span] = {}
    for at, version in enumerate(ordered):
        end, because = None, ""
        for later in ordered[at + 1 :]:
            if end is None or later.stated_from < end:
                end, because = later.stated_from, REPLACED
        for ending in endings:
            if ending.on > version.version_date and ending.on >= version.stated_from and (end is None or ending.on <= end):
                end, because = ending.on, ending.norm
        found[version.key] = Span(version.stated_from, max(end, version.stated_from) if end else None, because)
    return found


def state_on(span: Span, day: date) -> State:
    """The state of a text on a day, read off its span."""
    if day < span.start:
        return "not_yet"
    if span.holds(day):
        return "in_force"
    return "superseded" if span.because == REPLACED else "repealed"
