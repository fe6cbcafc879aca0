"""Who relies on an article: interviews, calculators, papers, guides and cases by name; lawyers' answers only by their number."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field

from fawang.kernel.texts import Text
from fawang.knowledge.calculators.catalogue import CALCULATORS
from fawang.knowledge.documents.loading import templates
from fawang.knowledge.interviews.loading import interview, interviews
from fawang.knowledge.models import Law
from fawang.knowledge.names import aliases
from fawang.knowledge.selectors import cited_by
from fawang.knowledge.titles import popular_keys, title_key

SHOWN_KINDS = ("guide", "case")
"""Citing things that are public themselves; a lawyer's answer to somebody is counted and never named."""


@dataclass(slots=True)
class Uses:
    """What uses an article, each as (name, address)."""

    interviews: list[tuple[Text, str]] = field(default_factory=list)
    calculators: list[tuple[Text, str]] = field(default_factory=list)
    papers: list[tuple[Text, str]] = field(default_factory=list)
    readings: list[tuple[str, str]] = field(default_factory=list)
    answers: int = 0

    @property
    def any(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.interviews or self.calculators or self.papers or self.readings or self.answers)


@functools.cache
def _declared() -> dict[tuple[str, str], list[tuple[str, Text, str]]]:
    """(law's key, number as written) → (kind, name, address), read once from the declarations."""
    found: dict[tuple[str, str], list[tuple[str, Text, str]]] = {}

    def add(norm: str, entry: tuple[str, Text, str]) -> None:
        law, _, number = norm.rpartition(" ")
        key = title_key(law)
        rows = found.setdefault((aliases().get(key, key), number), [])
        if entry not in rows:
            rows.append(entry)

    for code in dict.fromkeys(i.code for i in interviews()):
        newest = interview(code)
        for item in newest.items:
            for norm in item.norms:
                add(norm, ("interview", newest.name, f"/interviews/{code}"))
    for made in CALCULATORS:
        for norm in made.norms:
            add(norm, ("calculator", made.name, f"/calculators/{made.code}"))
    for template in templates():
        for norm in template.norms:
            add(norm, ("paper", template.name, f"/papers/{template.code}"))
    return found


def uses_of(law: Law, number: int, sub: int = 0) -> Uses:
    """Everything that relies on an article. One query."""
    uses = Uses()
    written = f"{number}之{sub}" if sub else str(number)
    for key in dict.fromkeys([law.key, *popular_keys(law.title)]):
        for kind, name, address in _declared().get((key, written), ()):
            rows = {"interview": uses.interviews, "calculator": uses.calculators, "paper": uses.papers}[kind]
            if (name, address) not in rows:
                rows.append((name, address))
    for citation in cited_by(law, number, sub)[:200]:
        if citation.kind in SHOWN_KINDS and citation.address:
            uses.readings.append((citation.title, citation.address))
        elif citation.kind == "answer":
            uses.answers += 1
    return uses
