"""质检: the day's draw, sheets, appeal, recheck by another, coaching. Nobody checks himself; whoever decides an appeal did not check before."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from django.db import transaction

from fawang.hotline.models import CallTicket, Coaching, QualityAppeal, QualityDraw, QualitySample, QualitySheet
from fawang.hotline.quality_rules import draw as lottery
from fawang.hotline.quality_rules import population_digest, rule_on, rule_version
from fawang.kernel import clock, events
from fawang.kernel.clock import BEIJING
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.models import LedgerEntry
from fawang.kernel.policy import require
from fawang.kernel.text_safety import check_text
from fawang.kernel.work import tell_live
from fawang.people.actors import Actor
from fawang.people.models import Staff


def _span(day: date) -> tuple[datetime, datetime]:
    start = datetime.combine(day, time(), BEIJING)
    return start, start + timedelta(days=1)


def population(day: date) -> list[str]:
    """Tickets of calls that ended on a day, as ids in order: what the draw chooses from."""
    start, end = _span(day)
    rows = CallTicket.objects.filter(call__ended_at__gte=start, call__ended_at__lt=end, call__connected_at__isnull=False)
    return sorted(str(pk) for pk in rows.values_list("pk", flat=True))


def low_rated(day: date, limit: int) -> list[str]:
    """Tickets of that day whose callers rated so low: checked all of them, whatever the lottery says."""
    start, end = _span(day)
    rows = CallTicket.objects.filter(call__ended_at__gte=start, call__ended_at__lt=end, call__survey_level__lte=limit)
    return sorted(str(pk) for pk in rows.values_list("pk", flat=True))


def seed_after(day: date) -> LedgerEntry | None:
    """The first ledger entry sealed after the day: fixed by whatever happened then, known to nobody before."""
    _, end = _span(day)
    return LedgerEntry.objects.filter(sealed_at__gte=end).order_by("position").first()


def draw_day(day: date) -> QualityDraw:
    """Draw the sample of a day that is over, once. Raises ``Refusal('hotline.quality_head')`` while the ledger has not passed it."""
    entry = seed_after(day)
    if entry is None:
        raise Refusal("hotline.quality_head", status=409)
    with transaction.atomic():
        known = QualityDraw.objects.filter(day=day).first()
        if known is not None:
            return known
        rule = rule_on(day)
        people, low = population(day), low_rated(day, rule.low_rating)
        chosen = lottery(bytes(entry.head).hex(), people, rule.share)
        row = QualityDraw.objects.create(
            day=day, position=entry.position, seed=bytes(entry.head).hex(), population=len(people), population_digest=population_digest(people), share=rule.share,
            drawn=len(chosen), low_rated=len(low), rule_version=rule.version, drawn_at=clock.now(),
        )  # fmt: skip
        for ticket_id in sorted({*chosen, *low}):
            why = "rating" if ticket_id in low else "drawn"
            QualitySample.objects.get_or_create(ticket_id=uuid.UUID(ticket_id), defaults={"draw": row, "why": why, "made_at": clock.now()})
        events.record(
            kind="hotline.quality_drawn", stream=f"hotline.quality:{day}",
            payload={
                "day": day.isoformat(), "position": row.position, "seed": row.seed, "population": row.population, "population_digest": row.population_digest,
                "drawn": row.drawn, "low_rated": row.low_rated,
            },
        )  # fmt: skip
    return row


def verify_draw(day: date) -> list[str]:
    """Repeat a draw from the ledger alone; every difference in words, empty when it was honest."""
    row, found = QualityDraw.objects.get(day=day), []
    entry = seed_after(day)
    if entry is None or entry.position != row.position or bytes(entry.head).hex() != row.seed:
        found.append("the seed is not the ledger's head after the day")
    people = population(day)
    if population_digest(people) != row.population_digest or len(people) != row.population:
        found.append("the population differs")
    chosen = set(lottery(row.seed, people, row.share))
    have = {str(pk) for pk in QualitySample.objects.filter(ticket__in=[uuid.UUID(p) for p in people]).values_list("ticket_id", flat=True)}
    low = set(low_rated(day, rule_version(row.rule_version).low_rating))
    found += [f"{t} was drawn and is not in the sample" for t in sorted((chosen | low) - have)]
    taken = {str(pk) for pk in QualitySample.objects.filter(draw=row, why="drawn").values_list("ticket_id", flat=True)}
    found += [f"{t} is in the sample and was not drawn" for t in sorted(taken - chosen)]
    return found


def draw_due() -> int:
    """The daily task: yesterday and the days before that were not drawn yet, two weeks back at most."""
    done = 0
    for ago in range(14, 0, -1):
        day = clock.today() - timedelta(days=ago)
        start, end = _span(day)
        if QualityDraw.objects.filter(day=day).exists() or seed_after(day) is None:
            continue
        if CallTicket.objects.filter(call__ended_at__gte=start, call__ended_at__lt=end).exists():
            draw_day(day)
            done += 1
    return done


def ask_for(*, actor: Actor, ticket_id: uuid.UUID) -> QualitySample:
    """A supervisor wants a call checked (complaint, coaching)."""
    require("hotline.supervise", actor, None)
    with transaction.atomic():
        sample, _ = QualitySample.objects.get_or_create(ticket_id=ticket_id, defaults={"why": "asked", "made_at": clock.now()})
    return sample


# -- sheets ------------------------------------------------------------------------------------------------------------------------------


def score(*, actor: Actor, sample_id: uuid.UUID, points: Mapping[str, float], vetoes: list[str], remark: str = "") -> QualitySheet:
    """Fill in a sheet; the person checked is told. A recheck after an appeal is another checker's.

    Raises ``Absent``, ``Forbidden``, ``Refusal`` ``hotline.quality_points``, ``hotline.quality_state``, ``hotline.quality_again``.
    """
    check_text(remark, max_length=2000)
    with transaction.atomic():
        sample = _locked(sample_id)
        require("hotline.check", actor, sample.ticket)
        if sample.state not in ("open", "appealed"):
            raise Refusal("hotline.quality_state", status=409)
        recheck = sample.state == "appealed"
        if recheck and sample.sheets.filter(checker_id=actor.account).exists():
            raise Refusal("hotline.quality_again", status=409)
        rule = rule_on(clock.today())
        _check_points(points, {d.code: d.most for d in rule.dimensions}, vetoes, set(rule.vetoes))
        total, result = rule.result(points, vetoes)
        sheet = QualitySheet.objects.create(
            sample=sample, checker_id=actor.account, rule_version=rule.version, points=dict(points), vetoes=list(vetoes), total=total, result=result,
            remark=remark, is_recheck=recheck, made_at=clock.now(),
        )  # fmt: skip
        if recheck:
            _decide_appeal(sample, sheet, actor)
        sample.state = "closed" if recheck else "notified"
        sample.save(update_fields=["state"])
        events.record(
            kind="hotline.quality_checked", stream=sample.ticket.call_id,
            payload={
                "sample": str(sample.pk), "sheet": str(sheet.pk), "ticket": str(sample.ticket_id), "result": result, "total": total,
                "checker": str(actor.account), "staff": str(sample.ticket.author_id), "recheck": recheck,
            },
        )  # fmt: skip
        tell_live([f"staff:{sample.ticket.author_id}"], "quality", str(sample.pk))
    return sheet


def _locked(sample_id: uuid.UUID) -> QualitySample:
    row = QualitySample.objects.select_for_update(of=("self",)).select_related("ticket").filter(pk=sample_id).first()
    if row is None:
        raise Absent
    return row


def _check_points(points: Mapping[str, float], most: Mapping[str, int], vetoes: list[str], known: set[str]) -> None:
    problems = {code: Refusal("hotline.quality_points", field=code, most=top) for code, top in most.items() if not 0 <= points.get(code, -1) <= top}
    problems |= {code: Refusal("field.unknown", field=code, name=code) for code in set(points) - set(most)}
    if unknown := set(vetoes) - known:
        problems["vetoes"] = Refusal("field.choice", field="vetoes", name=sorted(unknown)[0])
    if problems:
        raise Refusal("form.invalid", fields=problems)


def appeal(*, actor: Actor, sample_id: uuid.UUID, reason: str) -> QualityAppeal:
    """Disagree with a sheet, once, within the days of the rule."""
    check_text(reason, max_length=2000)
    with transaction.atomic():
        sample = _locked(sample_id)
        require("hotline.appeal", actor, sample.ticket)
        sheet = sample.sheets.order_by("-made_at").first()
        if sample.state != "notified" or sheet is None or hasattr(sample, "appeal"):
            raise Refusal("hotline.quality_state", status=409)
        if clock.now() > sheet.made_at + timedelta(days=rule_version(sheet.rule_version).appeal_days):
            raise Refusal("hotline.quality_state", status=409)
        row = QualityAppeal.objects.create(sample=sample, by_id=actor.account, reason=reason, made_at=clock.now())
        sample.state = "appealed"
        sample.save(update_fields=["state"])
        events.record(
            kind="hotline.quality_appealed", stream=sample.ticket.call_id, payload={"sample": str(sample.pk), "staff": str(actor.account), "outcome": ""}
        )
    return row


def _decide_appeal(sample: QualitySample, sheet: QualitySheet, actor: Actor) -> None:
    before = sample.sheets.exclude(pk=sheet.pk).order_by("-made_at").first()
    outcome = "changed" if before is not None and before.result != sheet.result else "upheld"
    QualityAppeal.objects.filter(pk=sample.pk).update(decided_by_id=actor.account, decided_at=clock.now(), outcome=outcome)
    events.record(
        kind="hotline.quality_appealed",
        stream=sample.ticket.call_id,
        payload={"sample": str(sample.pk), "staff": str(sample.ticket.author_id), "outcome": outcome},
    )


def result_of(ticket: CallTicket) -> QualitySheet | None:
    """The sheet that counts: the last one."""
    return QualitySheet.objects.filter(sample__ticket=ticket).order_by("-made_at", "-is_recheck").first()


def coach(*, actor: Actor, sheet_id: uuid.UUID, points: str, due_on: date) -> Coaching:
    """辅导: what is to be practised after a sheet."""
    require("hotline.supervise", actor, None)
    check_text(points, max_length=2000)
    with transaction.atomic():
        sheet = QualitySheet.objects.select_related("sample__ticket").filter(pk=sheet_id).first()
        if sheet is None:
            raise Absent
        row = Coaching.objects.create(
            sheet=sheet, staff_id=sheet.sample.ticket.author_id, coach=Staff.objects.get(pk=actor.account), points=points, due_on=due_on
        )
        events.record(kind="hotline.coached", stream=sheet.sample.ticket.call_id, payload={"coaching": str(row.pk), "staff": str(row.staff_id), "coach": str(row.coach_id), "done": False})  # fmt: skip
    return row


def finish_coaching(*, actor: Actor, coaching_id: uuid.UUID, result: str) -> Coaching:
    """What came of it."""
    require("hotline.supervise", actor, None)
    check_text(result, max_length=2000)
    with transaction.atomic():
        row = Coaching.objects.select_for_update(of=("self",)).select_related("sheet__sample__ticket").filter(pk=coaching_id, done_at=None).first()
        if row is None:
            raise Absent
        row.done_at, row.result = clock.now(), result
        row.save(update_fields=["done_at", "result"])
        events.record(
            kind="hotline.coached", stream=row.sheet.sample.ticket.call_id,
            payload={"coaching": str(row.pk), "staff": str(row.staff_id), "coach": str(row.coach_id), "done": True},
        )  # fmt: skip
    return row
