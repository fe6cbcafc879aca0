"""离岗: whoever left, moved or lost the post no longer handles what was his; it is given out anew."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from fawang.kernel import clock
from fawang.kernel.context import acting
from fawang.matters.assignments import end_assignment
from fawang.matters.models import Matter
from fawang.matters.posts import handles
from fawang.people.actors import actor_of_staff
from fawang.people.models import Staff

LEFT = "left_post"


def release_left(batch: int = 200) -> int:
    """End the assignments of those who may not handle their matters any more, each in a transaction of its own; returns how many.

    Looked at are only accounts that left or ever lost a post and still have something open. His access has ended before: policies ask for the
    post at every step. What a process gives to a named person (a statement, an order) stays his while he is in service.
    """
    now, released = clock.now(), 0
    theirs = Matter.objects.filter(is_open=True, assignee_id=OuterRef("pk"))
    lost = ~Q(state="active") | Q(grants__revoked_at__isnull=False) | Q(grants__valid_to__lte=now)
    with acting(door="system"):
        for staff in Staff.objects.filter(lost, Exists(theirs)).distinct():
            posts = actor_of_staff(staff).grants
            for matter in Matter.objects.filter(is_open=True, assignee=staff):
                if released < batch and (staff.state != "active" or not handles(posts, matter)):
                    released += _release(matter.pk, staff.pk)
    return released


def _release(matter_id: uuid.UUID, staff_id: uuid.UUID) -> int:
    with transaction.atomic():
        matter = Matter.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=matter_id, is_open=True, assignee_id=staff_id).first()
        if matter is None:
            return 0
        staff = Staff.objects.get(pk=staff_id)
        if staff.state == "active" and handles(actor_of_staff(staff).grants, matter):
            return 0  # the post was given back meanwhile
        end_assignment(matter, reason=LEFT)
        matter.version += 1
        matter.save()
    return 1
