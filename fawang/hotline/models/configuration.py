"""What the hotline does, as versioned data: a document that becomes immutable once simulated, announcements, prompts."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from fawang.kernel import clock, ids


class ConfigVersion(models.Model):
    """Numbers, menus, queues, hours, thresholds of one edition. draft → simulated → live → retired; only drafts change."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    number = models.IntegerField(unique=True)
    state = models.CharField(max_length=10, default="draft")
    document = models.JSONField()
    digest = models.CharField(max_length=64, blank=True, help_text="of the document, fixed when simulated")
    note = models.CharField(max_length=200, blank=True)
    simulation = models.JSONField(default=list, help_text="the walks shown to whoever let it go live")
    created_by = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    simulated_at = models.DateTimeField(null=True)
    live_by = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    live_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)
    demo = models.BooleanField(default=False)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["state"], name="hotline_one_live", condition=Q(state="live")),)


class Announcement(models.Model):
    """An announcement of a surge, disaster or change: effective at once, also for those who wait.

    ``how``: ``before`` the greeting, ``waiting`` in the queue, ``instead`` of service (the call ends after it, or goes to voicemail).
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    kind = models.CharField(max_length=10, help_text="surge disaster change other")
    how = models.CharField(max_length=10, default="before")
    text = models.CharField(max_length=300)
    prompt = models.ForeignKey("hotline.Prompt", null=True, on_delete=models.PROTECT, related_name="+")
    queues = ArrayField(models.CharField(max_length=40), default=list, help_text="empty: all")
    region_code = models.CharField(max_length=12, default="000000")
    starts_at = models.DateTimeField(default=clock.now)
    ends_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["starts_at"], name="hotline_announced_at", condition=Q(withdrawn_at=None)),)


class Prompt(models.Model):
    """Something the hotline says, in one language. A new wording is a new version; sound is kept as a WAV file under its digest."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    code = models.CharField(max_length=60)
    language = models.CharField(max_length=20, default="zh-hans")
    version = models.IntegerField(default=1)
    text = models.CharField(max_length=500)
    source = models.CharField(max_length=10, help_text="upload speech tone")
    file = models.CharField(max_length=80, blank=True)
    ms = models.IntegerField(default=0)
    in_use = models.BooleanField(default=True)
    created_by = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(default=clock.now)
    demo = models.BooleanField(default=False)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["code", "language", "version"], name="hotline_prompt_version"),
            models.UniqueConstraint(fields=["code", "language"], name="hotline_prompt_in_use", condition=Q(in_use=True)),
        )
