"""好差评: what the served say. One rating a service; the rated can neither write nor change it."""

from __future__ import annotations

from django.db import models

from fawang.kernel import clock, ids
from fawang.kernel.fields import SealedTextField


class Rating(models.Model):
    """One rating of one matter: 5 非常满意 … 1 非常不满意. Append-only; the database refuses changes."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    matter = models.OneToOneField("matters.Matter", on_delete=models.PROTECT, related_name="rating")
    level = models.SmallIntegerField()
    comment = SealedTextField(default="")
    rated_staff = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey("registry.Organisation", on_delete=models.PROTECT, related_name="+")
    door = models.CharField(max_length=20)
    rated_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(level__gte=1, level__lte=5), name="rating_level"),)
