"""Messages, attachments, printed documents, window tickets, saved views."""

from __future__ import annotations

from django.db import models

from fawang.kernel import clock, ids
from fawang.kernel.fields import SealedTextField


class Message(models.Model):
    """A message to or from the public, or an internal note. Its digest stands in the event that tells of it."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    matter = models.ForeignKey("matters.Matter", on_delete=models.PROTECT, related_name="messages")
    kind = models.CharField(max_length=20, help_text="question answer message note notice")
    audience = models.CharField(max_length=10, help_text="public or internal")
    author_kind = models.CharField(max_length=20)
    author_staff = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    author_party = models.ForeignKey("matters.MatterParty", null=True, on_delete=models.PROTECT, related_name="+")
    body = SealedTextField()
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = (models.Index(fields=["matter", "created_at"], name="message_matter"),)
        ordering = ("created_at", "id")


class Attachment(models.Model):
    """A file, kept under an opaque name; nobody gets it before the scan has answered."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    matter = models.ForeignKey("matters.Matter", on_delete=models.PROTECT, related_name="attachments")
    message = models.ForeignKey(Message, null=True, on_delete=models.PROTECT, related_name="attachments")
    audience = models.CharField(max_length=10, default="public")
    name = SealedTextField()
    content_type = models.CharField(max_length=100)
    size = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    blob = models.CharField(max_length=80, unique=True)
    state = models.CharField(max_length=12, default="quarantine", help_text="quarantine clean refused")
    reason = models.CharField(max_length=80, blank=True)
    grade = models.CharField(max_length=1, default="C", help_text="A issued, B window-verified, C uploaded, D declared")
    uploaded_by_kind = models.CharField(max_length=20)
    uploaded_by = models.CharField(max_length=64, blank=True)
    uploaded_at = models.DateTimeField(default=clock.now)
    scanned_at = models.DateTimeField(null=True)


class Document(models.Model):
    """A numbered document a step printed, with its text as it was and its delivery receipt."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    matter = models.ForeignKey("matters.Matter", on_delete=models.PROTECT, related_name="documents")
    template = models.CharField(max_length=60)
    number = models.CharField(max_length=60, unique=True)
    verification_code = models.CharField(max_length=32, unique=True)
    body = SealedTextField()
    issued_at = models.DateTimeField(default=clock.now)
    delivered_at = models.DateTimeField(null=True)
    delivered_how = models.CharField(max_length=40, blank=True)


class QueueTicket(models.Model):
    """排队号 of a window."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    office = models.ForeignKey("registry.Organisation", on_delete=models.PROTECT, related_name="+")
    day = models.DateField()
    number = models.IntegerField()
    priority = models.BooleanField(default=False)
    item = models.CharField(max_length=60, blank=True)
    issued_at = models.DateTimeField(default=clock.now)
    called_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, blank=True)
    intake = models.ForeignKey("matters.Intake", null=True, on_delete=models.PROTECT, related_name="tickets")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["office", "day", "number"], name="ticket_number_once"),)


class SavedView(models.Model):
    """A queue view a member of staff keeps."""

    staff = models.ForeignKey("people.Staff", on_delete=models.CASCADE, related_name="views")
    name = models.CharField(max_length=40)
    query = models.JSONField(default=dict)
