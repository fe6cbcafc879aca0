"""Reading citations as people write them: 《劳动合同法》第四十七条, 民诉法119条, 刑法133条之一, 民法典第1079、1087条. Pure.

What counts as a law's name is asked of the caller, so that the search index and the desk read alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from fawang.knowledge.numerals import NUMBER, NUMERAL, to_int
from fawang.knowledge.titles import title_key

L = TypeVar("L")
_SUB = rf"(?:\s*条?\s*之\s*({NUMBER}))?"
_ONE = re.compile(
    rf"第\s*({NUMBER})\s*条(?:\s*之\s*({NUMBER}))?"  # 第四十七条, 第47条之一
    rf"|(?<![0-9０-９.．])([0-9０-９]{{1,4}})\s*(?:条(?:\s*之\s*({NUMBER}))?|之\s*({NUMBER})\s*条?)"  # 47条, 133条之一, 133之一
    rf"|({NUMERAL}{{1,9}})\s*条(?:\s*之\s*({NUMBER}))?"  # 二百六十六条
)
_MORE = re.compile(rf"\s*(?:[、,，和及与]|以及)\s*第?\s*({NUMBER})(?:\s*条)?(?:\s*之\s*({NUMBER}))?(?=\s*(?:[、,，和及与。；;]|以及|条|$|的|规定))")
_LIST = re.compile(rf"第?\s*({NUMBER})\s*((?:[、,，]\s*第?\s*{NUMBER}\s*)+)条")
_BARE = re.compile(rf"^\s*第?\s*([0-9０-９]{{1,4}}){_SUB}\s*$")
_PART = re.compile(rf"\s*(?:第\s*({NUMBER})\s*款)?\s*(?:第\s*[(（]?\s*({NUMBER})\s*[)）]?\s*项)?")
_TRAIL = re.compile(r"[\s的之,，:：]*$")
_BOOK = re.compile(r"[》〉」』】]\s*(?:[(（][^()（）]{1,20}[)）])?\s*$")
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Mention(Generic[L]):
    """One citation in a text: the law, article number and sub-number, paragraph and item (0: none), and where it stands."""

    law: L
    number: int
    sub: int
    paragraph: int
    item: int
    start: int
    end: int


def mentions(text: str, law_of: Callable[[str], L | None]) -> list[Mention[L]]:
    """All citations of known laws in ``text``, in order. ``law_of`` takes a title key and answers the law or ``None``.

    A number without a name belongs to the law named before it in the text. Text beyond 20,000 characters is not read.
    """
    return list(_mentions(text[:20_000], law_of))


def _mentions(text: str, law_of: Callable[[str], L | None]) -> Iterator[Mention[L]]:
    law: L | None = None
    at = 0
    while found := _ONE.search(text, at):
        listed = _listed_before(text, found, at)
        start = listed[0] if listed else found.start()
        named = _name_before(text, at, start, law_of)
        if named is not None:
            law = named[0]
        if law is None or (named is None and (not _continues(text, at, start) or _unknown_book(text, at, start))):
            law = named[0] if named else None
            at = found.end()
            continue
        begin = named[1] if named else start
        for number, sub in listed[1] if listed else ():
            yield Mention(law, number, sub, 0, 0, begin, found.end())
        groups = found.groups()
        own = to_int(groups[0] or groups[2] or groups[5] or "")
        own_sub = to_int(groups[1] or groups[3] or groups[4] or groups[6] or "") or 0
        rest = _PART.match(text, found.end())
        end = rest.end() if rest else found.end()
        paragraph, item = (to_int(rest[1] or "") or 0, to_int(rest[2] or "") or 0) if rest else (0, 0)
        if own:
            yield Mention(law, own, own_sub, paragraph, item, begin, end)
        at = max(end, found.end())
        while more := _MORE.match(text, at):
            value = to_int(more[1])
            if value is None:
                break
            yield Mention(law, value, to_int(more[2] or "") or 0, 0, 0, more.start(), more.end())
            at = more.end()
    if at == 0 and law is None:
        yield from _bare(text, law_of)


def _bare(text: str, law_of: Callable[[str], L | None]) -> Iterator[Mention[L]]:
    """民法典1079, a whole query of a name and a number without 条."""
    if len(text) > _LONGEST + 10:
        return
    for cut in range(len(text) - 1, 0, -1):
        if (tail := _BARE.match(text[cut:])) and not (text[cut - 1].isdigit() or text[cut - 1] in "第０１２３４５６７８９"):
            law = law_of(title_key(text[:cut]))
            number = to_int(tail[1])
            if law is not None and number:
                yield Mention(law, number, to_int(tail[2] or "") or 0, 0, 0, 0, len(text))
            return


def _listed_before(text: str, found: re.Match[str], at: int) -> tuple[int, list[tuple[int, int]]] | None:
    """1079、1087条: the numbers of a list that stand before the one with 条."""
    head = re.search(rf"(?:第?\s*{NUMBER}\s*[、,，]\s*)+$", text[at : found.start()])
    if not head:
        return None
    numbers = [to_int(n) for n in re.findall(NUMBER, head[0])]
    kept = [(n, 0) for n in numbers if n]
    return (at + head.start(), kept) if kept and len(kept) == len(numbers) else None


def _continues(text: str, at: int, start: int) -> bool:
    """Whether a number without a name of its own still speaks of the law named before: the sentence has not ended."""
    return at > 0 and not re.search(r"[。！？!?\n]", text[at:start]) and start - at <= 40


def _unknown_book(text: str, at: int, start: int) -> bool:
    """Whether a title in brackets stands before the number: when it is none we know, the number belongs to it and to no law named earlier."""
    return bool(_BOOK.search(_TRAIL.sub("", text[max(at, start - _LONGEST) : start])))


def _name_before(text: str, at: int, start: int, law_of: Callable[[str], L | None]) -> tuple[L, int] | None:
    window = text[max(at, start - _LONGEST) : start]
    offset = start - len(window)
    trimmed = _TRAIL.sub("", window)
    if closing := _BOOK.search(trimmed):
        depth, opening = 0, None
        for i in range(closing.start(), -1, -1):
            if trimmed[i] in "》〉」』】":
                depth += 1
            elif trimmed[i] in "《〈「『【":
                depth -= 1
                if depth == 0:
                    opening = i
                    break
        if opening is not None:
            whole = trimmed[opening + 1 :]
            for name in (whole, trimmed[opening + 1 : closing.start()]):
                law = law_of(title_key(name))
                if law is not None:
                    return law, offset + opening
        return None
    for i in range(len(trimmed)):
        if trimmed[i] in "，。；、,;!！？? \n的和与":
            continue
        law = law_of(title_key(trimmed[i:]))
        if law is not None:
            return law, offset + i
    return None
