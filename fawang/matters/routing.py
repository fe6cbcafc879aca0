"""Which office takes a matter in: by the matter's region and the kinds of office that handle the service."""

from __future__ import annotations

from fawang.regions.selectors import ancestors
from fawang.registry.models import Organisation

HANDLING_KINDS: dict[str, tuple[str, ...]] = {}


def handled_by(process: str, *kinds: str) -> None:
    """A service says which kinds of office take it in, in order of preference."""
    HANDLING_KINDS[process] = kinds


def office_for(*, process: str, region_code: str, door: str = "") -> Organisation | None:
    """The nearest active office of a fitting kind: in the region itself, else in the regions above it."""
    kinds = HANDLING_KINDS.get(process, ("service_center", "justice_bureau"))
    for code in [region_code, *[d.code for d in reversed(ancestors(region_code))]]:
        for kind in kinds:
            found = Organisation.objects.filter(kind=kind, region_code=code, state="active").order_by("serial").first()
            if found is not None:
                return found
    return None
