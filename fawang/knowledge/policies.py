"""Who may read the library and who may change it. The law is everybody's; the bank is kept by the rule editors."""

from __future__ import annotations

from typing import Any

from fawang.kernel.policy import Decision, allow, deny, policy
from fawang.people.actors import Actor
from fawang.regions.codes import scope_contains

_EDITORS = frozenset({"rule_editor"})
_PROPOSERS = frozenset({"adviser", "rule_editor", "office_head", "supervisor"})


@policy("knowledge.read", "任何人", "Anybody")
def read(actor: Actor, target: Any) -> Decision:
    """Laws, guides and search are public."""
    return allow()


@policy("knowledge.manage", "规则管理员", "Rule editors")
def manage(actor: Actor, target: Any) -> Decision:
    """Importing laws, reviewing and retiring bank questions, closing review flags of any owner."""
    if actor.kind == "system" or actor.roles & _EDITORS:
        return allow()
    return deny("只有规则管理员可以维护法律库和题库。", "Only rule editors keep the library and the bank.")


@policy("knowledge.retire", "内容的责任人、规则管理员", "Whoever is named as its owner, and rule editors")
def retire(actor: Actor, target: Any) -> Decision:
    """Taking something of the library out of use. ``target`` is the account named as its owner; what belongs to nobody is the rule editors'."""
    if manage(actor, None):
        return allow()
    if actor.staff_id is not None and target and str(actor.staff_id) == target:
        return allow()
    return deny("只有责任人或规则管理员可以停用、撤下这项内容。", "Only its owner or a rule editor may retire this.")


@policy("knowledge.propose", "律师、规则管理员、机构负责人、督办员", "Advisers, rule editors, heads, supervisors")
def propose(actor: Actor, target: Any) -> Decision:
    """Proposing a pair of question and articles for the bank."""
    if actor.kind == "system" or actor.roles & _PROPOSERS:
        return allow()
    return deny("您的岗位不能向题库推荐问题。", "Your post may not propose questions for the bank.")


@policy("knowledge.figures", "辖区内的规则管理员", "Rule editors of that region")
def figures(actor: Actor, target: Any) -> Decision:
    """Entering figures that only a place can know. ``target`` is the division's code, or ``None``: any place at all."""
    if actor.kind == "system":
        return allow()
    held = [g for role in _EDITORS for g in actor.scopes(role)]
    if any(target is None or scope_contains(g.region_code or "000000", target) for g in held):
        return allow()
    return deny("只有辖区内的规则管理员可以录入这里的数字。", "Only a rule editor of that region enters its figures.")


@policy("knowledge.review_own", "引用内容的责任人、规则管理员", "The owner of what cites, and rule editors")
def review_own(actor: Actor, target: Any) -> Decision:
    """Closing a review flag. ``target`` is a ``ReviewFlag``."""
    if manage(actor, None):
        return allow()
    if actor.staff_id is not None and target is not None and str(actor.staff_id) == target.owner:
        return allow()
    return deny("只有责任人或规则管理员可以办结这项复核。", "Only its owner or a rule editor may close this review.")
