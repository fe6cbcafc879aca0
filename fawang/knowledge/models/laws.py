"""Laws, their versions, their articles, how they end one another, and where the sources disagree.

No column says whether something is in force: ``from_date`` and ``until_date`` are the span computed by
:mod:`fawang.knowledge.spans` from dates and relations, and the answer for a day is read off the span.
"""

from __future__ import annotations

from django.db import models

from fawang.kernel import clock, ids


class Law(models.Model):
    """A law, regulation, interpretation, rule or local regulation, whatever its versions.

    ``title`` is the full title as imported, ``short`` without 中华人民共和国, ``key`` the matching key across sources
    (:func:`fawang.knowledge.titles.title_key`), ``slug`` its stable address.
    """

    class Level(models.TextChoices):
        CONSTITUTION = "constitution", "宪法"
        LAW = "law", "法律"
        LEGISLATIVE = "legislative", "立法解释"
        AMENDING = "amending", "修改决定、修正案"
        REGULATION = "regulation", "行政法规"
        JUDICIAL = "judicial", "司法解释"
        RULE = "rule", "部门规章"
        LOCAL = "local", "地方性法规"

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    title = models.CharField(max_length=300)
    short = models.CharField(max_length=300)
    key = models.CharField(max_length=300)
    slug = models.CharField(max_length=40, unique=True)
    level = models.CharField(max_length=14, choices=Level.choices)
    issuer = models.CharField(max_length=200, blank=True)
    department = models.CharField(max_length=40, blank=True)
    region_code = models.CharField(max_length=12, blank=True)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["key", "region_code"], name="law_key_region"),)
        indexes = (models.Index(fields=["level"], name="law_level"),)

    def __str__(self) -> str:
        return self.title


class LawVersion(models.Model):
    """One text of a law. ``version_date`` is the day it was passed or promulgated and names the version.

    ``stated_from`` is the day of entry into force a text or source states for it, with ``basis`` saying where from.
    ``from_date`` (inclusive) and ``until_date`` (exclusive, empty: open) are computed; ``because`` says why it ends.
    """

    class Basis(models.TextChoices):
        TEXT = "text", "正文末条写明"
        SOURCE = "source", "来源写明"
        DECISION = "decision", "修改决定写明"
        RULES = "rules", "核定表"
        PASSED = "passed", "以公布日为准"

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    law = models.ForeignKey(Law, on_delete=models.PROTECT, related_name="versions")
    version_date = models.DateField()
    stated_from = models.DateField()
    basis = models.CharField(max_length=8, choices=Basis.choices)
    from_date = models.DateField()
    until_date = models.DateField(null=True, blank=True)
    because = models.CharField(max_length=300, blank=True)
    header = models.TextField(blank=True)
    preamble = models.TextField(blank=True)
    article_count = models.IntegerField(default=0)
    digest = models.CharField(max_length=64)
    source = models.CharField(max_length=30)
    created_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["law", "version_date"], name="version_law_date"),)
        indexes = (models.Index(fields=["from_date", "until_date"], name="version_span"),)
        ordering = ("law", "version_date")

    def __str__(self) -> str:
        return f"{self.law_id}@{self.version_date}"


class Article(models.Model):
    """条. ``label`` as written (第四十七条, 第一百三十三条之一); ``number`` and ``sub`` sort and match it.

    ``part`` tells apart articles of the same number (annexes, decisions counted in 条目); ``chapter`` is the path of
    headings above it, joined by ``" / "``. ``number`` 0 is the whole of a text that has no articles.
    """

    id = models.BigAutoField(primary_key=True)
    version = models.ForeignKey(LawVersion, on_delete=models.CASCADE, related_name="articles")
    position = models.IntegerField()
    label = models.CharField(max_length=40)
    number = models.IntegerField()
    sub = models.SmallIntegerField(default=0)
    part = models.SmallIntegerField(default=0)
    chapter = models.CharField(max_length=400, blank=True)
    text = models.TextField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["version", "number", "sub", "part"], name="article_number"),)
        ordering = ("version", "position")

    def __str__(self) -> str:
        return self.label


class LawRelation(models.Model):
    """``actor`` (a law, or only its ``norm`` in words) repeals, replaces or amends ``target`` from a day on."""

    class Kind(models.TextChoices):
        REPEALS = "repeals", "废止"
        REPLACES = "replaces", "取代"
        AMENDS = "amends", "修改"

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    kind = models.CharField(max_length=8, choices=Kind.choices)
    target = models.ForeignKey(Law, on_delete=models.CASCADE, related_name="ended_by")
    actor = models.ForeignKey(Law, null=True, blank=True, on_delete=models.CASCADE, related_name="acts_on")
    effective_on = models.DateField()
    norm = models.CharField(max_length=300)
    origin = models.CharField(max_length=10)  # text: read from an article; rules: from the reviewed table

    class Meta:
        constraints = (models.UniqueConstraint(fields=["kind", "target", "effective_on", "norm"], name="relation_once"),)


class VersionSource(models.Model):
    """A source that holds a version, and the digest of its reading: agreeing sources share one version."""

    version = models.ForeignKey(LawVersion, on_delete=models.CASCADE, related_name="sources")
    source = models.CharField(max_length=30)
    locator = models.CharField(max_length=400)
    digest = models.CharField(max_length=64)
    seen_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["version", "source", "locator"], name="version_source_once"),)


class Disagreement(models.Model):
    """Two sources read the same thing differently: what each says, which reading was chosen, and why."""

    id = models.UUIDField(primary_key=True, default=ids.new_id)
    law = models.ForeignKey(Law, on_delete=models.CASCADE, related_name="disagreements")
    version_date = models.DateField(null=True, blank=True)
    about = models.CharField(max_length=60)  # an article label, or 版本, 施行日期, 条数
    chosen_source = models.CharField(max_length=30)
    chosen = models.TextField()
    other_source = models.CharField(max_length=30)
    other = models.TextField()
    why = models.CharField(max_length=300)
    noticed_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["law", "version_date", "about", "other_source"], name="disagreement_once"),)
