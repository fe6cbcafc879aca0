"""The hotline: how quickly a free seat gets its call in a full queue, and what a recorded call costs. Races for seats: see ``races``."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench.ground import house

SEATS, WAITING = 500, 2000
DECISION_MS = 50.0
PER_CORE = 200


def run(*, small: bool = False) -> list[dict[str, Any]]:
    """Rows: a decision's time, recorded calls a core, set-ups a second."""
    seats, waiting = (20, 60) if small else (SEATS, WAITING)
    with house():
        times, ours, theirs = Queue(seats, waiting).decisions()
        p99 = times[min(len(times) - 1, int(len(times) * 0.99))]
    rows = [
        {
            "what": f"queue decision, {seats} seats and {waiting} waiting", "ratio": p99 / DECISION_MS, "holds": p99 <= DECISION_MS,
            "figure": f"p50 {times[len(times) // 2]:.1f} ms, p99 {p99:.1f} ms (limit {DECISION_MS:.0f} ms); CPU of each {ours:.1f} ms here, {theirs:.1f} ms in the database",
        },
    ]  # fmt: skip
    if shutil.which("sipp") is None:
        return [*rows, {"what": "calls through the engine", "figure": "!! SKIPPED: no sipp (apt-get install sip-tester)", "ratio": 0.0, "holds": None}]
    calls, rate = (20, 5) if small else (200, 20)
    cost = asyncio.run(_engine(calls // 2, rate, talk_s=calls / 2 / rate + 15))
    setups = asyncio.run(_engine(calls * 3, rate * 3))
    per_core = 1 / cost["cpu_of_a_call"]
    return [
        *rows,
        {
            "what": "recorded, bridged calls a core", "ratio": per_core / PER_CORE, "holds": per_core >= PER_CORE and cost["failed"] == 0,
            "figure": f"{per_core:.0f} while {calls // 2} talk: {cost['cpu_of_a_call'] * 1000:.2f} ms of CPU for a second of a call with two legs, and {cost['recorder'] * 1000:.2f} ms"
            f" of the recorder's; plan {PER_CORE}",
        },
        {
            "what": "set-ups a second", "ratio": setups["cpu_s"] / setups["seconds"], "holds": setups["failed"] == 0,
            "figure": f"{rate * 3}/s with {setups['failed']} of {calls * 3} failed, {setups['cpu_s'] / setups['seconds']:.2f} core",
        },
    ]  # fmt: skip


def cpu_of(pid: int) -> float:
    """Seconds of CPU of another process of this machine; 0 when it is none of ours to see."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Queue:
    """So many scripted seats, and so many calls that wait for them."""

    def __init__(self, seats: int, waiting: int) -> None:
        from fawang.hotline.models import AgentState, Call, ConfigVersion, EngineNode, QueueEntry, Seat, SeatPool
        from fawang.hotline.scripted.seats import POOL, prepare
        from fawang.kernel import clock

        self.people = list(prepare(seats).items())
        self.pool = SeatPool.objects.get(code=POOL)
        numbers = {s.number: s for s in Seat.objects.filter(pool=self.pool)}
        AgentState.objects.bulk_create(
            [AgentState(staff_id=who.account, seat=numbers[n], pool=self.pool, state="not_ready", reason="signed_on") for n, who in self.people]
        )
        engine, _ = EngineNode.objects.get_or_create(pk="bench")
        config, now = ConfigVersion.objects.get(state="live"), clock.now()
        at = [now - timedelta(seconds=waiting - n) for n in range(waiting)]
        calls = Call.objects.bulk_create(
            [
                Call(engine=engine, leg_id=f"bench-{n}", config=config, did="12348", state="queued", queue_code="general", arrived_at=t, answered_at=t, queued_at=t,
                     deadline_at=now + timedelta(hours=6))
                for n, t in enumerate(at)
            ]
        )  # fmt: skip
        QueueEntry.objects.bulk_create(
            [QueueEntry(call=c, queue_code="general", entered_at=t, needs=[], pools=[self.pool.pk]) for c, t in zip(calls, at, strict=True)]
        )

    def decisions(self) -> tuple[list[float], float, float]:
        """Milliseconds each seat takes from "ready" to its reservation, one after another, sorted; milliseconds of CPU of one, ours and the database's."""
        from django.db import connection

        from fawang.hotline import seats

        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
            cursor.execute("SELECT pg_backend_pid()")
            [backend] = cursor.fetchone()
        found: list[float] = []
        before, there = time.process_time(), cpu_of(backend)
        for _, who in self.people:
            began = time.perf_counter()
            agent = seats.set_ready(actor=who)
            found.append((time.perf_counter() - began) * 1000)
            if agent.state != "reserved":
                raise RuntimeError(f"a free seat got no call: {agent.state}")
        each = 1000 / len(found)
        return sorted(found), (time.process_time() - before) * each, (cpu_of(backend) - there) * each


async def _engine(calls: int, rate: int, talk_s: float = 3.0) -> dict[str, float]:
    """An engine of its own, callers and seats by sipp; every call greeted, recorded, bridged. What a call costs is taken from the time all talk."""
    from fawang.hotline.engines import events as ev
    from tests.hotline_engines.phone import sine
    from tests.hotline_engines.process import EngineProcess
    from tests.hotline_engines.test_load import SCENARIOS, Desk

    folder = Path(tempfile.mkdtemp(prefix="fawang-bench-engine-"))
    (folder / "tone.alaw").write_bytes(sine((500,), 4000))
    (folder / "caller.xml").write_text((SCENARIOS / "caller.xml").read_text().replace('milliseconds="3000"', f'milliseconds="{talk_s * 1000:.0f}"'))
    process = EngineProcess(folder, FAWANG_RTP_PORTS="44000-47000")
    await process.start()
    common = ["-nostdin", "-i", "127.0.0.1"]
    quiet = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    seats = subprocess.Popen(["sipp", "-sf", str(SCENARIOS / "seat.xml"), "-p", "15250", "-m", str(calls), *common], **quiet)  # type: ignore[call-overload]
    desk = Desk(process, "sip:seat@127.0.0.1:15250")
    running = asyncio.ensure_future(desk.run())
    before, began = (await process.client.figures())["cpu_s"], time.perf_counter()
    callers = subprocess.Popen(
        ["sipp", f"127.0.0.1:{process.port}", "-sf", "caller.xml", "-p", "15251", "-mp", "31000", "-m", str(calls), "-r", str(rate), *common], **quiet
    )  # type: ignore[call-overload]  # fmt: skip
    try:
        until = time.monotonic() + 60 + calls / rate + talk_s

        async def spent() -> tuple[float, float, float]:
            now = await process.client.figures()
            return time.monotonic(), now["cpu_s"], cpu_of(now["recorder_pid"])

        of_a_call = of_recorder = 0.0
        if talk_s > 10:
            while sum(isinstance(e, ev.Joined) for e in desk.log) < 2 * calls and time.monotonic() < until:
                await asyncio.sleep(0.1)
            since, engine, recorder = await spent()
            await asyncio.sleep(6)
            at, engine_then, recorder_then = await spent()
            of_a_call, of_recorder = ((then - first) / (at - since) / calls for first, then in ((engine, engine_then), (recorder, recorder_then)))
        while callers.poll() is None and time.monotonic() < until:
            await asyncio.sleep(0.1)
        seconds = time.perf_counter() - began
        await asyncio.sleep(2)
        done = [e for e in desk.log if isinstance(e, ev.RecordDone)]
        cost = (await process.client.figures())["cpu_s"] - before
        return {"cpu_s": cost, "cpu_of_a_call": of_a_call, "recorder": of_recorder, "seconds": seconds, "failed": float(calls - len(done))}
    finally:
        running.cancel()
        for one in (callers, seats):
            if one.poll() is None:
                one.kill()
            one.wait()
        process.stop()
        shutil.rmtree(folder, ignore_errors=True)
