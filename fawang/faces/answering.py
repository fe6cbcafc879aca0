"""What the library offers beside an answer being written, and what it warns of. Reads only; nothing is put in unseen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.http import HttpRequest

from fawang.faces.law_links import address_of, day_in
from fawang.faces.looking import Found, Wish, excerpt, look
from fawang.kernel.text_safety import ValueProblem
from fawang.knowledge.bank_keeping import count_chosen
from fawang.knowledge.models import Question, Snippet
from fawang.knowledge.numerals import label_of
from fawang.knowledge.search.asking import similar_questions
from fawang.knowledge.snippets import count_used, snippets_like
from fawang.matters.models import Matter
from fawang.services.consultation.citations import Cited, parse_citation
from fawang.services.consultation.verifying import Verified, all_cited, law_day

ARTICLES, QUESTIONS, GUIDES, SNIPPETS = 4, 3, 3, 3
SHOWN = 90
"""Characters of an article beside an answer; the whole is one click away."""
LONGEST = 400


@dataclass(frozen=True, slots=True)
class Asked:
    """A bank question with the articles that answer it, each ready to be cited: (citation, address)."""

    ref: str
    text: str
    articles: list[tuple[str, str]]


@dataclass(slots=True)
class Offers:
    """What was found for some words. ``state`` as of the index: ready, loading, empty."""

    text: str
    day: date
    state: str = "ready"
    articles: list[Found] = field(default_factory=list)
    questions: list[Asked] = field(default_factory=list)
    guides: list[Found] = field(default_factory=list)
    snippets: list[Snippet] = field(default_factory=list)

    @property
    def any(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.articles or self.questions or self.guides or self.snippets)


def offers(text: str, day: date) -> Offers:
    """Articles as of ``day``, bank questions, guides and reviewed passages for some words. Never raises for words."""
    text = text[:LONGEST].strip()
    found = Offers(text, day)
    if not text:
        return found
    looked = look(Wish(text, kind="article", day=day, limit=ARTICLES))
    found.state = looked.state
    found.articles = [row for kind, *_, rows in looked.groups if kind == "article" for row in rows][:ARTICLES]
    for row in found.articles:
        row.pieces = excerpt(row.pieces, SHOWN)
    found.questions = _asked(text)
    found.guides = [row for kind, *_, rows in look(Wish(text, kind="guide", day=day, limit=GUIDES)).groups if kind == "guide" for row in rows][:GUIDES]
    found.snippets = snippets_like(text, SNIPPETS)
    return found


def _asked(text: str) -> list[Asked]:
    near = {s.ref: s.text for s in similar_questions(text, QUESTIONS)}
    rows = Question.objects.filter(pk__in=near).prefetch_related("articles__law")
    known = {str(q.pk): q for q in rows}
    return [
        Asked(ref, words, [(f"《{a.law.short}》{label_of(a.number, a.sub)}", address_of(a.law.slug, a.number, a.sub)) for a in known[ref].articles.all()[:4]])
        for ref, words in near.items()
        if ref in known
    ]


@dataclass(frozen=True, slots=True)
class Warned:
    """What is doubtful in an answer as it stands, and lines of its basis that cannot be read."""

    day: date
    checked: int
    doubtful: list[Verified]
    unknown: list[Verified]
    unread: list[str]


def warnings(matter: Matter, typed: Mapping[str, Any]) -> Warned:
    """The articles named in the text and in the list of an answer, on the day that counts. Never raises for words."""
    day = day_of(matter, typed)
    cited, unread = read_lines(str(typed.get("citations", ""))[:5000])
    found = all_cited(str(typed.get("body", ""))[:8000], cited, day)
    return Warned(day, len(found), [v for v in found if v.doubtful], [v for v in found if v.state == "unknown"], unread)


def day_of(matter: Matter, typed: Mapping[str, Any]) -> date:
    """The day whose law counts for an answer as it stands."""
    return law_day(matter, day_in(str(typed.get("law_day") or "")))


def read_lines(text: str) -> tuple[list[Cited], list[str]]:
    """The citations of a list, and the lines that are none."""
    cited, unread = [], []
    for line in text.replace("；", "\n").replace(";", "\n").replace("、", "\n").splitlines():
        if line.strip():
            try:
                cited.append(parse_citation(line))
            except ValueProblem:
                unread.append(line.strip()[:60])
    return cited, unread


def with_citation(typed: dict[str, Any], citation: str) -> dict[str, Any]:
    """What was typed, with one more line in the list of its basis; the same article is not written twice."""
    lines = [line for line in str(typed.get("citations", "")).splitlines() if line.strip()]
    return {**typed, "citations": "\n".join([*lines, citation] if citation not in lines else lines)}


def with_passage(typed: dict[str, Any], passage: str, norms: Sequence[str] = ()) -> dict[str, Any]:
    """What was typed, with a passage at its end and the passage's articles in the list."""
    body = str(typed.get("body", "")).rstrip()
    typed = {**typed, "body": f"{body}\n\n{passage}" if body else passage}
    for norm in norms:
        typed = with_citation(typed, norm)
    return typed


def used_in(request: HttpRequest) -> list[str]:
    """What of the library the form says was put in: ``question:…`` and ``snippet:…``."""
    return [ref for ref in request.POST.getlist("_used")[:20] if len(ref) < 60]


def count_taken(request: HttpRequest) -> None:
    """An answer was given: what it took from bank and passages is counted."""
    used = dict.fromkeys(used_in(request))
    count_chosen([ref.partition(":")[2] for ref in used if ref.startswith("question:")])
    count_used([ref.partition(":")[2] for ref in used if ref.startswith("snippet:")])
