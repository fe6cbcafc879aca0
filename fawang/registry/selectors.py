"""Reading the register. All of it is public."""

from __future__ import annotations

from django.db.models import QuerySet

from fawang.kernel.folding import fold_name, pinyin_key
from fawang.registry.models import Organisation, Practitioner, ServiceSite


def _named(
    rows: QuerySet[Organisation] | QuerySet[Practitioner] | QuerySet[ServiceSite], text: str
) -> QuerySet[Organisation] | QuerySet[Practitioner] | QuerySet[ServiceSite]:
    text = text.strip()[:60]
    if not text:
        return rows
    if text.isascii() and text.isalpha():
        return rows.filter(pinyin_key__startswith=pinyin_key(text))
    return rows.filter(folded__contains=fold_name(text))


def find_organisations(*, text: str = "", kind: str = "", region: str = "") -> QuerySet[Organisation]:
    """Bodies by name or pinyin, kind and region, in the order of their regions."""
    rows = Organisation.objects.exclude(state="closed").select_related("parent").order_by("region_code", "serial", "name")
    if kind:
        rows = rows.filter(kind=kind)
    if region:
        rows = rows.filter(region_code__startswith=region.rstrip("0"))
    return _named(rows, text)  # type: ignore[return-value]


def find_practitioners(*, text: str = "", kind: str = "") -> QuerySet[Practitioner]:
    """Licensed people by name or pinyin."""
    rows = Practitioner.objects.exclude(state="cancelled").select_related("organisation").order_by("pinyin_key")
    if kind:
        rows = rows.filter(kind=kind)
    return _named(rows, text)  # type: ignore[return-value]


def find_sites(*, text: str = "", region: str = "") -> QuerySet[ServiceSite]:
    """Open places, centres first."""
    rows = ServiceSite.objects.filter(state="active").select_related("organisation").order_by("region_code", "level", "name")
    if region:
        rows = rows.filter(region_code__startswith=region.rstrip("0"))
    return _named(rows, text)  # type: ignore[return-value]
