"""Scripted seats: accounts with desk phones that answer, speak, end the conversation, fill in the ticket and are ready again, for ever."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from django.conf import settings
from django.db import Error, connection

from fawang.hotline import prompts, seats, tickets
from fawang.hotline.engines import commands as do
from fawang.hotline.engines import events as ev
from fawang.hotline.engines.embedded.client import EmbeddedEngine
from fawang.hotline.engines.port import EngineUnavailable
from fawang.hotline.equipment import keys_of
from fawang.hotline.models import AgentState, CallTicket, Seat, SeatPool
from fawang.hotline.scripted.exchange import Exchange
from fawang.kernel import clock
from fawang.kernel.context import acting
from fawang.kernel.errors import Refusal
from fawang.people.accounts import create_staff, grant_role
from fawang.people.actors import SYSTEM, Actor, actor_of_staff
from fawang.people.models import Staff

POOL = "scripted"
SESSION = "scripted"
MOST = 900
GREETING = ("demo_seat_greeting", "demo_seat_answer")
TICKET = {"nature": "invalid", "kind": "test"}
"""What a scripted call is, in the list of natures."""
log = logging.getLogger("fawang.hotline.scripted")
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """Seconds of ringing, of conversation, of wrap-up."""

    ring_s: float = 1.0
    talk_s: float = 20.0
    wrap_s: float = 3.0


def prepare(number: int) -> dict[str, Actor]:
    """Make what is missing of so many scripted seats: pool, seat with phone keys, account. Returns account number → who sits there.

    Raises ``Refusal('hotline.seat')`` without the demonstration's pool.
    """
    pool = SeatPool.objects.select_related("office").filter(code=POOL).first()
    if pool is None:
        raise Refusal("hotline.seat")
    found: dict[str, Actor] = {}
    with acting(actor=SYSTEM.ref(), door="system"):
        for n in range(1, min(number, MOST) + 1):
            account = f"9{n:03d}"
            Seat.objects.update_or_create(
                number=account,
                defaults={"pool": pool, "kind": "phone", "account_keys": keys_of(account, settings.DEMO_PASSWORD), "is_enabled": True, "demo": True},
            )
            staff = Staff.objects.filter(username=f"moni{n:03d}").first()
            if staff is None:
                staff = create_staff(
                    actor=SYSTEM, username=f"moni{n:03d}", name=f"模拟坐席{n:03d}号", password=None, office_id=pool.office_id, must_change_password=False
                )
                grant_role(actor=SYSTEM, staff=staff, role="seat", office_id=pool.office_id, region_code=pool.region_code)
            found[account] = actor_of_staff(staff)
    return found


class Seats:
    """So many scripted seats on one exchange."""

    def __init__(self, exchange: Exchange, engine: EmbeddedEngine, people: dict[str, Actor], script: Script) -> None:
        self.exchange, self.engine, self.people, self.script = exchange, engine, people, script
        self.answered = 0
        self.ready = asyncio.Event()
        self._lines: dict[str, asyncio.Task[None]] = {}
        self._db = ThreadPoolExecutor(1, thread_name_prefix="scripted-db")
        self._media: tuple[str, ...] = ()

    async def run(self, stopping: asyncio.Event) -> None:
        """Register, sign on, work until told to stop, sign off."""
        self._media = await self._in_db(_words)
        ringing = asyncio.create_task(self._ring())
        try:
            await self._register(stopping)
            while not stopping.is_set():
                await self._look_after()
                self.ready.set()
                await _until(stopping, 0.5)
        finally:
            ringing.cancel()
            for task in list(self._lines.values()):
                task.cancel()
            await self._in_db(_sign_off, list(self.people.values()))
            self._db.shutdown(wait=True)

    async def _register(self, stopping: asyncio.Event) -> None:
        """Until the hotline's engine knows every phone; it learns of new accounts from the controller within seconds."""
        while not stopping.is_set():
            await self.exchange.register(dict.fromkeys(self.people, settings.DEMO_PASSWORD))
            for _ in range(15):
                await _until(stopping, 0.2)
                if stopping.is_set() or await self._registered():
                    return

    async def _registered(self) -> bool:
        try:
            return {phone.account for phone in (await self.engine.snapshot()).phones} >= set(self.people)
        except EngineUnavailable:
            return False

    async def _in_db(self, work: Callable[..., T], *args: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._db, _in_context, work, args)

    # -- the line --------------------------------------------------------------------------------------------------------------------

    async def _ring(self) -> None:
        async for event in self.exchange.events():
            if isinstance(event, ev.LegOffered):
                self._lines[event.leg_id] = asyncio.create_task(self._serve(event.leg_id))
            elif isinstance(event, ev.LegEnded) and (task := self._lines.pop(event.leg_id, None)):
                task.cancel()

    async def _serve(self, leg_id: str) -> None:
        """Let it ring, answer, speak, hang up first: so the caller is asked to rate."""
        await asyncio.sleep(self.script.ring_s)
        if not await self.exchange.do(do.Answer, leg_id=leg_id):
            return
        self.answered += 1
        await self.exchange.do(do.Play, leg_id=leg_id, play_id=f"p-{leg_id}", media=self._media)
        await asyncio.sleep(self.script.talk_s)
        await self.exchange.do(do.HangUp, leg_id=leg_id)

    # -- the desk --------------------------------------------------------------------------------------------------------------------

    async def _look_after(self) -> None:
        """Whatever state a seat is in that waits for a human, do what the human would do."""
        try:
            await self._in_db(_look_after, self.people, self.script.wrap_s)
        except Error:
            log.warning("the database does not answer; the scripted seats wait")


def _words() -> tuple[str, ...]:
    spoken, _ = prompts.sound(GREETING)
    return (*spoken, "silence:1500") * 10


def _look_after(people: dict[str, Actor], wrap_s: float) -> None:
    rows = {row.pk: row for row in AgentState.objects.filter(pk__in=[who.account for who in people.values()])}
    drafts = set(CallTicket.objects.filter(author_id__in=list(rows), state="draft").exclude(call__state="talking").values_list("author_id", flat=True))
    edge = clock.now() - timedelta(seconds=wrap_s)
    for account, who in people.items():
        row = rows.get(who.account)
        try:
            if row is None or row.state == "offline":
                seats.sign_on(actor=who, seat_number=account, session=SESSION, take_over=True)
                seats.set_ready(actor=who)
            elif row.state == "wrap_up" and row.since <= edge:
                _finish_tickets(who)
                seats.end_wrap_up(actor=who)
            elif row.state == "not_ready":
                _finish_tickets(who)
                seats.set_ready(actor=who)
            elif who.account in drafts and row.state == "ready":
                _finish_tickets(who)
        except Refusal as refusal:
            log.info("%s: %s", account, refusal.code)


def _finish_tickets(who: Actor) -> None:
    for ticket in CallTicket.objects.filter(author_id=who.account, state="draft").exclude(call__state="talking").prefetch_related("fields"):
        versions = {field.name: field.version for field in ticket.fields.all()}
        for name, value in TICKET.items():
            tickets.save_field(actor=who, ticket_id=ticket.pk, name=name, value=value, version=versions.get(name, 0))
        tickets.close(actor=who, ticket_id=ticket.pk)


def _sign_off(people: list[Actor]) -> None:
    for who in people:
        try:
            seats.sign_off(actor=who)
        except Refusal as refusal:
            log.info("sign off: %s", refusal.code)


def _in_context(work: Callable[..., T], args: tuple[object, ...]) -> T:
    try:
        with acting(door="hotline"):
            return work(*args)
    except Error:
        connection.close()
        raise


async def _until(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
