"""Limits that move: a late extension, a holiday that comes or goes; and the figures that count them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from fawang.kernel import events
from fawang.kernel.errors import Refusal
from fawang.kernel.models import Event, LedgerEntry, Undelivered
from fawang.matters import actions, sweeper
from fawang.matters.intake import Request, Visitor, receive
from fawang.matters.models import Clock, Matter, MatterLink
from fawang.matters.policies import sight, visible_to
from fawang.matters.services import take_step
from fawang.oversight import services, tasks
from fawang.oversight.figures import compute
from fawang.oversight.figures_check import differences
from fawang.people.accounts import grant_role
from fawang.people.actors import ANONYMOUS, SYSTEM
from fawang.people.models import Staff
from fawang.regions.services import set_calendar_day
from tests import factories

pytestmark = pytest.mark.django_db
Advance = Callable[[timedelta], None]


def swept() -> None:
    while sweeper.sweep():
        pass


@pytest.fixture
def complaint(monday: Advance) -> dict[str, Any]:
    """A complaint received on Monday 2 March 2026; COMP-ACC is five working days."""
    bureau = factories.office("justice_bureau")
    handler, boss = factories.staff("孙投诉", "complaint_handler", at=bureau), factories.staff("赵督办", "supervisor", at=bureau)
    matter = factories.matter("complaint", bureau, relation="complainant")
    actions.assign(actor=factories.actor(handler), matter_id=matter.pk, staff_id=handler.pk)
    return {
        "matter": matter,
        "handler": factories.actor(handler),
        "boss": factories.actor(boss),
        "admin": factories.actor(factories.staff("周", "system_admin")),
    }


def test_a_limit_that_has_run_out_is_not_extended_and_the_figures_stay_equal(complaint: dict[str, Any], monday: Advance) -> None:
    matter = complaint["matter"]
    take_step(actor=complaint["handler"], matter_id=matter.pk, verb="accept")
    due = Clock.objects.get(matter=matter, rule_code="COMP-DEC").statutory_due_at
    monday(due - matter.opened_at + timedelta(days=1))
    swept()
    with pytest.raises(Refusal) as refused:
        take_step(actor=complaint["boss"], matter_id=matter.pk, verb="extend", data={"days": 5, "reason": "案情复杂需要更多时间"})
    assert refused.value.code == "clock.over"
    assert Clock.objects.get(matter=matter, rule_code="COMP-DEC").statutory_due_at == due
    assert differences() == []


def test_even_before_the_sweeper_has_looked_a_limit_that_has_run_out_is_not_extended(complaint: dict[str, Any], monday: Advance) -> None:
    matter = complaint["matter"]
    take_step(actor=complaint["handler"], matter_id=matter.pk, verb="accept")
    row = Clock.objects.get(matter=matter, rule_code="COMP-DEC")
    monday(row.statutory_due_at - matter.opened_at + timedelta(seconds=1))
    with pytest.raises(Refusal) as refused:
        take_step(actor=complaint["boss"], matter_id=matter.pk, verb="extend", data={"days": 5, "reason": "案情复杂需要更多时间"})
    assert refused.value.code == "clock.over"


def overdue(day: date) -> int:
    return sum(compute(day, day)["overdue"].values())


def test_a_holiday_proclaimed_after_the_fact_takes_lateness_back_in_row_and_figures(complaint: dict[str, Any], monday: Advance) -> None:
    matter = complaint["matter"]
    row = Clock.objects.get(matter=matter, rule_code="COMP-ACC")
    due = row.statutory_due_at
    day = due.astimezone(matter.opened_at.tzinfo).date()
    monday(due - matter.opened_at + timedelta(hours=1))
    swept()
    assert overdue(day) == 1
    set_calendar_day(actor=SYSTEM, day=day, kind="holiday", name="临时放假")
    row.refresh_from_db()
    assert row.statutory_due_at > due
    assert row.light != "overdue"
    assert overdue(day) == 0
    assert differences() == []
    told = Event.objects.filter(stream=matter.pk, kind="matter.clock_moved").get()
    assert [datetime.fromisoformat(told.payload[k]) for k in ("before", "due")] == [due, row.statutory_due_at]
    monday(row.statutory_due_at - due + timedelta(hours=1))
    swept()
    assert sum(overdue(day + timedelta(days=n)) for n in range(8)) == 1  # late on its new day, once
    assert differences() == []


def test_a_holiday_taken_back_makes_it_late_by_the_sweeper_with_event_and_order(complaint: dict[str, Any], monday: Advance) -> None:
    matter = complaint["matter"]
    first = Clock.objects.get(matter=matter, rule_code="COMP-ACC").statutory_due_at
    day = first.astimezone(matter.opened_at.tzinfo).date()
    set_calendar_day(actor=SYSTEM, day=day, kind="holiday", name="误录")
    moved = Clock.objects.get(matter=matter, rule_code="COMP-ACC").statutory_due_at
    assert moved > first
    monday(first - matter.opened_at + timedelta(hours=1))
    swept()
    assert Clock.objects.get(matter=matter, rule_code="COMP-ACC").light != "overdue"
    set_calendar_day(actor=SYSTEM, day=day, kind="", name="")
    swept()
    row = Clock.objects.get(matter=matter, rule_code="COMP-ACC")
    assert (row.light, row.statutory_due_at) == ("overdue", first)
    assert Event.objects.filter(stream=matter.pk, kind="matter.clock_lit", payload__light="overdue").count() == 1
    assert overdue(day) == 1
    assert differences() == []


def test_an_event_that_cannot_be_handled_holds_up_no_order_of_others_and_is_tried_again(monday: Advance, monkeypatch: pytest.MonkeyPatch) -> None:
    agency = factories.office("legal_aid_agency", parent=factories.office("justice_bureau"))
    matters = [factories.matter("consultation", agency, person=factories.citizen(f"甲{n}", f"1390000{n:04d}")) for n in range(4)]
    monday(timedelta(hours=24, seconds=1))
    swept()
    while events.seal():
        pass
    sound, poisoned = services.raise_order, matters[1].pk

    def raise_order(*, matter: Matter, cause: str, handler: bool = True) -> Matter | None:
        if matter.pk == poisoned:
            raise RuntimeError("a fault in one matter's own data")
        return sound(matter=matter, cause=cause, handler=handler)

    def ordered() -> set[Any]:
        return set(MatterLink.objects.filter(relation="supervises").values_list("parent", flat=True))

    monkeypatch.setattr(tasks, "raise_order", raise_order)
    assert tasks.supervise_lateness() == LedgerEntry.objects.count()
    assert ordered() == {m.pk for m in matters} - {poisoned}
    stuck = Undelivered.objects.get()
    assert (stuck.consumer, stuck.event.stream, stuck.attempts) == ("oversight.lateness", poisoned, 1)
    assert tasks.supervise_lateness() == 0  # not before its time
    monday(timedelta(minutes=1))
    assert tasks.supervise_lateness() == 1
    assert Undelivered.objects.get().attempts == 2
    monkeypatch.setattr(tasks, "raise_order", sound)
    monday(timedelta(minutes=4))
    assert tasks.supervise_lateness() == 1
    assert ordered() == {m.pk for m in matters}
    assert not Undelivered.objects.exists()
    with transaction.atomic():
        assert tasks.supervise_lateness() == 0


def test_a_body_complained_about_is_barred_with_everybody_in_it_and_below_it(monday: Advance) -> None:
    bureau = factories.office("justice_bureau")
    agency = factories.office("legal_aid_agency", parent=bureau, name="蜀山法律援助中心")
    desk = factories.office("service_center", parent=agency)
    inside = [
        factories.actor(factories.staff("内甲", "complaint_handler", at=agency, region="340100")),
        factories.actor(factories.staff("内乙", "supervisor", at=desk, region="340100")),
    ]
    outside = factories.actor(factories.staff("外甲", "complaint_handler", at=bureau))
    for staff_actor in inside:  # they have rights over the bureau's complaints too
        grant_role(actor=SYSTEM, staff=Staff.objects.get(pk=staff_actor.staff_id), role="complaint_handler", office_id=bureau.pk, region_code="340100")
    asked = Request(
        "complaint", "他们拖着不办，还要我交钱", "340100", form={"target": "legal_aid", "respondent": "蜀山法律援助中心", "conduct": "delay"},
    )  # fmt: skip
    received = receive(actor=ANONYMOUS, visitor=Visitor(name="王小明", phone="13800000001"), requests=[asked])
    matter = Matter.objects.get(pk=received.matters[0].pk)
    party = matter.parties.get(relation="respondent")
    assert party.organisation_id == agency.pk
    for staff_actor in inside:
        fresh = factories.actor(Staff.objects.get(pk=staff_actor.staff_id))
        assert sight(fresh, matter) == frozenset()
        assert matter not in visible_to(fresh)
        with pytest.raises(Refusal) as refused:
            actions.assign(actor=outside, matter_id=matter.pk, staff_id=fresh.account)
        assert refused.value.code == "matter.conflict"
    assert "content" in sight(outside, matter)
    assert matter in visible_to(outside)
