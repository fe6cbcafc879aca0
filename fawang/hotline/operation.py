"""What the operator's command prints: queues, seats and calls as they stand, and calls since a moment with how each ended. No personal data."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Count, Min

from fawang.hotline.configurations import live_document
from fawang.hotline.models import AgentState, Call, EngineNode, QueueEntry, Recording, Seat
from fawang.kernel import clock

MOST = 100_000


def status() -> dict[str, Any]:
    """Engines, queues, seats and running calls of this moment."""
    now = clock.now()
    document = live_document()
    waiting: dict[str, tuple[int, datetime | None]] = {
        row["queue_code"]: (row["n"], row["first"])
        for row in QueueEntry.objects.filter(state="waiting").values("queue_code").annotate(n=Count("pk"), first=Min("entered_at"))
    }
    running = list(Call.objects.exclude(state="ended").order_by("arrived_at").select_related("agent"))
    queues = [
        {
            "code": code, "name": list(queue.name), "waiting": waiting.get(code, (0, None))[0], "longest_wait_s": _seconds(waiting.get(code, (0, None))[1], now),
            "ringing": sum(c.queue_code == code and c.state == "offering" for c in running),
            "talking": sum(c.queue_code == code and c.state == "talking" for c in running),
        }
        for code, queue in (document.queues.items() if document else ())
    ]  # fmt: skip
    return {
        "at": now.isoformat(),
        "engines": [
            {"id": e.engine_id, "state": e.state, "seen_at": _text(e.seen_at), "controller": e.holder, "epoch": e.epoch}
            for e in EngineNode.objects.order_by("pk")
        ],
        "queues": queues,
        "seats": _seats(now),
        "calls": [
            {
                "id": str(c.pk),
                "state": c.state,
                "talk": c.talk,
                "queue": c.queue_code,
                "arrived_at": _text(c.arrived_at),
                "agent": c.agent.username if c.agent else "",
            }
            for c in running
        ],
    }


def _seats(now: datetime) -> list[dict[str, Any]]:
    by_seat = {a.seat_id: a for a in AgentState.objects.filter(seat__isnull=False).select_related("staff")}
    found = []
    for seat in Seat.objects.filter(is_enabled=True).select_related("pool").order_by("number"):
        agent = by_seat.get(seat.pk)
        found.append({
            "number": seat.number, "pool": seat.pool.code, "kind": seat.kind, "state": agent.state if agent else "offline", "reason": agent.reason if agent else "",
            "agent": agent.staff.username if agent else "", "call": str(agent.call_id or "") if agent else "", "for_s": _seconds(agent.since, now) if agent else 0,
        })  # fmt: skip
    return found


def calls_since(since: datetime) -> list[dict[str, Any]]:
    """Every call that arrived since a moment, the oldest first, with its one end cause (empty while it runs)."""
    rows = list(Call.objects.filter(arrived_at__gte=since).select_related("agent").order_by("arrived_at", "pk")[:MOST])
    recorded: dict[Any, list[dict[str, Any]]] = {}
    for r in Recording.objects.filter(call__in=[c.pk for c in rows]).order_by("started_at"):
        recorded.setdefault(r.call_id, []).append({"id": str(r.pk), "kind": r.kind, "state": r.state, "ms": r.ms, "gaps_ms": r.gaps_ms})
    return [
        {
            "id": str(c.pk), "call_ref": c.call_ref, "direction": c.direction, "did": c.did, "state": c.state, "end_cause": c.end_cause, "end_side": c.end_side,
            "queue": c.queue_code, "agent": c.agent.username if c.agent else "", "arrived_at": _text(c.arrived_at), "answered_at": _text(c.answered_at),
            "queued_at": _text(c.queued_at), "connected_at": _text(c.connected_at), "ended_at": _text(c.ended_at), "survey_level": c.survey_level,
            "recordings": recorded.get(c.pk, []),
        }
        for c in rows
    ]  # fmt: skip


def _text(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _seconds(since: datetime | None, now: datetime) -> int:
    return int((now - since).total_seconds()) if since else 0
