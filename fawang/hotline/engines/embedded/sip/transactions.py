"""Transactions (RFC 3261 §17): retransmission, matching, and giving up. Sound requests go to a user; the unsound are answered here."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from fawang.hotline.engines.embedded.sip.flood import FloodGuard
from fawang.hotline.engines.embedded.sip.grammar import BadSyntax, split_list
from fawang.hotline.engines.embedded.sip.judgement import answerable, judge, sound_response
from fawang.hotline.engines.embedded.sip.message import Message, parse, response
from fawang.hotline.engines.embedded.sip.transport import Flow, Transports
from fawang.hotline.engines.timers import Timer, Timers

log = logging.getLogger(__name__)
T1, T2, LIFE = 0.5, 4.0, 32.0
MOST_TRANSACTIONS = 20_000
COOKIE = "z9hG4bK"


class TransactionUser(Protocol):
    """Who deals with what transactions bring."""

    def on_request(self, tx: ServerTransaction) -> None:
        """A sound new request other than ACK and CANCEL."""
        ...

    def on_ack(self, message: Message, flow: Flow) -> None:
        """An ACK for a 2xx."""
        ...

    def on_cancel(self, tx: ServerTransaction) -> None:
        """The INVITE of this transaction is cancelled (the CANCEL itself is answered)."""
        ...

    def on_stray_response(self, message: Message, flow: Flow) -> None:
        """A 2xx to an INVITE whose transaction is over."""
        ...


@dataclass(slots=True)
class ServerTransaction:
    """A request of the other side and our answer to it."""

    layer: Transactions
    key: tuple[str, ...]
    request: Message
    flow: Flow
    status: int = 0
    last: bytes = b""
    timers: list[Timer] = field(default_factory=list)
    interval: float = T1
    acked: bool = False
    given_up: Callable[[], None] | None = None
    """Called when no ACK came for a final answer to an INVITE."""

    @property
    def method(self) -> str:
        """The request's method."""
        return self.request.method

    def respond(self, answer: Message) -> None:
        """Send an answer; after a final one only its repetition leaves."""
        if self.status >= 200:
            return
        self.status, self.last = answer.status, answer.encode()
        self.layer.transports.send(self.flow, self.last)
        if answer.status >= 200:
            self.layer.end_server(self)

    def answer(self, status: int, *, tag: str = "", reason: str = "", headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Send a plain answer."""
        message = response(self.request, status, reason, tag=tag)
        message.headers += headers
        self.respond(message)

    def acknowledges(self, ack: Message) -> bool:
        """Whether an ACK inside the dialog is for this INVITE: the numbers are the same (RFC 3261 §13.2.2.4)."""
        return self.method == "INVITE" and ack.cseq[0] == self.request.cseq[0]

    def resend(self) -> None:
        """Repeat the last answer."""
        if self.last:
            self.layer.transports.send(self.flow, self.last)


@dataclass(slots=True)
class ClientTransaction:
    """A request of ours and what comes back."""

    layer: Transactions
    request: Message
    flow: Flow
    branch: str
    on_response: Callable[[Message, Flow], None]
    on_timeout: Callable[[], None]
    status: int = 0
    timers: list[Timer] = field(default_factory=list)
    interval: float = T1
    ack: bytes = b""

    @property
    def method(self) -> str:
        """The request's method."""
        return self.request.method

    def stop(self) -> None:
        """No more timers."""
        for timer in self.timers:
            timer.cancel()
        self.timers.clear()


def new_branch() -> str:
    """A branch nobody else has."""
    return COOKIE + secrets.token_hex(10)


class Transactions:
    """The transaction layer over all transports."""

    def __init__(self, transports: Transports, timers: Timers, guard: FloodGuard, turn: Callable[[Callable[[], None]], None]) -> None:
        self.transports = transports
        self.timers = timers
        self.guard = guard
        self.turn = turn
        self.user: TransactionUser
        self.faults = 0
        """Messages whose handling raised: bugs, counted so that tests see them."""
        self.counts = {"in": 0, "bad": 0, "retransmitted_in": 0, "stray": 0}
        self._servers: dict[tuple[str, ...], ServerTransaction] = {}
        self._clients: dict[tuple[str, str], ClientTransaction] = {}
        transports.receive = lambda data, flow: self.receive_batch([(data, flow)])
        transports.receive_batch = self.receive_batch
        transports.unreachable = self._unreachable

    # -- in ------------------------------------------------------------------------------------------------------

    def receive_batch(self, batch: list[tuple[bytes, Flow]]) -> None:
        """Datagrams read together are one turn."""
        if batch:
            self.turn(lambda: self._receive_all(batch))

    def _receive_all(self, batch: list[tuple[bytes, Flow]]) -> None:
        for data, flow in batch:
            self._receive(data, flow)

    def _receive(self, data: bytes, flow: Flow) -> None:
        now = self.timers.now()
        if not self.guard.allows(flow.host, now) or not data.strip(b"\r\n\0 "):
            return
        self.counts["in"] += 1
        try:
            message = parse(data)
            if message is None:
                self._bad(flow)
            elif message.is_request:
                self._request(message, flow)
            else:
                self._response(message, flow)
        except Exception:
            self.faults += 1
            log.exception("a message from %s could not be handled", flow)

    def _bad(self, flow: Flow) -> None:
        self.counts["bad"] += 1
        self.guard.fault(flow.host, self.timers.now())

    def _request(self, message: Message, flow: Flow) -> None:
        if not answerable(message):
            self._bad(flow)
            return
        key = _server_key(message)
        back = _mark_source(message, flow)
        if message.method == "ACK":
            self._ack(message, flow, key)
            return
        if known := self._servers.get(key):
            self.counts["retransmitted_in"] += 1
            known.flow = back
            known.resend()
            return
        if len(self._servers) >= MOST_TRANSACTIONS:
            return
        tx = ServerTransaction(self, key, message, back)
        if verdict := judge(message):
            self._bad(flow)
            self._servers[key] = tx
            tx.answer(verdict.status, tag=secrets.token_hex(6), headers=verdict.headers)
            return
        self._servers[key] = tx
        if message.method == "CANCEL":
            self._cancel(tx)
            return
        try:
            self.user.on_request(tx)
        except Exception:
            self.faults += 1
            log.exception("%s from %s could not be handled", message.method, flow)
            tx.answer(500, tag=secrets.token_hex(6))

    def _ack(self, message: Message, flow: Flow, key: tuple[str, ...]) -> None:
        tx = self._servers.get((*key[:-1], "INVITE"))
        if tx and tx.status >= 300:
            tx.acked = True
            self._stop(tx)
            return
        if judge(message) is None:
            self.user.on_ack(message, flow)
        else:
            self._bad(flow)

    def _cancel(self, tx: ServerTransaction) -> None:
        invite = self._servers.get((*tx.key[:-1], "INVITE"))
        if invite is None:
            tx.answer(481, tag=secrets.token_hex(6))
            return
        tx.answer(200, tag=secrets.token_hex(6))
        if invite.status < 200:
            self.user.on_cancel(invite)

    def _response(self, message: Message, flow: Flow) -> None:
        if not sound_response(message):
            self._bad(flow)
            return
        try:
            via = message.via()
        except BadSyntax:
            self._bad(flow)
            return
        method = message.cseq[1]
        tx = self._clients.get((via.branch, method))
        if tx is None:
            self.counts["stray"] += 1
            if method == "INVITE" and 200 <= message.status < 300:
                self.user.on_stray_response(message, flow)
            return
        self._client_response(tx, message, flow)

    # -- server side ---------------------------------------------------------------------------------------------

    def end_server(self, tx: ServerTransaction) -> None:
        """A final answer has been sent: repeat it for INVITE until the ACK, forget the transaction after a while."""
        if tx.method == "INVITE" and (tx.flow.transport == "udp" or tx.status < 300):
            tx.interval = T1
            tx.timers.append(self.timers.after(T1, lambda: self.turn(lambda: self._repeat(tx))))
        tx.timers.append(self.timers.after(LIFE, lambda: self.turn(lambda: self._forget(tx))))

    def _repeat(self, tx: ServerTransaction) -> None:
        if tx.acked or self._servers.get(tx.key) is not tx:
            return
        tx.resend()
        tx.interval = min(tx.interval * 2, T2)
        tx.timers[0] = self.timers.after(tx.interval, lambda: self.turn(lambda: self._repeat(tx)))

    def _forget(self, tx: ServerTransaction) -> None:
        self._servers.pop(tx.key, None)
        for timer in tx.timers:
            timer.cancel()
        if tx.method == "INVITE" and not tx.acked and tx.given_up:
            tx.given_up()

    def _stop(self, tx: ServerTransaction) -> None:
        if tx.timers:
            tx.timers[0].cancel()

    def acknowledged(self, tx: ServerTransaction) -> None:
        """The ACK for our 2xx is here."""
        tx.acked = True
        self._stop(tx)

    def adopt_server(self, request: Message, flow: Flow, last: bytes, status: int) -> ServerTransaction:
        """A transaction of the process before; a 2xx that may not have been acknowledged is repeated."""
        tx = ServerTransaction(self, _server_key(request), request, flow, status, last)
        self._servers[tx.key] = tx
        if status >= 200:
            tx.resend()
            self.end_server(tx)
        return tx

    # -- client side ---------------------------------------------------------------------------------------------

    def send_request(
        self, request: Message, flow: Flow, on_response: Callable[[Message, Flow], None], on_timeout: Callable[[], None], *, again: bool = False
    ) -> ClientTransaction:
        """Send a request whose topmost Via carries its branch. ``again``: one of the process before, whose answer may be on its way."""
        branch = request.via().branch
        tx = ClientTransaction(self, request, flow, branch, on_response, on_timeout)
        self._clients[branch, request.method] = tx
        self.transports.send(flow, request.encode())
        if flow.transport == "udp" and not again:
            tx.timers.append(self.timers.after(T1, lambda: self.turn(lambda: self._retry(tx))))
        tx.timers.append(self.timers.after(LIFE, lambda: self.turn(lambda: self._timeout(tx))))
        return tx

    def _retry(self, tx: ClientTransaction) -> None:
        if tx.status >= (100 if tx.method == "INVITE" else 200) or (tx.branch, tx.method) not in self._clients:
            return
        self.transports.send(tx.flow, tx.request.encode())
        tx.interval = tx.interval * 2 if tx.method == "INVITE" else min(tx.interval * 2, T2)
        tx.timers[0] = self.timers.after(tx.interval, lambda: self.turn(lambda: self._retry(tx)))

    def _timeout(self, tx: ClientTransaction) -> None:
        if tx.method == "INVITE" and 100 <= tx.status < 200:
            return  # it rings: whoever called decides how long
        self._clients.pop((tx.branch, tx.method), None)
        tx.stop()
        if tx.status < 200:
            tx.on_timeout()

    def _client_response(self, tx: ClientTransaction, message: Message, flow: Flow) -> None:
        before, tx.status = tx.status, max(tx.status, message.status)
        if message.status < 200:
            if before < 200:
                tx.on_response(message, flow)
            return
        if tx.method == "INVITE" and message.status >= 300:
            if before >= 300:
                self.transports.send(tx.flow, tx.ack)
                return
            tx.ack = _ack_for(tx.request, message).encode()
            self.transports.send(tx.flow, tx.ack)
        elif before >= 200 and tx.method != "INVITE":
            return
        if before < 200:
            tx.stop()
            tx.timers.append(self.timers.after(LIFE, lambda: self.end_client(tx)))
        tx.on_response(message, flow)

    def end_client(self, tx: ClientTransaction) -> None:
        """Nobody waits for this any more."""
        tx.stop()
        self._clients.pop((tx.branch, tx.method), None)

    def _unreachable(self, flow: Flow) -> None:
        def fail() -> None:
            for tx in [t for t in self._clients.values() if t.status < 200 and (t.flow.transport, t.flow.host, t.flow.port) == peer]:
                self._clients.pop((tx.branch, tx.method), None)
                tx.stop()
                tx.on_timeout()

        peer = (flow.transport, flow.host, flow.port)
        self.turn(fail)

    def open_transactions(self) -> int:
        """How many are kept now."""
        return len(self._servers) + len(self._clients)


def _server_key(message: Message) -> tuple[str, ...]:
    """What makes a request the same as one before (§17.2.3); requests of RFC 2543 are known by their fields."""
    via = message.loose_via()
    if via.branch.startswith(COOKIE) and len(via.branch) > len(COOKIE):
        return (via.branch, f"{via.host.lower()}:{via.port}", message.method)
    number = message.get("cseq").split(" ")[0]
    return ("2543", message.call_id, message.tag("from"), number, message.raw("via")[0], message.uri, message.method)


def _mark_source(message: Message, flow: Flow) -> Flow:
    """Write ``received`` and ``rport`` into the topmost Via (RFC 3581); returns where answers go."""
    via = message.loose_via()
    at = next(n for n, (name, _) in enumerate(message.headers) if name == "via")
    first, *others = split_list(message.headers[at][1])
    parts = first.split(";")
    if "rport" in via.params:
        parts = [p for p in parts if p.strip().partition("=")[0].strip().lower() != "rport"] + [f"rport={flow.port}"]
    if via.host != flow.host:
        parts = [p for p in parts if p.strip().partition("=")[0].strip().lower() != "received"] + [f"received={flow.host}"]
    message.headers[at] = ("via", ", ".join([";".join(parts), *others]))
    if flow.transport != "udp" or "rport" in via.params:
        return flow
    return Flow("udp", flow.host, via.port or 5060)


def _ack_for(request: Message, answer: Message) -> Message:
    """The ACK of a refused INVITE: same branch, the To of the answer."""
    ack = Message(method="ACK", uri=request.uri)
    ack.headers = [("via", split_list(request.get("via"))[0]), ("max-forwards", "70"), ("from", request.get("from")), ("to", answer.get("to"))]
    ack.headers += [("call-id", request.call_id), ("cseq", f"{request.cseq[0]} ACK")]
    ack.headers += [("route", value) for value in request.raw("route")]
    return ack
