"""The fake engine by itself: virtual time, sound by tone, files."""

from __future__ import annotations

import asyncio
import hashlib
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest

from fawang.hotline.engines import commands as cmd
from fawang.hotline.engines import events as ev
from fawang.hotline.engines import sound
from fawang.hotline.engines.fake import Dialled, FakeEngine
from fawang.hotline.engines.port import Cursor, EngineUnavailable, NoSuchLeg, Rejected


def run(test: Callable[[FakeEngine], Awaitable[None]], folder: Path) -> FakeEngine:
    async def inside() -> FakeEngine:
        engine = FakeEngine(folder=folder, by_hand=True)
        await test(engine)
        return engine

    return asyncio.run(inside())


def told(engine: FakeEngine) -> list[ev.Event]:
    return engine.core.spool.events_after(0, 10_000)


def test_a_call_is_offered_answered_greeted_bridged_recorded_and_ended_in_order(tmp_path: Path) -> None:
    async def life(engine: FakeEngine) -> None:
        engine.expect("sip:seat", Dialled(ring_s=1, answer_s=2))
        caller = engine.call(to="12348", frm="13900001111", tone_hz=700)
        await engine.do(cmd.Ring(command_id="1", leg_id=caller.leg_id))
        await engine.do(cmd.Answer(command_id="2", leg_id=caller.leg_id))
        engine.advance(0)
        await engine.do(cmd.RecordStart(command_id="3", leg_id=caller.leg_id, rec_id="rec"))
        await engine.do(cmd.Play(command_id="4", leg_id=caller.leg_id, play_id="hello", media=("tone:350/500", "silence:500")))
        engine.advance(1.5)
        await engine.do(cmd.HoldMusic(command_id="5", leg_id=caller.leg_id, music="tone:425/1000"))
        await engine.do(cmd.Originate(command_id="6", leg_id="seat", target="sip:seat1@h", caller_id="12348"))
        engine.advance(3.0)
        await engine.do(cmd.Bridge(command_id="7", bridge_id="b", leg_ids=(caller.leg_id, "seat")))
        assert caller.hears() == {"leg:seat"}
        assert engine.party("seat").hears() == {f"leg:{caller.leg_id}"}
        engine.advance(2.0)
        caller.hang_up()
        await engine.do(cmd.HangUp(command_id="8", leg_id="seat"))
        engine.advance(0)

    engine = run(life, tmp_path)
    kinds = [type(e).__name__ for e in told(engine)]
    assert kinds == [
        "EngineUp", "LegOffered", "LegAnswered", "RecordStarted", "PlayStarted", "PlayDone", "LegRinging", "LegAnswered", "Joined", "Joined",
        "Left", "LegEnded", "Left", "BridgeEnded", "LegEnded", "RecordDone",
    ]  # fmt: skip
    assert [e.seq for e in told(engine)] == list(range(1, 17))
    ended = [e for e in told(engine) if isinstance(e, ev.LegEnded)]
    assert [(e.side, e.cause) for e in ended] == [("far", "normal"), ("us", "normal")]
    assert ended[0].talk_ms == 6500
    done = told(engine)[-1]
    assert isinstance(done, ev.RecordDone)
    data = Path(done.path).read_bytes()
    assert hashlib.sha256(data).hexdigest() == done.sha256
    assert (done.ms, done.size) == (6500, len(data))
    coding, channels, rate = struct.unpack("<HHI", data[20:28])
    assert (coding, channels, rate) == (6, 2, 8000)
    both = np.frombuffer(data[58:], np.uint8).reshape(-1, 2)
    said, heard = (sound.ALAW_LINEAR[both[:, side]] for side in (0, 1))
    assert sound.level_of(said, 700) == pytest.approx(0.3, rel=0.02)
    prompt, music, talk = heard[:4000], heard[12000:36000], heard[36000:]
    assert sound.level_of(prompt, 350) > 0.25 > sound.level_of(prompt, 425)
    assert sound.level_of(music, 425) > 0.25
    assert sound.level_of(talk, 540) > 0.25 > 0.01 > sound.level_of(talk, 425)


def test_a_menu_takes_digits_before_during_and_after_the_prompt(tmp_path: Path) -> None:
    async def life(engine: FakeEngine) -> None:
        caller = engine.call()
        caller.press("9")
        await engine.do(cmd.Answer(command_id="1", leg_id=caller.leg_id))
        engine.advance(0)
        await engine.do(cmd.Collect(command_id="2", leg_id=caller.leg_id, digits_id="early"))
        await engine.do(cmd.Play(command_id="3", leg_id=caller.leg_id, play_id="menu", media=("tone:350/4000",), interruptible=True))
        await engine.do(cmd.Collect(command_id="4", leg_id=caller.leg_id, digits_id="menu", first_timeout_s=2))
        engine.advance(3.9)
        caller.press("2")
        await engine.do(cmd.Play(command_id="5", leg_id=caller.leg_id, play_id="again", media=("tone:350/1000",)))
        await engine.do(cmd.Collect(command_id="6", leg_id=caller.leg_id, digits_id="silent", first_timeout_s=2))
        engine.advance(2.9)
        assert not [e for e in told(engine) if isinstance(e, ev.DigitsDone) and e.digits_id == "silent"]
        engine.advance(0.1)
        await engine.do(cmd.Collect(command_id="7", leg_id=caller.leg_id, digits_id="many", max_digits=5, inter_timeout_s=1))
        caller.press("12")
        engine.advance(1)

    engine = run(life, tmp_path)
    done = [(e.digits_id, e.digits, e.reason) for e in told(engine) if isinstance(e, ev.DigitsDone)]
    assert done == [("early", "9", "max"), ("menu", "2", "max"), ("silent", "", "timeout"), ("many", "12", "timeout")]
    menu = next(e for e in told(engine) if isinstance(e, ev.PlayDone) and e.play_id == "menu")
    assert (menu.reason, menu.ms_played) == ("interrupted", 3900)


def test_readers_break_off_at_a_crash_and_go_on_after_it_without_gap_or_repetition(tmp_path: Path) -> None:
    async def life(engine: FakeEngine) -> None:
        caller = engine.call()
        reader = engine.events()
        first = [await anext(reader) for _ in range(2)]
        waiting = asyncio.ensure_future(anext(reader))
        await asyncio.sleep(0)
        engine.crash()
        with pytest.raises(EngineUnavailable):
            await waiting
        with pytest.raises(EngineUnavailable):
            await engine.do(cmd.Answer(command_id="1", leg_id=caller.leg_id))
        engine.restart()
        at = Cursor(boot_id=first[-1].boot_id, seq=first[-1].seq)
        reader = engine.events(at)
        up = await anext(reader)
        assert isinstance(up, ev.EngineUp)
        assert (up.adopted, up.seq) == (1, 3)
        assert up.boot_id != at.boot_id
        assert (await engine.snapshot()).leg(caller.leg_id) is not None
        engine.crash()
        engine.restart(calls_lost=True)
        assert isinstance(await anext(engine.events(at)), ev.EventsLost)
        assert (await engine.snapshot()).legs == ()
        with pytest.raises(NoSuchLeg):
            await engine.do(cmd.Answer(command_id="1", leg_id=caller.leg_id))

    run(life, tmp_path)


def test_a_command_is_done_once_also_when_it_was_refused(tmp_path: Path) -> None:
    async def life(engine: FakeEngine) -> None:
        caller = engine.call()
        play = cmd.Play(command_id="p", leg_id=caller.leg_id, play_id="x", media=("tone:350/1000",))
        with pytest.raises(Rejected, match="bad_state"):
            await engine.do(play)
        await engine.do(cmd.Answer(command_id="a", leg_id=caller.leg_id))
        assert (await engine.do(cmd.Answer(command_id="a", leg_id=caller.leg_id))).repeated
        engine.advance(0)
        with pytest.raises(Rejected, match="bad_state"):
            await engine.do(play)
        with pytest.raises(Rejected, match="conflict"):
            await engine.do(cmd.HangUp(command_id="a", leg_id=caller.leg_id))
        assert sum(isinstance(e, ev.LegAnswered) for e in told(engine)) == 1

    run(life, tmp_path)
