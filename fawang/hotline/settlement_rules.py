"""What a shift earns: versioned rates and arithmetic in whole fen. Pure."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Rate:
    """One version: fen an hour by kind of shift; under ``least_adherence`` a shift earns nothing; each unqualified sheet takes a share of the month's sum."""

    version: str
    effective_from: date
    norm: str
    demo: bool
    fen_per_hour: dict[str, int]
    least_adherence: float
    unqualified_share: float


@functools.cache
def rates() -> tuple[Rate, ...]:
    """Every version."""
    rows = tomllib.loads((Path(__file__).parent / "rules" / "settlement.toml").read_text())["version"]
    return tuple(
        Rate(r["version"], r["effective_from"], r["norm"], r.get("demo", False), r["fen_per_hour"], r["least_adherence"], r["unqualified_share"]) for r in rows
    )


def rate_on(day: date) -> Rate:
    """The version in force on a day. Raises ``LookupError``."""
    fitting = [r for r in rates() if r.effective_from <= day]
    if not fitting:
        raise LookupError(f"no rate on {day}")
    return max(fitting, key=lambda r: r.effective_from)


def earned(rate: Rate, kind: str, planned_s: int, worked_s: int) -> int:
    """Fen for one shift: for the time at the seat, never more than planned, nothing under the least adherence. Rounded down to the fen."""
    if planned_s <= 0 or worked_s / planned_s < rate.least_adherence:
        return 0
    return min(worked_s, planned_s) * rate.fen_per_hour.get(kind, 0) // 3600


def after_quality(rate: Rate, sum_fen: int, unqualified: int) -> int:
    """The month's sum after quality: each unqualified sheet takes its share, never below nothing."""
    return max(0, sum_fen - int(sum_fen * rate.unqualified_share * unqualified))
