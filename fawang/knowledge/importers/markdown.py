"""The Markdown tree of statutes: a folder, one file, or a packed archive that is read without being unpacked."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path, PurePath, PurePosixPath

from fawang.knowledge.importers.parsed import LineReader, ParsedLaw, Unreadable, dates_in, force_date, numbered
from fawang.knowledge.titles import clean_title

SOURCE = "markdown"
MAX_FILE = 8 << 20
MAX_FILES = 50_000
_SKIPPED = {"_index.md", "README.md", "法律法规模版.md"}
_END = re.compile(r"<!--\s*INFO END\s*-->")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_NAMED = re.compile(r"[(（](\d{4}-\d{2}-\d{2})[)）]\.md$")
_HEADING = re.compile(r"(#{1,6})\s*(.*)")
_LEVELS = {
    "宪法": "constitution", "宪法相关法": "law", "刑法": "law", "民法典": "law", "民法商法": "law", "社会法": "law", "经济法": "law", "行政法": "law",
    "诉讼与非诉讼程序法": "law", "行政法规": "regulation", "司法解释": "judicial", "部门规章": "rule",
}  # fmt: skip
_REGIONS = {"上海": "310000", "北京": "110000", "山东": "370000", "广东": "440000", "河南": "410000", "浙江": "330000", "重庆": "500000"}


def read(path: Path) -> Iterator[ParsedLaw | Unreadable]:
    """Every law of the tree, files in the order of their names; parts of one law (编) come as one. Raises ``Unreadable`` for no such path."""
    waiting: dict[tuple[str, str], list[ParsedLaw]] = {}
    for name, content in _files(path):
        try:
            parsed = parse(name, content)
        except Unreadable as bad:
            yield bad
            continue
        if parsed.subtitle:
            waiting.setdefault((str(PurePosixPath(name).parent), parsed.key), []).append(parsed)
        else:
            yield parsed
    for parts in waiting.values():
        yield _joined(parts)


def _files(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for n, file in enumerate(sorted(path.rglob("*.md"))):
            if n >= MAX_FILES:
                raise Unreadable("library.size", str(path))
            if file.name not in _SKIPPED and file.is_file():
                yield str(file.relative_to(path)), file.read_bytes() if file.stat().st_size <= MAX_FILE else b"\0"
    elif path.is_file() and path.suffix == ".md":
        yield path.name, path.read_bytes() if path.stat().st_size <= MAX_FILE else b"\0"
    elif path.is_file():
        try:
            with tarfile.open(path) as archive:
                for n, member in enumerate(archive):
                    if n >= MAX_FILES:
                        raise Unreadable("library.size", path.name)
                    if member.isfile() and member.name.endswith(".md") and PurePosixPath(member.name).name not in _SKIPPED:
                        stream = archive.extractfile(member)
                        yield member.name, stream.read(MAX_FILE + 1) if stream and member.size <= MAX_FILE else b"\0"
        except (tarfile.TarError, EOFError, OSError) as bad:
            raise Unreadable("library.unreadable", path.name, type(bad).__name__) from None
    else:
        raise Unreadable("library.source", str(path))


def decode(name: str, content: bytes) -> str:
    """The text of a file in UTF-8, UTF-16 with its mark, or GB 18030. Raises ``Unreadable``."""
    codecs = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030")
    for codec in codecs:
        try:
            text = content.decode(codec)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text.replace("\r\n", "\n").replace("\r", "\n")
    raise Unreadable("library.unreadable", name, "encoding")


def parse(name: str, content: bytes) -> ParsedLaw:
    """One file. Raises ``Unreadable`` naming what is missing."""
    if len(content) > MAX_FILE:
        raise Unreadable("library.size", name)
    text = decode(name, content)
    ending = _END.search(text)
    head, body = (text[: ending.start()], text[ending.end() :]) if ending else ("", text)
    titles = [clean_title(m[2]) for line in (head or body).splitlines() if (m := _HEADING.match(line.strip())) and len(m[1]) == 1]
    if not titles or not titles[0]:
        raise Unreadable("library.no_title", name)
    reader = LineReader()
    for line in _COMMENT.sub("", body).splitlines():
        if found := _HEADING.match(line.strip()):
            if not (len(found[1]) == 1 and clean_title(found[2]) in titles):
                reader.heading(len(found[1]), found[2])
        else:
            reader.line(line)
    articles = reader.articles()
    if not articles:
        raise Unreadable("library.no_articles", name)
    level, department, region = place(PurePosixPath(name), titles[0])
    header = "\n".join(line.strip() for line in _COMMENT.sub("", head).splitlines() if line.strip() and not line.startswith("#"))
    day = _version_date(name, header, articles)
    if day is None:
        raise Unreadable("library.no_date", name)
    return ParsedLaw(
        source=SOURCE, locator=name[-400:], title=titles[0][:300], level=level, version_date=day, articles=articles, from_date=_stated(header, day),
        department=department, region_code=region, subtitle=titles[1] if len(titles) > 1 else "", header=header[:4000], preamble="\n".join(reader.preamble)[:20_000],
    )  # fmt: skip


def place(path: PurePath, title: str) -> tuple[str, str, str]:
    """Level, department, region from the folders above, else from the title."""
    level = department = region = ""
    for part in path.parts[:-1]:
        if part in _LEVELS:
            level, department = _LEVELS[part], part
        elif part.endswith("地方法规") and part[:2] in _REGIONS:
            level, department, region = "local", "地方性法规", _REGIONS[part[:2]]
    if "修正案" in title or ("修改" in title and title.endswith("决定")):
        level = "amending"
    elif title.startswith("全国人民代表大会常务委员会关于") and title.endswith("的解释"):
        level = "legislative"
    elif not level:
        level = "judicial" if title.startswith("最高人民") else "law" if title.startswith("中华人民共和国") and title.endswith("法") else "regulation"
    return level, department, region


def _version_date(name: str, header: str, articles: object) -> date | None:
    if named := _NAMED.search(name):
        try:
            return date.fromisoformat(named[1])
        except ValueError:
            pass
    passed = [
        day
        for line in header.splitlines()
        if not re.search(r"(?:施行|实施|生效)\s*$", line) or re.search("通过|公布|修[订正改]|批准|发布", line)
        for day in dates_in(line)
    ]
    if passed:
        return max(passed)
    return force_date(articles, date(1949, 10, 1)) or max(dates_in(header), default=None)  # type: ignore[arg-type]


def _stated(header: str, version_date: date) -> date | None:
    """2021年1月1日 施行 in the header."""
    days = [day for line in header.splitlines() if re.search(r"(?:施行|实施|生效)\s*$", line) for day in dates_in(line)[-1:]]
    return max((day for day in days if day >= version_date), default=None)


def _joined(parts: list[ParsedLaw]) -> ParsedLaw:
    parts.sort(key=lambda p: (p.articles[0].number or 99_999, p.locator))
    articles = [replace(a, chapter=" / ".join(c for c in (p.subtitle, a.chapter) if c)[:400]) for p in parts for a in p.articles]
    first = parts[0]
    stated = max((p.from_date for p in parts if p.from_date), default=None)
    return replace(
        first, articles=numbered(articles), subtitle="", version_date=max(p.version_date for p in parts), from_date=stated,
        locator=str(PurePosixPath(first.locator).parent)[-400:], preamble="\n".join(p.preamble for p in parts if p.preamble)[:20_000],
    )  # fmt: skip
