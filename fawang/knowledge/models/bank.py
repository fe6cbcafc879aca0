"""题库: reviewed pairs of a lay question and the articles that answer it."""

from __future__ import annotations

from django.db import models

from fawang.kernel import clock, ids
from fawang.knowledge.models.laws import Law


class Question(models.Model):
    """One question as people ask it. ``lay_words`` are everyday words for its first article; ``group`` binds questions
    that share their articles. ``origin``: shipped, answer, stard, own. ``digest`` makes loading repeatable.
    """

    class State(models.TextChoices):
        DRAFT = "draft", "待审"
        REVIEWED = "reviewed", "已审定"
        RETIRED = "retired", "已停用"

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    text = models.CharField(max_length=400)
    lay_words = models.CharField(max_length=400, blank=True)
    group = models.CharField(max_length=80, blank=True)
    origin = models.CharField(max_length=10)
    provenance = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    proposed_by = models.CharField(max_length=64, blank=True)
    reviewed_by = models.CharField(max_length=64, blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    digest = models.CharField(max_length=64, unique=True)
    shown = models.IntegerField(default=0)
    chosen = models.IntegerField(default=0)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = (models.Index(fields=["state", "origin"], name="question_state"),)

    def __str__(self) -> str:
        return self.text


class QuestionArticle(models.Model):
    """An article that answers a question; ``order`` 0 is the most direct."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="articles")
    law = models.ForeignKey(Law, on_delete=models.PROTECT, related_name="answers")
    number = models.IntegerField()
    sub = models.SmallIntegerField(default=0)
    order = models.SmallIntegerField(default=0)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["question", "law", "number", "sub"], name="question_article_once"),)
        indexes = (models.Index(fields=["law", "number", "sub"], name="question_of_article"),)
        ordering = ("question", "order")
