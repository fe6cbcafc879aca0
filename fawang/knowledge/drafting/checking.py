"""What a model wrote is not believed: every citation is looked up as of the day, and whatever fails is struck out where all can see."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from fawang.kernel.texts import Text
from fawang.knowledge.drafting.port import LABEL, MARK
from fawang.knowledge.masking import findings
from fawang.knowledge.numerals import label_of
from fawang.knowledge.selectors import Cited, find_law, read_citations
from fawang.knowledge.spans import STATES

_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.S | re.I)
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_LINK = re.compile(r"(?:https?|ftp)://[^\s，。；、）)】》\"'<>]+|www\.[^\s，。；、）)】》\"'<>]+|!?\[[^\]\n]{0,200}\]\([^)\n]{0,500}\)|<[^<>\n]{1,300}>", re.I)
_BOOK = re.compile(r"《([^《》\n]{2,60})》(?:\s*第\s*[0-9０-９一二三四五六七八九十百千零〇两]{1,9}\s*条(?:之[一二三四五六七八九十]{1,3})?)?")
_BARE = re.compile(r"第\s*[0-9０-９一二三四五六七八九十百千零〇两]{1,9}\s*条(?:之[一二三四五六七八九十]{1,3})?")
ABSENT = Text("库里没有", "not in the library")
LINK = Text("网址和代码不采用", "links and markup are not taken")
PERSONAL = Text("不像该有的个人信息", "personal data that does not belong here")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of a draft: ``text``, ``cited`` (verified on the day; ``names`` are its articles), or ``struck`` with the reason."""

    kind: Literal["text", "cited", "struck"]
    text: str
    why: Text | None = None
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft made by a machine, checked against the library as of ``day``."""

    pieces: tuple[Piece, ...]
    day: date

    @property
    def struck(self) -> int:
        """How many places were struck out."""
        return sum(p.kind == "struck" for p in self.pieces)

    @property
    def citations(self) -> list[str]:
        """Verified citations, each once, in order."""
        return list(dict.fromkeys(name for p in self.pieces for name in p.names))

    @property
    def passage(self) -> str:
        """The draft as it may be put into an answer: labelled; what was struck is named by its reason only, and must be cleared away."""
        body = "".join(f"{MARK}划去一处：{p.why.zh if p.why else ''}】" if p.kind == "struck" else p.text for p in self.pieces)
        return f"{LABEL}\n{body}"


def checked(text: str, day: date) -> Draft:
    """A model's words, checked. Never raises for any text."""
    plain = _UNSEEN.sub("", _THOUGHT.sub("", text)).replace(MARK, "").strip()
    pieces, at = [], 0
    for piece, start, end in sorted(_marks(plain, day), key=lambda m: (m[1], -m[2])):
        if start < at:
            continue
        if start > at:
            pieces.append(Piece("text", plain[at:start]))
        pieces.append(piece)
        at = end
    if at < len(plain):
        pieces.append(Piece("text", plain[at:]))
    return Draft(tuple(pieces), day)


def _marks(text: str, day: date) -> Iterator[tuple[Piece, int, int]]:
    for link in _LINK.finditer(text):
        yield Piece("struck", link[0], LINK), link.start(), link.end()
    for found in findings(text):
        if found.kind not in {"name", "address"}:
            yield Piece("struck", text[found.start : found.end], PERSONAL), found.start, found.end
    covered = bytearray(len(text))
    for start, end, group in _together(read_citations(text, day)):
        covered[start:end] = b"\1" * (end - start)
        wrong = next((c for c in group if c.article is None), None)
        if wrong is None:
            yield Piece("cited", text[start:end], names=tuple(f"《{c.law.short}》{label_of(c.number, c.sub)}" for c in group)), start, end
        else:
            yield Piece("struck", text[start:end], STATES[wrong.validity.state] if wrong.validity else ABSENT), start, end
    for book in _BOOK.finditer(text):
        if not any(covered[book.start() : book.end()]):
            covered[book.start() : book.end()] = b"\1" * (book.end() - book.start())
            if book[0].endswith("》") and find_law(book[1]) is not None:
                continue
            yield Piece("struck", book[0], ABSENT), book.start(), book.end()
    for bare in _BARE.finditer(text):
        if not any(covered[bare.start() : bare.end()]):
            yield Piece("struck", bare[0], ABSENT), bare.start(), bare.end()


def _together(found: list[Cited]) -> list[tuple[int, int, list[Cited]]]:
    """Citations written as one (民法典第1079、1087条) stand or fall together."""
    spans: list[tuple[int, int, list[Cited]]] = []
    for c in found:
        if spans and c.start < spans[-1][1]:
            start, end, group = spans[-1]
            spans[-1] = (start, max(end, c.end), [*group, c])
        else:
            spans.append((c.start, c.end, [c]))
    return spans
