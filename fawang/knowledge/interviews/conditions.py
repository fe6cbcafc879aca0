"""Whether a condition holds for the answers given so far. Pure."""

from __future__ import annotations

import operator
import re
from datetime import date
from decimal import Decimal

from fawang.knowledge.calculators.spans import add_months
from fawang.knowledge.interviews.declaration import UNKNOWN, Answers, Condition, Given

_COMPARE = re.compile(r"(>=|<=|>|<)([0-9]+(?:\.[0-9]+)?)")
_PASSED = re.compile(r"(>=|<)([0-9]+) months")
_OPERATORS = {">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt}


def holds(when: tuple[Condition, ...], answers: Answers, today: date | None = None) -> bool:
    """True when any of the conditions holds; no condition always holds.

    ``today`` is needed where a condition asks how many months have passed since a day; without it no such condition holds.
    """
    return not when or any(all(_one(wanted, answers.get(code), today) for code, wanted in each.items()) for each in when)


def _one(wanted: str | tuple[str, ...], given: Given | None, today: date | None) -> bool:
    if isinstance(wanted, tuple):
        return any(_one(each, given, today) for each in wanted)
    if wanted == "absent":
        return given is None
    if given is None:
        return False
    if wanted == "given":
        return given != UNKNOWN
    if match := _COMPARE.fullmatch(wanted):
        return isinstance(given, Decimal) and bool(_OPERATORS[match.group(1)](given, Decimal(match.group(2))))
    if match := _PASSED.fullmatch(wanted):
        return isinstance(given, date) and today is not None and (add_months(given, int(match.group(2))) <= today) is (match.group(1) == ">=")
    if isinstance(given, tuple):
        return _among(wanted, given)
    return not isinstance(given, Decimal | date) and given == wanted


def _among(wanted: str, given: tuple[str, ...]) -> bool:
    """Of several ticked: ``has:iou``, ``lacks:iou``, ``only:iou``, ``any`` (at least one), ``none`` (not a single one)."""
    if wanted.startswith("has:"):
        return wanted.removeprefix("has:") in given
    if wanted.startswith("lacks:"):
        return wanted.removeprefix("lacks:") not in given
    if wanted.startswith("only:"):
        return given == (wanted.removeprefix("only:"),)
    return wanted == ("any" if given else "none")


def is_comparison(wanted: str) -> bool:
    """Whether it compares numbers (``>=3``)."""
    return _COMPARE.fullmatch(wanted) is not None


def months_passed(wanted: str) -> int | None:
    """How many months a condition on a day asks about (``>=12 months``, ``<12 months``); ``None`` for any other."""
    match = _PASSED.fullmatch(wanted)
    return int(match.group(2)) if match else None
