"""Taking the register away as the same tables that can be brought in again."""

from __future__ import annotations

from collections.abc import Iterator

from fawang.registry.kinds import ACCESSIBILITY, ITEMS, KINDS
from fawang.registry.models import Organisation, Practitioner, ServiceSite
from fawang.registry.selectors import find_organisations, find_practitioners, find_sites
from fawang.registry.tables import LIST_SEPARATOR, TABLES, write_csv, write_xlsx

TYPES = {
    "csv": ("text/csv; charset=utf-8", write_csv),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", write_xlsx),
}


def _day(value: object) -> str:
    return str(value) if value else ""


def _organisation(o: Organisation) -> list[str]:
    return [
        KINDS[o.kind].name.zh if o.kind in KINDS else o.kind,
        o.name,
        o.short_name,
        o.region_code,
        o.uscc,
        o.parent.name if o.parent else "",
        o.phone,
        o.address,
    ]


def _site(s: ServiceSite) -> list[str]:
    items = LIST_SEPARATOR.join(ITEMS[i].zh for i in s.items if i in ITEMS)
    ways = LIST_SEPARATOR.join(ACCESSIBILITY[a].zh for a in s.accessibility if a in ACCESSIBILITY)
    place = ["" if value is None else str(value) for value in (s.lon, s.lat)]
    return [s.organisation.name, s.get_level_display(), s.name, s.region_code, s.address, *place, s.phone, items, ways]


def _practitioner(p: Practitioner) -> list[str]:
    lists = [LIST_SEPARATOR.join(p.specialities), LIST_SEPARATOR.join(p.languages)]
    return [p.get_kind_display(), p.name, p.organisation.name, p.licence_no, *lists, _day(p.licensed_on), _day(p.valid_from), _day(p.valid_to)]


def _rows(kind: str) -> Iterator[list[str]]:
    if kind == "organisations":
        yield from (_organisation(row) for row in find_organisations())
    elif kind == "sites":
        yield from (_site(row) for row in find_sites())
    else:
        yield from (_practitioner(row) for row in find_practitioners())


def export_table(kind: str, suffix: str) -> tuple[str, bytes]:
    """Content type and content of a table. Raises ``KeyError`` for a kind or suffix that is none."""
    content_type, write = TYPES[suffix]
    return content_type, write([c.heading for c in TABLES[kind]], _rows(kind))


def template_table(kind: str, suffix: str) -> tuple[str, bytes]:
    """An empty table with one example row."""
    content_type, write = TYPES[suffix]
    return content_type, write([c.heading for c in TABLES[kind]], [[c.example for c in TABLES[kind]]])
