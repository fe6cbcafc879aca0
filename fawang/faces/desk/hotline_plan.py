"""热线配置: editions of numbers, lines, queues, skills, hours and menus, each drafted, walked through, and let live by somebody else; announcements at once."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from fawang.faces.desk.frame import actor_of, page
from fawang.faces.pages import first_of, identity, post_once, post_or_show, whole
from fawang.faces.routing import open_to
from fawang.hotline import announcements, configurations, flow, selectors, services, simulator
from fawang.hotline.configuration import BadDocument, parse
from fawang.hotline.models import Announcement, ConfigVersion, SeatPool
from fawang.kernel import clock
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import decide
from fawang.kernel.texts import Text
from fawang.people.actors import Actor

PARTS: tuple[tuple[str, Text, Text], ...] = (
    ("numbers", Text("号码", "Numbers"), Text("did 拨的号码，to 去向（queue:队列 或 menu:菜单），region 归属地", "did the number dialled, to where it leads, region")),
    ("trunks", Text("中继", "Lines"), Text("name、proxy（sip:地址:端口）、sources 来源网段、max_legs 并发上限", "name, proxy, sources, max_legs")),
    ("queues", Text("队列和技能", "Queues and skills"), Text("needs 需要的技能，relax 多少秒后放宽，pools 坐席池和溢出时间", "needs, relax after seconds, pools and overflow")),
    ("hours", Text("服务时间", "Hours"), Text("每天的时段，如 08:30-17:30；不列的日子不服务", "spans of each day; days not listed are closed")),
    ("menus", Text("菜单", "Menus"), Text("prompt 提示音，options 按键去向，otherwise 不按键去哪里", "prompt, options by key, otherwise")),
    ("partners", Text("联动单位", "Partners"), Text("12345、110、119、120 等", "other hotlines and emergency services")),
    ("dialling", Text("呼出规则", "Dialling out"), Text("没有列出的号码不能呼出", "what is not listed is not dialled")),
    ("callbacks", Text("回电", "Call-backs"), Text("时段长度、容量、次数、间隔", "slots, capacity, attempts, distance")),
    ("survey", Text("评价", "Survey"), Text("按键对应的等级", "levels by key")),
    ("thresholds", Text("告警", "Alarms"), Text("看板告警的界限", "bounds of the wallboard")),
    ("limits", Text("上限", "Bounds"), Text("秒数", "seconds")),
)  # fmt: skip
OUTCOMES = {
    "connected": Text("接通坐席", "Reached a seat"), "voicemail": Text("留言", "Voicemail"), "callback": Text("约定回电", "Call-back"), "closed": Text("非服务时间", "Closed"),
    "abandoned_queue": Text("等不及挂断", "Gave up"), "rejected": Text("不接受", "Refused"),
}  # fmt: skip
STATES = {"draft": Text("草稿", "Draft"), "simulated": Text("已走查", "Walked through"), "live": Text("使用中", "Live"), "retired": Text("已停用", "Retired")}
KINDS = {"surge": Text("来电激增", "Surge"), "disaster": Text("灾害", "Disaster"), "change": Text("服务变动", "Change"), "other": Text("其他", "Other")}
HOW = {
    "before": Text("接通前播放", "Before the greeting"),
    "waiting": Text("等待中播放", "While waiting"),
    "instead": Text("只播放，不进队列", "Instead of service"),
}


@open_to("hotline.figures")
def plan(request: HttpRequest) -> HttpResponse:
    """Editions and announcements."""
    return _plan(request)


def _plan(request: HttpRequest, *, refusal: Refusal | None = None, status: int = 200) -> HttpResponse:
    actor = actor_of(request)
    context = {
        "editions": [(e, STATES[e.state]) for e in selectors.editions(actor)], "announced": [(a, KINDS[a.kind], HOW[a.how]) for a in announcements.in_force()],
        "kinds": list(KINDS.items()), "how": list(HOW.items()), "may_plan": bool(decide("hotline.plan", actor)), "may_announce": bool(decide("hotline.supervise", actor)),
        "refusal": refusal,
    }  # fmt: skip
    return page(request, "desk/hotline/plan.html", context, status=status, topics=["hotline"])


@require_POST
@open_to("hotline.plan")
def draft(request: HttpRequest) -> HttpResponse:
    """A new draft, a copy of what is live."""
    actor = actor_of(request)

    def run() -> str:
        live = ConfigVersion.objects.filter(state="live").first()
        if live is None:
            raise Absent
        row = services.draft(actor=actor, document=live.document, note=request.POST.get("note", ""))
        return f"/desk/hotline/plan/{row.pk}"

    return post_once(request, "desk.plan.draft", run)


@require_POST
@open_to("hotline.supervise")
def announce(request: HttpRequest, verb: str) -> HttpResponse:
    """An announcement is made or withdrawn, for the next call on."""
    actor, data = actor_of(request), request.POST

    def run() -> str:
        if verb == "make":
            hours = whole(data.get("hours"))
            ends = clock.now() + timedelta(hours=hours) if hours else None
            services.announce(actor=actor, kind=data.get("kind", ""), how=data.get("how", ""), text=data.get("text", "").strip(), ends_at=ends)
        elif verb == "withdraw":
            row = Announcement.objects.filter(pk=identity(data.get("announcement", ""))).first()
            if row is None:
                raise Absent
            services.withdraw(actor=actor, announcement=row)
        else:
            raise Absent
        return "/desk/hotline/plan"

    return post_or_show(request, f"desk.announce.{verb}", run, lambda refusal: _plan(request, refusal=first_of(refusal), status=refusal.status))


@open_to("hotline.figures")
def edition(request: HttpRequest, edition_id: uuid.UUID) -> HttpResponse:
    """One edition: its parts, its walks, and a call of one's own choice walked through it."""
    return _edition(request, selectors.edition(actor_of(request), edition_id))


def _edition(
    request: HttpRequest, row: ConfigVersion, *, typed: dict[str, str] | None = None, refusal: Refusal | None = None, status: int = 200
) -> HttpResponse:
    actor = actor_of(request)
    asked = request.GET if request.GET.get("walk") else None
    own = row.state in ("draft", "simulated")
    context = {
        "row": row, "state": STATES[row.state], "refusal": refusal, "asked": asked, "walk": _walk(row, asked) if asked else None,
        "parts": [(code, name, help_, (typed or {}).get(code) or _pretty(row.document.get(code))) for code, name, help_ in PARTS],
        "walks": [(Text(*w["name"]), OUTCOMES.get(w["outcome"], w["outcome"]), w["happenings"]) for w in row.simulation],
        "may_plan": own and bool(decide("hotline.plan", actor)),
        "may_live": row.state == "simulated" and bool(decide("hotline.let_live", actor)) and row.created_by_id != actor.staff_id, "pools": SeatPool.objects.order_by("code"),
    }  # fmt: skip
    return page(request, "desk/hotline/edition.html", context, status=status)


def _pretty(part: Any) -> str:
    return json.dumps(part, ensure_ascii=False, indent=1) if part is not None else ""


def _walk(row: ConfigVersion, asked: Any) -> tuple[Text, list[dict[str, Any]]] | None:
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
    return OUTCOMES.get(found.outcome, Text(found.outcome, found.outcome)), found.as_data()["happenings"]


@require_POST
@open_to("hotline.plan")
def revise(request: HttpRequest, edition_id: uuid.UUID) -> HttpResponse:
    """Change parts of a draft; its walks are void then."""
    typed = {code: request.POST[code] for code, _, _ in PARTS if code in request.POST}
    return _act(request, edition_id, "revise", lambda actor, row: configurations.revise(actor=actor, version_id=row.pk, document=_document(row, typed)), typed)


@require_POST
@open_to("hotline.plan")
def simulate(request: HttpRequest, edition_id: uuid.UUID) -> HttpResponse:
    """Walk the standing calls through a draft; from then on it does not change unseen."""
    return _act(request, edition_id, "simulate", lambda actor, row: services.simulate(actor=actor, version_id=row.pk))


@require_POST
@open_to("hotline.let_live")
def live(request: HttpRequest, edition_id: uuid.UUID) -> HttpResponse:
    """Let an edition live that somebody else has drafted."""
    return _act(request, edition_id, "live", lambda actor, row: services.let_live(actor=actor, version_id=row.pk))


def _act(
    request: HttpRequest, edition_id: uuid.UUID, verb: str, act: Callable[[Actor, ConfigVersion], object], typed: dict[str, str] | None = None
) -> HttpResponse:
    actor = actor_of(request)
    row = selectors.edition(actor, edition_id)

    def run() -> str:
        act(actor, row)
        return f"/desk/hotline/plan/{row.pk}"

    return post_or_show(
        request, f"desk.plan.{row.pk}.{verb}", run, lambda refusal: _edition(request, row, typed=typed, refusal=first_of(refusal), status=refusal.status)
    )


def _document(row: ConfigVersion, typed: dict[str, str]) -> dict[str, Any]:
    """The edition's document with the parts that were typed; an empty part is left out. Raises ``Refusal('hotline.config_faults')`` for what is no data."""
    document = dict(row.document)
    for code, text in typed.items():
        if not text.strip():
            document.pop(code, None)
            continue
        try:
            document[code] = json.loads(text)
        except ValueError as error:
            raise Refusal("hotline.config_faults", faults=f"{code}：{error}") from None
    return document
