"""Rules and calendar, and the outbox."""

from __future__ import annotations

from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from fawang.faces.desk.frame import actor_of, page
from fawang.faces.pages import language, spec, whole
from fawang.faces.repeats import post_once
from fawang.faces.routing import open_to
from fawang.kernel import clock
from fawang.kernel.errors import Refusal
from fawang.kernel.policy import decide
from fawang.kernel.readlog import note_read
from fawang.kernel.text_safety import ValueProblem, check_text
from fawang.matters.clock_rules import all_rules
from fawang.people.selectors import masked_outbox
from fawang.regions.models import CalendarDay, CalendarYear
from fawang.regions.services import publish_calendar_year, set_calendar_day

UNITS = {"s": "秒", "min": "分钟", "h": "小时", "cd": "日", "wd": "个工作日", "month": "个月", "year": "年"}
DAY = spec("day", "日期", "Day", widget="date")
NAME = spec("name", "名称", "Name", required=False, max_length=40)
ARRANGEMENT = [
    spec("year", "年份", "Year", max_length=4), spec("source", "依据（文号）", "Source (document number)", max_length=100),
    spec("days", "每行一天：日期 放假或上班 名称", "One day a line: date 放假|上班 name", widget="textarea", required=False),
]  # fmt: skip
KINDS = (("", "平常日子"), ("holiday", "放假"), ("workday", "调休上班"))


@open_to("staff", "GET")
def rules(request: HttpRequest) -> HttpResponse:
    """Every time limit with its norm, and the working calendar."""
    return _rules(request)


def _rules(request: HttpRequest, *, refusal: Refusal | None = None, status: int = 200) -> HttpResponse:
    tongue, today = language(), clock.today()
    text = request.GET.get("q", "")[:40]
    table = [
        {"rule": r, "name": r.name.in_language(tongue), "limit": f"{r.limit}{UNITS[r.unit]}", "now": r.effective_from <= today and (r.effective_to is None or today <= r.effective_to),
         "pauses": [w.in_language(tongue) for w in r.pause_reasons.values()]}
        for r in sorted(all_rules(), key=lambda r: (r.code, r.effective_from))
        if not text or text.upper() in r.code or text in r.name.zh or text in r.norm
    ]  # fmt: skip
    year = whole(request.GET.get("year"))
    year = year if 2000 < year < 2100 else today.year
    context = {
        "rules": table, "q": text, "year": year, "years": CalendarYear.objects.order_by("year"), "days": CalendarDay.objects.filter(day__year=year).order_by("day"),
        "known": CalendarYear.objects.filter(year=year).first(), "may_edit": bool(decide("regions.edit_calendar", actor_of(request))), "kinds": KINDS, "refusal": refusal if refusal and not refusal.fields else None,
        "day": DAY, "name": NAME, "arrangement": ARRANGEMENT, "errors": dict(refusal.fields) if refusal else {}, "values": request.POST.dict() if refusal else {},
        "verb": ("year" if request.POST.get("verb") == "year" else "day") if refusal else "",
    }  # fmt: skip
    return page(request, "desk/rules.html", context, status=status)


@open_to("regions.edit_calendar", "POST")
def calendar(request: HttpRequest) -> HttpResponse:
    """Change one day, or enter a new year; open clocks move at once and say so."""
    actor = actor_of(request)
    moved: list[int] = []

    def act() -> str:
        if request.POST.get("verb") == "year":
            year = request.POST.get("year", "")
            source = request.POST.get("source", "")
            if not 2017 < whole(year) < 2100 or not source.strip():
                name = "source" if 2017 < whole(year) < 2100 else "year"
                raise Refusal("form.invalid", fields={name: Refusal("calendar.entry", field=name)})
            _line("source", source, 100)
            moved.append(publish_calendar_year(actor=actor, year=int(year), source=source, days=_days(request.POST.get("days", ""), int(year))))
            return f"/desk/rules?year={year}#calendar"
        try:
            day = date.fromisoformat(request.POST.get("day", ""))
        except ValueError:
            raise Refusal("form.invalid", fields={"day": Refusal("calendar.entry", field="day")}) from None
        _line("name", request.POST.get("name", ""), 40)
        moved.append(set_calendar_day(actor=actor, day=day, kind=request.POST.get("kind", ""), name=request.POST.get("name", "")))
        return f"/desk/rules?year={day.year}#calendar"

    try:
        answer = post_once(request, act)
    except Refusal as refusal:
        return _rules(request, refusal=refusal, status=refusal.status)
    if moved:
        messages.success(request, f"工作日历已更新，{moved[0]} 个进行中的时限随之调整。")
    return answer


def _line(field: str, text: str, longest: int) -> None:
    """One line of at most ``longest`` characters. Raises ``Refusal`` naming the field."""
    try:
        check_text(text, max_length=longest, single_line=True)
    except ValueProblem as bad:
        raise Refusal("form.invalid", fields={field: Refusal(bad.code, field=field, **bad.params)}) from None


def _days(text: str, year: int) -> dict[date, tuple[str, str]]:
    """One day a line: ``2027-01-01 放假 元旦`` or ``2027-02-06 上班 春节调休``."""
    found: dict[date, tuple[str, str]] = {}
    for line in text.splitlines():
        parts = line.split(maxsplit=2)
        if not parts:
            continue
        try:
            day = date.fromisoformat(parts[0])
            kind = {"放假": "holiday", "上班": "workday"}[parts[1]]
        except (ValueError, KeyError, IndexError):
            raise Refusal("form.invalid", fields={"days": Refusal("calendar.line", field="days", line=line[:40])}) from None
        if len(parts) > 2:
            _line("days", parts[2], 40)
        if day.year != year:
            raise Refusal("form.invalid", fields={"days": Refusal("calendar.line", field="days", line=line[:40])})
        found[day] = (kind, parts[2] if len(parts) > 2 else "")
    return found


@open_to("people.outbox", "GET")
def outbox(request: HttpRequest) -> HttpResponse:
    """Messages to people and what became of them."""
    note_read(subject_kind="outbox", subject_id=actor_of(request).account, purpose="outbox")
    return page(request, "desk/outbox.html", {"notices": masked_outbox(100)})
