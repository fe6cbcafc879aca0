"""Reading the hotline: screen pop, tickets, lists to work off, the wallboard. Everything within the reader's rights."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Case, Count, Min, Q, QuerySet, Value, When

from fawang.hotline import callers
from fawang.hotline.models import (
    AgentState,
    Alarm,
    Call,
    CallbackRequest,
    CallEvent,
    CallLeg,
    CallTicket,
    CallWarning,
    ConfigVersion,
    QualitySample,
    QueueEntry,
    Seat,
    SeatPool,
    Shift,
    SupervisionAct,
    Voicemail,
)
from fawang.hotline.policies import TOLD, offices_of, see_call, see_sample, see_ticket, tickets_visible_to
from fawang.hotline.states import AGENT_STATES
from fawang.kernel import clock, crypto
from fawang.kernel.clock import BEIJING
from fawang.kernel.errors import Absent
from fawang.kernel.policy import decide, require
from fawang.kernel.readlog import note_read
from fawang.matters.models import Matter, MatterParty
from fawang.matters.policies import sight
from fawang.matters.selectors import internal_processes
from fawang.people.actors import Actor
from fawang.people.models import Staff


@dataclass(frozen=True, slots=True)
class SeatView:
    """What a seat page shows of its own agent."""

    agent: AgentState
    call: Call | None
    ticket: CallTicket | None
    watched_by: list[tuple[str, str]]
    """Name of the supervisor, and what he does (``listen`` …)."""
    warnings: int
    muted: bool
    paused: bool
    """The recording keeps silence."""
    legs: list[CallLeg]
    """Others on the line: whom he consults, partners."""


def seat_view(actor: Actor) -> SeatView:
    """The agent's own state, call, ticket, and who was announced as listening. Raises ``Forbidden``."""
    require("hotline.seat", actor)
    agent = AgentState.objects.select_related("seat", "pool", "call").filter(pk=actor.account).first() or AgentState(staff_id=actor.account)
    call = agent.call
    ticket = CallTicket.objects.filter(call=call).exclude(about_staff_id=actor.staff_id).first() if call else None
    acts = SupervisionAct.objects.filter(call=call, on_id=actor.account, told=True, ended_at=None).select_related("by") if call else []
    warned = CallWarning.objects.filter(call=call).count() if call else 0
    others = list(call.legs.filter(role__in=("consult", "partner")).exclude(state="ended").select_related("staff")) if call else []
    return SeatView(
        agent,
        call,
        ticket,
        [(a.by.name, a.kind) for a in acts],
        warned,
        _last(call, "muted", "unmuted", staff_id=actor.account),
        _last(call, "record_paused", "record_resumed"),
        others,
    )


def _last(call: Call | None, on: str, off: str, **by: Any) -> bool:
    """Whether the later of two kinds of events of a call is ``on``."""
    last = CallEvent.objects.filter(call=call, kind__in=(on, off), **by).order_by("-id").values_list("kind", flat=True).first() if call else None
    return last == on


@dataclass(frozen=True, slots=True)
class ScreenPop:
    """Who this may be and what is known, shown before the second ring."""

    call: Call
    number: str
    region: str
    match: str
    person_name: str
    priority_groups: list[str]
    earlier_tickets: list[CallTicket]
    earlier_calls: int
    open_matters: list[Matter]
    warnings_before: int
    callbacks_owed: int
    notes: dict[str, Any] = field(default_factory=dict)


def screen_pop(actor: Actor, call: Call) -> ScreenPop:
    """What the agent of a call sees of its caller. A name is shown only to a proved number; tickets and matters only within his rights; logged."""
    require("hotline.call", actor, call)
    note_read(subject_kind="call", subject_id=call.pk, what="screen_pop", purpose="answering")
    index = bytes(call.caller_index)
    person = call.person if call.match == "known" else None
    shown: list[CallTicket] = []
    matters: list[Matter] = []
    warned = 0
    if index:
        since = call.arrived_at - timedelta(days=365)
        rows = CallTicket.objects.filter(call__caller_index=index, opened_at__gte=since).exclude(call=call).select_related("author", "matter")
        # an agent in conversation may know the same caller's earlier questions, except what is about himself
        shown = list(rows.exclude(about_staff_id=actor.staff_id).order_by("-opened_at")[:10])
        warned = CallWarning.objects.filter(call__caller_index=index).exclude(call=call).values("call").distinct().count()
        phones = MatterParty.objects.filter(phone_index=index, ended_at=None).values("matter")
        found = Matter.objects.filter(pk__in=phones, is_open=True).exclude(process_code__in=internal_processes()).order_by("next_due_at")[:20]
        matters = [m for m in found if sight(actor, m)]
    return ScreenPop(
        call=call, number=call.caller or "", region=call.caller_region, match=call.match, person_name=(person.name or "") if person else "",
        priority_groups=list(person.priority_groups) if person else [], earlier_tickets=shown, earlier_calls=len(callers.earlier_calls(call)),
        open_matters=matters, warnings_before=warned,
        callbacks_owed=CallbackRequest.objects.filter(phone_index=index, state="planned").count() if index else 0,
    )  # fmt: skip


# -- tickets and calls -----------------------------------------------------------------------------------------------------------------


def tickets(actor: Actor, *, state: str = "", nature: str = "", mine: bool = False, limit: int = 100, offset: int = 0) -> list[CallTicket]:
    """Tickets the actor may meet, newest first."""
    rows = tickets_visible_to(actor)
    if state:
        rows = rows.filter(state=state)
    if nature:
        rows = rows.filter(nature=nature)
    if mine:
        rows = rows.filter(author_id=actor.staff_id)
    return list(rows.select_related("call", "author", "matter").order_by("-opened_at")[offset : offset + limit])


def ticket_page(actor: Actor, ticket_id: uuid.UUID) -> CallTicket:
    """One ticket with its call. Raises ``Absent``; the read is logged."""
    row = CallTicket.objects.select_related("call", "author", "office", "matter", "previous").filter(pk=ticket_id).first()
    if row is None or not see_ticket(actor, row):
        raise Absent
    note_read(subject_kind="ticket", subject_id=row.pk)
    return row


def call_page(actor: Actor, call_id: uuid.UUID) -> Call:
    """One call. Raises ``Absent``; the read is logged."""
    row = Call.objects.select_related("agent", "person", "ticket").filter(pk=call_id).first()
    if row is None or not see_call(actor, row):
        raise Absent
    note_read(subject_kind="call", subject_id=row.pk)
    return row


def answered_without_ticket() -> list[Call]:
    """The orphan report: calls a human answered that have no ticket. It is empty, or something is broken."""
    return list(Call.objects.filter(connected_at__isnull=False, ticket=None).order_by("connected_at")[:200])


def unfinished(actor: Actor) -> list[CallTicket]:
    """Tickets of ended calls that wait for their author, the oldest first."""
    return list(tickets_visible_to(actor).filter(state="draft", call__state="ended").select_related("call", "author").order_by("opened_at")[:200])


def to_review(actor: Actor) -> list[CallTicket]:
    """Reasoned hang-ups somebody has to look into; never one's own."""
    rows = tickets_visible_to(actor).filter(review="open").exclude(author_id=actor.staff_id)
    return [t for t in rows.select_related("call", "author").order_by("opened_at")[:100] if decide("hotline.review", actor, t)]


def missed(actor: Actor, limit: int = 100) -> list[Call]:
    """Calls of today and yesterday that reached nobody, newest first."""
    require("hotline.board", actor)
    since = clock.now() - timedelta(days=2)
    causes = ("abandoned_queue", "abandoned_ringing", "no_agent", "caller_vanished", "engine_lost", "error")
    return list(Call.objects.filter(arrived_at__gte=since, end_cause__in=causes, direction="in").order_by("-arrived_at")[:limit])


def callbacks_to_do(actor: Actor, limit: int = 100) -> list[CallbackRequest]:
    """Call-backs owed, the nearest limit first; what one must not do oneself is left out."""
    require("hotline.seat", actor)
    rows = CallbackRequest.objects.filter(state__in=("planned", "calling")).exclude(not_by_id=actor.staff_id)
    return list(rows.select_related("slot", "source_call", "agent").order_by("due_at")[:limit])


def voicemails_to_do(actor: Actor, limit: int = 100) -> list[Voicemail]:
    """Voicemails to deal with, the nearest limit first."""
    require("hotline.seat", actor)
    return list(Voicemail.objects.filter(state__in=("new", "taken"), ms__gt=0).select_related("call", "recording", "taken_by").order_by("due_at")[:limit])


def colleagues(actor: Actor) -> list[AgentState]:
    """Whom one can consult or hand a call to now."""
    require("hotline.seat", actor)
    rows = AgentState.objects.filter(state__in=("ready", "not_ready", "wrap_up")).exclude(pk=actor.staff_id)
    return list(rows.select_related("staff", "seat", "pool").order_by("state", "staff__pinyin_key"))


def free_seats() -> list[Seat]:
    """Seats nobody sits at."""
    return list(Seat.objects.filter(is_enabled=True, agent=None).select_related("pool").order_by("number"))


# -- quality ---------------------------------------------------------------------------------------------------------------------------


def samples(actor: Actor, limit: int = 200) -> list[QualitySample]:
    """Samples somebody may check and those of his own calls he has been told of; what is to be done first, then the newest."""
    require("hotline.board", actor)
    within = offices_of(actor, "quality_checker", "hotline_supervisor")
    rows = QualitySample.objects.exclude(ticket__about_staff_id=actor.staff_id)
    if within is not None:
        rows = rows.filter(Q(ticket__office_id__in=within) | Q(ticket__author_id=actor.staff_id, state__in=TOLD))
    todo = Case(When(state__in=("open", "appealed"), then=Value(0)), default=Value(1))
    return list(rows.select_related("ticket__call__agent", "ticket__author", "ticket__matter").order_by(todo, "-made_at")[:limit])


def sample_page(actor: Actor, sample_id: uuid.UUID) -> QualitySample:
    """One sample with its ticket and call. Raises ``Absent``; the read is logged."""
    row = QualitySample.objects.select_related("ticket__call__agent", "ticket__author", "ticket__matter").filter(pk=sample_id).first()
    if row is None or not see_sample(actor, row):
        raise Absent
    note_read(subject_kind="ticket", subject_id=row.ticket_id, what="quality", purpose="quality")
    return row


# -- configuration and roster ----------------------------------------------------------------------------------------------------------


def editions(actor: Actor, limit: int = 30) -> list[ConfigVersion]:
    """Editions of the configuration, the newest first."""
    require("hotline.figures", actor)
    return list(ConfigVersion.objects.select_related("created_by", "live_by").order_by("-number")[:limit])


def edition(actor: Actor, edition_id: uuid.UUID) -> ConfigVersion:
    """One edition. Raises ``Absent``."""
    require("hotline.figures", actor)
    row = ConfigVersion.objects.select_related("created_by", "live_by").filter(pk=edition_id).first()
    if row is None:
        raise Absent
    return row


def shifts_of(actor: Actor, day: date) -> list[Shift]:
    """Shifts that run on a day."""
    require("hotline.figures", actor)
    start = datetime.combine(day, time(), BEIJING)
    rows = Shift.objects.filter(starts_at__lt=start + timedelta(days=1), ends_at__gt=start, cancelled_at=None)
    return list(rows.select_related("staff", "pool").order_by("starts_at", "staff__pinyin_key"))


def seat_staff(actor: Actor) -> list[Staff]:
    """People who may sit at a seat."""
    require("hotline.figures", actor)
    now = clock.now()
    held = Q(grants__role="seat", grants__revoked_at=None) & (Q(grants__valid_to=None) | Q(grants__valid_to__gt=now))
    return list(Staff.objects.filter(held, state="active").exclude(username__startswith="moni").distinct().order_by("pinyin_key")[:500])


# -- the wallboard ---------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QueueLine:
    """One queue on the wallboard."""

    code: str
    waiting: int
    longest_s: int
    offered: int
    talking: int


@dataclass(frozen=True, slots=True)
class Board:
    """The wallboard of one moment; day figures are in ``figures``."""

    at: datetime
    queues: list[QueueLine]
    seats: dict[str, int]
    pools: list[SeatPool]
    callbacks_open: int
    callbacks_overdue: int
    voicemails_open: int
    alarms: list[Alarm]


def board(actor: Actor, queue_codes: list[str]) -> Board:
    """The wallboard now. Raises ``Forbidden``."""
    require("hotline.board", actor)
    now = clock.now()
    waiting = {
        r["queue_code"]: (r["n"], r["first"])
        for r in QueueEntry.objects.filter(state="waiting").values("queue_code").annotate(n=Count("pk"), first=Min("entered_at"))
    }
    live = (
        Call.objects.exclude(state="ended")
        .values("queue_code")
        .annotate(offered=Count("pk", filter=Q(state="offering")), talking=Count("pk", filter=Q(state="talking")))
    )
    by_queue = {r["queue_code"]: r for r in live}
    lines = []
    for code in queue_codes:
        count, first = waiting.get(code, (0, None))
        row = by_queue.get(code, {"offered": 0, "talking": 0})
        lines.append(QueueLine(code, count, int((now - first).total_seconds()) if first else 0, row["offered"], row["talking"]))
    seats = dict.fromkeys(AGENT_STATES, 0) | dict(AgentState.objects.values_list("state").annotate(n=Count("pk")))
    owed = CallbackRequest.objects.filter(state__in=("planned", "calling"))
    return Board(
        at=now, queues=lines, seats=seats, pools=list(SeatPool.objects.order_by("code")), callbacks_open=owed.count(),
        callbacks_overdue=owed.filter(due_at__lt=now).count(), voicemails_open=Voicemail.objects.filter(state__in=("new", "taken"), ms__gt=0).count(),
        alarms=list(Alarm.objects.filter(cleared_at=None).order_by("raised_at")),
    )  # fmt: skip


def agents_now(actor: Actor) -> list[AgentState]:
    """Agents on duty with what they are doing, for the supervisor's list; only of pools within his scope."""
    require("hotline.board", actor)
    rows = AgentState.objects.exclude(state="offline").select_related("staff", "seat", "pool", "call").order_by("pool__code", "seat__number")
    return [a for a in rows if a.pool is not None and (actor.staff_id == a.pk or decide("hotline.supervise", actor, a.pool))]


def calls_since(since: datetime) -> QuerySet[Call]:
    """Calls that arrived since an instant, oldest first (for the operator's command)."""
    return Call.objects.filter(arrived_at__gte=since).order_by("arrived_at", "pk")


def calls_of_number(actor: Actor, phone: str) -> list[Call]:
    """Calls of a number, within rights; the search is logged by its digest."""
    require("hotline.board", actor)
    number = callers.read_number(phone)
    if not number.canonical:
        return []
    note_read(subject_kind="search", subject_id=actor.account, what=f"digest:{crypto.text_digest(number.canonical)[:16]}", purpose="search")
    rows = Call.objects.filter(caller_index=number.index).select_related("ticket", "agent").order_by("-arrived_at")[:100]
    return [c for c in rows if see_call(actor, c)]
