"""Reading people."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from fawang.kernel import clock
from fawang.people.actors import live_grants
from fawang.people.models import Leave, Notice, Staff
from fawang.people.phones import mask_phone


def staff_with_role(role: str, *, office_id: uuid.UUID | None = None) -> QuerySet[Staff]:
    """Active staff holding a role now, of one office if named."""
    now = clock.now()
    found = Staff.objects.filter(
        Q(grants__valid_to=None) | Q(grants__valid_to__gt=now),
        state="active", grants__role=role, grants__revoked_at=None, grants__valid_from__lte=now,
    ).distinct()  # fmt: skip
    return found.filter(office_id=office_id) if office_id else found


def possible_substitutes(staff: Staff) -> list[Staff]:
    """代班: in service, of the same office, with a post in common, so that rights are never widened by standing in. By name; one query a post."""
    if staff.office_id is None:
        return []
    found = {mate.pk: mate for grant in live_grants(staff) for mate in staff_with_role(grant.role, office_id=staff.office_id) if mate.pk != staff.pk}
    return sorted(found.values(), key=lambda mate: mate.pinyin_key)


def on_leave_ids(at: datetime) -> list[uuid.UUID]:
    """Staff on leave at a moment."""
    return list(Leave.objects.filter(starts_at__lte=at, ends_at__gt=at).values_list("staff_id", flat=True))


def staff_names(accounts: Iterable[str]) -> dict[str, str]:
    """Names by account; what is no account's id is left out. One query."""
    wanted = []
    for text in set(accounts):
        with suppress(ValueError):
            wanted.append(uuid.UUID(text))
    return {str(pk): name for pk, name in Staff.objects.filter(pk__in=wanted).values_list("pk", "name")}


def outbox(limit: int = 100) -> list[Notice]:
    """The newest messages to people."""
    return list(Notice.objects.order_by("-created_at")[:limit])


_SECRETS = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}|(?<![0-9])[0-9]{6}(?![0-9])")


def masked_outbox(limit: int = 100) -> list[dict[str, Any]]:
    """The same for those who keep the system running: whether messages went out, without the number's middle, lookup codes or one-time codes."""
    return [
        {"to": mask_phone(n.to), "body": _SECRETS.sub("······", n.body), "at": n.created_at, "state": n.state, "attempts": n.attempts, "template": n.template}
        for n in outbox(limit)
    ]


def demo_accounts() -> list[Staff]:
    """Accounts of the demonstration, in the order they were made."""
    return list(Staff.objects.filter(state="active", name__endswith="（演示）").order_by("created_at").prefetch_related("grants"))
