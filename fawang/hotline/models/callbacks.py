"""回电与留言: promised calls, their attempts and slots, and what people left on the tape."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from fawang.kernel import clock, ids
from fawang.kernel.fields import SealedTextField


class CallbackSlot(models.Model):
    """A stretch of time in which so many call-backs may be promised."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    queue_code = models.CharField(max_length=40)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    capacity = models.IntegerField()
    taken = models.IntegerField(default=0)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["queue_code", "starts_at"], name="hotline_slot_once"),
            models.CheckConstraint(condition=Q(taken__lte=models.F("capacity")), name="hotline_slot_capacity"),
        )


class CallbackRequest(models.Model):
    """A call owed to somebody: a clock with attempts. ``due_at`` comes from the promised slot or the rule named."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    reason = models.CharField(max_length=14, help_text="chosen missed abandoned night lost rating voicemail web manual")
    queue_code = models.CharField(max_length=40)
    phone = SealedTextField()
    phone_index = models.BinaryField()
    person = models.ForeignKey("people.Person", null=True, on_delete=models.PROTECT, related_name="+")
    source_call = models.ForeignKey("hotline.Call", null=True, on_delete=models.PROTECT, related_name="+")
    ticket = models.ForeignKey("hotline.CallTicket", null=True, on_delete=models.PROTECT, related_name="+")
    matter_id = models.UUIDField(null=True)
    slot = models.ForeignKey(CallbackSlot, null=True, on_delete=models.PROTECT, related_name="requests")
    state = models.CharField(max_length=12, default="planned", help_text="planned calling reached unreachable cancelled")
    rule_code = models.CharField(max_length=30)
    rule_version = models.CharField(max_length=20)
    created_at = models.DateTimeField(default=clock.now)
    due_at = models.DateTimeField()
    light = models.CharField(max_length=10, default="green")
    next_moment = models.DateTimeField(null=True, help_text="when the sweeper must look again: light or attempt")
    not_before = models.DateTimeField(help_text="earliest next attempt")
    attempts_made = models.SmallIntegerField(default=0)
    agent = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    not_by = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+", help_text="whoever is judged does not call")
    done_at = models.DateTimeField(null=True)
    on_time = models.BooleanField(null=True)
    note = SealedTextField(default="")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["source_call"], name="hotline_callback_once", condition=Q(source_call__isnull=False)),)
        indexes = (
            models.Index(fields=["due_at"], name="hotline_callback_open", condition=Q(state__in=["planned", "calling"])),
            models.Index(fields=["next_moment"], name="hotline_callback_moment", condition=Q(next_moment__isnull=False)),
            models.Index(fields=["phone_index"], name="hotline_callback_phone"),
        )


class CallbackAttempt(models.Model):
    """One try. Attempts lie apart, so that three of them are three different times."""

    request = models.ForeignKey(CallbackRequest, on_delete=models.PROTECT, related_name="attempts")
    number = models.SmallIntegerField()
    call = models.ForeignKey("hotline.Call", null=True, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
    outcome = models.CharField(max_length=12, default="trying", help_text="trying reached busy no_answer unreachable wrong failed")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["request", "number"], name="hotline_attempt_number"),)


class Voicemail(models.Model):
    """留言: listened to, answered, done; until then somebody owes something."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    call = models.OneToOneField("hotline.Call", on_delete=models.PROTECT, related_name="voicemail")
    recording = models.OneToOneField("hotline.Recording", null=True, on_delete=models.PROTECT, related_name="voicemail")
    queue_code = models.CharField(max_length=40)
    state = models.CharField(max_length=8, default="new", help_text="new taken done empty")
    taken_by = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    callback = models.ForeignKey(CallbackRequest, null=True, on_delete=models.PROTECT, related_name="+")
    ms = models.IntegerField(default=0)
    left_at = models.DateTimeField()
    due_at = models.DateTimeField()
    rule_code = models.CharField(max_length=30)
    rule_version = models.CharField(max_length=20)
    done_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, blank=True)

    class Meta:
        indexes = (models.Index(fields=["due_at"], name="hotline_voicemail_open", condition=Q(state__in=["new", "taken"])),)
