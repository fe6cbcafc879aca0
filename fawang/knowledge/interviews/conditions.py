"""Whether a condition holds for the answers given so far. Pure."""

from __future__ import annotations

import operator
import re
from datetime import date
from decimal import Decimal

from fawang.knowledge.interviews.declaration import UNKNOWN, Answers, Condition, Given

_COMPARE = re.compile(r"(>=|<=|>|<)([0-9]+(?:\.[0-9]+)?)")
_OPERATORS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}


def holds(when: tuple[Condition, ...], answers: Answers) -> bool:
    """True when any of the conditions holds; no condition always holds."""
    return not when or any(all(_one(wanted, answers.get(code)) for code, wanted in each.items()) for each in when)


def _one(wanted: str | tuple[str, ...], given: Given | None) -> bool:
    if isinstance(wanted, tuple):
        return any(_one(each, given) for each in wanted)
    if wanted == "absent":
        return given is None
    if given is None:
        return False
    if wanted == "given":
        return given != UNKNOWN
    if match := _COMPARE.fullmatch(wanted):
        return isinstance(given, Decimal) and bool(_OPERATORS[match.group(1)](given, Decimal(match.group(2))))
    if wanted.startswith("has:"):
        return isinstance(given, tuple) and wanted.removeprefix("has:") in given
    return not isinstance(given, Decimal | date) and given == wanted


def is_comparison(wanted: str) -> bool:
    """Whether it compares numbers (``>=3``)."""
    return _COMPARE.fullmatch(wanted) is not None
