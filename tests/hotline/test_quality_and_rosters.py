"""Quality by lottery and sheet, appeals by others; shifts, adherence, settlement to the fen; staffing by Erlang."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Any

import pytest

from fawang.hotline import calling, quality, quality_rules, rosters, seats, settlement_rules, staffing
from fawang.hotline.models import AgentSpell, CallTicket, QualityDraw, QualitySample, QualitySheet, Settlement
from fawang.kernel import clock
from fawang.kernel.errors import Absent, Forbidden, Refusal
from fawang.kernel.events import seal
from fawang.kernel.models import LedgerEntry
from tests import factories
from tests.conftest import BEIJING
from tests.hotline.world import World

pytestmark = pytest.mark.django_db
FULL = {d.code: d.most for d in quality_rules.rule_version("1").dimensions}


def served(world: World, who: Any, count: int, rate: str = "") -> list[CallTicket]:
    made = []
    for n in range(count):
        citizen, _ = world.connected(who, f"13800{n:02d}{rate or 0}001")
        calling.hang_up(actor=who)
        world.pump()
        if rate:
            citizen.press(rate)
        world.wait(20)
        ticket = world.ticket(citizen)
        world.fill(who, ticket, nature="invalid", kind="test")
        from fawang.hotline import tickets

        made.append(tickets.close(actor=who, ticket_id=ticket.pk))
        seats.end_wrap_up(actor=who)
        world.pump()
    return made


def test_the_sheet_adds_up_to_a_hundred_and_any_veto_is_unqualified() -> None:
    rule = quality_rules.rule_version("1")
    assert sum(d.most for d in rule.dimensions) == 100
    assert rule.result(FULL, []) == (100.0, "excellent")
    assert rule.result({**FULL, "accuracy": 5}, []) == (80.0, "qualified")
    assert rule.result({**FULL, "accuracy": 4}, []) == (79.0, "unqualified")
    assert rule.result(FULL, ["soliciting"]) == (100.0, "unqualified")
    assert rule.share == 0.05


def test_the_lottery_takes_five_percent_rounded_up_and_anybody_can_repeat_it() -> None:
    population = [f"t{n:03d}" for n in range(101)]
    chosen = quality_rules.draw("seed", population, 0.05)
    assert len(chosen) == 6
    by_hand = sorted(sorted(population, key=lambda t: hashlib.sha256(f"seed:{t}".encode()).hexdigest())[:6])
    assert chosen == by_hand
    assert quality_rules.draw("seed", list(reversed(population)), 0.05) == chosen
    assert quality_rules.draw("other", population, 0.05) != chosen
    assert quality_rules.draw("seed", [], 0.05) == []
    counts = dict.fromkeys(population, 0)
    for n in range(400):
        for t in quality_rules.draw(str(n), population, 0.05):
            counts[t] += 1
    assert max(counts.values()) < 50
    assert min(counts.values()) > 5, "no ticket is safe from it, none is its favourite"


def test_a_days_draw_has_the_ledgers_head_as_seed_and_every_low_rating_beside_it(world: World) -> None:
    li = world.agent("李律师")
    served(world, li, 3, "1")
    bad = served(world, li, 2, "5")
    day = clock.today()
    seal()
    with pytest.raises(Refusal) as refused:
        quality.draw_day(day)
    assert refused.value.code == "hotline.quality_head"
    world.later(hours=20)
    seats.set_not_ready(actor=li, reason="break")
    world.call("13800999999")
    seal()
    row = quality.draw_day(day)
    entry = LedgerEntry.objects.filter(sealed_at__gte=datetime(2026, 3, 3, tzinfo=BEIJING)).order_by("position").first()
    assert entry is not None
    assert (row.position, row.seed) == (entry.position, bytes(entry.head).hex())
    assert (row.population, row.drawn, row.low_rated) == (5, 1, 2)
    assert {t.pk for t in bad} <= set(QualitySample.objects.values_list("ticket_id", flat=True))
    assert quality.verify_draw(day) == []
    assert quality.draw_day(day) == row
    assert QualityDraw.objects.count() == 1


def test_a_draw_that_was_tampered_with_does_not_verify(world: World) -> None:
    li = world.agent("李律师")
    tickets = served(world, li, 4, "1")
    day = clock.today()
    world.later(hours=20)
    world.call("13800999999")
    seal()
    quality.draw_day(day)
    sample = QualitySample.objects.get()
    other = next(t for t in tickets if t.pk != sample.ticket_id)
    QualitySample.objects.filter(pk=sample.pk).update(ticket=other)
    assert len(quality.verify_draw(day)) == 2
    QualitySample.objects.filter(pk=sample.pk).update(ticket=sample.ticket_id)
    assert quality.verify_draw(day) == []
    QualityDraw.objects.update(seed="00" * 32)
    assert "the seed is not the ledger's head after the day" in quality.verify_draw(day)


def sampled(world: World, li: Any) -> tuple[QualitySample, Any, Any]:
    ticket = served(world, li, 1)[0]
    sample = quality.ask_for(actor=world.supervisor(), ticket_id=ticket.pk)
    one = factories.actor(factories.staff("质检甲", "quality_checker", at=world.platform))
    two = factories.actor(factories.staff("质检乙", "quality_checker", at=world.platform))
    return sample, one, two


def test_a_sheet_is_told_appealed_rechecked_by_another_and_the_last_one_counts(world: World) -> None:
    li = world.agent("李律师")
    sample, one, two = sampled(world, li)
    with pytest.raises(Refusal) as refused:
        quality.score(actor=one, sample_id=sample.pk, points={**FULL, "accuracy": 26}, vetoes=[])
    assert set(refused.value.fields) == {"accuracy"}
    first = quality.score(actor=one, sample_id=sample.pk, points={**FULL, "accuracy": 0}, vetoes=[])
    assert (first.total, first.result) == (75.0, "unqualified")
    with pytest.raises(Absent):
        quality.appeal(actor=one, sample_id=sample.pk, reason="不是我的")
    quality.appeal(actor=li, sample_id=sample.pk, reason="引用的是现行有效条文")
    with pytest.raises(Refusal) as refused:
        quality.score(actor=one, sample_id=sample.pk, points=FULL, vetoes=[])
    assert refused.value.code == "hotline.quality_again"
    second = quality.score(actor=two, sample_id=sample.pk, points=FULL, vetoes=[])
    assert second.is_recheck
    sample.refresh_from_db()
    assert (sample.state, sample.appeal.outcome, sample.appeal.decided_by_id) == ("closed", "changed", two.account)
    counting = quality.result_of(sample.ticket)
    assert counting == second
    with pytest.raises(Refusal):
        quality.appeal(actor=li, sample_id=sample.pk, reason="再来")


def test_nobody_checks_himself_or_what_is_about_him(world: World) -> None:
    both = world.agent("兼职", roles=("seat", "quality_checker"))
    sample, _, _ = sampled(world, both)
    with pytest.raises(Forbidden):
        quality.score(actor=both, sample_id=sample.pk, points=FULL, vetoes=[])
    accused = factories.actor(factories.staff("被投诉的质检", "quality_checker", at=world.platform))
    CallTicket.objects.filter(pk=sample.ticket_id).update(about_staff_id=accused.account)
    with pytest.raises(Absent):
        quality.score(actor=accused, sample_id=sample.pk, points=FULL, vetoes=[])


def test_an_appeal_has_its_days(world: World) -> None:
    li = world.agent("李律师")
    sample, one, _ = sampled(world, li)
    quality.score(actor=one, sample_id=sample.pk, points={**FULL, "accuracy": 0}, vetoes=[])
    world.later(days=5, minutes=1)
    with pytest.raises(Refusal) as refused:
        quality.appeal(actor=li, sample_id=sample.pk, reason="太晚了")
    assert refused.value.code == "hotline.quality_state"


def test_coaching_follows_a_sheet(world: World) -> None:
    li = world.agent("李律师")
    sample, one, _ = sampled(world, li)
    sheet = quality.score(actor=one, sample_id=sample.pk, points={**FULL, "listening": 2}, vetoes=[])
    boss = world.supervisor("组长")
    row = quality.coach(actor=boss, sheet_id=sheet.pk, points="多听少说", due_on=date(2026, 3, 9))
    assert row.staff_id == li.account
    assert quality.finish_coaching(actor=boss, coaching_id=row.pk, result="已跟听三通").done_at is not None


# -- rosters and settlement ------------------------------------------------------------------------------------------------------------


def at(hour: int, minute: int = 0, day: int = 2) -> datetime:
    return datetime(2026, 3, day, hour, minute, tzinfo=BEIJING)


def spell(who: Any, state: str, start: datetime, end: datetime, reason: str = "") -> None:
    AgentSpell.objects.create(staff_id=who.account, state=state, reason=reason, started_at=start, ended_at=end)


@pytest.fixture
def firm_world(world: World) -> tuple[World, Any, Any, Any]:
    firm = factories.office("law_firm", name="演示律所")
    lawyer = factories.staff("律所律师", "seat", at=firm)
    planner = factories.actor(factories.staff("排班员", "hotline_planner", at=world.platform))
    return world, firm, factories.actor(lawyer), planner


def test_shifts_do_not_overlap_and_have_sense(firm_world: Any) -> None:
    world, firm, lawyer, planner = firm_world
    from fawang.people.models import Staff

    person = Staff.objects.get(pk=lawyer.account)
    shift = rosters.plan_shift(actor=planner, staff=person, pool=world.pools["hefei"], starts_at=at(9, day=3), ends_at=at(12, day=3))
    assert shift.firm_id == firm.pk
    for start, end, code in (
        (at(11, day=3), at(13, day=3), "hotline.shift_overlap"),
        (at(12, day=4), at(9, day=4), "hotline.shift_times"),
        (at(9, day=4), at(10, day=5), "hotline.shift_times"),
    ):
        with pytest.raises(Refusal) as refused:
            rosters.plan_shift(actor=planner, staff=person, pool=world.pools["hefei"], starts_at=start, ends_at=end)
        assert code in {r.code for r in refused.value.fields.values()}
    rosters.plan_shift(actor=planner, staff=person, pool=world.pools["hefei"], starts_at=at(12, day=3), ends_at=at(13, day=3))
    rosters.cancel_shift(actor=planner, shift_id=shift.pk)
    rosters.plan_shift(actor=planner, staff=person, pool=world.pools["hefei"], starts_at=at(9, day=3), ends_at=at(11, day=3))
    with pytest.raises(Forbidden):
        rosters.plan_shift(actor=lawyer, staff=person, pool=world.pools["hefei"], starts_at=at(9, day=5), ends_at=at(11, day=5))


def test_an_empty_house_is_known_beforehand(firm_world: Any) -> None:
    world, _, lawyer, planner = firm_world
    from fawang.people.models import Staff

    person = Staff.objects.get(pk=lawyer.account)
    rosters.plan_shift(actor=planner, staff=person, pool=world.pools["hefei"], starts_at=at(9, day=3), ends_at=at(12, day=3))
    rosters.plan_shift(actor=planner, staff=person, pool=world.pools["hefei"], starts_at=at(13, day=3), ends_at=at(18, day=3))
    assert rosters.gaps(at(8, day=3), at(19, day=3)) == [(at(8, day=3), at(9, day=3), 0), (at(12, day=3), at(13, day=3), 0), (at(18, day=3), at(19, day=3), 0)]


def test_adherence_and_fee_are_a_function_of_the_spells_to_the_fen(firm_world: Any) -> None:
    """9:00-12:00: late by 10 minutes, lost for 20, gone 5 early = 145 of 180 minutes; 60 yuan an hour."""
    world, firm, lawyer, planner = firm_world
    from fawang.people.models import Staff

    shift = rosters.plan_shift(actor=planner, staff=Staff.objects.get(pk=lawyer.account), pool=world.pools["hefei"], starts_at=at(9), ends_at=at(12))
    spell(lawyer, "not_ready", at(9, 10), at(9, 15), "signed_on")
    spell(lawyer, "ready", at(9, 15), at(10))
    spell(lawyer, "talking", at(10), at(10, 30))
    spell(lawyer, "not_ready", at(10, 30), at(10, 50), "lost")
    spell(lawyer, "wrap_up", at(10, 50), at(11, 0))
    spell(lawyer, "not_ready", at(11), at(11, 15), "meal")
    spell(lawyer, "ready", at(11, 15), at(11, 55))
    found = rosters.adherence(shift)
    assert (found.planned_s, found.worked_s, found.available_s, found.late_s, found.early_s) == (10800, 8700, 7500, 600, 300)
    with pytest.raises(Refusal) as refused:
        rosters.settle(actor=planner, firm=firm, month=date(2026, 3, 1))
    assert refused.value.code == "hotline.month_open"
    world.later(days=32)
    row = rosters.settle(actor=planner, firm=firm, month=date(2026, 3, 1))
    assert row.total_fen == 8700 * 6000 // 3600 == 14500
    assert rosters.recomputes(row)
    assert rosters.settle(actor=planner, firm=firm, month=date(2026, 3, 15)).pk == row.pk
    AgentSpell.objects.filter(state="talking").update(ended_at=at(10, 29))
    assert not rosters.recomputes(row), "whoever changes a spell is found out"
    assert Settlement.objects.get().total_fen == 14500


def test_a_shift_hardly_kept_earns_nothing_overtime_earns_nothing_more_and_bad_calls_cost() -> None:
    rate = settlement_rules.rate_on(date(2026, 3, 1))
    assert rate.demo
    assert settlement_rules.earned(rate, "day", 10800, 5399) == 0
    assert settlement_rules.earned(rate, "day", 10800, 5400) == 9000
    assert settlement_rules.earned(rate, "day", 10800, 99999) == 18000
    assert settlement_rules.earned(rate, "night", 3600, 3600) == 9000
    assert settlement_rules.after_quality(rate, 10000, 2) == 8000
    assert settlement_rules.after_quality(rate, 10000, 11) == 0


def test_an_unqualified_call_of_the_month_lowers_the_months_sum(firm_world: Any) -> None:
    world, firm, lawyer, planner = firm_world
    from fawang.people.models import Staff

    rosters.plan_shift(actor=planner, staff=Staff.objects.get(pk=lawyer.account), pool=world.pools["hefei"], starts_at=at(13), ends_at=at(14))
    spell(lawyer, "ready", at(13), at(14))
    li = world.agent("李律师")
    sample, one, two = sampled(world, li)
    CallTicket.objects.filter(pk=sample.ticket_id).update(author_id=lawyer.account)
    quality.score(actor=one, sample_id=sample.pk, points={**FULL, "accuracy": 0}, vetoes=[])
    _, lines = rosters.compute(firm, date(2026, 3, 1))
    assert [(line.sum_fen, line.unqualified, line.total_fen) for line in lines] == [(6000, 1, 5400)]
    quality.appeal(actor=lawyer, sample_id=sample.pk, reason="不服")
    quality.score(actor=two, sample_id=sample.pk, points=FULL, vetoes=[])
    _, lines = rosters.compute(firm, date(2026, 3, 1))
    assert [(line.unqualified, line.total_fen) for line in lines] == [(0, 6000)], "the sheet that counts is the last"
    assert QualitySheet.objects.count() == 2


# -- staffing --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("calls_an_hour", "seats"),
    [(38, 9), (306, 48), (533, 78), (1440, 194), (5130, 651), (8550, 1070)],
)
def test_seats_of_the_worked_cases(calls_an_hour: int, seats: int) -> None:
    """DOMAIN §3.4: handling 435 s, 95 % within 15 s."""
    load = staffing.erlangs(calls_an_hour, 435)
    found = staffing.seats_for(load, 435, within_s=15, goal=0.95)
    assert found.seats == seats
    assert found.service_level >= 0.95
    assert staffing.service_level(load, seats - 1, 435, 15) < 0.95


def test_anhuis_peak_day_needs_44_seats_at_80_percent() -> None:
    load = staffing.erlangs(306, 435)
    assert round(load) == 37
    assert staffing.seats_for(load, 435, within_s=15, goal=0.80).seats == 44


@pytest.mark.parametrize(("calls_an_hour", "seats", "trunks"), [(383, 54, 68), (1500, 196, 221)])
def test_seats_and_trunks_of_the_telephony_table(calls_an_hour: int, seats: int, trunks: int) -> None:
    """TELEPHONY: 6.4 min talk and 60 s wrap-up, 80 % in 20 s, trunks at 0.1 % blocking."""
    handling = 6.4 * 60 + 60
    load = staffing.erlangs(calls_an_hour, handling)
    assert staffing.seats_for(load, handling, within_s=20, goal=0.80).seats == seats
    assert staffing.trunks_for(load, 0.001) == trunks


def test_the_formulas_at_their_edges() -> None:
    assert staffing.waiting_probability(0, 5) == 0
    assert staffing.waiting_probability(5, 5) == 1
    assert staffing.blocking_probability(1, 1) == pytest.approx(0.5)
    assert staffing.waiting_probability(1, 2) == pytest.approx(1 / 3)
    assert staffing.mean_wait(1, 2, 180) == pytest.approx(60)
    assert staffing.mean_wait(3, 2, 180) == float("inf")
    with pytest.raises(ValueError, match="goal"):
        staffing.seats_for(1, 180, within_s=15, goal=1.0)
