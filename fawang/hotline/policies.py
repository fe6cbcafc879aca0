"""Who may do what at the hotline. Whoever is complained about or judged sees and judges nothing of his own."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from fawang.hotline.models import AgentState, Call, CallTicket, QualitySample, Recording, SeatPool
from fawang.kernel.policy import Decision, allow, deny, hidden, policy
from fawang.people.actors import Actor, Grant
from fawang.registry.tree import descendant_ids

LOOKS_ON = ("hotline_supervisor", "supervisor", "office_head")
FIGURES = (*LOOKS_ON, "statistician", "hotline_planner", "quality_checker")


def _covers(grant: Grant, office_id: Any) -> bool:
    return grant.office_id is None or office_id in descendant_ids(grant.office_id)


def _over(actor: Actor, office_id: Any, *roles: str) -> bool:
    return any(_covers(g, office_id) for role in roles for g in actor.scopes(role))


def offices_of(actor: Actor, *roles: str) -> set[Any] | None:
    """Offices an actor's roles reach; ``None`` = all."""
    found: set[Any] = set()
    for role in roles:
        for grant in actor.scopes(role):
            if grant.office_id is None:
                return None
            found |= descendant_ids(grant.office_id)
    return found


@policy("hotline.seat", "热线坐席", "Hotline seats")
def seat(actor: Actor, target: Any) -> Decision:
    """Signing on to a seat and working a call."""
    return allow() if actor.has("seat") else deny("只有热线坐席可以接听。", "Hotline seats only.")


@policy("hotline.board", "坐席、班长、负责人、统计员", "Seats, supervisors, heads, statisticians")
def board(actor: Actor, target: Any) -> Decision:
    """Looking at the wallboard."""
    return allow() if actor.has("seat") or any(actor.has(r) for r in FIGURES) else deny("没有查看热线看板的岗位。", "The wallboard is for hotline staff.")


@policy("hotline.figures", "班长、负责人、统计员、质检员", "Supervisors, heads, statisticians, quality checkers")
def figures(actor: Actor, target: Any) -> Decision:
    """Statistics by seat and firm."""
    return allow() if any(actor.has(r) for r in FIGURES) else deny("没有查看统计的岗位。", "Statistics are for supervisors and statisticians.")


@policy("hotline.supervise", "管辖范围内的热线值班长", "Hotline supervisors within scope")
def supervise(actor: Actor, target: SeatPool | None) -> Decision:
    """Listening, whispering, breaking in, taking over, forcing states, announcements."""
    if actor.kind == "system":
        return allow()
    if not actor.has("hotline_supervisor"):
        return deny("由热线值班长办理。", "Hotline supervisors only.")
    if target is not None and not _over(actor, target.office_id, "hotline_supervisor"):
        return deny("不在您的管辖范围内。", "Outside your scope.")
    return allow()


@policy("hotline.plan", "热线配置排班员", "Hotline planners")
def plan(actor: Actor, target: Any) -> Decision:
    """Editing configuration, prompts, rosters."""
    return allow() if actor.kind == "system" or actor.has("hotline_planner") else deny("由热线配置排班员办理。", "Hotline planners only.")


@policy("hotline.let_live", "热线值班长或负责人（不是起草人）", "Hotline supervisors or heads, never the author")
def let_live(actor: Actor, target: Any) -> Decision:
    """Letting a configuration go live."""
    fitting = actor.kind == "system" or actor.has("hotline_supervisor") or actor.has("office_head")
    return allow() if fitting else deny("由热线值班长或负责人启用。", "Supervisors or heads only.")


@policy(
    "hotline.call", "接听人、正在被请入通话的同事、管辖范围内的值班长", "Whoever took the call, a colleague while he is asked into it, supervisors within scope"
)
def see_call(actor: Actor, call: Call) -> Decision:
    """Seeing a call with its caller's number. A consulted colleague sees it as long as his seat is in it."""
    if actor.kind == "system" or (actor.staff_id is not None and (actor.staff_id == call.agent_id or _sits_in(actor, call))):
        return _unless_about(actor, call)
    ticket = getattr(call, "ticket", None)
    if ticket is not None:
        return see_ticket(actor, ticket)
    # a call nobody has taken belongs to no office yet: hotline supervisors work the list of missed calls
    return allow() if any(actor.has(r) for r in ("hotline_supervisor", "quality_checker")) else hidden()


def _sits_in(actor: Actor, call: Call) -> bool:
    return AgentState.objects.filter(pk=actor.staff_id, call=call).exclude(state="wrap_up").exists()


def _unless_about(actor: Actor, call: Call) -> Decision:
    ticket = getattr(call, "ticket", None)
    return hidden() if ticket is not None and ticket.about_staff_id and ticket.about_staff_id == actor.staff_id else allow()


@policy("hotline.ticket", "填写人、管辖范围内的值班长和质检员；被投诉人除外", "Author, supervisors and checkers within scope; never whom it is about")
def see_ticket(actor: Actor, ticket: CallTicket) -> Decision:
    """Seeing a ticket. A complaint about a seat does not exist for that seat."""
    if actor.kind == "system":
        return allow()
    if ticket.about_staff_id is not None and ticket.about_staff_id == actor.staff_id:
        return hidden()
    if actor.staff_id is not None and actor.staff_id == ticket.author_id:
        return allow()
    return allow() if _over(actor, ticket.office_id, *LOOKS_ON, "quality_checker") else hidden()


@policy("hotline.write_ticket", "填写人", "Its author")
def write_ticket(actor: Actor, ticket: CallTicket) -> Decision:
    """Filling in and closing a ticket; a supervisor may finish what was left behind."""
    seen = see_ticket(actor, ticket)
    if not seen:
        return seen
    if actor.staff_id == ticket.author_id or actor.kind == "system" or _over(actor, ticket.office_id, "hotline_supervisor"):
        return allow()
    return deny("工单由接听人填写。", "The ticket is its author's.")


@policy("hotline.review", "管辖范围内的值班长（不是填写人）", "Supervisors within scope, never the author")
def review(actor: Actor, ticket: CallTicket) -> Decision:
    """Looking into a reasoned hang-up."""
    if not see_ticket(actor, ticket):
        return hidden()
    if ticket.author_id == actor.staff_id:
        return deny("挂断须由他人复核。", "Somebody else reviews.")
    return allow() if _over(actor, ticket.office_id, "hotline_supervisor") else deny("由值班长复核。", "Supervisors only.")


@policy("hotline.listen", "质检员、值班长、被质检人本人（注明目的并留痕）", "Checkers, supervisors, and the seat itself when checked; purpose logged")
def listen(actor: Actor, recording: Recording) -> Decision:
    """Playing a recording."""
    call = recording.call
    ticket = getattr(call, "ticket", None)
    if ticket is not None and ticket.about_staff_id is not None and ticket.about_staff_id == actor.staff_id:
        return hidden()
    if recording.kind == "voicemail" and actor.has("seat"):
        return allow()
    if ticket is None:
        return allow() if actor.has("hotline_supervisor") else hidden()
    if _over(actor, ticket.office_id, "hotline_supervisor", "quality_checker", "complaint_handler"):
        return allow()
    if ticket.author_id == actor.staff_id:
        return allow() if hasattr(ticket, "quality_sample") else deny("本人录音在被质检时可以调听。", "Your own recording can be played when it is checked.")
    return hidden()


@policy("hotline.export", "值班长、投诉办理员（加水印并留痕）", "Supervisors and complaint handlers; watermarked and logged")
def export(actor: Actor, recording: Recording) -> Decision:
    """Taking a copy of a recording."""
    if not listen(actor, recording):
        return hidden()
    if actor.has("hotline_supervisor") or actor.has("complaint_handler"):
        return allow()
    return deny("由值班长导出。", "Supervisors only.")


@policy("hotline.hold_recording", "负责人、审计管理员", "Heads and audit administrators")
def hold_recording(actor: Actor, target: Any) -> Decision:
    """Legal hold on a recording."""
    return allow() if actor.has("office_head") or actor.has("audit_admin") else deny("由负责人决定。", "Heads only.")


@policy("hotline.check", "管辖范围内的质检员（不是被质检人）", "Quality checkers within scope, never the person checked")
def check(actor: Actor, ticket: CallTicket) -> Decision:
    """Scoring a call."""
    if ticket.about_staff_id is not None and ticket.about_staff_id == actor.staff_id:
        return hidden()
    if ticket.author_id == actor.staff_id:
        return deny("不能给自己质检。", "Nobody checks himself.")
    return allow() if _over(actor, ticket.office_id, "quality_checker") else hidden()


TOLD = ("notified", "appealed", "closed")
"""States of a sample in which the person checked knows of it."""


@policy("hotline.sample", "质检员、值班长；被质检人在告知以后", "Checkers and supervisors; the person checked once told")
def see_sample(actor: Actor, sample: QualitySample) -> Decision:
    """Seeing a sample with its sheets."""
    ticket = sample.ticket
    if ticket.about_staff_id is not None and ticket.about_staff_id == actor.staff_id:
        return hidden()
    if _over(actor, ticket.office_id, "quality_checker", "hotline_supervisor"):
        return allow()
    return allow() if actor.staff_id is not None and ticket.author_id == actor.staff_id and sample.state in TOLD else hidden()


@policy("hotline.appeal", "被质检人本人", "The person checked")
def appeal(actor: Actor, ticket: CallTicket) -> Decision:
    """Disagreeing with a sheet."""
    return allow() if actor.staff_id is not None and ticket.author_id == actor.staff_id else hidden()


@policy("hotline.settle", "热线配置排班员、负责人", "Planners and heads")
def settle(actor: Actor, target: Any) -> Decision:
    """Making a month's settlement."""
    fitting = actor.kind == "system" or actor.has("hotline_planner") or actor.has("office_head")
    return allow() if fitting else deny("由排班员或负责人结算。", "Planners or heads only.")


def tickets_visible_to(actor: Actor) -> QuerySet[CallTicket]:
    """Tickets an actor may meet in lists at all."""
    rows = CallTicket.objects.all()
    if actor.kind == "system":
        return rows
    within = offices_of(actor, *LOOKS_ON, "quality_checker")
    own = Q(author_id=actor.staff_id)
    seen = rows if within is None else rows.filter(own | Q(office_id__in=within))
    return seen.exclude(about_staff_id=actor.staff_id) if actor.staff_id else rows.none()
