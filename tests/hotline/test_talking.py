"""What happens during a conversation: hold, consult, conference, transfers out and in, supervision, warnings, broken lines."""

from __future__ import annotations

import pytest

from fawang.hotline import calling, selectors, supervision
from fawang.hotline.models import CallLeg, CallTicket, QueueEntry, SupervisionAct, TransferRecord
from fawang.kernel.errors import Forbidden, Refusal
from fawang.kernel.models import Event
from tests.hotline.world import World

pytestmark = pytest.mark.django_db


def test_on_hold_the_citizen_hears_music_and_comes_back_by_hand_or_by_the_limit(world: World) -> None:
    li = world.agent("李律师")
    citizen, seat = world.connected(li)
    calling.hold(actor=li)
    world.pump()
    assert citizen.hears() == {"music:tone:440/400"}
    assert seat.hears() == set(), "who is on hold is not heard"
    assert world.state(li) == ("hold", "")
    calling.resume(actor=li)
    world.pump()
    assert citizen.hears() == {f"leg:{seat.leg_id}"}
    calling.hold(actor=li)
    world.wait(301)
    assert citizen.hears() == {f"leg:{seat.leg_id}"}, "nobody is forgotten on hold"
    assert world.state(li) == ("talking", "")
    assert world.row(citizen).talk == ""


def test_a_consultation_is_private_then_everybody_hears_everybody_then_the_adviser_leaves(world: World) -> None:
    li, zhou = world.agent("李律师"), world.agent("周律师", "wuhu")
    citizen, seat = world.connected(li)
    calling.consult(actor=li, kind="staff", target=str(zhou.account), reason="征地补偿")
    world.pump()
    assert world.state(zhou)[0] == "reserved"
    other = world.phone(zhou)
    other.answer()
    world.pump()
    assert citizen.hears() == {"music:tone:440/400"}
    assert seat.hears() == {f"leg:{other.leg_id}"}
    assert other.hears() == {f"leg:{seat.leg_id}"}
    calling.make_conference(actor=li)
    world.pump()
    assert citizen.hears() == {f"leg:{seat.leg_id}", f"leg:{other.leg_id}"}
    calling.complete_transfer(actor=li)
    world.pump()
    row = world.row(citizen)
    assert (row.state, row.talk, row.agent_id) == ("talking", "", zhou.account)
    assert citizen.hears() == {f"leg:{other.leg_id}"}
    assert world.state(li) == ("wrap_up", "")
    assert world.state(zhou) == ("talking", "")
    assert CallTicket.objects.get(call=row).author_id == zhou.account, "one call, one ticket: it goes with the call"
    record = TransferRecord.objects.get()
    assert (record.mode, record.result, record.by_id, record.staff_id) == ("attended", "accepted", li.account, zhou.account)
    citizen.hang_up()
    world.pump()
    assert world.state(zhou) == ("wrap_up", "")
    assert world.row(citizen).end_cause == "completed"


def test_a_consulted_colleague_who_does_not_answer_gives_the_citizen_back(world: World) -> None:
    li, zhou = world.agent("李律师"), world.agent("周律师", "wuhu")
    citizen, seat = world.connected(li)
    calling.consult(actor=li, kind="staff", target=str(zhou.account))
    world.wait(27)
    assert world.state(zhou) == ("not_ready", "rona")
    row = world.row(citizen)
    assert (row.state, row.talk) == ("talking", "")
    assert citizen.hears() == {f"leg:{seat.leg_id}"}
    assert TransferRecord.objects.get().result == "failed"


def test_a_consulted_colleague_who_says_that_he_cannot_come_gives_the_citizen_back_at_once(world: World) -> None:
    li, zhou = world.agent("李律师"), world.agent("周律师", "wuhu")
    citizen, seat = world.connected(li)
    calling.consult(actor=li, kind="staff", target=str(zhou.account))
    world.pump()
    assert world.state(zhou)[0] in ("reserved", "ringing")
    calling.refuse(actor=zhou)
    world.pump()
    assert world.state(zhou) == ("not_ready", "rona")
    assert CallLeg.objects.get(role="consult").state == "ended"
    row = world.row(citizen)
    assert (row.state, row.talk, row.agent_id) == ("talking", "", li.account)
    assert citizen.hears() == {f"leg:{seat.leg_id}"}
    assert TransferRecord.objects.get().result == "failed"
    with pytest.raises(Refusal):
        calling.refuse(actor=li)


def test_a_colleague_sees_the_call_while_he_is_asked_into_it_and_no_longer(world: World) -> None:
    li, zhou = world.agent("李律师"), world.agent("周律师", "wuhu")
    citizen, _ = world.connected(li)
    with pytest.raises(Refusal):
        selectors.screen_pop(zhou, world.row(citizen))
    calling.consult(actor=li, kind="staff", target=str(zhou.account))
    world.pump()
    assert selectors.screen_pop(zhou, world.row(citizen)).call.agent_id == li.account
    calling.refuse(actor=zhou)
    world.pump()
    with pytest.raises(Refusal):
        selectors.screen_pop(zhou, world.row(citizen))


def test_a_warm_transfer_to_12345_goes_by_a_leg_of_ours_and_a_bridge(world: World) -> None:
    li = world.agent("李律师")
    citizen, _seat = world.connected(li)
    calling.consult(actor=li, kind="partner", target="12345", reason="供水问题")
    world.pump()
    desk = world.partner(citizen)
    assert desk.number == "trunk:main/12345"
    desk.answer()
    world.pump()
    calling.complete_transfer(actor=li)
    world.pump()
    row = world.row(citizen)
    assert (row.talk, row.state) == ("partner", "talking")
    assert citizen.hears() == {f"leg:{desk.leg_id}"}
    assert world.state(li) == ("wrap_up", "")
    desk.hang_up()
    world.settle()
    row = world.row(citizen)
    assert (row.state, row.end_cause) == ("ended", "transferred")
    record = TransferRecord.objects.get()
    assert (record.partner, record.result, record.ended_at is not None) == ("12345", "accepted", True)


def test_a_blind_transfer_to_110_frees_the_agent_at_once_and_a_failed_one_comes_back_to_him_first(world: World) -> None:
    li = world.agent("李律师")
    world.wait(1)
    zhou = world.agent("周律师")
    citizen, _ = world.connected(li)
    calling.blind_transfer(actor=li, kind="partner", target="110", reason="有人受伤")
    world.pump()
    assert world.state(li) == ("wrap_up", "")
    assert citizen.hears() == {"music:tone:440/400"}
    world.partner(citizen).refuse("busy", 486)
    world.pump()
    row = world.row(citizen)
    assert row.state == "queued"
    entry = QueueEntry.objects.get(call=row, state="waiting")
    assert (entry.priority, entry.preferred_id) == (9, li.account)
    assert TransferRecord.objects.get().result == "failed"
    world.wait(25)
    assert world.row(citizen).agent_id == zhou.account, "and to anybody soon after"
    world.phone(zhou).answer()
    world.pump()
    calling.blind_transfer(actor=zhou, kind="partner", target="110", reason="有人受伤")
    world.pump()
    police = world.partner(citizen)
    police.answer()
    world.pump()
    assert citizen.hears() == {f"leg:{police.leg_id}"}
    citizen.hang_up()
    world.pump()
    assert world.row(citizen).end_cause == "transferred"
    assert police.leg_id not in world.engine.core.legs


def test_only_partners_and_numbers_the_rules_allow_are_dialled(world: World) -> None:
    li = world.agent("李律师")
    citizen, _ = world.connected(li)
    for target in ("0019005551234", "95588", "13800"):
        with pytest.raises(Refusal) as refused:
            calling.consult(actor=li, kind="partner", target=target)
        assert refused.value.code == "hotline.dial"
    assert world.row(citizen).talk == "", "a refused step changes nothing"
    calling.consult(actor=li, kind="partner", target="13900139000")
    world.pump()
    assert world.partner(citizen).number == "trunk:main/13900139000"


def test_a_transfer_to_another_queue_goes_to_its_head(world: World) -> None:
    li = world.agent("李律师", skills=["family"])
    citizen, _ = world.connected(li)
    waiting = world.call("13800138077", "12348001")
    world.settle()
    waiting.press("2")
    world.settle()
    calling.blind_transfer(actor=li, kind="queue", target="labour", reason="劳动争议")
    world.pump()
    labour = world.agent("劳动律师", skills=["labour"])
    world.settle()
    assert world.row(citizen).agent_id == labour.account
    assert world.row(waiting).state == "queued"


def test_a_supervisor_listens_whispers_breaks_in_and_takes_over_each_on_paper(world: World) -> None:
    li, boss = world.agent("李律师"), world.supervisor()
    citizen, seat = world.connected(li)
    supervision.supervise(actor=boss, agent_id=li.account, kind="listen", reason="新人跟听")
    world.pump()
    ear = world.phone(boss)
    ear.answer()
    world.pump()
    both = {f"leg:{citizen.leg_id}", f"leg:{seat.leg_id}"}
    assert ear.hears() == both
    assert (citizen.hears(), seat.hears()) == ({f"leg:{seat.leg_id}"}, {f"leg:{citizen.leg_id}"}), "nobody hears a listener"
    supervision.supervise(actor=boss, agent_id=li.account, kind="whisper", reason="提示法条")
    world.pump()
    assert citizen.hears() == {f"leg:{seat.leg_id}"}, "a whisper never reaches the citizen"
    assert seat.hears() == {f"leg:{citizen.leg_id}", f"leg:{ear.leg_id}"}
    supervision.supervise(actor=boss, agent_id=li.account, kind="barge", reason="协助安抚")
    world.pump()
    assert citizen.hears() == {f"leg:{seat.leg_id}", f"leg:{ear.leg_id}"}
    supervision.supervise(actor=boss, agent_id=li.account, kind="takeover", reason="接手")
    world.pump()
    assert citizen.hears() == {f"leg:{ear.leg_id}"}
    assert world.state(li) == ("wrap_up", "")
    assert world.row(citizen).agent_id == boss.account
    acts = list(SupervisionAct.objects.order_by("started_at", "id").values_list("kind", "by_id", "on_id", "told"))
    assert {a[0] for a in acts} == {"listen", "whisper", "barge", "takeover"}
    assert {a[1:] for a in acts} == {(boss.account, li.account, True)}
    assert Event.objects.filter(kind="hotline.supervised", stream=world.row(citizen).pk).count() == 4


def test_who_is_no_supervisor_or_of_another_scope_listens_to_nobody(world: World) -> None:
    from tests import factories

    li, zhou = world.agent("李律师"), world.agent("周律师", "wuhu")
    world.connected(li)
    with pytest.raises(Forbidden):
        supervision.supervise(actor=zhou, agent_id=li.account, kind="listen", reason="好奇")
    far = factories.actor(factories.staff("外省班长", "hotline_supervisor", at=factories.office("hotline_platform", region="330000")))
    with pytest.raises(Forbidden):
        supervision.supervise(actor=far, agent_id=li.account, kind="listen", reason="好奇")
    assert not SupervisionAct.objects.exists()


def test_a_forced_state_is_written_down_and_waits_for_the_end_of_a_call(world: World) -> None:
    li, boss = world.agent("李律师"), world.supervisor()
    citizen, _ = world.connected(li)
    supervision.force_state(actor=boss, agent_id=li.account, state="not_ready", reason="去开会")
    assert world.state(li)[0] == "talking"
    citizen.hang_up()
    world.wait(61)
    assert world.state(li) == ("not_ready", "forced")
    assert SupervisionAct.objects.get().kind == "force"


def test_two_explanations_come_before_a_hang_up_or_a_written_reason_and_a_supervisor_reviews_either(world: World) -> None:
    from fawang.hotline import tickets

    li, boss = world.agent("李律师"), world.supervisor()
    citizen, _ = world.connected(li)
    with pytest.raises(Refusal) as refused:
        calling.hang_up_with_reason(actor=li, kind="abuse")
    assert refused.value.code == "hotline.warn_first"
    assert calling.warn(actor=li, kind="abuse") == 1
    with pytest.raises(Refusal) as refused:
        calling.warn(actor=li, kind="abuse")
    assert refused.value.code == "hotline.too_soon"
    world.wait(6)
    assert calling.warn(actor=li, kind="abuse") == 2
    calling.hang_up_with_reason(actor=li, kind="abuse")
    world.settle()
    row = world.row(citizen)
    assert (row.state, row.end_cause, row.end_side) == ("ended", "reasoned", "us")
    assert row.survey_level is None
    ticket = world.ticket(citizen)
    assert ticket.review == "open"
    with pytest.raises(Forbidden):
        tickets.review(actor=li, ticket_id=ticket.pk, note="没问题", justified=True)
    tickets.review(actor=boss, ticket_id=ticket.pk, note="录音属实", justified=True)
    again = world.call()
    world.settle()
    assert world.row(again).state != "ended", "there is no black list"


def test_at_once_with_a_written_reason(world: World) -> None:
    li = world.agent("李律师")
    citizen, _ = world.connected(li)
    calling.hang_up_with_reason(actor=li, kind="abuse", reason="扬言伤害接听人员")
    world.settle()
    assert world.row(citizen).end_cause == "reasoned"
    assert world.ticket(citizen).review_note == "扬言伤害接听人员"


def test_a_broken_seat_line_puts_the_citizen_at_the_head_and_shows_the_agent_as_lost(world: World) -> None:
    from fawang.hotline.engines import reports

    li, zhou = world.agent("李律师"), world.agent("周律师", ready=False)
    citizen, seat = world.connected(li)
    other = world.call("13800138055")
    world.settle()
    reports.on_ended(world.engine.core, seat.leg_id, "media_lost", "engine")
    world.pump()
    assert world.state(li) == ("not_ready", "lost")
    assert world.row(citizen).state == "queued"
    from fawang.hotline import seats

    world.wait(21)
    seats.set_ready(actor=zhou)
    world.pump()
    assert world.row(citizen).agent_id == zhou.account, "before the one who waits longer in the queue"
    assert world.row(other).state == "queued"
    assert world.row(citizen).end_cause == ""


def test_muting_and_keys(world: World) -> None:
    li = world.agent("李律师")
    citizen, seat = world.connected(li)
    calling.mute(actor=li, on=True)
    world.pump()
    assert (citizen.hears(), seat.hears()) == (set(), {f"leg:{citizen.leg_id}"})
    calling.mute(actor=li, on=False)
    calling.send_digits(actor=li, digits="12#")
    world.pump()
    assert citizen.hears() == {f"leg:{seat.leg_id}"}
    assert citizen.keys_heard == "12#"
    assert CallLeg.objects.filter(role="citizen").count() == 1
