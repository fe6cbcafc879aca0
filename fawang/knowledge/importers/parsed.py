"""What every reader gives and the loader takes: a law's text with its dates, before it touches the database. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date

from fawang.knowledge.numerals import NUMERAL, to_int
from fawang.knowledge.titles import title_key

MAX_ARTICLE = 200_000
_DATE = re.compile(r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日")
_COMES_INTO_FORCE = re.compile(
    r"(?:本[^。；，]{1,12}|现予公布，|[^。；，]{0,30}?)自\s*(?:(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日|公布之日|发布之日|颁布之日)\s*起\s*(?:施行|实施|生效|执行)"
)
_FULL = {0xFF10 + n: str(n) for n in range(10)}


@dataclass(frozen=True, slots=True)
class ParsedArticle:
    """One article as read: label as written, number and sub (0: none), part among equals, heading path, text."""

    label: str
    number: int
    sub: int
    part: int
    chapter: str
    text: str


@dataclass(frozen=True, slots=True)
class ParsedLaw:
    """One text of a law as read from one source. ``from_date`` is the day a *source* states, if it does."""

    source: str
    locator: str
    title: str
    level: str
    version_date: date
    articles: tuple[ParsedArticle, ...]
    from_date: date | None = None
    issuer: str = ""
    department: str = ""
    region_code: str = ""
    subtitle: str = ""
    header: str = ""
    preamble: str = ""

    @property
    def key(self) -> str:
        """The matching key of the law."""
        return title_key(self.title)

    def digest(self) -> str:
        """The digest of everything read: equal digests need no second look."""
        whole = [self.title, self.level, str(self.version_date), str(self.from_date), self.issuer, self.region_code, self.header, self.preamble]
        for a in self.articles:
            whole += [a.label, f"{a.number}.{a.sub}.{a.part}", a.chapter, a.text]
        return hashlib.sha256("\x1f".join(whole).encode("utf-8", "surrogatepass")).hexdigest()


class Unreadable(Exception):
    """A document that cannot be taken in; ``code`` is an error code of the room, ``reason`` a few words for the report."""

    def __init__(self, code: str, name: str, reason: str = "") -> None:
        super().__init__(f"{code} {name} {reason}")
        self.code, self.name, self.reason = code, name, reason


def numbered(articles: Iterable[ParsedArticle]) -> tuple[ParsedArticle, ...]:
    """Articles with ``part`` counted up where a number returns, so that none is lost."""
    seen: dict[tuple[int, int], int] = {}
    out = []
    for a in articles:
        part = seen.get((a.number, a.sub), -1) + 1
        seen[a.number, a.sub] = part
        out.append(replace(a, part=part) if part != a.part else a)
    return tuple(out)


def dates_in(text: str) -> list[date]:
    """All full dates written out in a text, impossible ones left out."""
    found = []
    for year, month, day in _DATE.findall(text.translate(_FULL)):
        try:
            found.append(date(int(year), int(month), int(day)))
        except ValueError:
            continue
    return found


def force_date(articles: Iterable[ParsedArticle], version_date: date) -> date | None:
    """The day of entry into force that a closing article states for this version; ``None`` when it states an earlier law's day.

    A revised text names its own day (立法法 §61); an amended one keeps the first text's day, which is not this version's.
    """
    for article in reversed(list(articles)[-6:]):
        text = article.text.translate(_FULL)
        found = _COMES_INTO_FORCE.search(text)
        if found:
            if not found[1]:
                return None
            try:
                day = date(int(found[1]), int(found[2]), int(found[3]))
            except ValueError:
                return None
            return day if day >= version_date else None
    return None


def normal(text: str) -> str:
    """A text for comparing two sources: width, spaces and kinds of quotation marks make no difference."""
    text = text.translate(_WIDTH)
    return re.sub(r"\s+", "", text)


_WIDTH = {0xFF01 + i: 0x21 + i for i in range(94)} | dict.fromkeys(map(ord, "“”„‟＂「」『』\"'‘’"), "'") | {
    ord("〈"): "<", ord("〉"): ">", ord("《"): "<", ord("》"): ">", ord("—"): "-", ord("－"): "-", ord("–"): "-", ord("●"): "·", ord("•"): "·",
    0x3000: " ", 0x200B: "", 0xFEFF: "", ord("○"): "〇", ord("\\"): "",
}  # fmt: skip


@dataclass(slots=True)
class LineReader:
    """Reads a law's body line by line: headings, articles, their paragraphs, annexes. Feed lines, then take ``articles``."""

    path: list[tuple[int, str]] = field(default_factory=list)
    preamble: list[str] = field(default_factory=list)
    found: list[tuple[str, int, int, str, list[str]]] = field(default_factory=list)
    in_contents: bool = False
    annexes: int = 0

    def heading(self, depth: int, text: str) -> None:
        """A heading of that depth; a deeper one stands below, an equal one beside."""
        text = re.sub(r"\s+", " ", text).strip()
        if not text or re.fullmatch(r"目\s*[录次]", text):
            return
        if text.startswith("附") and self.found:
            self.annexes += 1
            self.path = []
            self.found.append((text[:40], 0, 0, "", []))
            return
        while self.path and self.path[-1][0] >= depth:
            self.path.pop()
        self.path.append((depth, _tidy(text)))

    def line(self, text: str) -> None:
        """One line of the body."""
        text = text.replace("\u200b", "").replace("\ufeff", "").strip(" \t\u3000\xa0\u2002\u2003")
        if not text:
            return
        if found := _ARTICLE.match(text):
            number, sub = to_int(found[2]), to_int(found[3]) if found[3] else 0
            if number and sub is not None and self._begins(number, sub, found):
                self.found.append(
                    (found[1], number, sub, " / ".join(t for _, t in self.path)[:400], [found[4].strip(" \u3000\xa0\u2002")] if found[4].strip() else [])
                )
                return
        if self.found:
            self.found[-1][4].append(text)
        else:
            self.preamble.append(text)

    def _begins(self, number: int, sub: int, found: re.Match[str]) -> bool:
        """Whether the line begins an article rather than speaks of one: it follows on, or stands apart from its text."""
        last = next(((n, s) for _, n, s, _, _ in reversed(self.found) if n), (0, 0))
        follows = (number == last[0] + 1 and sub == 0) or (number == last[0] and sub == last[1] + 1)
        spaced = found[4][:1] in ("", " ", "\u3000", "\xa0", "\u2002", "\t", "*")
        speaks = found[4].lstrip()[:1] in tuple("、，至和第的款所之")
        return (follows and not (speaks and not spaced)) or (spaced and not speaks and number > last[0])

    def articles(self) -> tuple[ParsedArticle, ...]:
        """All that was read, none lost; a text without articles becomes items (1. / 一、) or one whole."""
        if not any(n for _, n, _, _, _ in self.found):
            return _items(self.preamble)
        return numbered(ParsedArticle(label, n, s, 0, c, "\n".join(p)) for label, n, s, c, p in self.found if p)


_ARTICLE = re.compile(rf"\**(第({NUMERAL}+)条(?:之({NUMERAL}+))?)\**(.*)", re.DOTALL)
_ITEM = re.compile(rf"(?:({NUMERAL}{{1,4}})、|(\d{{1,3}})\s*[．.、](?!\d))\s*(.*)", re.DOTALL)


def _items(lines: list[str]) -> tuple[ParsedArticle, ...]:
    found: list[tuple[str, int, list[str]]] = []
    before: list[str] = []
    kinds = {1: 0, 2: 0}
    for line in lines:
        if m := _ITEM.match(line):
            kinds[1 if m[1] else 2] += 1
    kind = 2 if kinds[2] > kinds[1] else 1
    chapter = ""
    chapters: list[str] = []
    for line in lines:
        m = _ITEM.match(line)
        value = to_int(m[kind]) if m and m[kind] else None
        if m and value and (value == (found[-1][1] if found else 0) + 1):
            found.append((f"第{value}条" if kind == 2 else f"条目{m[kind]}", value, [m[3]] if m[3] else []))
            chapters.append(chapter)
        elif kind == 2 and m and m[1] and len(line) < 30:
            chapter = line
        elif found:
            found[-1][2].append(line)
        else:
            before.append(line)
    if len(found) < 2:
        whole = "\n".join(lines)
        return (ParsedArticle("全文", 0, 0, 0, "", whole),) if whole else ()
    return numbered(ParsedArticle(label, n, 0, 0, c, "\n".join(p)) for (label, n, p), c in zip(found, chapters, strict=True) if p)


def _tidy(text: str) -> str:
    """第一章 总 则 → 第一章 总则."""
    head, _, tail = text.partition(" ")
    return f"{head} {tail.replace(' ', '')}".strip() if tail and not tail.isascii() else text
