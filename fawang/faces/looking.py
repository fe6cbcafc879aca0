"""One question to the one index, ready for a page: grouped, with addresses, the state said honestly."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from fawang.faces.law_links import Standing, address_of, article_address, named, shown_standing, standing
from fawang.kernel import clock
from fawang.kernel.texts import Text
from fawang.knowledge.interviews.loading import interviews
from fawang.knowledge.models import Law
from fawang.knowledge.selectors import articles_by_id, find_laws, law_as_of, read_citations

KINDS: dict[str, tuple[Text, str]] = {
    "article": (Text("法律条文", "Articles"), "scale"), "law": (Text("法律法规", "Laws"), "book-open"), "interview": (Text("一步一步问清楚", "Guided interviews"), "list-checks"),
    "guide": (Text("常见问题", "Guides"), "circle-question-mark"), "calculator": (Text("算一算", "Calculators"), "calculator"), "document": (Text("文书", "Papers"), "file-text"),
    "question": (Text("别人这样问过", "Asked before"), "message-circle"), "case": (Text("案例", "Cases"), "gavel"), "site": (Text("服务点", "Places"), "map-pin"),
}  # fmt: skip
"""Kinds of results in the order in which they are shown, each with its words and its picture."""


@dataclass(slots=True)
class Found:
    """One result. ``pieces`` are (text, whether it matched)."""

    kind: str
    title: str
    label: str
    url: str
    pieces: Sequence[tuple[str, bool]] = ()
    why: str = ""
    standing: Standing | None = None
    cited: bool = False
    pk: int = 0


@dataclass(slots=True)
class Looked:
    """What was found. ``state``: ready, loading, empty (nothing imported)."""

    text: str
    groups: list[tuple[str, Text, str, list[Found]]] = field(default_factory=list)
    similar: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    state: str = "ready"
    ms: float = 0.0

    @property
    def count(self) -> int:
        """How many results."""
        return sum(len(rows) for *_, rows in self.groups)


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody looks for."""

    text: str
    kind: str = ""
    law: str = ""
    level: str = ""
    region: str = ""
    day: date | None = None
    limit: int = 24


def look(wish: Wish) -> Looked:
    """The answer of the index; without one, exact citations and titles from the database, and that is said. Never raises for words."""
    engine = _engine()
    if engine is None:
        return _without_index(wish)
    answer = engine.ask(engine.Query(wish.text, kind=wish.kind, law=wish.law, level=wish.level, region=wish.region, day=wish.day, limit=wish.limit))
    if answer.state != "ready":
        found = _without_index(wish)
        found.state = answer.state
        return found
    day = wish.day or clock.today()
    rows: dict[str, list[Found]] = {}
    for hit in [*answer.hits, *(h for hits in answer.others.values() for h in hits)]:
        rows.setdefault(hit.kind, []).append(_found(hit, day))
    _mark_standing([r for r in rows.get("article", ()) if r.cited], day)
    meant = [Text(f"把“{typed}”当作“{read}”来找", f"“{typed}” was read as “{read}”") for typed, read in answer.meant]
    return Looked(wish.text, _in_order(rows), [s.text for s in answer.similar], [*map(str, meant), *answer.hints], answer.state, answer.ms)


def _engine() -> Any:
    try:
        return importlib.import_module("fawang.knowledge.search.asking")
    except ImportError:
        return None


def _found(hit: Any, day: date) -> Found:
    why = "；".join(hit.why)
    if hit.kind != "article":
        return Found(hit.kind, hit.label, "", hit.address, tuple(hit.pieces) or ((hit.text[:120], False),), why)
    url = hit.address or address_of(hit.slug, hit.number, hit.sub, day)
    return Found("article", f"《{hit.short}》{hit.label}", "", url, tuple(hit.pieces) or ((hit.text[:160], False),), why, cited=hit.cited, pk=hit.pk)


def _mark_standing(rows: list[Found], day: date) -> None:
    """Articles named in the question are shown even when they are not law that day: then it is said."""
    known = articles_by_id(r.pk for r in rows)
    for row in rows:
        if row.pk in known:
            row.standing = standing(known[row.pk].version, day)


def _in_order(rows: dict[str, list[Found]]) -> list[tuple[str, Text, str, list[Found]]]:
    return [(kind, words, icon, rows[kind]) for kind, (words, icon) in KINDS.items() if kind in rows]


def _without_index(wish: Wish) -> Looked:
    """Citations named exactly, laws by title, interviews by name: what the database alone can answer."""
    day = wish.day or clock.today()
    rows: dict[str, list[Found]] = {}
    if wish.kind in {"", "article"}:
        for cited in read_citations(wish.text, day)[:10]:
            if cited.article is not None:
                rows.setdefault("article", []).append(
                    Found("article", named(cited.law, cited.article.label), "", article_address(cited.article, day), ((cited.article.text[:160], False),),
                          str(Text("您写明了这一条", "You named this article")), shown_standing(cited.validity) if cited.validity else None)
                )  # fmt: skip
    if wish.kind in {"", "law"} and wish.text:
        for law in find_laws(text=wish.text, level=wish.level, region=wish.region)[:8]:
            rows.setdefault("law", []).append(_law(law, day))
    if wish.kind in {"", "interview"}:
        for found in interviews():
            if any(word in wish.text for word in _words(found.name.zh)):
                rows.setdefault("interview", []).append(Found("interview", str(found.name), str(found.about), f"/interviews/{found.code}"))
    state = "loading" if Law.objects.exists() else "empty"
    return Looked(wish.text, _in_order(rows), state=state)


def _law(law: Law, day: date) -> Found:
    version = law_as_of(law, day)
    return Found("law", law.short, law.get_level_display(), f"/law/{law.slug}", standing=standing(version, day) if version else None)


def _words(name: str) -> list[str]:
    return [name[i : i + 2] for i in range(len(name) - 1)]
