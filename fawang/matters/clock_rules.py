"""The table of time limits: versioned data with dates, region and norm, never constants in code."""

from __future__ import annotations

import functools
import os
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

from fawang.kernel.texts import Text
from fawang.matters.time_limits import ClockRule
from fawang.regions.codes import prefix_of, scope_contains

_TABLE = Path(__file__).parent / "rules" / "clocks.toml"
_UNITS = {"s", "min", "h", "cd", "wd", "month", "year"}


class BadRule(ValueError):
    """A row of the table is not sound; the message names it."""


class RuleMissing(LookupError):
    """No version of the rule is in force on that day in that region."""


@functools.cache
def all_rules() -> tuple[ClockRule, ...]:
    """Every version of every rule: the shipped table and, in ``FAWANG_LOCAL_RULES``, a province's own of the same form.

    Raises ``BadRule`` naming the row.
    """
    tables = [_TABLE, *(Path(name) for name in [os.environ.get("FAWANG_LOCAL_RULES", "")] if name)]
    rules = tuple(_rule(row) for table in tables for row in tomllib.loads(table.read_text())["rule"])
    seen: set[tuple[str, str, str]] = set()
    for rule in rules:
        key = (rule.code, rule.version, rule.region)
        if key in seen:
            raise BadRule(f"{rule.code} version {rule.version} stands twice in the table")
        seen.add(key)
    return rules


def _rule(row: dict[str, Any]) -> ClockRule:
    name = str(row.get("code", "?"))
    try:
        rule = ClockRule(
            code=row["code"], version=row["version"], name=Text(*row["name"]), unit=row["unit"], limit=row["limit"],
            norm=row["norm"], evidence=row.get("evidence", ""), region=row.get("region", "*"),
            starts=Text(*row["starts"]) if "starts" in row else None,
            effective_from=row["effective_from"], effective_to=row.get("effective_to"),
            roll_to_working_day=row.get("roll", row["unit"] in {"cd", "month", "year"}),
            pause_reasons={k: Text(*v) for k, v in row.get("pauses", {}).items()},
            extension_cap=row.get("extension_cap", 0), extension_unit=row.get("extension_unit", row["unit"]),
            extension_approver=row.get("extension_approver", ""), promised_limit=row.get("promised"),
            verify=row.get("verify", False),
        )  # fmt: skip
    except (KeyError, TypeError) as error:
        raise BadRule(f"{name}: {error}") from None
    if rule.unit not in _UNITS or rule.limit < 1:
        raise BadRule(f"{name}: unit {rule.unit} or limit {rule.limit} is not sound")
    if rule.promised_limit is not None and rule.promised_limit > rule.limit:
        raise BadRule(f"{name}: promised more than the law allows")
    if rule.effective_to and rule.effective_to < rule.effective_from:
        raise BadRule(f"{name}: ends before it begins")
    return rule


def rule_in_force(code: str, region: str, on: date) -> ClockRule:
    """The version in force on a day in a region: the narrowest region wins, then the newest. Raises ``RuleMissing``."""
    fitting = [
        r for r in all_rules()
        if r.code == code and r.effective_from <= on and (r.effective_to is None or on <= r.effective_to)
        and scope_contains(r.region, region)
    ]  # fmt: skip
    if not fitting:
        raise RuleMissing(f"{code} on {on} in {region}")
    return max(fitting, key=lambda r: (r.region != "*", len(prefix_of(r.region)), r.effective_from))


def rule_version(code: str, version: str, region: str = "*") -> ClockRule:
    """The very version a clock was started under. Raises ``RuleMissing``."""
    for rule in all_rules():
        if (rule.code, rule.version, rule.region) == (code, version, region):
            return rule
    raise RuleMissing(f"{code} version {version}")
