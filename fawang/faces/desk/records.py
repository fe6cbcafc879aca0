"""Rules and calendar, the outbox, and the auditor's search."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse

from fawang.faces.desk.frame import actor_of, page
from fawang.faces.pages import keepable, language, spec, whole
from fawang.faces.repeats import post_once
from fawang.faces.routing import open_to
from fawang.faces.views_of import ACTORS, DOORS, SUBJECTS, purpose_words, word
from fawang.kernel import clock
from fawang.kernel.errors import Refusal
from fawang.kernel.events import kinds
from fawang.kernel.ids import fold_matter_number
from fawang.kernel.models import Event, ReadLog
from fawang.kernel.policy import decide
from fawang.kernel.readlog import note_read
from fawang.kernel.text_safety import ValueProblem, check_text
from fawang.kernel.texts import Text
from fawang.matters.clock_rules import all_rules
from fawang.matters.models import Matter
from fawang.people.models import Staff
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


@open_to("people.audit")
def trail(request: HttpRequest) -> HttpResponse:
    """Who did what, who read what: by number, account, kind and day. The search itself is written down."""
    query: dict[str, str] = {k: str(v)[:60] for k, v in request.POST.items() if k in {"number", "who", "kind", "day", "table"}}
    rows: list[dict[str, Any]] = []
    if request.method == "POST":
        keepable(request)
        note_read(subject_kind="audit", subject_id=actor_of(request).account, what=query.get("table", "events"), purpose="audit")
        rows = _reads(query) if query.get("table") == "reads" else _events(query)
    names = sorted((k, kinds()[k].name.in_language(language())) for k in kinds())
    return page(request, "desk/trail.html", {"query": query, "rows": rows, "kinds": names, "asked": request.method == "POST"})


def _stream(query: dict[str, str]) -> uuid.UUID | None:
    number = fold_matter_number(query.get("number", ""))
    return Matter.objects.filter(number=number).values_list("pk", flat=True).first() if number else None


def _account(query: dict[str, str]) -> str:
    found = Staff.objects.filter(username=query.get("who", "")).values_list("pk", flat=True).first()
    return str(found or "none")


def _day_of(query: dict[str, str]) -> date | None:
    try:
        return date.fromisoformat(query.get("day", ""))
    except ValueError:
        return None


def _events(query: dict[str, str]) -> list[dict[str, Any]]:
    found = Event.objects.order_by("-occurred_at", "-seq")
    if query.get("number"):
        found = found.filter(stream=str(_stream(query)))
    if query.get("who"):
        found = found.filter(actor_id=_account(query))
    if query.get("kind"):
        found = found.filter(kind=query["kind"])
    if day := _day_of(query):
        found = found.filter(occurred_at__date=day)
    names, tongue = _names([e.actor_id for e in found[:200]]), language()
    return [{"at": e.occurred_at, "what": kinds()[e.kind].name.in_language(tongue) if e.kind in kinds() else e.kind, "who": names.get(e.actor_id) or word(ACTORS, e.actor_kind, tongue),
             "door": word(DOORS, e.door, tongue), "detail": e.kind, "request": e.request_id} for e in found[:200]]  # fmt: skip


def _reads(query: dict[str, str]) -> list[dict[str, Any]]:
    found = ReadLog.objects.order_by("-at")
    if query.get("number"):
        found = found.filter(subject_id=_stream(query) or uuid.UUID(int=0))
    if query.get("who"):
        found = found.filter(actor_id=_account(query))
    if day := _day_of(query):
        found = found.filter(at__date=day)
    names, tongue = _names([r.actor_id for r in found[:200]]), language()
    looked = Text("查阅", "Looked at").in_language(tongue)
    return [{"at": r.at, "what": f"{looked} {word(SUBJECTS, r.subject_kind, tongue)}", "who": names.get(r.actor_id) or word(ACTORS, r.actor_kind, tongue), "door": word(DOORS, r.door, tongue),
             "detail": f"{purpose_words(r.purpose, tongue)} {r.what}", "request": r.request_id} for r in found[:200]]  # fmt: skip


def _names(ids: list[str]) -> dict[str, str]:
    wanted = []
    for text in set(ids):
        try:
            wanted.append(uuid.UUID(text))
        except ValueError:
            continue
    return {str(k): v for k, v in Staff.objects.filter(pk__in=wanted).values_list("pk", "name")}
