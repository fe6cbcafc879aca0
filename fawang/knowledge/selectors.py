"""Reading the library: what the law says on a day, what cites it, what was asked like it. All of it is public."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q, QuerySet

from fawang.kernel import clock
from fawang.knowledge.citing import mentions
from fawang.knowledge.differences import alike
from fawang.knowledge.models import Article, Citation, Disagreement, Law, LawVersion, Question, ReviewFlag
from fawang.knowledge.spans import Span, State, state_on


@dataclass(frozen=True, slots=True)
class Validity:
    """State of a version on a day, its span, and the norm that ends it (empty when open or superseded)."""

    state: State
    start: date
    end: date | None
    because: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A line of a law's contents: its depth (0 for 编 or the top), words, and the first article below it."""

    depth: int
    title: str
    first: Article


def find_law(name: str, *, region: str = "") -> Law | None:
    """The law of that slug, full title, short title or alias (劳动合同法, 民诉法, 婚姻家庭编解释一). Never raises."""
    from fawang.knowledge.names import book

    return book().law(name, region=region)


def law_as_of(law: Law, day: date | None = None) -> LawVersion | None:
    """The version in force on ``day`` (today when empty); ``None`` when the law was not law on that day."""
    day = day or clock.today()
    return law.versions.filter(from_date__lte=day).filter(Q(until_date=None) | Q(until_date__gt=day)).order_by("-version_date").first()


def article_as_of(law: Law, number: int, sub: int = 0, day: date | None = None) -> Article | None:
    """The article in force on ``day``. One query."""
    day = day or clock.today()
    return (
        Article.objects.filter(version__law=law, number=number, sub=sub, version__from_date__lte=day)
        .filter(Q(version__until_date=None) | Q(version__until_date__gt=day))
        .select_related("version__law").order_by("-version__version_date", "part").first()
    )  # fmt: skip


def validity_on(version: LawVersion, day: date | None = None) -> Validity:
    """What the version is on ``day``: not_yet, in_force, superseded, repealed; with the reason."""
    span = Span(version.from_date, version.until_date, version.because)
    return Validity(state_on(span, day or clock.today()), span.start, span.end, span.because)


def versions_of(law: Law) -> list[LawVersion]:
    """All texts of a law, newest first."""
    return list(law.versions.order_by("-version_date"))


def articles_of(version: LawVersion) -> QuerySet[Article]:
    """The articles of a version in their order."""
    return version.articles.order_by("position")


def contents_of(version: LawVersion) -> list[Heading]:
    """The headings of a version with the first article below each, in order."""
    found: list[Heading] = []
    above: list[str] = []
    for article in articles_of(version).only("pk", "label", "number", "sub", "part", "chapter"):
        path = article.chapter.split(" / ") if article.chapter else []
        same = 0
        while same < min(len(path), len(above)) and path[same] == above[same]:
            same += 1
        found += [Heading(depth, path[depth], article) for depth in range(same, len(path))]
        above = path
    return found


def article_history(law: Law, number: int, sub: int = 0) -> list[Article]:
    """The article in every version that has it, newest first, each with its version loaded."""
    return list(Article.objects.filter(version__law=law, number=number, sub=sub).select_related("version").order_by("-version__version_date", "part"))


def cited_by(law: Law, number: int, sub: int = 0) -> QuerySet[Citation]:
    """What cites the article, newest first."""
    return Citation.objects.filter(law=law, number=number, sub=sub, ended_at=None).order_by("-created_at")


def open_flags(owner: str = "") -> QuerySet[ReviewFlag]:
    """Review flags still open, of one owner or all, oldest first."""
    rows = ReviewFlag.objects.filter(state=ReviewFlag.State.OPEN).select_related("citation__law").order_by("raised_at")
    return rows.filter(owner=owner) if owner else rows


def disagreements_of(law: Law) -> QuerySet[Disagreement]:
    """Where sources differ about a law, with the reading chosen and why."""
    return Disagreement.objects.filter(law=law).order_by("version_date", "about")


def find_laws(*, text: str = "", level: str = "", region: str = "", in_force_on: date | None = None) -> QuerySet[Law]:
    """Laws by part of their title, level and region, in the order of their titles; ``in_force_on`` keeps those that are law that day."""
    rows = Law.objects.order_by("level", "short")
    if text.strip():
        rows = rows.filter(title__contains=text.strip()[:60])
    if level:
        rows = rows.filter(level=level)
    if region:
        rows = rows.filter(region_code__startswith=region.rstrip("0"))
    if in_force_on:
        live = LawVersion.objects.filter(from_date__lte=in_force_on).filter(Q(until_date=None) | Q(until_date__gt=in_force_on))
        rows = rows.filter(pk__in=live.values("law_id"))
    return rows


def questions_of(law: Law, number: int, sub: int = 0) -> QuerySet[Question]:
    """Reviewed bank questions that the article answers, the most direct first."""
    return Question.objects.filter(state=Question.State.REVIEWED, articles__law=law, articles__number=number, articles__sub=sub).order_by(
        "articles__order", "created_at"
    )


def bank_counts() -> dict[str, int]:
    """How many questions stand in each state."""
    return {row["state"]: row["n"] for row in Question.objects.values("state").annotate(n=Count("pk"))}


@dataclass(frozen=True, slots=True)
class Cited:
    """A citation found in a text, resolved: the article in force on the day (``None``: no such article then) and where it stands."""

    law: Law
    number: int
    sub: int
    article: Article | None
    validity: Validity | None
    start: int
    end: int


def read_citations(text: str, day: date | None = None) -> list[Cited]:
    """All citations of known laws in a text, each with the article as of ``day`` and, when there is none then, the newest
    text's validity, so that a repealed or future article can be warned of."""
    from fawang.knowledge.names import book

    known = book()
    memory: dict[str, Law | None] = {}

    def law_of(key: str) -> Law | None:
        if key not in memory:
            memory[key] = known.law_by_key(key)
        return memory[key]

    met: dict[tuple[str, int, int], tuple[Article | None, Validity | None]] = {}
    found = []
    for mention in mentions(text, law_of):
        key = (mention.law.slug, mention.number, mention.sub)
        if key not in met:
            article = article_as_of(mention.law, mention.number, mention.sub, day)
            newest = article or next(iter(article_history(mention.law, mention.number, mention.sub)), None)
            met[key] = article, validity_on(newest.version, day) if newest else None
        found.append(Cited(mention.law, mention.number, mention.sub, *met[key], mention.start, mention.end))
    return found


def articles_by_id(ids: Iterable[int]) -> dict[int, Article]:
    """Articles with version and law by id, in one query."""
    return {a.pk: a for a in Article.objects.filter(pk__in=list(ids)).select_related("version__law")}


def level_counts() -> dict[str, int]:
    """How many laws stand at each level. One query."""
    return {row["level"]: row["n"] for row in Law.objects.values("level").annotate(n=Count("pk"))}


def neighbours_of(article: Article) -> tuple[Article | None, Article | None]:
    """The article before and the one after, in the same text. Two queries."""
    rows = Article.objects.filter(version_id=article.version_id)
    before = rows.filter(position__lt=article.position).order_by("-position").first()
    return before, rows.filter(position__gt=article.position).order_by("position").first()


MOVED = 0.6
"""From this share of common text on, an article of another number counts as the same one, renumbered."""


def counterpart_of(article: Article, version: LawVersion) -> Article | None:
    """The article of another text of the same law that says what this one says, whatever its number there; ``None`` when none does.

    A number that stayed is preferred; a renumbered one is found by its words. Reads the other text once.
    """
    best, share = None, MOVED
    for other in version.articles.all():
        found = alike(article.text, other.text) + (0.05 if (other.number, other.sub) == (article.number, article.sub) else 0.0)
        if found > share:
            best, share = other, found
    return best
