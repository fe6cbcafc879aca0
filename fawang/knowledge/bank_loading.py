"""Loading question banks: the shipped one, one's own files, and the public STARD layout; repeatable, by the question's digest."""

from __future__ import annotations

import functools
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from django.db import transaction

from fawang.kernel import clock, events
from fawang.kernel.errors import Refusal
from fawang.kernel.policy import require
from fawang.knowledge.bank_format import Fault, Ref, read_bank
from fawang.knowledge.importers.markdown import decode
from fawang.knowledge.importers.parsed import Unreadable
from fawang.knowledge.models import Article, ImportItem, Law, Question, QuestionArticle
from fawang.knowledge.names import aliases
from fawang.knowledge.numerals import parse_label
from fawang.knowledge.services import want_index
from fawang.knowledge.titles import popular_keys, title_key
from fawang.people.actors import Actor

_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One question as read: text, articles, lay words, where it stands."""

    text: str
    refs: tuple[Ref, ...]
    lay_words: str
    group: str
    place: str


def load_shipped() -> dict[str, Any]:
    """Load the bank that comes with the product; questions that have left its files are retired. Repeatable; own transactions."""
    digest = shipped_digest()
    report = _load("shipped", _shipped(), provenance="随系统提供的题库", complete=True)
    ImportItem.objects.update_or_create(source="bank", locator="shipped", defaults={"digest": digest, "outcome": "loaded"})
    return report


@functools.cache
def shipped_digest() -> str:
    """The digest of the shipped files and of how they are read; read once a process."""
    whole = hashlib.sha256(b"1")
    for item in sorted(files("fawang.knowledge").joinpath("bank").iterdir(), key=lambda f: f.name):
        if item.name.endswith(".txt"):
            whole.update(item.read_bytes())
    return whole.hexdigest()


def load_questions(*, actor: Actor, form: str, path: Path, dry_run: bool = False) -> dict[str, Any]:
    """Load a file: ``stard`` (JSON lines with named articles) or ``own`` (the bank's text format; a folder is read whole).

    Returns the report. Raises ``Forbidden``, ``Refusal`` ``library.source`` or ``library.unreadable``.
    """
    require("knowledge.manage", actor)
    if not path.exists():
        raise Refusal("library.source", path=str(path))
    try:
        entries = list(_stard(path) if form == "stard" else _own(path))
    except Unreadable as bad:
        raise Refusal(bad.code, name=bad.name, reason=bad.reason) from None
    return _load(form, entries, provenance="STARD（MIT）" if form == "stard" else f"导入：{path.name}"[:200], dry_run=dry_run)


def _shipped() -> Iterator[Entry | Fault]:
    for item in sorted(files("fawang.knowledge").joinpath("bank").iterdir(), key=lambda f: f.name):
        if item.name.endswith(".txt"):
            yield from _entries(item.name, item.read_text(encoding="utf-8"))


def _own(path: Path) -> Iterator[Entry | Fault]:
    for file in sorted(path.glob("*.txt")) if path.is_dir() else [path]:
        if file.stat().st_size > 40 << 20:
            raise Unreadable("library.size", file.name)
        yield from _entries(file.name, decode(file.name, file.read_bytes()))


def _entries(name: str, text: str) -> Iterator[Entry | Fault]:
    for group in read_bank(text):
        if isinstance(group, Fault):
            yield group
            continue
        label = hashlib.blake2s("|".join(f"{r.law} {r.number}.{r.sub}" for r in group.refs).encode(), digest_size=8).hexdigest()
        for line, question in group.questions:
            yield Entry(question, group.refs, " ".join(group.lay_words)[:400], label, f"{name}:{line}")


def _stard(path: Path) -> Iterator[Entry | Fault]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                row = json.loads(line)
                names = [str(a["name"]) for a in row["articles"]]
                refs = tuple(ref for name in names if (ref := named_article(name)))
                yield Entry(str(row["question"]).strip()[:400], tuple(dict.fromkeys(refs)), "", "", f"{path.name}:{row.get('id', number)}")
            except (ValueError, KeyError, TypeError, AttributeError):
                yield Fault(number, "JSON")


def named_article(name: str) -> Ref | None:
    """中华人民共和国民法典第五十四条: the article number stands last."""
    at = name.rfind("第")
    while at > 0:
        if label := parse_label(name[at:].replace(" ", "")):
            return Ref(name[:at].strip(), *label)
        at = name.rfind("第", 0, at)
    return None


class Shelf:
    """Titles and article numbers of the whole library, read once for a load."""

    def __init__(self) -> None:
        self.laws: dict[str, Law] = {}
        rows = list(Law.objects.order_by("-region_code", "key"))
        for law in rows:
            for key in popular_keys(law.title)[1:]:
                self.laws.setdefault(key, law)
        for law in rows:
            self.laws[law.key] = law
        self.numbers = set(Article.objects.values_list("version__law_id", "number", "sub").distinct())

    def law(self, name: str) -> Law | None:
        """The law of a title or alias."""
        key = title_key(name)
        return self.laws.get(key) or self.laws.get(aliases().get(key, ""))

    def has(self, law: Law, number: int, sub: int) -> bool:
        """Whether any text of the law has that article."""
        return (law.pk, number, sub) in self.numbers


def _load(origin: str, entries: Iterable[Entry | Fault], *, provenance: str, complete: bool = False, dry_run: bool = False) -> dict[str, Any]:
    shelf, tally, problems = Shelf(), Counter[str](), []
    have = {q.digest: q for q in Question.objects.filter(origin=origin).prefetch_related("articles")}
    fresh: list[tuple[Question, list[tuple[Law, Ref]]]] = []
    changed: list[tuple[Question, list[tuple[Law, Ref]]]] = []
    seen: set[str] = set()
    for entry in entries:
        if isinstance(entry, Fault):
            problems.append({"place": str(entry.line), "reason": entry.reason})
            continue
        found = [(law, ref) for ref in entry.refs if (law := shelf.law(ref.law)) is not None and shelf.has(law, ref.number, ref.sub)]
        if len(found) < len(entry.refs) or not found:
            missing = [f"{r.law} {r.number}" for r in entry.refs if (law := shelf.law(r.law)) is None or not shelf.has(law, r.number, r.sub)]
            problems.append({"place": entry.place, "reason": "；".join(missing)[:120]})
        digest = hashlib.sha256(f"{origin}|{entry.text}".encode("utf-8", "surrogatepass")).hexdigest()
        if not found or digest in seen:
            tally["passed_over"] += 1
            continue
        seen.add(digest)
        known = have.get(digest)
        if known is None:
            row = Question(
                text=entry.text, lay_words=entry.lay_words, group=entry.group, origin=origin, provenance=f"{provenance} {entry.place}"[:200],
                state=Question.State.REVIEWED, reviewed_by="house", reviewed_at=clock.now(), digest=digest,
            )  # fmt: skip
            fresh.append((row, found))
        elif _links(known) != [(law.pk, r.number, r.sub) for law, r in found] or known.lay_words != entry.lay_words or known.state == Question.State.RETIRED:
            known.lay_words, known.group, known.state = entry.lay_words, entry.group, Question.State.REVIEWED
            changed.append((known, found))
        else:
            tally["same"] += 1
    retired = [q for d, q in have.items() if complete and d not in seen and q.state != Question.State.RETIRED]
    tally.update(added=len(fresh), changed=len(changed), retired=len(retired))
    report = {"origin": origin, "dry_run": dry_run, **tally, "problem_count": len(problems), "problems": problems[:_SHOWN]}
    if not dry_run:
        _store(origin, fresh, changed, retired, tally)
    return report


def _links(question: Question) -> list[tuple[Any, int, int]]:
    return [(a.law_id, a.number, a.sub) for a in sorted(question.articles.all(), key=lambda a: a.order)]


def _store(
    origin: str, fresh: list[tuple[Question, list[tuple[Law, Ref]]]], changed: list[tuple[Question, list[tuple[Law, Ref]]]], retired: list[Question],
    tally: Counter[str],
) -> None:  # fmt: skip
    with transaction.atomic():
        Question.objects.bulk_create([q for q, _ in fresh], batch_size=1000)
        Question.objects.bulk_update([q for q, _ in changed], ["lay_words", "group", "state"], batch_size=500)
        QuestionArticle.objects.filter(question__in=[q for q, _ in changed]).delete()
        QuestionArticle.objects.bulk_create(
            [
                QuestionArticle(question=q, law=law, number=r.number, sub=r.sub, order=n)
                for q, refs in (*fresh, *changed)
                for n, (law, r) in enumerate(_once(refs))
            ],
            batch_size=2000,
        )
        Question.objects.filter(pk__in=[q.pk for q in retired]).update(state=Question.State.RETIRED)
        if fresh or changed or retired:
            events.record(
                kind="knowledge.bank_loaded", stream=f"bank.{origin}",
                payload={"source": origin, "added": len(fresh), "changed": len(changed), "retired": len(retired), "same": tally["same"]},
            )  # fmt: skip
            want_index()


def _once(refs: list[tuple[Law, Ref]]) -> list[tuple[Law, Ref]]:
    seen, out = set(), []
    for law, ref in refs:
        if (law.pk, ref.number, ref.sub) not in seen:
            seen.add((law.pk, ref.number, ref.sub))
            out.append((law, ref))
    return out
