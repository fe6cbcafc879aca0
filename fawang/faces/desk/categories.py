"""The categories at the desk: the edition in force, and the next one, checked before it is published."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from fawang.faces.desk.frame import actor_of, page
from fawang.faces.pages import language, spec
from fawang.faces.repeats import post_once
from fawang.faces.routing import open_to
from fawang.kernel.errors import Refusal
from fawang.kernel.policy import decide
from fawang.kernel.texts import Text
from fawang.matters.categories import version_in_force
from fawang.matters.models import Category, CategoryVersion
from fawang.matters.taxonomy import Mapping, Rows, faults_of_edition, publish_edition, rows_of_table, table_of_edition

FIELDS = [
    spec("from", "从哪天起施行", "In force from", widget="date"),
    spec("source", "依据（文号）", "Source (document number)", max_length=200),
    spec(
        "table", "新版全表（CSV）", "The whole new table (CSV)", widget="textarea",
        help=("下面是现行版本，在它上面改。上级写在下级前面。", "This is the edition in force: change it. A parent stands before its children."),
    ),
    spec(
        "mapping", "取消的编码今后按哪个统计，每行一个：旧编码 新编码", "What codes given up are counted as, one a line: old new", widget="textarea", required=False,
        help=("例如 family.divorce family.parting", "For instance family.divorce family.parting"),
    ),
]  # fmt: skip


@open_to("staff", "GET")
def categories(request: HttpRequest) -> HttpResponse:
    """The three levels in force, all editions, and for rule editors the next one."""
    return _categories(request)


@open_to("staff", "GET")
def categories_table(request: HttpRequest) -> HttpResponse:
    """The edition in force as CSV."""
    answer = HttpResponse("\ufeff" + table_of_edition(version_in_force()), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = 'attachment; filename="categories.csv"'
    return answer


@open_to("matters.edit_categories", "POST")
def categories_next(request: HttpRequest) -> HttpResponse:
    """Check the next edition (nothing is written), or publish it. What was typed comes back with every fault by row and column."""
    actor = actor_of(request)
    try:
        rows, mapping, day = _read(request)
    except Refusal as refusal:
        return _categories(request, refusal=refusal, status=refusal.status)
    source = request.POST.get("source", "")
    if request.POST.get("verb") != "publish":
        if faults := faults_of_edition(rows, effective_from=day, source=source, mapping=mapping):
            return _categories(request, faults=[str(fault) for fault in faults], status=422)
        return _categories(request, would=_would(rows))
    made: list[int] = []
    found: list[str] = []

    def act() -> str:
        try:
            made.append(publish_edition(actor=actor, rows=rows, effective_from=day, source=source, mapping=mapping).number)
        except ValueError as faulty:
            found.extend(str(faulty).splitlines())
            raise Refusal("form.invalid") from None
        return "/desk/categories"

    try:
        answer = post_once(request, act)
    except Refusal as refusal:
        return _categories(request, faults=found, refusal=None if found else refusal, status=refusal.status)
    if made:
        said = Text(f"第{made[0]}版已公布，从{day:%Y-%m-%d}起施行。", f"Edition {made[0]} is published, in force from {day:%Y-%m-%d}.")
        messages.success(request, said.in_language(language()))
    return answer


def _read(request: HttpRequest) -> tuple[Rows, Mapping, date]:
    fields: dict[str, Refusal] = {}
    try:
        day = date.fromisoformat(request.POST.get("from", ""))
    except ValueError:
        day, fields["from"] = date.min, Refusal("matter.category_day", field="from")
    rows: Rows = []
    try:
        rows = rows_of_table("table.csv", request.POST.get("table", "").encode(errors="replace"))
    except Refusal as refusal:
        fields["table"] = refusal
    pairs = [line.split() for line in request.POST.get("mapping", "").splitlines() if line.strip()]
    if any(len(pair) != 2 for pair in pairs):
        fields["mapping"] = Refusal("matter.category_mapping", field="mapping")
    if fields:
        raise Refusal("form.invalid", fields=fields)
    return rows, [(old, new) for old, new in pairs], day


def _would(rows: Rows) -> dict[str, list[str]]:
    before = dict(Category.objects.filter(version_id=version_in_force()).values_list("code", "name"))
    now = {row["code"]: row["name"] for row in rows}
    return {
        "new": [f"{now[code]}（{code}）" for code in now if code not in before],
        "gone": [f"{before[code]}（{code}）" for code in before if code not in now],
        "renamed": [f"{before[code]} → {now[code]}（{code}）" for code in now if code in before and before[code] != now[code]],
    }


def _categories(
    request: HttpRequest, *, refusal: Refusal | None = None, faults: list[str] | None = None, would: dict[str, list[str]] | None = None, status: int = 200
) -> HttpResponse:
    tongue, number = language(), version_in_force()
    nodes: dict[str, dict[str, Any]] = {}
    tops: list[dict[str, Any]] = []
    for c in Category.objects.filter(version_id=number).order_by("order"):
        node: dict[str, Any] = {"code": c.code, "name": c.name_en if tongue == "en" else c.name, "below": []}
        nodes[c.code] = node
        (nodes[c.parent_code]["below"] if c.parent_code else tops).append(node)
    typed = request.method == "POST"
    context = {
        "number": number, "tops": tops, "editions": CategoryVersion.objects.order_by("-number"), "may_edit": bool(decide("matters.edit_categories", actor_of(request))),
        "fields": FIELDS, "values": request.POST.dict() if typed else {"table": table_of_edition(number)}, "errors": dict(refusal.fields) if refusal else {},
        "faults": faults or [], "refusal": refusal if refusal and not refusal.fields else None, "would": would, "typed": typed,
    }  # fmt: skip
    return page(request, "desk/categories.html", context, status=status)
