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


def counted_as(code: str, version: int, target: int) -> str:
    """The code statistics of edition ``target`` count an old code as; itself when nothing maps it."""
    current = code
    for step in range(version, target):
        mapped = CategoryMapping.objects.filter(from_version_id=step, from_code=current).first()
        current = mapped.to_code if mapped else current
    return current


def names_of(codes: set[str], language: str) -> dict[str, str]:
    """Names of categories of any edition, the newest edition's words winning."""
    rows = Category.objects.filter(code__in=codes).order_by("version_id").values_list("code", "name", "name_en")
    return {code: english if language.startswith("en") else name for code, name, english in rows}
