"""The second code path: every figure again, from the event log alone (RELIABILITY P14)."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from uuid import UUID

from fawang.kernel import clock
from fawang.kernel.clock import beijing_date
from fawang.kernel.models import Event
from fawang.oversight.figures import FIGURES, Key, compute


def from_events(first: date, last: date) -> dict[str, Counter[Key]]:
    """Fold the whole log, matter by matter, and count what falls on the days."""
    counts: dict[str, Counter[Key]] = {f.code: Counter() for f in FIGURES}
    stream: UUID | None = None
    place: dict[str, str] = {}
    pending: list[tuple[str, date]] = []
    lit: dict[str, date] = {}

    def flush() -> None:
        for code, day in pending:
            if first <= day <= last and place:
                counts[code][(day, place["office"], place["process"], place["category"])] += 1

    for event in (
        Event.objects.filter(
            kind__in=(
                "matter.opened",
                "matter.step_taken",
                "matter.triaged",
                "matter.transferred",
                "matter.message_added",
                "matter.clock_lit",
                "matter.clock_moved",
                "rating.given",
            )
        )
        .order_by("stream", "seq")
        .iterator(chunk_size=2000)
    ):
        if event.stream != stream:
            flush()
            stream, place, pending, lit = event.stream, {}, [], {}
        pending += _counted(event)
        _move(event, pending, lit)
        if event.kind == "matter.opened":
            place = {k: event.payload[k] for k in ("office", "process", "category")}
        elif event.kind == "matter.triaged":
            place["category"] = event.payload["category"]
        elif event.kind == "matter.transferred":
            place["office"] = event.payload["office"]
    flush()
    return counts


def _move(event: Event, pending: list[tuple[str, date]], lit: dict[str, date]) -> None:
    """A limit that had run out and that a later holiday moves runs out on another day, or not at all."""
    if event.kind == "matter.clock_lit" and event.payload["light"] == "overdue":
        lit[event.payload["rule"]] = beijing_date(datetime.fromisoformat(event.payload["due"]))
    elif event.kind == "matter.clock_moved" and event.payload["rule"] in lit:
        pending.remove(("overdue", lit.pop(event.payload["rule"])))
        if event.payload["light"] == "overdue":
            lit[event.payload["rule"]] = beijing_date(datetime.fromisoformat(event.payload["due"]))
            pending.append(("overdue", lit[event.payload["rule"]]))
    elif event.kind == "matter.step_taken":
        for told in event.payload.get("clocks", []):
            if told["what"] in {"met", "cancelled"}:
                lit.pop(told["rule"], None)


def _counted(event: Event) -> list[tuple[str, date]]:
    day, payload = beijing_date(event.occurred_at), event.payload
    if event.kind == "matter.opened":
        return [("received", day)]
    if event.kind == "matter.message_added":
        return [("answers", day)] if payload["kind"] == "answer" else []
    if event.kind == "matter.clock_lit":
        return [("overdue", beijing_date(datetime.fromisoformat(payload["due"])))] if payload["light"] == "overdue" else []
    if event.kind == "rating.given":
        return [("rated", day), *([("satisfied", day)] if payload["level"] >= 3 else [])]
    found: list[tuple[str, date]] = []
    for told in payload.get("clocks", []):
        if told["what"] == "met":
            found.append(("limits_met", day))
            if told["on_time"] == "true":
                found.append(("on_time", day))
            elif told.get("late_unseen") == "true":
                found.append(("overdue", beijing_date(datetime.fromisoformat(told["due"]))))
    return found


def differences(days: int = 400) -> list[str]:
    """Every cell in which the two paths differ, in words; empty when they agree to the last unit."""
    last = clock.today()
    first = last - timedelta(days=days)
    shown, counted = compute(first, last), from_events(first, last)
    found = []
    for figure in FIGURES:
        for key in sorted(set(shown[figure.code]) | set(counted[figure.code]), key=str):
            a, b = shown[figure.code][key], counted[figure.code][key]
            if a != b:
                found.append(f"{figure.code} {key[0]} {key[1]} {key[2]} {key[3]}: shown {a}, recomputed {b}")
    return found
