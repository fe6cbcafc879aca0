"""The queue, the search, and doing one thing to many rows."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse

from fawang.faces.desk.frame import actor_of, page
from fawang.faces.pages import first_of, language, whole
from fawang.faces.repeats import key_of, post_once, sent_in
from fawang.faces.routing import open_to
from fawang.faces.views_of import told
from fawang.kernel import clock
from fawang.kernel.context import acting
from fawang.kernel.errors import Refusal
from fawang.kernel.idempotency import once
from fawang.matters.actions import RowResult, assign, claim, in_bulk, join
from fawang.matters.categories import names_of
from fawang.matters.models import Matter, SavedView
from fawang.matters.processes import all_processes, process_version
from fawang.matters.saved_views import drop_view, keep_view
from fawang.matters.selectors import PAGE, QueueFilter, advisers_within, counts, queue, search
from fawang.matters.services import take_step
from fawang.matters.time_limits import due_words, remaining_words
from fawang.people.actors import Actor
from fawang.regions.selectors import division_names

SCOPES = (("mine", "我承办的", "Mine"), ("pool", "可抢单", "To claim"), ("office", "管辖范围", "My offices"), ("first", "我首问的", "Received by me"))
LIGHTS = (("overdue", "已超期", "Overdue"), ("red", "红灯", "Red"), ("yellow", "黄灯", "Yellow"), ("green", "绿灯", "Green"))


def row_of(matter: Matter, names: dict[str, str], places: dict[str, str]) -> dict[str, Any]:
    """What a queue row shows: never who asked."""
    now, tongue = clock.now(), language()
    return {
        "id": matter.pk, "number": matter.number, "title": matter.title, "state": told(matter, tongue)["name"], "light": matter.light,
        "process": process_version(matter.process_code, matter.process_version).name.in_language(tongue),
        "due": due_words(matter.next_due_at, now, tongue) if matter.next_due_at else "", "due_at": matter.next_due_at,
        "left": remaining_words(matter.next_due_at, now, tongue) if matter.next_due_at else "",
        "category": names.get(matter.category_code, ""), "region": places.get(matter.region_code, matter.region_code),
        "assignee": matter.assignee.name if matter.assignee else "", "priority": matter.priority, "opened_at": matter.opened_at, "door": matter.door,
        "office": matter.office.short_name or matter.office.name, "closed_at": matter.closed_at,
    }  # fmt: skip


def rows_of(matters: list[Matter]) -> list[dict[str, Any]]:
    """Rows with the names of their categories and places, two queries for all."""
    names = names_of({m.category_code for m in matters if m.category_code}, language())
    places = division_names({m.region_code for m in matters})
    return [row_of(m, names, places) for m in matters]


def read_filter(actor: Actor, query: Any) -> QueueFilter:
    """The filter in an address; nonsense is ignored. Whoever handles nothing starts at his offices."""
    first = "mine" if actor.has("adviser") or actor.has("complaint_handler") else "first" if actor.roles <= {"window_clerk"} else "office"
    assignee = query.get("assignee", "")
    if assignee not in {"", "none"}:
        try:
            assignee = str(uuid.UUID(assignee))
        except ValueError:
            assignee = ""
    scope = query.get("scope", first)
    return QueueFilter(
        scope=scope if scope in {s[0] for s in SCOPES} else first,
        process=query.get("process", "")[:40], light=query.get("light", "")[:10], category=query.get("category", "")[:80],
        region="".join(ch for ch in query.get("region", "") if ch in "0123456789")[:12], assignee=assignee, closed=query.get("closed") == "1",
    )  # fmt: skip


@open_to("staff", "GET")
def queue_page(request: HttpRequest) -> HttpResponse:
    """What is mine to do, the nearest breach first."""
    return _queue(request)


def _queue(request: HttpRequest, *, results: list[RowResult] | None = None, refusal: Refusal | None = None, status: int = 200) -> HttpResponse:
    actor = actor_of(request)
    wanted = read_filter(actor, request.GET)
    offset = min(whole(request.GET.get("from")), 5000)
    matters = queue(actor, wanted, offset=offset, limit=PAGE + 1)
    english = language().startswith("en")
    have = counts(actor)
    usable = [s for s in SCOPES if have[s[0]] or s[0] == wanted.scope or (s[0] == "mine" and actor.has("adviser"))]
    tongue = language()
    context: dict[str, Any] = {
        "rows": rows_of(matters[:PAGE]), "more": offset + PAGE if len(matters) > PAGE else None, "wanted": wanted, "offset": offset,
        "scopes": [{"code": c, "name": e if english else z, "count": have[c], "here": c == wanted.scope} for c, z, e in usable],
        "lights": [(c, e if english else z) for c, z, e in LIGHTS],
        "processes": sorted({(p.code, p.name.in_language(tongue)) for p in all_processes()}),
        "views": SavedView.objects.filter(staff_id=actor.account).order_by("pk"), "filter": {k: v for k, v in asdict(wanted).items() if v},
        "dispatcher": actor.has("dispatcher") or actor.has("office_head"), "claims": actor.has("adviser") and wanted.scope == "pool",
        "advisers": advisers_within(actor) if actor.has("dispatcher") or actor.has("office_head") else [],
        "results": results, "refusal": refusal, "view_name": request.POST.get("name", "") if refusal else "", "narrowed": bool(wanted.process or wanted.light or wanted.region or wanted.closed or wanted.assignee),
    }  # fmt: skip
    context["may_tick"] = bool(context["rows"]) and not wanted.closed and (context["claims"] or context["dispatcher"])
    return page(
        request, "desk/queue.html", context, status=status, topics=[f"office:{o}" for o in sorted({str(g.office_id) for g in actor.grants if g.office_id})][:20]
    )


@open_to("staff", "POST")
def bulk(request: HttpRequest) -> HttpResponse:
    """One action on the ticked rows; every row says what became of it, and says so again when the form comes twice."""
    actor = actor_of(request)
    verb = request.POST.get("verb", "")
    ids = _ids(request.POST.getlist("ids"))
    try:
        if not ids:
            raise Refusal("bulk.none")
        key, body = key_of(request), sent_in(request)

        def act(matter_id: uuid.UUID) -> object:
            def do() -> tuple[int, dict[str, Any]]:
                _do(actor, verb, matter_id, request, ids)
                return 200, {}

            return once(scope="desk.bulk", key=f"{key[:200]}.{matter_id}", body=body, action=do)

        results = in_bulk(ids, act)
    except Refusal as refusal:
        return _queue(request, refusal=refusal, status=refusal.status)
    return _queue(request, results=results)


def _ids(values: list[str]) -> list[uuid.UUID]:
    found = []
    for value in values[:100]:
        try:
            found.append(uuid.UUID(value))
        except ValueError:
            continue
    return list(dict.fromkeys(found))


def _do(actor: Actor, verb: str, matter_id: uuid.UUID, request: HttpRequest, ids: list[uuid.UUID]) -> object:
    if verb == "claim":
        return claim(actor=actor, matter_id=matter_id)
    if verb == "assign":
        return assign(actor=actor, matter_id=matter_id, staff_id=next(iter(_ids([request.POST.get("staff", "")])), None))
    if verb == "join":
        return join(actor=actor, lead_id=ids[0], member_ids=[matter_id]) if matter_id != ids[0] else None
    if verb == "reject":
        data = {"kind": request.POST.get("kind", "nonsense"), "reason": request.POST.get("reason", "")}
        return take_step(actor=actor, matter_id=matter_id, verb="reject", data=data)
    raise Refusal("bulk.verb")


@open_to("staff")
def search_page(request: HttpRequest) -> HttpResponse:
    """Number, name, pinyin, phone, ID, words: within rights, and logged."""
    actor = actor_of(request)
    text = request.POST.get("q", "")  # never in an address: addresses are kept in logs and histories
    with acting(purpose="search"):
        hits = search(actor, text) if text else []
    english = language().startswith("en")
    why = {
        "number": ("编号", "number"), "code": ("查询码", "lookup code"), "identity": ("证件号", "document"), "phone": ("电话", "phone"),
        "name": ("姓名", "name"), "text": ("内容", "words"),
    }  # fmt: skip
    rows = rows_of([h.matter for h in hits])
    for row, hit in zip(rows, hits, strict=True):
        row["by"] = why[hit.by][1 if english else 0]
    return page(request, "desk/search.html", {"rows": rows, "q": text})


@open_to("staff", "POST")
def views(request: HttpRequest) -> HttpResponse:
    """Keep or drop a view of one's own."""
    actor = actor_of(request)
    wanted = {k: v for k, v in asdict(read_filter(actor, request.POST)).items() if v}
    wanted = {k: "1" if v is True else str(v) for k, v in wanted.items()}

    def act() -> str:
        if old := whole(request.POST.get("drop")):
            drop_view(actor=actor, view_id=old)
            return "/desk/"
        keep_view(actor=actor, name=request.POST.get("name", ""), query=wanted)
        return "/desk/?" + "&".join(f"{k}={v}" for k, v in wanted.items())

    try:
        return post_once(request, act)
    except Refusal as refusal:
        return _queue(request, refusal=first_of(refusal), status=refusal.status)
