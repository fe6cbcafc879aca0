"""Pages that are read: home, the guides made from the declarations; and how one wants to read them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from fawang.faces.pages import language, of_this_house
from fawang.faces.routing import open_to
from fawang.faces.views_of import main_way
from fawang.kernel import clock
from fawang.kernel.errors import Absent
from fawang.kernel.texts import Text
from fawang.knowledge.interviews.loading import interviews
from fawang.matters.clock_rules import rule_in_force
from fawang.matters.declaration import ClockVerb, StateKind
from fawang.matters.processes import all_processes, process_in_force
from fawang.people.phones import mask_phone
from fawang.people.selectors import outbox as newest
from fawang.registry.hours import open_at
from fawang.registry.models import ServiceSite

EVENTS = (
    ("unpaid_wages", "labour.wages", "拖欠工资", "Unpaid wages", "wages"), ("work_injury", "labour.injury", "工伤", "Work injury", "injury"),
    ("divorce", "family.divorce", "离婚", "Divorce", "divorce"), ("private_loan", "debt.private", "借钱不还", "Loans", "loan"),
    ("tenancy", "housing.tenancy", "租房", "Renting", "tenancy"), ("traffic_accident", "tort.traffic", "交通事故", "Road accident", "traffic"),
    ("parent_support", "family.elders", "老人赡养", "Older people", "elder"), ("custody", "family.children", "孩子", "Children", "child"),
)  # fmt: skip
"""What people come for most: the interview that asks about it, the heading for a lawyer where there is none, words, picture."""
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


@open_to("public", "GET")
def home(request: HttpRequest) -> HttpResponse:
    """One question, three doors, eight life events."""
    rows = list(ServiceSite.objects.filter(state="active"))
    now_open = sum(1 for s in rows if open_at(s.opening_hours, clock.now()))
    led = {i.code for i in interviews()}
    events = [
        {"url": f"/interviews/{code}" if code in led else f"/ask?category={category}", "name": (zh, en)[_at()], "picture": f"portal/pictures/{picture}.html"}
        for code, category, zh, en, picture in EVENTS
    ]
    return render(request, "portal/home.html", {"events": events, "open_sites": now_open})


@open_to("public", "GET")
def guides(request: HttpRequest) -> HttpResponse:
    """Services."""
    return render(request, "portal/guides.html", {"processes": _public()})


WHERE = (
    ("web", Text("网站", "the website")), ("hotline", Text("12348热线", "12348")), ("window", Text("服务中心窗口", "service centres")),
    ("letter", Text("寄信到服务中心或法律援助中心", "by post to a service or legal-aid centre")),
)  # fmt: skip
"""Doors as the public is told of them."""


def _public() -> list[Any]:
    codes = sorted({p.code for p in all_processes() if p.public}, key=lambda c: c != "consultation")
    return [process_in_force(c, clock.today(), settings.PROVINCE) for c in codes]


@open_to("public", "GET")
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
    apply = {"complaint": "/complain"}.get(code, "/ask") if "web" in process.doors else ""
    where = [words for door, words in WHERE if door in process.doors]
    way = [process.state(c).name for c in main_way(process, process.start)]
    way += [st.name for st in process.states if st.kind is StateKind.DONE and st.code == "closed"]
    return render(request, "portal/guide.html", {"way": way, "process": process, "rules": rules, "states": states, "apply": apply, "where": where})


@open_to("public", "GET")
def prefs(request: HttpRequest) -> HttpResponse:
    """Elder mode and language, kept in cookies; works without JavaScript."""
    target = request.GET.get("next", "/")
    response = redirect(of_this_house(target, otherwise="/"))
    for name, values in (("elder", {"0", "1"}), ("lang", {"zh", "en"})):
        if (value := request.GET.get(name)) in values:
            response.set_cookie(name, value or "", max_age=31536000, samesite="Lax")
    return response


@open_to("public", "GET")
def outbox(request: HttpRequest) -> HttpResponse:
    """What would have gone out by SMS: visible in demonstrations only."""
    if not settings.DEMO:
        raise Absent  # what goes out holds lookup codes and one-time codes: in a real house nobody reads them here
    rows = newest(60)
    for row in rows:
        row.masked = mask_phone(row.to)  # type: ignore[attr-defined]
    return render(request, "portal/outbox.html", {"notices": rows})
