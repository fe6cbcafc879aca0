"""Telling the people who answer for something that the law under it has changed."""

from __future__ import annotations

import uuid

from django.db.models import Q

from fawang.kernel import clock
from fawang.people.models import Staff
from fawang.people.notices import tell_staff

WORDS = "您负责的内容引用的法条有变动，请到工作台“法律库—复核”里处理。"


def tell_owner(owner: str) -> None:
    """One message a day to the owner's phone, and news on his open pages. In the caller's transaction.

    What belongs to nobody (``""``, ``house``, ``shipped``, or an account that left) is told to the rule editors.
    """
    for staff_id in [owner] if _at_work(owner) else _editors():
        tell_staff(staff_id, "review", WORDS)


def _at_work(owner: str) -> bool:
    try:
        return Staff.objects.filter(pk=uuid.UUID(owner), state="active").exists()
    except ValueError:
        return False


def _editors() -> list[str]:
    now = clock.now()
    held = Q(grants__role="rule_editor", grants__revoked_at=None, grants__valid_from__lte=now) & (Q(grants__valid_to=None) | Q(grants__valid_to__gt=now))
    return [str(pk) for pk in Staff.objects.filter(held, state="active").values_list("pk", flat=True).distinct()]
