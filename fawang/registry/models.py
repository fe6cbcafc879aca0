"""Who serves: organisations in a supervising tree, the places the public may walk into, and licensed people.

Names and addresses are stored exactly as given; ``folded`` and ``pinyin_key`` are separate keys for matching.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from fawang.kernel import clock, ids
from fawang.kernel.fields import SealedTextField


class Organisation(models.Model):
    """机构. ``kind`` is one of :mod:`fawang.registry.kinds`; ``parent`` is the body that supervises it.

    ``serial`` stands in matter numbers; kinds that are too many to number get theirs when they first need one
    (:func:`fawang.registry.services.matter_serial`). ``region_code`` is the territory served, not the street address.
    """

    class State(models.TextChoices):
        ACTIVE = "active", "正常"
        SUSPENDED = "suspended", "暂停"
        CLOSED = "closed", "注销"

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    serial = models.IntegerField(null=True, blank=True, unique=True)
    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=200)
    short_name = models.CharField(max_length=60, blank=True)
    folded = models.CharField(max_length=200, editable=False)
    pinyin_key = models.CharField(max_length=400, blank=True, editable=False)
    uscc = models.CharField(max_length=18, blank=True)
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="children")
    region_code = models.CharField(max_length=12)
    level = models.CharField(max_length=10, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    address = models.CharField(max_length=300, blank=True)
    head = models.CharField(max_length=60, blank=True)
    established_on = models.DateField(null=True, blank=True)
    approval_no = models.CharField(max_length=60, blank=True)
    languages = models.JSONField(default=list, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)
    demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)
    version = models.IntegerField(default=1)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["uscc"], condition=~Q(uscc=""), name="organisation_uscc"),
            models.UniqueConstraint(
                fields=["kind", "region_code", "folded"],
                condition=~Q(state="closed"),
                name="organisation_name_region",
            ),
            models.CheckConstraint(
                condition=Q(serial__gte=0, serial__lte=9999),
                name="organisation_serial_range",
            ),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="organisation_not_own_parent"),
            models.CheckConstraint(condition=Q(valid_to__gte=F("valid_from")), name="organisation_validity"),
        )
        indexes = (
            models.Index(fields=["region_code", "kind"], name="organisation_region"),
            models.Index(fields=["kind", "state"], name="organisation_kind"),
        )

    def __str__(self) -> str:
        return self.name


class ServiceSite(models.Model):
    """公共法律服务中心 / 工作站 / 工作室: a place one may walk into (P-01)."""

    class Level(models.TextChoices):
        CENTRE = "centre", "中心"
        STATION = "station", "工作站"
        ROOM = "room", "工作室"

    class State(models.TextChoices):
        ACTIVE = "active", "开放"
        SUSPENDED = "suspended", "暂停服务"
        CLOSED = "closed", "撤销"

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="sites")
    level = models.CharField(max_length=10, choices=Level.choices)
    name = models.CharField(max_length=200)
    folded = models.CharField(max_length=200, editable=False)
    pinyin_key = models.CharField(max_length=400, blank=True, editable=False)
    region_code = models.CharField(max_length=12)
    address = models.CharField(max_length=300, blank=True)
    lon = models.FloatField(null=True, blank=True)
    lat = models.FloatField(null=True, blank=True)
    coord_system = models.CharField(max_length=10, blank=True)
    phone = models.CharField(max_length=40, blank=True)
    opening_hours = models.JSONField(default=dict, blank=True)
    items = models.JSONField(default=list, blank=True)
    accessibility = models.JSONField(default=list, blank=True)
    area_m2 = models.DecimalField(max_digits=8, decimal_places=1, null=True, blank=True)
    head = models.CharField(max_length=60, blank=True)
    founded_on = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)
    version = models.IntegerField(default=1)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["region_code", "folded"],
                condition=~Q(state="closed"),
                name="site_name_region",
            ),
            models.CheckConstraint(
                condition=Q(lon__isnull=True, lat__isnull=True) | Q(lon__gte=-180, lon__lte=180, lat__gte=-90, lat__lte=90),
                name="site_coordinates",
            ),
        )
        indexes = (
            models.Index(fields=["region_code", "level"], name="site_region"),
            models.Index(fields=["lat", "lon"], name="site_place"),
        )

    def __str__(self) -> str:
        return self.name


class Practitioner(models.Model):
    """律师、公证员、鉴定人、调解员、基层法律服务工作者. Never holds an ID number, private phone or home address."""

    class Kind(models.TextChoices):
        LAWYER = "lawyer", "律师"
        NOTARY = "notary", "公证员"
        APPRAISER = "appraiser", "鉴定人"
        MEDIATOR = "mediator", "人民调解员"
        GRASSROOTS = "grassroots_legal_worker", "基层法律服务工作者"

    class State(models.TextChoices):
        PENDING = "pending", "待核"
        ACTIVE = "active", "执业"
        SUSPENDED = "suspended", "停止执业"
        CANCELLED = "cancelled", "注销"

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    kind = models.CharField(max_length=30, choices=Kind.choices)
    name = models.CharField(max_length=100)
    folded = models.CharField(max_length=100, editable=False)
    pinyin_key = models.CharField(max_length=300, blank=True, editable=False)
    licence_no = models.CharField(max_length=40, blank=True)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="practitioners")
    specialities = models.JSONField(default=list, blank=True)
    languages = models.JSONField(default=list, blank=True)
    political_role = models.CharField(max_length=60, blank=True)
    photo = models.CharField(max_length=200, blank=True)
    licensed_on = models.DateField(null=True, blank=True)
    valid_from = models.DateField(null=True, blank=True)
    valid_to = models.DateField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    identity_index = models.BinaryField(max_length=16, null=True, blank=True, editable=False)
    staff_id = models.UUIDField(null=True, blank=True, unique=True)
    demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=clock.now)
    version = models.IntegerField(default=1)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["kind", "licence_no"],
                condition=~Q(licence_no=""),
                name="practitioner_licence",
            ),
            models.CheckConstraint(condition=Q(valid_to__gte=F("valid_from")), name="practitioner_validity"),
        )
        indexes = (
            models.Index(fields=["organisation", "state"], name="practitioner_organisation"),
            models.Index(
                fields=["folded"],
                name="practitioner_name",
                opclasses=["varchar_pattern_ops"],
            ),
            models.Index(
                fields=["pinyin_key"],
                name="practitioner_pinyin",
                opclasses=["varchar_pattern_ops"],
            ),
            models.Index(fields=["identity_index"], name="practitioner_identity"),
        )

    def __str__(self) -> str:
        return self.name


class ImportBatch(models.Model):
    """A file somebody brought: read and judged, nothing else written until it is accepted whole.

    ``report`` names row, column and reason of every problem; ``rows`` holds the parsed rows sealed until they are applied.
    """

    class Kind(models.TextChoices):
        ORGANISATIONS = "organisations", "机构"
        SITES = "sites", "服务网点"
        PRACTITIONERS = "practitioners", "执业人员"

    class State(models.TextChoices):
        CHECKED = "checked", "已检查"
        REFUSED = "refused", "有问题"
        APPLIED = "applied", "已导入"

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    file_name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    made_by = models.CharField(max_length=64, blank=True)
    made_at = models.DateTimeField(default=clock.now)
    state = models.CharField(max_length=10, choices=State.choices)
    report = models.JSONField(default=dict)
    rows = SealedTextField(null=True, blank=True)
    applied_by = models.CharField(max_length=64, blank=True)
    applied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = (models.Index(fields=["kind", "digest"], name="import_digest"),)
