"""排班与结算: who should sit when, who did, and what a firm is owed for it."""

from __future__ import annotations

from django.db import models

from fawang.kernel import clock, ids


class Shift(models.Model):
    """A shift of one person at a pool. ``kind``: day night standby. Cancelled ones stay, with who cancelled."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    staff = models.ForeignKey("people.Staff", on_delete=models.PROTECT, related_name="+")
    pool = models.ForeignKey("hotline.SeatPool", on_delete=models.PROTECT, related_name="shifts")
    firm = models.ForeignKey("registry.Organisation", null=True, on_delete=models.PROTECT, related_name="+", help_text="who is paid for it")
    kind = models.CharField(max_length=10, default="day")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    planned_by = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    planned_at = models.DateTimeField(default=clock.now)
    cancelled_at = models.DateTimeField(null=True)
    cancelled_by = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    demo = models.BooleanField(default=False)

    class Meta:
        constraints = (models.CheckConstraint(condition=models.Q(ends_at__gt=models.F("starts_at")), name="hotline_shift_forward"),)
        indexes = (models.Index(fields=["starts_at"], name="hotline_shift_at"), models.Index(fields=["staff", "starts_at"], name="hotline_shift_staff"))


class Settlement(models.Model):
    """What a firm is owed for a month: computed from shifts, spells and quality alone, so that anybody gets the same figure."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    firm = models.ForeignKey("registry.Organisation", on_delete=models.PROTECT, related_name="+")
    month = models.DateField()
    rule_version = models.CharField(max_length=20)
    rows = models.JSONField()
    total_fen = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    made_by = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["firm", "month", "rule_version"], name="hotline_settlement_once"),)
