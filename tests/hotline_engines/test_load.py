"""Load by an independent tool (sipp): 200 calls at 20 a second, each greeted, recorded and bridged to a seat. Short form; figures are printed."""

from __future__ import annotations

import asyncio
import collections
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from fawang.hotline.engines import commands as cmd
from fawang.hotline.engines import events as ev
from fawang.hotline.engines.port import EngineError, EngineUnavailable
from tests.hotline_engines.conformance.test_recordings import tracks
from tests.hotline_engines.phone import sine, tones_in
from tests.hotline_engines.process import EngineProcess

SCENARIOS = Path(__file__).parent / "sipp"
CALLS, RATE = 200, 20
needs_sipp = pytest.mark.skipif(shutil.which("sipp") is None, reason="!! SKIPPED: no sipp, no load test (apt-get install sip-tester)")


class Desk:
    """The least of a controller: greets, records, dials a seat, bridges, ends both."""

    def __init__(self, process: EngineProcess, seat: str) -> None:
        self.engine, self.seat = process.client, seat
        self.log: list[ev.Event] = []
        self.number = 0
        self.peer: dict[str, str] = {}

    async def do(self, kind: type[cmd.Command], **values: Any) -> None:
        self.number += 1
        try:
            await self.engine.do(kind(command_id=f"desk{self.number}", **values))  # type: ignore[arg-type]
        except EngineUnavailable:
            raise
        except EngineError:
            return  # the other side was quicker

    async def run(self) -> None:
        waiting: set[asyncio.Task[None]] = set()
        async for event in self.engine.events():
            self.log.append(event)
            task = asyncio.get_running_loop().create_task(self.serve(event))
            waiting.add(task)
            task.add_done_callback(waiting.discard)

    async def serve(self, event: ev.Event) -> None:
        if isinstance(event, ev.LegOffered):
            await self.do(cmd.Answer, leg_id=event.leg_id)
        elif isinstance(event, ev.LegAnswered) and event.leg_id.startswith("in-"):
            await self.do(cmd.RecordStart, leg_id=event.leg_id, rec_id=f"rec-{event.leg_id}")
            await self.do(cmd.Play, leg_id=event.leg_id, play_id="hello", media=("tone:420/200",))
            seat = f"seat-{event.leg_id}"
            self.peer[seat], self.peer[event.leg_id] = event.leg_id, seat
            await self.do(cmd.Originate, leg_id=seat, target=self.seat, caller_id="12348")
        elif isinstance(event, ev.LegAnswered):
            await self.do(cmd.Bridge, bridge_id=f"b-{event.leg_id}", leg_ids=(self.peer[event.leg_id], event.leg_id))
        elif isinstance(event, ev.LegEnded) and event.leg_id in self.peer:
            await self.do(cmd.HangUp, leg_id=self.peer[event.leg_id])


@needs_sipp
def test_two_hundred_calls_at_twenty_a_second_are_all_served_recorded_and_ended_once(tmp_path: Path) -> None:
    (tmp_path / "tone.alaw").write_bytes(sine((500,), 4000))
    process = EngineProcess(tmp_path / "engine" if not (tmp_path / "engine").mkdir() else tmp_path)

    async def inside() -> None:
        await process.start()
        common = ["-nostdin", "-i", "127.0.0.1", "-trace_err"]
        seats = subprocess.Popen(
            ["sipp", "-sf", str(SCENARIOS / "seat.xml"), "-p", "15150", "-m", str(CALLS), *common],
            cwd=tmp_path,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        desk = Desk(process, "sip:seat@127.0.0.1:15150")
        running = asyncio.ensure_future(desk.run())
        began = time.monotonic()
        callers = subprocess.Popen(
            ["sipp", f"127.0.0.1:{process.port}", "-sf", str(SCENARIOS / "caller.xml"), "-p", "15151", "-mp", "31000", "-m", str(CALLS), "-r", str(RATE), *common],
            cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            while callers.poll() is None and time.monotonic() - began < 60:
                await asyncio.sleep(0.1)
            took = time.monotonic() - began
            end = time.monotonic() + 10
            while sum(isinstance(e, ev.RecordDone) for e in desk.log) < CALLS and time.monotonic() < end:
                await asyncio.sleep(0.1)
            assert callers.poll() == 0, "sipp counts a call that failed"
            figures = await process.client.figures()
            assert (await process.client.snapshot()).legs == ()
            _check(desk, figures)
            print(
                f"{CALLS} calls in {took:.1f} s: {figures['cpu_s']:.2f} s of engine CPU, {figures['packets_in']} packets in, {figures['packets_out']} out, "
                f"beat late p50/p99/max {figures['late_ms']}, {figures['rss_most_mb']} MB at most"
            )
        finally:
            running.cancel()
            for one in (callers, seats):
                if one.poll() is None:
                    one.kill()
                one.wait()
            process.stop()
        assert process.trouble() == ""

    asyncio.run(inside())


def _check(desk: Desk, figures: dict[str, Any]) -> None:
    offers = [e for e in desk.log if isinstance(e, ev.LegOffered)]
    assert len(offers) == len({e.call_ref for e in offers}) == CALLS
    ended = collections.Counter(e.leg_id for e in desk.log if isinstance(e, ev.LegEnded))
    assert len(ended) == 2 * CALLS
    assert set(ended.values()) == {1}
    bridged = len([e for e in desk.log if isinstance(e, ev.Joined)]) // 2
    assert bridged >= CALLS * 0.95, "a citizen stays three seconds: on a machine that is too slow some are gone before the seat answers"
    recordings = [e for e in desk.log if isinstance(e, ev.RecordDone)]
    assert len(recordings) == CALLS
    assert all(e.reason == "leg_ended" and e.ms > 1000 for e in recordings)
    said, heard = tracks(recordings[CALLS // 2].path)
    assert tones_in(said[4000:8000]) == {500}
    assert 500 in tones_in(heard[-6000:-2000])
    assert figures["faults"] == 0
    assert figures["streams"] == 0
    assert figures["calls"] == 0
    assert figures["ports_free"] == 199
