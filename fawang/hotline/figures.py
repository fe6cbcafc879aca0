"""话务统计 from raw call events: the events of a call are folded into its facts, the facts are counted. No figure without its denominators.

``figures_check`` counts the same from the working rows, sharing nothing with this module but the definitions.
"""

from __future__ import annotations

import functools
import tomllib
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.db.models import Q

from fawang.hotline.causes import ABANDONED, counted_as
from fawang.hotline.models import AgentSpell, Call, CallbackRequest, CallEvent, CallTicket, QualitySheet
from fawang.kernel.clock import BEIJING
from fawang.kernel.texts import Text


@functools.cache
def norms() -> dict[str, dict[str, Any]]:
    """Bounds by code."""
    rows = tomllib.loads((Path(__file__).parent / "rules" / "norms.toml").read_text())["norm"]
    return {row["code"]: row for row in rows}


@dataclass(frozen=True, slots=True)
class Figure:
    """A count, or (with ``denominators``) a share given over each of them."""

    code: str
    name: Text
    definition: Text
    denominators: tuple[str, ...] = ()
    numerator: str = ""


FIGURES: tuple[Figure, ...] = (
    Figure("inbound", Text("总来电", "Total inbound"), Text("到达本平台的全部来电", "All calls that arrived")),
    Figure("offered", Text("人工请求", "Offered"), Text("进入人工队列的来电", "Calls that reached the human queue")),
    Figure("answered", Text("人工接听", "Answered"), Text("与坐席接通的来电", "Calls connected to a human")),
    Figure("answered_in_time", Text("15秒内接听", "Answered in 15 s"), Text("进入队列后15秒内接通", "Connected within 15 s of entering the queue")),
    Figure("abandoned", Text("放弃", "Abandoned"), Text("进入队列后未接通即结束（主叫挂机、失联或等待超限）", "Ended in the queue without a human: hung up, line gone dead, or waited to the limit")),
    Figure("short_abandoned", Text("短放弃", "Short abandon"), Text("其中等待不足5秒", "Of these, waited under 5 s")),
    Figure("served_otherwise", Text("转留言或回电", "Voicemail or call-back"), Text("进入队列后改为留言或约定回电", "Left the queue for voicemail or a call-back")),
    Figure("lost", Text("故障中断", "Lost"), Text("因故障结束", "Ended by a fault")),
    Figure("transferred", Text("转接", "Transferred"), Text("接通后转给其他坐席、队列或单位", "Passed on after connection")),
    Figure("rated", Text("评价", "Rated"), Text("接通后给出评价；未评不计为满意", "Rated after connection; unrated is not satisfied")),
    Figure("satisfied", Text("满意", "Satisfied"), Text("基本满意及以上", "Fairly satisfied or better")),
    Figure("repeated", Text("7日内再次来电", "Repeated in 7 days"), Text("接通后7日内同一号码再次来电", "Same number again within 7 days")),
    Figure("known_callers", Text("有号码的接听", "Answered with a number"), Text("接通且来电号码可识别", "Answered calls with a number")),
    Figure("wait_s", Text("等待秒数", "Seconds waited"), Text("接通来电的等待时间合计", "Total waiting of answered calls")),
    Figure("talk_s", Text("通话秒数", "Seconds talked"), Text("接通至坐席离开减保持", "From connection until the agent leaves, without hold")),
    Figure("hold_s", Text("保持秒数", "Seconds on hold"), Text("保持和咨询时间", "On hold and consulting")),
    Figure("wrap_s", Text("整理秒数", "Seconds of wrap-up"), Text("坐席整理时间", "Agents' wrap-up")),
    Figure("ready_s", Text("空闲秒数", "Seconds ready"), Text("坐席空闲等待时间", "Agents' time ready")),
    Figure("tickets", Text("工单", "Tickets"), Text("接通来电的工单", "Tickets of answered calls")),
    Figure("checked", Text("质检", "Checked"), Text("其中已质检", "Of these, checked")),
    Figure("check_passed", Text("质检合格", "Check passed"), Text("其中合格及以上", "Of these, qualified or better")),
    Figure("callbacks_due", Text("应回电", "Call-backs owed"), Text("当日产生的回电任务（取消的除外）", "Call-backs that arose, cancelled ones left out")),
    Figure("callbacks_done", Text("已回电", "Call-backs done"), Text("其中已接通或三次未通", "Of these, reached or tried three times")),
    Figure("answer_rate", Text("接通率", "Answer rate"), Text("人工接听÷人工请求；另按总来电计", "Answered ÷ offered; also ÷ total inbound"), ("offered", "inbound"), "answered"),
    Figure("service_level", Text("15秒接通率", "Service level 15 s"), Text("15秒内接听÷人工请求；另按总来电计", "In 15 s ÷ offered; also ÷ inbound"), ("offered", "inbound"), "answered_in_time"),
    Figure("abandon_rate", Text("放弃率", "Abandon rate"), Text("放弃÷人工请求；另按总来电计", "Abandoned ÷ offered; also ÷ inbound"), ("offered", "inbound"), "abandoned"),
    Figure("transfer_rate", Text("转接率", "Transfer rate"), Text("转接÷人工接听；另按人工请求计", "Transferred ÷ answered; also ÷ offered"), ("answered", "offered"), "transferred"),
    Figure("satisfaction", Text("满意率", "Satisfaction"), Text("满意÷已评价；另按人工接听计", "Satisfied ÷ rated; also ÷ answered"), ("rated", "answered"), "satisfied"),
    Figure("rating_response", Text("参评率", "Rating response"), Text("评价÷人工接听；另按人工请求计", "Rated ÷ answered; also ÷ offered"), ("answered", "offered"), "rated"),
    Figure("repeat_rate", Text("重复来电率", "Repeat rate"), Text("7日内再次来电÷有号码的接听；另按人工接听计。一次解决率=1−此数", "Repeated ÷ answered with a number; also ÷ answered. FCR is one less this"), ("known_callers", "answered"), "repeated"),
    Figure("asa", Text("平均应答秒数", "Average speed of answer"), Text("等待秒数÷人工接听；另按人工请求计", "Seconds waited ÷ answered; also ÷ offered"), ("answered", "offered"), "wait_s"),
    Figure("aht", Text("平均处理秒数", "Average handling time"), Text("(通话+保持+整理)÷人工接听；另按工单计", "(talk + hold + wrap) ÷ answered; also ÷ tickets"), ("answered", "tickets"), "handled_s"),
    Figure("occupancy", Text("坐席利用率", "Occupancy"), Text("(通话+保持+整理)÷(同前+空闲)", "(talk + hold + wrap) ÷ (the same + ready)"), ("available_s",), "handled_s"),
    Figure("check_rate", Text("质检率", "Check rate"), Text("质检÷工单；另按人工接听计", "Checked ÷ tickets; also ÷ answered"), ("tickets", "answered"), "checked"),
    Figure("check_pass_rate", Text("质检合格率", "Check pass rate"), Text("合格÷质检；另按工单计", "Passed ÷ checked; also ÷ tickets"), ("checked", "tickets"), "check_passed"),
    Figure("callback_done_rate", Text("回电完成率", "Call-backs done"), Text("已回电÷应回电；另按放弃计", "Done ÷ owed; also ÷ abandoned"), ("callbacks_due", "abandoned"), "callbacks_done"),
)  # fmt: skip
COUNTS = tuple(f.code for f in FIGURES if not f.denominators)


@dataclass(slots=True)
class Facts:
    """What the events of one call say."""

    call: uuid.UUID
    arrived: datetime
    direction: str = "in"
    queue: str = ""
    queued: datetime | None = None
    connected: datetime | None = None
    staff: str = ""
    ended: datetime | None = None
    cause: str = ""
    level: int | None = None
    transferred: bool = False
    talk_s: float = 0.0
    talking_since: datetime | None = None
    hold_s: float = 0.0
    counted_hold_s: float = 0.0
    held_since: datetime | None = None


def span(first: date, last: date) -> tuple[datetime, datetime]:
    """The instants of days in Beijing, both included."""
    return datetime.combine(first, time(), BEIJING), datetime.combine(last + timedelta(days=1), time(), BEIJING)


def facts(first: date, last: date) -> list[Facts]:
    """The facts of every call that arrived on these days, folded from raw events alone."""
    a, b = span(first, last)
    arrived = CallEvent.objects.filter(kind="arrived", at__gte=a, at__lt=b).values("call")
    rows = CallEvent.objects.filter(call__in=arrived).exclude(source="engine").order_by("call_id", "id")
    found: dict[uuid.UUID, Facts] = {}
    for call_id, kind, at, staff, data in rows.values_list("call_id", "kind", "at", "staff_id", "data").iterator(chunk_size=5000):
        assert call_id is not None
        one = found.setdefault(call_id, Facts(call_id, at))
        fold(one, kind, at, str(staff or ""), data)
    return list(found.values())


def fold(one: Facts, kind: str, at: datetime, staff: str, data: dict[str, Any]) -> None:
    """Add one event to the facts of its call."""
    if kind == "arrived":
        one.arrived, one.direction = at, str(data.get("direction", "in"))
    elif kind == "queued":
        one.queued, one.queue = one.queued or at, one.queue or str(data.get("queue", ""))
    elif kind == "connected":
        one.connected, one.staff = one.connected or at, one.staff or staff
        one.talking_since = one.talking_since or at
    elif kind in ("held", "consulting"):
        one.held_since = one.held_since or at
    elif kind in ("resumed", "conference", "other_left"):
        _unhold(one, at)
    elif kind in ("transferred", "transferring", "partner", "agent_left", "agent_lost", "reasoned"):
        _untalk(one, at)
        one.transferred = one.transferred or kind in ("transferred", "transferring", "partner")
    elif kind == "rated":
        one.level = int(data["level"])
    elif kind == "ended":
        _untalk(one, at)
        one.ended, one.cause = at, str(data["cause"])


def _unhold(one: Facts, at: datetime) -> None:
    if one.held_since is not None:
        one.hold_s += (at - one.held_since).total_seconds()
        one.held_since = None


def _untalk(one: Facts, at: datetime) -> None:
    """An agent's part is over: his time is talk and hold; the survey and what a partner says are neither."""
    held = one.hold_s
    _unhold(one, at)
    if one.talking_since is not None:
        one.talk_s += max(0.0, (at - one.talking_since).total_seconds() - (one.hold_s - one.counted_hold_s))
        one.counted_hold_s = one.hold_s
        one.talking_since = None
    else:
        one.hold_s = held


Key = Callable[[Facts], str]
KEYS: dict[str, Key] = {
    "all": lambda f: "",
    "day": lambda f: f.arrived.astimezone(BEIJING).date().isoformat(),
    "hour": lambda f: f"{f.arrived.astimezone(BEIJING).hour:02d}",
    "queue": lambda f: f.queue,
    "staff": lambda f: f.staff,
}


def compute(first: date, last: date, by: str = "all") -> dict[str, dict[str, float]]:
    """Every count of the days by group. ``by``: all, day, hour, queue, staff. Seconds of agents are in ``all``, ``day`` and ``staff`` only."""
    counted: dict[str, dict[str, float]] = {}
    key = KEYS[by]
    rows = facts(first, last)
    again = _repeated(rows)
    for one in rows:
        row = counted.setdefault(key(one), dict.fromkeys(COUNTS, 0.0))
        _count(row, one, again)
    _agents(counted, first, last, by)
    _beside(counted, rows, first, last, key, by)
    return counted


def _count(row: dict[str, float], one: Facts, again: dict[uuid.UUID, bool]) -> None:
    if one.direction != "in":
        return
    row["inbound"] += 1
    waited = ((one.connected or one.ended or one.arrived) - one.queued).total_seconds() if one.queued else 0.0
    if one.queued is not None:
        row["offered"] += 1
    if one.connected is not None:
        row["answered"] += 1
        row["wait_s"] += waited
        row["answered_in_time"] += waited <= norms()["CALL-ANS"]["seconds"]
        row["talk_s"] += one.talk_s
        row["hold_s"] += one.hold_s
        row["transferred"] += one.transferred
        row["rated"] += one.level is not None
        row["satisfied"] += (one.level or 0) >= 3
        row["known_callers"] += one.call in again
        row["repeated"] += again.get(one.call, False)
    elif one.queued is not None and one.ended is not None:
        if counted_as(one.cause) == ABANDONED:
            row["abandoned"] += 1
            row["short_abandoned"] += waited < norms()["SHORT-ABANDON"]["seconds"]
        row["served_otherwise"] += one.cause in ("voicemail", "callback")
    row["lost"] += one.cause in ("engine_lost", "error")


def _repeated(rows: Iterable[Facts]) -> dict[uuid.UUID, bool]:
    """For answered calls with a number: whether the same number called again within the days of the norm."""
    answered = [f.call for f in rows if f.connected is not None and f.direction == "in"]
    index = {pk: (bytes(i), at) for pk, i, at in Call.objects.filter(pk__in=answered).exclude(caller_index=b"").values_list("pk", "caller_index", "arrived_at")}
    if not index:
        return {}
    days = timedelta(days=norms()["REPEAT"]["days"])
    times: dict[bytes, list[datetime]] = {}
    earliest, latest = min(at for _, at in index.values()), max(at for _, at in index.values()) + days
    later = Call.objects.filter(caller_index__in=[i for i, _ in index.values()], direction="in", arrived_at__gt=earliest, arrived_at__lte=latest)
    for i, at in later.values_list("caller_index", "arrived_at"):
        times.setdefault(bytes(i), []).append(at)
    return {pk: any(at < t <= at + days for t in times.get(i, ())) for pk, (i, at) in index.items()}


def _agents(counted: dict[str, dict[str, float]], first: date, last: date, by: str) -> None:
    """Wrap-up and ready time from the agents' spells that began on the days, cut at the end of the last."""
    if by not in ("all", "day", "staff"):
        return
    a, b = span(first, last)
    for staff, state, start, end in AgentSpell.objects.filter(started_at__gte=a, started_at__lt=b, state__in=("wrap_up", "ready")).values_list(
        "staff_id", "state", "started_at", "ended_at"
    ):
        key = {"all": "", "day": start.astimezone(BEIJING).date().isoformat(), "staff": str(staff)}[by]
        row = counted.setdefault(key, dict.fromkeys(COUNTS, 0.0))
        row["wrap_s" if state == "wrap_up" else "ready_s"] += max(0.0, (min(end or b, b) - start).total_seconds())


def _beside(counted: dict[str, dict[str, float]], rows: list[Facts], first: date, last: date, key: Key, by: str) -> None:
    """Tickets, checks and call-backs, which are rows of their own."""
    of_call = {f.call: f for f in rows if f.direction == "in"}
    last_result: dict[uuid.UUID, str] = {}
    for ticket, result in (
        QualitySheet.objects.filter(sample__ticket__call__in=of_call).order_by("made_at", "is_recheck").values_list("sample__ticket_id", "result")
    ):
        last_result[ticket] = result
    for pk, call in CallTicket.objects.filter(call__in=of_call).values_list("pk", "call_id"):
        row = counted.setdefault(key(of_call[call]), dict.fromkeys(COUNTS, 0.0))
        row["tickets"] += 1
        row["checked"] += pk in last_result
        row["check_passed"] += last_result.get(pk) in ("qualified", "excellent")
    if by in ("all", "day", "queue"):
        a, b = span(first, last)
        owed = CallbackRequest.objects.filter(created_at__gte=a, created_at__lt=b).exclude(state="cancelled")
        for at, queue, state in owed.values_list("created_at", "queue_code", "state"):
            group = {"all": "", "day": at.astimezone(BEIJING).date().isoformat(), "queue": queue}[by]
            row = counted.setdefault(group, dict.fromkeys(COUNTS, 0.0))
            row["callbacks_due"] += 1
            row["callbacks_done"] += state in ("reached", "unreachable")


def shares(counts: dict[str, float]) -> dict[str, dict[str, float | None]]:
    """Every share over each of its denominators; ``None`` where the denominator is nothing (never 0 % and never 100 %)."""
    have = dict(counts)
    have["handled_s"] = have["talk_s"] + have["hold_s"] + have["wrap_s"]
    have["available_s"] = have["handled_s"] + have["ready_s"]
    return {f.code: {d: (have[f.numerator] / have[d] if have[d] else None) for d in f.denominators} for f in FIGURES if f.denominators}


def rolling(since: datetime, until: datetime, queue: str = "") -> dict[str, float]:
    """Offered, answered, in time since an instant, for thresholds."""
    rows = Call.objects.filter(Q(queue_code=queue) if queue else Q(), queued_at__gte=since, queued_at__lt=until, direction="in")
    offered = answered = in_time = 0
    for queued, connected, ended in rows.values_list("queued_at", "connected_at", "ended_at"):
        if connected is None and ended is None:
            continue  # still waiting: neither answered nor missed
        offered += 1
        answered += connected is not None
        in_time += connected is not None and queued is not None and (connected - queued).total_seconds() <= norms()["CALL-ANS"]["seconds"]
    return {"offered": offered, "answered": answered, "answered_in_time": in_time}
