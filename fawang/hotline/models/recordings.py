"""录音: sealed under a key of its own, opaque in name, its digest in the chain of events, every playback written down."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from fawang.kernel import clock, ids
from fawang.kernel.fields import SealedTextField


class Recording(models.Model):
    """One recorded leg. The engine's file is gone once the sealed one is on the disk."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    call = models.ForeignKey("hotline.Call", on_delete=models.PROTECT, related_name="recordings")
    rec_id = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=10, default="call", help_text="call voicemail")
    state = models.CharField(max_length=10, default="running", help_text="running waiting stored partial failed purged")
    source_path = models.CharField(max_length=500, blank=True)
    source_digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 the engine gave of its file")
    blob = models.CharField(max_length=80, unique=True, null=True)
    key = SealedTextField(default="")
    size = models.BigIntegerField(default=0)
    ms = models.IntegerField(default=0)
    gaps_ms = models.IntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True, help_text="of the sealed file; stands in the event too")
    damaged = models.BooleanField(default=False)
    attempts = models.IntegerField(default=0)
    started_at = models.DateTimeField(default=clock.now)
    stored_at = models.DateTimeField(null=True)
    keep_until = models.DateTimeField(null=True)
    legal_hold = models.BooleanField(default=False)
    hold_reason = models.CharField(max_length=200, blank=True)
    purged_at = models.DateTimeField(null=True)
    transcript = SealedTextField(default="")
    transcribed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["call"], name="hotline_recording_call"),
            models.Index(fields=["state"], name="hotline_recording_todo", condition=Q(state__in=["running", "waiting"])),
            models.Index(fields=["keep_until"], name="hotline_recording_keep", condition=Q(state__in=["stored", "partial"])),
        )


class RecordingPlayback(models.Model):
    """Somebody listened or took a copy: who, when, for what purpose, under which watermark. Append-only."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="playbacks")
    staff = models.ForeignKey("people.Staff", on_delete=models.PROTECT, related_name="+")
    purpose = models.CharField(max_length=200)
    exported = models.BooleanField(default=False)
    watermark = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField(default=clock.now)
