"""One question, its answer: exact citations first, then what ranks best; every hit says why it is there."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

import numpy as np

from fawang.kernel import clock
from fawang.knowledge.citing import mentions
from fawang.knowledge.search import explaining
from fawang.knowledge.search.gathering import ARTICLE, FOREVER
from fawang.knowledge.search.generation import Generation, generation
from fawang.knowledge.search.heard import Heard
from fawang.knowledge.search.memory import Floats, Ints
from fawang.knowledge.search.ranking import candidates, ranker
from fawang.knowledge.search.tokens import MAX_QUERY, Tokens, concepts, fold, pairs, words
from fawang.knowledge.titles import title_key

CITED = 1000.0
NAMED = 9.0
"""What it is worth that the question names the law: more than any likeness of words, less than an exact citation."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]+")
_ENDS = frozenset("法典例定释则知办决编一二三四五)")


@dataclass(frozen=True, slots=True)
class Query:
    """A question with its filters. ``day``: the law of that day (today when empty); ``region`` adds that region's own law.

    ``kind``: empty or ``article`` for law, ``question`` for the bank, or a kind other rooms registered (guide, case, site …).
    ``bank`` false: without bank questions and their lay words. ``explain`` false: bare hits, for measuring and exchange.
    """

    text: str
    kind: str = ""
    law: str = ""
    level: str = ""
    region: str = ""
    day: date | None = None
    limit: int = 10
    bank: bool = True
    explain: bool = True


@dataclass(frozen=True, slots=True)
class Hit:
    """One find. ``pk`` is the article's or document's key, ``pieces`` its text in runs (text, matched), ``why`` a few words each."""

    kind: str
    pk: int
    law: str
    short: str
    slug: str
    label: str
    number: int
    sub: int
    chapter: str
    text: str
    version_date: date | None
    until: date | None
    score: float
    cited: bool = False
    address: str = ""
    pieces: tuple[tuple[str, bool], ...] = ()
    why: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Similar:
    """A question of the bank like the one asked."""

    ref: str
    text: str
    score: float


@dataclass(slots=True)
class Answer:
    """``state``: ready, loading (nothing built yet, an import is under way) or empty. ``others`` holds other kinds' best finds.

    ``held_to``: the day of the newest text in the library; what was enacted later cannot be found.
    """

    state: Literal["ready", "loading", "empty"]
    hits: list[Hit] = field(default_factory=list)
    similar: list[Similar] = field(default_factory=list)
    others: dict[str, list[Hit]] = field(default_factory=dict)
    meant: list[tuple[str, str]] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    held_to: date | None = None
    ms: float = 0.0


def ask(query: Query, *, memory: Any = None, weights: str = "") -> Answer:
    """Answer a question from the current generation. Never raises for any text; nothing of the question is kept or logged.

    ``memory`` and ``weights`` replace bank and ranker (evaluation by folds).
    """
    began = time.perf_counter()
    found = generation()
    if found is None:
        return Answer(_absent())
    text = _CONTROL.sub(" ", query.text[: MAX_QUERY * 4])[:MAX_QUERY].strip()
    answer = Answer("ready", held_to=found.held_to)
    if text:
        day = (query.day or clock.today()).toordinal()
        asked, meant = tokens_of(found, text)
        heard = None
        if query.kind in ("", ARTICLE):
            heard = _articles(found, query, text, asked, day, answer, memory, weights)
            answer.meant = meant
        if query.kind not in ("", ARTICLE, "question"):
            answer.hits = _documents(found, asked, query.kind, day, query.limit, query.limit).get(query.kind, [])
        elif query.explain and not query.kind:
            answer.others = _documents(found, asked, "", day, 60, 3)
        if query.bank and (query.explain or query.kind == "question"):
            question = heard.question if heard and not memory else _question_scores(found, asked)
            answer.similar = explaining.likest(found, question, query.limit if query.kind == "question" else 5)
        if not answer.hits and not answer.similar and query.explain:
            answer.hints = explaining.hints(text, query)
    answer.ms = round((time.perf_counter() - began) * 1000, 3)
    return answer


def _absent() -> Literal["loading", "empty"]:
    """Whether laws are on their way. One query; also when the database is away the search says loading, not nothing."""
    from fawang.knowledge.models import ImportRun, Law

    try:
        return "loading" if ImportRun.objects.filter(state="running").exists() or Law.objects.exists() else "empty"
    except Exception:
        return "loading"


def tokens_of(found: Generation, text: str) -> tuple[Tokens, list[tuple[str, str]]]:
    """Tokens of a question, with what slips of the keyboard may have meant put beside what was written."""
    folded = fold(text)
    cut = words(folded)
    meant = found.corrections.meant(folded)
    more = "，".join(right for _, right in meant)
    both = f"{folded}，{more}" if more else folded
    if more:
        cut = cut + words(more)
    return Tokens(cut, pairs(both), [c for c in both if c >= "\u3400"], concepts().of(both, cut)), meant


def _articles(found: Generation, query: Query, text: str, asked: Tokens, day: int, answer: Answer, memory: Any, weights: str) -> Heard | None:
    cited = _cited(found, text, day)
    pool = candidates(found, asked, day, region=query.region, bank=query.bank, memory=memory)
    scores = ranker(weights or ("with_bank" if query.bank else "bare")).score(pool.spread)
    documents = pool.documents
    law = found.law[documents]
    for named in _named(found, text):
        scores = scores + NAMED * (law == named)
    keep = _filtered(found, query, law)
    documents, scores = documents[keep], scores[keep]
    order = np.argsort(-scores, kind="stable")[: query.limit + len(cited)]
    ranked = [(n, CITED - i) for i, n in enumerate(cited) if _filtered(found, query, found.law[np.array([n])]).all()]
    have = {n for n, _ in ranked}
    ranked += [(int(documents[i]), float(scores[i])) for i in order if int(documents[i]) not in have]
    answer.hits = _hits(found, ranked[: query.limit], have)
    if query.explain:
        answer.hits = explaining.explained(found, text, asked, answer.hits, pool.heard)
    return pool.heard


def _filtered(found: Generation, query: Query, law: Ints) -> Any:
    keep = np.ones(len(law), bool)
    if query.law:
        key = title_key(query.law)
        wanted = found.names.get(key, next((n for n, held in enumerate(found.laws) if held["slug"] == query.law), -2))
        keep &= law == wanted
    if query.level:
        keep &= np.array([held["level"] == query.level for held in found.laws] + [False])[law]
    return keep


def _cited(found: Generation, text: str, day: int) -> list[int]:
    """Documents that the text cites, in its order: the article as of the day, or its nearest other text when there is none then."""
    documents = []
    for mention in mentions(fold(text), found.names.get)[:20]:
        slot = found.slot_of(mention.law, mention.number, mention.sub)
        if slot < 0:
            continue
        at = int(found.documents_of(day)[slot])
        if at < 0:
            held = found.slot_docs[int(found.slot_at[slot]) : int(found.slot_at[slot + 1])]
            at = int(held[0]) if len(held) else -1
        if at >= 0 and at not in documents:
            documents.append(at)
    return documents


def _named(found: Generation, text: str) -> list[int]:
    """Laws whose title or alias stands in the question."""
    key = title_key(fold(text))[:120]
    ends = [n + 1 for n, c in enumerate(key) if c in _ENDS]
    laws: list[int] = []
    at = 0
    while ends and at < len(key) - 1:
        for end in reversed(ends):
            if at + 2 < end <= at + 40 and (law := found.names.get(key[at:end])) is not None:
                laws.append(law)
                at = end - 1
                break
        at += 1
    return list(dict.fromkeys(laws))[:4]


def _day(ordinal: int) -> date | None:
    return date.fromordinal(ordinal) if 0 < ordinal < FOREVER else None


def _hits(found: Generation, ranked: Sequence[tuple[int, float]], cited: Collection[int] = ()) -> list[Hit]:
    """Documents with their scores as hits; columns are read once for all of them."""
    ids = np.array([n for n, _ in ranked], np.int64)
    columns = [getattr(found, name)[ids].tolist() for name in ("law", "pk", "number", "sub", "version", "start", "until", "kind")]
    hits = []
    for (n, score), law, pk, number, sub, version, start, until, kind in zip(ranked, *columns, strict=True):
        first, second, third = found.text(n)
        if law < 0:
            ref, _, address = second.partition("\x1e")
            hits.append(Hit(found.kinds[kind], pk, "", "", ref, first, 0, 0, "", third, _day(start), _day(until), score, address=address))
        else:
            held = found.laws[law]
            hits.append(
                Hit(
                    ARTICLE, pk, held["title"], held["short"], held["slug"], first, number, sub, second, third, _day(version), _day(until), score,
                    n in cited,
                )
            )  # fmt: skip
    return hits


def _documents(found: Generation, asked: Tokens, kind: str, day: int, limit: int, shown: int) -> dict[str, list[Hit]]:
    """Finds of other rooms' kinds (one kind, or all), best first, ``shown`` of each: none with less than a third of its kind's best."""
    if kind and kind not in found.kinds:
        return {}
    wanted = [
        *(("w", w, 2.0) for w in dict.fromkeys(asked.words)),
        *(("g", p, 1.0) for p in dict.fromkeys(asked.pairs)),
        *(("k", str(k), 2.0) for k in set(asked.concepts)),
    ]
    ids, scores = found.lexical["kinds"].find(wanted, limit, kind)
    best: dict[str, list[tuple[int, float]]] = {}
    for n, score, of, start, until in zip(ids.tolist(), scores.tolist(), *(c[ids].tolist() for c in (found.kind, found.start, found.until)), strict=True):
        if start <= day < until:
            same = best.setdefault(found.kinds[of], [])
            if len(same) < shown and (not same or score > 0.3 * same[0][1]):
                same.append((n, score))
    return {name: _hits(found, ranked) for name, ranked in best.items()}


def similar_questions(text: str, limit: int = 5) -> list[Similar]:
    """Bank questions most like a text, the likest first; only those that share a fair part of it. Never raises."""
    found = generation()
    text = _CONTROL.sub(" ", text[: MAX_QUERY * 4])[:MAX_QUERY].strip()
    if found is None or not text:
        return []
    return explaining.likest(found, _question_scores(found, tokens_of(found, text)[0]), limit)


def _question_scores(found: Generation, asked: Tokens) -> Floats:
    """How well every bank question fits."""
    surface, meant = found.bank.scores(asked)
    place = found.bank.place["question"]
    return (surface + meant)[place]
