"""指派: who was given a matter, by whom, how, and why; history is kept."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from fawang.kernel import clock, ids


class Assignment(models.Model):
    """One spell of responsibility. At most one of a matter's assignments is current."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    matter = models.ForeignKey("matters.Matter", on_delete=models.PROTECT, related_name="assignments")
    staff = models.ForeignKey("people.Staff", on_delete=models.PROTECT, related_name="assignments")
    office = models.ForeignKey("registry.Organisation", on_delete=models.PROTECT, related_name="+")
    method = models.CharField(max_length=20, help_text="automatic manual claimed handed_over substituted")
    assigned_by = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    assigned_at = models.DateTimeField(default=clock.now)
    reasons = models.JSONField(default=list)
    accepted_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=40, blank=True)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["matter"], name="assignment_one_current", condition=Q(ended_at=None)),)
        indexes = (models.Index(fields=["staff", "ended_at"], name="assignment_staff"),)
