"""Who may open which pages of the desk. What they hold is decided again, object by object, in the rooms below."""

from __future__ import annotations

from typing import Any

from fawang.kernel.policy import Decision, allow, deny, policy
from fawang.people.actors import Actor


def _with(actor: Actor, *roles: str) -> Decision:
    return allow() if actor.roles & set(roles) else deny("您的岗位不使用这一页。", "Your post does not use this page.")


@policy("desk.board", "派单员、机构负责人", "Dispatchers and heads")
def board(actor: Actor, target: Any) -> Decision:
    """The dispatch board."""
    return _with(actor, "dispatcher", "office_head")


@policy("desk.supervision", "督办员、机构负责人、回访员", "Supervisors, heads, return visitors")
def supervision(actor: Actor, target: Any) -> Decision:
    """The supervisor's board."""
    return _with(actor, "supervisor", "office_head", "return_visitor")


@policy("desk.registry", "工作人员", "Staff")
def registry(actor: Actor, target: Any) -> Decision:
    """Looking at offices, sites and people; changing them is the registry's own policy."""
    return allow() if actor.kind == "staff" else deny("请先登录。", "Please sign in.")


@policy("desk.staff", "系统管理员、安全管理员、审计管理员", "System, security and audit administrators")
def staff_page(actor: Actor, target: Any) -> Decision:
    """The accounts page."""
    return _with(actor, "system_admin", "security_admin", "audit_admin")
