"""Clocks as rows: start, meet, pause, resume, cancel, extend, recompute. The arithmetic is in ``time_limits``.

Every function here runs inside the transaction of the step that calls it, with the matter's row locked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from fawang.kernel import clock as time
from fawang.kernel.errors import Refusal, catalogue
from fawang.matters.clock_rules import rule_in_force, rule_version
from fawang.matters.declaration import ClockUse, ClockVerb
from fawang.matters.models import Clock, ClockExtension, ClockPause, Matter
from fawang.matters.time_limits import (
    ClockRule,
    ExtensionTooLong,
    PauseNotAllowed,
    due_at,
    is_over,
    light_at,
    over_from,
    thresholds,
)
from fawang.people.models import Staff
from fawang.regions.selectors import working_calendar
from fawang.regions.working_calendar import WorkingCalendar

catalogue(
    {
        "clock.extension": (
            "延长不得超过{cap}（{norm}）。",
            "The extension may not exceed {cap} ({norm}).",
        ),
        "clock.pause": ("这一时限不能因此暂停。", "This time limit may not be paused for that reason."),
        "clock.none": ("没有正在计算的时限。", "No such time limit is running."),
        "clock.over": ("时限已经届满，不能再延长。", "The time limit has run out; it cannot be extended any more."),
    }
)

OPEN = ("running", "paused")
Spans = list[tuple[str, datetime, datetime | None]]


def rule_of(clock: Clock) -> ClockRule:
    """The rule version a clock runs under; it never changes, whatever the law does later."""
    return rule_version(clock.rule_code, clock.rule_version, clock.rule_region)


def open_clock(matter: Matter, rule: str) -> Clock | None:
    """The matter's running or paused clock of a rule."""
    return matter.clocks.filter(rule_code=rule, state__in=OPEN).first()


def apply(
    matter: Matter, use: ClockUse, *, at: datetime, approver: Staff | None = None, days: int = 0, reason: str = "", promised: date | None = None
) -> dict[str, str] | None:
    """Do one declared clock effect; returns what to write into the event, or ``None`` when it had none.

    ``promised``: the day a clock that starts ends with, where the person was given one.
    """
    clock = open_clock(matter, use.rule)
    if use.verb is ClockVerb.STARTS:
        return _start(matter, use.rule, at, promised) if clock is None else None
    if clock is None:
        return None
    if use.verb is ClockVerb.MEETS:
        return _end(clock, "met", at)
    if use.verb is ClockVerb.CANCELS:
        return _end(clock, "cancelled", at)
    if use.verb is ClockVerb.PAUSES:
        return _pause(clock, use.reason, at)
    if use.verb is ClockVerb.RESUMES:
        return _resume(clock, at)
    return _extend(clock, approver, days, reason, at)


def start_all(matter: Matter, uses: Sequence[ClockUse], *, at: datetime) -> list[Clock]:
    """The clocks of a matter that is only just opening, worked out but not yet written; their due moment and light are set on the matter."""
    if wrong := [use.rule for use in uses if use.verb is not ClockVerb.STARTS]:
        raise ValueError(f"a matter that opens can only start clocks: {wrong}")
    clocks = [_started(matter, rule, at) for rule in dict.fromkeys(use.rule for use in uses)]
    _carry(matter, clocks)
    return clocks


def last_day(matter: Matter, code: str, at: datetime) -> date:
    """The last day a limit of the matter's region could end with if it began at ``at``: the furthest day that may be promised."""
    due = due_at(rule_in_force(code, matter.region_code, time.beijing_date(at)), at, working_calendar())
    if due is None:
        raise ValueError(f"{code} has no end although nothing pauses it")
    return time.beijing_date(due)


def _started(matter: Matter, code: str, at: datetime, promised: date | None = None) -> Clock:
    rule = rule_in_force(code, matter.region_code, time.beijing_date(at))
    clock = Clock(matter=matter, rule_code=code, rule_version=rule.version, rule_region=rule.region, started_at=at, promised_on=promised)
    _compute(clock, rule, at)
    return clock


def _start(matter: Matter, code: str, at: datetime, promised: date | None) -> dict[str, str]:
    clock = _started(matter, code, at, promised)
    clock.save(force_insert=True)
    return told(clock, "started")


def _end(clock: Clock, state: str, at: datetime) -> dict[str, str]:
    due = clock.statutory_due_at
    clock.on_time = None if state == "cancelled" else (due is None or not is_over(rule_of(clock), due, at))
    unseen = clock.on_time is False and clock.light != "overdue"
    if unseen:
        clock.light = "overdue"
    clock.state, clock.ended_at, clock.next_moment = state, at, None
    clock.save()
    return {**told(clock, state), **({"late_unseen": "true"} if unseen else {})}


def _pause(clock: Clock, reason: str, at: datetime) -> dict[str, str] | None:
    rule = rule_of(clock)
    if reason not in rule.pause_reasons:
        raise Refusal("clock.pause")
    if clock.state == "paused" or light_at(rule, clock.started_at, at, working_calendar(), _spans(clock), clock.extension, clock.promised_on) == "overdue":
        return None  # a limit already missed cannot be stopped from being missed
    ClockPause.objects.create(clock=clock, reason=reason, started_at=at)
    clock.state = "paused"
    _compute(clock, rule, at)
    clock.save()
    return {**told(clock, "paused"), "reason": reason}


def _resume(clock: Clock, at: datetime) -> dict[str, str] | None:
    if clock.state != "paused":
        return None
    clock.pauses.filter(ended_at=None).update(ended_at=at)
    clock.state = "running"
    _compute(clock, rule_of(clock), at)
    clock.save()
    return told(clock, "resumed")


def _extend(clock: Clock, approver: Staff | None, amount: int, reason: str, at: datetime) -> dict[str, str]:
    rule = rule_of(clock)
    if light_at(rule, clock.started_at, at, working_calendar(), _spans(clock), clock.extension, clock.promised_on) == "overdue":
        raise Refusal("clock.over", status=409)  # it is extended while it runs or not at all
    if approver is None or amount < 1:
        raise Refusal("field.required", field="days")
    clock.extension += amount
    try:
        _compute(clock, rule, at)
    except ExtensionTooLong:
        cap = f"{rule.extension_cap}"
        raise Refusal("clock.extension", field="days", cap=cap, norm=rule.norm) from None
    clock.save()
    ClockExtension.objects.create(clock=clock, amount=amount, approver=approver, reason=reason, approved_at=at, notified_at=at)
    return {**told(clock, "extended"), "amount": str(amount)}


def _spans(clock: Clock) -> Spans:
    if clock._state.adding:
        return []
    return [(p.reason, p.started_at, p.ended_at) for p in clock.pauses.order_by("started_at")]


def _compute(clock: Clock, rule: ClockRule, at: datetime) -> None:
    """Work out due moments, light and the sweeper's next moment from the stored facts."""
    calendar = working_calendar()
    spans = _spans(clock)
    try:
        due = due_at(rule, clock.started_at, calendar, spans, clock.extension, clock.promised_on)
    except PauseNotAllowed:
        raise Refusal("clock.pause") from None
    clock.light = str(light_at(rule, clock.started_at, at, calendar, spans, clock.extension, clock.promised_on))
    if due is None:
        clock.yellow_at = clock.red_at = clock.statutory_due_at = clock.next_moment = clock.promised_due_at = None
        return
    marks = thresholds(rule, clock.started_at, calendar, spans, clock.extension, clock.promised_on)
    clock.yellow_at, clock.red_at, clock.statutory_due_at = marks.yellow_at, marks.red_at, due
    clock.promised_due_at = _promised(rule, clock, due, calendar, spans)
    clock.next_moment = next_moment(clock)


def _promised(rule: ClockRule, clock: Clock, due: datetime, calendar: WorkingCalendar, spans: Spans) -> datetime:
    if not rule.promised_limit:
        return due
    promised = due_at(replace(rule, limit=rule.promised_limit, promised_limit=None), clock.started_at, calendar, spans, clock.extension, clock.promised_on)
    return min(promised, due) if promised else due


def next_moment(clock: Clock) -> datetime | None:
    """When the light of a running clock next changes."""
    if clock.state != "running":
        return None
    over = over_from(rule_of(clock), clock.statutory_due_at) if clock.statutory_due_at else None
    return {"green": clock.yellow_at, "yellow": clock.red_at, "red": over}.get(clock.light)


def told(clock: Clock, what: str) -> dict[str, str]:
    """What an event says of a clock."""
    due = clock.statutory_due_at
    return {
        "rule": clock.rule_code,
        "version": clock.rule_version,
        "what": what,
        "due": due.isoformat() if due else "",
        **({"on_time": str(clock.on_time).lower()} if clock.on_time is not None else {}),
    }


LIGHTS = ("green", "yellow", "red", "overdue")


def refresh_matter(matter: Matter) -> None:
    """Carry the earliest due moment and the worst light of the open clocks onto the matter (caller saves it)."""
    _carry(matter, list(matter.clocks.filter(state__in=OPEN)))


def _carry(matter: Matter, clocks: Sequence[Clock]) -> None:
    matter.next_due_at = min((c.statutory_due_at for c in clocks if c.statutory_due_at), default=None)
    matter.light = max((c.light for c in clocks if c.state == "running"), key=LIGHTS.index, default="green")


def recompute(clock: Clock) -> dict[str, str] | None:
    """Recompute an open clock after the calendar changed; says so when its due moment moved.

    The light may sink here; a worse one is left to the sweeper, which records it and does what it demands.
    """
    before, shown = clock.statutory_due_at, clock.light
    _compute(clock, rule_of(clock), time.now())
    if LIGHTS.index(clock.light) > LIGHTS.index(shown):
        clock.light = shown
        clock.next_moment = next_moment(clock)
    if clock.light != "overdue":
        clock.timeout_taken = False
    clock.save()
    if clock.statutory_due_at == before:
        return None
    return {**told(clock, "moved"), "before": before.isoformat() if before else "", "light": clock.light}


def sound_light(clock: Clock, at: datetime) -> str:
    """Move a running clock's light to what ``at`` demands; returns the new light, saves the row."""
    if clock.statutory_due_at and is_over(rule_of(clock), clock.statutory_due_at, at):
        clock.light = "overdue"
    elif clock.red_at and at >= clock.red_at:
        clock.light = "red"
    elif clock.yellow_at and at >= clock.yellow_at:
        clock.light = "yellow"
    clock.next_moment = next_moment(clock)
    clock.save()
    return clock.light
