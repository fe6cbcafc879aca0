"""Ending and writing assignments; choosing whom to assign is in ``allocation``. Callers hold the matter's row lock."""

from __future__ import annotations

from typing import Any

from fawang.kernel import clock, events
from fawang.kernel.work import tell_live
from fawang.matters.models import Assignment, Matter
from fawang.matters.news import tell_pages
from fawang.people.models import Staff


def current_assignment(matter: Matter) -> Assignment | None:
    """The spell that runs now."""
    return matter.assignments.filter(ended_at=None).first()


def end_assignment(matter: Matter, *, reason: str, keep_assignee: bool = False) -> None:
    """End the current spell (the caller saves the matter). ``keep_assignee`` keeps the name on a closed matter."""
    running = current_assignment(matter)
    if running is not None:
        running.ended_at, running.end_reason = clock.now(), reason[:40]
        running.save(update_fields=["ended_at", "end_reason"])
        if not keep_assignee:
            events.record(
                kind="matter.unassigned",
                stream=matter.pk,
                payload={"assignment": str(running.pk), "staff": str(running.staff_id), "reason": reason},
            )
            tell_live([f"staff:{running.staff_id}"], "unassigned", str(matter.pk))
    if not keep_assignee:
        matter.assignee = None


def write_assignment(matter: Matter, *, staff: Staff, method: str, by: Staff | None, reasons: list[dict[str, Any]], note: str = "") -> Assignment:
    """Give the matter to a member of staff: ends the spell before, writes the new one with its reasons (caller saves)."""
    before = matter.assignee_id
    end_assignment(matter, reason="reassigned")
    spell = Assignment.objects.create(
        matter=matter,
        staff=staff,
        office=matter.office,
        method=method,
        assigned_by=by,
        reasons=reasons,
        note=note,
        assigned_at=clock.now(),
        accepted_at=clock.now() if method == "claimed" else None,
    )
    matter.assignee = staff
    events.record(
        kind="matter.assigned",
        stream=matter.pk,
        office=str(matter.office_id),
        payload={
            "assignment": str(spell.pk),
            "staff": str(staff.pk),
            "office": str(matter.office_id),
            "method": method,
            "reasons": reasons,
            "before": str(before or ""),
        },
    )
    tell_pages(matter, "assigned", handler=str(staff.pk))
    return spell
