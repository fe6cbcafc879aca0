"""排班: who sits when, who kept to it, and how many seats the coming day takes by the hotline's own history."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from fawang.faces.desk.frame import actor_of, page
from fawang.faces.law_links import day_in
from fawang.faces.pages import errors_of, identity
from fawang.faces.repeats import post_or_show
from fawang.faces.routing import open_to
from fawang.hotline import forecast, rosters, selectors
from fawang.hotline.models import SeatPool, Shift
from fawang.kernel import clock
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import decide
from fawang.kernel.texts import Text
from fawang.people.models import Staff

KINDS = {"day": Text("白班", "Day"), "night": Text("夜班", "Night"), "standby": Text("备勤", "Standby")}


@open_to("hotline.figures", "GET")
def roster(request: HttpRequest) -> HttpResponse:
    """One day: shifts with adherence, hours with forecast and gaps."""
    return _roster(request)


def _day(text: str) -> date:
    return day_in(text) or clock.today()


def _roster(request: HttpRequest, *, errors: object = None, status: int = 200) -> HttpResponse:
    actor = actor_of(request)
    day = _day(request.POST.get("day") or request.GET.get("day", ""))
    hours, handling, weeks = forecast.expected(day)
    now = clock.now()
    rows = [
        {"shift": s, "kind": KINDS[s.kind], "kept": _kept(s) if s.starts_at <= now else None, "future": s.starts_at > now}
        for s in selectors.shifts_of(actor, day)
    ]
    context = {
        "day": day, "before": day - timedelta(days=1), "after": day + timedelta(days=1), "rows": rows, "hours": [h for h in hours if h.calls or h.planned or h.short],
        "handling": round(handling), "weeks": weeks, "goal": round(forecast.GOAL * 100), "within": round(forecast.WITHIN_S), "kinds": list(KINDS.items()),
        "may_plan": bool(decide("hotline.plan", actor)), "people": selectors.seat_staff(actor), "pools": SeatPool.objects.order_by("code"), "errors": errors or {},
    }  # fmt: skip
    return page(request, "desk/hotline/roster.html", context, status=status)


def _kept(shift: Shift) -> dict[str, object]:
    found = rosters.adherence(shift)
    return {"rate": round(found.rate * 100), "late": found.late_s // 60, "early": found.early_s // 60, "available": found.available_s // 60}


@require_POST
@open_to("hotline.plan")
def act(request: HttpRequest, verb: str) -> HttpResponse:
    """Plan a shift, or take one back."""
    actor, data = actor_of(request), request.POST

    def run() -> str:
        if verb == "plan":
            starts, ends = _moment(data.get("starts_at", ""), "starts_at"), _moment(data.get("ends_at", ""), "ends_at")
            staff, pool = Staff.objects.filter(username=data.get("staff", "")).first(), SeatPool.objects.filter(code=data.get("pool", "")).first()
            if staff is None or pool is None:
                raise Absent
            rosters.plan_shift(actor=actor, staff=staff, pool=pool, starts_at=starts, ends_at=ends, kind=data.get("kind", "day"))
            return f"/desk/hotline/roster?day={starts.astimezone(clock.BEIJING).date()}"
        if verb == "cancel":
            row = rosters.cancel_shift(actor=actor, shift_id=identity(data.get("shift", "")))
            return f"/desk/hotline/roster?day={row.starts_at.astimezone(clock.BEIJING).date()}"
        raise Absent

    return post_or_show(request, run, lambda refusal: _roster(request, errors=errors_of(refusal), status=refusal.status))


def _moment(text: str, field: str) -> datetime:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=clock.BEIJING)
    except ValueError:
        raise Refusal("form.invalid", fields={field: Refusal("field.required", field=field)}) from None
