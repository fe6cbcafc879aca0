"""What people call a law: titles, short titles, and the reviewed table of aliases."""

from __future__ import annotations

import csv
import functools
from importlib.resources import files

from fawang.knowledge.models import Law
from fawang.knowledge.titles import popular_keys, title_key


@functools.cache
def aliases() -> dict[str, str]:
    """Key of an alias → key of the title it stands for (``rules/aliases.csv``, reviewed)."""
    with files("fawang.knowledge").joinpath("rules/aliases.csv").open(encoding="utf-8") as file:
        return {title_key(row["alias"]): title_key(row["title"]) for row in csv.DictReader(file)}


class Book:
    """Names looked up in the database, one query a name; the search index carries its own copy."""

    def law(self, name: str, *, region: str = "") -> Law | None:
        """The law of that slug, title or alias; a local regulation of ``region`` is preferred among namesakes."""
        name = name.strip()[:320]
        if not name or "\x00" in name:
            return None
        key = title_key(name)
        return self.law_by_key(key, region=region) or Law.objects.filter(slug=name[:40]).first() or self._by_ending(key)

    def law_by_key(self, key: str, *, region: str = "") -> Law | None:
        """The law of exactly that title key or alias key. One query."""
        if not 2 <= len(key) <= 160:
            return None
        wanted = [key, aliases().get(key, key)]
        rows = list(Law.objects.filter(key__in=wanted))
        rows.sort(key=lambda law: (law.key != wanted[1], law.region_code != region, bool(law.region_code)))
        return rows[0] if rows else None

    def _by_ending(self, key: str) -> Law | None:
        if len(key) < 6:
            return None
        rows = Law.objects.filter(key__endswith=key.replace("关于", "", 1)).order_by("region_code", "key")[:20]
        return next((law for law in rows if key in popular_keys(law.title)), None)


def book() -> Book:
    """The book of names."""
    return Book()
