"""P21: what two people may not both get, only one gets, however close they come."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from fawang.kernel import clock
from fawang.kernel.ids import check_digit
from fawang.kernel.models import Event
from fawang.matters import actions, allocation, sweeper
from fawang.matters.models import Assignment, Category, CategoryVersion, Matter, MatterLink, QueueTicket
from fawang.matters.papers import issue
from fawang.matters.parties import PartyWords
from fawang.matters.taxonomy import publish_edition
from fawang.matters.tickets import call_next, issue_ticket
from fawang.oversight.services import order_by_hand, raise_order, rate
from fawang.people.actors import ANONYMOUS, SYSTEM
from tests import factories
from tests.matters.races import codes, done, together


@pytest.fixture(scope="module")
def cast(committed_database: str) -> dict[str, Any]:
    """One agency with a dispatcher, a supervisor and fifty advisers."""
    bureau = factories.office("justice_bureau")
    agency = factories.office("legal_aid_agency", parent=bureau)
    return {
        "agency": agency,
        "dispatcher": factories.actor(factories.staff("王派单", "dispatcher", at=agency)),
        "supervisor": factories.actor(factories.staff("赵督办", "supervisor", at=agency)),
        "clerk": factories.actor(factories.staff("孙窗口", "window_clerk", at=agency)),
        "advisers": [factories.staff(f"律师{n}", "adviser", at=agency, is_adviser=True) for n in range(50)],
    }


def opened(cast: dict[str, Any], **more: Any) -> Matter:
    with transaction.atomic():
        return factories.matter("consultation", cast["agency"], **more)


def test_one_matter_claimed_by_fifty_advisers_goes_to_exactly_one(cast: dict[str, Any]) -> None:
    for n in range(3):
        matter = opened(cast, person=factories.citizen(f"甲{n}", f"1390000{n:04d}"))
        actors = [factories.actor(a) for a in cast["advisers"]]
        results = together([partial(actions.claim, actor=a, matter_id=matter.pk) for a in actors])
        assert len(done(results)) == 1
        assert set(codes(results)) == {"matter.taken"}
        spell = Assignment.objects.get(matter=matter)
        assert Matter.objects.get(pk=matter.pk).assignee_id == spell.staff_id == done(results)[0].staff_id
        assert Event.objects.filter(stream=matter.pk, kind="matter.assigned").count() == 1


def test_dispatcher_and_claimants_at_once_leave_one_handler(cast: dict[str, Any]) -> None:
    for n in range(5):
        matter = opened(cast, person=factories.citizen(f"乙{n}", f"1391000{n:04d}"))
        actors = [factories.actor(a) for a in cast["advisers"][:6]]
        together(
            [
                *[partial(actions.claim, actor=a, matter_id=matter.pk) for a in actors],
                *[partial(actions.assign, actor=cast["dispatcher"], matter_id=matter.pk, staff_id=s.pk) for s in cast["advisers"][6:9]],
                partial(actions.assign, actor=cast["dispatcher"], matter_id=matter.pk, staff_id=None),
            ]
        )
        running = Assignment.objects.filter(matter=matter, ended_at=None)
        assert running.count() == 1
        assert Matter.objects.get(pk=matter.pk).assignee_id == running.get().staff_id


def admitted(cast: dict[str, Any], pairs: int, prefix: str) -> int:
    """How often two colleagues got both sides: worker against boss and boss against worker, given out in the same instant."""
    both = 0
    for n in range(pairs):
        worker, boss = f"{prefix}0{n:04d}", f"{prefix}1{n:04d}"
        mine = opened(cast, person=factories.citizen(f"工{n}", worker), parties=(PartyWords("opponent", f"老板{n}", boss),))
        his = opened(cast, person=factories.citizen(f"老板{n}", boss), parties=(PartyWords("opponent", f"工{n}", worker),))
        one, other = cast["advisers"][2 * n % 50], cast["advisers"][(2 * n + 1) % 50]
        results = together(
            [
                partial(actions.assign, actor=cast["dispatcher"], matter_id=mine.pk, staff_id=one.pk),
                partial(actions.assign, actor=cast["dispatcher"], matter_id=his.pk, staff_id=other.pk),
            ]
        )
        assert len(done(results)) >= 1
        assert set(codes(results)) <= {"matter.conflict"}
        both += len(done(results)) == 2
    return both


def slowly(sound: Callable[..., Any]) -> Callable[..., Any]:
    """The same check, with the time in which a rival may slip in."""

    def check(*args: Any) -> Any:
        found = sound(*args)
        time.sleep(0.05)
        return found

    return check


def test_colleagues_of_one_office_never_end_on_both_sides(cast: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """律师法 §39: one office does not advise both sides of a dispute."""
    assert admitted(cast, 14, "137000") == 0
    monkeypatch.setattr(allocation, "conflict_of", slowly(allocation.conflict_of))
    assert admitted(cast, 4, "137100") == 0


def test_without_the_lock_on_the_parties_the_same_race_is_lost(cast: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The broken build the race above must catch."""
    monkeypatch.setattr(allocation, "conflict_of", slowly(allocation.conflict_of))
    monkeypatch.setattr(allocation, "lock_parties", lambda matter: None)
    assert admitted(cast, 4, "137200") > 0


def test_capacity_holds_against_a_burst_of_claims(cast: dict[str, Any]) -> None:
    adviser = factories.staff("满律师", "adviser", at=cast["agency"], is_adviser=True, capacity=5)
    actor = factories.actor(adviser)
    matters = [opened(cast, person=factories.citizen(f"丙{n}", f"1392000{n:04d}")) for n in range(16)]
    results = together([(lambda m=m: actions.claim(actor=actor, matter_id=m.pk)) for m in matters])
    assert len(done(results)) == 5
    assert set(codes(results)) == {"matter.capacity"}


def test_numbers_of_matters_documents_and_tickets_are_drawn_once(cast: dict[str, Any]) -> None:
    def document(matter: Matter) -> Callable[[], str]:
        def act() -> str:
            with transaction.atomic():
                return issue(matter, "consultation_reply", "答复").number

        return act

    matters = done(together([lambda: opened(cast, person=None)] * 40))
    numbers = {m.number for m in matters}
    assert len(numbers) == 40
    assert all(check_digit(n.replace("-", "")[:-1]) == n[-1] for n in numbers)
    documents = done(together([document(m) for m in matters]))
    assert len(set(documents)) == 40
    office = factories.office("service_center")
    tickets = done(together([lambda: issue_ticket(actor=cast["clerk"], office=office)] * 40))
    assert sorted(t.number for t in tickets) == list(range(1, 41))  # gapless: it hangs on the wall
    called = done(together([lambda: call_next(actor=cast["clerk"], office=office)] * 50))
    served = [t.pk for t in called if t is not None]
    assert len(served) == len(set(served)) == 40
    assert not QueueTicket.objects.filter(office=office, called_at=None).exists()


def test_one_order_a_cause_whoever_raises_it(cast: dict[str, Any]) -> None:
    matter = opened(cast, person=factories.citizen("丁", "13930000001"))
    results = together([lambda: order_by_hand(actor=cast["supervisor"], matter_id=matter.pk, reason="群众再次反映")] * 20)
    assert len(done(results)) == 1
    assert codes(results) == ["order.open"] * 19

    def late() -> Any:
        from fawang.matters.services import lock

        with transaction.atomic():
            return raise_order(matter=lock(matter.pk), cause="red:CONS-MSG")

    made = [r for r in together([late] * 10) if r is not None]
    assert len(made) == 1
    assert MatterLink.objects.filter(parent=matter, relation="supervises").count() == 2


def test_one_rating_a_service_however_often_it_is_sent_at_once(cast: dict[str, Any]) -> None:
    from fawang.matters.services import take_step

    matter = opened(cast, person=factories.citizen("戊", "13940000001"))
    holder = ANONYMOUS.holding(matter.pk)
    take_step(actor=cast["dispatcher"], matter_id=matter.pk, verb="redirect", data={"body_name": "市医保局", "reason": "医保报销由医保局办理"})
    results = together([(lambda n=n: rate(actor=holder, matter_id=matter.pk, level=1 + n % 5)) for n in range(25)])
    assert len(done(results)) == 1
    assert codes(results) == ["rating.once"] * 24


def test_a_step_taken_twice_at_once_is_taken_once(cast: dict[str, Any]) -> None:
    from fawang.matters.services import take_step

    adviser = cast["advisers"][0]
    matter = opened(cast, person=factories.citizen("己", "13950000001"))
    actions.assign(actor=cast["dispatcher"], matter_id=matter.pk, staff_id=adviser.pk)
    actor = factories.actor(adviser)
    data = {"body": "可以申请劳动仲裁，也可以向劳动监察投诉。", "citations": "劳动合同法第三十条", "aid_notice": "told"}
    results = together([lambda: take_step(actor=actor, matter_id=matter.pk, verb="answer", data=data)] * 12)
    assert len(done(results)) == 1
    assert codes(results) == ["matter.not_here"] * 11
    assert Matter.objects.get(pk=matter.pk).messages.filter(kind="answer").count() == 1


def test_sweepers_side_by_side_light_every_limit_once(cast: dict[str, Any]) -> None:
    start = clock.now()
    with clock.frozen(start):
        matters = [opened(cast, person=factories.citizen(f"庚{n}", f"1396000{n:04d}")) for n in range(25)]
    with clock.frozen(start + timedelta(hours=25)):

        def work() -> int:
            total = 0
            for _ in range(12):
                total += sweeper.sweep(batch=20)
            return total

        together([work] * 4)
    wanted = [m.pk for m in matters]
    lit = Event.objects.filter(stream__in=wanted, kind="matter.clock_lit", payload__light="overdue")
    assert lit.count() == 25
    assert len(set(lit.values_list("stream", flat=True))) == 25
    assert Event.objects.filter(stream__in=wanted, kind="matter.clock_lit").count() == 25


def test_editions_of_the_categories_published_at_once_follow_each_other_or_are_told_of_the_later_one(committed_database: str) -> None:
    factories.taxonomy()
    rows = [dict(zip(("code", "name", "name_en", "words"), (c.code, c.name, c.name_en, ""), strict=True)) for c in Category.objects.filter(version_id=1)]
    days = [clock.today() + timedelta(days=30 + n) for n in range(6)]

    def publish(day: date) -> str:
        try:
            return str(publish_edition(actor=SYSTEM, rows=rows, effective_from=day, source="演示文件", mapping=[]).number)
        except ValueError as faults:
            return str(faults)

    told = [str(answer) for answer in together([partial(publish, day) for day in days])]
    published = sorted(int(answer) for answer in told if answer.isdigit())
    assert published == list(range(2, 2 + len(published)))
    assert all(answer.startswith("生效日期：要晚于今天，也要晚于上一版（") for answer in told if not answer.isdigit())
    in_force = list(CategoryVersion.objects.order_by("number").values_list("effective_from", flat=True))
    assert in_force == sorted(set(in_force))
    assert days[-1] in in_force, "nothing is later than the last"
    assert len(in_force) == 1 + len(published)
