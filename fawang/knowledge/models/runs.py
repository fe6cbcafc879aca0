"""Imports with their reports, documents other rooms put into the one index, and the state of that index."""

from __future__ import annotations

from django.db import models

from fawang.kernel import clock, ids


class ImportRun(models.Model):
    """One import: what was asked for, how far it came, what it found. A run that died stays ``running`` and is resumed."""

    class State(models.TextChoices):
        RUNNING = "running", "进行中"
        DONE = "done", "完成"
        FAILED = "failed", "失败"

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    source = models.CharField(max_length=30)
    locator = models.CharField(max_length=400)
    state = models.CharField(max_length=8, choices=State.choices, default=State.RUNNING)
    total = models.IntegerField(default=0)
    done = models.IntegerField(default=0)
    report = models.JSONField(default=dict)
    made_by = models.CharField(max_length=64, blank=True)
    began_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)


class ImportItem(models.Model):
    """A document of a source already taken in, by the digest of its content: an unchanged one is passed over."""

    source = models.CharField(max_length=30)
    locator = models.CharField(max_length=400)
    digest = models.CharField(max_length=64)
    outcome = models.CharField(max_length=12)
    taken_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["source", "locator"], name="import_item_once"),)


class IndexDocument(models.Model):
    """A guide, case, site or body that another room puts into the one search index without knowing it."""

    kind = models.CharField(max_length=20)
    ref = models.CharField(max_length=80)
    title = models.CharField(max_length=300)
    body = models.TextField(blank=True)
    address = models.CharField(max_length=300, blank=True)
    region_code = models.CharField(max_length=12, blank=True)
    from_date = models.DateField(null=True, blank=True)
    until_date = models.DateField(null=True, blank=True)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["kind", "ref"], name="index_document_once"),)


class IndexState(models.Model):
    """What has changed since the index was built: ``wanted`` is raised by every change, ``built`` by every build."""

    name = models.CharField(primary_key=True, max_length=20)
    wanted = models.BigIntegerField(default=1)
    built = models.BigIntegerField(default=0)
    changed_at = models.DateTimeField(default=clock.now)
