"""Who may rate, visit, rectify, supervise. Whoever is judged judges nothing of his own."""

from __future__ import annotations

from typing import Any

from fawang.kernel.policy import Decision, allow, deny, hidden, policy
from fawang.matters.models import Assignment, Matter, MatterLink
from fawang.matters.policies import dispatch, has_role_over, sight
from fawang.matters.relations import relations_of
from fawang.people.actors import Actor


def judged(actor: Actor, matter: Matter) -> bool:
    """Whether the actor ever handled the matter this one is about."""
    parents = MatterLink.objects.filter(child=matter).values("parent")
    return actor.staff_id is not None and Assignment.objects.filter(matter__in=parents, staff_id=actor.staff_id).exists()


@policy("oversight.rate", "提出事项的本人", "The person who was served")
def rate(actor: Actor, matter: Matter) -> Decision:
    """Rating a service."""
    if relations_of(actor, matter) & {"applicant", "complainant", "holder", "representative"} and actor.kind != "staff":
        return allow()
    return hidden() if not sight(actor, matter) else deny("只有本人可以评价。", "Only the person served may rate.")


@policy("oversight.visit", "回访员（不是被评价人）", "Return visitors, never the person judged")
def visit(actor: Actor, matter: Matter) -> Decision:
    """Calling back."""
    if not sight(actor, matter):
        return hidden()
    if judged(actor, matter):
        return deny("被评价人不能自己回访。", "The person judged does not call back.")
    return allow() if has_role_over(actor, matter, "return_visitor", "supervisor") else deny("由回访员办理。", "Return visitors only.")


@policy("oversight.rectify", "本机构负责人或督办员（不是被评价人）", "Head or supervisor, never the person judged")
def rectify(actor: Actor, matter: Matter) -> Decision:
    """Verifying and closing a bad rating."""
    if not sight(actor, matter):
        return hidden()
    if judged(actor, matter):
        return deny("被评价人不能核实对自己的评价。", "The person judged does not verify.")
    return allow() if has_role_over(actor, matter, "office_head", "supervisor") else deny("由负责人核实。", "The head verifies.")


@policy("oversight.answer_order", "承办人、派单员、负责人", "Handler, dispatcher, head")
def answer_order(actor: Actor, matter: Matter) -> Decision:
    """Signing for and answering a supervision order."""
    if not sight(actor, matter):
        return hidden()
    return allow() if "assignee" in relations_of(actor, matter) else dispatch(actor, matter)


@policy("oversight.supervise", "督办员（不是承办人）", "Supervisors, never the handler")
def supervise(actor: Actor, matter: Matter) -> Decision:
    """Issuing, accepting and escalating supervision orders."""
    if not sight(actor, matter):
        return hidden()
    if judged(actor, matter):
        return deny("承办人不能督办自己。", "The handler does not supervise himself.")
    return allow() if has_role_over(actor, matter, "supervisor") else deny("由督办员办理。", "Supervisors only.")


@policy("oversight.figures", "有统计、督办、负责人岗位的人", "Statisticians, supervisors, heads")
def figures(actor: Actor, target: Any) -> Decision:
    """Seeing statistics."""
    fitting = {"statistician", "supervisor", "office_head", "audit_admin", "dispatcher"}
    return allow() if actor.roles & fitting else deny("没有查看统计的岗位。", "Statistics are for supervisors and statisticians.")
