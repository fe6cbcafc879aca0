"""Taking parsed laws in: whole laws only, many in one transaction. What was taken in before is passed over by its digest."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import connection, transaction

from fawang.knowledge.importers.dates import beginning, ranks
from fawang.knowledge.importers.parsed import ParsedArticle, ParsedLaw, normal
from fawang.knowledge.models import Article, Disagreement, ImportItem, Law, LawVersion, VersionSource
from fawang.knowledge.titles import short_title, slug_of

_SHOWN = 40
BATCH_LAWS, BATCH_ARTICLES = 100, 5000
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


class Loading:
    """Takes texts in, one after another; what is new waits for its batch. Holds the library's laws and versions, so only one may run.

    Use as a context: leaving it writes the last batch. A batch is one transaction, so a kill leaves whole laws only, and the items
    that were lost with it are read again by the next run.
    """

    def __init__(self) -> None:
        self.laws = {(law.key, law.region_code): law for law in Law.objects.all()}
        self.versions: dict[Any, dict[date, LawVersion]] = defaultdict(dict)
        for version in LawVersion.objects.defer("header", "preamble").select_related("law"):
            self.versions[version.law_id][version.version_date] = version
        self._clear()

    def _clear(self) -> None:
        self.new_laws: list[Law] = []
        self.new_versions: list[tuple[LawVersion, Sequence[ParsedArticle]]] = []
        self.sources: dict[tuple[Any, str, str], VersionSource] = {}
        self.items: dict[tuple[str, str], ImportItem] = {}

    def __enter__(self) -> Loading:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.write()

    def take(self, parsed: ParsedLaw, mark: str) -> Taken:
        """One text of a law, ``mark`` its :func:`item_digest`. A second reading of a stored text is settled at once, in a transaction of its own."""
        law, fresh = self._law(parsed)
        version = self.versions[law.pk].get(parsed.version_date)
        digest = articles_digest(parsed.articles)
        if version is None:
            taken = self._new_version(law, parsed, digest, fresh)
        elif version.digest == digest:
            taken = Taken("agrees", version)
        else:
            self.write()
            version = LawVersion.objects.select_related("law").get(pk=version.pk)
            with transaction.atomic():
                taken = _second_reading(law, version, parsed)
                self._remember(parsed, taken, digest, mark)
                self._write()
            self.versions[law.pk][parsed.version_date] = version
            self._clear()
            return taken
        self._remember(parsed, taken, digest, mark)
        if len(self.items) >= BATCH_LAWS or sum(len(articles) for _, articles in self.new_versions) >= BATCH_ARTICLES:
            self.write()
        return taken

    def _law(self, parsed: ParsedLaw) -> tuple[Law, bool]:
        key = (parsed.key[:300], parsed.region_code)
        law = self.laws.get(key)
        if law is None:
            law = self.laws[key] = Law(
                key=key[0], region_code=key[1], title=parsed.title[:300], short=short_title(parsed.title)[:300], slug=slug_of(parsed.key, parsed.region_code),
                level=parsed.level, issuer=parsed.issuer[:200], department=parsed.department[:40],
            )  # fmt: skip
            self.new_laws.append(law)
            return law, True
        better = {"issuer": parsed.issuer[:200], "department": parsed.department[:40]}
        fill = {name: value for name, value in better.items() if value and not getattr(law, name)}
        if len(parsed.title) > len(law.title) and parsed.title.endswith(law.title):
            fill |= {"title": parsed.title[:300], "short": short_title(parsed.title)[:300]}
        if fill:
            for name, value in fill.items():
                setattr(law, name, value)
            Law.objects.filter(pk=law.pk).update(**fill)  # none yet while it waits for its batch: then it is stored so
        return law, False

    def _new_version(self, law: Law, parsed: ParsedLaw, digest: str, fresh: bool) -> Taken:
        start, basis = beginning(parsed)
        held = self.versions[law.pk]
        before = held[max(held)] if held else None
        version = LawVersion(
            law=law, version_date=parsed.version_date, stated_from=start, basis=basis, from_date=start, header=parsed.header, preamble=parsed.preamble,
            article_count=len(parsed.articles), digest=digest, source=parsed.source,
        )  # fmt: skip
        changed: tuple[tuple[int, int], ...] = ()
        if before is not None and before.version_date < parsed.version_date:
            changed = _changed(self._texts(before), {(a.number, a.sub, a.part): a.text for a in parsed.articles})
        held[parsed.version_date] = version
        self.new_versions.append((version, parsed.articles))
        return Taken("added" if fresh else "version", version, len(parsed.articles), before, changed)

    def _texts(self, version: LawVersion) -> dict[tuple[int, int, int], str]:
        for waiting, articles in self.new_versions:
            if waiting is version:
                return {(a.number, a.sub, a.part): a.text for a in articles}
        return _texts(version)

    def _remember(self, parsed: ParsedLaw, taken: Taken, digest: str, mark: str) -> None:
        version, source, locator = taken.version, parsed.source, parsed.locator
        if version is not None:
            self.sources[version.pk, source, locator] = VersionSource(version=version, source=source, locator=locator, digest=digest)
        self.items[source, locator] = ImportItem(source=source, locator=locator, digest=mark, outcome=taken.outcome)

    def write(self) -> None:
        """Write what waits, in one transaction: all of it or nothing."""
        with transaction.atomic():
            self._write()
        self._clear()

    def _write(self) -> None:
        Law.objects.bulk_create(self.new_laws)
        LawVersion.objects.bulk_create([version for version, _ in self.new_versions])
        store_articles(self.new_versions)
        VersionSource.objects.bulk_create(
            self.sources.values(), update_conflicts=True, unique_fields=["version", "source", "locator"], update_fields=["digest"]
        )
        ImportItem.objects.bulk_create(self.items.values(), update_conflicts=True, unique_fields=["source", "locator"], update_fields=["digest", "outcome"])


def articles_digest(articles: Iterable[ParsedArticle]) -> str:
    """Digest of the normal reading of all articles: sources that differ in spaces and quotation marks only agree."""
    whole = hashlib.sha256()
    for a in sorted(articles, key=lambda a: (a.number, a.sub, a.part)):
        whole.update(f"{a.number}.{a.sub}.{a.part}|{normal(a.text)}\n".encode("utf-8", "surrogatepass"))
    return whole.hexdigest()


def store_articles(texts: Iterable[tuple[LawVersion, Iterable[ParsedArticle]]]) -> None:
    """Write the articles of versions in their order, in one stream. In the caller's transaction."""
    with connection.cursor() as cursor, cursor.copy(_COPY) as copy:
        for version, articles in texts:
            for n, a in enumerate(articles):
                copy.write_row((version.pk, n, a.label, a.number, a.sub, a.part, a.chapter, a.text))


_COPY = f'COPY "{Article._meta.db_table}" (version_id, position, label, number, sub, part, chapter, text) FROM STDIN'


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
    store_articles([(version, parsed.articles)])
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
