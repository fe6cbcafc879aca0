"""Does everything that ships or is published still rest on law? Articles named by interviews, sums, papers, guides and passages, on a day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from fawang.kernel import clock
from fawang.kernel.texts import Text
from fawang.knowledge.guides.loading import shipped
from fawang.knowledge.models import Guide, Snippet
from fawang.knowledge.numerals import parse_short
from fawang.knowledge.selectors import article_as_of, article_history, find_law, validity_on
from fawang.knowledge.shipped import declared_norms
from fawang.knowledge.spans import STATES

ABSENT = Text("库里的这部法没有这一条", "no such article in the library")


@dataclass(frozen=True, slots=True)
class Unfit:
    """Something that names an article which is no law on the day; ``held`` false: the library does not hold that law at all."""

    kind: str
    ref: str
    norm: str
    why: Text
    held: bool = True

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}: {self.norm} {self.why.zh}"


def unfit(on: date | None = None) -> list[Unfit]:
    """All that is named and is no law on ``on`` (today), each law asked for once. Reads only."""
    day = on or clock.today()
    known: dict[str, tuple[Text, bool] | None] = {}
    found = []
    for kind, ref, norm in _named():
        if norm not in known:
            known[norm] = _fault(norm, day)
        if fault := known[norm]:
            found.append(Unfit(kind, ref, norm, *fault))
    return found


def _named() -> Iterator[tuple[str, str, str]]:
    for (kind, ref), (_, _, norms) in declared_norms().items():
        yield from ((kind, ref, norm) for norm in norms)
    published = list(Guide.objects.exclude(current=None).select_related("current"))
    for guide in published:
        if guide.current is not None:
            yield from (("guide", guide.slug, norm) for norm in guide.current.norms)
    stored = {guide.slug for guide in published}
    yield from (("guide", made.slug, norm) for made in shipped() if made.slug not in stored for norm in made.norms)
    for snippet in Snippet.objects.filter(state="reviewed"):
        yield from (("snippet", str(snippet.pk), norm) for norm in snippet.norms)


def _fault(norm: str, day: date) -> tuple[Text, bool] | None:
    name, _, place = norm.rpartition(" ")
    law, number = find_law(name), parse_short(place)
    if law is None:
        return Text("库里没有这部法", "this law is not in the library"), False
    if number is None:
        return ABSENT, True
    if article_as_of(law, *number, day) is not None:
        return None
    newest = next(iter(article_history(law, *number)), None)
    return (STATES[validity_on(newest.version, day).state] if newest else ABSENT), True
