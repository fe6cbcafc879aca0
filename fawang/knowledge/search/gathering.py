"""Reading everything that is to be found out of the database, in one snapshot, as plain columns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import connection, transaction

from fawang.knowledge.names import aliases
from fawang.knowledge.search.memory import Pair
from fawang.knowledge.titles import popular_keys

FOREVER = date(9999, 12, 31).toordinal()
ARTICLE = "article"


@dataclass(slots=True)
class Gathered:
    """Columns of documents (articles first, then other rooms' documents), laws, slots (law, number, sub) and bank pairs."""

    laws: list[dict[str, Any]] = field(default_factory=list)
    chapters: list[str] = field(default_factory=list)
    kinds: list[str] = field(default_factory=lambda: [ARTICLE])
    pk: list[int] = field(default_factory=list)
    kind: list[int] = field(default_factory=list)
    law: list[int] = field(default_factory=list)
    slot: list[int] = field(default_factory=list)
    chapter: list[int] = field(default_factory=list)
    start: list[int] = field(default_factory=list)
    until: list[int] = field(default_factory=list)
    version: list[int] = field(default_factory=list)
    number: list[int] = field(default_factory=list)
    sub: list[int] = field(default_factory=list)
    texts: list[tuple[str, str, str]] = field(default_factory=list)
    slots: dict[tuple[int, int, int], int] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    pairs: list[Pair] = field(default_factory=list)
    wanted: int = 0


def gather() -> Gathered:
    """Everything, as one REPEATABLE READ snapshot: imports that run meanwhile are not seen half-way."""
    found = Gathered()
    with transaction.atomic():
        with connection.cursor() as cursor:
            if not connection.in_atomic_block or len(connection.savepoint_ids) == 0:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            cursor.execute("SET LOCAL work_mem = '192MB'")  # the articles are put in order in memory
            cursor.execute("SELECT wanted FROM knowledge_indexstate WHERE name = 'main'")
            row = cursor.fetchone()
            found.wanted = row[0] if row else 0
        _laws(found)
        _articles(found)
        _documents(found)
        _pairs(found)
    return found


def _batches(sql: str) -> Iterator[list[tuple[Any, ...]]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        while rows := cursor.fetchmany(5000):
            yield rows


def _rows(sql: str) -> Iterator[tuple[Any, ...]]:
    for rows in _batches(sql):
        yield from rows


def _laws(found: Gathered) -> None:
    rows = list(_rows("SELECT id, title, short, key, slug, level, region_code FROM knowledge_law ORDER BY region_code DESC, key"))
    for n, (pk, title, short, key, slug, level, region) in enumerate(rows):
        found.laws.append({"id": str(pk), "title": title, "short": short, "key": key, "slug": slug, "level": level, "region": region})
        for popular in popular_keys(title)[1:]:
            found.names.setdefault(popular, n)
    for n, law in enumerate(found.laws):  # exact titles win over popular ones, national ones over local ones
        found.names[law["key"]] = n
    for alias, key in aliases().items():
        if key in found.names:
            found.names.setdefault(alias, found.names[key])


def _articles(found: Gathered) -> None:
    law_of = {law["id"]: n for n, law in enumerate(found.laws)}
    versions = list(_rows("SELECT law_id, from_date, until_date, version_date FROM knowledge_lawversion ORDER BY law_id, version_date"))
    laws = [law_of[str(law_id)] for law_id, _, _, _ in versions]
    starts = [start.toordinal() for _, start, _, _ in versions]
    untils = [until.toordinal() if until else FOREVER for _, _, until, _ in versions]
    dates = [day.toordinal() for _, _, _, day in versions]
    chapters: dict[tuple[int, str], int] = {}
    slots = found.slots
    for rows in _batches(
        "SELECT v.n, a.id, a.number, a.sub, a.part, a.chapter, a.label, a.text FROM knowledge_article a"
        " JOIN (SELECT id, row_number() OVER (ORDER BY law_id, version_date) - 1 AS n FROM knowledge_lawversion) v ON v.id = a.version_id"
        " ORDER BY v.n, a.position"
    ):
        version, pk, number, sub, part, chapter, label, text = zip(*rows, strict=True)
        law = [laws[v] for v in version]
        found.pk += pk
        found.law += law
        found.number += number
        found.sub += sub
        found.start += [starts[v] for v in version]
        found.until += [untils[v] for v in version]
        found.version += [dates[v] for v in version]
        found.slot += [slots.setdefault((w, n, s), len(slots)) if p == 0 else -1 for w, n, s, p in zip(law, number, sub, part, strict=True)]
        found.chapter += [chapters.setdefault(key, len(chapters)) for key in zip(law, chapter, strict=True)]
        found.texts += zip(label, chapter, text, strict=True)
    found.kind += [0] * len(found.pk)
    found.chapters = [chapter for _, chapter in chapters]


def _documents(found: Gathered) -> None:
    for pk, kind, ref, title, body, address, start, until, region in _rows(
        "SELECT id, kind, ref, title, body, address, from_date, until_date, region_code FROM knowledge_indexdocument ORDER BY id"
    ):
        if kind not in found.kinds:
            found.kinds.append(kind)
        found.pk.append(pk)
        found.kind.append(found.kinds.index(kind))
        found.law.append(-1)
        found.slot.append(-1)
        found.chapter.append(-1)
        found.start.append(start.toordinal() if start else 0)
        found.until.append(until.toordinal() if until else FOREVER)
        found.version.append(start.toordinal() if start else 0)
        found.number.append(int(region or 0) if (region or "").isdigit() else 0)
        found.sub.append(0)
        found.texts.append((title, f"{ref}\x1e{address}", body))


def _pairs(found: Gathered) -> None:
    law_of = {law["id"]: n for n, law in enumerate(found.laws)}
    text: dict[Any, tuple[str, str, str]] = {}
    slots: dict[Any, list[int]] = {}
    for pk, words, lay, group, law_id, number, sub in _rows(
        'SELECT q.id, q.text, q.lay_words, q."group", a.law_id, a.number, a.sub FROM knowledge_question q'
        " JOIN knowledge_questionarticle a ON a.question_id = q.id WHERE q.state = 'reviewed' ORDER BY q.created_at, q.id, a.\"order\""
    ):
        slot = found.slots.get((law_of[str(law_id)], number, sub))
        if slot is not None:
            text[pk] = (words, lay, group)
            slots.setdefault(pk, []).append(slot)
    found.pairs = [Pair(words, tuple(dict.fromkeys(slots[pk])), lay, group, str(pk)) for pk, (words, lay, group) in text.items()]
