"""An article named as ``劳动合同法 30``, found in the library as it stood on a day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from fawang.knowledge.selectors import article_as_of, find_law

_NORM = re.compile(r"(?P<law>\S.*) (?P<number>[0-9]+)(?:之(?P<sub>[0-9]+))?")


@dataclass(frozen=True, slots=True)
class Quotation:
    """The text of an article, how it is cited, and where it stands."""

    law: str
    label: str
    text: str
    slug: str
    number: int
    sub: int


def quote(norm: str, on: date | None = None) -> Quotation | None:
    """The article as of that day (today when left out); ``None`` when the library does not hold it or it is not in force."""
    match = _NORM.fullmatch(norm)
    law = find_law(match["law"]) if match else None
    if match is None or law is None:
        return None
    number, sub = int(match["number"]), int(match["sub"] or 0)
    article = article_as_of(law, number, sub, on)
    if article is None:
        return None
    return Quotation(law.title, f"《{law.short}》{article.label}", article.text, law.slug, number, sub)


def in_force(norm: str) -> bool:
    """Whether the article stands in the library today (for the start-up check and the bank's command)."""
    return quote(norm) is not None
