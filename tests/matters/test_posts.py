"""Who may handle a matter: whom its process names, over the place, in service, without a conflict, and nobody who gave it back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from fawang.kernel import clock
from fawang.kernel.errors import Absent, Forbidden, Refusal
from fawang.matters import actions
from fawang.matters.allocation import candidates_for
from fawang.matters.dispatching import allocate_waiting
from fawang.matters.leaving import release_left
from fawang.matters.models import Assignment, Matter
from fawang.matters.parties import PartyWords
from fawang.matters.policies import sight, visible_to
from fawang.matters.selectors import QueueFilter, queue
from fawang.matters.services import take_step
from fawang.people.accounts import disable_staff, move_staff, revoke_role
from fawang.people.actors import SYSTEM
from fawang.people.models import Staff
from tests import factories

Advance = Callable[[timedelta], None]
pytestmark = pytest.mark.django_db
ANSWER = {"body": "可以先投诉，再申请仲裁。", "citations": "《劳动法》第五十条"}


@pytest.fixture
def desk(staffed: dict[str, Any]) -> dict[str, Any]:
    """With a complaint handler at the bureau."""
    return {**staffed, "wu": factories.staff("吴投诉", "complaint_handler", at=staffed["bureau"])}


def given(desk: dict[str, Any], to: Staff, phone: str = "13900000001") -> Matter:
    matter = factories.matter("consultation", desk["agency"], person=factories.citizen("甲", phone))
    actions.assign(actor=desk["dispatcher"], matter_id=matter.pk, staff_id=to.pk)
    return Matter.objects.get(pk=matter.pk)


def add(desk: dict[str, Any], matter: Matter, name: str, phone: str = "") -> None:
    words = PartyWords(relation="opponent", name=name, phone=phone)
    actions.add_matter_party(actor=desk["dispatcher"], matter_id=matter.pk, words=words)


def test_a_complaint_is_handled_by_complaint_handlers_taken_given_or_by_rule(desk: dict[str, Any]) -> None:
    adviser = factories.staff("局律师", "adviser", at=desk["bureau"], is_adviser=True)
    wu = factories.actor(desk["wu"])
    first, second, third = (factories.matter("complaint", desk["bureau"], person=factories.citizen("丙", f"1390000001{n}")) for n in range(3))
    assert [c.id for c in candidates_for(first)] == [desk["wu"].pk]
    assert actions.assign(actor=wu, matter_id=first.pk, staff_id=None).staff_id == desk["wu"].pk
    assert actions.assign(actor=wu, matter_id=second.pk, staff_id=desk["wu"].pk).staff_id == desk["wu"].pk
    assert actions.claim(actor=wu, matter_id=third.pk).staff_id == desk["wu"].pk
    with pytest.raises(Refusal) as refused:
        actions.assign(actor=wu, matter_id=third.pk, staff_id=adviser.pk)
    assert refused.value.fields["staff"].code == "matter.assignee"
    take_step(actor=wu, matter_id=first.pk, verb="accept", data={})
    assert Matter.objects.get(pk=first.pk).state == "investigating"


@pytest.mark.parametrize("who", ["system_admin", "security_admin", "audit_admin", "window_clerk", "complaint_handler", "nobody", "of another office"])
def test_nobody_is_made_handler_beyond_his_posts(desk: dict[str, Any], who: str) -> None:
    if who == "of another office":
        staff = factories.staff("外律师", "adviser", at=factories.office("legal_aid_agency", parent=desk["bureau"]), is_adviser=True)
    elif who == "nobody":
        staff = factories.staff("无岗位", "adviser", at=desk["agency"])
        staff.grants.update(revoked_at=clock.now())
    else:
        staff = factories.staff("某人", who, at=desk["agency"])
    matter = given(desk, desk["li"])
    for give in (
        lambda: actions.assign(actor=desk["dispatcher"], matter_id=matter.pk, staff_id=staff.pk),
        lambda: actions.hand_over(actor=factories.actor(desk["li"]), matter_id=matter.pk, staff_id=staff.pk, note="请接着办"),
    ):
        with pytest.raises(Refusal) as refused:
            give()
        assert refused.value.fields["staff"].code == "matter.assignee"
    assert Matter.objects.get(pk=matter.pk).assignee_id == desk["li"].pk
    assert sight(factories.actor(staff), matter) == frozenset() or who == "window_clerk" or who == "audit_admin"


@pytest.mark.parametrize("how", ["left", "post taken", "moved", "post ended"])
def test_whoever_leaves_moves_or_loses_the_post_sees_nothing_more_at_once_and_it_is_given_out_anew(desk: dict[str, Any], monday: Advance, how: str) -> None:
    li, matter = desk["li"], given(desk, desk["li"])
    done = given(desk, li, "13900000002")
    take_step(actor=factories.actor(li), matter_id=done.pk, verb="answer", data=ANSWER)
    assert release_left() == 0
    if how == "left":
        disable_staff(actor=SYSTEM, staff=li, reason="调离")
    elif how == "post taken":
        revoke_role(actor=SYSTEM, grant=li.grants.get())
    elif how == "post ended":
        li.grants.update(valid_to=clock.now())
    else:
        move_staff(actor=SYSTEM, staff=li, office_id=factories.office("legal_aid_agency", parent=desk["bureau"]).pk)
    gone = factories.actor(Staff.objects.get(pk=li.pk))
    for mine in (matter, done):
        assert sight(gone, Matter.objects.get(pk=mine.pk)) == frozenset()
    assert gone.kind == "anonymous" or queue(gone, QueueFilter(scope="mine")) == []
    assert list(visible_to(gone)) == []
    with pytest.raises((Absent, Forbidden)):
        take_step(actor=gone, matter_id=matter.pk, verb="answer", data=ANSWER)
    assert release_left() == 2
    assert Assignment.objects.get(matter=matter, ended_at__isnull=False).end_reason == "left_post"
    assert release_left() == 0
    monday(timedelta(minutes=10))
    allocate_waiting()
    assert Matter.objects.get(pk=matter.pk).assignee_id == desk["zhou"].pk


def test_a_post_given_to_somebody_new_gives_him_nothing_of_his_predecessor_and_takes_nothing_from_others(desk: dict[str, Any]) -> None:
    matter = given(desk, desk["zhou"])
    revoke_role(actor=SYSTEM, grant=desk["li"].grants.get())
    assert release_left() == 0
    assert Matter.objects.get(pk=matter.pk).assignee_id == desk["zhou"].pk


def test_a_declined_matter_never_goes_back_by_rule_to_who_declined_it(desk: dict[str, Any], monday: Advance) -> None:
    matter = given(desk, desk["li"])
    actions.decline(actor=factories.actor(desk["li"]), matter_id=matter.pk, reason="与对方有旧，不宜办理")
    monday(timedelta(minutes=10))
    assert allocate_waiting() == 1
    assert Matter.objects.get(pk=matter.pk).assignee_id == desk["zhou"].pk
    actions.decline(actor=factories.actor(desk["zhou"]), matter_id=matter.pk, reason="也不宜办理")
    monday(timedelta(hours=2))
    assert allocate_waiting() == 0, "nobody is left: a dispatcher decides"
    assert actions.assign(actor=desk["dispatcher"], matter_id=matter.pk, staff_id=desk["li"].pk).staff_id == desk["li"].pk


@pytest.mark.parametrize("phone", ["", "13900000077"])
def test_who_advises_one_side_never_gets_the_other_whatever_numbers_it_leaves(desk: dict[str, Any], phone: str) -> None:
    mine = given(desk, desk["li"])
    add(desk, mine, "王五")
    other = factories.matter("consultation", desk["agency"], person=factories.citizen("王五", phone or "13900000078"))
    if not phone:
        other.parties.update(phone="", phone_index=b"")
    with pytest.raises(Refusal) as refused:
        actions.claim(actor=factories.actor(desk["li"]), matter_id=other.pk)
    assert refused.value.code == "matter.conflict"


def test_a_namesake_whom_his_number_tells_apart_is_no_conflict(desk: dict[str, Any]) -> None:
    mine = given(desk, desk["li"])
    add(desk, mine, "王五", "13900000088")
    other = factories.matter("consultation", desk["agency"], person=factories.citizen("王五", "13900000077"))
    assert actions.claim(actor=factories.actor(desk["li"]), matter_id=other.pk).staff_id == desk["li"].pk
