"""The engine and its recorder killed at the worst moments: calls go on, recordings keep all but the last second, nothing is told twice or never."""

from __future__ import annotations

import asyncio
import collections
import itertools
import os
import signal
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from fawang.hotline.engines import commands as cmd
from fawang.hotline.engines import events as ev
from fawang.hotline.engines.embedded import store
from tests.hotline_engines.conformance.test_recordings import tracks
from tests.hotline_engines.conformance.worlds import EmbeddedWorld
from tests.hotline_engines.phone import Manners, Phone, tones_in
from tests.hotline_engines.process import EngineProcess

PAIRS = 22
CALLER_TONES, SEAT_TONES = (300, 420, 580, 740, 1000, 1250), (360, 500, 660, 900, 1100, 1400, 1600)


def alone(scenario: Callable[[EmbeddedWorld], Awaitable[None]]) -> None:
    """With an engine of its own."""
    process = EngineProcess()

    async def inside() -> None:
        shared, EmbeddedWorld.shared = EmbeddedWorld.shared, process
        await process.start()
        world: Any = EmbeddedWorld()
        try:
            await world.open()
            await asyncio.wait_for(scenario(world), 90)
        finally:
            try:
                await world.unfollow()
                await world.close()
            finally:
                EmbeddedWorld.shared = shared
                process.stop()

    asyncio.run(inside())


async def bridged_pair(world: EmbeddedWorld, n: int) -> tuple[Any, Any, str]:
    """A recorded talk between two phones: caller's line, seat's line, recording."""
    caller, seat = await Phone(CALLER_TONES[n % 6]).open(), await Phone(SEAT_TONES[n % 7]).open()
    world.phones += [caller, seat]
    line = caller.call("12348", world.process.sip, frm=f"1380000{n:04}")
    leg = (await world.until(ev.LegOffered, 15, call_ref=line.call_id)).leg_id
    await world.do(cmd.Answer, leg_id=leg)
    await world.until(ev.LegAnswered, 15, leg_id=leg)
    await world.do(cmd.RecordStart, leg_id=leg, rec_id=(rec := world.id("rec")))
    await world.do(cmd.Originate, leg_id=(other := world.id("seat")), target=seat.uri, caller_id="12348")
    await world.until(ev.LegAnswered, 15, leg_id=other)
    await world.do(cmd.Bridge, bridge_id=world.id("b"), leg_ids=(leg, other))
    return line, seat.lines[0], rec


def test_twenty_two_recorded_talks_outlast_the_death_of_the_engine() -> None:
    async def scenario(world: EmbeddedWorld) -> None:
        pairs = await asyncio.gather(*(bridged_pair(world, n) for n in range(PAIRS)))
        await asyncio.sleep(2.0)
        before = {id(line): line.packets for pair in pairs for line in pair[:2]}
        cursor = world.cursor()
        await world.unfollow()
        killed = time.monotonic()
        world.process.kill()
        last_words = {rec: line.last_sent for line, _, rec in pairs}
        await asyncio.sleep(0.05)
        silent = {id(line): line.packets for pair in pairs for line in pair[:2]}
        await world.process.start()
        for line in (line for pair in pairs for line in pair[:2]):
            while line.packets <= silent[id(line)] + 2:
                assert time.monotonic() - killed < 20, "a call stayed silent"
                await asyncio.sleep(0.01)
        gap = time.monotonic() - killed
        world.follow(cursor)
        up = await world.until(ev.EngineUp)
        assert up.adopted == 2 * PAIRS
        heard = await asyncio.gather(*(line.hears(0.3, settle=0.3) for pair in pairs for line in pair[:2]))
        wanted = [tones for n in range(PAIRS) for tones in ({SEAT_TONES[n % 7]}, {CALLER_TONES[n % 6]})]
        assert heard == wanted
        assert all(not line.over.is_set() and len(line.ssrcs) == 1 for pair in pairs for line in pair[:2])
        assert all(before[id(line)] > 30 for pair in pairs for line in pair[:2])
        figures = await world.process.client.figures()
        await asyncio.gather(*(pair[0].hang_up() for pair in pairs))
        for _, _, rec in pairs:
            done = await world.until(ev.RecordDone, 10, rec_id=rec)
            assert (done.reason, done.gaps_ms < 20_000) == ("leg_ended", True)
        ended = collections.Counter(e.leg_id for e in world.told(ev.LegEnded))
        assert len(ended) == PAIRS
        assert set(ended.values()) == {1}
        _check_recordings(world, pairs, last_words)
        print(f"{PAIRS} talks: speech gap {gap:.2f} s from kill to the last of {2 * PAIRS} ears, taken over in {figures['adopted_ms']} ms")

    alone(scenario)


def _tenths(track: list[int], tone: int) -> list[float]:
    """The tenths of a second in which a track holds a tone and no other."""
    return [n / 10 for n in range(len(track) // 800) if tones_in(track[n * 800 : n * 800 + 800]) == {tone}]


def _check_recordings(world: EmbeddedWorld, pairs: list[tuple[Any, Any, str]], last_words: dict[str, float]) -> None:
    """``last_words``: when (monotonic) the caller of a recording had last spoken before the kill."""
    offset = time.time() - time.monotonic()
    for n, (_, _, rec) in enumerate(pairs):
        done = world.told(ev.RecordDone, rec_id=rec)[0]
        said, heard = tracks(done.path)
        gap = done.gaps_ms / 1000
        assert 0 < gap < 20
        started = datetime.fromisoformat(world.told(ev.RecordStarted, rec_id=rec)[0].at).timestamp() - offset
        spoken = last_words[rec] - started
        spoke, heard_at = _tenths(said, CALLER_TONES[n % 6]), _tenths(heard, SEAT_TONES[n % 7])
        before = [at for at in spoke if at < spoken]
        assert before[-1] > spoken - 1.2, "all but the last second is there"
        assert len(before) > 10
        assert len([at for at in heard_at if at < spoken]) > 5
        for voice in (spoke, heard_at):
            assert len([at for at in voice if at > spoken + gap - 1.5]) > 2, "and what was said after it"


def test_the_death_of_the_recorder_costs_no_sound_and_no_call() -> None:
    async def scenario(world: EmbeddedWorld) -> None:
        line, other, rec = await bridged_pair(world, 1)
        await asyncio.sleep(1.6)
        first = (await world.process.client.figures())["recorder_pid"]
        os.kill(first, signal.SIGKILL)
        await asyncio.sleep(2.5)
        figures = await world.process.client.figures()
        assert figures["recorder_pid"] != first
        assert figures["recorder_restarts"] == 1
        assert await line.hears() == {other.phone.tone}
        await line.hang_up()
        done = await world.until(ev.RecordDone, rec_id=rec)
        said, heard = tracks(done.path)
        spoke = _tenths(said, line.phone.tone)
        pauses = [after - before for before, after in itertools.pairwise(spoke)]
        assert max(pauses) <= 0.3, "what was in the recorder's hands is handed to the next one"
        assert done.gaps_ms == 0
        assert _tenths(heard, other.phone.tone)[-1] > spoke[-1] - 0.5

    alone(scenario)


def test_calls_arriving_while_the_engine_dies_are_each_offered_exactly_once_and_ended_exactly_once() -> None:
    async def scenario(world: EmbeddedWorld) -> None:
        lines: list[Any] = []

        async def arrivals() -> None:
            for n in range(40):
                phone = await Phone(0).open()
                phone.rtp_silent = True
                world.phones.append(phone)
                lines.append(phone.call("12348", world.process.sip, frm=f"1390000{n:04}"))
                await asyncio.sleep(0.03)

        cursor, boot = (await world.snapshot()).seq, (await world.snapshot()).boot_id
        arriving = asyncio.ensure_future(arrivals())
        for pause in (0.35, 1.6):
            await asyncio.sleep(pause)
            await world.unfollow()
            world.process.kill()
            await world.process.start()
        await arriving
        from fawang.hotline.engines.port import Cursor

        world.log.clear()
        world.follow(Cursor(boot_id=boot, seq=cursor))
        end = time.monotonic() + 15
        while len({e.call_ref for e in world.told(ev.LegOffered)}) < 40 and time.monotonic() < end:
            await asyncio.sleep(0.05)
        offers = collections.Counter(e.call_ref for e in world.told(ev.LegOffered))
        assert offers == collections.Counter(line.call_id for line in lines)
        for offer in world.told(ev.LegOffered):
            await world.do(cmd.Answer, leg_id=offer.leg_id)
        await asyncio.gather(*(asyncio.wait_for(line.answered.wait(), 10) for line in lines))
        await asyncio.gather(*(line.hang_up() for line in lines))
        for offer in world.told(ev.LegOffered):
            await world.until(ev.LegEnded, 10, leg_id=offer.leg_id)
        assert set(collections.Counter(e.leg_id for e in world.told(ev.LegEnded)).values()) == {1}
        assert (await world.snapshot()).legs == ()
        numbers = [e.seq for e in world.log]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))

    alone(scenario)


def test_a_hang_up_accepted_just_before_the_death_reaches_the_far_side_after_it() -> None:
    async def scenario(world: EmbeddedWorld) -> None:
        line, _, _ = await bridged_pair(world, 0)
        line.phone.deaf_to.add("BYE")
        leg = world.told(ev.LegOffered)[0].leg_id
        await world.do(cmd.HangUp, leg_id=leg)
        await world.unfollow()
        world.process.kill()
        line.phone.deaf_to.clear()
        await world.process.start()
        await asyncio.wait_for(line.over.wait(), 5)

    alone(scenario)


def test_an_orderly_stop_ends_no_call_either() -> None:
    async def scenario(world: EmbeddedWorld) -> None:
        line, other, _ = await bridged_pair(world, 2)
        cursor = world.cursor()
        world.process.stop()
        await world.unfollow()
        await world.process.start()
        world.follow(cursor)
        await world.until(ev.EngineUp)
        assert [type(e) for e in world.log[-2:]] == [ev.EngineDown, ev.EngineUp]
        assert await line.hears() == {other.phone.tone}
        assert await other.hears() == {line.phone.tone}

    alone(scenario)


def test_a_leg_whose_port_was_taken_meanwhile_is_ended_and_told() -> None:
    import socket

    async def scenario(world: EmbeddedWorld) -> None:
        line, other, rec = await bridged_pair(world, 3)
        cursor = world.cursor()
        await world.unfollow()
        world.process.kill()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as thief:
            thief.bind(("127.0.0.1", line.media[1]))
            await world.process.start()
        world.follow(cursor)
        leg = world.told(ev.LegOffered)[0].leg_id
        ended = await world.until(ev.LegEnded, leg_id=leg)
        assert (ended.cause, ended.side) == ("error", "engine")
        assert (await world.until(ev.EngineUp)).adopted == 1
        done = await world.until(ev.RecordDone, rec_id=rec)
        assert (done.reason, bool(done.sha256)) == ("leg_ended", True), "its recording is closed, not forgotten"
        await asyncio.wait_for(line.over.wait(), 5)
        assert not other.over.is_set()

    alone(scenario)


def test_a_seat_that_rings_at_the_crash_is_still_given_up_in_time() -> None:
    async def scenario(world: EmbeddedWorld) -> None:
        seat = await Phone(500).open()
        seat.manners = Manners(answer_s=None)
        world.phones.append(seat)
        await world.do(cmd.Originate, leg_id=(leg := world.id("seat")), target=seat.uri, caller_id="1", timeout_s=4.0)
        await world.until(ev.LegRinging, leg_id=leg)
        cursor = world.cursor()
        await world.unfollow()
        await world.crash_and_restart()
        world.follow(cursor)
        ended = await world.until(ev.LegEnded, 8, leg_id=leg)
        assert ended.cause == "no_answer"
        await asyncio.wait_for(seat.lines[0].over.wait(), 3)

    alone(scenario)


# -- the engine's file -----------------------------------------------------------------------------------------------------


def event(seq: int) -> ev.Event:
    return ev.Draining(engine_id="e", boot_id="b", seq=seq, at="2026-11-24T00:00:00.000Z", on=True)


def test_the_file_of_another_boot_of_the_machine_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    boot = tmp_path / "boot_id"
    boot.write_text("one\n")
    monkeypatch.setattr(store, "HOST_BOOT", boot)
    first = store.FileSpool(tmp_path / "e.sqlite")
    first.put("leg", "a", {"x": 1})
    first.commit()
    first.close()
    again = store.FileSpool(tmp_path / "e.sqlite")
    assert list(again.all("leg")) == [("a", {"x": 1})]
    again.close()
    boot.write_text("two\n")
    after = store.FileSpool(tmp_path / "e.sqlite")
    assert list(after.all("leg")) == []
    assert after.put_aside
    assert (tmp_path / "e.sqlite.aside").exists()
    after.close()


def test_a_file_that_is_no_database_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / "e.sqlite").write_bytes(b"not a database" * 1000)
    spool = store.FileSpool(tmp_path / "e.sqlite")
    spool.add_event(event(1))
    spool.commit()
    assert spool.events_after(0, 10) == [event(1)]
    spool.close()
    assert (tmp_path / "e.sqlite.aside").read_bytes().startswith(b"not a database")


def test_on_a_full_disk_nothing_is_told_that_is_not_kept_and_all_is_kept_once_there_is_room(tmp_path: Path) -> None:
    spool = store.FileSpool(tmp_path / "e.sqlite")
    pages = spool._db.execute("PRAGMA page_count").fetchone()[0]
    spool._db.execute(f"PRAGMA max_page_count = {pages}")
    for seq in range(1, 300):
        spool.add_event(event(seq))
        spool.put("leg", str(seq), {"text": "x" * 200})
    spool.commit()
    assert spool.events_after(0, 1000) == []
    spool._db.execute("PRAGMA max_page_count = 100000")
    spool.add_event(event(300))
    spool.commit()
    assert [e.seq for e in spool.events_after(0, 1000)] == list(range(1, 301))
    assert len(list(spool.all("leg"))) == 299
    spool.close()


def test_text_that_is_no_text_can_be_kept(tmp_path: Path) -> None:
    spool = store.FileSpool(tmp_path / "e.sqlite")
    spool.put("contact", "a\udce4b", {"uri": "\udcff", "zh": "法"})
    spool.add_answer("id\udc80", "p", ["ok"])
    spool.commit()
    assert [value for _, value in spool.all("contact")] == [{"uri": "\udcff", "zh": "法"}]
    assert spool.answer("id\udc80") == ("p", ["ok"])
    spool.drop("contact", "a\udce4b")
    spool.commit()
    assert list(spool.all("contact")) == []
    spool.close()
