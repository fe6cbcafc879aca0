"""Who may manage accounts and grants. 三员分立: making accounts, granting roles and auditing are three people."""

from __future__ import annotations

from typing import Any

from fawang.kernel.policy import Decision, allow, deny, hidden, policy
from fawang.people.actors import Actor, Grant
from fawang.people.models import Staff
from fawang.people.roles import ADMINISTRATORS
from fawang.people.scopes import is_whole, reaches


@policy("people.see_staff", "管辖范围内的系统管理员、安全管理员、审计管理员", "System, security and audit administrators within scope")
def see_staff(actor: Actor, target: Staff) -> Decision:
    """Looking at an account; those of other offices do not exist for him."""
    return allow() if actor.kind == "system" or any(reaches(actor, role, target.office_id) for role in ADMINISTRATORS) else hidden()


@policy("people.create_staff", "管辖范围内的系统管理员", "System administrators, within their scope")
def create_staff(actor: Actor, target: Any) -> Decision:
    """Making and disabling accounts. ``target`` is an account, the place one is to be made at, or nothing (the page itself)."""
    if actor.kind == "system":
        return allow()
    if not actor.has("system_admin"):
        return deny("只有系统管理员可以管理账号。", "Only system administrators manage accounts.")
    if target is not None and not reaches(actor, "system_admin", target.office_id):
        return _outside(actor, target)
    return allow()


@policy("people.grant", "管辖范围内的安全管理员（不能给自己授权）", "Security administrators within their scope, never to themselves")
def grant(actor: Actor, target: Any) -> Decision:
    """Granting and revoking roles. ``target`` is an account, or nothing (the page itself)."""
    if actor.kind == "system":
        return allow()
    if not actor.has("security_admin"):
        return deny("只有安全管理员可以授权。", "Only security administrators grant roles.")
    if target is not None and target.pk == actor.staff_id:
        return deny("不能给自己授权。", "Nobody grants himself anything.")
    if target is not None and not reaches(actor, "security_admin", target.office_id):
        return _outside(actor, target)
    return allow()


@policy("people.grant_scope", "管辖范围内的安全管理员", "Security administrators within their own scope")
def grant_scope(actor: Actor, target: Grant) -> Decision:
    """Granting a role over a scope: nobody gives out more than he oversees himself."""
    if actor.kind == "system" or any(is_whole(g) for g in actor.scopes("security_admin")):
        return allow()
    if target.office_id is not None and reaches(actor, "security_admin", target.office_id):
        return allow()
    return deny("授权范围不能超出您自己的管辖范围。", "A scope wider than your own cannot be granted.")


def _outside(actor: Actor, target: Any) -> Decision:
    if isinstance(target, Staff) and not see_staff(actor, target):
        return hidden()
    return deny("不在您的管辖范围内。", "Outside your scope.")


@policy("people.audit", "审计管理员", "Audit administrators")
def audit(actor: Actor, target: Any) -> Decision:
    """Reading the audit trail."""
    return allow() if actor.has("audit_admin") else deny("只有审计管理员可以查看。", "Only audit administrators may look.")


@policy("people.outbox", "系统管理员；演示环境中的任何人", "System administrators; anybody in a demonstration")
def see_outbox(actor: Actor, target: Any) -> Decision:
    """Seeing messages queued for people."""
    from django.conf import settings

    return allow() if settings.DEMO or actor.has("system_admin") else deny("只有系统管理员可以查看。", "System administrators only.")


@policy("people.self", "本人", "Oneself")
def oneself(actor: Actor, target: Any) -> Decision:
    """Own password, availability and leave."""
    return allow() if actor.kind == "staff" else deny("请先登录。", "Please sign in.")


@policy("public", "任何人，不用登录", "Anybody, without signing in")
def public(actor: Actor, target: Any) -> Decision:
    """Pages for everybody."""
    return allow()


@policy("staff", "工作人员", "Signed-in staff")
def staff(actor: Actor, target: Any) -> Decision:
    """Pages for staff."""
    return allow() if actor.kind == "staff" else deny("请先登录。", "Please sign in first.")


@policy("citizen", "已验证手机号的本人", "A citizen with a proven phone")
def citizen(actor: Actor, target: Any) -> Decision:
    """Own pages of a citizen."""
    return allow() if actor.person_id else deny("请先用手机号验证。", "Please prove your phone first.")
