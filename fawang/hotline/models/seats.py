"""Seats, pools of seats at a site, and what each agent is doing, with its history."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from fawang.kernel import clock, ids
from fawang.kernel.fields import SealedTextField


class SeatPool(models.Model):
    """Seats of one site that answer together. A closed pool takes no calls: its waiting ones go on by the overflow rule at once."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    code = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=100)
    office = models.ForeignKey("registry.Organisation", on_delete=models.PROTECT, related_name="+")
    site = models.ForeignKey("registry.ServiceSite", null=True, on_delete=models.PROTECT, related_name="+")
    region_code = models.CharField(max_length=12)
    is_open = models.BooleanField(default=True)
    demo = models.BooleanField(default=False)


class Seat(models.Model):
    """A place to answer from: a browser (through the gateway) or a SIP desk phone with an account of its own."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    number = models.CharField(max_length=12, unique=True)
    pool = models.ForeignKey(SeatPool, on_delete=models.PROTECT, related_name="seats")
    kind = models.CharField(max_length=10, default="browser", help_text="browser phone scripted")
    account_keys = SealedTextField(default="", help_text="digest keys of the desk phone, never its secret")
    is_enabled = models.BooleanField(default=True)
    demo = models.BooleanField(default=False)


class AgentState(models.Model):
    """What one agent is doing now. Waiting states carry a deadline that the sweeper fires."""

    staff = models.OneToOneField("people.Staff", on_delete=models.PROTECT, primary_key=True, related_name="agent_state")
    seat = models.OneToOneField(Seat, null=True, on_delete=models.PROTECT, related_name="agent")
    pool = models.ForeignKey(SeatPool, null=True, on_delete=models.PROTECT, related_name="agents")
    state = models.CharField(max_length=12, default="offline")
    reason = models.CharField(max_length=20, blank=True)
    since = models.DateTimeField(default=clock.now)
    ready_since = models.DateTimeField(null=True, help_text="for longest idle: kept while a call that never came through is tried")
    deadline_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1)
    call = models.ForeignKey("hotline.Call", null=True, on_delete=models.PROTECT, related_name="+")
    leg_id = models.CharField(max_length=80, blank=True)
    after = models.CharField(max_length=20, blank=True, help_text="reason asked for during a call: not ready after it")
    tags = ArrayField(models.CharField(max_length=60), default=list, help_text="what calls may need: lang:… topic:… region:…")
    answered_today = models.IntegerField(default=0)
    answered_on = models.DateField(null=True)
    seen_at = models.DateTimeField(null=True, help_text="last sign of life of the seat page")
    session = models.CharField(max_length=64, blank=True, help_text="the browser tab that is the seat")
    line = models.CharField(max_length=10, blank=True, help_text="browser or phone: how he speaks; kept from one sign-on to the next")

    class Meta:
        indexes = (
            models.Index(fields=["pool", "ready_since"], name="hotline_agent_ready", condition=Q(state="ready")),
            models.Index(fields=["deadline_at"], name="hotline_agent_deadline", condition=Q(deadline_at__isnull=False)),
            GinIndex(fields=["tags"], name="hotline_agent_tags"),
        )


class AgentSpell(models.Model):
    """One stretch of an agent's time in one state: the base of login hours, occupancy, adherence and settlement. Only its end is ever filled in."""

    id = models.BigAutoField(primary_key=True)
    staff = models.ForeignKey("people.Staff", on_delete=models.PROTECT, related_name="+")
    seat = models.ForeignKey(Seat, null=True, on_delete=models.PROTECT, related_name="+")
    pool = models.ForeignKey(SeatPool, null=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12)
    reason = models.CharField(max_length=20, blank=True)
    call = models.ForeignKey("hotline.Call", null=True, on_delete=models.PROTECT, related_name="+")
    forced_by = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["staff"], name="hotline_spell_one_open", condition=Q(ended_at=None)),)
        indexes = (models.Index(fields=["staff", "started_at"], name="hotline_spell_staff"), models.Index(fields=["started_at"], name="hotline_spell_at"))


class Alarm(models.Model):
    """A threshold passed: raised once, closed when the figure is back; one open alarm a kind and queue."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    kind = models.CharField(max_length=40)
    queue_code = models.CharField(max_length=40, blank=True)
    value = models.FloatField()
    limit = models.FloatField()
    raised_at = models.DateTimeField(default=clock.now)
    cleared_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey("people.Staff", null=True, on_delete=models.PROTECT, related_name="+")
    acknowledged_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["kind", "queue_code"], name="hotline_alarm_one_open", condition=Q(cleared_at=None)),)
