"""事项分类: a three-level taxonomy in versions, with a mapping so that statistics stay continuous."""

from __future__ import annotations

from django.db import models


class CategoryVersion(models.Model):
    """One edition of the taxonomy, in force from a date."""

    number = models.IntegerField(primary_key=True)
    effective_from = models.DateField()
    source = models.CharField(max_length=200)


class Category(models.Model):
    """A node: ``code`` is dotted, one part a level ("labour.wages.arrears")."""

    version = models.ForeignKey(CategoryVersion, on_delete=models.PROTECT, related_name="categories")
    code = models.CharField(max_length=80)
    parent_code = models.CharField(max_length=80, blank=True)
    level = models.SmallIntegerField()
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120)
    words = models.TextField(blank=True, help_text="lay words that point here, space-separated")
    order = models.IntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["version", "code"], name="category_version_code"),)
        ordering = ("version", "order", "code")

    def __str__(self) -> str:
        return self.name


class CategoryMapping(models.Model):
    """What an old code is counted as in a newer version."""

    from_version = models.ForeignKey(CategoryVersion, on_delete=models.PROTECT, related_name="+")
    from_code = models.CharField(max_length=80)
    to_version = models.ForeignKey(CategoryVersion, on_delete=models.PROTECT, related_name="+")
    to_code = models.CharField(max_length=80)
