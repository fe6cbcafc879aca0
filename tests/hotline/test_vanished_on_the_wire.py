"""Real telephones, a real engine and a real controller: people whose telephones die without a word, in the queue, on a message, before the ACK,
and over a restart of the engine."""

from __future__ import annotations

import asyncio
import copy
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from fawang.hotline import figures_check
from fawang.hotline.controller import Controller
from fawang.hotline.engines.embedded.client import EmbeddedEngine
from fawang.hotline.machine import dispatch
from fawang.hotline.models import Call, CallbackRequest, Voicemail
from fawang.kernel.context import acting
from tests.hotline.world import DOCUMENT, World
from tests.hotline_engines.phone import Line, Phone
from tests.hotline_engines.process import EngineProcess

GONE_MS = 6_000


class Wire:
    """A controller on an engine of its own, and telephones."""

    def __init__(self) -> None:
        self.process = EngineProcess(FAWANG_SIP_MEDIA_LOST_S="1")
        self.phones: list[Phone] = []

    async def start(self) -> None:
        await self.process.start()
        self.controller = Controller(EmbeddedEngine(self.process.client.socket))
        self.running = asyncio.create_task(self.controller.run())

    async def close(self) -> None:
        self.controller.stop()
        with suppress(Exception):
            await asyncio.wait_for(self.running, 20)
        for phone in self.phones:
            phone.close()
        await self.controller.engine.close()  # type: ignore[attr-defined]
        self.process.stop()

    async def call(self, tone: int, number: str = "12348", *, acks: bool = True) -> Line:
        phone = await Phone(tone).open()
        phone.ack_lost = not acks
        self.phones.append(phone)
        return phone.call(number, self.process.sip, frm=f"1380013{tone:04d}")

    async def row(self, line: Line) -> Call | None:
        return await self.controller._in_db(lambda: Call.objects.filter(call_ref=line.call_id).first())

    async def until(self, line: Line, what: Callable[[Call], bool], seconds: float = 60) -> Call:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            row = await self.row(line)
            if row is not None and what(row):
                return row
            await asyncio.sleep(0.1)
        raise AssertionError(row and (row.state, row.end_cause, row.notes))


def die(line: Line) -> float:
    """The telephone says nothing any more, neither sound nor SIP."""
    line.phone.rtp_silent = True
    line.phone.deaf_to = {"INVITE", "UPDATE", "OPTIONS"}
    return time.monotonic()


async def in_the_queue(wire: Wire) -> None:
    line = await wire.call(500)
    await wire.until(line, lambda c: c.state == "queued")
    died = die(line)
    row = await wire.until(line, lambda c: c.state == "ended")
    assert time.monotonic() - died > GONE_MS / 1000 - 1
    assert (row.end_cause, row.end_side) == ("caller_vanished", "citizen")
    await asyncio.wait_for(line.over.wait(), 10)


async def muted_in_the_queue(wire: Wire) -> None:
    """He sends no sound, but his telephone reports: he keeps his place beside the one who is gone."""
    line = await wire.call(580)
    await wire.until(line, lambda c: c.state == "queued")
    line.phone.rtp_silent = True
    host, port = line.media or ("", 0)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for _ in range(12):
            control.sendto(struct.pack("!BBHI", 0x80, 201, 1, 7), (host, port + 1))
            await asyncio.sleep(1)
    row = await wire.row(line)
    assert row is not None
    assert row.state == "queued"
    await line.hang_up()


async def on_a_message(wire: Wire) -> None:
    line = await wire.call(660, "12348001")
    await wire.until(line, lambda c: c.state == "menu")
    line.press("3")
    await wire.until(line, lambda c: c.notes.get("then") == "voicemail_over")
    await asyncio.sleep(3)
    die(line)
    row = await wire.until(line, lambda c: c.state == "ended")
    assert (row.end_cause, row.end_side) == ("voicemail", "citizen")


async def before_the_ack(wire: Wire) -> None:
    line = await wire.call(740, acks=False)
    row = await wire.until(line, lambda c: c.state == "ended")
    assert (row.end_cause, row.end_side) == ("caller_vanished", "citizen")
    assert row.ended_at is not None
    assert (row.ended_at - row.arrived_at).total_seconds() > 31, "our 200 is repeated for 64·T1"


async def over_a_restart(wire: Wire) -> None:
    line = await wire.call(820)
    await wire.until(line, lambda c: c.state == "queued")
    die(line)
    await wire.until(line, lambda c: c.notes.get("silent_ms", 0) >= 3_000)
    wire.process.kill()
    await wire.process.start()
    began = time.monotonic()
    await asyncio.sleep(GONE_MS / 1000 - 2)
    row = await wire.row(line)
    assert row is not None
    assert row.state == "queued", "the new process has not missed him for so long yet"
    row = await wire.until(line, lambda c: c.state == "ended")
    assert time.monotonic() - began > GONE_MS / 1000 - 1
    assert (row.end_cause, row.end_side) == ("caller_vanished", "citizen")


def test_telephones_that_die_without_a_word(own_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "GONE_MS", GONE_MS)
    always = copy.deepcopy(DOCUMENT["queues"])
    always["general"] = {"name": ["综合", "General"], "pools": [{"pool": "hefei"}], "longest_wait": 600, "offer": None}
    with acting(door="hotline"):
        world = World(lambda _: None, tmp_path, queues=always)
        world.agent("李律师", ready=False)

    async def scenario() -> None:
        wire = Wire()
        await wire.start()
        try:
            await asyncio.gather(in_the_queue(wire), muted_in_the_queue(wire), on_a_message(wire), before_the_ack(wire))
            await over_a_restart(wire)
        finally:
            await wire.close()

    asyncio.run(scenario())
    with acting(door="hotline"):
        ends = {c.caller[-4:]: c.end_cause for c in Call.objects.all() if c.caller}
        assert ends == {"0500": "caller_vanished", "0580": "abandoned_queue", "0660": "voicemail", "0740": "caller_vanished", "0820": "caller_vanished"}
        assert Voicemail.objects.count() == 1
        owed = {r.phone[-4:]: r.reason for r in CallbackRequest.objects.all() if r.phone}
        assert owed == {"0500": "lost", "0580": "abandoned", "0820": "lost"}
        assert figures_check.differences() == []
