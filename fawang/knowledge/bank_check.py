"""Checking the bank: does every article exist and hold today, are two questions copies, are the lengths right."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db.models import Q

from fawang.kernel import clock
from fawang.knowledge.models import Article, LawVersion, Question
from fawang.knowledge.numerals import label_of
from fawang.knowledge.search.tokens import fold, pairs

RUN = 10
"""Two questions that share a run of this many characters are looked at side by side."""
ALIKE = 0.72
SHORTEST, LONGEST = 4, 200
_SHOWN = 100


def check_bank(day: date | None = None) -> dict[str, Any]:
    """Counts and faults of all reviewed questions as of ``day`` (today). Reads only."""
    day = day or clock.today()
    live = LawVersion.objects.filter(from_date__lte=day).filter(Q(until_date=None) | Q(until_date__gt=day))
    held = set(Article.objects.filter(version__in=live).values_list("version__law_id", "number", "sub"))
    questions = list(Question.objects.filter(state=Question.State.REVIEWED).prefetch_related("articles__law").order_by("provenance"))
    faults: list[dict[str, str]] = []
    articles: Counter[tuple[Any, int, int]] = Counter()
    laws: Counter[str] = Counter()
    for q in questions:
        if not SHORTEST <= len(q.text) <= LONGEST:
            faults.append({"question": q.text[:80], "fault": f"length {len(q.text)}"})
        links = list(q.articles.all())
        if not links:
            faults.append({"question": q.text[:80], "fault": "no article"})
        for link in links:
            articles[link.law_id, link.number, link.sub] += 1
            laws[link.law.short] += 1
            if (link.law_id, link.number, link.sub) not in held:
                faults.append({"question": q.text[:80], "fault": f"not in force: {link.law.short} {label_of(link.number, link.sub)}"})
    alike = copies([q.text for q in questions])
    faults += [{"question": a[:80], "fault": f"copy: {b[:80]}"} for a, b in alike]
    return {
        "questions": len(questions), "articles": len(articles), "laws": len(laws), "by_origin": dict(Counter(q.origin for q in questions)),
        "with_lay_words": sum(bool(q.lay_words) for q in questions), "most_asked_laws": dict(laws.most_common(15)), "copies": len(alike), "faults": len(faults),
        "shown": faults[:_SHOWN],
    }  # fmt: skip


def copies(texts: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of texts that are nearly the same: they share a run of ten characters and nearly three quarters of their character pairs."""
    held = list(texts)
    at: dict[str, list[int]] = defaultdict(list)
    plain = ["".join(c for c in fold(t) if c.isalnum()) for t in held]
    for n, text in enumerate(plain):
        for run in {text[i : i + RUN] for i in range(max(len(text) - RUN + 1, 1))}:
            at[run].append(n)
    met = {(a, b) for members in at.values() if len(members) > 1 for i, a in enumerate(members) for b in members[i + 1 :]}
    return [(held[a], held[b]) for a, b in sorted(met) if likeness(plain[a], plain[b]) >= ALIKE]


def likeness(one: str, other: str) -> float:
    """Shared character pairs over all of them (Jaccard), 1.0 for equal texts."""
    a, b = set(pairs(one)), set(pairs(other))
    return len(a & b) / len(a | b) if a or b else 1.0
