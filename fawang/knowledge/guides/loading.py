"""The guides that come with the product, read from ``data/*.toml``. Pure."""

from __future__ import annotations

import functools
import hashlib
import re
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

_DATA = Path(__file__).parent / "data"
SLUG = re.compile(r"(?!new\Z)[a-z0-9][a-z0-9-]{1,58}[a-z0-9]")  # at "new" the desk writes new ones


class BadGuide(ValueError):
    """A file is not a guide; the message says where and why."""


@dataclass(frozen=True, slots=True)
class ShippedGuide:
    """One guide of the product's own."""

    slug: str
    topic: str
    title: str
    answer: str
    body: str
    norms: tuple[str, ...]
    reviewed_on: date
    review_due: date

    @property
    def digest(self) -> str:
        """What a staff member's change is told apart from a new edition by."""
        return digest_of(self.title, self.answer, self.body, self.norms)


def digest_of(title: str, answer: str, body: str, norms: tuple[str, ...] | list[str]) -> str:
    """The digest of a guide's words."""
    return hashlib.sha256("\x1e".join((title, answer, body, *norms)).encode()).hexdigest()


@functools.cache
def shipped() -> tuple[ShippedGuide, ...]:
    """Every shipped guide, in the order of their files. Raises ``BadGuide``."""
    return tuple(read_guide(path.read_text(encoding="utf-8"), path.name) for path in sorted(_DATA.glob("*.toml")))


def read_guide(source: str, name: str) -> ShippedGuide:
    """One guide from the text of its file. Raises ``BadGuide``."""
    try:
        raw = tomllib.loads(source)
        made = ShippedGuide(
            raw["slug"], raw["topic"], raw["title"], raw["answer"], raw["body"].strip(), tuple(raw["norms"]), raw["reviewed_on"], raw["review_due"]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadGuide(f"{name}: {error!r}") from None
    if not SLUG.fullmatch(made.slug) or not made.norms or not made.title or len(made.answer) > 400 or len(made.title) > 120:
        raise BadGuide(f"{name}: slug, title, answer or norms")
    return made
