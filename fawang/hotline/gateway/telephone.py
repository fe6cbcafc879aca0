"""The SIP end of all browser seats: lines registered with digest, calls taken over UDP, dialogs kept so that the next process goes on with them."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from fawang.hotline.engines.embedded.board import new_tag, packed, unpacked
from fawang.hotline.engines.embedded.dialog import Dialog, contact_line, request, via_line, without_tag
from fawang.hotline.engines.embedded.media.stream import Ports
from fawang.hotline.engines.embedded.sip import sdp
from fawang.hotline.engines.embedded.sip.digest import authorization
from fawang.hotline.engines.embedded.sip.flood import FloodGuard
from fawang.hotline.engines.embedded.sip.grammar import BadSyntax, parse_uri
from fawang.hotline.engines.embedded.sip.message import Message, parse, response
from fawang.hotline.engines.embedded.sip.transactions import ServerTransaction, Transactions
from fawang.hotline.engines.embedded.sip.transport import Flow, Transports
from fawang.hotline.engines.timers import LoopTimers, Timer
from fawang.hotline.gateway import accounts
from fawang.hotline.gateway.book import Book, SeatCall
from fawang.hotline.gateway.media import EngineLeg
from fawang.hotline.gateway.settings import GatewaySettings

log = logging.getLogger(__name__)
ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE"
EXPIRES_S, RETRY_S = 120, 5


class CallUser(Protocol):
    """Who is told of calls."""

    def on_ring(self, call: SeatCall) -> None:
        """A seat is called, or (after a restart) still is."""
        ...

    def on_talking(self, call: SeatCall) -> None:
        """The engine has acknowledged our answer, or (after a restart) the call is taken over."""
        ...

    def on_over(self, call: SeatCall) -> None:
        """The call is over, whoever ended it."""
        ...


class Telephone:
    """See the module. A seat has at most one call."""

    def __init__(self, settings: GatewaySettings) -> None:
        self.settings = settings
        self.user: CallUser
        self.book = Book(settings.state)
        self.ports = Ports(settings.sip_host, settings.rtp_low, settings.rtp_high)
        self.timers = LoopTimers()
        self.transports = Transports(settings.sip_host, settings.sip_port)
        guard = FloodGuard(200, 600, free=frozenset({settings.engine[0]}))
        self.transactions = Transactions(self.transports, self.timers, guard, self._turn)
        self.transactions.user = self
        self.calls: dict[str, SeatCall] = {}
        """By seat."""
        self.registered: dict[str, bool] = {}
        """Lines that are to be on, and whether the engine has said so."""
        self._renewals: dict[str, Timer] = {}
        self._seq = secrets.randbits(20)

    def _turn(self, act: Callable[[], None]) -> None:
        act()
        self.transports.flush()

    async def start(self) -> None:
        """Open the door and take over what the process before had. Raises OSError if the port is taken."""
        await self.transports.open()
        self._turn(self._adopt)

    async def stop(self) -> None:
        """Close the door; calls stay as they are, for the next process."""
        for timer in self._renewals.values():
            timer.cancel()
        for call in self.calls.values():
            if call.leg:
                call.leg.close()
        await self.transports.close()

    # -- the line ------------------------------------------------------------------------------------------------

    def line_on(self, seat: str) -> None:
        """Register a seat's line and keep it so."""
        if seat not in self.registered:
            self.registered[seat] = False
            self._turn(lambda: self._register(seat))

    def line_off(self, seat: str) -> None:
        """Take a seat's line off: it is unreachable at once."""
        if self.registered.pop(seat, None) is not None:
            if timer := self._renewals.pop(seat, None):
                timer.cancel()
            self._turn(lambda: self._register(seat, expires=0))

    def _register(self, seat: str, proof: tuple[str, str] | None = None, *, expires: int = EXPIRES_S) -> None:
        host, port = self.settings.engine
        flow, account, uri = Flow("udp", host, port), accounts.account_of(seat), f"sip:{host}:{port}"
        self._seq += 1
        message = Message(method="REGISTER", uri=uri)
        address = f"<sip:{account}@{host}>"
        message.headers = [("via", via_line(self.transports, flow)), ("max-forwards", "70"), ("from", f"{address};tag={new_tag()}"), ("to", address)]
        message.headers += [("call-id", f"{account}-{secrets.token_hex(6)}"), ("cseq", f"{self._seq} REGISTER")]
        message.headers += [("contact", contact_line(self.transports, flow, accounts.address_of(seat))), ("expires", str(expires))]
        if proof:
            message.add(*proof)

        def answered(answer: Message, _: Flow) -> None:
            if answer.status == 401 and proof is None:
                for challenge in answer.raw("www-authenticate"):
                    if text := authorization(challenge, "REGISTER", uri, account, accounts.secret_of(seat)):
                        self._register(seat, ("authorization", text), expires=expires)
                        return
            if answer.status >= 200:
                self._registered(seat, answer.status < 300, expires)

        self.transactions.send_request(message, flow, answered, lambda: self._registered(seat, False, expires))

    def _registered(self, seat: str, ok: bool, expires: int) -> None:
        if seat not in self.registered or not expires:
            return
        self.registered[seat] = ok
        if not ok:
            log.warning("the engine does not take the line of seat %s", seat)
        if before := self._renewals.get(seat):
            before.cancel()
        self._renewals[seat] = self.timers.after(EXPIRES_S / 2 if ok else RETRY_S, lambda: self._turn(lambda: self._again(seat)))

    def _again(self, seat: str) -> None:
        if seat in self.registered:
            self._register(seat)

    # -- requests ------------------------------------------------------------------------------------------------

    def on_request(self, tx: ServerTransaction) -> None:
        """See ``TransactionUser``."""
        if tx.request.tag("to"):
            call = self._find(tx.request)
            if call is None:
                tx.answer(481)
            else:
                self._inside(call, tx)
        elif tx.method == "INVITE":
            self._invited(tx)
        else:
            tx.answer(200 if tx.method == "OPTIONS" else 405, tag=new_tag(), headers=(("allow", ALLOW),))

    def _find(self, message: Message) -> SeatCall | None:
        for call in self.calls.values():
            dialog = call.dialog
            if (dialog.call_id, dialog.local_tag, dialog.remote_tag) == (message.call_id, message.tag("to"), message.tag("from")):
                return call
        return None

    def _invited(self, tx: ServerTransaction) -> None:
        try:
            seat = accounts.seat_of(parse_uri(tx.request.uri).plain_user)
            remote = sdp.parse(tx.request.body)
            target = tx.request.address("contact").uri_text
            far = without_tag(tx.request.get("from"))
        except sdp.BadSdp as error:
            tx.answer(error.status, tag=new_tag())
            return
        except (BadSyntax, IndexError):
            tx.answer(400, tag=new_tag())
            return
        if not seat:
            self.transactions.guard.fault(tx.flow.host, self.timers.now())
            tx.answer(404, tag=new_tag())
            return
        if seat in self.calls:
            tx.answer(486, tag=new_tag())
            return
        dialog = Dialog(leg_id=seat, role="uas", call_id=tx.request.call_id, local_tag=new_tag(), local=tx.request.get("to"), remote=far)
        dialog.remote_tag, dialog.remote_seq, dialog.target = tx.request.tag("from"), tx.request.cseq[0], target
        dialog.routes = tx.request.all("record-route")
        dialog.invite = packed(tx.request.encode())
        dialog.heard_from(tx.flow)
        call = SeatCall(seat, dialog, tx.request.get("x-fawang-call"), tx.request.get("x-fawang-act"), tx)
        if not self._open_leg(call):
            tx.answer(503, tag=new_tag())
            return
        self._set_remote(call, remote)
        self.calls[seat] = call
        tx.given_up = lambda: self.end(call)
        self._respond(call, 180)
        self.user.on_ring(call)

    def _respond(self, call: SeatCall, status: int, body: bytes = b"") -> None:
        """Answer the INVITE; what is sent is written down first."""
        assert call.invite is not None
        answer = response(call.invite.request, status, tag=call.dialog.local_tag)
        answer.add("contact", contact_line(self.transports, call.invite.flow, accounts.address_of(call.seat))).add("allow", ALLOW)
        if body:
            answer.body = body
            answer.add("content-type", "application/sdp")
        call.dialog.last, call.dialog.last_status = packed(answer.encode()), status
        self.book.keep(call)
        call.invite.respond(answer)

    def _open_leg(self, call: SeatCall, wanted: int = 0) -> bool:
        taken = self.ports.take(wanted)
        if taken is None:
            return False
        sound, rtcp, port = taken
        rtcp.close()
        call.leg, call.dialog.sound.port = EngineLeg(sound, port), port
        return True

    def _set_remote(self, call: SeatCall, remote: sdp.Remote) -> None:
        kept, leg = call.dialog.sound, call.leg
        kept.host, kept.remote_port, kept.codec, kept.digits_type, kept.direction = remote.host, remote.port, remote.codec, remote.digits_type, remote.direction
        if leg is not None:
            leg.remote, leg.codec, leg.speaks = (remote.host, remote.port), remote.codec, not remote.holds

    def _describe(self, call: SeatCall, remote: sdp.Remote) -> bytes:
        kept = call.dialog.sound
        kept.version += 1
        host = self.transports.own_host(call.dialog.host)
        return sdp.build(host, kept.port, session=kept.session, version=kept.version, remote=remote, direction=sdp.OTHER_WAY[remote.direction])

    def _inside(self, call: SeatCall, tx: ServerTransaction) -> None:
        dialog, number = call.dialog, tx.request.cseq[0]
        if number <= dialog.remote_seq:
            tx.answer(500, headers=(("retry-after", "1"),))
            return
        dialog.remote_seq = number
        dialog.heard_from(tx.flow)
        if tx.method == "BYE":
            tx.answer(200)
            if call.ringing and call.invite and call.invite.status < 200:
                call.invite.answer(487, tag=dialog.local_tag)
            self.end(call)
        elif tx.method in ("INVITE", "UPDATE"):
            if tx.method == "INVITE" and call.unacknowledged:  # RFC 3261 §14.2
                tx.answer(500, headers=(("retry-after", str(secrets.randbelow(11))),))
            else:
                self._change(call, tx)
        elif tx.method == "OPTIONS":
            tx.answer(200, headers=(("allow", ALLOW),))
        else:
            tx.answer(405, headers=(("allow", ALLOW),))

    def _change(self, call: SeatCall, tx: ServerTransaction) -> None:
        """A new description (hold, another port) or a sign of life."""
        answer = response(tx.request, 200, tag=call.dialog.local_tag)
        answer.add("contact", contact_line(self.transports, tx.flow, accounts.address_of(call.seat))).add("allow", ALLOW)
        if tx.request.body:
            try:
                remote = sdp.parse(tx.request.body)
            except sdp.BadSdp as error:
                tx.answer(error.status)
                return
            self._set_remote(call, remote)
            answer.body = self._describe(call, remote)
            answer.add("content-type", "application/sdp")
        elif tx.method == "INVITE":
            tx.answer(488)
            return
        with suppress(BadSyntax, IndexError):
            call.dialog.target = tx.request.address("contact").uri_text
        self.book.keep(call)
        tx.respond(answer)
        if tx.method == "INVITE":
            call.invite, tx.given_up = tx, lambda: self._no_ack(call)

    def _no_ack(self, call: SeatCall) -> None:
        if not call.over:
            self._bye(call)
            self.end(call)

    def on_ack(self, message: Message, flow: Flow) -> None:
        """See ``TransactionUser``."""
        call = self._find(message)
        if call is None or call.invite is None or not call.invite.acknowledges(message):
            return
        self.transactions.acknowledged(call.invite)
        if call.dialog.state == "answered":
            call.dialog.state, call.dialog.invite, call.dialog.last = "confirmed", "", ""
            self.book.keep(call)
            self.user.on_talking(call)

    def on_cancel(self, tx: ServerTransaction) -> None:
        """See ``TransactionUser``."""
        call = next((c for c in self.calls.values() if c.invite is tx), None)
        tx.answer(487, tag=call.dialog.local_tag if call else new_tag())
        if call is not None:
            self.end(call)

    def on_stray_response(self, message: Message, flow: Flow) -> None:
        """See ``TransactionUser``: we never send an INVITE."""

    # -- what a seat does ----------------------------------------------------------------------------------------

    def answer(self, call: SeatCall) -> None:
        """Take a ringing call; answering again changes nothing."""
        if not call.ringing or call.invite is None or call.over:
            return
        remote = sdp.parse(call.invite.request.body)
        call.dialog.state = "answered"
        self._turn(lambda: self._respond(call, 200, self._describe(call, remote)))

    def hang_up(self, call: SeatCall, status: int = 486) -> None:
        """End a call in whatever state it is; ``status`` is what a ringing one is refused with."""
        if call.over:
            return
        if call.ringing and call.invite is not None:
            self._turn(lambda: self._respond(call, status))
        else:
            self._turn(lambda: self._bye(call))
        self.end(call)

    def _bye(self, call: SeatCall) -> None:
        message, flow = request(call.dialog, self.transports, "BYE")
        self.transactions.send_request(message, flow, lambda answer, source: None, lambda: None)

    def end(self, call: SeatCall) -> None:
        """Forget a call that is over on the wire."""
        if call.over:
            return
        call.over = True
        if self.calls.get(call.seat) is call:
            del self.calls[call.seat]
        if call.leg is not None:
            call.leg.close()
            self.ports.give_back(call.leg.port)
        self.book.drop(call)
        self.user.on_over(call)

    # -- after a restart -----------------------------------------------------------------------------------------

    def _adopt(self) -> None:
        for call in self.book.all():
            dialog = call.dialog
            invite = parse(unpacked(dialog.invite)) if dialog.invite else None
            if call.seat in self.calls or (dialog.state != "confirmed" and invite is None) or not self._open_leg(call, dialog.sound.port):
                log.error("a call of seat %s could not be taken over", call.seat)
                self.book.drop(call)
                continue
            kept = dialog.sound
            assert call.leg is not None
            call.leg.remote, call.leg.codec = (kept.host, kept.remote_port), kept.codec
            call.leg.speaks = kept.direction in ("sendrecv", "recvonly")
            self.calls[call.seat] = call
            if invite is not None:
                flow = Flow(dialog.transport, dialog.host, dialog.port)
                call.invite = self.transactions.adopt_server(invite, flow, unpacked(dialog.last) if dialog.last else b"", dialog.last_status)
                call.invite.given_up = lambda call=call: self.end(call)  # type: ignore[misc]
            self._ask(call)
            (self.user.on_ring if call.ringing else self.user.on_talking)(call)

    def _ask(self, call: SeatCall) -> None:
        """Whether the engine still has a call taken over: one it does not know is over."""
        if call.ringing:
            return
        message, flow = request(call.dialog, self.transports, "OPTIONS")
        self.book.keep(call)

        def answered(answer: Message, _: Flow) -> None:
            if answer.status in (481, 408):
                self.end(call)

        self.transactions.send_request(message, flow, answered, lambda: self.end(call))
