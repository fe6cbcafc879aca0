"""The supervising tree: who stands below and above an office. Cached a few seconds; the tree hardly ever changes."""

from __future__ import annotations

import time
import uuid

from django.db import connection

from fawang.registry.models import Organisation

_KEPT_SECONDS = 5.0
_cache: dict[uuid.UUID, tuple[float, frozenset[uuid.UUID]]] = {}


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


def forget_tree() -> None:
    """Drop the cache after the tree changed."""
    _cache.clear()


def supervising_office(office: Organisation) -> Organisation | None:
    """The nearest justice authority above an office (司法局, 司法厅)."""
    above = office.parent
    while above is not None and above.kind not in {"justice_bureau", "provincial_justice_department"}:
        above = above.parent
    return above
