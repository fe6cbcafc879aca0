"""What every desk page shares: the menu by rights, the live stream, the calendar's warning."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from fawang.faces.live import live_address
from fawang.faces.pages import language
from fawang.kernel import clock
from fawang.kernel.policy import decide
from fawang.kernel.texts import Text
from fawang.people.actors import Actor
from fawang.regions.selectors import calendar_warning

MENU: tuple[tuple[str, Text, str, str], ...] = (
    ("/desk/", Text("我的队列", "Queue"), "inbox", "staff"),
    ("/desk/search", Text("查找", "Search"), "search", "staff"),
    ("/desk/hotline/", Text("热线坐席", "Hotline seat"), "headset", "hotline.seat"),
    ("/desk/hotline/work", Text("热线待办", "Hotline work"), "phone-missed", "hotline.seat"),
    ("/desk/hotline/board", Text("热线看板", "Wallboard"), "monitor", "hotline.board"),
    ("/desk/hotline/quality", Text("热线质检", "Quality checks"), "clipboard-check", "hotline.board"),
    ("/desk/hotline/roster", Text("热线排班", "Roster"), "calendar-clock", "hotline.figures"),
    ("/desk/hotline/plan", Text("热线配置", "Configuration"), "settings", "hotline.figures"),
    ("/desk/window", Text("窗口受理", "Window"), "file-plus", "matters.take_in"),
    ("/desk/board", Text("派单台", "Dispatch"), "users", "desk.board"),
    ("/desk/supervision", Text("督办台", "Supervision"), "eye", "desk.supervision"),
    ("/desk/figures", Text("统计", "Figures"), "chart-column", "oversight.figures"),
    ("/desk/registry", Text("机构与人员", "Registry"), "building-2", "desk.registry"),
    ("/desk/staff", Text("账号与岗位", "Accounts"), "user-cog", "desk.staff"),
    ("/desk/library", Text("法律库", "Library"), "scale", "knowledge.propose"),
    ("/desk/rules", Text("规则与日历", "Rules"), "calendar-days", "staff"),
    ("/desk/outbox", Text("短信发件箱", "Outbox"), "send", "people.outbox"),
    ("/desk/trail", Text("审计查询", "Audit"), "scroll-text", "people.audit"),
    ("/desk/me", Text("我的在岗", "My availability"), "circle-user", "staff"),
)


def actor_of(request: HttpRequest) -> Actor:
    """The signed-in actor."""
    return request.actor  # type: ignore[attr-defined,no-any-return]


def page(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200, topics: list[str] | None = None) -> HttpResponse:
    """Render a desk page."""
    actor = actor_of(request)
    at = request.path
    menu = [
        {"url": url, "name": name.in_language(language()), "icon": icon, "here": at == url or (url not in {"/desk/", "/desk/hotline/"} and at.startswith(url))}
        for url, name, icon, policy in MENU
        if decide(policy, actor)
    ]
    warning = calendar_warning(clock.today())
    stream = live_address(request, [*(topics or []), f"staff:{actor.staff_id}"], name=actor.name)
    shared = {"menu": menu, "warning": warning.in_language(language()) if warning and actor.roles & {"rule_editor", "office_head"} else "", "stream": stream}
    return render(request, template, {**shared, **context}, status=status)
