"""The life of a leg on every engine: offered, answered, refused, cancelled, dialled, ended exactly once."""

from __future__ import annotations

import asyncio

import pytest

from fawang.hotline.engines import commands as cmd
from fawang.hotline.engines import events as ev
from fawang.hotline.engines.port import EngineError, NoSuchLeg
from tests.hotline_engines.conformance.worlds import World, conformance


@conformance
async def test_a_call_is_offered_with_its_numbers_and_answered(world: World) -> None:
    caller = await world.caller(answered=False, to="12348", frm="13712345678")
    offered = world.told(ev.LegOffered)[0]
    assert (offered.to_number, offered.from_number) == ("12348", "13712345678")
    assert offered.call_ref
    leg = (await world.snapshot()).leg(caller.leg_id)
    assert leg is not None
    assert (leg.direction, leg.state) == ("in", "offered")
    await world.do(cmd.Ring, leg_id=caller.leg_id)
    assert (await world.snapshot()).leg(caller.leg_id).state == "ringing"  # type: ignore[union-attr]
    await world.do(cmd.Answer, leg_id=caller.leg_id)
    await world.until(ev.LegAnswered, leg_id=caller.leg_id)
    leg = (await world.snapshot()).leg(caller.leg_id)
    assert leg is not None
    assert leg.state == "answered"
    assert leg.answered_at >= leg.started_at
    await caller.hang_up()
    ended = await world.until(ev.LegEnded, leg_id=caller.leg_id)
    assert (ended.cause, ended.side) == ("normal", "far")
    assert (await world.snapshot()).leg(caller.leg_id) is None
    assert len(world.told(ev.LegEnded)) == 1


@conformance
async def test_we_hang_up_and_the_far_side_hears_it(world: World) -> None:
    caller = await world.caller()
    await world.do(cmd.HangUp, leg_id=caller.leg_id)
    ended = await world.until(ev.LegEnded, leg_id=caller.leg_id)
    assert (ended.cause, ended.side) == ("normal", "us")
    await caller.over()
    with pytest.raises(NoSuchLeg):
        await world.do(cmd.HangUp, leg_id=caller.leg_id)


@conformance
async def test_a_call_is_refused(world: World) -> None:
    caller = await world.caller(answered=False)
    await world.do(cmd.Reject, leg_id=caller.leg_id, cause="busy")
    ended = await world.until(ev.LegEnded, leg_id=caller.leg_id)
    assert (ended.cause, ended.side) == ("busy", "us")
    await caller.over()
    assert not world.told(ev.LegAnswered)


@conformance
async def test_a_caller_gives_up_before_the_answer(world: World) -> None:
    caller = await world.caller(answered=False)
    await world.do(cmd.Ring, leg_id=caller.leg_id)
    await caller.hang_up()
    ended = await world.until(ev.LegEnded, leg_id=caller.leg_id)
    assert (ended.cause, ended.side) == ("cancelled", "far")
    with pytest.raises(NoSuchLeg):
        await world.do(cmd.Answer, leg_id=caller.leg_id)


@conformance
async def test_a_dialled_phone_rings_and_answers(world: World) -> None:
    callee = await world.phone(ring_s=0.05, answer_s=0.1)
    leg_id = world.id("seat")
    await world.do(cmd.Originate, leg_id=leg_id, target=callee.target, caller_id="12348", caller_name="法网 热线")
    await world.until(ev.LegAnswered, leg_id=leg_id)
    assert [type(e) for e in world.log if getattr(e, "leg_id", "") == leg_id] == [ev.LegRinging, ev.LegAnswered]
    leg = (await world.snapshot()).leg(leg_id)
    assert leg is not None
    assert (leg.direction, leg.state, leg.from_number) == ("out", "answered", "12348")


@conformance
async def test_refusals_of_dialled_phones_keep_their_meaning(world: World) -> None:
    for status, cause in ((486, "busy"), (603, "rejected"), (404, "not_found"), (503, "unreachable")):
        callee = await world.phone(refuse=status)
        leg_id = world.id("seat")
        await world.do(cmd.Originate, leg_id=leg_id, target=callee.target, caller_id="12348")
        ended = await world.until(ev.LegEnded, leg_id=leg_id)
        assert (ended.cause, ended.side, ended.code) == (cause, "far", status)


@conformance
async def test_a_phone_nobody_takes_is_given_up_after_the_timeout(world: World) -> None:
    callee = await world.phone(answer_s=None)
    leg_id = world.id("seat")
    await world.do(cmd.Originate, leg_id=leg_id, target=callee.target, caller_id="12348", timeout_s=0.5)
    await world.until(ev.LegRinging, leg_id=leg_id)
    ended = await world.until(ev.LegEnded, leg_id=leg_id)
    assert (ended.cause, ended.side) == ("no_answer", "far")
    await asyncio.sleep(0.1)
    await callee.line(leg_id).over()


@conformance
async def test_we_give_a_ringing_phone_up(world: World) -> None:
    callee = await world.phone(answer_s=None)
    leg_id = world.id("seat")
    await world.do(cmd.Originate, leg_id=leg_id, target=callee.target, caller_id="12348")
    await world.until(ev.LegRinging, leg_id=leg_id)
    await world.do(cmd.HangUp, leg_id=leg_id)
    ended = await world.until(ev.LegEnded, leg_id=leg_id)
    assert (ended.cause, ended.side) == ("cancelled", "us")
    await callee.line(leg_id).over()
    assert not world.told(ev.LegAnswered, leg_id=leg_id)


@conformance
async def test_hanging_up_at_the_moment_of_the_answer_ends_the_leg_once_and_leaves_nobody_hanging(world: World) -> None:
    for pause in (0.0, 0.01, 0.02, 0.03, 0.05):
        callee = await world.phone(answer_s=0.02)
        leg_id = world.id("race")
        await world.do(cmd.Originate, leg_id=leg_id, target=callee.target, caller_id="12348")
        await asyncio.sleep(pause)
        await world.do(cmd.HangUp, leg_id=leg_id)
        await world.until(ev.LegEnded, leg_id=leg_id)
        await asyncio.sleep(0.1)
        await callee.line(leg_id).over()
        assert len(world.told(ev.LegEnded, leg_id=leg_id)) == 1
        kinds = [type(e) for e in world.log if getattr(e, "leg_id", "") == leg_id]
        assert kinds[-1] is ev.LegEnded


@conformance
async def test_both_sides_hanging_up_at_once_end_the_leg_once(world: World) -> None:
    for _ in range(5):
        caller = await world.caller()

        async def ours(leg_id: str = caller.leg_id) -> None:
            try:
                await world.do(cmd.HangUp, leg_id=leg_id)
            except EngineError:
                return

        await asyncio.gather(caller.hang_up(), ours())
        await world.until(ev.LegEnded, leg_id=caller.leg_id)
        await asyncio.sleep(0.05)
        assert len(world.told(ev.LegEnded, leg_id=caller.leg_id)) == 1


@conformance
async def test_while_draining_new_calls_are_refused_and_running_ones_go_on(world: World) -> None:
    running = await world.caller()
    await world.do(cmd.Drain, on=True)
    await world.until(ev.Draining, on=True)
    refused = await world.dial()
    await asyncio.sleep(0.2)
    assert len(world.told(ev.LegOffered)) == 1
    await refused.over()
    assert (await world.snapshot()).draining
    assert (await world.snapshot()).leg(running.leg_id) is not None
    await world.do(cmd.Drain, on=False)
    await world.caller()


@conformance
async def test_the_far_side_holds_us_and_takes_us_back(world: World) -> None:
    caller = await world.caller()
    await caller.hold(True)
    await world.until(ev.LegHeld, leg_id=caller.leg_id, on=True)
    assert (await world.snapshot()).leg(caller.leg_id).held_by_far  # type: ignore[union-attr]
    await caller.hold(False)
    await world.until(ev.LegHeld, leg_id=caller.leg_id, on=False)
    assert not (await world.snapshot()).leg(caller.leg_id).held_by_far  # type: ignore[union-attr]
