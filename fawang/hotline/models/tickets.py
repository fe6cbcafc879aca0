"""话务工单: one call, one ticket; saved field by field while people talk."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from fawang.kernel import clock, ids
from fawang.kernel.fields import SealedTextField


class CallTicket(models.Model):
    """The sheet of one answered call. While it is a draft its fields stand in :class:`TicketField`; closing checks them all at once."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    call = models.OneToOneField("hotline.Call", on_delete=models.PROTECT, related_name="ticket")
    author = models.ForeignKey("people.Staff", on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey("registry.Organisation", on_delete=models.PROTECT, related_name="+")
    nature = models.CharField(max_length=20, blank=True)
    category_code = models.CharField(max_length=80, blank=True)
    category_version = models.IntegerField(default=1)
    region_code = models.CharField(max_length=12, blank=True, help_text="where the matter lies, apart from the caller")
    caller_region = models.CharField(max_length=12, blank=True)
    language = models.CharField(max_length=20, default="zh-hans")
    state = models.CharField(max_length=8, default="draft", help_text="draft closed")
    matter = models.OneToOneField("matters.Matter", null=True, on_delete=models.PROTECT, related_name="call_ticket")
    previous = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+", help_text="the same caller's last ticket of these days")
    about_staff = models.ForeignKey(
        "people.Staff", null=True, on_delete=models.PROTECT, related_name="+", help_text="whom a complaint is about; he sees nothing of it"
    )
    content = SealedTextField(default="", help_text="all fields as they stood at closing, JSON")
    opened_at = models.DateTimeField(default=clock.now)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    review = models.CharField(max_length=10, blank=True, help_text="open done: a reasoned hang-up the supervisor looks at")
    review_note = SealedTextField(default="")
    reviewed_by = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(state="draft") | ~Q(nature=""), name="hotline_ticket_has_nature"),)
        indexes = (
            models.Index(fields=["author", "-opened_at"], name="hotline_ticket_author"),
            models.Index(fields=["-closed_at"], name="hotline_ticket_closed"),
            models.Index(fields=["opened_at"], name="hotline_ticket_draft", condition=Q(state="draft")),
            models.Index(fields=["reviewed_at"], name="hotline_ticket_review", condition=Q(review="open")),
        )


class TicketField(models.Model):
    """One field of a draft as last saved; ``version`` counts its saves, so that two tabs cannot overwrite each other unseen."""

    ticket = models.ForeignKey(CallTicket, on_delete=models.PROTECT, related_name="fields")
    name = models.CharField(max_length=40)
    value = SealedTextField(help_text="JSON")
    version = models.IntegerField(default=1)
    saved_at = models.DateTimeField(default=clock.now)
    saved_by = models.ForeignKey("people.Staff", on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["ticket", "name"], name="hotline_ticket_field"),)


class TicketConversion(models.Model):
    """A matter opened from a ticket; the same process twice needs a second reason, not a second click."""

    ticket = models.ForeignKey(CallTicket, on_delete=models.PROTECT, related_name="conversions")
    matter = models.OneToOneField("matters.Matter", on_delete=models.PROTECT, related_name="+")
    process_code = models.CharField(max_length=40)
    by = models.ForeignKey("people.Staff", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)


class CallWarning(models.Model):
    """One explanation given before a reasoned hang-up. ``kind``: abuse silent prank."""

    call = models.ForeignKey("hotline.Call", on_delete=models.PROTECT, related_name="warnings")
    kind = models.CharField(max_length=10)
    by = models.ForeignKey("people.Staff", on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=clock.now)
