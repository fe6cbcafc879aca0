"""Saved interviews, issued opinions, and the figures a province enters for the calculators."""

from __future__ import annotations

from django.db import models

from fawang.kernel import clock, ids
from fawang.kernel.fields import SealedTextField


class InterviewRun(models.Model):
    """Answers given so far, resumed by whoever holds the code. Sealed: they tell of wages, marriages and violence.

    ``code_index`` is the blind index of the lookup code; the code itself is never kept. Forgotten after 90 days (PIPL §19).
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    code_index = models.BinaryField(unique=True)
    interview = models.CharField(max_length=60)
    version = models.IntegerField()
    answers = SealedTextField()
    started_at = models.DateTimeField(default=clock.now)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = (models.Index(fields=["changed_at"], name="interview_changed"),)


class Opinion(models.Model):
    """法律咨询意见书: numbered, dated, kept as it was issued, verifiable by code. ``digest`` commits to the sealed body."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    number = models.CharField(max_length=40, unique=True)
    verification_code = models.CharField(max_length=26, unique=True)
    interview = models.CharField(max_length=60)
    version = models.IntegerField()
    run = models.ForeignKey(InterviewRun, null=True, on_delete=models.SET_NULL, related_name="opinions")
    said_digest = models.CharField(max_length=64)
    body = SealedTextField()
    digest = models.CharField(max_length=64)
    law_as_of = models.DateField()
    issued_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["run", "said_digest"], name="opinion_once_an_answer"),)


class LocalFigure(models.Model):
    """A figure that only the province can know (average wage, incomes, standard of legal aid), with dates and source."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    table = models.CharField(max_length=60)
    region_code = models.CharField(max_length=12)
    since = models.DateField()
    until = models.DateField(null=True, blank=True)
    value = models.DecimalField(max_digits=16, decimal_places=4)
    source = models.CharField(max_length=300)
    entered_by = models.CharField(max_length=64)
    entered_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["table", "region_code", "since"], name="figure_once_a_day"),)
        indexes = (models.Index(fields=["table", "since"], name="figure_table"),)
