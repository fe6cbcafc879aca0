"""Reading interviews from their files; a fault names file and place. Pure."""

from __future__ import annotations

import functools
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from fawang.kernel.texts import Text
from fawang.knowledge.interviews.declaration import SECTIONS, Aid, Condition, Deadline, Interview, Item, Kind, Question, Sum

_DATA = Path(__file__).parent / "data"
_KNOWN = {
    "top": {"code", "version", "name", "about", "topic", "effective_from", "facts_on", "aid", "documents", "sensitive", "question", "item", "deadline", "sum"},
    "question": {"code", "kind", "ask", "help", "choices", "when", "low", "high"},
    "item": {"section", "text", "norms", "when"},
    "deadline": {"name", "period", "start", "when"},
    "sum": {"calculator", "inputs", "when"},
}


class BadInterview(ValueError):
    """A file is not an interview; the message says where and why."""


@functools.cache
def interviews() -> tuple[Interview, ...]:
    """Every version of every interview. Raises ``BadInterview``."""
    return tuple(read_interview(path.read_text(), path.name) for path in sorted(_DATA.glob("*.toml")))


def interview(code: str, version: int | None = None) -> Interview:
    """The version asked for, or the newest. Raises ``KeyError``."""
    found = [i for i in interviews() if i.code == code and version in {None, i.version}]
    if not found:
        raise KeyError(code)
    return max(found, key=lambda i: i.version)


def read_interview(source: str, name: str) -> Interview:
    """One interview from the text of its file. Raises ``BadInterview``."""
    try:
        raw = tomllib.loads(source)
        _only("top", raw)
        return Interview(
            code=raw["code"], version=raw["version"], name=Text(*raw["name"]), about=Text(*raw["about"]), topic=raw["topic"],
            effective_from=raw["effective_from"], facts_on=raw.get("facts_on", ""),
            questions=tuple(question(q) for q in raw["question"]), items=tuple(_item(i) for i in raw["item"]),
            deadlines=tuple(_deadline(d) for d in raw.get("deadline", ())), sums=tuple(_sum(s) for s in raw.get("sum", ())),
            aid=tuple(_aid(a) for a in (raw["aid"] if isinstance(raw["aid"], list) else [raw["aid"]])), documents=tuple(raw.get("documents", ())), sensitive=raw.get("sensitive", False),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise BadInterview(f"{name}: {error!r}") from None


def _only(kind: str, raw: dict[str, Any]) -> None:
    if unknown := set(raw) - _KNOWN[kind]:
        raise ValueError(f"{kind} does not know {sorted(unknown)}")


def condition(raw: dict[str, Any]) -> tuple[Condition, ...]:
    """The ``when`` of a part: one table or several."""
    found = raw.get("when", [])
    return tuple({k: tuple(v) if isinstance(v, list) else str(v) for k, v in each.items()} for each in (found if isinstance(found, list) else [found]))


def question(raw: dict[str, Any]) -> Question:
    """One question from its table. Raises ``KeyError``, ``ValueError``."""
    _only("question", raw)
    low, high = raw.get("low"), raw.get("high")
    return Question(
        raw["code"], Kind(raw["kind"]), Text(*raw["ask"]), Text(*raw["help"]) if "help" in raw else None,
        tuple((c[0], Text(c[1], c[2])) for c in raw.get("choices", ())), condition(raw),
        None if low is None else Decimal(str(low)), None if high is None else Decimal(str(high)),
    )  # fmt: skip


def _item(raw: dict[str, Any]) -> Item:
    _only("item", raw)
    if raw["section"] not in SECTIONS:
        raise ValueError(f"no section {raw['section']}")
    return Item(raw["section"], Text(*raw["text"]), tuple(raw.get("norms", ())), condition(raw))


def _deadline(raw: dict[str, Any]) -> Deadline:
    _only("deadline", raw)
    return Deadline(Text(*raw["name"]), raw["period"], raw["start"], condition(raw))


def _sum(raw: dict[str, Any]) -> Sum:
    _only("sum", raw)
    return Sum(raw["calculator"], {k: str(v) for k, v in raw["inputs"].items()}, condition(raw))


def _aid(raw: dict[str, Any]) -> Aid:
    return Aid({k: str(v) for k, v in raw.items() if k != "when"}, condition(raw))
