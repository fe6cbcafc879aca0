"""Recordings on every engine: both tracks asked for their tones, moment by moment."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

import numpy as np
import pytest

from fawang.hotline.engines import commands as cmd
from fawang.hotline.engines import events as ev
from fawang.hotline.engines.port import NoSuchLeg, Rejected
from tests.hotline_engines.conformance.worlds import World, conformance
from tests.hotline_engines.phone import A_TABLE, TONES, tones_in


def tracks(path: str) -> tuple[list[int], list[int]]:
    """Both sides of a recording, checked to be a two-channel A-law WAV at 8 kHz whose header tells the truth."""
    data = Path(path).read_bytes()
    assert data[:4] == b"RIFF"
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    assert (int.from_bytes(data[20:22], "little"), data[22], int.from_bytes(data[24:28], "little")) == (6, 2, 8000)
    at = data.index(b"data")
    assert int.from_bytes(data[at + 4 : at + 8], "little") == len(data) - at - 8
    both = np.frombuffer(data[at + 8 :], np.uint8).reshape(-1, 2)
    left, right = ([A_TABLE[code] for code in both[:, side]] for side in (0, 1))
    return left, right


def at(track: list[int], second: float, width: float = 0.2) -> set[int]:
    """The tones of a track around a moment."""
    return tones_in(track[int((second - width / 2) * 8000) : int((second + width / 2) * 8000)], TONES)


@conformance
async def test_one_file_holds_notice_queue_and_talk_each_side_on_its_track(world: World) -> None:
    caller = await world.caller()
    rec = world.id("rec")
    await world.do(cmd.RecordStart, leg_id=caller.leg_id, rec_id=rec)
    started = await world.until(ev.RecordStarted, rec_id=rec)
    await world.do(cmd.Play, leg_id=caller.leg_id, play_id="notice", media=("tone:420/800",))
    await world.until(ev.PlayDone, play_id="notice")
    await world.do(cmd.HoldMusic, leg_id=caller.leg_id, music="tone:1100/700")
    seat = await world.seat()
    await asyncio.sleep(0.8)
    music_end = asyncio.get_running_loop().time()
    await world.do(cmd.Bridge, bridge_id=world.id("b"), leg_ids=(caller.leg_id, seat.leg_id))
    assert (await world.snapshot()).recording(rec).path == started.path  # type: ignore[union-attr]
    await asyncio.sleep(1.2)
    talked = asyncio.get_running_loop().time() - music_end
    await caller.hang_up()
    done = await world.until(ev.RecordDone, rec_id=rec)
    assert (done.path, done.reason) == (started.path, "leg_ended")
    assert hashlib.sha256(Path(done.path).read_bytes()).hexdigest() == done.sha256
    assert Path(done.path).stat().st_size == done.size
    said, heard = tracks(done.path)
    length = len(heard) / 8000
    assert done.ms == pytest.approx(length * 1000, abs=1)
    assert at(heard, 0.4) == {420}
    assert at(heard, length - talked - 0.4) == {1100}
    assert at(heard, length - 0.4) == {seat.tone}
    assert at(said, 0.5) == at(said, length - 0.4) == {caller.tone}
    assert (await world.snapshot()).recordings == ()


@conformance
async def test_a_pause_keeps_silence_on_both_tracks_and_the_time_line(world: World) -> None:
    caller, seat, _ = await world.talk()
    rec = world.id("rec")
    await world.do(cmd.RecordStart, leg_id=caller.leg_id, rec_id=rec)
    await asyncio.sleep(0.8)
    await world.do(cmd.RecordPause, rec_id=rec, on=True)
    assert (await world.snapshot()).recording(rec).paused  # type: ignore[union-attr]
    await asyncio.sleep(0.8)
    await world.do(cmd.RecordPause, rec_id=rec, on=False)
    await asyncio.sleep(0.8)
    await world.do(cmd.RecordStop, rec_id=rec)
    done = await world.until(ev.RecordDone, rec_id=rec)
    assert done.reason == "stopped"
    assert done.ms == pytest.approx(2400, abs=250)
    said, heard = tracks(done.path)
    for moment, left, right in ((0.4, {caller.tone}, {seat.tone}), (1.2, set(), set()), (2.0, {caller.tone}, {seat.tone})):
        assert (at(said, moment), at(heard, moment)) == (left, right)
    with pytest.raises(NoSuchLeg):
        await world.do(cmd.RecordPause, rec_id=rec, on=True)


@conformance
async def test_a_whispering_supervisor_is_not_on_the_citizens_recording(world: World) -> None:
    caller, seat, bridge = await world.talk()
    rec = world.id("rec")
    boss = await world.seat()
    await world.do(cmd.RecordStart, leg_id=caller.leg_id, rec_id=rec)
    await world.do(cmd.Join, leg_id=boss.leg_id, bridge_id=bridge, heard_by=(seat.leg_id,))
    await asyncio.sleep(1.0)
    await world.do(cmd.RecordStop, rec_id=rec)
    done = await world.until(ev.RecordDone, rec_id=rec)
    said, heard = tracks(done.path)
    assert at(said, 0.5) == {caller.tone}
    assert at(heard, 0.6) == {seat.tone}


@conformance
async def test_a_prompt_heard_to_its_end_begins_the_recording_it_announces_without_being_asked(world: World) -> None:
    caller = await world.caller()
    rec = world.id("rec")
    await world.do(cmd.Play, leg_id=caller.leg_id, play_id=world.id("p"), media=("tone:420/400",), record=rec)
    assert (await world.snapshot()).recordings == ()
    started = await world.until(ev.RecordStarted, rec_id=rec)
    done = await world.until(ev.PlayDone)
    assert started.seq < done.seq
    await asyncio.sleep(0.6)
    await world.do(cmd.RecordStop, rec_id=rec)
    whole = await world.until(ev.RecordDone, rec_id=rec)
    said, heard = tracks(whole.path)
    assert (at(said, 0.3), at(heard, 0.3)) == ({caller.tone}, set())


@conformance
async def test_a_prompt_that_is_not_heard_to_its_end_begins_no_recording(world: World) -> None:
    caller = await world.caller()
    await world.do(cmd.Play, leg_id=caller.leg_id, play_id=(play := world.id("p")), media=("tone:420/5000",), record=world.id("rec"))
    await world.do(cmd.StopPlay, leg_id=caller.leg_id, play_id=play)
    await world.until(ev.PlayDone, play_id=play)
    assert (await world.snapshot()).recordings == ()
    assert world.told(ev.RecordStarted) == []


@conformance
async def test_a_leg_is_recorded_once_at_a_time_and_an_id_once(world: World) -> None:
    caller = await world.caller()
    rec = world.id("rec")
    await world.do(cmd.RecordStart, leg_id=caller.leg_id, rec_id=rec)
    for other in (rec, world.id("rec")):
        with pytest.raises(Rejected) as refused:
            await world.do(cmd.RecordStart, leg_id=caller.leg_id, rec_id=other)
        assert refused.value.reason == "conflict"
    with pytest.raises(Rejected) as refused:
        await world.do(cmd.RecordStart, leg_id=caller.leg_id, rec_id="../../etc/x")
    assert refused.value.reason == "bad_value"
