"""公告: surge, disaster and change announcements, effective at the next call and for those already waiting."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from fawang.hotline import speech
from fawang.hotline.models import Announcement, Prompt
from fawang.kernel import clock, crypto, events
from fawang.kernel.errors import Refusal
from fawang.kernel.policy import require
from fawang.kernel.work import tell_live
from fawang.people.actors import Actor
from fawang.regions.selectors import scope_contains

KINDS, HOW = ("surge", "disaster", "change", "other"), ("before", "waiting", "instead")


def announce(
    *,
    actor: Actor,
    kind: str,
    how: str,
    text: str,
    queues: tuple[str, ...] = (),
    region_code: str = "000000",
    prompt: Prompt | None = None,
    ends_at: datetime | None = None,
) -> Announcement:
    """Make an announcement; it is heard from the next call on. Without a recording the wording is synthesised where a voice is installed.

    Raises ``Forbidden``, ``Refusal('field.choice')``. Own transaction.
    """
    require("hotline.supervise", actor, None)
    if kind not in KINDS or how not in HOW:
        raise Refusal("form.invalid", fields={"kind": Refusal("field.choice", field="kind")})
    spoken = prompt or speech.prompt_of_text(code=f"announcement_{crypto.text_digest(text)[:12]}", text=text, actor=actor)
    with transaction.atomic():
        row = Announcement.objects.create(
            kind=kind, how=how, text=text, prompt=spoken, queues=list(queues), region_code=region_code, starts_at=clock.now(), ends_at=ends_at,
            created_by=actor.staff(),
        )  # fmt: skip
        _tell(row)
    return row


def withdraw(*, actor: Actor, announcement: Announcement) -> None:
    """End an announcement at once."""
    require("hotline.supervise", actor, None)
    with transaction.atomic():
        Announcement.objects.filter(pk=announcement.pk, withdrawn_at=None).update(withdrawn_at=clock.now())
        announcement.refresh_from_db()
        _tell(announcement)


def _tell(row: Announcement) -> None:
    events.record(
        kind="hotline.announced",
        stream=row.pk,
        payload={
            "announcement": str(row.pk), "how": row.how, "kind": row.kind, "digest": crypto.text_digest(row.text), "withdrawn": row.withdrawn_at is not None,
        },
    )  # fmt: skip
    tell_live(["hotline"], "announcement", str(row.pk))


def in_force(*, how: str = "", queue: str = "", region: str = "") -> list[Announcement]:
    """Announcements a call hears now, disasters first."""
    now = clock.now()
    rows = Announcement.objects.filter(Q(ends_at=None) | Q(ends_at__gt=now), withdrawn_at=None, starts_at__lte=now).select_related("prompt")
    if how:
        rows = rows.filter(how=how)
    fitting = [a for a in rows if (not a.queues or not queue or queue in a.queues) and scope_contains(a.region_code, region or a.region_code)]
    return sorted(fitting, key=lambda a: (a.kind != "disaster", a.starts_at))


def sound_codes(rows: list[Announcement]) -> list[str]:
    """Prompt codes that speak them; one without sound of its own is spoken in the general words of its kind."""
    return [a.prompt.code if a.prompt is not None and a.prompt.file else f"announcement_{a.kind}" for a in rows]
