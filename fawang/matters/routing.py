"""Which office takes a matter in: by the matter's region and the kinds of office that handle the service."""

from __future__ import annotations

from copy import copy

from fawang.kernel.freshness import Kept
from fawang.regions.selectors import ancestor_codes
from fawang.registry.models import Organisation

HANDLING_KINDS: dict[str, tuple[str, ...]] = {}
_FOUND: Kept[dict[tuple[str, str], Organisation | None]] = Kept("registry_organisation", read=dict)


def handled_by(process: str, *kinds: str) -> None:
    """A service says which kinds of office take it in, in order of preference."""
    HANDLING_KINDS[process] = kinds


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
