"""质检: samples drawn provably at random, score sheets, appeal, coaching."""

from __future__ import annotations

from django.db import models

from fawang.kernel import clock, ids
from fawang.kernel.fields import SealedTextField


class QualityDraw(models.Model):
    """One day's draw. The seed is the head of the first ledger entry sealed after the day: nobody can choose it, everybody can check it."""

    day = models.DateField(primary_key=True)
    position = models.BigIntegerField()
    seed = models.CharField(max_length=64)
    population = models.IntegerField()
    population_digest = models.CharField(max_length=64)
    share = models.FloatField()
    drawn = models.IntegerField()
    low_rated = models.IntegerField()
    rule_version = models.CharField(max_length=20)
    drawn_at = models.DateTimeField(default=clock.now)


class QualitySample(models.Model):
    """A ticket to be checked, and why: drawn, rated low, or asked for by a supervisor."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    draw = models.ForeignKey(QualityDraw, null=True, on_delete=models.PROTECT, related_name="samples")
    ticket = models.OneToOneField("hotline.CallTicket", on_delete=models.PROTECT, related_name="quality_sample")
    why = models.CharField(max_length=10, help_text="drawn rating asked")
    state = models.CharField(max_length=10, default="open", help_text="open checked notified appealed closed")
    made_at = models.DateTimeField(default=clock.now)


class QualitySheet(models.Model):
    """A score sheet: points a dimension, vetoes, the result. A recheck is a second sheet by somebody else; the last one counts."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    sample = models.ForeignKey(QualitySample, on_delete=models.PROTECT, related_name="sheets")
    checker = models.ForeignKey("people.Staff", on_delete=models.PROTECT, related_name="+")
    rule_version = models.CharField(max_length=20)
    points = models.JSONField()
    vetoes = models.JSONField(default=list)
    total = models.FloatField()
    result = models.CharField(max_length=12, help_text="excellent qualified unqualified")
    remark = SealedTextField(default="")
    is_recheck = models.BooleanField(default=False)
    made_at = models.DateTimeField(default=clock.now)


class QualityAppeal(models.Model):
    """The checked person disagrees, once; somebody else than the checker decides."""

    sample = models.OneToOneField(QualitySample, on_delete=models.PROTECT, primary_key=True, related_name="appeal")
    by = models.ForeignKey("people.Staff", on_delete=models.PROTECT, related_name="+")
    reason = SealedTextField()
    made_at = models.DateTimeField(default=clock.now)
    decided_by = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, blank=True, help_text="upheld changed")


class Coaching(models.Model):
    """辅导: what is to be practised after a sheet, with whom, until when."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    sheet = models.ForeignKey(QualitySheet, on_delete=models.PROTECT, related_name="coaching")
    staff = models.ForeignKey("people.Staff", on_delete=models.PROTECT, related_name="+")
    coach = models.ForeignKey("people.Staff", on_delete=models.PROTECT, related_name="+")
    points = SealedTextField()
    due_on = models.DateField()
    done_at = models.DateTimeField(null=True)
    result = SealedTextField(default="")
