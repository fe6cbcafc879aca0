"""Taking parsed laws in: one law, one transaction, all or nothing. What was taken in before is passed over by its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from fawang.knowledge.importers.dates import beginning, ranks
from fawang.knowledge.importers.parsed import ParsedArticle, ParsedLaw, normal
from fawang.knowledge.models import Article, Disagreement, ImportItem, Law, LawVersion, VersionSource
from fawang.knowledge.titles import short_title, slug_of

_SHOWN = 40
READER = "3"
"""Raise when readers read differently, so that unchanged files are read again."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one document: ``outcome`` is added, version, changed, agrees, differs or same; the version it stands in."""

    outcome: str
    version: LawVersion | None = None
    articles: int = 0
    before: LawVersion | None = None
    changed: tuple[tuple[int, int], ...] = ()


def known_items(source: str) -> dict[str, str]:
    """Locator → digest of everything of a source that was taken in already."""
    return dict(ImportItem.objects.filter(source=source).values_list("locator", "digest"))


def item_digest(parsed: ParsedLaw) -> str:
    """The digest an item is remembered by."""
    return hashlib.sha256(f"{READER}|{parsed.digest()}".encode()).hexdigest()


def take_in(parsed: ParsedLaw) -> Taken:
    """Store one text of a law. Opens its own transaction; a kill inside leaves nothing of it behind."""
    with transaction.atomic():
        law, fresh = _law(parsed)
        version = law.versions.filter(version_date=parsed.version_date).first()
        if version is None:
            taken = _new_version(law, parsed, fresh)
        elif version.digest == articles_digest(parsed.articles):
            taken = Taken("agrees", version)
        else:
            taken = _second_reading(law, version, parsed)
        if taken.version is not None:
            VersionSource.objects.update_or_create(
                version=taken.version, source=parsed.source, locator=parsed.locator, defaults={"digest": articles_digest(parsed.articles)}
            )
        ImportItem.objects.update_or_create(source=parsed.source, locator=parsed.locator, defaults={"digest": item_digest(parsed), "outcome": taken.outcome})
    return taken


def articles_digest(articles: Iterable[ParsedArticle]) -> str:
    """Digest of the normal reading of all articles: sources that differ in spaces and quotation marks only agree."""
    whole = hashlib.sha256()
    for a in sorted(articles, key=lambda a: (a.number, a.sub, a.part)):
        whole.update(f"{a.number}.{a.sub}.{a.part}|{normal(a.text)}\n".encode("utf-8", "surrogatepass"))
    return whole.hexdigest()


def _law(parsed: ParsedLaw) -> tuple[Law, bool]:
    law, fresh = Law.objects.get_or_create(
        key=parsed.key[:300],
        region_code=parsed.region_code,
        defaults={
            "title": parsed.title[:300], "short": short_title(parsed.title)[:300], "slug": slug_of(parsed.key, parsed.region_code),
            "level": parsed.level, "issuer": parsed.issuer[:200], "department": parsed.department[:40],
        },
    )  # fmt: skip
    if not fresh:
        better = {"issuer": parsed.issuer[:200], "department": parsed.department[:40]}
        fill = {name: value for name, value in better.items() if value and not getattr(law, name)}
        if len(parsed.title) > len(law.title) and parsed.title.endswith(law.title):
            fill |= {"title": parsed.title[:300], "short": short_title(parsed.title)[:300]}
        if fill:
            Law.objects.filter(pk=law.pk).update(**fill)
    return law, fresh


def _new_version(law: Law, parsed: ParsedLaw, fresh: bool) -> Taken:
    start, basis = beginning(parsed)
    before = law.versions.order_by("-version_date").first()
    version = LawVersion.objects.create(
        law=law, version_date=parsed.version_date, stated_from=start, basis=basis, from_date=start, header=parsed.header, preamble=parsed.preamble,
        article_count=len(parsed.articles), digest=articles_digest(parsed.articles), source=parsed.source,
    )  # fmt: skip
    store_articles(version, parsed.articles)
    changed: tuple[tuple[int, int], ...] = ()
    if before is not None and before.version_date < parsed.version_date:
        changed = _changed(_texts(before), {(a.number, a.sub, a.part): a.text for a in parsed.articles})
    return Taken("added" if fresh else "version", version, len(parsed.articles), before, changed)


def store_articles(version: LawVersion, articles: Iterable[ParsedArticle]) -> None:
    """Write the articles of a version in their order. In the caller's transaction."""
    Article.objects.bulk_create(
        [
            Article(version=version, position=n, label=a.label, number=a.number, sub=a.sub, part=a.part, chapter=a.chapter, text=a.text)
            for n, a in enumerate(articles)
        ],
        batch_size=2000,
    )


def _texts(version: LawVersion) -> dict[tuple[int, int, int], str]:
    return {(n, s, p): t for n, s, p, t in version.articles.values_list("number", "sub", "part", "text")}


def _changed(old: dict[tuple[int, int, int], str], new: dict[tuple[int, int, int], str]) -> tuple[tuple[int, int], ...]:
    keys = [k for k in {**old, **new} if k[0] and normal(old.get(k, "")) != normal(new.get(k, ""))]
    return tuple(dict.fromkeys((n, s) for n, s, _ in sorted(keys)))


def _second_reading(law: Law, version: LawVersion, parsed: ParsedLaw) -> Taken:
    """Another source (or a later state of the same one) reads this version differently: the higher rank is kept, all is written down."""
    same_source = VersionSource.objects.filter(version=version, source=parsed.source, locator=parsed.locator).exists() and version.source == parsed.source
    prefer_new = same_source or ranks().get(parsed.source, 0) > ranks().get(version.source, 0)
    old, new = _texts(version), {(a.number, a.sub, a.part): a.text for a in parsed.articles}
    changed = _changed(old, new)
    if not changed:
        return Taken("agrees", version)
    if not same_source:
        _write_down(law, version, parsed, old, new, prefer_new)
    if not prefer_new:
        return Taken("differs", version)
    version.articles.all().delete()
    store_articles(version, parsed.articles)
    start, basis = beginning(parsed)
    if basis != "passed" or version.basis == "passed":
        version.stated_from, version.basis = start, basis
    version.header, version.preamble = parsed.header or version.header, parsed.preamble or version.preamble
    version.article_count, version.digest, version.source = len(parsed.articles), articles_digest(parsed.articles), parsed.source
    version.save()
    return Taken("changed", version, len(parsed.articles), version, changed if same_source else ())


def _write_down(
    law: Law, version: LawVersion, parsed: ParsedLaw, old: dict[tuple[int, int, int], str], new: dict[tuple[int, int, int], str], prefer_new: bool
) -> None:
    labels = {(a.number, a.sub, a.part): a.label for a in parsed.articles} | {
        (n, s, p): label for n, s, p, label in version.articles.values_list("number", "sub", "part", "label")
    }
    differing = [k for k in sorted({**old, **new}) if normal(old.get(k, "")) != normal(new.get(k, ""))]
    winner, loser = (parsed.source, version.source) if prefer_new else (version.source, parsed.source)
    why = f"{winner}的文本更可靠（rules/sources.csv）"
    rows = []
    for key in differing[:_SHOWN]:
        here, there = (new, old) if prefer_new else (old, new)
        rows.append((labels[key], here.get(key, ""), there.get(key, "")))
    if len(differing) > _SHOWN:
        rows.append(("条数", f"共{len(differing)}条不同，只列前{_SHOWN}条", f"{len(old)}条对{len(new)}条"))
    for about, chosen, other in rows:
        note_disagreement(law, version.version_date, about, winner, chosen, loser, other, why)


def note_disagreement(law: Law, version_date: date | None, about: str, chosen_source: str, chosen: str, other_source: str, other: str, why: str) -> None:
    """Write one disagreement down, or bring its row up to date. In the caller's transaction."""
    Disagreement.objects.update_or_create(
        law=law, version_date=version_date, about=about[:60], other_source=other_source,
        defaults={"chosen_source": chosen_source, "chosen": chosen[:8000], "other": other[:8000], "why": why[:300]},
    )  # fmt: skip
