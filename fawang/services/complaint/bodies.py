"""Bodies complained about: which are meant by the words, and who decides about them (DOMAIN §2.8: nobody in his own cause)."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from typing import Any

from fawang.regions.selectors import ancestor_codes
from fawang.registry.models import Organisation
from fawang.registry.tree import ancestor_ids, supervising_office
from fawang.services.complaint.likeness import is_office, names_office

AUTHORITIES = ("justice_bureau", "provincial_justice_department")


def _matching(typed: str, region_code: str, *, whole: bool, among: Collection[uuid.UUID] | None = None) -> list[Organisation]:
    test = is_office if whole else names_office
    around = {region_code, *ancestor_codes(region_code)}
    active = Organisation.objects.exclude(state="closed")
    rows = (active if among is None else active.filter(pk__in=among)).values_list("pk", "name", "short_name", "region_code")
    found = [
        pk for pk, name, short, region in rows if any(test(typed, each, near=region in around) for each in (name, short) if each)
    ]  # a few ten thousand names at most, and a complaint is a rare thing
    return list(Organisation.objects.filter(pk__in=found).order_by("created_at", "pk")) if found else []


def bodies_meant(typed: str, region_code: str) -> list[Organisation]:
    """Bodies the words name and nothing else, as people of the region say it."""
    return _matching(typed, region_code, whole=True)


def bodies_named(typed: str, region_code: str, *, among: Collection[uuid.UUID] | None = None) -> list[Organisation]:
    """Bodies the words name, whatever else they say (合肥市司法局的赵主任); ``among`` some only."""
    return _matching(typed, region_code, whole=False, among=among)


def is_top(body: Organisation) -> bool:
    """Whether no authority of the house stands above it: its own complaint handlers take it and pass it on."""
    return body.kind in AUTHORITIES and supervising_office(body) is None


def deciding_office(answers: Mapping[str, Any], region_code: str, found: Organisation) -> Organisation:
    """A complaint about a body goes to the nearest authority above it; about the highest there is, to that one itself."""
    bodies = bodies_meant(str(answers.get("respondent") or ""), region_code)
    office = found
    for body in bodies:
        if is_top(body):
            return body
        office = _above(body, bodies) or office
    return office


def _above(body: Organisation, bodies: list[Organisation]) -> Organisation | None:
    above = supervising_office(body)
    barred = {b.pk for b in bodies if not is_top(b)}
    while above is not None and (barred & set(ancestor_ids(above.pk)) or above.serial is None):
        above = supervising_office(above)
    return above
