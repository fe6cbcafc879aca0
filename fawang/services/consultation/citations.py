"""Reading citations as lawyers type them: 《劳动合同法》第三十条, 民法典1079条. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fawang.kernel.folding import fold_digits
from fawang.kernel.text_safety import ValueProblem

PROBLEMS = {
    "citation.form": ("请写成“《法律名称》第几条”，例如《劳动合同法》第三十条。", "Write it as 《law》第…条, e.g. 《劳动合同法》第三十条."),
}
_CITATION = re.compile(
    r"^\s*《?(?P<law>[^《》第\d\s]{2,60}?)》?\s*第?\s*(?P<number>[0-9]{1,4}|[一二三四五六七八九十百千零〇两]{1,9})\s*条(?P<rest>(之[一二三四五六七八九十]+)?(第[一二三四五六七八九十0-9]+款)?(第?[（(]?[一二三四五六七八九十0-9]+[)）]?项)?)\s*$"
)
_DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True, slots=True)
class Cited:
    """A law's title and an article in the statute's own style."""

    law: str
    article: str


def chinese_number(value: int) -> str:
    """1079 → 一千零七十九, as articles are numbered."""
    units = ("", "十", "百", "千")
    text, zero = "", False
    digits = str(value)
    for at, ch in enumerate(digits):
        power = len(digits) - at - 1
        if ch == "0":
            zero = bool(text)
            continue
        text += ("零" if zero else "") + _DIGITS[int(ch)] + units[power]
        zero = False
    return text[1:] if text.startswith("一十") else text


def parse_citation(text: str) -> Cited:
    """Read one citation. Raises ``ValueProblem('citation.form')``."""
    found = _CITATION.match(fold_digits(text))
    if found is None:
        raise ValueProblem("citation.form")
    number = found["number"]
    spoken = chinese_number(int(number)) if number.isascii() else number
    return Cited(found["law"], f"第{spoken}条{found['rest'] or ''}")


def parse_citations(text: str) -> list[Cited]:
    """One citation a line (or between 、；); empty lines are passed over."""
    parts = [p for p in re.split(r"[\n;；、]", text) if p.strip()]
    return list(dict.fromkeys(parse_citation(p) for p in parts))
