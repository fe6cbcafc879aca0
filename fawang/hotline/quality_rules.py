"""The score sheet and the draw: versioned data, and a lottery anybody can repeat. Pure."""

from __future__ import annotations

import functools
import hashlib
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from fawang.kernel.texts import Text


@dataclass(frozen=True, slots=True)
class Dimension:
    """One line of the sheet and its most points."""

    code: str
    name: Text
    most: int


@dataclass(frozen=True, slots=True)
class QualityRule:
    """One version of the sheet: dimensions, vetoes, bounds of the results, share drawn at least."""

    version: str
    effective_from: date
    norm: str
    share: float
    excellent: int
    qualified: int
    low_rating: int
    appeal_days: int
    dimensions: tuple[Dimension, ...]
    vetoes: dict[str, Text]

    def result(self, points: Mapping[str, float], vetoes: Sequence[str]) -> tuple[float, str]:
        """Total (0 to 100 when the dimensions add up to 100) and the result; any veto is unqualified."""
        total = float(sum(points[d.code] for d in self.dimensions))
        if vetoes or total < self.qualified:
            return total, "unqualified"
        return total, "excellent" if total >= self.excellent else "qualified"


@functools.cache
def _all() -> tuple[QualityRule, ...]:
    rows = tomllib.loads((Path(__file__).parent / "rules" / "quality.toml").read_text())["version"]
    return tuple(
        QualityRule(
            version=r["version"], effective_from=r["effective_from"], norm=r["norm"], share=r["share"], excellent=r["excellent"], qualified=r["qualified"],
            low_rating=r["low_rating"], appeal_days=r["appeal_days"], dimensions=tuple(Dimension(d["code"], Text(*d["name"]), d["most"]) for d in r["dimension"]),
            vetoes={v["code"]: Text(*v["name"]) for v in r["veto"]},
        )
        for r in rows
    )  # fmt: skip


def rule_on(day: date) -> QualityRule:
    """The sheet in force on a day. Raises ``LookupError``."""
    fitting = [r for r in _all() if r.effective_from <= day]
    if not fitting:
        raise LookupError(f"no quality sheet on {day}")
    return max(fitting, key=lambda r: r.effective_from)


def rule_version(version: str) -> QualityRule:
    """One version of the sheet. Raises ``LookupError``."""
    for rule in _all():
        if rule.version == version:
            return rule
    raise LookupError(version)


def draw(seed: str, population: Sequence[str], share: float) -> list[str]:
    """The lottery: each id is hashed with the seed; the smallest hashes win, at least ``share`` of all, rounded up.

    Nobody who does not choose the seed can influence it; whoever knows seed and population gets the same answer.
    """
    wanted = math.ceil(len(population) * share)
    ranked = sorted(population, key=lambda one: hashlib.sha256(f"{seed}:{one}".encode()).hexdigest())
    return sorted(ranked[:wanted])


def population_digest(population: Sequence[str]) -> str:
    """Digest of the ordered population, published with the draw."""
    return hashlib.sha256("\n".join(sorted(population)).encode()).hexdigest()
