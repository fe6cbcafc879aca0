"""The product's own formats: JSON lines, a law a line, or CSV, an article a row. Documented in docs/reference/law-import.md."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from fawang.knowledge.importers.markdown import decode
from fawang.knowledge.importers.parsed import MAX_ARTICLE, ParsedArticle, ParsedLaw, Unreadable, numbered
from fawang.knowledge.models import Law
from fawang.knowledge.numerals import parse_short
from fawang.knowledge.titles import clean_title

SOURCE = "own"
MAX_LINE = 16 << 20
COLUMNS = ("title", "level", "issuer", "department", "region_code", "version_date", "from_date", "label", "chapter", "text")


def read(path: Path) -> Iterator[ParsedLaw | Unreadable]:
    """Every law of a ``.jsonl`` or ``.csv`` file. Raises ``Unreadable`` for no such file; a bad line spoils its own law only."""
    if not path.is_file():
        raise Unreadable("library.source", str(path))
    rows = _csv(path) if path.suffix == ".csv" else _jsonl(path)
    for number, row in rows:
        name = f"{path.name}:{number}"
        try:
            yield _law(name, row)
        except Unreadable as bad:
            yield bad
        except (KeyError, TypeError, ValueError, AttributeError) as bad:
            yield Unreadable("library.unreadable", name, f"{type(bad).__name__} {bad}"[:120])


def _jsonl(path: Path) -> Iterator[tuple[int, Any]]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(MAX_LINE + 1):
            number += 1
            if len(line) > MAX_LINE:
                raise Unreadable("library.size", f"{path.name}:{number}")
            if line.strip():
                try:
                    yield number, json.loads(decode(path.name, line))
                except (json.JSONDecodeError, Unreadable, RecursionError):
                    yield number, None


def _csv(path: Path) -> Iterator[tuple[int, Any]]:
    if path.stat().st_size > 400 << 20:
        raise Unreadable("library.size", path.name)
    csv.field_size_limit(MAX_ARTICLE * 2)
    lines = decode(path.name, path.read_bytes()).splitlines(keepends=True)
    try:
        rows = list(enumerate(csv.DictReader(lines, strict=True), 2))
    except csv.Error as bad:
        raise Unreadable("library.unreadable", path.name, str(bad)[:80]) from None
    for _, group in groupby(rows, key=lambda r: (r[1].get("title"), r[1].get("version_date"), r[1].get("region_code"))):
        members = list(group)
        yield members[0][0], {**members[0][1], "articles": [row for _, row in members]}


def _law(name: str, row: Any) -> ParsedLaw:
    if not isinstance(row, dict):
        raise Unreadable("library.unreadable", name, "JSON")
    title = clean_title(str(row["title"]))
    whole = "".join(str(row.get(name) or "") for name in COLUMNS)
    if "\x00" in whole or any("\x00" in str(item.get("chapter")) for item in row["articles"]) or not whole.encode():
        raise Unreadable("library.unreadable", name, "characters")
    if not 2 <= len(title) <= 300:
        raise Unreadable("library.no_title", name)
    level = row.get("level") or "law"
    if level not in Law.Level.values:
        raise Unreadable("library.unreadable", name, f"level {level!s:.20}")
    articles = []
    for item in row["articles"]:
        label, text = str(item["label"]).strip(), str(item["text"])
        if not text.strip() or len(text) > MAX_ARTICLE or len(label) > 40 or "\x00" in text + label:
            raise Unreadable("library.unreadable", name, label[:40])
        f"{label}{text}{item.get('chapter')}".encode()  # half a character pair cannot be stored: a ValueError, this law is left out
        number, sub = parse_short(label) or (0, 0)
        articles.append(ParsedArticle(label, number, sub, 0, str(item.get("chapter") or "")[:400], text))
    if not articles:
        raise Unreadable("library.no_articles", name)
    return ParsedLaw(
        source=SOURCE, locator=f"{title}@{row['version_date']}"[-400:], title=title, level=level, version_date=date.fromisoformat(row["version_date"]),
        articles=numbered(articles), from_date=date.fromisoformat(row["from_date"]) if row.get("from_date") else None, issuer=str(row.get("issuer") or "")[:200],
        department=str(row.get("department") or "")[:40], region_code=str(row.get("region_code") or "")[:12],
    )  # fmt: skip
