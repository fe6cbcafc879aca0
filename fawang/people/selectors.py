"""Reading people."""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from fawang.kernel import clock, crypto
from fawang.kernel.folding import fold_name
from fawang.people.identity import IdentityKind, parse_identity
from fawang.people.models import Leave, Notice, Person, Staff
from fawang.people.phones import mask_phone, parse_phone


def staff_with_role(role: str, *, office_id: uuid.UUID | None = None) -> QuerySet[Staff]:
    """Active staff holding a role now, of one office if named."""
    now = clock.now()
    found = Staff.objects.filter(
        Q(grants__valid_to=None) | Q(grants__valid_to__gt=now),
        state="active", grants__role=role, grants__revoked_at=None, grants__valid_from__lte=now,
    ).distinct()  # fmt: skip
    return found.filter(office_id=office_id) if office_id else found


def on_leave_ids(at: datetime) -> list[uuid.UUID]:
    """Staff on leave at a moment."""
    return list(Leave.objects.filter(starts_at__lte=at, ends_at__gt=at).values_list("staff_id", flat=True))


def substitute_of(staff: Staff, at: datetime) -> Staff | None:
    """Who stands in for somebody on leave."""
    leave = Leave.objects.filter(staff=staff, starts_at__lte=at, ends_at__gt=at).select_related("substitute").first()
    return leave.substitute if leave else None


def person_by_identity(kind: str, number: str) -> Person | None:
    """A person by document; 15- and 18-digit numbers of one person find the same."""
    parsed = parse_identity(IdentityKind(kind), number)
    return Person.objects.filter(identity_index=crypto.blind("identity", parsed.canonical)).first()


def people_by_phone(phone: str) -> QuerySet[Person]:
    """People who gave this number."""
    return Person.objects.filter(phone_index=crypto.blind("phone", parse_phone(phone).canonical))


def people_by_name(name: str) -> QuerySet[Person]:
    """People of that name (folded)."""
    return Person.objects.filter(name_index=crypto.blind("name", fold_name(name)))


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
