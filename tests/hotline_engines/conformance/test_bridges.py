"""Who hears whom, on every engine: each ear asked for the tones it hears."""

from __future__ import annotations

import pytest

from fawang.hotline.engines import commands as cmd
from fawang.hotline.engines import events as ev
from fawang.hotline.engines.port import NoSuchLeg, Rejected
from tests.hotline_engines.conformance.worlds import FarEnd, World, conformance


@conformance
async def test_two_in_a_bridge_hear_each_other_until_one_leaves(world: World) -> None:
    caller, seat, bridge = await world.talk()
    await world.until(ev.Joined, leg_id=seat.leg_id, bridge_id=bridge)
    assert await caller.hears() == {seat.tone}
    assert await seat.hears() == {caller.tone}
    view = (await world.snapshot()).bridge(bridge)
    assert view is not None
    assert [m.leg_id for m in view.members] == [caller.leg_id, seat.leg_id]
    await world.do(cmd.Leave, leg_id=seat.leg_id)
    assert (await world.until(ev.Left, leg_id=seat.leg_id)).reason == "left"
    assert await caller.hears() == set()
    assert await seat.hears() == set()
    await world.do(cmd.Leave, leg_id=caller.leg_id)
    await world.until(ev.BridgeEnded, bridge_id=bridge)
    assert (await world.snapshot()).bridge(bridge) is None


@conformance
async def test_three_in_a_bridge_hear_both_others_and_not_themselves(world: World) -> None:
    caller, seat, bridge = await world.talk()
    third = await world.seat()
    await world.do(cmd.Join, leg_id=third.leg_id, bridge_id=bridge)
    everybody = {caller.tone, seat.tone, third.tone}
    assert len(everybody) == 3
    for far in (caller, seat, third):
        assert await far.hears() == everybody - {far.tone}


async def _ears(caller: FarEnd, seat: FarEnd, supervisor: FarEnd) -> tuple[set[int], set[int], set[int]]:
    return await caller.hears(), await seat.hears(), await supervisor.hears()


@conformance
async def test_a_supervisor_listens_then_whispers_then_barges_in_then_only_listens_again(world: World) -> None:
    caller, seat, bridge = await world.talk()
    boss = await world.seat()
    await world.do(cmd.Join, leg_id=boss.leg_id, bridge_id=bridge, heard_by=())
    assert await _ears(caller, seat, boss) == ({seat.tone}, {caller.tone}, {caller.tone, seat.tone})
    await world.do(cmd.SetPath, bridge_id=bridge, from_leg=boss.leg_id, to_leg=seat.leg_id, hear=True)
    assert await _ears(caller, seat, boss) == ({seat.tone}, {caller.tone, boss.tone}, {caller.tone, seat.tone})
    await world.do(cmd.Join, leg_id=boss.leg_id, bridge_id=bridge)
    assert await _ears(caller, seat, boss) == ({seat.tone, boss.tone}, {caller.tone, boss.tone}, {caller.tone, seat.tone})
    await world.do(cmd.Join, leg_id=boss.leg_id, bridge_id=bridge, heard_by=())
    assert await _ears(caller, seat, boss) == ({seat.tone}, {caller.tone}, {caller.tone, seat.tone})
    view = (await world.snapshot()).bridge(bridge)
    assert view is not None
    assert view.members[2].heard_by == ()
    assert view.members[2].hears is None


@conformance
async def test_a_whisper_from_the_first_moment_reaches_the_agent_only(world: World) -> None:
    caller, seat, bridge = await world.talk()
    boss = await world.seat()
    await world.do(cmd.Join, leg_id=boss.leg_id, bridge_id=bridge, heard_by=(seat.leg_id,))
    assert await _ears(caller, seat, boss) == ({seat.tone}, {caller.tone, boss.tone}, {caller.tone, seat.tone})


@conformance
async def test_one_direction_can_be_muted_and_opened(world: World) -> None:
    caller, seat, bridge = await world.talk()
    await world.do(cmd.SetPath, bridge_id=bridge, from_leg=seat.leg_id, to_leg=caller.leg_id, hear=False)
    await world.until(ev.PathSet, bridge_id=bridge, hear=False)
    assert await caller.hears() == set()
    assert await seat.hears() == {caller.tone}
    await world.do(cmd.SetPath, bridge_id=bridge, from_leg=seat.leg_id, to_leg=caller.leg_id, hear=True)
    assert await caller.hears() == {seat.tone}


@conformance
async def test_hold_is_music_to_one_and_silence_to_the_other(world: World) -> None:
    caller, seat, _ = await world.talk()
    await world.do(cmd.HoldMusic, leg_id=caller.leg_id, music="tone:420/1000")
    assert await caller.hears() == {420}
    assert await seat.hears() == set()
    await world.do(cmd.HoldMusic, leg_id=caller.leg_id, music="")
    assert await caller.hears() == {seat.tone}
    assert await seat.hears() == {caller.tone}


@conformance
async def test_consult_and_transfer_the_caller_hears_music_then_the_new_adviser(world: World) -> None:
    caller, first, bridge = await world.talk()
    second = await world.seat()
    await world.do(cmd.HoldMusic, leg_id=caller.leg_id, music="tone:420/1000")
    consult = world.id("consult")
    await world.do(cmd.Bridge, bridge_id=consult, leg_ids=(first.leg_id, second.leg_id))
    assert (await world.until(ev.Left, leg_id=first.leg_id, bridge_id=bridge)).reason == "moved"
    assert await first.hears() == {second.tone}
    assert await second.hears() == {first.tone}
    assert await caller.hears() == {420}
    await world.do(cmd.HoldMusic, leg_id=caller.leg_id, music="")
    await world.do(cmd.Join, leg_id=caller.leg_id, bridge_id=consult)
    await world.do(cmd.Leave, leg_id=first.leg_id)
    await world.do(cmd.HangUp, leg_id=first.leg_id)
    assert await caller.hears() == {second.tone}
    assert await second.hears() == {caller.tone}
    assert (await world.snapshot()).bridge(bridge) is None


@conformance
async def test_ending_a_bridge_leaves_its_legs_alive_and_alone(world: World) -> None:
    caller, seat, bridge = await world.talk()
    await world.do(cmd.Unbridge, bridge_id=bridge)
    await world.until(ev.BridgeEnded, bridge_id=bridge)
    assert {e.leg_id for e in world.told(ev.Left, bridge_id=bridge, reason="unbridged")} == {caller.leg_id, seat.leg_id}
    assert await caller.hears() == set()
    snapshot = await world.snapshot()
    assert {leg.leg_id for leg in snapshot.legs} == {caller.leg_id, seat.leg_id}
    with pytest.raises(NoSuchLeg):
        await world.do(cmd.Unbridge, bridge_id=bridge)


@conformance
async def test_when_one_side_hangs_up_the_other_stays_for_the_survey(world: World) -> None:
    caller, seat, bridge = await world.talk()
    await seat.hang_up()
    await world.until(ev.LegEnded, leg_id=seat.leg_id)
    await world.do(cmd.Play, leg_id=caller.leg_id, play_id="survey", media=("tone:1100/3000",))
    assert await caller.hears() == {1100}
    view = (await world.snapshot()).bridge(bridge)
    assert view is not None
    assert [m.leg_id for m in view.members] == [caller.leg_id]


@conformance
async def test_a_prompt_inside_a_bridge_is_heard_by_its_leg_alone_and_the_talk_comes_back(world: World) -> None:
    caller, seat, _ = await world.talk()
    await world.do(cmd.Play, leg_id=seat.leg_id, play_id="hint", media=("tone:1100/900",))
    assert await seat.hears() == {1100}
    assert await caller.hears() == {seat.tone}
    await world.until(ev.PlayDone, play_id="hint")
    assert await seat.hears() == {caller.tone}


@conformance
async def test_legs_that_are_not_answered_or_not_there_cannot_be_bridged(world: World) -> None:
    offered = await world.caller(answered=False)
    with pytest.raises(Rejected) as refused:
        await world.do(cmd.Bridge, bridge_id=world.id("b"), leg_ids=(offered.leg_id,))
    assert refused.value.reason == "bad_state"
    with pytest.raises(NoSuchLeg):
        await world.do(cmd.Bridge, bridge_id=world.id("b"), leg_ids=("nobody",))
    assert (await world.snapshot()).bridges == ()
