"""Reading templates from their files; a fault names file and place. Pure."""

from __future__ import annotations

import functools
import re
import tomllib
from pathlib import Path
from typing import Any

from fawang.kernel.printing import BlockKind
from fawang.kernel.texts import Text
from fawang.knowledge.documents.declaration import Field, Piece, Template
from fawang.knowledge.interviews.loading import condition, question

_DATA = Path(__file__).parent / "data"
_PLACE = re.compile(r"\{(\w+)\}")


class BadTemplate(ValueError):
    """A file is not a template; the message says where and why."""


@functools.cache
def templates() -> tuple[Template, ...]:
    """Every template. Raises ``BadTemplate``."""
    return tuple(read_template(path.read_text(), path.name) for path in sorted(_DATA.glob("*.toml")))


def template(code: str) -> Template:
    """The template of that code. Raises ``KeyError``."""
    for found in templates():
        if found.code == code:
            return found
    raise KeyError(code)


def read_template(source: str, name: str) -> Template:
    """One template from the text of its file. Raises ``BadTemplate``, also for a place no field fills."""
    try:
        raw = tomllib.loads(source)
        made = Template(
            raw["code"], raw["version"], Text(*raw["name"]), Text(*raw["about"]), tuple(raw["norms"]),
            tuple(_field(f) for f in raw["field"]), tuple(_piece(b) for b in raw["block"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise BadTemplate(f"{name}: {error!r}") from None
    known = {field.code for field in made.fields} | {"today"}
    if unknown := {place for piece in made.pieces for place in places(piece)} - known:
        raise BadTemplate(f"{name}: no field fills {sorted(unknown)}")
    return made


def places(piece: Piece) -> list[str]:
    """The fields a block names."""
    return _PLACE.findall(piece.text)


def _field(raw: dict[str, Any]) -> Field:
    rest = {k: v for k, v in raw.items() if k not in {"required", "fill"}}
    return Field(question(rest), raw.get("required", True), dict(raw.get("fill", {})))


def _piece(raw: dict[str, Any]) -> Piece:
    if unknown := set(raw) - {"kind", "text", "label", "when", "drop"}:
        raise ValueError(f"block does not know {sorted(unknown)}")
    return Piece(BlockKind(raw["kind"]), raw.get("text", ""), raw.get("label", ""), condition(raw), raw.get("drop", False))
