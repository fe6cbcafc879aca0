"""Who cites an article, and what has to be looked at again because the article changed."""

from __future__ import annotations

from django.db import models

from fawang.kernel import clock, ids
from fawang.knowledge.models.laws import Law


class Citation(models.Model):
    """``kind``/``ref`` (an answer, guide, interview, template, bank question, case …) cites an article of a law.

    ``as_of`` is the day whose text is meant (empty: always today's). ``owner`` is the account that is told of changes,
    ``title`` and ``address`` lead a person there. A citation that ended (the text no longer cites it, or is gone) stays for what was reviewed of it.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    law = models.ForeignKey(Law, on_delete=models.PROTECT, related_name="cited_by")
    number = models.IntegerField()
    sub = models.SmallIntegerField(default=0)
    kind = models.CharField(max_length=30)
    ref = models.CharField(max_length=80)
    title = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=300, blank=True)
    owner = models.CharField(max_length=64, blank=True)
    as_of = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["kind", "ref", "law", "number", "sub"], name="citation_once"),)
        indexes = (models.Index(fields=["law", "number", "sub"], name="citation_of_article"),)


class ReviewFlag(models.Model):
    """Something cites an article that changed, ended, or will: its owner is told, and closes the flag when it was looked at."""

    class State(models.TextChoices):
        OPEN = "open", "待复核"
        KEPT = "kept", "复核无需修改"
        CHANGED = "changed", "已修改"
        WITHDRAWN = "withdrawn", "已撤下"

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    citation = models.ForeignKey(Citation, on_delete=models.CASCADE, related_name="flags")
    reason = models.CharField(max_length=300)
    effective_on = models.DateField()
    owner = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    raised_at = models.DateTimeField(default=clock.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.CharField(max_length=64, blank=True)
    note = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["citation", "reason", "effective_on"], name="flag_once"),)
        indexes = (models.Index(fields=["owner", "state"], name="flag_owner"),)
