"""Telling open pages that a matter moved: its own page, its handler, and everybody whose office stands above or at it."""

from __future__ import annotations

from fawang.kernel.work import tell_live
from fawang.matters.models import Matter
from fawang.registry.tree import ancestor_ids


def tell_pages(matter: Matter, kind: str, *, handler: str = "") -> None:
    """Once this transaction commits. ``handler``: the account told beside the present one."""
    accounts = {str(matter.assignee_id or ""), handler} - {""}
    topics = [f"matter:{matter.pk}", *(f"office:{o}" for o in ancestor_ids(matter.office_id)), *(f"staff:{a}" for a in sorted(accounts))]
    tell_live(topics, kind, str(matter.pk))
