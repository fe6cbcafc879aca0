"""排班: shifts, who kept to them, and the month's settlement with a firm — a function of shifts, spells and sheets, nothing else."""

from __future__ import annotations

import json
import uuid
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from django.db import transaction
from django.db.models import Q

from fawang.hotline.models import AgentSpell, QualitySheet, SeatPool, Settlement, Shift
from fawang.hotline.settlement_rules import Rate, after_quality, earned, rate_on
from fawang.kernel import clock, crypto, events
from fawang.kernel.clock import BEIJING
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import require
from fawang.people.actors import Actor
from fawang.people.models import Staff
from fawang.registry.models import Organisation

KINDS = ("day", "night", "standby")
LONGEST = timedelta(hours=24)


def plan_shift(*, actor: Actor, staff: Staff, pool: SeatPool, starts_at: datetime, ends_at: datetime, kind: str = "day", demo: bool = False) -> Shift:
    """Enter a shift. Raises ``Refusal`` ``hotline.shift_times``, ``hotline.shift_overlap``, ``field.choice``."""
    require("hotline.plan", actor)
    if kind not in KINDS:
        raise Refusal("form.invalid", fields={"kind": Refusal("field.choice", field="kind")})
    if not starts_at < ends_at <= starts_at + LONGEST:
        raise Refusal("form.invalid", fields={"ends_at": Refusal("hotline.shift_times", field="ends_at")})
    with transaction.atomic():
        Staff.objects.select_for_update(of=("self",)).get(pk=staff.pk)
        if Shift.objects.filter(staff=staff, cancelled_at=None, starts_at__lt=ends_at, ends_at__gt=starts_at).exists():
            raise Refusal("form.invalid", fields={"starts_at": Refusal("hotline.shift_overlap", field="starts_at")})
        firm = Organisation.objects.filter(pk=staff.office_id).first() if staff.office_id else None
        row = Shift.objects.create(
            staff=staff, pool=pool, firm=firm, kind=kind, starts_at=starts_at, ends_at=ends_at, planned_by=actor.staff(), planned_at=clock.now(), demo=demo
        )
        _tell(row)
    return row


def cancel_shift(*, actor: Actor, shift_id: uuid.UUID) -> Shift:
    """Take a shift back that has not begun; it stays in the book."""
    require("hotline.plan", actor)
    with transaction.atomic():
        row = Shift.objects.select_for_update(of=("self",)).filter(pk=shift_id, cancelled_at=None).first()
        if row is None:
            raise Absent
        if row.starts_at <= clock.now():
            raise Refusal("hotline.not_now", status=409)
        row.cancelled_at, row.cancelled_by = clock.now(), actor.staff()
        row.save(update_fields=["cancelled_at", "cancelled_by"])
        _tell(row)
    return row


def _tell(row: Shift) -> None:
    events.record(
        kind="hotline.shift_planned", stream=row.pk,
        payload={
            "shift": str(row.pk), "staff": str(row.staff_id), "pool": row.pool.code, "kind": row.kind, "from": row.starts_at.isoformat(),
            "to": row.ends_at.isoformat(), "cancelled": row.cancelled_at is not None,
        },
    )  # fmt: skip


# -- adherence -------------------------------------------------------------------------------------------------------------------------

AT_WORK = ("ready", "reserved", "ringing", "talking", "hold", "wrap_up")
PAID_REASONS = ("break", "meal", "training", "meeting", "paperwork", "coaching", "drafts", "signed_on")
"""Not ready for these reasons is duty time too; lost, not answered, forced is not."""


@dataclass(frozen=True, slots=True)
class Adherence:
    """One shift against the spells: seconds planned, at the seat, available; how late it began and how early it ended."""

    shift: str
    staff: str
    kind: str
    planned_s: int
    worked_s: int
    available_s: int
    late_s: int
    early_s: int

    @property
    def rate(self) -> float:
        """Share of the planned time at the seat."""
        return self.worked_s / self.planned_s if self.planned_s else 0.0


def _overlap(spell: AgentSpell, start: datetime, end: datetime) -> int:
    until = min(spell.ended_at or end, end)
    return max(0, int((until - max(spell.started_at, start)).total_seconds()))


def adherence(shift: Shift) -> Adherence:
    """What the agent did in a shift, from his spells alone."""
    spells = list(
        AgentSpell.objects.filter(Q(ended_at=None) | Q(ended_at__gt=shift.starts_at), staff_id=shift.staff_id, started_at__lt=shift.ends_at).order_by(
            "started_at"
        )
    )
    duty = [s for s in spells if s.state in AT_WORK or (s.state == "not_ready" and s.reason in PAID_REASONS)]
    worked = sum(_overlap(s, shift.starts_at, shift.ends_at) for s in duty)
    available = sum(_overlap(s, shift.starts_at, shift.ends_at) for s in duty if s.state in AT_WORK)
    planned = int((shift.ends_at - shift.starts_at).total_seconds())
    first = max(min((s.started_at for s in duty), default=shift.ends_at), shift.starts_at)
    last = min(max((s.ended_at or shift.ends_at for s in duty), default=shift.starts_at), shift.ends_at)
    return Adherence(
        shift=str(shift.pk), staff=str(shift.staff_id), kind=shift.kind, planned_s=planned, worked_s=worked, available_s=available,
        late_s=int((first - shift.starts_at).total_seconds()), early_s=int((shift.ends_at - max(last, shift.starts_at)).total_seconds()),
    )  # fmt: skip


def on_duty(at: datetime, pool: SeatPool | None = None) -> list[Shift]:
    """Shifts that run at a moment."""
    rows = Shift.objects.filter(starts_at__lte=at, ends_at__gt=at, cancelled_at=None)
    return list((rows.filter(pool=pool) if pool else rows).select_related("staff", "pool").order_by("starts_at"))


def gaps(start: datetime, end: datetime, least: int = 1) -> list[tuple[datetime, datetime, int]]:
    """Stretches in which fewer than ``least`` shifts are planned: (from, to, how many). H-17: nobody calls into an empty house unknown to us."""
    marks = sorted({start, end, *_edges(start, end)})
    found: list[tuple[datetime, datetime, int]] = []
    for a, b in pairwise(marks):
        count = Shift.objects.filter(starts_at__lte=a, ends_at__gte=b, cancelled_at=None).exclude(kind="standby").count()
        if count < least:
            if found and found[-1][1] == a and found[-1][2] == count:
                found[-1] = (found[-1][0], b, count)
            else:
                found.append((a, b, count))
    return found


def _edges(start: datetime, end: datetime) -> list[datetime]:
    rows = Shift.objects.filter(starts_at__lt=end, ends_at__gt=start, cancelled_at=None).values_list("starts_at", "ends_at")
    return [m for row in rows for m in row if start < m < end]


# -- settlement ------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One person's month."""

    staff: str
    shifts: int
    planned_s: int
    worked_s: int
    sum_fen: int
    unqualified: int
    total_fen: int


def compute(firm: Organisation, month: date) -> tuple[Rate, list[Line]]:
    """A firm's month by person: shifts × time at the seat × rate, less quality. Nothing but the rows decides."""
    start = datetime.combine(month.replace(day=1), time(), BEIJING)
    end = datetime.combine((month.replace(day=28) + timedelta(days=4)).replace(day=1), time(), BEIJING)
    rate = rate_on(month.replace(day=1))
    by_staff: dict[str, list[Adherence]] = {}
    for shift in Shift.objects.filter(firm=firm, cancelled_at=None, starts_at__gte=start, starts_at__lt=end).order_by("starts_at", "pk"):
        found = adherence(shift)
        by_staff.setdefault(found.staff, []).append(found)
    lines = []
    for staff, kept in sorted(by_staff.items()):
        total = sum(earned(rate, a.kind, a.planned_s, a.worked_s) for a in kept)
        bad = _unqualified(uuid.UUID(staff), start, end)
        lines.append(Line(staff, len(kept), sum(a.planned_s for a in kept), sum(a.worked_s for a in kept), total, bad, after_quality(rate, total, bad)))
    return rate, lines


def _unqualified(staff: uuid.UUID, start: datetime, end: datetime) -> int:
    """Calls of that month whose counting (last) sheet is unqualified."""
    last: dict[uuid.UUID, str] = {}
    rows = QualitySheet.objects.filter(sample__ticket__author_id=staff, sample__ticket__call__ended_at__gte=start, sample__ticket__call__ended_at__lt=end)
    for sample_id, result in rows.order_by("made_at", "is_recheck").values_list("sample_id", "result"):
        last[sample_id] = result
    return sum(1 for result in last.values() if result == "unqualified")


def settle(*, actor: Actor, firm: Organisation, month: date) -> Settlement:
    """Make (or find) the month's settlement of a firm. Computed anew it is the same to the fen, or it says so.

    Raises ``Refusal`` ``hotline.month_open``; ``hotline.settled`` never changes what was settled.
    """
    require("hotline.settle", actor)
    first = month.replace(day=1)
    if clock.today() < (first + timedelta(days=32)).replace(day=1):
        raise Refusal("hotline.month_open", status=409)
    rate, lines = compute(firm, first)
    rows = [asdict(line) for line in lines]
    digest = crypto.text_digest(json.dumps(rows, sort_keys=True))
    with transaction.atomic():
        row, made = Settlement.objects.get_or_create(
            firm=firm, month=first, rule_version=rate.version,
            defaults={"rows": rows, "total_fen": sum(line.total_fen for line in lines), "digest": digest, "made_by": actor.staff(), "made_at": clock.now()},
        )  # fmt: skip
        if made:
            events.record(
                kind="hotline.settled", stream=row.pk,
                payload={
                    "settlement": str(row.pk), "firm": str(firm.pk), "month": first.isoformat(), "total_fen": row.total_fen, "digest": digest,
                    "rule_version": rate.version,
                },
            )  # fmt: skip
    return row


def recomputes(row: Settlement) -> bool:
    """Whether the rows of today still give the settled figures."""
    _, lines = compute(row.firm, row.month)
    return crypto.text_digest(json.dumps([asdict(line) for line in lines], sort_keys=True)) == row.digest
