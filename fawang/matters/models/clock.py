"""时限 as rows: swept by their next moment, so that no crash and no restart can lose one."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from fawang.kernel import clock as time
from fawang.kernel import ids


class Clock(models.Model):
    """One running (paused, met, cancelled) time limit of a matter, under the rule version of its start day."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    matter = models.ForeignKey("matters.Matter", on_delete=models.PROTECT, related_name="clocks")
    rule_code = models.CharField(max_length=30)
    rule_version = models.CharField(max_length=20)
    rule_region = models.CharField(max_length=12, default="*")
    state = models.CharField(max_length=10, default="running", help_text="running paused met cancelled")
    started_at = models.DateTimeField()
    statutory_due_at = models.DateTimeField(null=True)
    promised_due_at = models.DateTimeField(null=True)
    promised_on = models.DateField(null=True, help_text="the day given to the person, with which the limit ends")
    yellow_at = models.DateTimeField(null=True)
    red_at = models.DateTimeField(null=True)
    light = models.CharField(max_length=10, default="green")
    next_moment = models.DateTimeField(null=True, help_text="when the sweeper must look again")
    extension = models.IntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    on_time = models.BooleanField(null=True)
    timeout_taken = models.BooleanField(default=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["matter", "rule_code"], name="clock_once_open", condition=Q(state__in=["running", "paused"])),)
        indexes = (
            models.Index(fields=["next_moment"], name="clock_sweep", condition=Q(next_moment__isnull=False)),
            models.Index(fields=["state"], name="clock_open", condition=Q(state__in=["running", "paused"])),
        )


class ClockPause(models.Model):
    """A listed interval that does not count."""

    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="pauses")
    reason = models.CharField(max_length=40)
    started_at = models.DateTimeField(default=time.now)
    ended_at = models.DateTimeField(null=True)


class ClockExtension(models.Model):
    """An extension inside the rule's cap: approver, reason, and when the person was told."""

    clock = models.ForeignKey(Clock, on_delete=models.PROTECT, related_name="extensions")
    amount = models.IntegerField()
    approver = models.ForeignKey("people.Staff", on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=500)
    approved_at = models.DateTimeField(default=time.now)
    notified_at = models.DateTimeField(null=True)
