"""行政区划 with their history, and the working calendar."""

from __future__ import annotations

from django.db import models


class Division(models.Model):
    """One administrative division: 6 digits to county, 9 township, 12 village. Abolished ones stay, with a successor."""

    code = models.CharField(primary_key=True, max_length=12)
    name = models.CharField(max_length=60)
    pinyin_key = models.CharField(max_length=120)
    level = models.SmallIntegerField(help_text="1 province, 2 city, 3 county, 4 township, 5 village")
    parent_code = models.CharField(max_length=12, blank=True, db_index=True)
    valid_to = models.DateField(null=True)
    successor_code = models.CharField(max_length=12, blank=True)
    change_kind = models.CharField(max_length=12, blank=True)
    norm = models.CharField(max_length=80, blank=True)

    class Meta:
        ordering = ("code",)

    def __str__(self) -> str:
        return self.name


class CalendarYear(models.Model):
    """A year whose holidays and make-up days the State Council has announced. A year not here is refused."""

    year = models.IntegerField(primary_key=True)
    source = models.CharField(max_length=120)


class CalendarDay(models.Model):
    """A day that differs from its weekday: ``holiday`` or ``workday`` (调休上班)."""

    day = models.DateField(primary_key=True)
    kind = models.CharField(max_length=10)
    name = models.CharField(max_length=40)


class CalendarStamp(models.Model):
    """Names the calendar as it stands by a number drawn at every edit, so that every process knows when its copy is old.

    Drawn, not counted: an edit that was rolled back would otherwise share its number with the next one.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    edition = models.BigIntegerField(default=0)
