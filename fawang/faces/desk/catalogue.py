"""The register at the desk: bodies, places, licensed people; tables brought in and taken away."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from fawang.faces.desk.frame import actor_of, page
from fawang.faces.pages import errors_of, language, spec, typed, whole
from fawang.faces.repeats import post_once
from fawang.faces.routing import open_to
from fawang.kernel import clock
from fawang.kernel.errors import Absent, Refusal, catalogue_text
from fawang.kernel.policy import decide
from fawang.kernel.texts import Text
from fawang.regions.selectors import division
from fawang.registry.exports import TYPES, export_table, template_table
from fawang.registry.imports import accept_import, check_import
from fawang.registry.kinds import KINDS
from fawang.registry.models import ImportBatch, Organisation, Practitioner
from fawang.registry.selectors import find_organisations, find_practitioners, find_sites
from fawang.registry.services import add_organisation, change_organisation
from fawang.registry.tables import MAX_BYTES, TABLES
from fawang.registry.validators import valid_on

TABLE_NAMES = {"organisations": Text("机构", "Bodies"), "sites": Text("服务网点", "Sites"), "practitioners": Text("执业人员", "Licensed people")}


def _page_of(request: HttpRequest, rows: QuerySet[Any]) -> Page[Any]:
    return Paginator(rows, 50).get_page(request.GET.get("page", "1"))


def _shared(request: HttpRequest, here: str) -> dict[str, Any]:
    tabs = [
        ("/desk/registry", Text("机构", "Bodies")),
        ("/desk/registry/sites", Text("服务网点", "Sites")),
        ("/desk/registry/people", Text("执业人员", "Licensed people")),
    ]
    return {
        "tabs": [(url, name.in_language(language()), url == here) for url, name in tabs], "may_manage": bool(decide("registry.manage", actor_of(request))),
        "q": request.GET.get("q", "")[:60], "kind": request.GET.get("kind", "")[:30],
    }  # fmt: skip


def _region_name(code: str) -> str:
    place = division(code)
    return place.name if place else code


@open_to("desk.registry", "GET")
def organisations(request: HttpRequest) -> HttpResponse:
    """Bodies by name, pinyin and kind."""
    shared = _shared(request, "/desk/registry")
    shown = _page_of(request, find_organisations(text=shared["q"], kind=shared["kind"]))
    rows = [{"o": o, "kind": KINDS[o.kind].name.in_language(language()) if o.kind in KINDS else o.kind, "region": _region_name(o.region_code)} for o in shown]
    kinds = [(k.code, k.name.in_language(language())) for k in KINDS.values()]
    return page(request, "desk/registry.html", {**shared, "rows": rows, "shown": shown, "kinds": kinds})


@open_to("desk.registry", "GET")
def sites(request: HttpRequest) -> HttpResponse:
    """Places one may walk into."""
    shared = _shared(request, "/desk/registry/sites")
    shown = _page_of(request, find_sites(text=shared["q"]))
    return page(request, "desk/registry_sites.html", {**shared, "rows": [{"s": s, "region": _region_name(s.region_code)} for s in shown], "shown": shown})


@open_to("desk.registry", "GET")
def practitioners(request: HttpRequest) -> HttpResponse:
    """Licensed people, with licences that are out of force said so."""
    shared = _shared(request, "/desk/registry/people")
    shown = _page_of(request, find_practitioners(text=shared["q"], kind=shared["kind"]))
    today = clock.today()
    rows = [{"p": p, "in_force": p.state == "active" and valid_on(p.valid_from, p.valid_to, today)} for p in shown]
    return page(request, "desk/registry_people.html", {**shared, "rows": rows, "shown": shown, "kinds": Practitioner.Kind.choices})


def _fields(actor: Any) -> list[Any]:
    bodies = [(str(o.pk), Text(o.name, o.name)) for o in find_organisations() if decide("registry.manage", actor, o)]
    return [
        spec("name", "名称", "Name", max_length=200), spec("kind", "机构种类", "Kind", widget="select", choices=[(k.code, k.name) for k in KINDS.values()]),
        spec("region", "行政区划代码", "Division code", help=("六位，如 340103", "Six digits, e.g. 340103"), max_length=12),
        spec("parent", "上级机构", "Supervised by", widget="select", required=False, choices=bodies),
        spec("uscc", "统一社会信用代码", "USCC", required=False, max_length=30), spec("phone", "电话", "Telephone", required=False, max_length=40),
        spec("address", "地址", "Address", required=False, max_length=300),
    ]  # fmt: skip


@open_to("registry.manage")
def organisation_new(request: HttpRequest) -> HttpResponse:
    """Register a body."""
    actor = actor_of(request)
    fields = _fields(actor)
    context: dict[str, Any] = {"fields": fields, "errors": {}, "values": {}, "title": Text("登记机构", "Register a body").in_language(language())}
    if request.method != "POST":
        return page(request, "desk/organisation.html", context)
    values = typed(request, fields)

    def act() -> str:
        parent = _found(Organisation.objects, values.get("parent", ""))
        named = {k: values.get(k, "") for k in ("uscc", "phone", "address")}
        row = add_organisation(actor=actor, kind=values["kind"], name=values["name"], region_code=values["region"], parent=parent, **named)
        return f"/desk/registry/{row.pk}"

    try:
        return post_once(request, act)
    except Refusal as refusal:
        return page(request, "desk/organisation.html", {**context, "errors": errors_of(refusal), "values": request.POST.dict()}, status=refusal.status)


def _found(rows: Any, text: str) -> Any:
    try:
        return rows.filter(pk=uuid.UUID(text)).first()
    except ValueError:
        return None


@open_to("desk.registry")
def organisation(request: HttpRequest, organisation_id: uuid.UUID) -> HttpResponse:
    """One body: what is known, what stands below it, who works there, and changing it."""
    actor = actor_of(request)
    row = Organisation.objects.select_related("parent").filter(pk=organisation_id).first()
    if row is None:
        raise Absent
    fields = [f for f in _fields(actor) if f.name not in {"kind", "region", "parent"}]
    fields.append(spec("state", "状态", "State", widget="select", choices=[(v, Text(str(n), str(n))) for v, n in Organisation.State.choices]))
    values: dict[str, Any] = {f.name: getattr(row, f.name) for f in fields}
    context: dict[str, Any] = {
        "fields": fields, "values": values, "errors": {}, "row": row, "title": row.name, "region": _region_name(row.region_code),
        "kind": KINDS[row.kind].name.in_language(language()) if row.kind in KINDS else row.kind, "may_change": bool(decide("registry.manage", actor, row)),
        "children": row.children.exclude(state="closed").order_by("region_code", "name")[:100], "sites": row.sites.exclude(state="closed").order_by("name"),
        "people": row.practitioners.exclude(state="cancelled").order_by("pinyin_key")[:200],
    }  # fmt: skip
    if request.method != "POST":
        return page(request, "desk/organisation.html", context)

    def act() -> str:
        change_organisation(
            actor=actor, organisation_id=row.pk, version=whole(request.POST.get("version")),
            changes={k: v for k, v in {**dict.fromkeys(values, ""), **typed(request, fields)}.items() if v != values[k]},
        )  # fmt: skip
        return f"/desk/registry/{row.pk}"

    try:
        return post_once(request, act)
    except Refusal as refusal:
        return page(request, "desk/organisation.html", {**context, "errors": errors_of(refusal), "values": request.POST.dict()}, status=refusal.status)


@open_to("registry.manage")
def imports(request: HttpRequest) -> HttpResponse:
    """Bring a table in: it is only read and judged here."""
    if request.method == "POST":
        return _check(request)
    return _imports(request)


def _imports(request: HttpRequest, *, refusal: Refusal | None = None, status: int = 200) -> HttpResponse:
    tongue = language()
    mine = ImportBatch.objects.filter(made_by=str(actor_of(request).account)).order_by("-made_at")[:20]
    columns = [(kind, TABLE_NAMES[kind].in_language(tongue), TABLES[kind]) for kind in TABLES]
    batches = [(b, TABLE_NAMES[b.kind].in_language(tongue)) for b in mine]
    return page(
        request,
        "desk/import.html",
        {"tables": columns, "batches": batches, "refusal": refusal, "chosen": request.POST.get("kind", "organisations")},
        status=status,
    )


def _check(request: HttpRequest) -> HttpResponse:
    actor, file = actor_of(request), request.FILES.get("files")

    def act() -> str:
        assert file is not None
        made = check_import(actor=actor, kind=request.POST.get("kind", ""), file_name=file.name or "", content=file.read())
        return f"/desk/registry/import/{made.pk}"

    try:
        if file is None:
            raise Refusal("import.file")
        if file.size is None or file.size > MAX_BYTES:
            raise Refusal("import.size", mb=MAX_BYTES >> 20, rows=20_000)
        return post_once(request, act)
    except Refusal as refusal:
        return _imports(request, refusal=refusal, status=refusal.status)


@open_to("registry.manage")
def batch(request: HttpRequest, batch_id: uuid.UUID) -> HttpResponse:
    """The report of one file; accepting it imports the whole of it."""
    actor = actor_of(request)
    row = ImportBatch.objects.filter(pk=batch_id, made_by=str(actor.account)).first()
    if row is None:
        raise Absent
    refusal: Refusal | None = None
    if request.method == "POST":
        try:
            answer = post_once(request, _accept(actor, row))
        except Refusal as found:
            refusal = found
        else:
            messages.success(request, Text("已导入。", "Imported.").in_language(language()))
            return answer
    problems = [{**p, "words": catalogue_text(p["code"]).format(**p["params"]).in_language(language())} for p in row.report["problems"]]
    context = {"batch": row, "name": TABLE_NAMES[row.kind].in_language(language()), "problems": problems, "refusal": refusal}
    return page(request, "desk/batch.html", context, status=refusal.status if refusal else 200)


def _accept(actor: Any, row: ImportBatch) -> Callable[[], str]:
    def act() -> str:
        accept_import(actor=actor, batch_id=row.pk)
        return f"/desk/registry/import/{row.pk}"

    return act


@open_to("desk.registry", "GET")
def export(request: HttpRequest, kind: str, suffix: str) -> HttpResponse:
    """A table as CSV or XLSX; ``?template=1`` gives the empty one."""
    if kind not in TABLES or suffix not in TYPES:
        raise Absent
    make = template_table if request.GET.get("template") else export_table
    content_type, content = make(kind, suffix)
    answer = HttpResponse(content, content_type=content_type)
    answer["Content-Disposition"] = f'attachment; filename="{kind}.{suffix}"'
    return answer
