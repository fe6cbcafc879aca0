"""Are the articles an answer names law on the day that matters? Reads the library; decides nothing for the lawyer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from fawang.kernel import clock
from fawang.kernel.texts import Text
from fawang.knowledge.models import Law
from fawang.knowledge.numerals import label_of
from fawang.knowledge.selectors import read_citations
from fawang.matters.models import Matter
from fawang.services.consultation.citations import Cited

STATES: dict[str, tuple[Text, Text]] = {
    "in_force": (Text("现行有效", "In force"), Text("", "")),
    "not_yet": (Text("尚未施行", "Not yet in force"), Text("{start}起才施行", "in force only from {start}")),
    "superseded": (Text("已被新文本取代", "Superseded"), Text("{end}起已改用新文本，新文本没有这一条或者内容不同", "a newer text applies since {end}")),
    "repealed": (Text("已失效", "Repealed"), Text("{end}起失效", "no longer law since {end}")),
    "absent": (Text("没有这一条", "No such article"), Text("库里的这部法没有这一条", "the law in the library has no such article")),
    "unknown": (Text("库里没有", "Not in the library"), Text("库里没有这部法，请自行核对", "this law is not in the library; check it yourself")),
}
"""State of a citation: its short words, and the sentence that warns."""
WARNED = frozenset({"not_yet", "superseded", "repealed", "absent"})
"""States for which a reason is asked. A law the library does not hold is the lawyer's own to check."""


@dataclass(frozen=True, slots=True)
class Verified:
    """One citation and what it is on the day: ``law`` is empty when the library does not hold it."""

    name: str
    law: Law | None
    number: int
    sub: int
    state: str
    start: date | None = None
    end: date | None = None
    text: str = ""

    @property
    def words(self) -> Text:
        """Its state in two or three words."""
        return STATES[self.state][0]

    @property
    def warning(self) -> Text:
        """The sentence that warns; empty when nothing is wrong."""
        return STATES[self.state][1].format(start=self.start or "", end=self.end or "")

    @property
    def doubtful(self) -> bool:
        """Whether it may be cited only with a reason."""
        return self.state in WARNED


def law_day(matter: Matter, named: date | None = None) -> date:
    """The day whose law counts: the one the lawyer named, else the day the matter was received."""
    return named or clock.beijing_date(matter.opened_at)


def verify(cited: Cited, day: date) -> Verified:
    """One citation of the list of an answer's basis, as of ``day``. A few queries."""
    name = f"《{cited.law}》{cited.article}"
    found = verify_text(name, day)
    return found[0] if found else Verified(name, None, 0, 0, "unknown")


def verify_text(text: str, day: date) -> list[Verified]:
    """Every citation of a law of the library in a free text, each article once, in order."""
    found: dict[tuple[str, int, int], Verified] = {}
    for c in read_citations(text, day):
        name = f"《{c.law.short}》{label_of(c.number, c.sub)}"
        state = c.validity.state if c.validity else "absent"
        made = Verified(
            name,
            c.law,
            c.number,
            c.sub,
            state,
            c.validity.start if c.validity else None,
            c.validity.end if c.validity else None,
            c.article.text if c.article else "",
        )
        found.setdefault((c.law.slug, c.number, c.sub), made)
    return list(found.values())


def all_cited(body: str, cited: Iterable[Cited], day: date) -> list[Verified]:
    """What the list of an answer's basis names and what its text names, each article once."""
    found: dict[tuple[str, int, int] | str, Verified] = {}
    for item in [*(verify(c, day) for c in cited), *verify_text(body, day)]:
        found.setdefault((item.law.slug, item.number, item.sub) if item.law else item.name, item)
    return list(found.values())


def doubtful_words(found: Iterable[Verified]) -> Text:
    """What is wrong with each, in one sentence each, for a refusal."""
    rows = [v for v in found if v.doubtful]
    return Text("；".join(f"{v.name}{v.warning.zh}" for v in rows) + "。", "; ".join(f"{v.name}: {v.warning.en}" for v in rows) + ".")
