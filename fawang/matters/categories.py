"""Reading the taxonomy."""

from __future__ import annotations

from datetime import date

from django.db.models import Q

from fawang.kernel import clock
from fawang.kernel.errors import Refusal
from fawang.matters.models import Category, CategoryMapping, CategoryVersion


def version_in_force(on: date | None = None) -> int:
    """The edition of the taxonomy in force on a date (today)."""
    found = CategoryVersion.objects.filter(effective_from__lte=on or clock.today()).order_by("-effective_from").first()
    return found.number if found else 1


def category_in_force(code: str) -> Category:
    """A category of the edition in force; a former code is taken as what it became (a saved draft, a foreign system, a rule written earlier).

    Raises ``Refusal('form.invalid')`` for a code that never was.
    """
    found = find_category(code)
    if found is None:
        raise Refusal("form.invalid", fields={"category": Refusal("matter.category", field="category")})
    return found


def find_category(code: str) -> Category | None:
    """Like :func:`category_in_force`; ``None`` for a code that never was. One more query for a former code."""
    known = Category.objects.filter(version_id=version_in_force())
    return known.filter(code=code).first() or known.filter(code=counted_as().get(code, "")).first()


def senses(code: str) -> list[str]:
    """The codes a question about a category has to look for: the code itself, what it became, and all that became the same. What lies below is not among them."""
    became = counted_as()
    now = became.get(code, code)
    return [code, *([now] if now != code else []), *(old for old, new in became.items() if new == now and old != code)]


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


def in_category(code: str) -> Q:
    """Rows (with ``category_code``) of a category and what lies below it, those of former editions where they are counted now; a former code asks for what it became."""
    became = counted_as()
    code = became.get(code, code)
    former = [old for old, new in became.items() if new == code or new.startswith(code + ".")]
    here = Q(category_code=code) | Q(category_code__startswith=code + ".")
    return Q(category_code__in=former) | here & ~Q(category_code__in=list(became))


def fields_of_law() -> set[str]:
    """The first-level codes of every edition: what a generalist is asked for, whenever the asking rule was written."""
    return set(Category.objects.filter(level=1).values_list("code", flat=True))


def names_of(codes: set[str], language: str) -> dict[str, str]:
    """Names of categories of any edition, the newest edition's words winning."""
    rows = Category.objects.filter(code__in=codes).order_by("version_id").values_list("code", "name", "name_en")
    return {code: english if language.startswith("en") else name for code, name, english in rows}
