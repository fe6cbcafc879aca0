"""Seats: each brings together one page, one WebRTC peer and one call, and outlives any of them for a while."""

from __future__ import annotations

import asyncio
import importlib
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from fawang.hotline.gateway.book import SeatCall
from fawang.hotline.gateway.settings import GatewaySettings
from fawang.hotline.gateway.telephone import Telephone

if TYPE_CHECKING:
    from fawang.hotline.gateway.peer import Peer

log = logging.getLogger(__name__)
PEER = "fawang.hotline.gateway.peer"
"""With the WebRTC library it takes longer to load than all the rest: calls are taken over meanwhile, the first offer waits for it."""
Message = dict[str, Any]
QUALITY_S = 2.0


class Page(Protocol):
    """A seat's page, as long as its WebSocket is open. ``tab`` is the browser tab's own name."""

    tab: str

    def tell(self, message: Message) -> None:
        """Send; never waits and never raises."""
        ...

    def dismiss(self, why: str) -> None:
        """Say why and close."""
        ...


@dataclass(slots=True)
class Seat:
    """What there is of a seat now."""

    number: str
    staff: object = None
    page: Page | None = None
    peer: Peer | None = None
    call: SeatCall | None = None
    grace: asyncio.TimerHandle | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


class Gateway:
    """All seats of this process. Everything runs on one loop; nothing here waits for a database."""

    def __init__(self, settings: GatewaySettings, telephone: Telephone) -> None:
        self.settings, self.telephone = settings, telephone
        telephone.user = self
        self.seats: dict[str, Seat] = {}
        self._ticks: asyncio.Task[None] | None = None
        self._warming: asyncio.Future[object]

    async def start(self) -> None:
        """Take over the calls of the process before; their pages come back by themselves."""
        await self.telephone.start()
        for call in self.telephone.calls.values():
            if call.leg is not None and not call.ringing:
                call.leg.breathe(self.settings.grace_s)
        self._ticks = asyncio.get_running_loop().create_task(self._quality())
        self._warming = asyncio.get_running_loop().run_in_executor(None, importlib.import_module, PEER)

    async def stop(self) -> None:
        """End the process, not the calls."""
        if self._ticks:
            self._ticks.cancel()
        for seat in self.seats.values():
            if seat.page:
                seat.page.dismiss("restart")
            self._drop_peer(seat)
        await asyncio.gather(*(task for seat in self.seats.values() for task in seat.tasks), return_exceptions=True)
        await self.telephone.stop()

    def figures(self) -> Message:
        """How it fares."""
        seats = self.seats.values()
        return {"seats": sum(s.page is not None for s in seats), "calls": len(self.telephone.calls), "lines": sum(self.telephone.registered.values())}

    def _seat(self, number: str) -> Seat:
        return self.seats.setdefault(number, Seat(number))

    # -- pages ---------------------------------------------------------------------------------------------------

    def come(self, number: str, staff: object, page: Page, *, take_over: bool) -> bool:
        """A page wants to be the seat. False: another window of the same person is, and was not to be relieved."""
        seat = self._seat(number)
        other = seat.page
        if other is not None and other.tab != page.tab:
            if seat.staff == staff and not take_over:
                return False
            other.dismiss("taken")
        seat.page, seat.staff = page, staff
        if seat.grace:
            seat.grace.cancel()
            seat.grace = None
        self._drop_peer(seat)
        self.telephone.line_on(number)
        page.tell({"kind": "on", "seat": number, **self._call_words(seat)})
        return True

    def go(self, number: str, page: Page, *, for_good: bool) -> None:
        """A page is gone; ``for_good``: it said so, or may not be the seat any more."""
        seat = self.seats.get(number)
        if seat is None or seat.page is not page:
            return
        seat.page = None
        self._drop_peer(seat)
        if for_good:
            self._give_up(seat)
        else:
            self._wait_for_page(seat)

    def _wait_for_page(self, seat: Seat) -> None:
        if seat.grace is None and seat.page is None:
            seat.grace = asyncio.get_running_loop().call_later(self.settings.grace_s, self._give_up, seat)

    def _give_up(self, seat: Seat) -> None:
        """The page did not come back: the line goes off; a ringing call goes to the next. A conversation is left to the engine, which
        hears that nobody speaks and has the citizen served by somebody else."""
        if seat.grace:
            seat.grace.cancel()
            seat.grace = None
        if seat.page is not None:
            return
        self.telephone.line_off(seat.number)
        if seat.call is None:
            self.seats.pop(seat.number, None)
        elif seat.call.ringing:
            self.telephone.hang_up(seat.call, 480)

    # -- what pages say ------------------------------------------------------------------------------------------

    async def hear(self, number: str, page: Page, message: Message) -> None:
        """One message of a seat's page."""
        seat = self.seats.get(number)
        if seat is None or seat.page is not page:
            return
        kind = message.get("kind")
        if kind == "offer":
            await self._connect(seat, page, str(message.get("sdp", "")))
        elif kind == "answer" and seat.call is not None:
            self.telephone.answer(seat.call)
        elif kind == "hang_up" and seat.call is not None:
            self.telephone.hang_up(seat.call)

    async def _connect(self, seat: Seat, page: Page, offer: str) -> None:
        """A new peer for the page; the one before ends when the new one is described."""
        await self._warming
        if seat.page is not page:
            return
        from fawang.hotline.gateway.peer import BadOffer, Peer

        before = seat.peer
        peer = seat.peer = Peer(lambda source, payload, seq, stamp: self._said(seat, source, payload, seq, stamp), self._peer_gone, frames=self.settings.frames)
        self._join(seat)
        try:
            answer = await peer.answer(offer, self.settings.public_host)
        except BadOffer as error:
            log.warning("seat %s offers what cannot be answered: %s", seat.number, error)
            if seat.peer is peer:
                seat.peer = None
            page.tell({"kind": "no_sound"})
            self._later(seat, peer)
            return
        finally:
            if before is not None:
                self._later(seat, before)
        if seat.peer is peer:
            page.tell({"kind": "answer", "sdp": answer})

    def _later(self, seat: Seat, peer: Peer) -> None:
        task = asyncio.get_running_loop().create_task(peer.close())
        seat.tasks.add(task)
        task.add_done_callback(seat.tasks.discard)

    def _drop_peer(self, seat: Seat) -> None:
        peer, seat.peer = seat.peer, None
        if peer is not None:
            self._later(seat, peer)
        self._join(seat)

    def _peer_gone(self, peer: Peer) -> None:
        for seat in self.seats.values():
            if seat.peer is peer:
                self._drop_peer(seat)
                if seat.page is not None:
                    seat.page.tell({"kind": "sound_lost"})

    # -- sound ---------------------------------------------------------------------------------------------------

    def _said(self, seat: Seat, source: Peer, payload: bytes, seq: int, stamp: int) -> None:
        call = seat.call
        if source is seat.peer and call is not None and call.leg is not None and not call.ringing:
            call.leg.say(source, payload, seq, stamp)

    def _join(self, seat: Seat) -> None:
        """Let the peer hear the call there is."""
        if seat.call is not None and seat.call.leg is not None:
            seat.call.leg.hear = seat.peer.hear if seat.peer is not None else None

    async def _quality(self) -> None:
        while True:
            await asyncio.sleep(QUALITY_S)
            for seat in list(self.seats.values()):
                if seat.page is not None and seat.peer is not None and seat.call is not None and not seat.call.ringing:
                    loss, jitter = seat.peer.meter.since_last()
                    seat.page.tell({"kind": "quality", "loss": round(loss, 4), "jitter_ms": round(jitter, 1)})

    # -- what the telephone tells --------------------------------------------------------------------------------

    def _call_words(self, seat: Seat) -> Message:
        call = seat.call
        return {} if call is None else {"call": call.call, "act": call.act, "state": "ringing" if call.ringing else "talking"}

    def _tell(self, seat: Seat, kind: str) -> None:
        if seat.page is not None:
            seat.page.tell({"kind": kind, **self._call_words(seat)})

    def on_ring(self, call: SeatCall) -> None:
        """See ``CallUser``."""
        seat = self._seat(call.seat)
        seat.call = call
        self._join(seat)
        self._tell(seat, "ring")
        self._wait_for_page(seat)

    def on_talking(self, call: SeatCall) -> None:
        """See ``CallUser``."""
        seat = self._seat(call.seat)
        seat.call = call
        self._join(seat)
        self._tell(seat, "talking")
        self._wait_for_page(seat)

    def on_over(self, call: SeatCall) -> None:
        """See ``CallUser``."""
        seat = self.seats.get(call.seat)
        if seat is None or seat.call is not call:
            return
        seat.call = None
        self._tell(seat, "over")
        self._drop_peer(seat)
        if seat.page is None and seat.grace is None:
            self.seats.pop(call.seat, None)
