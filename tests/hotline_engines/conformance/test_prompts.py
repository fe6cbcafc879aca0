"""Prompts, music and keys on every engine."""

from __future__ import annotations

import asyncio

import pytest

from fawang.hotline.engines import commands as cmd
from fawang.hotline.engines import events as ev
from fawang.hotline.engines.port import Rejected
from tests.hotline_engines.conformance.worlds import World, conformance


@conformance
async def test_a_prompt_is_heard_to_its_end(world: World) -> None:
    caller = await world.caller()
    await world.do(cmd.Play, leg_id=caller.leg_id, play_id="greeting", media=("tone:420/400", "tone:1100/900"))
    await world.until(ev.PlayStarted, leg_id=caller.leg_id, play_id="greeting")
    await asyncio.sleep(0.45)
    assert await caller.hears() == {1100}
    done = await world.until(ev.PlayDone, leg_id=caller.leg_id, play_id="greeting")
    assert done.reason == "finished"
    assert done.ms_played == pytest.approx(1300, abs=40)
    assert (await world.snapshot()).leg(caller.leg_id).play_id == ""  # type: ignore[union-attr]


@conformance
async def test_a_prompt_can_be_stopped_and_replaced(world: World) -> None:
    caller = await world.caller()
    await world.do(cmd.Play, leg_id=caller.leg_id, play_id="one", media=("tone:420/5000",))
    await asyncio.sleep(0.2)
    await world.do(cmd.Play, leg_id=caller.leg_id, play_id="two", media=("tone:1100/5000",))
    replaced = await world.until(ev.PlayDone, play_id="one")
    assert replaced.reason == "replaced"
    assert 100 <= replaced.ms_played <= 600
    assert await caller.hears() == {1100}
    await world.do(cmd.StopPlay, leg_id=caller.leg_id, play_id="one")  # not that one: nothing
    assert (await world.snapshot()).leg(caller.leg_id).play_id == "two"  # type: ignore[union-attr]
    await world.do(cmd.StopPlay, leg_id=caller.leg_id, play_id="two")
    assert (await world.until(ev.PlayDone, play_id="two")).reason == "stopped"
    assert await caller.hears() == set()


@conformance
async def test_what_cannot_be_played_is_refused_at_once(world: World) -> None:
    caller = await world.caller()
    for medium in ("file:/nowhere/to/be.wav", "http://example.org/a.wav", "tone:abc/100", "silence:99999999"):
        with pytest.raises(Rejected) as refused:
            await world.do(cmd.Play, leg_id=caller.leg_id, play_id="x", media=(medium,))
        assert refused.value.reason == "bad_value"
    assert not world.told(ev.PlayStarted)


@conformance
async def test_music_is_heard_while_waiting_gives_way_to_a_prompt_and_comes_back(world: World) -> None:
    caller = await world.caller()
    await world.do(cmd.HoldMusic, leg_id=caller.leg_id, music="tone:420/700")
    assert await caller.hears() == {420}
    await world.do(cmd.Play, leg_id=caller.leg_id, play_id="position", media=("tone:1100/900",))
    assert await caller.hears() == {1100}
    await world.until(ev.PlayDone, play_id="position", reason="finished")
    assert await caller.hears() == {420}
    await world.do(cmd.HoldMusic, leg_id=caller.leg_id, music="")
    assert await caller.hears() == set()


@conformance
async def test_keys_are_told_one_by_one_and_gathered(world: World) -> None:
    caller = await world.caller()
    await world.do(cmd.Collect, leg_id=caller.leg_id, digits_id="pin", max_digits=4, first_timeout_s=5)
    caller.press("0*9")
    caller.press("D")
    done = await world.until(ev.DigitsDone, digits_id="pin")
    assert (done.digits, done.reason) == ("0*9D", "max")
    assert [e.digit for e in world.told(ev.Digit, leg_id=caller.leg_id)] == ["0", "*", "9", "D"]


@conformance
async def test_gathering_ends_by_terminator_by_silence_and_when_stopped(world: World) -> None:
    caller = await world.caller()
    await world.do(cmd.Collect, leg_id=caller.leg_id, digits_id="a", max_digits=10, terminators="#")
    caller.press("12#")
    done = await world.until(ev.DigitsDone, digits_id="a")
    assert (done.digits, done.reason) == ("12", "terminator")
    await world.do(cmd.Collect, leg_id=caller.leg_id, digits_id="b", first_timeout_s=0.2)
    done = await world.until(ev.DigitsDone, digits_id="b")
    assert (done.digits, done.reason) == ("", "timeout")
    await world.do(cmd.Collect, leg_id=caller.leg_id, digits_id="c", max_digits=9, inter_timeout_s=0.6)
    caller.press("7")
    done = await world.until(ev.DigitsDone, digits_id="c")
    assert (done.digits, done.reason) == ("7", "timeout")
    await world.do(cmd.Collect, leg_id=caller.leg_id, digits_id="d", max_digits=9)
    await world.do(cmd.StopCollect, leg_id=caller.leg_id, digits_id="d")
    assert (await world.until(ev.DigitsDone, digits_id="d")).reason == "stopped"


@conformance
async def test_keys_pressed_early_wait_for_the_gathering_unless_it_wants_fresh_ones(world: World) -> None:
    caller = await world.caller()
    caller.press("53")
    await world.until(ev.Digit, digit="3")
    assert (await world.snapshot()).leg(caller.leg_id).digits_waiting == "53"  # type: ignore[union-attr]
    await world.do(cmd.Collect, leg_id=caller.leg_id, digits_id="first", max_digits=1)
    done = await world.until(ev.DigitsDone, digits_id="first")
    assert (done.digits, done.reason) == ("5", "max")
    await world.do(cmd.Collect, leg_id=caller.leg_id, digits_id="fresh", fresh=True, first_timeout_s=0.2)
    done = await world.until(ev.DigitsDone, digits_id="fresh")
    assert (done.digits, done.reason) == ("", "timeout")


@conformance
async def test_a_key_interrupts_an_interruptible_prompt_and_counts(world: World) -> None:
    caller = await world.caller()
    await world.do(cmd.Play, leg_id=caller.leg_id, play_id="menu", media=("tone:420/9000",), interruptible=True)
    await world.do(cmd.Collect, leg_id=caller.leg_id, digits_id="menu", first_timeout_s=0.2)
    await asyncio.sleep(0.5)  # the timer for the first key does not run while the prompt plays
    assert not world.told(ev.DigitsDone)
    caller.press("2")
    assert (await world.until(ev.PlayDone, play_id="menu")).reason == "interrupted"
    assert (await world.until(ev.DigitsDone, digits_id="menu")).digits == "2"


@conformance
async def test_what_a_leg_was_doing_is_told_as_over_before_its_end(world: World) -> None:
    caller = await world.caller()
    await world.do(cmd.RecordStart, leg_id=caller.leg_id, rec_id=(rec := world.id("rec")))
    await world.do(cmd.Play, leg_id=caller.leg_id, play_id="p", media=("tone:420/9000",))
    await world.do(cmd.Collect, leg_id=caller.leg_id, digits_id="d")
    await world.do(cmd.Bridge, bridge_id=(bridge := world.id("b")), leg_ids=(caller.leg_id,))
    await caller.hang_up()
    await world.until(ev.LegEnded, leg_id=caller.leg_id)
    assert world.told(ev.PlayDone, play_id="p")[0].reason == "leg_ended"
    assert world.told(ev.DigitsDone, digits_id="d")[0].reason == "leg_ended"
    assert world.told(ev.Left, bridge_id=bridge)[0].reason == "leg_ended"
    assert world.told(ev.BridgeEnded, bridge_id=bridge)
    assert (await world.until(ev.RecordDone, rec_id=rec)).reason == "leg_ended"
    after = [e for e in world.log if e.seq > world.told(ev.LegEnded)[0].seq and getattr(e, "leg_id", "") == caller.leg_id]
    assert all(isinstance(e, ev.RecordDone) for e in after)


@conformance
async def test_keys_can_be_pressed_towards_the_far_side(world: World) -> None:
    seat = await world.seat()
    await world.do(cmd.SendDigits, leg_id=seat.leg_id, digits="1,9#")
    await asyncio.sleep(1.4)
    assert await seat.keys() == "19#"
