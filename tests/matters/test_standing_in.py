"""Leave and substitute: matters go to whom the absent named, never wider than his rights, and come back with him."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from fawang.kernel import clock
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import decide
from fawang.matters import actions
from fawang.matters.models import Assignment, Matter
from fawang.matters.policies import sight
from fawang.matters.selectors import left_behind
from fawang.matters.services import take_step
from fawang.matters.standing_in import stand_in, tell_left_behind
from fawang.people.accounts import set_leave
from fawang.people.models import Leave, Notice, Staff
from fawang.people.selectors import possible_substitutes
from tests import factories

Advance = Callable[[timedelta], None]
pytestmark = pytest.mark.django_db
ANSWER = {"body": "可以先投诉，再申请仲裁。", "citations": "《劳动法》第五十条"}


@pytest.fixture
def desk(staffed: dict[str, Any]) -> dict[str, Any]:
    """Li handles one matter; Zhou is his colleague."""
    matter = factories.matter("consultation", staffed["agency"], person=factories.citizen("甲", "13900000001"))
    actions.assign(actor=staffed["dispatcher"], matter_id=matter.pk, staff_id=staffed["li"].pk)
    return {**staffed, "matter": matter}


def away(who: Staff, substitute: Staff | None, days: int = 2) -> None:
    set_leave(actor=factories.actor(who), staff=who, starts_at=clock.now(), ends_at=clock.now() + timedelta(days=days), substitute=substitute)


def handler(matter: Matter) -> Any:
    return Matter.objects.get(pk=matter.pk).assignee_id


def test_the_substitute_has_the_open_matters_and_the_absent_has_no_access_until_he_is_back(desk: dict[str, Any], monday: Advance) -> None:
    li, zhou, matter = factories.actor(desk["li"]), factories.actor(desk["zhou"]), desk["matter"]
    assert "content" not in sight(zhou, matter)
    away(desk["li"], desk["zhou"])
    assert stand_in() == 1
    assert stand_in() == 0, "once"
    spell = Assignment.objects.get(matter=matter, ended_at=None)
    assert (spell.staff_id, spell.method, spell.note) == (desk["zhou"].pk, "substituted", "代班")
    fresh = Matter.objects.get(pk=matter.pk)
    assert "content" in sight(zhou, fresh)
    assert not decide("matters.assignee", li, fresh)
    with pytest.raises(Absent):
        take_step(actor=li, matter_id=matter.pk, verb="answer", data=ANSWER)
    monday(timedelta(days=2))
    assert stand_in() == 1
    assert handler(matter) == desk["li"].pk
    assert "content" not in sight(zhou, Matter.objects.get(pk=matter.pk)), "with his spell his sight ends"
    assert stand_in() == 0


def test_what_a_dispatcher_decides_meanwhile_stays(desk: dict[str, Any], monday: Advance) -> None:
    away(desk["li"], desk["zhou"])
    stand_in()
    actions.assign(actor=desk["dispatcher"], matter_id=desk["matter"].pk, staff_id=desk["zhou"].pk)  # a dispatcher decided for good
    monday(timedelta(days=3))
    assert stand_in() == 0
    assert handler(desk["matter"]) == desk["zhou"].pk


def test_without_a_substitute_nothing_moves(desk: dict[str, Any]) -> None:
    away(desk["li"], None)
    assert stand_in() == 0
    assert handler(desk["matter"]) == desk["li"].pk


@pytest.mark.parametrize("why", ["no post in common", "of another office", "a party himself", "away too", "left"])
def test_nobody_stands_in_beyond_his_rights_even_when_something_changed_after_he_was_named(desk: dict[str, Any], why: str) -> None:
    zhou = desk["zhou"]
    away(desk["li"], zhou)
    if why == "no post in common":
        zhou.grants.update(revoked_at=clock.now())
    elif why == "of another office":
        Staff.objects.filter(pk=zhou.pk).update(office_id=factories.office("legal_aid_agency", parent=desk["bureau"]).pk)
    elif why == "a party himself":
        desk["matter"].parties.create(relation="opponent", staff_id=zhou.pk)
    elif why == "away too":
        away(zhou, None)
    else:
        Staff.objects.filter(pk=zhou.pk).update(state="left")
    assert stand_in() == 0
    assert handler(desk["matter"]) == desk["li"].pk


def test_what_the_substitute_may_not_have_never_keeps_the_rest_waiting(desk: dict[str, Any]) -> None:
    free = factories.matter("consultation", desk["agency"], person=factories.citizen("乙", "13900000002"))
    actions.assign(actor=desk["dispatcher"], matter_id=free.pk, staff_id=desk["li"].pk)
    desk["matter"].parties.create(relation="opponent", staff_id=desk["zhou"].pk)
    away(desk["li"], desk["zhou"])
    assert stand_in(batch=1) == 1
    assert (handler(desk["matter"]), handler(free)) == (desk["li"].pk, desk["zhou"].pk)


def told() -> list[str]:
    return [n.to for n in Notice.objects.filter(template="left_behind")]


def on_board(who: Staff) -> list[Any]:
    return [m.pk for m in left_behind(factories.actor(who))]


def test_what_lies_with_somebody_on_leave_is_told_to_the_dispatcher_once_a_day_and_stands_on_the_board(desk: dict[str, Any], monday: Advance) -> None:
    dispatcher, matter = desk["dispatcher"].staff(), desk["matter"]
    Staff.objects.filter(pk=dispatcher.pk).update(phone="13800000009")
    Staff.objects.filter(pk=factories.staff("别处派单", "dispatcher", at=factories.office("legal_aid_agency", parent=desk["bureau"])).pk).update(
        phone="13800000008"
    )
    assert (tell_left_behind(), on_board(dispatcher)) == (0, [])
    away(desk["li"], None, days=3)
    assert (tell_left_behind(), tell_left_behind()) == (1, 0)
    assert (told(), on_board(dispatcher), on_board(desk["zhou"])) == (["13800000009"], [matter.pk], [])
    monday(timedelta(days=1))
    assert tell_left_behind() == 1
    actions.assign(actor=desk["dispatcher"], matter_id=matter.pk, staff_id=desk["zhou"].pk)
    monday(timedelta(days=1))
    assert (tell_left_behind(), on_board(dispatcher)) == (0, [])


def test_an_office_without_a_dispatcher_has_the_one_above_told(desk: dict[str, Any]) -> None:
    desk["dispatcher"].staff().grants.update(revoked_at=clock.now())
    above = factories.staff("局派单", "dispatcher", at=desk["bureau"])
    Staff.objects.filter(pk=above.pk).update(phone="13800000007")
    away(desk["li"], None)
    assert (tell_left_behind(), told()) == (1, ["13800000007"])


def test_a_complaint_is_told_to_those_who_give_out_complaints_and_to_nobody_else(desk: dict[str, Any]) -> None:
    bureau = desk["bureau"]
    wu, he = (factories.staff(name, "complaint_handler", at=bureau) for name in ("吴投诉", "何投诉"))
    boss = factories.staff("局派单", "dispatcher", at=bureau)
    for n, who in enumerate((wu, he, boss)):
        Staff.objects.filter(pk=who.pk).update(phone=f"1380000001{n}")
    complaint = factories.matter("complaint", bureau, person=factories.citizen("丙", "13900000003"))
    actions.assign(actor=factories.actor(he), matter_id=complaint.pk, staff_id=wu.pk)
    away(wu, None)
    assert (tell_left_behind(), told()) == (1, ["13800000011"]), "he who is away is not told of himself"
    assert (on_board(boss), on_board(he)) == ([], [complaint.pk])


def test_a_refused_substitute_gets_the_matter_within_a_minute_of_the_conflict_ending(desk: dict[str, Any], monday: Advance) -> None:
    opponent = desk["matter"].parties.create(relation="opponent", staff_id=desk["zhou"].pk)
    away(desk["li"], desk["zhou"])
    assert (stand_in(), on_board(desk["dispatcher"].staff())) == (0, [desk["matter"].pk])
    opponent.delete()
    assert stand_in() == 0, "it is not tried again every second"
    monday(timedelta(minutes=1))
    assert stand_in() == 1


def test_who_could_not_stand_in_is_neither_offered_nor_taken_as_substitute(desk: dict[str, Any]) -> None:
    li, elsewhere = desk["li"], factories.office("legal_aid_agency", parent=desk["bureau"])
    unfit = [
        factories.staff("孙窗口", "window_clerk", at=desk["agency"]),
        factories.staff("钱律师", "adviser", at=elsewhere, is_adviser=True),
        li,
    ]
    for name in unfit:
        with pytest.raises(Refusal) as refused:
            away(li, name)
        assert refused.value.fields["substitute"].code == "leave.substitute"
    assert Leave.objects.count() == 0
    assert [s.pk for s in possible_substitutes(li)] == [desk["zhou"].pk]


def test_who_stands_in_and_goes_on_leave_himself_passes_on_and_the_owner_gets_it_back(desk: dict[str, Any], monday: Advance) -> None:
    wu = factories.staff("吴律师", "adviser", at=desk["agency"], is_adviser=True)
    away(desk["li"], desk["zhou"], days=4)
    stand_in()
    monday(timedelta(days=1))
    away(desk["zhou"], wu, days=1)
    assert stand_in() == 1
    assert handler(desk["matter"]) == wu.pk
    monday(timedelta(days=1))
    assert stand_in() == 0, "it does not wander while its owner is away"
    monday(timedelta(days=2))
    assert stand_in() == 1
    assert handler(desk["matter"]) == desk["li"].pk
