"""Messages to people: queued with the change they tell, sent after commit, at least once to the sender, once to the person."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Protocol

from django.db import transaction

from fawang.kernel import clock
from fawang.kernel.texts import Text
from fawang.kernel.work import Task, tell_live, wake
from fawang.people.models import Notice, Person, Staff

NEUTRAL = Text("您有一条新消息，请到您方便的地方查看。", "You have a new message; look at it where you are safe.")
RETRIES = (5, 30, 120, 600, 3600, 6 * 3600)
MAX_ATTEMPTS = 60


class Sender(Protocol):
    """The port: sends one message, returns the provider's reference, raises when it could not.

    ``key`` is the notice's id: a provider that has seen it must not send again.
    """

    def __call__(self, *, key: str, to: str, body: str) -> str: ...


def development_sender(*, key: str, to: str, body: str) -> str:
    """Sends nothing: the outbox page shows what would have gone out."""
    return f"dev-{key[:8]}"


SENDERS: dict[str, Sender] = {"sms": development_sender}


def notice_enqueue(*, person: Person | None, matter_id: uuid.UUID | None, channel: str, to: str, template: str, body: str, dedup_key: str) -> Notice | None:
    """Queue one message in the caller's transaction; the same ``dedup_key`` queues once. Safe-contact people get neutral words."""
    text = NEUTRAL.in_language(person.language) if person is not None and person.safe_contact else body
    row = Notice(
        person=person, matter_id=matter_id, channel=channel, to=to, template=template, body=text,
        dedup_key=dedup_key, created_at=clock.now(), next_try_at=clock.now(),
    )  # fmt: skip
    made = Notice.objects.bulk_create([row], ignore_conflicts=True)
    wake()
    return made[0] if made else None


def tell_staff(staff_id: uuid.UUID | str, subject: str, words: str) -> bool:
    """One message a day about a subject to a member of staff's phone, and news on his open pages. In the caller's transaction.

    Returns whether a message was queued now: not when it was queued today already, nor to somebody without a phone.
    """
    key = f"{subject}.{staff_id}.{clock.today()}"
    if Notice.objects.filter(dedup_key=key).exists():
        return False
    phone = Staff.objects.get(pk=staff_id).phone
    queued = bool(phone) and notice_enqueue(person=None, matter_id=None, channel="sms", to=phone, template=subject, body=words, dedup_key=key) is not None
    tell_live([f"staff:{staff_id}"], subject)
    return queued


def send_due(batch: int = 50) -> int:
    """Send what is due. A row is claimed in its own transaction, so a sender's hang holds no lock on anything else."""
    now = clock.now()
    due = Notice.objects.filter(state__in=("created", "sending"), next_try_at__lte=now, channel__in=SENDERS)
    done = 0
    for pk in list(due.order_by("next_try_at").values_list("pk", flat=True)[:batch]):
        done += _send(pk)
    return done


def _send(pk: uuid.UUID) -> int:
    now = clock.now()
    with transaction.atomic():
        notice = Notice.objects.select_for_update(skip_locked=True).filter(pk=pk, next_try_at__lte=now, state__in=("created", "sending")).first()
        if notice is None:
            return 0
        notice.state, notice.attempts = "sending", notice.attempts + 1
        delay = RETRIES[min(notice.attempts, len(RETRIES)) - 1]
        notice.next_try_at = now + timedelta(seconds=delay)
        notice.save()
    try:
        reference = SENDERS[notice.channel](key=str(notice.pk), to=notice.to, body=notice.body)
    except Exception:
        if notice.attempts >= MAX_ATTEMPTS:
            Notice.objects.filter(pk=pk).update(state="failed", next_try_at=None)
        return 1
    Notice.objects.filter(pk=pk).update(state="sent", sent_at=clock.now(), provider_ref=reference[:80], next_try_at=None)
    return 1


TASK = Task("people.notices", send_due, every=1.0)
