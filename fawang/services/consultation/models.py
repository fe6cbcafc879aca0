"""What an answer rests on."""

from __future__ import annotations

from django.db import models

from fawang.kernel import clock, ids


class Citation(models.Model):
    """One article cited by an answer, as of the day it was given."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    matter = models.ForeignKey("matters.Matter", on_delete=models.PROTECT, related_name="citations")
    message = models.ForeignKey("matters.Message", on_delete=models.PROTECT, related_name="citations")
    law = models.CharField(max_length=120)
    article = models.CharField(max_length=60)
    as_of = models.DateField(default=clock.today)

    class Meta:
        indexes = (models.Index(fields=["law", "article"], name="citation_article"),)

    def __str__(self) -> str:
        return f"《{self.law}》{self.article}"
