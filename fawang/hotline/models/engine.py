"""Engines as the controller knows them: who controls each, how far its events were read, what it still has to be told."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from fawang.kernel import clock
from fawang.kernel.fields import SealedTextField


class EngineNode(models.Model):
    """One engine. ``holder`` is the controller whose lease runs; ``epoch`` grows with every change of holder and fences the one before."""

    engine_id = models.CharField(primary_key=True, max_length=60)
    boot_id = models.CharField(max_length=80, blank=True)
    seq = models.BigIntegerField(default=0, help_text="last event dealt with")
    holder = models.CharField(max_length=80, blank=True)
    epoch = models.IntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    seen_at = models.DateTimeField(null=True, help_text="last time the engine answered")
    state = models.CharField(max_length=10, default="new", help_text="new up down lost")
    reconciled_at = models.DateTimeField(null=True)


class EngineCommand(models.Model):
    """The outbox to an engine: written with the change that wants it, sent after commit, sent again until an answer came."""

    engine = models.ForeignKey(EngineNode, on_delete=models.PROTECT, related_name="commands")
    command_id = models.UUIDField(unique=True, default=uuid.uuid4)
    kind = models.CharField(max_length=30)
    body = SealedTextField(help_text="the command on the wire; it may hold a caller's number")
    call = models.ForeignKey("hotline.Call", null=True, on_delete=models.PROTECT, related_name="commands")
    leg_id = models.CharField(max_length=80, blank=True)
    state = models.CharField(max_length=10, default="pending", help_text="pending accepted refused")
    refusal = models.CharField(max_length=120, blank=True)
    attempts = models.IntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (models.Index(fields=["engine", "id"], name="hotline_outbox", condition=Q(state="pending")),)
