"""Who may change the register. Looking is open to all, and what is personal is not in it."""

from __future__ import annotations

from typing import Any

from fawang.kernel.policy import Decision, allow, deny, policy
from fawang.people.actors import Actor
from fawang.regions.selectors import scope_contains
from fawang.registry.tree import descendant_ids


@policy("registry.read", "任何人", "Anybody")
def read(actor: Actor, target: Any) -> Decision:
    """Offices, sites and licensed people are public (意见三(一), 服务公开)."""
    return allow()


@policy("registry.manage", "机构信息管理员（管辖范围内）", "Registrars, within their scope")
def manage(actor: Actor, target: Any) -> Decision:
    """Adding and changing. ``target`` is an organisation, a region code, or nothing (the page itself)."""
    if actor.kind == "system":
        return allow()
    for grant in actor.scopes("registrar"):
        if target is None:
            return allow()
        region = target if isinstance(target, str) else target.region_code
        if grant.office_id is None and scope_contains(grant.region_code, region):
            return allow()
        if grant.office_id is not None and not isinstance(target, str) and target.pk in descendant_ids(grant.office_id):
            return allow()
        if grant.office_id is not None and isinstance(target, str) and scope_contains(grant.region_code, region):
            return allow()
    return deny("只有管辖范围内的机构信息管理员可以修改。", "Only registrars within their scope may change this.")
