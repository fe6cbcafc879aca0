"""The supervising tree: who stands below and above an office. Cached a few seconds; the tree hardly ever changes."""

from __future__ import annotations

import time
import uuid

from django.db import connection

from fawang.people.actors import Grant
from fawang.regions.selectors import scope_contains
from fawang.registry.models import Organisation

_KEPT_SECONDS = 5.0
_cache: dict[uuid.UUID, tuple[float, frozenset[uuid.UUID]]] = {}
_above: dict[uuid.UUID, tuple[float, tuple[uuid.UUID, ...]]] = {}


def descendant_ids(office_id: uuid.UUID) -> frozenset[uuid.UUID]:
    """The office itself and all below it."""
    found = _cache.get(office_id)
    if found is not None and time.monotonic() - found[0] < _KEPT_SECONDS:
        return found[1]
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE down AS (SELECT id FROM registry_organisation WHERE id = %s UNION"
            " SELECT o.id FROM registry_organisation o JOIN down d ON o.parent_id = d.id) SELECT id FROM down",
            [office_id],
        )
        ids = frozenset(row[0] for row in cursor.fetchall())
    _cache[office_id] = (time.monotonic(), ids)
    return ids


def ancestor_ids(office_id: uuid.UUID) -> tuple[uuid.UUID, ...]:
    """The office itself and all above it, the nearest first."""
    found = _above.get(office_id)
    if found is not None and time.monotonic() - found[0] < _KEPT_SECONDS:
        return found[1]
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE up AS (SELECT id, parent_id, 0 AS far FROM registry_organisation WHERE id = %s UNION"
            " SELECT o.id, o.parent_id, u.far + 1 FROM registry_organisation o JOIN up u ON o.id = u.parent_id WHERE u.far < 9) SELECT id FROM up ORDER BY far",
            [office_id],
        )
        ids = tuple(row[0] for row in cursor.fetchall())
    _above[office_id] = (time.monotonic(), ids)
    return ids


def forget_tree() -> None:
    """Drop the cache after the tree changed."""
    _cache.clear()
    _above.clear()


def supervising_office(office: Organisation) -> Organisation | None:
    """The nearest justice authority above an office (司法局, 司法厅)."""
    above = office.parent
    while above is not None and above.kind not in {"justice_bureau", "provincial_justice_department"}:
        above = above.parent
    return above


def contains_office(grant: Grant, office_id: uuid.UUID) -> bool:
    """Whether a post's scope (an office and those below it, or a region) contains an office."""
    if grant.office_id is not None:
        return office_id in descendant_ids(grant.office_id)
    office = Organisation.objects.filter(pk=office_id).only("region_code").first()
    return office is not None and scope_contains(grant.region_code, office.region_code)
