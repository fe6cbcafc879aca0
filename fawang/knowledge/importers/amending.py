"""Working an amendment (刑法修正案) into the text it amends, where it gives the new wording itself. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from fawang.knowledge.numerals import NUMERAL, to_int

_AIM = re.compile(
    rf"(?:在|将)?(?:[\u4e00-\u9fff]{{0,12}}法)?第({NUMERAL}+)条(?:之({NUMERAL}+))?(?:第({NUMERAL}+)款)?(?:中增加[^，。]{{1,20}}，将该条)?修改为[:：]"
)
_CLOSING = re.compile(r"自\s*(?:\d{4}年\d{1,2}月\d{1,2}日|公布之日)\s*起施行")


@dataclass(frozen=True, slots=True)
class Amended:
    """The new wording of one article; ``item`` is the amendment's own item that says so."""

    number: int
    sub: int
    text: str
    item: str


def work_in(old: Mapping[tuple[int, int], str], items: list[tuple[str, str]]) -> list[Amended] | None:
    """The articles as amended by ``items`` (label, text); ``None`` as soon as one item cannot be carried out with certainty."""
    found: dict[tuple[int, int], Amended] = {}
    for label, text in items:
        aim = _AIM.match(text.strip())
        if aim is None:
            if _CLOSING.search(text) and len(text) < 60:
                continue
            return None
        number, sub, paragraph = to_int(aim[1]), to_int(aim[2] or "") or 0, to_int(aim[3] or "") or 0
        wording = _quoted(text.strip()[aim.end() :])
        if not number or not wording or (number, sub) not in old:
            return None
        if paragraph:
            lines = (found[number, sub].text if (number, sub) in found else old[number, sub]).split("\n")
            if paragraph > len(lines) or "\n" in wording:
                return None
            lines[paragraph - 1] = wording
            wording = "\n".join(lines)
        found[number, sub] = Amended(number, sub, wording, label)
    return list(found.values())


def _quoted(text: str) -> str:
    """The wording between the quotation marks; every paragraph opens with one, only the last closes."""
    lines = [line.strip() for line in text.strip().split("\n") if line.strip()]
    if not lines or not all(line[0] in '“"”' for line in lines) or lines[-1][-1] not in '”"“':
        return ""
    lines = [line[1:] for line in lines]
    lines[-1] = lines[-1][:-1]
    return "\n".join(lines)
