"""One call, one ticket: drafts that survive, natures that ask for their fields, conversions, what a seat must never see."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from fawang.hotline import agents, conversions, seats, selectors, tickets
from fawang.hotline.models import CallTicket, TicketField
from fawang.hotline.natures import NATURES
from fawang.kernel.errors import Absent, Forbidden, Refusal
from fawang.kernel.models import Event
from fawang.matters.models import Matter, MatterLink
from fawang.matters.policies import sight
from fawang.people.models import Notice
from tests import factories
from tests.hotline.world import CONSULTED, World

pytestmark = pytest.mark.django_db


def done_call(world: World, who: Any, frm: str = "13800138000") -> Any:
    citizen, _ = world.connected(who, frm)
    citizen.hang_up()
    world.pump()
    return citizen


def test_a_draft_is_kept_field_by_field_and_two_tabs_cannot_overwrite_each_other_unseen(world: World) -> None:
    li = world.agent("李律师")
    citizen, _ = world.connected(li)
    ticket = world.ticket(citizen)
    first = tickets.save_field(actor=li, ticket_id=ticket.pk, name="facts", value="厂里拖欠")
    second = tickets.save_field(actor=li, ticket_id=ticket.pk, name="facts", value="厂里拖欠三个月工资", version=first.version)
    assert (first.version, second.version) == (1, 2)
    with pytest.raises(Refusal) as refused:
        tickets.save_field(actor=li, ticket_id=ticket.pk, name="facts", value="别的", version=1)
    assert (refused.value.code, refused.value.status) == ("hotline.field_stale", 409)
    assert tickets.values_of(CallTicket.objects.get(pk=ticket.pk)) == {"facts": "厂里拖欠三个月工资"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT value FROM hotline_ticketfield")
        assert "工资".encode() not in bytes(cursor.fetchone()[0]), "sealed at rest"
    with pytest.raises(Refusal):
        tickets.save_field(actor=li, ticket_id=ticket.pk, name="is_admin", value="1")


def test_a_draft_stays_after_everything_restarts_and_belongs_to_its_author_and_his_supervisor(world: World) -> None:
    li, zhou, boss = world.agent("李律师"), world.agent("周律师", ready=False), world.supervisor()
    citizen, _ = world.connected(li)
    ticket = world.ticket(citizen)
    tickets.save_field(actor=li, ticket_id=ticket.pk, name="facts", value="问工伤")
    world.engine.crash()
    world.engine.restart()
    assert tickets.values_of(world.ticket(citizen)) == {"facts": "问工伤"}
    with pytest.raises(Absent):
        tickets.save_field(actor=zhou, ticket_id=ticket.pk, name="facts", value="看看", version=1)
    tickets.save_field(actor=boss, ticket_id=ticket.pk, name="facts", value="问工伤认定", version=1)


@pytest.mark.parametrize("nature", sorted(NATURES))
def test_no_ticket_is_closed_without_the_fields_of_its_nature(world: World, nature: str) -> None:
    li = world.agent("李律师")
    citizen = done_call(world, li)
    ticket = world.ticket(citizen)
    with pytest.raises(Refusal) as refused:
        tickets.close(actor=li, ticket_id=ticket.pk)
    assert set(refused.value.fields) == {"nature"}
    world.fill(li, ticket, nature=nature)
    with pytest.raises(Refusal) as refused:
        tickets.close(actor=li, ticket_id=ticket.pk)
    missing = set(refused.value.fields)
    required = {name for name, info in NATURES[nature].form.model_fields.items() if info.is_required()}
    assert required <= missing
    assert ("region" in missing) == NATURES[nature].service
    assert ("category" in missing) == NATURES[nature].needs_category
    assert world.ticket(citizen).state == "draft"


def test_a_ticket_is_not_closed_while_its_author_still_speaks(world: World) -> None:
    li = world.agent("李律师")
    citizen, _ = world.connected(li)
    world.fill(li, world.ticket(citizen), **CONSULTED)
    with pytest.raises(Refusal) as refused:
        tickets.close(actor=li, ticket_id=world.ticket(citizen).pk)
    assert refused.value.code == "hotline.talking"


def test_a_closed_ticket_is_a_matter_with_a_number_that_works_on_the_web_too(world: World) -> None:
    li = world.agent("李律师")
    citizen = done_call(world, li)
    world.fill(li, world.ticket(citizen), **CONSULTED)
    ticket = tickets.close(actor=li, ticket_id=world.ticket(citizen).pk)
    matter = ticket.matter
    assert matter is not None
    assert (matter.process_code, matter.state, matter.door, matter.first_contact_id) == ("hotline_call", "closed", "hotline", li.account)
    assert (matter.region_code, matter.category_code, ticket.office_id) == ("340103", "labour.wages.arrears", world.platform.pk)
    party = matter.parties.get()
    assert (party.name, party.phone) == ("王小明", "13800138000")
    answers = list(matter.messages.filter(kind="answer").values_list("kind", flat=True))
    assert answers == ["answer"]
    assert "《劳动法》第五十条" in (matter.messages.get(kind="answer").body or "")
    told = Event.objects.get(kind="hotline.ticket_closed")
    assert told.payload["nature"] == "consultation"
    assert "王小明" not in str(told.payload)
    assert "13800138000" not in str(told.payload)
    with pytest.raises(Refusal):
        tickets.close(actor=li, ticket_id=ticket.pk)
    assert not TicketField.objects.filter(ticket=ticket).exists()
    assert tickets.values_of(ticket)["facts"] == CONSULTED["facts"]


def test_invalid_and_nuisance_calls_have_their_ticket_but_no_matter(world: World) -> None:
    li = world.agent("李律师")
    citizen = done_call(world, li)
    world.fill(li, world.ticket(citizen), nature="invalid", kind="silent")
    assert tickets.close(actor=li, ticket_id=world.ticket(citizen).pk).matter is None
    assert Matter.objects.count() == 0


def test_every_answered_call_has_one_ticket_and_the_orphan_report_is_empty(world: World) -> None:
    li = world.agent("李律师")
    for n in range(3):
        done_call(world, li, f"1380013800{n}")
        world.wait(61)
    assert CallTicket.objects.count() == 3
    assert selectors.answered_without_ticket() == []
    CallTicket.objects.filter(pk=CallTicket.objects.first().pk).delete()  # type: ignore[union-attr]
    assert len(selectors.answered_without_ticket()) == 1


def test_a_conversion_opens_a_matter_of_the_service_with_the_agent_as_first_contact_and_sends_the_link(world: World) -> None:
    li = world.agent("李律师")
    citizen = done_call(world, li)
    ticket = world.ticket(citizen)
    world.fill(li, ticket, **CONSULTED)
    assert "consultation" in conversions.targets("consultation", "340103")
    matter = conversions.convert(actor=li, ticket_id=ticket.pk, process="consultation", title="请书面答复拖欠工资怎么要", send_link=True)
    assert (matter.process_code, matter.door, matter.first_contact_id, matter.state) == ("consultation", "hotline", li.account, "submitted")
    assert matter.category_code == "labour.wages.arrears"
    assert matter.parties.get(relation="applicant").phone == "13800138000"
    sms = Notice.objects.get(template="hotline_link")
    assert matter.number in (sms.body or "")
    assert (matter.lookup_code or "") in (sms.body or "")
    with pytest.raises(Refusal) as refused:
        conversions.convert(actor=li, ticket_id=ticket.pk, process="consultation", title="再来一次")
    assert refused.value.code == "hotline.converted"
    closed = tickets.close(actor=li, ticket_id=ticket.pk)
    assert MatterLink.objects.get(relation="derived_from").child_id == matter.pk
    assert MatterLink.objects.get(relation="derived_from").parent_id == closed.matter_id
    with pytest.raises(Refusal):
        conversions.convert(actor=li, ticket_id=ticket.pk, process="complaint", title="不属于这一性质")


COMPLAINT: dict[str, Any] = {
    "nature": "complaint", "region": "340103", "identity_state": "self_stated", "caller_name": "王小明", "facts": "上次接电话的律师态度恶劣。",
    "answer": "已登记，会有专人办理并答复您。", "result": "converted", "target": "seat", "conduct": "attitude",
}  # fmt: skip


def test_a_complaint_about_a_seat_does_not_exist_for_that_seat(world: World) -> None:
    accused, li, boss = world.agent("赵坐席", ready=False), world.agent("李律师"), world.supervisor()
    citizen = done_call(world, li)
    ticket = world.ticket(citizen)
    world.fill(li, ticket, **COMPLAINT, respondent="赵坐席")
    with pytest.raises(Refusal) as refused:
        tickets.close(actor=li, ticket_id=ticket.pk)
    assert refused.value.code == "hotline.must_convert"
    matter = conversions.convert(actor=li, ticket_id=ticket.pk, process="complaint", title="投诉上次接听的坐席")
    closed = tickets.close(actor=li, ticket_id=ticket.pk)
    assert (closed.matter_id, closed.about_staff_id) == (matter.pk, accused.account)
    assert not Matter.objects.filter(process_code="hotline_call").exists(), "no second paper that others could read"
    assert sight(accused, matter) == frozenset()
    assert closed.pk not in {t.pk for t in selectors.tickets(accused)}
    assert closed.pk in {t.pk for t in selectors.tickets(boss)}
    with pytest.raises(Absent):
        selectors.ticket_page(accused, closed.pk)
    world.wait(61)
    seats.set_not_ready(actor=li, reason="meal")
    seats.set_ready(actor=accused)
    again = world.call()
    world.wait(25)
    world.phone(accused).answer()
    world.pump()
    pop = selectors.screen_pop(accused, world.row(again))
    assert pop.earlier_tickets == [], "not in the history of the same caller either"
    assert pop.open_matters == []


def test_an_accused_head_of_hotline_sees_nothing_of_it_either(world: World) -> None:
    accused = factories.actor(factories.staff("钱班长", "hotline_supervisor", "seat", at=world.platform))
    li = world.agent("李律师")
    citizen = done_call(world, li)
    ticket = world.ticket(citizen)
    world.fill(li, ticket, **COMPLAINT, respondent="钱班长")
    conversions.convert(actor=li, ticket_id=ticket.pk, process="complaint", title="投诉班长")
    closed = tickets.close(actor=li, ticket_id=ticket.pk)
    with pytest.raises(Absent):
        selectors.ticket_page(accused, closed.pk)
    assert closed.pk not in {t.pk for t in selectors.tickets(accused)}


def test_who_takes_a_complaint_about_himself_loses_it_with_the_conversion(world: World) -> None:
    li, boss = world.agent("李律师"), world.supervisor()
    citizen = done_call(world, li)
    ticket = world.ticket(citizen)
    world.fill(li, ticket, **COMPLAINT, respondent="李律师")
    conversions.convert(actor=li, ticket_id=ticket.pk, process="complaint", title="投诉李律师")
    with pytest.raises(Absent):
        tickets.close(actor=li, ticket_id=ticket.pk)
    assert agents.open_drafts(li.account) == 0
    assert tickets.close(actor=boss, ticket_id=ticket.pk).state == "closed"


def test_too_many_unfinished_tickets_keep_an_agent_from_the_next_call(world: World) -> None:
    from fawang.hotline.models import Call

    li = world.agent("李律师")
    for n in range(6):
        done_call(world, li, f"1380013800{n}")
        world.wait(61)
    assert world.state(li) == ("not_ready", "drafts")
    with pytest.raises(Refusal) as refused:
        seats.set_ready(actor=li)
    assert refused.value.code == "hotline.drafts"
    last = Call.objects.order_by("-arrived_at").first()
    ticket = CallTicket.objects.get(call=last)
    world.fill(li, ticket, nature="invalid", kind="test")
    tickets.close(actor=li, ticket_id=ticket.pk)
    assert seats.set_ready(actor=li).state == "ready"


def test_a_person_who_proved_his_number_is_known_and_others_are_maybe(world: World) -> None:
    from fawang.kernel import clock, crypto

    li = world.agent("李律师")
    said = factories.citizen("孙大爷", "13800138021")
    said.phone_index = crypto.blind("phone", "13800138021")
    said.save()
    first = world.call("13800138021")
    world.settle()
    assert (world.row(first).match, world.row(first).agent_id) == ("maybe", li.account)
    said.phone_verified_at = clock.now()
    said.save()
    second = world.call("13800138021")
    assert (world.row(second).match, world.row(second).person_id) == ("known", said.pk)
    assert world.row(world.call("13800138022")).match == "none"
    pop = selectors.screen_pop(li, world.row(first))
    assert pop.match == "maybe"
    assert pop.person_name == "", "a number alone names nobody"


def test_foreign_hands_off(world: World) -> None:
    li, zhou = world.agent("李律师"), world.agent("周律师", ready=False)
    citizen = done_call(world, li)
    with pytest.raises(Absent):
        selectors.ticket_page(zhou, world.ticket(citizen).pk)
    with pytest.raises(Absent):
        conversions.convert(actor=zhou, ticket_id=world.ticket(citizen).pk, process="consultation", title="别人的")
    clerk = factories.actor(factories.staff("窗口", "window_clerk", at=world.centre))
    with pytest.raises(Forbidden):
        seats.sign_on(actor=clerk, seat_number="8001", session="x")
