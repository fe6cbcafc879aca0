"""常用语: passages that lawyers write again and again, read by a second person before they are offered."""

from __future__ import annotations

from django.db import models

from fawang.kernel import clock, ids


class Snippet(models.Model):
    """A passage for answers, with the articles it rests on. Only reviewed ones are offered; ``used`` counts answers that took it."""

    class State(models.TextChoices):
        DRAFT = "draft", "待审"
        REVIEWED = "reviewed", "已审定"
        RETIRED = "retired", "已停用"

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    title = models.CharField(max_length=80)
    text = models.TextField()
    norms = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    written_by = models.CharField(max_length=64)
    reviewed_by = models.CharField(max_length=64, blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    used = models.IntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = (models.Index(fields=["state"], name="snippet_state"),)

    def __str__(self) -> str:
        return self.title
