"""Which office takes a matter in: by the matter's region and the kinds of office that handle the service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

from fawang.kernel.freshness import Kept
from fawang.regions.selectors import ancestor_codes
from fawang.registry.models import Organisation

HANDLING_KINDS: dict[str, tuple[str, ...]] = {}
Answers = Mapping[str, Any]
ELSEWHERE: dict[str, Callable[[Answers, str, Organisation], Organisation]] = {}
_FOUND: Kept[dict[tuple[str, str], Organisation | None]] = Kept("registry_organisation", read=dict)


def handled_by(process: str, *kinds: str) -> None:
    """A service says which kinds of office take it in, in order of preference."""
    HANDLING_KINDS[process] = kinds


def elsewhere(process: str, choose: Callable[[Answers, str, Organisation], Organisation]) -> None:
    """A service says where a matter goes whose answers forbid the office that would take it in (it is complained about itself)."""
    ELSEWHERE[process] = choose


def settled(process: str, answers: Answers, region_code: str, office: Organisation) -> Organisation:
    """The office that takes a matter in after the service has looked at the answers of its form."""
    return ELSEWHERE[process](answers, region_code, office) if process in ELSEWHERE else office


def office_for(*, process: str, region_code: str, door: str = "") -> Organisation | None:
    """The nearest active office of a fitting kind: in the region itself, else in the regions above it."""
    known = _FOUND.now()
    if (process, region_code) not in known:
        known[process, region_code] = _nearest(process, region_code)
    return copy(known[process, region_code])


def _nearest(process: str, region_code: str) -> Organisation | None:
    kinds = HANDLING_KINDS.get(process, ("service_center", "justice_bureau"))
    regions = [region_code, *reversed(ancestor_codes(region_code))]
    fitting = Organisation.objects.filter(kind__in=kinds, region_code__in=regions, state="active").order_by("serial")
    return min(fitting, key=lambda o: (regions.index(o.region_code), kinds.index(o.kind)), default=None)
