"""The seat's page from ringing to the closed ticket, the wallboard, the lists; with the fake engine and the house's clock moved by hand."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from fawang.hotline.models import AgentState, CallTicket
from fawang.hotline.quality import ask_for
from fawang.hotline.tickets import values_of
from fawang.people.actors import SYSTEM, Actor
from fawang.people.models import Staff
from tests import factories
from tests.hotline.conftest import make_world, world  # noqa: F401 - the same hotline
from tests.hotline.world import CONSULTED, World

pytestmark = pytest.mark.django_db


def sign_in(who: Actor) -> Client:
    client = Client()
    account = Staff.objects.get(pk=who.account)
    session = client.session
    session["staff_id"], session["epoch"] = str(account.pk), account.session_epoch
    session.save()
    return client


def shown(client: Client, path: str = "/desk/hotline/", status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status
    return answer.content.decode()


def key(html: str) -> str:
    found = re.search(r'name="_key" value="([^"]+)"', html)
    assert found
    return found[1]


def press(client: Client, verb: str, status: int = 303, **data: Any) -> str:
    answer = client.post(f"/desk/hotline/do/{verb}", {"_key": key(shown(client)), **data})
    assert answer.status_code in {status, 302 if status == 303 else status}
    return answer.content.decode()


def test_the_seat_goes_ready_takes_a_call_holds_it_and_ends_it(world: World) -> None:  # noqa: F811
    li = world.agent("李律师", ready=False)
    client = sign_in(li)
    assert "示闲，开始接听" in shown(client)
    press(client, "ready")
    assert "空闲，等来电" in shown(client)
    citizen, _ = world.connected(li)
    page = shown(client)
    assert "话务工单" in page
    assert "13800138000" in page, "the number of the caller one speaks with"
    press(client, "hold")
    world.pump()
    assert world.row(citizen).talk == "held"
    assert "取回" in shown(client)
    press(client, "resume")
    world.pump()
    press(client, "hang_up")
    world.settle()
    assert world.row(citizen).state in {"survey", "ended", "farewell"}
    assert "整理工单" in shown(client)


def test_a_verb_that_does_not_fit_now_says_why_and_the_page_stays(world: World) -> None:  # noqa: F811
    client = sign_in(world.agent("李律师"))
    assert 'role="alert"' in press(client, "hold", status=409)
    assert client.post("/desk/hotline/do/no_such_verb", {"_key": "abcdefgh"}).status_code == 404


def test_the_ticket_is_saved_field_by_field_refused_with_reasons_and_closed_into_a_matter(world: World) -> None:  # noqa: F811
    li = world.agent("李律师")
    client = sign_in(li)
    citizen, _ = world.connected(li)
    ticket = CallTicket.objects.get(call=world.row(citizen))
    saved = client.post(f"/desk/hotline/t/{ticket.pk}/save", {"field": "nature", "value": "consultation", "version": "0"})
    assert saved.json() == {"version": 1}
    stale = client.post(f"/desk/hotline/t/{ticket.pk}/save", {"field": "nature", "value": "invalid", "version": "0"})
    assert stale.status_code == 409
    citizen.hang_up()
    world.pump()
    page = shown(client, f"/desk/hotline/t/{ticket.pk}")
    form = {"_key": key(page), "nature": "consultation", "verb": "close", "facts": "厂里拖了我三个月工资", "answer": "可以先投诉，再仲裁。"}
    refused = client.post(f"/desk/hotline/t/{ticket.pk}/save", form)
    assert refused.status_code == 422
    assert "厂里拖了我三个月工资" in refused.content.decode()
    assert values_of(ticket)["facts"] == "厂里拖了我三个月工资", "what was typed is kept though closing was refused"
    whole = {
        **form, "_key": "another-key-1", "region": "340104", "category": "labour.wages.arrears", "identity_state": "self_stated", "caller_name": "王小明",
        "legal_basis": "《劳动合同法》第三十条", "result": "answered", "aid_notice": "told",
    }  # fmt: skip
    done = client.post(f"/desk/hotline/t/{ticket.pk}/save", whole)
    assert done.status_code == 303 or done.status_code == 302, done.content.decode()[:2000]
    ticket.refresh_from_db()
    assert ticket.state == "closed"
    assert ticket.matter is not None
    assert ticket.matter.number in shown(client, f"/desk/hotline/t/{ticket.pk}")


def test_a_ticket_of_somebody_else_and_one_that_does_not_exist_look_the_same(world: World) -> None:  # noqa: F811
    li, zhou = world.agent("李律师"), world.agent("周律师", ready=False)
    citizen, _ = world.connected(li)
    ticket = CallTicket.objects.get(call=world.row(citizen))
    foreign = sign_in(zhou).get(f"/desk/hotline/t/{ticket.pk}")
    absent = sign_in(zhou).get("/desk/hotline/t/00000000-0000-7000-8000-000000000000")
    assert foreign.status_code == absent.status_code == 404


def test_the_wallboard_shows_both_denominators_and_only_the_supervisor_gets_the_switches(world: World) -> None:  # noqa: F811
    li, boss = world.agent("李律师"), world.supervisor()
    world.connected(li)
    board = shown(sign_in(li), "/desk/hotline/board")
    assert "1/1" in board
    assert "旁听" not in board
    board = shown(sign_in(boss), "/desk/hotline/board")
    assert "旁听" in board
    client = sign_in(boss)
    answer = client.post("/desk/hotline/supervise/listen", {"_key": key(board), "agent": str(li.account), "reason": "新人带教"})
    assert answer.status_code in {302, 303}
    forbidden = sign_in(li).post("/desk/hotline/supervise/listen", {"_key": "some-key-1", "agent": str(boss.account), "reason": "好奇"})
    assert forbidden.status_code == 403


def test_the_work_list_shows_what_is_owed_and_the_beat_keeps_the_seat(world: World) -> None:  # noqa: F811
    li = world.agent("李律师")
    citizen = world.call("13900139000")
    world.settle()
    citizen.hang_up()
    world.pump()
    client = sign_in(li)
    assert "热线待办" in shown(client, "/desk/hotline/work")
    shown(client)
    AgentState.objects.filter(pk=li.account).update(session=client.session["seat_tab"])
    assert client.post("/desk/hotline/beat").json()["state"] in {"ready", "not_ready", "ringing", "reserved"}


def test_whoever_has_no_post_at_the_hotline_gets_no_seat(world: World) -> None:  # noqa: F811
    clerk = factories.actor(factories.staff("窗口小周", "window_clerk", at=world.centre))
    assert sign_in(clerk).get("/desk/hotline/").status_code == 403
    assert sign_in(clerk).get("/desk/hotline/board").status_code == 403


def test_the_page_gets_a_pass_for_its_own_session_and_the_address_of_the_gateway(world: World) -> None:  # noqa: F811
    from fawang.hotline.gateway import door

    li = world.agent("李律师", ready=False)
    client = sign_in(li)
    press(client, "line", line="browser")
    given = client.post("/desk/hotline/line").json()
    assert given["url"] == "ws://testserver:8002/seat"
    session = client.session.session_key or ""
    assert door.admit(given["pass"], session).staff == li.account
    assert client.get("/desk/hotline/line").status_code == 405
    assert "不再处理" in shown(client), "the check of the headset is on the page"


def test_the_page_passes_on_to_a_partner_a_queue_and_a_number_by_one_choice(world: World) -> None:  # noqa: F811
    li = world.agent("李律师")
    client = sign_in(li)
    citizen, _ = world.connected(li)
    assert 'value="partner:110"' in shown(client)
    press(client, "consult", to="partner:110", reason="报警")
    world.pump()
    assert world.row(citizen).talk == "consulting"
    assert "公安110" in shown(client)
    press(client, "end_consult")
    world.pump()
    press(client, "consult", number="138 0013 8001")
    world.pump()
    assert list(world.row(citizen).legs.filter(role="partner").exclude(state="ended").values_list("partner", flat=True)) == ["other"]
    press(client, "end_consult")
    world.pump()
    press(client, "transfer", to="queue:labour", reason="劳动")
    world.pump()
    assert world.row(citizen).queue_code == "labour"


def test_mute_and_paused_recording_are_shown_and_taken_back_on_the_page(world: World) -> None:  # noqa: F811
    li = world.agent("李律师")
    client = sign_in(li)
    world.connected(li)
    assert 'data-muted="0"' in shown(client)
    press(client, "mute", on="1")
    press(client, "pause_recording", on="1")
    page = shown(client)
    assert 'data-muted="1"' in page
    assert "取消静音" in page
    assert "恢复录音" in page
    press(client, "mute", on="0")
    press(client, "pause_recording", on="0")
    assert "暂停录音" in shown(client)


def test_a_seat_signed_on_elsewhere_can_be_moved_here(world: World) -> None:  # noqa: F811
    li = world.agent("李律师", ready=False)
    client = sign_in(li)
    page = shown(client)
    assert "改到这里" in page
    assert client.post("/desk/hotline/beat").status_code == 409
    tab = re.search(r'name="tab" value="([^"]+)"', page)
    number = re.search(r'name="seat" value="([^"]+)"', page)
    assert tab
    assert number
    press(client, "sign_on", tab=tab[1], seat=number[1], take_over="1")
    assert "改到这里" not in shown(client)
    assert client.post("/desk/hotline/beat").status_code == 200


def test_the_checker_reads_the_ticket_in_words_not_in_field_names(world: World) -> None:  # noqa: F811
    li = world.agent("李律师")
    citizen, _ = world.connected(li)
    ticket = world.ticket(citizen)
    world.fill(li, ticket, **CONSULTED)
    sample = ask_for(actor=SYSTEM, ticket_id=ticket.pk)
    checker = factories.actor(factories.staff("质检员", "quality_checker", at=world.platform))
    page = shown(sign_in(checker), f"/desk/hotline/quality/{sample.pk}")
    for words in ("法律咨询", "诉求和事实", "厂里拖欠三个月工资，问怎么要。", "《劳动法》第五十条", "已当场答复"):
        assert words in page, words
    for raw in ("<dt>facts</dt>", ">answered<", ">consultation<"):
        assert raw not in page, raw
