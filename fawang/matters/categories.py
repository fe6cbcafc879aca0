"""Reading the taxonomy."""

from __future__ import annotations

from datetime import date

from fawang.kernel import clock
from fawang.kernel.errors import Refusal
from fawang.matters.models import Category, CategoryMapping, CategoryVersion


def version_in_force(on: date | None = None) -> int:
    """The edition of the taxonomy in force on a date (today)."""
    found = CategoryVersion.objects.filter(effective_from__lte=on or clock.today()).order_by("-effective_from").first()
    return found.number if found else 1


def category_in_force(code: str) -> Category:
    """A category of the edition in force. Raises ``Refusal('form.invalid')`` for an unknown code."""
    found = Category.objects.filter(version_id=version_in_force(), code=code).first()
    if found is None:
        raise Refusal("form.invalid", fields={"category": Refusal("matter.category", field="category")})
    return found


def counted_as(on: date | None = None) -> dict[str, str]:
    """Former codes and the code of the edition in force on a date (today) they are counted as; other codes count as themselves.

    A code that was given up never comes back (``taxonomy.publish_edition``), so the code alone tells which it is.
    """
    steps = CategoryMapping.objects.filter(to_version__effective_from__lte=on or clock.today()).order_by("to_version_id")
    found: dict[str, str] = {}
    for old, new in steps.values_list("from_code", "to_code"):
        for code, target in found.items():
            if target == old:
                found[code] = new
        found[old] = new
    return found


def names_of(codes: set[str], language: str) -> dict[str, str]:
    """Names of categories of any edition, the newest edition's words winning."""
    rows = Category.objects.filter(code__in=codes).order_by("version_id").values_list("code", "name", "name_en")
    return {code: english if language.startswith("en") else name for code, name, english in rows}
