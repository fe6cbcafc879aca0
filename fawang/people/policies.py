"""Who may manage accounts and grants. 三员分立: making accounts, granting roles and auditing are three people."""

from __future__ import annotations

from typing import Any

from fawang.kernel.policy import Decision, allow, deny, policy
from fawang.people.actors import Actor


@policy("people.create_staff", "系统管理员", "System administrators")
def create_staff(actor: Actor, target: Any) -> Decision:
    """Making and disabling accounts."""
    return (
        allow() if actor.kind == "system" or actor.has("system_admin") else deny("只有系统管理员可以管理账号。", "Only system administrators manage accounts.")
    )


@policy("people.grant", "安全管理员（不能给自己授权）", "Security administrators, never to themselves")
def grant(actor: Actor, target: Any) -> Decision:
    """Granting and revoking roles."""
    if actor.kind == "system":
        return allow()
    if not actor.has("security_admin"):
        return deny("只有安全管理员可以授权。", "Only security administrators grant roles.")
    if target is not None and target.pk == actor.staff_id:
        return deny("不能给自己授权。", "Nobody grants himself anything.")
    return allow()


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
