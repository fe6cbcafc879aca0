"""One edition of the hotline's configuration: its form, its text as a whole, and calls walked through it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from fawang.faces.desk import hotline_form as forms
from fawang.faces.desk.frame import actor_of, page
from fawang.faces.desk.hotline_edition_words import FIXED, LANGUAGES, WAYS
from fawang.faces.desk.hotline_words import EDITION_STATES, HAPPENINGS, OUTCOMES
from fawang.faces.pages import whole
from fawang.faces.portal.asking import category_choices, region_choices
from fawang.faces.repeats import post_or_show
from fawang.faces.routing import open_to
from fawang.hotline import configurations, flow, prompts, selectors, services, simulator
from fawang.hotline.configuration import BadDocument, parse
from fawang.hotline.models import ConfigVersion, SeatPool
from fawang.kernel import clock
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import decide
from fawang.kernel.texts import Text
from fawang.people.actors import Actor
from fawang.people.roles import ROLES
from fawang.regions.selectors import division_names

DIALLERS = ("seat", "hotline_supervisor", "office_head")
"""Roles that may be let dial out."""
NAMED = ("drop", "needs", "pools", "instead", "to")
"""Whose names a walk is told with."""


@open_to("hotline.figures", "GET")
def edition(request: HttpRequest, edition_id: uuid.UUID) -> HttpResponse:
    """One edition: its parts, its walks, and a call of one's own choice walked through it."""
    return _edition(request, selectors.edition(actor_of(request), edition_id))


def _edition(
    request: HttpRequest,
    row: ConfigVersion,
    *,
    typed: forms.Typed | None = None,
    faults: dict[str, Text] | None = None,
    at: str = "",
    text: str = "",
    refusal: Refusal | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page. ``typed`` is what stands in the form where that is not the edition itself, ``at`` the row one works on, ``text`` an import refused."""
    actor = actor_of(request)
    asked = request.GET if request.GET.get("walk") else None
    own = row.state in ("draft", "simulated")
    held = typed if typed is not None else forms.spread(parse(row.document))
    found, known = faults or {}, _choices(held)
    words = {code: str(name) for source in NAMED for code, name in known[source]}
    words |= {code.partition(":")[2]: name for code, name in list(words.items()) if code.startswith(("queue:", "menu:"))}
    parts = forms.draw(held, known, found, frozenset({at.partition(".")[0] or "numbers"}))
    trails = forms.trails(parts) if found else {}
    context = {
        "row": row, "state": EDITION_STATES[row.state], "refusal": refusal, "asked": asked, "walk": _walk(row, asked, words) if asked else None,
        "parts": parts, "at": at, "faults": [(f"f-{name}".replace(".", "-"), trails.get(name, ""), words) for name, words in found.items()],
        "walks": [(Text(*w["name"]), OUTCOMES[w["outcome"]], _happened(w["happenings"], words)) for w in row.simulation],
        "text": text or json.dumps(row.document, ensure_ascii=False, indent=1), "may_plan": own and bool(decide("hotline.plan", actor)),
        "may_live": row.state == "simulated" and bool(decide("hotline.let_live", actor)) and row.created_by_id != actor.staff_id,
        "pools": SeatPool.objects.order_by("code"), "regions": region_choices(),
    }  # fmt: skip
    return page(request, "desk/hotline/edition.html", context, status=status)


def _happened(happenings: list[dict[str, Any]], words: Mapping[str, str]) -> list[tuple[int, Text, str]]:
    return [(h["at"], HAPPENINGS[h["what"]], _detail(h["what"], h["detail"], words)) for h in happenings]


def _detail(what: str, detail: str, words: Mapping[str, str]) -> str:
    """What the simulator noted beside something that happens, under the names people gave to queues, pools and needs."""
    if what == "queued":
        code, priority, needs, pools = detail.split(" ")
        told = [words.get(code, code), str(Text(f"优先级{priority.partition('=')[2]}", f"priority {priority.partition('=')[2]}"))]
        detail = ",".join(filter(None, [needs.partition("=")[2], pools.partition("=")[2]]))
        return "，".join([*told, *(words.get(d, d) for d in detail.split(",") if d)])
    return "、".join(words.get(d, d) for d in detail.split(",")) if what != "rejected" else ""


def _choices(typed: forms.Typed) -> forms.Choices:
    """What can be chosen: what the form itself defines so far, and what the system knows."""

    def named(part: str) -> list[tuple[str, Text]]:
        rows = [f"{part}.{n}" for n in forms.numbers(typed, part)]
        codes = [((typed.get(f"{r}.{forms.KEY}") or [""])[0], (typed.get(f"{r}.name") or [""])) for r in rows]
        return [(code, Text(f"{code} {name[0]}".strip(), f"{code} {name[-1]}".strip())) for code, name in codes if code]

    queues, menus = named("queues"), named("menus")
    ways = [(f"queue:{code}", Text(f"队列 {name.zh}", f"Queue {name.en}")) for code, name in queues]
    ways += [(f"menu:{code}", Text(f"菜单 {name.zh}", f"Menu {name.en}")) for code, name in menus]
    none = ("", Text("不选", "None"))
    tongues = [(code, name) for code, name in LANGUAGES.items()]
    topics = [(f"topic:{code}", name) for code, name in category_choices() if "." not in code]
    regions = region_choices()
    province = division_names({settings.PROVINCE}).get(settings.PROVINCE, settings.PROVINCE)
    cities = [(f"region:{code[:4]}", Text(f"熟悉{name.zh}", f"Knows {name.en}")) for code, name in regions if code.endswith("00")]
    return {
        **FIXED,
        "to": [*ways, *WAYS],
        "hours": [("always", Text("全天", "Always")), *named("hours")],
        "pools": [(p.code, Text(p.name, p.name)) for p in SeatPool.objects.order_by("code")],
        "prompts": [(code, Text(f"{words.zh[:24]}", f"{words.en[:48]}")) for code, words in prompts.known().items()],
        "regions": [none, (settings.PROVINCE, Text(province, province)), *regions],
        "languages": [none, *tongues],
        "roles": [(role, ROLES[role]) for role in DIALLERS],
        "needs": [*topics, *((f"lang:{code}", Text(f"会说{n.zh}", f"Speaks {n.en}")) for code, n in tongues if code != "zh-hans"), *cities],
        "drop": [
            ("topic:", Text("专长", "Topics")), ("region:", Text("熟悉当地", "Knowing the place")), ("lang:", Text("语言", "Language")),
        ],
    }  # fmt: skip


def _walk(row: ConfigVersion, asked: Any, words: Mapping[str, str]) -> tuple[Text, list[tuple[int, Text, str]]] | None:
    """Walk the call that was asked for; nothing is written."""
    try:
        document = parse(row.document)
        at = datetime.fromisoformat(asked.get("at", "")).replace(tzinfo=clock.BEIJING)
    except (BadDocument, ValueError):
        return None
    agents = tuple(simulator.SimAgent(pool, tags=simulator.all_needs(document), free_after=whole(asked.get("free"))) for pool in asked.getlist("pool"))
    endures = whole(asked.get("endures"))
    scenario = simulator.Scenario(
        Text("自选", "own"), at, asked.get("did", "12348"), flow.Caller(region=asked.get("region", "")), tuple(asked.get("keys", "")), agents, endures or None
    )
    found = simulator.walk(document, scenario)
    return OUTCOMES[found.outcome], _happened(found.as_data()["happenings"], words)


@require_POST
@open_to("hotline.plan")
def revise(request: HttpRequest, edition_id: uuid.UUID) -> HttpResponse:
    """Change a draft, by its form or by its whole text; a row more or less only draws the form again. Its walks are void once it is changed."""
    if not (act := request.POST.get("_act", "")):
        return _revise_form(request, edition_id)
    if act == "text":
        return _revise_text(request, edition_id)
    verb, _, where = act.partition(":")
    if verb not in ("add", "drop"):
        raise Absent
    row, typed = selectors.edition(actor_of(request), edition_id), _typed(request)
    try:
        typed, at = forms.with_row(typed, where) if verb == "add" else (forms.without_row(typed, where), where.rpartition(".")[0])
    except KeyError:
        raise Absent from None
    return _edition(request, row, typed=typed, at=at)


def _typed(request: HttpRequest) -> forms.Typed:
    return {name: [v.replace("\r\n", "\n") for v in values] for name, values in request.POST.lists() if not name.startswith(("_", "csrf"))}


def _revise_form(request: HttpRequest, edition_id: uuid.UUID) -> HttpResponse:
    row, typed = selectors.edition(actor_of(request), edition_id), _typed(request)
    made = forms.gather(typed)
    if made.faults:
        return _edition(request, row, typed=typed, faults=made.faults, status=422)
    same = parse(row.document) == parse(made.document)
    document = row.document if same else made.document

    def told(refusal: Refusal) -> HttpResponse:
        faults = forms.landed([(place, r.text) for place, r in refusal.fields.items()], forms.places(typed))
        return _edition(request, row, typed=typed, faults=faults, refusal=None if faults else refusal, status=refusal.status)

    return _act(request, row, "revise", lambda actor: configurations.revise(actor=actor, version_id=row.pk, document=document), told)


def _revise_text(request: HttpRequest, edition_id: uuid.UUID) -> HttpResponse:
    """Replace the whole draft by a text, from another edition or another province."""
    row, text = selectors.edition(actor_of(request), edition_id), request.POST.get("text", "")

    def told(refusal: Refusal) -> HttpResponse:
        return _edition(request, row, text=text, refusal=refusal, status=refusal.status)

    try:
        document = json.loads(text)
        if not isinstance(document, dict):
            raise ValueError("no object")
    except ValueError as error:
        return told(Refusal("hotline.config_text", why=str(error)))
    return _act(request, row, "revise", lambda actor: configurations.revise(actor=actor, version_id=row.pk, document=document), told)


@require_POST
@open_to("hotline.plan")
def simulate(request: HttpRequest, edition_id: uuid.UUID) -> HttpResponse:
    """Walk the standing calls through a draft; from then on it does not change unseen."""
    row = selectors.edition(actor_of(request), edition_id)
    return _act(request, row, "simulate", lambda actor: services.simulate(actor=actor, version_id=row.pk), lambda r: _refused(request, row, r))


@require_POST
@open_to("hotline.let_live")
def live(request: HttpRequest, edition_id: uuid.UUID) -> HttpResponse:
    """Let an edition live that somebody else has drafted."""
    row = selectors.edition(actor_of(request), edition_id)
    return _act(request, row, "live", lambda actor: services.let_live(actor=actor, version_id=row.pk), lambda r: _refused(request, row, r))


def _refused(request: HttpRequest, row: ConfigVersion, refusal: Refusal) -> HttpResponse:
    return _edition(request, row, refusal=refusal, status=refusal.status)


def _act(request: HttpRequest, row: ConfigVersion, verb: str, act: Callable[[Actor], object], told: Callable[[Refusal], HttpResponse]) -> HttpResponse:
    actor = actor_of(request)

    def run() -> str:
        act(actor)
        return f"/desk/hotline/plan/{row.pk}"

    return post_or_show(request, run, told)
