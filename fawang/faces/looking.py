"""One question to the one index, ready for a page: grouped, with addresses, the state said honestly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import quote

from django.utils.translation import get_language

from fawang.faces.law_links import Standing, address_of, article_address, named, shown_standing, standing
from fawang.kernel import clock
from fawang.kernel.texts import Text
from fawang.knowledge.interviews.loading import interviews
from fawang.knowledge.models import Law
from fawang.knowledge.search.asking import Hit, Query, ask
from fawang.knowledge.selectors import articles_by_id, find_laws, law_as_of, read_citations
from fawang.registry.selectors import find_sites

KINDS: dict[str, tuple[Text, str]] = {
    "article": (Text("法律条文", "Articles"), "scale"), "law": (Text("法律法规", "Laws"), "book-open"), "interview": (Text("一步一步问清楚", "Guided interviews"), "list-checks"),
    "guide": (Text("常见问题", "Guides"), "circle-question-mark"), "calculator": (Text("算一算", "Calculators"), "calculator"), "document": (Text("文书", "Papers"), "file-text"),
    "question": (Text("别人这样问过", "Asked before"), "message-circle"), "case": (Text("案例", "Cases"), "gavel"), "site": (Text("服务点", "Places"), "map-pin"),
}  # fmt: skip
"""Kinds of results in the order in which they are shown, each with its words and its picture."""
EXCERPT = 150
TITLE = 24
"""Longer than this nobody types the name of a law or a place."""


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
    held_to: date | None = None
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
    day = wish.day or clock.today()
    answer = ask(
        Query(wish.text, kind="" if wish.kind == "law" else wish.kind, law=wish.law, level=wish.level, region=wish.region, day=wish.day, limit=wish.limit)
    )
    if answer.state != "ready":
        found = _without_index(wish, day)
        found.state = answer.state
        return found
    rows: dict[str, list[Found]] = {}
    if wish.kind != "law":
        for hit in [*answer.hits, *(h for hits in answer.others.values() for h in hits)]:
            rows.setdefault(hit.kind, []).append(_found(hit, day))
        _mark_standing([r for r in rows.get("article", ()) if r.cited], day)
    if wish.kind == "question":
        rows["question"] = [Found("question", s.text, "", f"/search?q={quote(s.text)}") for s in answer.similar]
    _laws(wish, day, rows)
    _sites(wish, rows)
    meant = [str(Text(f"把“{typed}”当作“{read}”来找", f"“{typed}” was read as “{read}”")) for typed, read in answer.meant]
    similar = [] if wish.kind == "question" else [s.text for s in answer.similar]
    return Looked(wish.text, _in_order(rows), similar, [*meant, *(answer.hints if not _english() else [])], answer.state, answer.held_to, answer.ms)


def _found(hit: Hit, day: date) -> Found:
    why = "；".join(reason_words(reason) for reason in hit.why)
    if hit.kind != "article":
        return Found(hit.kind, hit.label, "", hit.address, excerpt(hit.pieces or ((hit.text, False),)), why)
    url = hit.address or address_of(hit.slug, hit.number, hit.sub, day)
    return Found("article", f"《{hit.short}》{hit.label}", "", url, excerpt(hit.pieces or ((hit.text, False),)), why, cited=hit.cited, pk=hit.pk)


REASONS = {"直接引用": "You named this article", "文字相同：": "Same words: ", "说法对应：": "Your words mean: ", "有人这样问过：": "Somebody asked: "}  # fmt: skip


def _english() -> bool:
    return (get_language() or "zh").startswith("en")


def excerpt(pieces: Sequence[tuple[str, bool]], most: int = EXCERPT) -> list[tuple[str, bool]]:
    """The part of a text around its first matched words, marks kept; 省略号 where it was cut."""
    text = "".join(piece for piece, _ in pieces)
    if len(text) <= most:
        return list(pieces)
    first, at = 0, 0
    for piece, matched in pieces:
        if matched:
            first = at
            break
        at += len(piece)
    begin = max(0, min(first - 30, len(text) - most))
    found, at = [], 0
    for piece, matched in pieces:
        cut = piece[max(0, begin - at) : max(0, begin + most - at)]
        if cut:
            found.append((cut, matched))
        at += len(piece)
    return [*([("…", False)] if begin else []), *found, *([("…", False)] if begin + most < len(text) else [])]


def reason_words(reason: str) -> str:
    """Why something matched, in the page's language; the matched words themselves stay as they are."""
    if not _english():
        return reason
    for zh, en in REASONS.items():
        if reason.startswith(zh):
            return en + reason.removeprefix(zh)
    return reason


def _mark_standing(rows: list[Found], day: date) -> None:
    """Articles named in the question are shown even when they are not law that day: then it is said."""
    known = articles_by_id(r.pk for r in rows)
    for row in rows:
        if row.pk in known:
            row.standing = standing(known[row.pk].version, day)


def _laws(wish: Wish, day: date, rows: dict[str, list[Found]]) -> None:
    """Laws whose title holds what was typed, when it is short enough to be one."""
    if wish.kind in {"", "law"} and not wish.law and 2 <= len(wish.text) <= TITLE:
        found = [_law(law, day) for law in find_laws(text=wish.text, level=wish.level, region=wish.region)[: 24 if wish.kind else 4]]
        if found:
            rows["law"] = found


def _sites(wish: Wish, rows: dict[str, list[Found]]) -> None:
    """Places by name; all of a region when somebody asks where to go."""
    if wish.kind not in {"", "site"} or wish.law or wish.level:
        return
    where = any(word in wish.text for word in ("服务中心", "服务站", "网点", "援助中心", "在哪里办", "去哪办"))
    found = find_sites(region=wish.region)[:6] if where else find_sites(text=wish.text, region=wish.region)[:4] if 2 <= len(wish.text) <= TITLE else []
    if found:
        rows["site"] = [Found("site", site.name, site.address, "/sites" + (f"?region={wish.region}" if wish.region else "")) for site in found]


def _in_order(rows: dict[str, list[Found]]) -> list[tuple[str, Text, str, list[Found]]]:
    return [(kind, words, icon, rows[kind]) for kind, (words, icon) in KINDS.items() if kind in rows]


def _without_index(wish: Wish, day: date) -> Looked:
    """Citations named exactly, laws by title, interviews by name: what the database alone can answer."""
    rows: dict[str, list[Found]] = {}
    if wish.kind in {"", "article"}:
        for cited in read_citations(wish.text, day)[:10]:
            if cited.article is not None:
                title, url = named(cited.law, cited.article.label), article_address(cited.article, day)
                made = Found("article", title, "", url, excerpt(((cited.article.text, False),)), reason_words("直接引用"))
                made.standing = shown_standing(cited.validity) if cited.validity else None
                rows.setdefault("article", []).append(made)
    _laws(wish, day, rows)
    _sites(wish, rows)
    if wish.kind in {"", "interview"}:
        for found in interviews():
            if any(word in wish.text for word in _words(found.name.zh)):
                rows.setdefault("interview", []).append(Found("interview", str(found.name), str(found.about), f"/interviews/{found.code}"))
    return Looked(wish.text, _in_order(rows))


def _law(law: Law, day: date) -> Found:
    version = law_as_of(law, day)
    return Found("law", law.short, law.get_level_display(), f"/law/{law.slug}", standing=standing(version, day) if version else None)


def _words(name: str) -> list[str]:
    return [name[i : i + 2] for i in range(len(name) - 1)]
