"""All declared processes, by code, version, date and region; each is checked when it registers."""

from __future__ import annotations

from datetime import date

from fawang.matters.declaration import Process
from fawang.matters.declaration_check import problems_of
from fawang.regions.codes import prefix_of, scope_contains

_PROCESSES: dict[tuple[str, int], Process] = {}


class BadDeclaration(Exception):
    """A process declaration is not sound; the message lists everything that is wrong with it."""


def register(process: Process) -> Process:
    """Check a declaration and make it known. Raises ``BadDeclaration`` listing every fault."""
    key = (process.code, process.version)
    if _PROCESSES.get(key) is process:
        return process
    if key in _PROCESSES:
        raise BadDeclaration(f"{process.code} version {process.version} is declared twice")
    if problems := problems_of(process):
        raise BadDeclaration(f"{process.code} v{process.version}:\n- " + "\n- ".join(problems))
    _PROCESSES[key] = process
    return process


def forget(process: Process) -> None:
    """Take a throw-away declaration out again (tests)."""
    _PROCESSES.pop((process.code, process.version), None)


def process_version(code: str, version: int) -> Process:
    """The very version a matter began under. Raises ``KeyError``."""
    return _PROCESSES[(code, version)]


def process_in_force(code: str, on: date, region: str = "") -> Process:
    """The version new matters begin under on a date in a region: the longest matching region, then the newest.

    Raises ``KeyError`` when none is in force.
    """
    fitting = [
        p
        for (c, _), p in _PROCESSES.items()
        if c == code and p.effective_from <= on and (p.effective_to is None or on <= p.effective_to) and scope_contains(p.region, region)
    ]
    if not fitting:
        raise KeyError(code)
    return max(fitting, key=lambda p: (p.region != "*", len(prefix_of(p.region)), p.effective_from, p.version))


def all_processes() -> tuple[Process, ...]:
    """Every declared version."""
    return tuple(_PROCESSES.values())


def check_references() -> list[str]:
    """Faults between declarations and the rest of the house: unknown policies, clock rules, child processes."""
    from fawang.kernel.policy import policies
    from fawang.matters.clock_rules import all_rules

    codes = {p.code for p in _PROCESSES.values()}
    rules = {rule.code: rule for rule in all_rules()}
    known = policies()
    faults = []
    for process in _PROCESSES.values():
        name = f"{process.code} v{process.version}"
        uses = [*process.start_clocks, *(u for s in process.steps for u in s.clocks)]
        faults += [f"{name}: clock rule {u.rule} is not in the table" for u in uses if u.rule not in rules]
        faults += [
            f"{name}: {u.rule} does not list the pause {u.reason}"
            for u in uses
            if u.verb == "pauses" and u.rule in rules and u.reason not in rules[u.rule].pause_reasons
        ]
        faults += [f"{name}: {s.verb} names unknown policy {s.by}" for s in process.steps if s.by not in known]
        faults += [f"{name}: {s.verb} opens unknown process {o.process}" for s in process.steps for o in s.opens if o.process not in codes]
    return faults
