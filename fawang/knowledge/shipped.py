"""What comes with the product and is read beside the law: guides, and the names of interviews, sums and papers in the one index."""

from __future__ import annotations

import uuid

from django.db import connection, transaction

from fawang.knowledge.calculators.catalogue import CALCULATORS
from fawang.knowledge.documents.loading import templates
from fawang.knowledge.guides.norms import places_of
from fawang.knowledge.guides.services import load_shipped_guides
from fawang.knowledge.interviews.loading import interview, interviews
from fawang.knowledge.models import Citation, IndexDocument, Law
from fawang.knowledge.services import cite, drop_document, index_document, uncite

Listed = dict[tuple[str, str], tuple[str, str, str]]


def load_shipped_reading() -> dict[str, int]:
    """Bring guides and index up to this edition of the product; changes only what differs. Its own transactions."""
    tally = load_shipped_guides()
    return {**tally, "listed": list_declared(), "cited": cite_declared()}


def declared() -> Listed:
    """(kind, code) → title, words to find it by, address, of everything declared in files."""
    found: Listed = {}
    for code in dict.fromkeys(i.code for i in interviews()):
        made = interview(code)
        asked = "\n".join(f"{q.ask.zh} {' '.join(words.zh for _, words in q.choices)}" for q in made.questions)
        stands = "\n".join(i.text.zh for i in made.items if i.section in {"stand", "law"})
        found["interview", code] = (made.name.zh, f"{made.about.zh}\n{asked}\n{stands}", f"/interviews/{code}")
    for sum_ in CALCULATORS:
        body = "\n".join([sum_.about.zh, *(f"{i.name.zh} {i.help.zh if i.help else ''}" for i in sum_.inputs)])
        found["calculator", sum_.code] = (sum_.name.zh, body, f"/calculators/{sum_.code}")
    for paper in templates():
        found["document", paper.code] = (paper.name.zh, paper.about.zh, f"/papers/{paper.code}")
    return found


def declared_norms() -> dict[tuple[str, str], tuple[str, str, tuple[str, ...]]]:
    """(kind, code) → title, address, norms, of everything declared in files that names articles."""
    found: dict[tuple[str, str], tuple[str, str, tuple[str, ...]]] = {}
    for code in dict.fromkeys(i.code for i in interviews()):
        made = interview(code)
        found["interview", code] = (made.name.zh, f"/interviews/{code}", tuple(dict.fromkeys(n for i in made.items for n in i.norms)))
    for sum_ in CALCULATORS:
        found["calculator", sum_.code] = (sum_.name.zh, f"/calculators/{sum_.code}", sum_.norms)
    for paper in templates():
        found["document", paper.code] = (paper.name.zh, f"/papers/{paper.code}", tuple(dict.fromkeys(paper.norms)))
    return found


def cite_declared() -> int:
    """Keep who cites what for interviews, sums and papers, so that a change of the law flags them. Returns how many changed.

    Under an advisory lock; what the library does not hold yet is written when this runs after an import.
    """
    changed = 0
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(747013)")
        held: dict[tuple[str, str], set[tuple[uuid.UUID, int, int]]] = {}
        for c in Citation.objects.filter(kind__in=("interview", "calculator", "document"), ended_at=None):
            held.setdefault((c.kind, c.ref), set()).add((c.law_id, c.number, c.sub))
        laws: dict[str, Law | None] = {}
        for (kind, ref), (title, address, norms) in declared_norms().items():
            places = {(law.pk, number, sub): law for law, number, sub in places_of(norms, laws)}
            gone = held.pop((kind, ref), set())
            for place, law in places.items():
                if place not in gone:
                    cite(kind=kind, ref=ref, law=law, number=place[1], sub=place[2], title=title, address=address)
                    changed += 1
            if gone - set(places):
                changed += uncite(kind=kind, ref=ref, but=places.keys())
        for kind, ref in held:
            changed += uncite(kind=kind, ref=ref)
    return changed


def list_declared() -> int:
    """Put everything declared into the index, take out what is gone. Returns how many entries changed. Under an advisory lock."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(747012)")
        wanted = declared()
        held = {(d.kind, d.ref): (d.title, d.body, d.address) for d in IndexDocument.objects.filter(kind__in=("interview", "calculator", "document"))}
        changed = [key for key, words in wanted.items() if held.get(key) != words]
        gone = [key for key in held if key not in wanted]
        for kind, ref in changed:
            title, body, address = wanted[kind, ref]
            index_document(kind=kind, ref=ref, title=title, body=body, address=address)
        for kind, ref in gone:
            drop_document(kind=kind, ref=ref)
    return len(changed) + len(gone)
