"""Norms named one a line, as ``劳动合同法 30`` or as a citation; resolved in the library as of today."""

from __future__ import annotations

from collections.abc import Iterable

from fawang.kernel.errors import Refusal
from fawang.knowledge.interviews.quotations import quote
from fawang.knowledge.models import Law
from fawang.knowledge.numerals import parse_short
from fawang.knowledge.selectors import find_law, read_citations


def norm_in(line: str) -> str | None:
    """The norm a line names, as ``short title number``; ``None`` when the library knows no such article today."""
    text = line.strip()
    if quote(text) is not None:
        return text
    for cited in read_citations(text):
        if cited.article is not None:
            return f"{cited.law.short} {cited.number}{f'之{cited.sub}' if cited.sub else ''}"
    return None


def read_norms(typed: str) -> list[str]:
    """Every line as a norm. Raises ``Refusal`` ``guide.norms`` naming the first line that is none, on field ``norms``."""
    found: list[str] = []
    for number, line in enumerate(typed.splitlines(), 1):
        if not line.strip():
            continue
        norm = norm_in(line)
        if norm is None:
            raise Refusal("form.invalid", fields={"norms": Refusal("guide.norms", field="norms", line=number, given=line.strip()[:60])})
        if norm not in found:
            found.append(norm)
    return found


def places_of(norms: Iterable[str], laws: dict[str, Law | None] | None = None) -> list[tuple[Law, int, int]]:
    """Law, number and sub-number of each norm; a law that has left the library is passed over. ``laws``: names looked up before."""
    found = []
    laws = {} if laws is None else laws
    for norm in norms:
        name, _, place = norm.rpartition(" ")
        if name not in laws:
            laws[name] = find_law(name)
        law, numbers = laws[name], parse_short(place)
        if law is not None and numbers is not None:
            found.append((law, *numbers))
    return found
