"""Leaving at once: the session forgets which matters were shown, and the tab stands on a calendar that says nothing."""

from __future__ import annotations

import calendar as months
from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from fawang.faces.pages import language
from fawang.faces.routing import open_to
from fawang.kernel import clock
from fawang.regions.models import CalendarDay


@open_to("public", "GET")
def leave(request: HttpRequest) -> HttpResponse:
    """End what the session knows, ask the browser to drop what it kept of this site, and go somewhere harmless."""
    if request.session.get("holds") or request.session.get("person_id"):
        request.session.flush()
    answer = redirect("/calendar")
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@open_to("public", "GET")
def calendar(request: HttpRequest) -> HttpResponse:
    """This month with its holidays and make-up days. It names no service and loads nothing that does."""
    today = clock.today()
    known = {d.day: d for d in CalendarDay.objects.filter(day__year=today.year, day__month=today.month)}
    weeks = [[_day(day, today, known) for day in week] for week in months.Calendar().monthdatescalendar(today.year, today.month)]
    names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] if language().startswith("en") else ["一", "二", "三", "四", "五", "六", "日"]
    return render(request, "portal/calendar.html", {"weeks": weeks, "today": today, "names": names})


def _day(day: date, today: date, known: dict[date, CalendarDay]) -> dict[str, object]:
    if day.month != today.month:
        return {"n": "", "word": "", "off": False, "today": False}
    entry = known.get(day)
    off = entry.kind == "holiday" if entry else day.weekday() > 4
    return {"n": day.day, "word": entry.name[:3] if entry and entry.kind == "holiday" else "班" if entry else "", "off": off, "today": day == today}
