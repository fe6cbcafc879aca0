"""事项 and what brought it in."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from fawang.kernel import clock, ids
from fawang.kernel.fields import SealedTextField


class Intake(models.Model):
    """One reception at one door; it yields one or more matters. The first receiver (首问负责) never changes."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    door = models.CharField(max_length=20)
    received_at = models.DateTimeField(default=clock.now)
    received_by = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    office = models.ForeignKey("registry.Organisation", on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey("people.Person", null=True, on_delete=models.PROTECT, related_name="intakes")
    region_code = models.CharField(max_length=12, blank=True, help_text="where the person is")
    request_id = models.CharField(max_length=64, blank=True)


class Matter(models.Model):
    """事项: the one work order, in exactly one state of its Process."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    number = models.CharField(max_length=24, unique=True)
    lookup_index = models.BinaryField(unique=True)
    lookup_code = SealedTextField()
    intake = models.ForeignKey(Intake, on_delete=models.PROTECT, related_name="matters")
    process_code = models.CharField(max_length=40)
    process_version = models.IntegerField()
    state = models.CharField(max_length=40)
    state_since = models.DateTimeField(default=clock.now)
    is_open = models.BooleanField(default=True)
    version = models.IntegerField(default=1)
    title = SealedTextField()
    details = SealedTextField(help_text="JSON of the intake form's service-specific answers")
    search_tokens = ArrayField(models.BigIntegerField(), default=list)
    category_code = models.CharField(max_length=80, blank=True)
    category_version = models.IntegerField(default=1)
    region_code = models.CharField(max_length=12, help_text="where the matter lies, apart from where the person is")
    office = models.ForeignKey("registry.Organisation", on_delete=models.PROTECT, related_name="matters")
    assignee = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="matters")
    first_contact = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    door = models.CharField(max_length=20)
    language = models.CharField(max_length=20, default="zh-hans")
    priority = models.SmallIntegerField(default=0)
    priority_groups = ArrayField(models.CharField(max_length=30), default=list)
    confidential = models.BooleanField(default=False)
    data = models.JSONField(default=dict, help_text="small non-personal facts of the service (round counters, flags)")
    opened_at = models.DateTimeField(default=clock.now)
    closed_at = models.DateTimeField(null=True)
    next_due_at = models.DateTimeField(null=True)
    light = models.CharField(max_length=10, default="green")
    lead = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="members")

    class Meta:
        indexes = (
            models.Index(fields=["next_due_at", "id"], name="matter_open_queue", condition=Q(is_open=True)),
            models.Index(fields=["office", "next_due_at", "id"], name="matter_office_queue", condition=Q(is_open=True)),
            models.Index(fields=["assignee", "next_due_at", "id"], name="matter_assignee_queue", condition=Q(is_open=True)),
            models.Index(fields=["region_code", "next_due_at"], name="matter_region_queue", condition=Q(is_open=True)),
            models.Index(fields=["state", "next_due_at"], name="matter_state_queue", condition=Q(is_open=True)),
            models.Index(fields=["office", "-opened_at"], name="matter_office_opened"),
            models.Index(fields=["category_code", "-opened_at"], name="matter_category_opened"),
            models.Index(fields=["intake"], name="matter_intake"),
            GinIndex(fields=["search_tokens"], name="matter_tokens"),
        )


class MatterParty(models.Model):
    """Somebody in a named relation to a matter, as stated for this matter."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="parties")
    relation = models.CharField(max_length=30)
    person = models.ForeignKey("people.Person", null=True, on_delete=models.PROTECT, related_name="parties")
    staff = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    organisation = models.ForeignKey("registry.Organisation", null=True, on_delete=models.PROTECT, related_name="+")
    name = SealedTextField(default="")
    phone = SealedTextField(default="")
    identity_number = SealedTextField(default="")
    identity_state = models.CharField(max_length=20, default="refused")
    name_index = models.BinaryField(default=b"")
    pinyin_index = models.BinaryField(default=b"")
    initials_index = models.BinaryField(default=b"")
    phone_index = models.BinaryField(default=b"")
    identity_index = models.BinaryField(default=b"")
    reach_by = models.CharField(max_length=20, default="web")
    data = models.JSONField(default=dict)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(fields=["matter", "relation"], name="party_matter"),
            *(
                models.Index(fields=[f"{k}_index"], name=f"party_{k}", condition=~Q(**{f"{k}_index": b""}))
                for k in ("name", "pinyin", "initials", "phone", "identity")
            ),
        )


class MatterLink(models.Model):
    """A named relation between two matters: ``child`` is e.g. ``objection_to`` ``parent``."""

    parent = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="child_links")
    child = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="parent_links")
    relation = models.CharField(max_length=30)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["parent", "child", "relation"], name="matter_link_once"),)


class ExternalReference(models.Model):
    """A partner system's number for this matter: the same number and version are the same matter."""

    matter = models.ForeignKey(Matter, on_delete=models.PROTECT, related_name="external_references")
    partner = models.CharField(max_length=40)
    external_no = models.CharField(max_length=80)
    version = models.CharField(max_length=20, default="1")

    class Meta:
        constraints = (models.UniqueConstraint(fields=["partner", "external_no", "version"], name="external_reference_once"),)
