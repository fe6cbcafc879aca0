"""Writing the taxonomy: the shipped edition, and later ones with their mapping."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

from django.db import transaction

from fawang.matters.models import Category, CategoryMapping, CategoryVersion

SHIPPED = Path(__file__).parent / "rules" / "categories.csv"


def load_shipped_taxonomy() -> int:
    """Edition 1 from the shipped file, once; returns how many categories stand in it. Own transaction."""
    with transaction.atomic():
        edition, made = CategoryVersion.objects.get_or_create(number=1, defaults={"effective_from": date(2017, 8, 21), "source": "随系统发布"})
        if made:
            _write(edition, SHIPPED)
        return edition.categories.count()


def publish_edition(*, path: Path, effective_from: date, source: str, mapping: dict[str, str]) -> CategoryVersion:
    """A new edition in force from a date. Codes that vanish must be mapped, so that statistics stay continuous.

    Raises ``ValueError`` naming the codes that are mapped to nothing. Own transaction.
    """
    with transaction.atomic():
        before = CategoryVersion.objects.select_for_update().order_by("-number").first()
        edition = CategoryVersion.objects.create(number=before.number + 1 if before else 1, effective_from=effective_from, source=source)
        _write(edition, path)
        if before is not None:
            codes = set(edition.categories.values_list("code", flat=True))
            lost = [c for c in before.categories.values_list("code", flat=True) if c not in codes and mapping.get(c) not in codes]
            if lost:
                raise ValueError("categories without a successor: " + ", ".join(sorted(lost)))
            CategoryMapping.objects.bulk_create(
                CategoryMapping(from_version=before, from_code=old, to_version=edition, to_code=new) for old, new in mapping.items()
            )
    return edition


def _write(edition: CategoryVersion, path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        Category.objects.bulk_create(
            Category(
                version=edition,
                code=row["code"],
                parent_code=row["code"].rpartition(".")[0],
                level=row["code"].count(".") + 1,
                name=row["name"],
                name_en=row["name_en"],
                words=row["words"],
                order=order,
            )
            for order, row in enumerate(csv.DictReader(file))
        )
