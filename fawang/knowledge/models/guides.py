"""Guides (常见问题、办事指引) and cases (指导性案例、典型案例、以案释法): what is read beside the law."""

from __future__ import annotations

from django.db import models

from fawang.kernel import clock, ids


class Guide(models.Model):
    """A guide at a stable address. ``current`` is the text the public reads; empty: nothing is published.

    ``owner`` is the account that is told when a cited article changes; ``review_due`` the day by which it is read again.
    """

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    slug = models.CharField(max_length=60, unique=True)
    topic = models.CharField(max_length=30)
    region_code = models.CharField(max_length=12, blank=True)
    origin = models.CharField(max_length=10, default="own")  # shipped: comes with the product; own: written here
    owner = models.CharField(max_length=64, blank=True)
    current = models.ForeignKey("knowledge.GuideText", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    review_due = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = (models.Index(fields=["topic"], name="guide_topic"), models.Index(fields=["review_due"], name="guide_due"))

    def __str__(self) -> str:
        return self.slug


class GuideText(models.Model):
    """One text of a guide: written, read by a second person, published. Published texts are never changed; a newer one replaces them."""

    class State(models.TextChoices):
        DRAFT = "draft", "草稿"
        REVIEWED = "reviewed", "已审定"
        PUBLISHED = "published", "已发布"
        REPLACED = "replaced", "已被替换"
        WITHDRAWN = "withdrawn", "已撤下"

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    guide = models.ForeignKey(Guide, on_delete=models.CASCADE, related_name="texts")
    version = models.IntegerField()
    title = models.CharField(max_length=120)
    answer = models.CharField(max_length=400)
    body = models.TextField()
    norms = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    written_by = models.CharField(max_length=64)
    reviewed_by = models.CharField(max_length=64, blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    digest = models.CharField(max_length=64)
    changed_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["guide", "version"], name="guide_version"),
            models.UniqueConstraint(fields=["guide"], condition=models.Q(state__in=("draft", "reviewed")), name="guide_one_draft"),
        )
        ordering = ("guide", "-version")


class Case(models.Model):
    """A decided case as it may be read by everybody: personal data hidden, articles cited, facets to find it by.

    ``hidden`` counts what was hidden on the way in, by kind; the originals are not kept.
    """

    class Kind(models.TextChoices):
        GUIDING = "guiding", "指导性案例"
        TYPICAL = "typical", "典型案例"
        OWN = "own", "以案释法"

    class Field(models.TextChoices):
        CIVIL = "civil", "民事"
        CRIMINAL = "criminal", "刑事"
        ADMINISTRATIVE = "administrative", "行政"
        ARBITRATION = "arbitration", "劳动仲裁"
        MEDIATION = "mediation", "调解"
        OTHER = "other", "其他"

    class Court(models.TextChoices):
        SUPREME = "supreme", "最高人民法院"
        HIGH = "high", "高级人民法院"
        INTERMEDIATE = "intermediate", "中级人民法院"
        BASIC = "basic", "基层人民法院"
        NONE = "none", "不是法院办理"

    class State(models.TextChoices):
        DRAFT = "draft", "待审"
        PUBLISHED = "published", "已发布"
        WITHDRAWN = "withdrawn", "已撤下"

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    field = models.CharField(max_length=16, choices=Field.choices)
    cause = models.CharField(max_length=120)
    court_level = models.CharField(max_length=14, choices=Court.choices)
    court = models.CharField(max_length=120, blank=True)
    region_code = models.CharField(max_length=12, blank=True)
    number = models.CharField(max_length=120, blank=True)
    decided_on = models.DateField(null=True, blank=True)
    title = models.CharField(max_length=200)
    gist = models.TextField()
    facts = models.TextField(blank=True)
    result = models.TextField(blank=True)
    reasons = models.TextField(blank=True)
    source = models.CharField(max_length=300)
    norms = models.JSONField(default=list)
    hidden = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    owner = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64, unique=True)
    demo = models.BooleanField(default=False)
    published_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        indexes = (
            models.Index(fields=["state", "field", "cause"], name="case_cause"),
            models.Index(fields=["state", "decided_on"], name="case_decided"),
            models.Index(fields=["state", "region_code"], name="case_region"),
        )

    def __str__(self) -> str:
        return self.title
