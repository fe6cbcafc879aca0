"""并案: one level, one answer, and never a lock: whoever the common answer does not reach is handled on its own again, and told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from fawang.kernel.errors import Forbidden, Refusal
from fawang.kernel.models import Event
from fawang.matters import actions, sweeper
from fawang.matters.dispatching import allocate_waiting
from fawang.matters.models import Clock, Matter, Message
from fawang.matters.services import possible_steps, take_step
from fawang.people.models import Notice
from tests import factories

pytestmark = pytest.mark.django_db
Advance = Callable[[timedelta], None]
ANSWER = {"body": "可以先向劳动监察大队投诉，再申请仲裁。"}


@pytest.fixture
def cast(monday: Advance) -> dict[str, Any]:
    agency = factories.office("legal_aid_agency", parent=factories.office("justice_bureau"))
    li, chen = (
        factories.staff(name, "adviser", at=agency, is_adviser=True, phone=phone) for name, phone in (("李律师", "13700000001"), ("陈律师", "13700000002"))
    )
    return {
        "agency": agency, "li": factories.actor(li), "chen": factories.actor(chen), "advance": monday,
        "dispatcher": factories.actor(factories.staff("王派单", "dispatcher", at=agency)),
    }  # fmt: skip


def asked(cast: dict[str, Any], n: int, by: str = "") -> tuple[Matter, Any]:
    """A question of another person each time, given to ``by``; and its asker."""
    person = factories.citizen(f"工友{n}", f"1380000010{n}")
    matter = factories.matter("consultation", cast["agency"], person=person)
    if by:
        actions.assign(actor=cast["dispatcher"], matter_id=matter.pk, staff_id=cast[by].account)
    return matter, factories.person_actor(person)


def joined(cast: dict[str, Any], lead: Matter, *members: Matter) -> None:
    actions.join(actor=cast["dispatcher"], lead_id=lead.pk, member_ids=[m.pk for m in members])


def fresh(matter: Matter) -> Matter:
    return Matter.objects.get(pk=matter.pk)


def released(matter: Matter) -> list[str]:
    return list(Event.objects.filter(stream=matter.pk, kind="matter.released").values_list("payload__reason", flat=True))


def answers(cast: dict[str, Any], who: str, matter: Matter) -> Matter:
    return take_step(actor=cast[who], matter_id=matter.pk, verb="answer", data=ANSWER)


def closings() -> dict[str, tuple[str, dict[str, Any]]]:
    return {
        "withdrawn": ("asker", {}),
        "rejected": ("dispatcher", {"kind": "advert", "reason": "广告"}),
        "redirected": ("dispatcher", {"body_name": "住建局", "reason": "不是法律问题"}),
        "merged": ("dispatcher", {}),
    }


@pytest.mark.parametrize("end", closings())
def test_a_lead_that_closes_unanswered_leaves_each_member_to_its_handler_who_is_told(cast: dict[str, Any], end: str) -> None:
    (lead, asker), (mine, _) = asked(cast, 1, "li"), asked(cast, 2, "chen")
    joined(cast, lead, mine)
    due = Clock.objects.get(matter=mine, rule_code="CONS-MSG", state="running").statutory_due_at
    with pytest.raises(Refusal) as led:
        answers(cast, "chen", mine)
    assert led.value.code == "matter.led"
    by, data = closings()[end]
    if end == "merged":
        data = {"into": factories.matter("consultation", cast["agency"], person=factories.citizen("工友1", "13800000101")).number}
    actor = asker.holding(lead.pk) if by == "asker" else cast[by]
    verb = {"withdrawn": "withdraw", "rejected": "reject", "redirected": "redirect", "merged": "merge"}[end]
    assert take_step(actor=actor, matter_id=lead.pk, verb=verb, data=data).state == end
    assert (fresh(mine).lead_id, fresh(mine).assignee_id, released(mine)) == (None, cast["chen"].account, ["lead_closed"])
    assert [(n.to, n.template) for n in Notice.objects.filter(template="released")] == [("13700000002", "released")]
    assert Clock.objects.get(matter=mine, rule_code="CONS-MSG", state="running").statutory_due_at == due
    assert answers(cast, "chen", mine).state == "answered"


def test_a_member_nobody_handled_goes_back_to_the_pool(cast: dict[str, Any]) -> None:
    (lead, asker), (mine, _) = asked(cast, 1, "li"), asked(cast, 2)
    joined(cast, lead, mine)
    cast["advance"](timedelta(hours=3))
    allocate_waiting()
    assert fresh(mine).assignee_id is None  # the lead's answer will be its own
    take_step(actor=asker.holding(lead.pk), matter_id=lead.pk, verb="withdraw", data={})
    allocate_waiting()
    assert fresh(mine).assignee_id is not None


def test_a_member_that_asks_back_after_the_common_answer_is_answered_on_its_own(cast: dict[str, Any]) -> None:
    (lead, lead_asker), (mine, asker), (other, _) = asked(cast, 1, "li"), asked(cast, 2, "chen"), asked(cast, 3, "chen")
    joined(cast, lead, mine, other)
    answers(cast, "li", lead)
    assert [(fresh(m).state, fresh(m).lead_id) for m in (mine, other)] == [("answered", lead.pk)] * 2
    take_step(actor=asker.holding(mine.pk), matter_id=mine.pk, verb="follow_up", data={"body": "我的合同是口头的。"})
    assert (fresh(mine).state, fresh(mine).lead_id, released(mine)) == ("follow_up", None, ["active"])
    take_step(actor=lead_asker.holding(lead.pk), matter_id=lead.pk, verb="follow_up", data={"body": "仲裁要多久？"})
    answers(cast, "li", lead)  # what the lead's asker asked back is answered to him alone
    assert (fresh(mine).state, Message.objects.filter(matter=mine, kind="answer").count()) == ("follow_up", 1)
    assert Message.objects.filter(matter=other, kind="answer").count() == 1
    assert answers(cast, "chen", mine).state == "answered"


def test_a_member_reopened_or_asked_for_facts_of_its_own_comes_back_to_its_handler(cast: dict[str, Any]) -> None:
    (lead, _), (mine, asker), (other, other_asker) = asked(cast, 1, "li"), asked(cast, 2, "chen"), asked(cast, 3, "chen")
    joined(cast, lead, mine, other)
    take_step(actor=cast["chen"], matter_id=other.pk, verb="ask_facts", data={"body": "请补充入职日期。"})
    answers(cast, "li", lead)
    assert fresh(other).state == "waiting_facts"  # the answer did not find it
    take_step(actor=other_asker.holding(other.pk), matter_id=other.pk, verb="give_facts", data={"body": "去年三月。"})
    assert (fresh(other).lead_id, released(other)) == (None, ["active"])
    assert answers(cast, "chen", other).state == "answered"
    cast["advance"](timedelta(days=9))
    while sweeper.sweep():
        pass
    assert [fresh(m).state for m in (lead, mine)] == ["closed", "closed"]
    take_step(actor=asker.holding(mine.pk), matter_id=mine.pk, verb="reopen", data={"reason": "单位还是不付"})
    assert (fresh(mine).state, fresh(mine).lead_id) == ("follow_up", None)
    assert answers(cast, "chen", mine).state == "answered"


def test_no_open_member_is_left_with_a_lead_that_is_closed(cast: dict[str, Any]) -> None:
    (lead, _), (mine, _) = asked(cast, 1, "li"), asked(cast, 2, "chen")
    joined(cast, lead, mine)
    take_step(actor=cast["chen"], matter_id=mine.pk, verb="ask_facts", data={"body": "请补充入职日期。"})
    answers(cast, "li", lead)
    cast["advance"](timedelta(days=9))
    while sweeper.sweep():
        pass
    assert (fresh(lead).state, fresh(mine).state) == ("closed", "waiting_facts")
    assert not Matter.objects.filter(is_open=True, lead__is_open=False).exists()
    assert not Notice.objects.filter(template="released").exists()  # it is the asker's turn, not the handler's


def test_a_dispatcher_has_a_member_handled_on_its_own_and_says_why(cast: dict[str, Any]) -> None:
    (lead, _), (mine, _) = asked(cast, 1, "li"), asked(cast, 2, "chen")
    joined(cast, lead, mine)
    with pytest.raises(Forbidden):
        actions.leave(actor=cast["chen"], matter_id=mine.pk, reason="我想单独答")
    actions.leave(actor=cast["dispatcher"], matter_id=mine.pk, reason="其实是另一家单位")
    assert (fresh(mine).lead_id, released(mine)) == (None, ["by_hand"])
    note = Message.objects.get(matter=mine, kind="note")
    assert (note.body, note.audience) == ("其实是另一家单位", "internal")
    assert Notice.objects.filter(template="released").count() == 1
    with pytest.raises(Refusal) as refused:
        actions.leave(actor=cast["dispatcher"], matter_id=mine.pk, reason="再来一次")
    assert refused.value.code == "matter.not_joined"
    assert "answer" in {s.verb for s, refusal in possible_steps(cast["chen"], fresh(mine)) if refusal is None}


def refused(cast: dict[str, Any], lead: Matter, *members: Matter) -> tuple[str, str]:
    with pytest.raises(Refusal) as found:
        joined(cast, lead, *members)
    assert found.value.status == 409
    return found.value.code, str(found.value)


def test_joining_has_one_level_and_a_lead_can_still_answer(cast: dict[str, Any]) -> None:
    (a, _), (b, _), (c, _), (d, _) = asked(cast, 1, "li"), asked(cast, 2, "chen"), asked(cast, 3, "li"), asked(cast, 4)
    joined(cast, a, b)
    assert refused(cast, b, c) == ("matter.led_lead", f"{b.number} 已并入 {a.number}，不能再牵头；请直接并入 {a.number}。")
    code, words = refused(cast, c, a)
    assert code == "matter.leads"
    assert words.startswith(a.number)
    assert refused(cast, c, b)[0] == "matter.joined"
    assert refused(cast, a, a)[0] == "matter.self_link"
    joined(cast, a, b)  # joined already is joined
    assert Event.objects.filter(stream=b.pk, kind="matter.joined").count() == 1
    answers(cast, "li", c)
    assert refused(cast, c, d) == ("matter.cannot_lead", f"{c.number} 现在是“已答复”，它的答复到不了并进来的事项；请选正在办理的事项牵头。")
    actions.leave(actor=cast["dispatcher"], matter_id=b.pk, reason="分开办")
    joined(cast, d, a)  # what leads nobody any more may be joined
    assert fresh(a).lead_id == d.pk
