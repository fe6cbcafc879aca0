"""Search over the API: law as of a day, bank questions, guides; open to everybody, nothing of the question is kept."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema, Status

from fawang.faces.api import schemas
from fawang.kernel.policy import require
from fawang.knowledge.search.asking import Query, ask

router = Router()
POLICIES = {"search": "knowledge.read"}
PROBLEMS = dict.fromkeys((400, 422), schemas.ProblemOut)


class HitOut(Schema):
    kind: str
    law: str
    law_id: str
    article: str
    article_no: int
    article_sub: int
    chapter: str
    text: str
    version_date: date | None
    until: date | None
    cited: bool
    score: float
    address: str
    why: list[str]


class SimilarOut(Schema):
    id: str
    text: str


class SearchOut(Schema):
    query: str
    state: str
    ms: float
    as_of: date | None
    library_to: date | None
    results: list[HitOut]
    similar: list[SimilarOut]
    meant: list[list[str]]
    hints: list[str]


@router.get("/search", response={200: SearchOut, **PROBLEMS}, summary="Search law, answered questions and guides in everyday words")
def search(request: HttpRequest, q: str, kind: str = "", law: str = "", level: str = "", region: str = "", as_of: date | None = None, limit: int = 10) -> Any:
    """Exact citations first. ``kind``: article, question, guide, case …; ``as_of``: the law of that day; ``limit`` 1 to 50."""
    require("knowledge.read", request.actor)  # type: ignore[attr-defined]
    answer = ask(Query(q, kind=kind, law=law, level=level, region=region, day=as_of, limit=max(1, min(limit, 50))))
    hits = [
        {
            "kind": h.kind, "law": h.law, "law_id": h.slug, "article": h.label, "article_no": h.number, "article_sub": h.sub, "chapter": h.chapter,
            "text": h.text, "version_date": h.version_date, "until": h.until, "cited": h.cited, "score": h.score, "address": h.address, "why": list(h.why),
        }
        for h in answer.hits
    ]  # fmt: skip
    return Status(200, {
        "query": q[:400], "state": answer.state, "ms": answer.ms, "as_of": as_of, "library_to": answer.held_to, "results": hits, "meant": [list(m) for m in answer.meant],
        "similar": [{"id": s.ref, "text": s.text} for s in answer.similar], "hints": answer.hints,
    })  # fmt: skip
