"""工伤保险条例 §35–37: months of wage and monthly percentage by grade, read from the rule table. Pure."""

from __future__ import annotations

import tomllib
from pathlib import Path

_GRADES = tomllib.loads((Path(__file__).parent / "rules" / "injury_grades.toml").read_text())
LUMP_SUM: dict[int, int] = {int(grade): months for grade, months in _GRADES["lump_sum"].items()}
ALLOWANCE: dict[int, int] = {int(grade): percent for grade, percent in _GRADES["allowance"].items()}
