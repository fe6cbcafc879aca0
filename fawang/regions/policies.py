"""Who may edit the calendar."""

from __future__ import annotations

from typing import Any

from fawang.kernel.policy import Decision, allow, deny, policy


@policy("regions.edit_calendar", "规则管理员", "Rule editors")
def edit_calendar(actor: Any, target: Any) -> Decision:
    """Editing holidays and make-up days."""
    if actor.kind == "system" or actor.has("rule_editor"):
        return allow()
    return deny("只有规则管理员可以修改工作日历。", "Only rule editors may edit the calendar.")
