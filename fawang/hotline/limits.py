"""Time limits of the hotline's own rows, from the one table of rules, with its version kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from fawang.kernel import clock
from fawang.matters.clock_rules import rule_in_force
from fawang.matters.time_limits import due_at, thresholds
from fawang.regions.selectors import working_calendar


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that runs: its rule and version, when it turns yellow and red, when it is over."""

    code: str
    version: str
    yellow_at: datetime
    red_at: datetime
    due_at: datetime


def due_under(code: str, region: str, start: datetime) -> Limit:
    """The limit of a rule from an instant. Raises ``RuleMissing``."""
    rule = rule_in_force(code, region or "000000", clock.beijing_date(start))
    calendar = working_calendar()
    due = due_at(rule, start, calendar)
    assert due is not None  # nothing pauses it
    marks = thresholds(rule, start, calendar)
    return Limit(rule.code, rule.version, marks.yellow_at, marks.red_at, due)


def light_between(start: datetime, due: datetime, now: datetime) -> str:
    """The light of a promise that is no rule of the table: 70 % yellow, 90 % red, then overdue."""
    if now > due:
        return "overdue"
    share = (now - start) / (due - start) if due > start else 1.0
    return "red" if share >= 0.9 else "yellow" if share >= 0.7 else "green"
