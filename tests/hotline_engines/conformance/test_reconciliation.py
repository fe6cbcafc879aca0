"""Breaks on every engine: commands sent again, events read again, the engine killed and started anew."""

from __future__ import annotations

import asyncio

import pytest

from fawang.hotline.engines import commands as cmd
from fawang.hotline.engines import events as ev
from fawang.hotline.engines.port import Cursor, NoSuchLeg, Rejected
from tests.hotline_engines.conformance.worlds import World, conformance


@conformance
async def test_a_command_sent_twice_is_done_once(world: World) -> None:
    caller = await world.caller(answered=False)
    answer = cmd.Answer(command_id=world.id(), leg_id=caller.leg_id)
    assert not (await world.engine.do(answer)).repeated
    assert (await world.engine.do(answer)).repeated
    callee = await world.phone()
    dial = cmd.Originate(command_id=world.id(), leg_id=world.id("seat"), target=callee.target, caller_id="12348")
    await asyncio.gather(*(world.engine.do(dial) for _ in range(5)))
    await world.until(ev.LegAnswered, leg_id=dial.leg_id)
    await world.do(cmd.HangUp, leg_id=dial.leg_id)
    assert (await world.engine.do(dial)).repeated
    await asyncio.sleep(0.1)
    assert (await world.snapshot()).leg(dial.leg_id) is None
    assert len(world.told(ev.LegAnswered, leg_id=dial.leg_id)) == 1


@conformance
async def test_a_refusal_is_remembered_and_an_id_with_other_contents_is_a_conflict(world: World) -> None:
    caller = await world.caller(answered=False)
    play = cmd.Play(command_id=world.id(), leg_id=caller.leg_id, play_id="p", media=("tone:420/100",))
    with pytest.raises(Rejected) as refused:
        await world.engine.do(play)
    assert refused.value.reason == "bad_state"
    await world.do(cmd.Answer, leg_id=caller.leg_id)
    await world.until(ev.LegAnswered, leg_id=caller.leg_id)
    with pytest.raises(Rejected) as refused:
        await world.engine.do(play)
    assert refused.value.reason == "bad_state"
    with pytest.raises(Rejected) as refused:
        await world.engine.do(cmd.HangUp(command_id=play.command_id, leg_id=caller.leg_id))
    assert refused.value.reason == "conflict"
    gone = cmd.Ring(command_id=world.id(), leg_id="nobody")
    for _ in range(2):
        with pytest.raises(NoSuchLeg):
            await world.engine.do(gone)
    with pytest.raises(Rejected) as refused:
        await world.do(cmd.Originate, leg_id=caller.leg_id, target=(await world.phone()).target, caller_id="1")
    assert refused.value.reason == "conflict"


@conformance
async def test_events_are_numbered_without_gap_and_can_be_read_again_from_any_cursor(world: World) -> None:
    caller, _, _ = await world.talk()
    await caller.hang_up()
    await world.until(ev.LegEnded, leg_id=caller.leg_id)
    numbers = [e.seq for e in world.log]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len({e.boot_id for e in world.log}) == 1
    middle = world.log[len(world.log) // 2]
    again = world.engine.events(Cursor(boot_id=middle.boot_id, seq=middle.seq))
    wanted = world.log[len(world.log) // 2 + 1 :]
    assert [await asyncio.wait_for(anext(again), 2) for _ in wanted] == wanted


@conformance
async def test_a_cursor_that_cannot_be_honoured_is_told_at_once(world: World) -> None:
    lost = await asyncio.wait_for(anext(world.engine.events(Cursor(boot_id="another", seq=3))), 2)
    assert isinstance(lost, ev.EventsLost)
    await world.caller()
    await world.engine.acknowledge(world.cursor())
    first = world.log[0]
    lost = await asyncio.wait_for(anext(world.engine.events(Cursor(boot_id=first.boot_id, seq=first.seq - 1))), 2)
    assert isinstance(lost, ev.EventsLost)
    assert lost.seq == (await world.snapshot()).seq
    known = world.engine.events(world.cursor())
    caller = await world.caller()
    assert isinstance(await asyncio.wait_for(anext(known), 2), ev.LegOffered)
    assert (await world.snapshot()).leg(caller.leg_id) is not None


@conformance
async def test_the_snapshot_is_the_sum_of_the_events_up_to_its_number(world: World) -> None:
    caller, seat, bridge = await world.talk()
    third = await world.caller(answered=False)
    await world.do(cmd.HoldMusic, leg_id=seat.leg_id, music="tone:420/1000")
    snapshot = await world.snapshot()
    await asyncio.sleep(0.05)
    events = [e for e in world.log if e.seq <= snapshot.seq]
    living = {e.leg_id for e in events if isinstance(e, ev.LegOffered | ev.LegRinging | ev.LegAnswered)}
    living -= {e.leg_id for e in events if isinstance(e, ev.LegEnded)}
    assert {leg.leg_id for leg in snapshot.legs} == living == {caller.leg_id, seat.leg_id, third.leg_id}
    members = {m.leg_id for m in snapshot.bridge(bridge).members}  # type: ignore[union-attr]
    assert members == {e.leg_id for e in events if isinstance(e, ev.Joined)}
    assert snapshot.leg(seat.leg_id).music == "tone:420/1000"  # type: ignore[union-attr]
    assert snapshot.leg(third.leg_id).state == "offered"  # type: ignore[union-attr]


@conformance
async def test_after_a_crash_talk_music_paths_and_gathering_go_on(world: World) -> None:
    caller, seat, bridge = await world.talk()
    boss = await world.seat()
    await world.do(cmd.Join, leg_id=boss.leg_id, bridge_id=bridge, heard_by=())
    waiting = await world.caller()
    await world.do(cmd.HoldMusic, leg_id=waiting.leg_id, music="tone:420/1000")
    await world.do(cmd.Collect, leg_id=waiting.leg_id, digits_id="late", max_digits=2, first_timeout_s=30)
    await asyncio.sleep(0.05)
    before = await world.snapshot()
    cursor = world.cursor()
    await world.unfollow()
    await world.crash_and_restart()
    world.follow(cursor)
    up = await world.until(ev.EngineUp)
    assert up.boot_id != before.boot_id
    assert up.adopted == 4
    after = await world.snapshot()
    assert {leg.leg_id for leg in after.legs} == {leg.leg_id for leg in before.legs}
    assert after.bridges == before.bridges
    assert await caller.hears() == {seat.tone}
    assert await seat.hears() == {caller.tone}
    assert await boss.hears() == {caller.tone, seat.tone}
    assert await waiting.hears() == {420}
    waiting.press("42")
    assert (await world.until(ev.DigitsDone, digits_id="late")).digits == "42"
    await caller.hang_up()
    assert (await world.until(ev.LegEnded, leg_id=caller.leg_id)).side == "far"
    await world.do(cmd.HangUp, leg_id=seat.leg_id)
    await seat.over()


@conformance
async def test_a_command_taken_before_a_crash_is_not_done_again_after_it(world: World) -> None:
    caller = await world.caller()
    callee = await world.phone()
    dial = cmd.Originate(command_id=world.id(), leg_id=world.id("seat"), target=callee.target, caller_id="12348")
    await world.engine.do(dial)
    await world.until(ev.LegAnswered, leg_id=dial.leg_id)
    cursor = world.cursor()
    await world.unfollow()
    await world.crash_and_restart()
    world.follow(cursor)
    assert (await world.engine.do(dial)).repeated
    legs = {leg.leg_id for leg in (await world.snapshot()).legs}
    assert legs == {caller.leg_id, dial.leg_id}


@conformance
async def test_a_call_that_was_ringing_at_the_crash_can_be_answered_after_it(world: World) -> None:
    ringing = await world.caller(answered=False)
    await world.do(cmd.Ring, leg_id=ringing.leg_id)
    callee = await world.phone(answer_s=1.5)
    dialled = world.id("seat")
    await world.do(cmd.Originate, leg_id=dialled, target=callee.target, caller_id="12348", timeout_s=20)
    await world.until(ev.LegRinging, leg_id=dialled)
    cursor = world.cursor()
    await world.unfollow()
    await world.crash_and_restart()
    world.follow(cursor)
    await world.do(cmd.Answer, leg_id=ringing.leg_id)
    await world.until(ev.LegAnswered, leg_id=ringing.leg_id)
    await world.until(ev.LegAnswered, leg_id=dialled)
    await world.do(cmd.Bridge, bridge_id=world.id("b"), leg_ids=(ringing.leg_id, dialled))
    seat = callee.line(dialled)
    assert await ringing.hears() == {seat.tone}
    assert await seat.hears() == {ringing.tone}
