"""The second way to every count of a call: from the working rows, by the definitions again. Differences are named cell by cell."""

from __future__ import annotations

from datetime import date, timedelta

from fawang.hotline import figures
from fawang.hotline.models import Call, CallTicket, TransferRecord
from fawang.kernel import clock
from fawang.kernel.clock import BEIJING

CHECKED = (
    "inbound", "offered", "answered", "answered_in_time", "abandoned", "short_abandoned", "served_otherwise", "lost", "transferred", "rated", "satisfied",
    "wait_s", "tickets",
)  # fmt: skip


def from_rows(first: date, last: date) -> dict[str, dict[str, float]]:
    """Counts by day from ``Call`` and its neighbours."""
    a, b = figures.span(first, last)
    counted: dict[str, dict[str, float]] = {}
    # a refused transfer target is no transfer; a conference that goes on as a consultation is none either
    passed_on = set(TransferRecord.objects.exclude(mode="attended").values_list("call_id", flat=True))
    passed_on |= set(TransferRecord.objects.filter(mode="attended", call__events__kind="transferred").values_list("call_id", flat=True))
    taken_over = set(Call.objects.filter(events__kind="partner", arrived_at__gte=a, arrived_at__lt=b).values_list("pk", flat=True))
    tickets = set(CallTicket.objects.filter(call__arrived_at__gte=a, call__arrived_at__lt=b).values_list("call_id", flat=True))
    for call in Call.objects.filter(arrived_at__gte=a, arrived_at__lt=b, direction="in"):
        row = counted.setdefault(call.arrived_at.astimezone(BEIJING).date().isoformat(), dict.fromkeys(CHECKED, 0.0))
        row["inbound"] += 1
        row["offered"] += call.queued_at is not None
        row["lost"] += call.end_cause in ("engine_lost", "error")
        row["tickets"] += call.pk in tickets
        if call.connected_at is not None:
            waited = (call.connected_at - call.queued_at).total_seconds() if call.queued_at else 0.0
            row["answered"] += 1
            row["wait_s"] += waited
            row["answered_in_time"] += waited <= figures.norms()["CALL-ANS"]["seconds"]
            row["transferred"] += call.pk in passed_on or call.pk in taken_over
            row["rated"] += call.survey_level is not None
            row["satisfied"] += (call.survey_level or 0) >= 3
        elif call.queued_at is not None and call.ended_at is not None:
            gave_up = call.end_cause.startswith("abandoned") or call.end_cause in ("no_agent", "caller_vanished")
            row["abandoned"] += gave_up
            row["short_abandoned"] += gave_up and (call.ended_at - call.queued_at).total_seconds() < figures.norms()["SHORT-ABANDON"]["seconds"]
            row["served_otherwise"] += call.end_cause in ("voicemail", "callback")
    return counted


def differences(days: int = 60) -> list[str]:
    """Every cell in which the two ways differ; empty when they agree."""
    last = clock.today()
    first = last - timedelta(days=days)
    shown, again = figures.compute(first, last, by="day"), from_rows(first, last)
    found = []
    for day in sorted({d for d, row in shown.items() if row["inbound"]} | set(again)):
        for code in CHECKED:
            a, b = shown.get(day, {}).get(code, 0.0), again.get(day, {}).get(code, 0.0)
            if abs(a - b) > 0.001:
                found.append(f"hotline {code} {day}: shown {a:g}, recomputed {b:g}")
    return found
