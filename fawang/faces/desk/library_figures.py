"""Figures that only a place can know (wages, incomes, standards), with dates and sources: entered here, used by every sum."""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from fawang.faces.desk.frame import actor_of
from fawang.faces.desk.library import done_once, library_page, names_of_accounts
from fawang.faces.law_links import day_in
from fawang.faces.pages import errors_of, language, spec, typed
from fawang.faces.portal.regions import places_to_choose
from fawang.faces.routing import open_to
from fawang.kernel import clock
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.folding import fold_digits
from fawang.kernel.policy import decide, require
from fawang.kernel.text_safety import ValueProblem, check_text
from fawang.kernel.texts import Text
from fawang.knowledge.calculators.tables import fillable, names
from fawang.knowledge.interviews.selectors import tables_for
from fawang.knowledge.interviews.services import correct_figure, enter_figure
from fawang.knowledge.models import LocalFigure
from fawang.matters.forms import FieldSpec
from fawang.people.actors import Actor
from fawang.regions.selectors import path_name

MOST = Decimal(10) ** 11


def _fields() -> list[FieldSpec]:
    whole = (settings.PROVINCE, Text("全省", "The whole province"))
    return [
        spec("table", "哪张表", "Table", widget="select", choices=list(fillable().items())), spec("region", "地区", "Region", widget="select", choices=[whole, *places_to_choose()]),
        spec("since", "从哪天起", "From", widget="date"), spec("until", "到哪天止", "Until", widget="date", required=False, help=("还不知道就不填。", "Leave empty while unknown.")),
        spec("value", "数字", "Figure", help=("只写数字，元或者比例（如0.31）。", "Digits only: yuan or a rate.")), spec("source", "来源（文件名称和文号）", "Source (title and number)", max_length=300),
    ]  # fmt: skip


@open_to("knowledge.propose")
def figures(request: HttpRequest) -> HttpResponse:
    """All local figures, and what no sum can find today."""
    if request.method != "POST":
        return _figures(request)
    actor = actor_of(request)
    return done_once(
        request, lambda: _enter(request, actor), lambda refusal: _figures(request, refusal=refusal), Text("已录入，计算器马上用上。", "Entered; the sums use it at once.")
    )  # fmt: skip


def number_typed(text: str) -> Decimal:
    """A figure as people type it: full width digits and thousands marks are taken. Raises ``Refusal`` on field ``value``."""
    plain = fold_digits(text).replace(",", "").replace("，", "").replace("．", ".").strip()
    try:
        value = Decimal(plain)
    except InvalidOperation:
        raise Refusal("form.invalid", fields={"value": Refusal("field.invalid", field="value")}) from None
    if not value.is_finite() or not 0 <= value < MOST or int(value.as_tuple().exponent) < -4:
        raise Refusal("form.invalid", fields={"value": Refusal("field.invalid", field="value")})
    return value


def _until(text: str) -> date | None:
    """The last day, or none where nothing was typed. Raises ``Refusal`` for what is no day."""
    day = day_in(text)
    if day is None and text.strip():
        raise Refusal("form.invalid", fields={"until": Refusal("field.invalid", field="until")})
    return day


def _source(text: str) -> str:
    """The source as it was typed, of at most 300 characters."""
    try:
        return check_text(text, max_length=300, single_line=True)
    except ValueProblem as bad:
        raise Refusal("form.invalid", fields={"source": Refusal(bad.code, field="source", **bad.params)}) from None


def _enter(request: HttpRequest, actor: Actor) -> str:
    values = typed(request, _fields())
    since = day_in(values["since"])
    if since is None:
        raise Refusal("form.invalid", fields={"since": Refusal("field.required", field="since")})
    enter_figure(
        actor=actor, table=values["table"], region_code=values["region"], since=since, until=_until(values.get("until", "")), value=number_typed(values["value"]),
        source=_source(values["source"]),
    )  # fmt: skip
    return "/desk/library/figures"


@open_to("knowledge.propose", "POST")
def figure(request: HttpRequest, figure_id: uuid.UUID) -> HttpResponse:
    """Correct or end one figure."""
    actor = actor_of(request)
    require("knowledge.figures", actor)
    if not LocalFigure.objects.filter(pk=figure_id).exists():
        raise Absent

    def act() -> str:
        correct_figure(
            actor=actor, figure_id=figure_id, value=number_typed(request.POST.get("value", "")), until=_until(request.POST.get("until", "")),
            source=_source(request.POST.get("source", "")),
        )  # fmt: skip
        return "/desk/library/figures"

    return done_once(request, act, lambda refusal: _figures(request, refusal=refusal, at=str(figure_id)), Text("已更正。", "Corrected."))


def _figures(request: HttpRequest, *, refusal: Refusal | None = None, at: str = "") -> HttpResponse:
    actor, tongue = actor_of(request), language()
    rows = list(LocalFigure.objects.order_by("table", "region_code", "-since"))
    accounts = names_of_accounts([r.entered_by for r in rows])
    tables, today = tables_for(settings.PROVINCE), clock.today()
    errors: dict[str, Refusal] = {}
    if refusal:
        errors = dict(errors_of(refusal)) if not refusal.field else {{"region_code": "region"}.get(refusal.field, refusal.field): refusal}
    values: dict[str, Any] = typed(request, _fields()) if refusal and not at else {}
    context = {
        "rows": [
            {"f": r, "value": f"{r.value.normalize():f}", "table": names()[r.table].in_language(tongue) if r.table in names() else r.table, "region": path_name(r.region_code), "by": accounts.get(r.entered_by, ""),
             "now": r.since <= today and (r.until is None or today <= r.until), "may": bool(decide("knowledge.figures", actor, r.region_code)),
             "errors": errors if str(r.pk) == at else {}, "typed": request.POST if str(r.pk) == at else
             {"value": f"{r.value.normalize():f}", "until": r.until.isoformat() if r.until else "", "source": r.source}}
            for r in rows
        ],
        "missing": [name.in_language(tongue) for code, name in fillable().items() if not tables.has(code, today)], "fields": _fields(), "values": values,
        "errors": {} if at else errors, "may_enter": bool(decide("knowledge.figures", actor)), "refusal": refusal if refusal and not at and not errors else None,
    }  # fmt: skip
    return library_page(request, "desk/library/figures.html", "/desk/library/figures", context, status=refusal.status if refusal else 200)
