"""Slots of promised call-backs: made as they are asked for, taken by a counted update, so that capacity is never passed."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import F

from fawang.hotline import opening
from fawang.hotline.configuration import Document
from fawang.hotline.models import CallbackSlot
from fawang.kernel.clock import BEIJING
from fawang.kernel.errors import Refusal

LEAD = timedelta(minutes=10)


def starts(document: Document, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Slots that begin later than ten minutes from now, inside the call-back hours, as far ahead as the document allows."""
    step = timedelta(minutes=document.callbacks.slot_minutes)
    local = now.astimezone(BEIJING)
    at = local.replace(hour=0, minute=0, second=0, microsecond=0)
    end = at + timedelta(days=document.callbacks.days_ahead + 1)
    while at < end:
        if at >= local + LEAD:
            inside = all(opening.is_open(document, moment)(document.callbacks.hours) for moment in (at, at + step - timedelta(minutes=1)))
            if inside:
                yield at, at + step
        at += step


def free_slots(document: Document, queue_code: str, now: datetime, limit: int = 12) -> list[CallbackSlot]:
    """The next slots with room; rows are made for those shown."""
    found = []
    for start, end in starts(document, now):
        slot, _ = CallbackSlot.objects.get_or_create(queue_code=queue_code, starts_at=start, defaults={"ends_at": end, "capacity": document.callbacks.capacity})
        if slot.taken < slot.capacity:
            found.append(slot)
        if len(found) >= limit:
            break
    return found


def take(slot_id: uuid.UUID) -> CallbackSlot:
    """One place of a slot. Call inside a transaction. Raises ``Refusal`` ``hotline.slot``, ``hotline.slot_full``."""
    if not CallbackSlot.objects.filter(pk=slot_id).exists():
        raise Refusal("hotline.slot", field="slot")
    if not CallbackSlot.objects.filter(pk=slot_id, taken__lt=F("capacity")).update(taken=F("taken") + 1):
        raise Refusal("hotline.slot_full", field="slot", status=409)
    return CallbackSlot.objects.get(pk=slot_id)


def take_next(document: Document, queue_code: str, now: datetime) -> CallbackSlot | None:
    """One place of the next slot with room; ``None`` when all are full."""
    for slot in free_slots(document, queue_code, now, limit=200):
        if CallbackSlot.objects.filter(pk=slot.pk, taken__lt=F("capacity")).update(taken=F("taken") + 1):
            slot.refresh_from_db()
            return slot
    return None
