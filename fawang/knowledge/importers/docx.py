"""Documents as the national database of laws hands them out: a title, its history in brackets, contents, chapters, articles."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

from fawang.knowledge.importers.markdown import place
from fawang.knowledge.importers.parsed import LineReader, ParsedLaw, Unreadable, dates_in
from fawang.knowledge.numerals import NUMERAL
from fawang.knowledge.titles import clean_title

SOURCE = "docx"
MAX_BYTES = 20 << 20
MAX_UNPACKED = 60 << 20
MAX_RATIO = 200
_HEADING = re.compile(rf"第({NUMERAL}+)([编章节])(?:\s|\u3000|$)")
_DEPTH = {"编": 1, "章": 2, "节": 3}
_NAMED = re.compile(r"[_（(](\d{4})-?(\d{2})-?(\d{2})[)）]?")


def read(path: Path) -> Iterator[ParsedLaw | Unreadable]:
    """One document, or every ``.docx`` below a folder. Raises ``Unreadable`` for no such path."""
    if not path.exists():
        raise Unreadable("library.source", str(path))
    for file in sorted(path.rglob("*.docx")) if path.is_dir() else [path]:
        try:
            if file.stat().st_size > MAX_BYTES:
                raise Unreadable("library.size", file.name)
            yield parse(file.name, file.read_bytes(), folder=str(file.parent.relative_to(path)) if path.is_dir() else "")
        except Unreadable as bad:
            yield bad


def paragraphs(name: str, content: bytes) -> list[str]:
    """The lines of a document, tables row by row. Refuses what unpacks beyond reason and whatever declares entities.

    Raises ``Unreadable``. Nothing is written to disk and nothing outside the document is opened.
    """
    from docx import Document
    from docx.table import Table

    if len(content) > MAX_BYTES:
        raise Unreadable("library.size", name)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            items = archive.infolist()
            unpacked = sum(item.file_size for item in items)
            if len(items) > 2000 or unpacked > MAX_UNPACKED or any(i.file_size > MAX_RATIO * max(i.compress_size, 1) and i.file_size > 1 << 20 for i in items):
                raise Unreadable("library.size", name)
            for item in items:
                if item.filename.endswith((".xml", ".rels")):
                    whole = archive.read(item)  # bounded above; a declaration may hide behind any length of comment
                    if b"<!DOCTYPE" in whole or b"<!ENTITY" in whole or b"\x00" in whole[:64]:
                        raise Unreadable("library.unreadable", name, "DTD")
        lines: list[str] = []
        for block in Document(io.BytesIO(content)).iter_inner_content():
            if isinstance(block, Table):
                lines += [" | ".join(cell.text.strip() for cell in row.cells) for row in block.rows]
            else:
                lines += block.text.split("\n")
    except Unreadable:
        raise
    except Exception as bad:
        # whatever a broken file makes the reader raise, the answer is the same: it is not read
        raise Unreadable("library.unreadable", name, type(bad).__name__) from None
    return lines


def parse(name: str, content: bytes, folder: str = "") -> ParsedLaw:
    """One document. Raises ``Unreadable`` naming what is missing."""
    lines = [line.strip(" \t\u3000\xa0\u200b\ufeff") for line in paragraphs(name, content)]
    lines = [line for line in lines if line]
    title, at = _title(lines)
    if not title:
        raise Unreadable("library.no_title", name)
    header, at = _history(lines, at)
    reader = LineReader()
    for line in lines[at:]:
        if (found := _HEADING.match(line)) and len(line) < 60:
            reader.heading(_DEPTH[found[2]], line)
        elif re.fullmatch(r"附\s*(?:件|录)?[一二三四五六七八九十\d]*[:：]?", line) and reader.found:
            reader.heading(1, line)
        else:
            reader.line(line)
    articles = reader.articles()
    if not articles:
        raise Unreadable("library.no_articles", name)
    named = _NAMED.search(name)
    days = dates_in(header) or (dates_in(f"{named[1]}年{named[2]}月{named[3]}日") if named else [])
    if not days:
        raise Unreadable("library.no_date", name)
    level, department, region = place(Path(folder, name), title)
    contents = [p for p in reader.preamble if not re.fullmatch(r"目\s*录", p)]
    return ParsedLaw(
        source=SOURCE, locator=str(Path(folder, name))[-400:], title=title[:300], level=level, version_date=max(days), articles=articles,
        department=department, region_code=region, header=header[:4000], preamble="\n".join(contents)[:20_000],
    )  # fmt: skip


def _title(lines: list[str]) -> tuple[str, int]:
    """The title may run over several lines; it ends before its history, the contents or the first heading or article."""
    title, at = "", 0
    while at < min(len(lines), 6) and not re.match(rf"[（(]|第{NUMERAL}+[编章节条]|目\s*录$", lines[at]):
        title += lines[at]
        at += 1
    return clean_title(title), at


def _history(lines: list[str], at: int) -> tuple[str, int]:
    header = ""
    if at < len(lines) and lines[at].startswith(("（", "(")):
        while at < len(lines) and len(header) <= 4000:
            header += lines[at]
            at += 1
            if header.endswith(("）", ")")):
                break
    return header, at
