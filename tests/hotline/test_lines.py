"""How an agent speaks: headset or desk phone, kept for the person; who may be the line of a seat; what happens when a browser's line falls silent."""

from __future__ import annotations

import json

import pytest
from django.contrib.sessions.backends.db import SessionStore

from fawang.hotline import calling, seats
from fawang.hotline.engines.fake import Party
from fawang.hotline.gateway import door
from fawang.hotline.models import AgentState, CallbackRequest, CallLeg, QueueEntry, Seat
from fawang.kernel.errors import Refusal
from fawang.people.actors import Actor
from tests.hotline.world import World, staff_of

pytestmark = pytest.mark.django_db
KEYS = json.dumps({"md5": "0" * 32, "sha256": "0" * 64})


def place(world: World, number: str, kind: str, keys: str = "") -> Seat:
    return Seat.objects.create(number=number, pool=world.pools["hefei"], kind=kind, account_keys=keys)


def sit(world: World, who: Actor, number: str, line: str = "") -> str:
    """Move to a seat; returns where the engine would dial."""
    seats.sign_off(actor=who)
    seats.sign_on(actor=who, seat_number=number, session="tab", line=line)
    return seats.target_of(AgentState.objects.select_related("seat").get(pk=who.account))


def browser_agent(world: World, name: str = "李律师") -> Actor:
    who = world.agent(name, ready=False)
    seats.set_line(actor=who, line="browser")
    seats.set_ready(actor=who)
    world.pump()
    return who


def test_the_choice_between_headset_and_desk_phone_is_kept_for_the_person_and_follows_him_where_it_can(world: World) -> None:
    li, zhou = world.agent("李律师", ready=False), world.agent("周律师", ready=False)
    place(world, "9001", "browser", KEYS)
    place(world, "9002", "browser")
    place(world, "9003", "phone", KEYS)
    assert sit(world, zhou, "9001") == "phone:9001", "he has spoken by desk phone so far"
    assert sit(world, zhou, "9002") == "phone:web-9002", "there is no desk phone here"
    assert sit(world, li, "9003", "browser") == "phone:web-9003"
    assert sit(world, li, "9001") == "phone:web-9001", "chosen once, kept"
    seats.set_line(actor=li, line="phone")
    assert sit(world, li, "9003") == "phone:9003"


def test_a_line_that_is_not_there_and_one_in_use_cannot_be_chosen(world: World) -> None:
    li = browser_agent(world)
    world.connected(li)
    with pytest.raises(Refusal) as found:
        seats.set_line(actor=li, line="phone")
    assert found.value.code == "hotline.line_busy"
    zhou = world.agent("周律师", ready=False)
    place(world, "9002", "browser")
    sit(world, zhou, "9002")
    with pytest.raises(Refusal) as found:
        seats.set_line(actor=zhou, line="phone")
    assert found.value.code == "hotline.line"


def test_a_browser_line_that_falls_silent_gives_the_citizen_back_to_the_head_of_the_queue(world: World) -> None:
    li = browser_agent(world)
    citizen, seat = world.connected(li)
    seat.lose_media(15_000)
    world.pump()
    assert world.state(li) == ("not_ready", "lost")
    assert CallLeg.objects.get(leg_id=seat.leg_id).cause == "media_lost"
    assert seat.leg_id not in world.engine.core.legs, "the silent line is ended"
    assert world.row(citizen).state == "queued"
    zhou = world.agent("周律师")
    world.wait(30)
    world.phone(zhou).answer()
    world.settle()
    assert world.row(citizen).state == "talking"
    assert world.row(citizen).agent_id == zhou.account
    assert citizen.hears() == {f"leg:{world.phone(zhou).leg_id}"}


def test_a_silent_desk_phone_is_let_be(world: World) -> None:
    li = world.agent("李律师")
    citizen, seat = world.connected(li)
    seat.lose_media(15_000)
    world.pump()
    assert world.state(li) == ("talking", "")
    assert world.row(citizen).state == "talking"
    assert QueueEntry.objects.get().state == "taken"


WAITS = {"greeting": "12348", "menu": "12348001", "queued": "12348", "offering": "12348"}
"""Number dialled for each state in which only the line can tell that the citizen is gone."""


def waiting_in(world: World, state: str) -> Party:
    """A citizen whose call has come as far as that state."""
    citizen = world.call(to=WAITS[state])
    for _ in range(40):
        if world.row(citizen).state == state:
            return citizen
        world.wait(0.5)
    raise AssertionError(f"never {state}, but {world.row(citizen).state}")


@pytest.mark.parametrize("state", WAITS)
def test_a_waiting_citizen_whose_telephone_died_without_a_word_is_let_go_and_owed_a_call(world: World, state: str) -> None:
    li = world.agent("李律师", ready=state == "offering")
    citizen = waiting_in(world, state)
    citizen.lose_media(30_000)
    world.pump()
    assert world.row(citizen).state == state, "a muted telephone is given time"
    citizen.lose_media(45_000)
    world.pump()
    row = world.row(citizen)
    assert (row.state, row.end_cause, row.end_side) == ("ended", "caller_vanished", "citizen")
    assert CallLeg.objects.get(leg_id=citizen.leg_id).cause == "media_lost"
    assert citizen.leg_id not in world.engine.core.legs
    assert QueueEntry.objects.filter(state__in=("waiting", "offered")).count() == 0
    assert world.state(li)[0] == ("ready" if state == "offering" else "not_ready")
    assert CallbackRequest.objects.filter(source_call=row, reason="lost").count() == (state in ("queued", "offering"))


def test_who_is_muted_and_sends_no_sound_keeps_his_place_while_his_telephone_still_reports(world: World) -> None:
    world.agent("李律师", ready=False)
    citizen = waiting_in(world, "queued")
    for silent in (45_000, 60_000, 300_000):
        citizen.lose_media(silent, control_ms=4_000)
    world.pump()
    assert world.row(citizen).state == "queued"
    citizen.lose_media(345_000, control_ms=49_000)
    world.pump()
    assert world.row(citizen).state == "ended"


def test_sound_again_in_time_keeps_the_place_in_the_queue(world: World) -> None:
    world.agent("李律师", ready=False)
    citizen = waiting_in(world, "queued")
    citizen.lose_media(30_000)
    citizen.lose_media(0)
    citizen.lose_media(15_000)
    world.pump()
    assert world.row(citizen).state == "queued"
    assert QueueEntry.objects.get().state == "waiting"


def signed_in(who: Actor) -> str:
    """The session key of a desk session."""
    store = SessionStore()
    store["staff_id"], store["epoch"] = str(who.account), staff_of(who).session_epoch
    store.create()
    return str(store.session_key)


def refused(token: str, session: str) -> str:
    with pytest.raises(Refusal) as found:
        door.admit(token, session)
    return found.value.code


def test_only_the_session_that_asked_for_a_pass_and_its_own_cookie_become_the_line(world: World) -> None:
    li, zhou = browser_agent(world), browser_agent(world, "周律师")
    mine, other = signed_in(li), signed_in(zhou)
    guest = door.admit(door.pass_for(li, mine), mine)
    seat = AgentState.objects.select_related("seat").get(pk=li.account).seat
    assert seat is not None
    assert (guest.staff, guest.seat) == (li.account, seat.number)
    assert refused(door.pass_for(li, mine), "") == "hotline.line_pass"
    assert refused(door.pass_for(li, mine), other) == "hotline.line_pass"
    assert refused(door.pass_for(li, other), other) == "hotline.line_pass", "a pass for another account"
    assert refused(door.pass_for(li, mine) + "x", mine) == "hotline.line_pass"
    assert refused("", mine) == "hotline.line_pass"


def test_who_is_not_signed_on_or_chose_the_desk_phone_has_no_browser_line(world: World) -> None:
    li = browser_agent(world)
    session = signed_in(li)
    guest = door.admit(door.pass_for(li, session), session)
    assert door.still_welcome(guest)
    seats.set_line(actor=li, line="phone")
    assert not door.still_welcome(guest)
    assert refused(door.pass_for(li, session), session) == "hotline.line_phone"
    seats.sign_off(actor=li)
    assert refused(door.pass_for(li, session), session) == "hotline.not_signed_on"


def test_a_line_ends_with_the_session_and_with_the_account(world: World) -> None:
    li = browser_agent(world)
    first, second = signed_in(li), signed_in(li)
    guest, again = door.admit(door.pass_for(li, first), first), door.admit(door.pass_for(li, second), second)
    SessionStore(first).flush()
    assert not door.still_welcome(guest)
    assert door.still_welcome(again)
    account = staff_of(li)
    account.session_epoch += 1
    account.save()
    assert not door.still_welcome(again)


def test_a_pass_is_good_for_half_a_minute(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    li = browser_agent(world)
    session = signed_in(li)
    token = door.pass_for(li, session)
    monkeypatch.setattr("django.core.signing.time.time", lambda: __import__("time").monotonic() + 4e9)
    assert refused(token, session) == "hotline.line_pass"


def test_a_ready_agent_whose_page_fell_silent_is_not_offered_calls_but_one_at_a_desk_phone_is(world: World) -> None:
    li, zhou = browser_agent(world), world.agent("周律师")
    world.later(seconds=50)
    assert world.state(li) == ("not_ready", "lost")
    assert world.state(zhou) == ("ready", "")


def test_muting_is_told_by_the_seat_until_it_ends(world: World) -> None:
    from fawang.hotline import selectors

    li = browser_agent(world)
    world.connected(li)
    assert not selectors.seat_view(li).muted
    calling.mute(actor=li, on=True)
    assert selectors.seat_view(li).muted
    calling.mute(actor=li, on=False)
    assert not selectors.seat_view(li).muted
