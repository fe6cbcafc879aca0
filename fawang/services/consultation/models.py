"""What an answer rests on."""

from __future__ import annotations

from django.db import models

from fawang.kernel import clock, ids


class Citation(models.Model):
    """One article cited by an answer, as of the day whose law counts.

    ``slug``, ``number`` and ``sub`` say where it stands in the library; empty while the library does not hold it. ``looked_at``
    is when it was last looked for there.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    matter = models.ForeignKey("matters.Matter", on_delete=models.PROTECT, related_name="citations")
    message = models.ForeignKey("matters.Message", on_delete=models.PROTECT, related_name="citations")
    law = models.CharField(max_length=120)
    article = models.CharField(max_length=60)
    as_of = models.DateField(default=clock.today)
    slug = models.CharField(max_length=40, blank=True)
    number = models.IntegerField(default=0)
    sub = models.SmallIntegerField(default=0)
    looked_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = (
            models.Index(fields=["law", "article"], name="citation_article"),
            models.Index(fields=["looked_at"], name="citation_unplaced", condition=models.Q(slug="")),
        )

    def __str__(self) -> str:
        return f"《{self.law}》{self.article}"
