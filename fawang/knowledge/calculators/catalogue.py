"""All calculators of the house, and running one. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from fawang.kernel.errors import Refusal
from fawang.knowledge.calculators.court_fees import ENFORCEMENT_FEE, LITIGATION_FEE, PRESERVATION_FEE
from fawang.knowledge.calculators.declaration import Answer, Calculator
from fawang.knowledge.calculators.injury import TRAFFIC_INJURY, WORK_DEATH, WORK_INJURY
from fawang.knowledge.calculators.labour import ANNUAL_LEAVE, DISMISSAL, DOUBLE_WAGE, OVERTIME
from fawang.knowledge.calculators.legal_aid import LEGAL_AID
from fawang.knowledge.calculators.loans import LATE_PERFORMANCE, LOAN_INTEREST
from fawang.knowledge.calculators.maintenance import CHILD_MAINTENANCE
from fawang.knowledge.calculators.periods import FILING_PERIOD
from fawang.knowledge.calculators.tables import Tables
from fawang.knowledge.calculators.values import read

CALCULATORS: tuple[Calculator, ...] = (
    DISMISSAL, DOUBLE_WAGE, OVERTIME, ANNUAL_LEAVE, WORK_INJURY, WORK_DEATH, TRAFFIC_INJURY,
    LOAN_INTEREST, LATE_PERFORMANCE, CHILD_MAINTENANCE, FILING_PERIOD, LITIGATION_FEE, PRESERVATION_FEE, ENFORCEMENT_FEE, LEGAL_AID,
)  # fmt: skip


def calculator(code: str) -> Calculator:
    """The calculator of that code. Raises ``Refusal`` ``calculator.unknown`` (404)."""
    for found in CALCULATORS:
        if found.code == code:
            return found
    raise Refusal("calculator.unknown", status=404)


def calculate(code: str, typed: Mapping[str, str], tables: Tables) -> Answer:
    """Read what was typed and work it out. Raises ``Refusal`` for what must be changed, ``TableMissing`` for a missing figure."""
    found = calculator(code)
    return found.work(read(found, typed), tables)
