"""Pages that are read: home, guides made from the declarations, places, notices."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from fawang.faces.pages import language
from fawang.faces.routing import open_to
from fawang.kernel import clock
from fawang.kernel.errors import Absent
from fawang.kernel.policy import require
from fawang.matters.clock_rules import rule_in_force
from fawang.matters.declaration import ClockVerb
from fawang.matters.processes import all_processes, process_in_force
from fawang.people.phones import mask_phone
from fawang.people.selectors import outbox as newest
from fawang.regions.selectors import children, scope_contains
from fawang.registry.hours import open_at
from fawang.registry.kinds import ACCESSIBILITY
from fawang.registry.models import ServiceSite

EVENTS = (
    ("labour.wages", "拖欠工资", "Unpaid wages", "hand-coins"), ("labour.injury", "工伤", "Work injury", "hard-hat"), ("family.divorce", "离婚", "Divorce", "heart-crack"), ("debt.loan", "借钱不还", "Loans", "banknote"),
    ("housing.tenancy", "租房", "Renting", "house"), ("tort.traffic", "交通事故", "Road accident", "car"), ("family.elder", "老人赡养", "Older people", "accessibility"), ("family.child", "孩子", "Children", "baby"),
)  # fmt: skip
UNITS = {
    "h": ("{n}小时", "{n} hours"),
    "cd": ("{n}日", "{n} days"),
    "wd": ("{n}个工作日", "{n} working days"),
    "month": ("{n}个月", "{n} months"),
    "year": ("{n}年", "{n} years"),
    "min": ("{n}分钟", "{n} min"),
    "s": ("{n}秒", "{n} s"),
}


def _at() -> int:
    return 1 if language().startswith("en") else 0


@open_to("public")
def home(request: HttpRequest) -> HttpResponse:
    """One question, three doors, eight life events."""
    rows = list(ServiceSite.objects.filter(state="active"))
    now_open = sum(1 for s in rows if open_at(s.opening_hours, clock.now()))
    events = [{"category": c, "name": (zh, en)[_at()], "icon": icon} for c, zh, en, icon in EVENTS]
    return render(request, "portal/home.html", {"events": events, "open_sites": now_open})


@open_to("public")
def guides(request: HttpRequest) -> HttpResponse:
    """Services."""
    return render(request, "portal/guides.html", {"processes": _public()})


def _public() -> list[Any]:
    codes = sorted({p.code for p in all_processes() if p.public}, key=lambda c: c != "consultation")
    return [process_in_force(c, clock.today(), settings.PROVINCE) for c in codes]


@open_to("public")
def guide(request: HttpRequest, code: str) -> HttpResponse:
    """服务公开: limits, states and next steps of one service, straight from its declaration."""
    process = next((p for p in _public() if p.code == code), None)
    if process is None:
        raise Absent
    uses = [*process.start_clocks, *(u for s in process.steps for u in s.clocks)]
    codes = list(dict.fromkeys(u.rule for u in uses if u.verb is ClockVerb.STARTS))
    rules = []
    for name in codes:
        rule = rule_in_force(name, settings.PROVINCE, clock.today())
        rules.append({"name": rule.name, "limit": UNITS[rule.unit][_at()].format(n=rule.limit), "norm": rule.norm})
    states = []
    for state in process.states:
        following = [str(s.name) for s in process.steps_from(state.code) if not s.unattended and (s.public or s.by_citizen)]
        states.append({"name": state.name, "told": state.told, "next": " · ".join(following)})
    apply = {"complaint": "/complain"}.get(code, "/ask")
    return render(request, "portal/guide.html", {"process": process, "rules": rules, "states": states, "apply": apply})


@open_to("public")
def sites(request: HttpRequest) -> HttpResponse:
    """Places by list first; then their positions to each other, without any outline."""
    region = request.GET.get("region", "")
    rows = [
        s for s in ServiceSite.objects.filter(state="active").order_by("region_code", "level", "name") if not region or scope_contains(region, s.region_code)
    ]
    shown = [
        {
            "site": s,
            "open": open_at(s.opening_hours, clock.now()),
            "hours": _hours(s),
            "access": "、".join(ACCESSIBILITY[a].in_language(language()) for a in s.accessibility if a in ACCESSIBILITY),
        }
        for s in rows
    ]
    return render(request, "portal/sites.html", {"sites": shown, "points": _points(rows), "regions": children(settings.PROVINCE), "region": region})


def _hours(site: ServiceSite) -> str:
    words = "、".join(span.replace("-", "–") for span in (site.opening_hours or {}).get("mon", []))
    return f"工作日 {words}" if words and not _at() else words


def _points(rows: list[ServiceSite]) -> list[dict[str, Any]]:
    placed = [(n, s) for n, s in enumerate(rows, 1) if s.lon is not None and s.lat is not None]
    if len(placed) < 2:
        return []
    lons, lats = [float(s.lon or 0) for _, s in placed], [float(s.lat or 0) for _, s in placed]
    width, height = max(max(lons) - min(lons), 1e-6), max(max(lats) - min(lats), 1e-6)
    points = []
    for n, s in placed:
        x = 40 + 520 * (float(s.lon or 0) - min(lons)) / width
        y = 380 - 340 * (float(s.lat or 0) - min(lats)) / height
        points.append({"n": n, "x": round(x), "y": round(y), "ty": round(y) + 5})
    return points


TEXTS: dict[str, tuple[tuple[str, str], list[tuple[str, str]]]] = {
    "accessibility": (
        ("无障碍说明", "Accessibility"),
        [
            ("本站按 WCAG 2.2 AA 建设：可用键盘操作，可用读屏软件，最小 320 像素宽也不用左右滚动，按钮不小于 44 像素。", "Built to WCAG 2.2 AA: keyboard, screen readers, 320 px without sideways scrolling, targets of 44 px."),
            ("“长辈版”字更大、一次一件事，底部有“打12348”和“读给我听”。", "Large type shows one thing at a time, with buttons to call and to read aloud."),
            ("用着不方便，请拨打12348告诉我们，十五个工作日内答复。", "If something is in your way, call 12348; we answer within 15 working days."),
        ],
    ),
    "privacy": (
        ("隐私说明", "Privacy notice"),
        [
            ("处理者是受理您事项的司法行政机关；依据是其法定职责（个人信息保护法第十三条）。", "The justice authority that takes your matter processes your data by its statutory duty (PIPL §13)."),
            ("我们只收集办理这件事需要的内容：您写的事、您愿意留下的称呼和手机号、您上传的材料。姓名、电话、证件号和您写的内容加密保存。", "Only what the matter needs: your words, the name and phone you choose to leave, your files. They are stored encrypted."),
            ("谁看过您的信息都有记录，登录后可在“我的事项”查看。您可以要求查阅、更正、删除。", "Every look is logged and shown to you under “My matters”. You may ask for access, correction and deletion."),
            ("本站不加载任何境外或第三方内容，不做画像，不作自动拒绝决定。", "Nothing is loaded from third parties; no profiling; no automated refusals."),
        ],
    ),
}  # fmt: skip


@open_to("public")
def text(request: HttpRequest, name: str) -> HttpResponse:
    """A page of plain text."""
    heading, paragraphs = TEXTS[name]
    return render(request, "portal/text.html", {"heading": heading[_at()], "paragraphs": [p[_at()] for p in paragraphs]})


@open_to("public")
def prefs(request: HttpRequest) -> HttpResponse:
    """Elder mode and language, kept in cookies; works without JavaScript."""
    target = request.GET.get("next", "/")
    response = redirect(target if target.startswith("/") and not target.startswith("//") else "/")
    for name, values in (("elder", {"0", "1"}), ("lang", {"zh", "en"})):
        if (value := request.GET.get(name)) in values:
            response.set_cookie(name, value or "", max_age=31536000, samesite="Lax")
    return response


@open_to("public")
def outbox(request: HttpRequest) -> HttpResponse:
    """What would have gone out by SMS: visible in demonstrations only."""
    require("people.outbox", request.actor)  # type: ignore[attr-defined]
    rows = newest(60)
    for row in rows:
        row.masked = mask_phone(row.to)  # type: ignore[attr-defined]
    return render(request, "portal/outbox.html", {"notices": rows})
