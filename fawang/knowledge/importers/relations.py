"""Which acts end or amend which: read from closing articles (《…》同时废止), from decisions, and from the reviewed table."""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.resources import files

from fawang.knowledge.titles import title_key

_NAME = re.compile(r"《((?:[^《》]|《[^《》]*》)+)》")
_ENDED = re.compile(r"同时废止|予以废止|即行废止|同时失效|自行废止|不再适用")
_SENTENCE = re.compile(r"[。；]")
_DECISION = re.compile(r"关于修改《((?:[^《》]|《[^《》]*》)+)》的决定$")
_ISSUERS = ("", "最高人民法院", "最高人民检察院", "最高人民法院最高人民检察院", "国务院", "全国人民代表大会常务委员会")


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A line of ``rules/relations.csv``: ``kind`` (repeals, replaces), target and actor titles, the day, the norm."""

    kind: str
    target: str
    actor: str
    effective_on: date
    norm: str


@functools.cache
def reviewed() -> tuple[Reviewed, ...]:
    """The reviewed table."""
    with files("fawang.knowledge").joinpath("rules/relations.csv").open(encoding="utf-8") as file:
        return tuple(
            Reviewed(r["kind"], title_key(r["target"]), title_key(r["actor"]), date.fromisoformat(r["effective_on"]), r["norm"]) for r in csv.DictReader(file)
        )


def ended_names(text: str) -> list[str]:
    """Titles that an article ends: those named in a clause that closes with 同时废止 or its like."""
    found: list[str] = []
    for sentence in _SENTENCE.split(text):
        last = 0
        for ending in _ENDED.finditer(sentence):
            if ending[0] == "不再适用" and "》" not in sentence[max(0, ending.start() - 30) : ending.start()]:
                continue
            clause = sentence[last : ending.start()]
            found += [name for name in _NAME.findall(clause) if not _excepted(clause, name)]
            last = ending.end()
    return list(dict.fromkeys(found))


def _excepted(clause: str, name: str) -> bool:
    """《X》第三条同时废止 ends an article, not the law; 与《X》不一致 ends nothing."""
    after = clause[clause.index(f"《{name}》") + len(name) + 2 :]
    return bool(re.match(r"第|(?:中|所)?(?:的)?(?:有关|附件)|不一致|相抵触", after)) or bool(
        re.search(r"(?:依照|根据|按照|与)$", clause[: clause.index(f"《{name}》")])
    )


def keys_of(name: str) -> Iterator[str]:
    """Title keys under which a named act may stand in the library."""
    key = title_key(name)
    for issuer in _ISSUERS:
        yield issuer + key
    if key.startswith("关于"):
        yield key.removeprefix("关于")


def decided_on(title: str) -> str | None:
    """The title a decision amends: 关于修改《网络安全法》的决定 → 网络安全法."""
    found = _DECISION.search(title.replace("〈", "《").replace("〉", "》"))
    return found[1] if found else None
