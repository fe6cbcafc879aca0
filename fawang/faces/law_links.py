"""Where an article stands on the public site, and how it is shown: address, label, validity in words and light."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from fawang.kernel import clock
from fawang.kernel.text_safety import BadText, check_text
from fawang.kernel.texts import Text
from fawang.knowledge.interviews.quotations import Quotation, quote
from fawang.knowledge.models import Article, Law, LawVersion
from fawang.knowledge.numerals import label_of
from fawang.knowledge.selectors import Validity, validity_on
from fawang.knowledge.spans import STATES, State

LIGHTS: dict[State, str] = {"in_force": "green", "not_yet": "yellow", "superseded": "paused", "repealed": "red"}
LEVELS: dict[str, Text] = {
    "constitution": Text("宪法", "Constitution"), "law": Text("法律", "Laws"), "legislative": Text("立法解释", "Legislative interpretations"),
    "amending": Text("修改决定、修正案", "Amendments"), "regulation": Text("行政法规", "Regulations"), "judicial": Text("司法解释", "Judicial interpretations"),
    "rule": Text("部门规章", "Departmental rules"), "local": Text("地方性法规", "Local regulations"),
}  # fmt: skip
_PLACE = re.compile(r"([0-9]{1,5})(?:(?:之|-)([0-9]{1,3}))?")


@dataclass(frozen=True, slots=True)
class Standing:
    """Validity of a text on a day, ready for a page: its words, its light, its span."""

    state: State
    words: Text
    light: str
    start: date
    end: date | None
    because: str

    @property
    def valid(self) -> bool:
        """In force on that day."""
        return self.state == "in_force"


def standing(version: LawVersion, on: date) -> Standing:
    """How a version stands on a day."""
    return shown_standing(validity_on(version, on))


def shown_standing(found: Validity) -> Standing:
    """A validity ready for a page."""
    return Standing(found.state, STATES[found.state], LIGHTS[found.state], found.start, found.end, found.because)


def number_in(place: str) -> tuple[int, int] | None:
    """``47`` or ``133之1`` as number and sub-number; ``None`` for anything else."""
    found = _PLACE.fullmatch(place)
    return (int(found[1]), int(found[2] or 0)) if found else None


def place_of(number: int, sub: int = 0) -> str:
    """The last part of an article's address: ``47``, ``133之1``."""
    return f"{number}之{sub}" if sub else str(number)


def address_of(slug: str, number: int, sub: int = 0, on: date | None = None) -> str:
    """The stable address of an article; ``on`` is written only when it is not today."""
    tail = f"?on={on.isoformat()}" if on and on != clock.today() else ""
    return f"/law/{slug}/{place_of(number, sub)}{tail}"


def article_address(article: Article, on: date | None = None) -> str:
    """The address of a loaded article."""
    return address_of(article.version.law.slug, article.number, article.sub, on)


def named(law: Law, label: str) -> str:
    """《劳动合同法》第四十七条."""
    return f"《{law.short}》{label}"


def day_in(text: str | None) -> date | None:
    """A day as it stands in an address; ``None`` for anything else, years before 1900 and after 2200 included."""
    try:
        day = date.fromisoformat((text or "").strip())
    except ValueError:
        return None
    return day if 1900 <= day.year <= 2200 else None


@dataclass(frozen=True, slots=True)
class Norm:
    """An article named in an interview or a sum (``劳动合同法 47``), with its text of a day where the library has it."""

    name: str
    url: str
    text: str


def norm_of(norm: str, on: date | None = None) -> Norm:
    """The article behind a norm's name; without text and address when the library does not hold it on that day."""
    found: Quotation | None = quote(norm, on)
    if found is None:
        law, _, number = norm.rpartition(" ")
        place = number_in(number)
        return Norm(f"《{law}》{label_of(*place)}" if place else norm, "", "")
    return Norm(found.label, address_of(found.slug, found.number, found.sub, on), found.text)


def norms_of(norms: tuple[str, ...] | list[str], on: date | None = None) -> list[Norm]:
    """Several norms, each once, in order."""
    return [norm_of(norm, on) for norm in dict.fromkeys(norms)]


def query_in(text: str, most: int = 400) -> str:
    """What somebody looks for, cut and freed of what cannot be shown: a search never fails for its words."""
    kept = text[:most].replace("\r", " ").replace("\n", " ")
    try:
        return check_text(kept, max_length=most).strip()
    except BadText:
        return "".join(ch for ch in kept if ch.isprintable() and not 0xD800 <= ord(ch) <= 0xDFFF).strip()
