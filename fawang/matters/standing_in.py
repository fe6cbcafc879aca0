"""代班: while a handler is on leave his substitute has his open matters; when he is back he has them again."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.db.models import Q

from fawang.kernel import clock
from fawang.kernel.context import acting
from fawang.kernel.errors import Refusal
from fawang.matters.allocation import assign_to
from fawang.matters.models import Assignment, Matter
from fawang.matters.policies import dispatching_roles
from fawang.matters.processes import all_processes
from fawang.people.models import Leave
from fawang.people.notices import tell_staff
from fawang.people.selectors import on_leave_ids, possible_substitutes, staff_with_role
from fawang.registry.tree import ancestor_ids

log = logging.getLogger("fawang.standing_in")
SUBSTITUTED = "substituted"
AGAIN = timedelta(minutes=1)
"""How soon a matter its substitute may not have is tried again: somebody may have ended the conflict meanwhile."""
WORDS = "有事项无人承办（承办人休假或离岗，或者还没有派单），请到工作台派单。"
_refused: dict[tuple[uuid.UUID, uuid.UUID], datetime] = {}


def stand_in(batch: int = 200) -> int:
    """Move what has to move now, each in a transaction of its own; returns how many moved, at most ``batch``.

    A substitute never gets more than he may have: he is of the same office, in service, holds a post the absent holds too,
    and the conflict check is made as for anybody. What he may not have stays where it is until whoever gives out such matters decides
    (:func:`tell_left_behind`). The access of whom a matter leaves ends in the same moment.
    """
    now, moved = clock.now(), 0
    away = set(on_leave_ids(now))
    for key in [key for key, at in _refused.items() if now - at >= AGAIN]:
        del _refused[key]
    with acting(door="system"):
        for matter_id, holder, taker, method in [*_leaving(now, away), *_coming_back(away)]:
            if moved == batch:
                break
            if (matter_id, taker) in _refused:
                continue
            try:
                moved += _move(matter_id, holder, taker, method)
            except DatabaseError:
                raise  # the connection is gone, not the matter
            except Refusal as refusal:
                _refused[matter_id, taker] = now
                log.debug("matter %s stays: %s", matter_id, refusal.code)
    return moved


def tell_left_behind() -> int:
    """Tell who could decide, once a day, that nobody works on an open matter. Returns how many messages were queued.

    Its handler is on leave and nobody stands in; or it has none, and is of a kind that is given out by hand alone.

    Told are those who give out such matters in their office, or in the nearest office above where anybody does.
    """
    away = on_leave_ids(clock.now())
    by_hand = Q(assignee=None, process_code__in=sorted({p.code for p in all_processes() if p.handled_by_roles and not p.pooled}))
    left = (
        Matter.objects.filter(by_hand | Q(assignee_id__in=away), is_open=True, lead=None).values_list("office_id", "process_code", "process_version").distinct()
    )
    told = {pk for office_id, process, version in left for pk in _giving_out(office_id, dispatching_roles(process, version), set(away))}
    with acting(door="system"), transaction.atomic():
        return sum(tell_staff(pk, "left_behind", WORDS) for pk in sorted(told))


def _giving_out(office_id: uuid.UUID, roles: tuple[str, ...], away: set[uuid.UUID]) -> set[uuid.UUID]:
    for place in ancestor_ids(office_id):
        for role in roles:
            if found := set(staff_with_role(role, office_id=place).values_list("pk", flat=True)) - away:
                return found
    return set()


def _leaving(now: datetime, away: set[uuid.UUID]) -> Iterator[tuple[uuid.UUID, uuid.UUID, uuid.UUID, str]]:
    leaves = Leave.objects.filter(starts_at__lte=now, ends_at__gt=now, substitute__state="active").exclude(substitute_id__in=away)
    for leave in leaves.select_related("staff", "substitute"):
        assert leave.substitute is not None
        if leave.substitute in possible_substitutes(leave.staff):
            for matter_id in Matter.objects.filter(assignee_id=leave.staff_id, is_open=True).values_list("pk", flat=True):
                yield matter_id, leave.staff_id, leave.substitute.pk, SUBSTITUTED


def _coming_back(away: set[uuid.UUID]) -> Iterator[tuple[uuid.UUID, uuid.UUID, uuid.UUID, str]]:
    standing = Assignment.objects.filter(staff__in=Leave.objects.exclude(substitute=None).values("substitute"), ended_at=None, method=SUBSTITUTED)
    for spell in standing.filter(matter__is_open=True):
        owner = Assignment.objects.filter(matter=spell.matter_id).exclude(method=SUBSTITUTED).order_by("-assigned_at").first()
        if owner is not None and owner.staff_id not in away and owner.staff_id != spell.staff_id:
            yield spell.matter_id, spell.staff_id, owner.staff_id, "automatic"


def _move(matter_id: uuid.UUID, holder: uuid.UUID, taker: uuid.UUID, method: str) -> int:
    with transaction.atomic():
        matter = Matter.objects.select_for_update(of=("self",), skip_locked=True).filter(pk=matter_id, is_open=True, assignee_id=holder).first()
        if matter is None:
            return 0
        assign_to(matter, staff_id=taker, by=None, method=method, note="代班" if method == SUBSTITUTED else "销假收回")
        matter.version += 1
        matter.save()
    return 1
