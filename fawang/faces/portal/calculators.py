"""Sums for people in trouble: a form from the declaration, the working step by step, every article one click away.

What is typed is posted and answered at once; nothing of it is stored or written into an address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from fawang.faces.pages import language, limited
from fawang.faces.portal.regions import chosen_region, places_to_choose
from fawang.faces.routing import open_to
from fawang.kernel import clock
from fawang.kernel.errors import Refusal
from fawang.kernel.texts import Text
from fawang.knowledge.calculators.catalogue import CALCULATORS, calculate, calculator
from fawang.knowledge.calculators.declaration import Answer, Calculator, InputKind
from fawang.knowledge.calculators.tables import TableMissing, names
from fawang.knowledge.interviews.loading import interview, interviews
from fawang.knowledge.interviews.selectors import tables_for

TOPICS: dict[str, tuple[Text, str]] = {
    "labour": (Text("工作和工资", "Work and wages"), "briefcase"), "injury": (Text("受伤和赔偿", "Injury and damages"), "heart-pulse"),
    "loans": (Text("借钱和还钱", "Loans"), "banknote"), "family": (Text("家庭", "Family"), "house"), "procedure": (Text("打官司：费用和期限", "Court: fees and time limits"), "landmark"),
}  # fmt: skip
FILLS = {"labour.average_wage": "average", "loan.lpr_1y": "lpr", "injury.urban_income": "income", "nation.urban_income": "income"}
"""Which field of a sum takes the place of a figure nobody has entered yet."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A figure that is not in the tables, and the field where the person may give it."""

    words: str
    field: str
    label: Text | None


def grouped() -> list[tuple[Text, str, list[Calculator]]]:
    """Every calculator under its topic, in the order of the topics."""
    found = [(words, icon, [c for c in CALCULATORS if c.topic == topic]) for topic, (words, icon) in TOPICS.items()]
    rest = [c for c in CALCULATORS if c.topic not in TOPICS]
    return [row for row in [*found, (Text("其他", "Other"), "calculator", rest)] if row[2]]


@open_to("public", "GET")
def calculator_list(request: HttpRequest) -> HttpResponse:
    """All sums by topic."""
    return render(request, "library/calculators.html", {"groups": grouped()})


@open_to("public")
def calculator_page(request: HttpRequest, code: str) -> HttpResponse:
    """One sum: asked, worked out, explained."""
    made = calculator(code)
    typed = {item.code: request.POST.get(item.code, "")[:60] for item in made.inputs} if request.method == "POST" else _openings(made)
    region = chosen_region(request.POST.get("region"))
    answer: Answer | None = None
    errors: Mapping[str, Refusal] = {}
    missing: Missing | None = None
    status = 200
    if request.method == "POST":
        limited(request, "calculate", 120)
        try:
            answer = calculate(code, typed, tables_for(region))
        except TableMissing as refusal:
            missing, status = _missing(made, refusal), refusal.status
        except Refusal as refusal:
            errors, status = refusal.fields or {refusal.field or "form": refusal}, refusal.status
    context = {
        "made": made, "fields": [(item, typed.get(item.code, ""), errors.get(item.code)) for item in made.inputs], "errors": errors, "answer": answer, "missing": missing,
        "region": region, "regions": places_to_choose(), "today": clock.today(), "said": _said(made, typed) if answer else [], "interviews": _interviews_with(code),
        "canonical": f"/calculators/{code}",
    }  # fmt: skip
    response = render(request, "library/calculator.html", context, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _openings(made: Calculator) -> dict[str, str]:
    """Days that are most often today begin as today."""
    return {item.code: clock.today().isoformat() for item in made.inputs if item.kind is InputKind.DATE and item.code == "on"}


def _missing(made: Calculator, refusal: TableMissing) -> Missing:
    name = refusal.params.get("name")
    table = next((code for code, words in names().items() if words == name), "")
    field = next((i.code for i in made.inputs if i.code == FILLS.get(table)), "")
    return Missing(str(refusal), field, made.input(field).name if field else None)


def _said(made: Calculator, typed: Mapping[str, str]) -> list[tuple[Text, str]]:
    """What was typed, as it is printed above the working."""
    tongue = language()
    rows: list[tuple[Text, str]] = []
    for item in made.inputs:
        if given := typed.get(item.code, "").strip():
            chosen = dict(item.choices).get(given)
            yes = {"yes": Text("是", "yes"), "no": Text("不是", "no")}.get(given) if item.kind is InputKind.YES_NO else None
            words = chosen or yes
            rows.append((item.name, words.in_language(tongue) if words else given))
    return rows


def _interviews_with(code: str) -> list[Any]:
    """Interviews that run this sum."""
    newest = [interview(c) for c in dict.fromkeys(i.code for i in interviews())]
    return [i for i in newest if any(s.calculator == code for s in i.sums)]
