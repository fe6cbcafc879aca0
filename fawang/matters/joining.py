"""并案: whom a lead answers for, and when a matter is handled on its own again.

Callers hold the lock of the matter they are about and do their work in the same transaction.
"""

from __future__ import annotations

from fawang.kernel import events
from fawang.kernel.errors import Refusal
from fawang.matters.declaration import Process, StateKind
from fawang.matters.models import Matter
from fawang.matters.news import tell_pages
from fawang.matters.processes import process_version
from fawang.people.notices import tell_staff

WORDS = "有并案的事项恢复单独办理，请到工作台查看。"


def reach(process: Process) -> frozenset[str]:
    """The states in which a lead's answer finds a member: those a step that spreads may be taken in."""
    return frozenset(state for step in process.steps if step.spreads for state in step.from_)


def check_pair(lead: Matter, member: Matter) -> None:
    """Whether ``member`` may be answered through ``lead``: the same service, both open, the lead still to answer, and one level only.

    Raises ``Refusal`` ``matter.merge``, ``matter.self_link``, ``matter.led_lead``, ``matter.leads``, ``matter.joined`` or
    ``matter.cannot_lead`` (all 409).
    """
    if member.pk == lead.pk:
        raise Refusal("matter.self_link", status=409)
    if member.process_code != lead.process_code or not member.is_open or not lead.is_open:
        raise Refusal("matter.merge", status=409)
    if lead.lead is not None:
        raise Refusal("matter.led_lead", status=409, number=lead.number, lead=lead.lead.number)
    if member.lead is not None and member.lead_id != lead.pk:
        raise Refusal("matter.joined", status=409, number=member.number, lead=member.lead.number)
    if member.members.filter(is_open=True).exists():
        raise Refusal("matter.leads", status=409, number=member.number)
    process = process_version(lead.process_code, lead.process_version)
    answers = reach(process)
    if answers and lead.state not in answers:
        raise Refusal("matter.cannot_lead", status=409, number=lead.number, state=process.state(lead.state).name)


def release(matter: Matter, *, reason: str) -> None:
    """Handled on its own again: by its handler, or by whoever the pool gives it to. Its limits go on as they are.

    The handler is told where there is something to do now. ``reason``: ``lead_closed``, ``active`` or ``by_hand``.
    """
    lead = matter.lead_id
    matter.lead = None
    matter.version += 1
    matter.save(update_fields=["lead", "version"])
    events.record(kind="matter.released", stream=matter.pk, payload={"lead": str(lead), "reason": reason})
    state = process_version(matter.process_code, matter.process_version).state(matter.state)
    if matter.assignee_id is not None and state.kind is StateKind.OPEN:
        tell_staff(matter.assignee_id, "released", WORDS)
    tell_pages(matter, "released")


def settle(matter: Matter, *, before: str) -> None:
    """After a step of its own: a member that came back to work is answered on its own; a lead that closed leaves its members to theirs.

    A lead may close unanswered (withdrawn, refused, redirected, merged), and a member may ask back after the common answer.
    """
    process = process_version(matter.process_code, matter.process_version)
    if matter.is_open and matter.lead is not None:
        answers = reach(process)
        if not matter.lead.is_open or (before not in answers and matter.state in answers):
            release(matter, reason="active")
    if not matter.is_open:
        for member in Matter.objects.select_for_update(of=("self",)).filter(lead=matter, is_open=True).order_by("pk"):
            release(member, reason="lead_closed")
