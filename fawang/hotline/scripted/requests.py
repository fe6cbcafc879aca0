"""“让演示来电打给我”: a seat asks for a scripted call; the controller's process, in a demonstration, places it."""

from __future__ import annotations

import asyncio
import logging
import os

import psycopg
from django.conf import settings
from django.db import connection, transaction

from fawang.hotline import agents
from fawang.hotline.scripted.caller import place_call
from fawang.hotline.scripted.exchange import Exchange
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.policy import require
from fawang.people.actors import Actor

CHANNEL = "fawang_demo_call"
MOST = 5
"""Scripted calls at a time; more are not placed."""
log = logging.getLogger("fawang.hotline.scripted")


def call_me(*, actor: Actor) -> None:
    """Ask for a scripted call to the queue this ready seat serves. Raises ``Absent`` outside a demonstration, ``Refusal('hotline.not_now')`` when not ready."""
    require("hotline.seat", actor)
    if not settings.DEMO:
        raise Absent
    with transaction.atomic():
        if agents.locked(actor.account).state != "ready":
            raise Refusal("hotline.not_now", status=409)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])


async def serve(host: str, port: int) -> None:
    """Place what is asked for, until cancelled. The exchange is opened with the first call."""
    wanted: asyncio.Queue[None] = asyncio.Queue()
    listening = asyncio.create_task(_listen(wanted))
    running: set[asyncio.Task[object]] = set()
    try:
        await wanted.get()
        async with Exchange(host, port) as exchange:
            while True:
                if len(running) < MOST:
                    call: asyncio.Task[object] = asyncio.create_task(place_call(exchange))
                    running.add(call)
                    call.add_done_callback(running.discard)
                await wanted.get()
    finally:
        listening.cancel()
        for call in list(running):
            call.cancel()


async def _listen(wanted: asyncio.Queue[None]) -> None:
    """Hear the channel; a break of the database only loses what was asked for meanwhile, and whoever asked presses again."""
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(os.environ["DATABASE_URL"], autocommit=True) as listener:
                await listener.execute(f"LISTEN {CHANNEL}")  # type: ignore[arg-type]
                async for _ in listener.notifies():
                    wanted.put_nowait(None)
        except psycopg.Error:
            log.info("the database does not answer; scripted calls wait")
            await asyncio.sleep(1)
