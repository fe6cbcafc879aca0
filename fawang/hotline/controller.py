"""The controller of one engine: reads its events, lets the machine deal with them, sends what the machine wants, fires deadlines.

All state is in the database and in the engine; this process may die at any moment and another one goes on. A lease says which one
controls an engine; every transaction checks it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from django.db import Error, connection, transaction
from django.db.models import Q

from fawang.hotline import equipment, outbox
from fawang.hotline.engines.commands import Configure
from fawang.hotline.engines.events import Event, EventsLost
from fawang.hotline.engines.port import Cursor, EngineUnavailable, NoSuchLeg, Rejected, Snapshot, TelephonyEngine
from fawang.hotline.listening import Listener
from fawang.hotline.machine import dispatch, reconcile, timeouts
from fawang.hotline.models import EngineCommand, EngineNode
from fawang.kernel import clock
from fawang.kernel.context import acting
from fawang.kernel.work import beat

log = logging.getLogger("fawang.hotline")
T = TypeVar("T")
LEASE = timedelta(seconds=10)
BATCH = 20
SWEEP_S, RENEW_S, EQUIP_S, RECONCILE_S, GONE_S = 0.5, 3.0, 2.0, 30.0, 30.0
REST_S, REST_DEAF_S = 0.5, 0.1
"""How long to rest when nothing is told: until the next look at deadlines, or much less while the database cannot be heard."""


def name_of_process() -> str:
    """Who holds a lease: host and process."""
    return f"{socket.gethostname()}:{os.getpid()}"[:80]


def _dead(holder: str) -> bool:
    """Whether a holder was a process of this host that is no more: its lease need not run out."""
    host, _, pid = holder.rpartition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    return not Path(f"/proc/{pid}").exists()


def take_lease(engine_id: str, holder: str) -> bool:
    """Become (or stay) the controller of an engine; false while somebody else's lease runs. Own transaction."""
    now = clock.now()
    with transaction.atomic():
        EngineNode.objects.get_or_create(pk=engine_id)
        node = EngineNode.objects.select_for_update(no_key=True).get(pk=engine_id)
        if node.holder != holder and node.lease_until is not None and node.lease_until > now and not _dead(node.holder):
            return False
        if node.holder != holder:
            node.holder, node.epoch = holder, node.epoch + 1
        node.lease_until = now + LEASE
        node.save(update_fields=["holder", "epoch", "lease_until"])
    return True


def give_up_lease(engine_id: str, holder: str) -> None:
    """An orderly stop: the next controller need not wait."""
    EngineNode.objects.filter(Q(pk=engine_id), holder=holder).update(holder="", lease_until=None)


class Controller:
    """Controls one engine until told to stop. One thread talks to the database, the loop to the engine."""

    def __init__(self, engine: TelephonyEngine, *, holder: str = "") -> None:
        self.engine = engine
        self.engine_id = engine.engine_id
        self.holder = holder or name_of_process()
        self.stopping = asyncio.Event()
        self._events: asyncio.Queue[Event] = asyncio.Queue(maxsize=5000)
        self._wake = asyncio.Event()
        self._db = ThreadPoolExecutor(1, thread_name_prefix="hotline-db")
        self._last: dict[str, float] = {}
        self._heard = 0.0
        self._dealt: Cursor | None = None
        self._equipped = ""
        self._looked_like: object = None
        self._unsent = True
        """Whether the outbox may hold something: told by the database, or found."""
        self.listener = Listener(self.engine_id, self.hear)

    def hear(self) -> None:
        """There is something to be sent."""
        self._unsent = True
        self._wake.set()

    def stop(self) -> None:
        """Stop after the current batch."""
        self.stopping.set()
        self._wake.set()

    async def run(self) -> None:
        """Control the engine: take the lease, reconcile, follow. Every break leads back to the start."""
        listening = asyncio.create_task(self.listener.run())
        try:
            await self._control()
        finally:
            listening.cancel()
            with contextlib.suppress(BaseException):
                await listening

    async def _control(self) -> None:
        while not self.stopping.is_set():
            try:
                if not await self._in_db(take_lease, self.engine_id, self.holder):
                    await self._rest(1.0)
                    continue
                await self._follow()
            except EngineUnavailable:
                await self._engine_away()
            except dispatch.LeaseLost:
                log.warning("the lease of %s went to somebody else", self.engine_id)
                await self._rest(1.0)
            except (Error, OSError):
                log.exception("the database does not answer; events wait in the engine")
                await self._rest(0.5)
        with contextlib.suppress(Error, OSError):
            await self._in_db(give_up_lease, self.engine_id, self.holder)
        self._db.shutdown(wait=True)

    async def _in_db(self, work: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._db, _in_context, work, args)

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)
        self._wake.clear()

    def _due(self, what: str, every: float) -> bool:
        now = asyncio.get_running_loop().time()
        if now - self._last.get(what, -1e9) < every:
            return False
        self._last[what] = now
        return True

    async def _follow(self) -> None:
        """From the cursor on, until something breaks."""
        node = await self._in_db(_node, self.engine_id)
        cursor = Cursor(boot_id=node.boot_id, seq=node.seq) if node.boot_id else None
        self._events = asyncio.Queue(maxsize=5000)
        snapshot = await self.engine.snapshot()
        self._heard = asyncio.get_running_loop().time()
        reader = asyncio.create_task(self._read(cursor))
        self._dealt = cursor
        try:
            self._equipped = ""
            await self._equip()
            await self._catch_up(snapshot, reader)
            self._last["reconcile"] = asyncio.get_running_loop().time()
            while not self.stopping.is_set():
                await self._once(reader)
        finally:
            reader.cancel()
            with contextlib.suppress(BaseException):
                await reader

    async def _read(self, cursor: Cursor | None) -> None:
        async for event in self.engine.events(cursor):
            await self._events.put(event)
            self._heard = asyncio.get_running_loop().time()
            self._wake.set()

    async def _catch_up(self, snapshot: Snapshot, reader: asyncio.Task[None]) -> None:
        """Deal with everything up to the snapshot, then make rows and engine one."""
        for _ in range(600):
            if self._dealt is not None and self._dealt.boot_id == snapshot.boot_id and self._dealt.seq >= snapshot.seq:
                break
            if not await self._deal():
                _raise_of(reader)
                if snapshot.seq == 0:
                    break
                await self._rest(0.05)
        await self._in_db(_reconcile, snapshot, self.holder)

    async def _once(self, reader: asyncio.Task[None]) -> None:
        busy = await self._deal()
        if self._due("sweep", SWEEP_S):
            busy = bool(await self._in_db(timeouts.sweep_if_due)) or busy
            self._unsent = True
        if self._unsent or busy or not self.listener.hears:
            self._unsent = await self._send()
            busy = self._unsent or busy
        if self._due("renew", RENEW_S):
            await self.engine.capabilities()
            self._heard = asyncio.get_running_loop().time()
            if not await self._in_db(_renew, self.engine_id, self.holder):
                raise dispatch.LeaseLost(self.engine_id)
        if self._due("equip", EQUIP_S):
            await self._equip()
        if self._due("reconcile", RECONCILE_S):
            await self._catch_up(await self.engine.snapshot(), reader)
        if not busy:
            _raise_of(reader)
            await self._rest(REST_S if self.listener.hears else REST_DEAF_S)

    async def _equip(self) -> None:
        """Phones, trunks and fall-back as the database has them now, told to the engine when they have changed or it is new to us."""
        looks_like = await self._in_db(equipment.looks_like)
        if self._equipped and looks_like == self._looked_like:
            return
        order, digest = await self._in_db(_equipment)
        self._looked_like = looks_like
        if digest == self._equipped:
            return
        try:
            await self.engine.do(order)
        except Rejected as error:
            log.warning("%s does not take its equipment: %s", self.engine_id, error)
        self._equipped = digest

    async def _deal(self) -> bool:
        """One batch of events; acknowledged only once it is committed."""
        batch: list[Event] = []
        while len(batch) < BATCH and not self._events.empty():
            batch.append(self._events.get_nowait())
        if not batch:
            return False
        notable = await self._in_db(_handle, batch, self.holder)
        self._dealt = Cursor(boot_id=batch[-1].boot_id, seq=batch[-1].seq)
        await self.engine.acknowledge(self._dealt)
        if any(isinstance(e, EventsLost) for e in notable):
            self._last.pop("reconcile", None)
        return True

    async def _send(self) -> bool:
        """What the machine wants done, in its order. A command without an answer is sent again, under the same id."""
        rows: list[EngineCommand] = await self._in_db(outbox.pending, self.engine_id)
        accepted: list[EngineCommand] = []
        try:
            for row in rows:
                refusal = ""
                try:
                    await self.engine.do(outbox.command_of(row))
                except NoSuchLeg:
                    refusal = "no such leg"
                except Rejected as error:
                    refusal = str(error)
                if refusal:
                    await self._in_db(_refused, row, refusal)
                else:
                    accepted.append(row)
        finally:
            if accepted:
                await self._in_db(outbox.settle_all, accepted)
        return bool(rows)

    async def _engine_away(self) -> None:
        """The engine does not answer: say so; after a while its calls are lost, its agents free, its citizens owed a call."""
        now = asyncio.get_running_loop().time()
        self._heard = self._heard or now
        gone = now - self._heard > GONE_S
        with contextlib.suppress(Error, OSError):
            await self._in_db(_engine_silent, self.engine_id, self.holder, gone)
        await self._rest(0.5)


def _in_context(work: Callable[..., T], args: tuple[Any, ...]) -> T:
    try:
        with acting(door="hotline"):
            return work(*args)
    except Error:
        connection.close()
        raise


def _raise_of(reader: asyncio.Task[None]) -> None:
    if reader.done():
        if (error := reader.exception()) is not None:
            raise error
        raise EngineUnavailable("the stream of events ended")


def _node(engine_id: str) -> EngineNode:
    return EngineNode.objects.get(pk=engine_id)


def _handle(batch: list[Event], holder: str) -> list[Event]:
    return dispatch.handle(batch, holder=holder)


def _reconcile(snapshot: Snapshot, holder: str) -> None:
    reconcile.reconcile(snapshot, holder=holder)


def _equipment() -> tuple[Configure, str]:
    order = equipment.order()
    return order, equipment.digest_of(order)


def _renew(engine_id: str, holder: str) -> bool:
    beat("hotline")
    beat("hotline_engine")
    EngineNode.objects.filter(pk=engine_id).update(seen_at=clock.now(), state="up")
    return take_lease(engine_id, holder)


def _refused(row: EngineCommand, refusal: str) -> None:
    outbox.settle(row, refusal=refusal)
    dispatch.refused(row, refusal)


def _engine_silent(engine_id: str, holder: str, gone: bool) -> None:
    beat("hotline")
    take_lease(engine_id, holder)
    EngineNode.objects.filter(pk=engine_id, state="up").update(state="down")
    timeouts.sweep()
    if gone and EngineNode.objects.filter(pk=engine_id).exclude(state="lost").exists():
        reconcile.engine_gone(engine_id)
