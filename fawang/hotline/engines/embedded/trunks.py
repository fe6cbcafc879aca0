"""Lines to carriers and other sites: where a dialled target leads, keep-alive by OPTIONS, registration at the carrier."""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fawang.hotline.engines import events as ev
from fawang.hotline.engines.commands import Trunk
from fawang.hotline.engines.embedded.dialog import contact_line, via_line
from fawang.hotline.engines.embedded.sip.digest import authorization
from fawang.hotline.engines.embedded.sip.grammar import BadSyntax, Uri, parse_uri, user_text
from fawang.hotline.engines.embedded.sip.message import Message
from fawang.hotline.engines.embedded.sip.transport import Flow
from fawang.hotline.engines.port import TrunkView
from fawang.hotline.engines.timers import Timer

if TYPE_CHECKING:
    from fawang.hotline.engines.embedded.board import Board

REGISTER_S, RETRY_S, RESOLVE_S = 300, 30, 60


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an INVITE goes."""

    uri: str
    flow: Flow
    trunk: str = ""
    routes: tuple[str, ...] = ()


class Trunks:
    """All trunks, and the way from a target's text to an address."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self._trunks: dict[str, Trunk] = {}
        self._up: dict[str, bool] = {}
        self._hosts: dict[str, str] = {}
        self._timers: list[Timer] = []
        self._seq = secrets.randbits(16)
        self._tasks: set[asyncio.Task[None]] = set()

    def by_name(self, name: str) -> Trunk | None:
        """The trunk of that name."""
        return self._trunks.get(name)

    def configure(self) -> None:
        """New trunks have been set on the board."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._trunks = {trunk.name: trunk for trunk in self.board.configuration.trunks}
        self._up = {name: self._up.get(name, True) for name in self._trunks}
        for trunk in self._trunks.values():
            self._resolve(trunk)
            if trunk.keepalive_s > 0:
                self._later(0.1, lambda trunk=trunk: self._ping(trunk))  # type: ignore[misc]
            if trunk.register:
                self._later(0.1, lambda trunk=trunk: self._register(trunk))  # type: ignore[misc]

    def _later(self, seconds: float, act: object) -> None:
        def fire() -> None:
            self._timers.remove(timer)
            with self.board.core.turn():
                act()  # type: ignore[operator]

        timer = self.board.timers.after(seconds, fire)
        self._timers.append(timer)

    def views(self) -> tuple[TrunkView, ...]:
        """For the snapshot."""
        legs = [leg.trunk for leg in self.board.core.legs.values()]
        return tuple(TrunkView(name=name, up=self._up[name], legs=legs.count(name)) for name in self._trunks)

    # -- targets -------------------------------------------------------------------------------------------------

    def destinations(self, target: str) -> list[Destination] | str:
        """Where a target leads, or why nowhere: ``bad_value``, ``unreachable``, ``full``."""
        kind, _, rest = target.partition(":")
        if kind == "phone":
            found = [Destination(c.uri, c.flow()) for c in self.board.registrar.of(rest)]
            return found or "unreachable"
        if kind == "trunk":
            return self._by_trunk(rest)
        try:
            uri = parse_uri(target)
        except BadSyntax:
            return "bad_value"
        flow = self._flow(uri)
        return [Destination(str(uri), flow)] if flow else "unreachable"

    def _by_trunk(self, rest: str) -> list[Destination] | str:
        name, _, number = rest.partition("/")
        trunk = self._trunks.get(name)
        if trunk is None or not number or len(number) > 64 or any(ch.isspace() or ord(ch) < 33 for ch in number):
            return "bad_value"
        if trunk.max_legs and sum(leg.trunk == name for leg in self.board.core.legs.values()) >= trunk.max_legs:
            return "full"
        uri = parse_uri(trunk.proxy)
        flow = self._flow(uri)
        if flow is None or not self._up.get(name, True):
            return "unreachable"
        return [Destination(str(Uri(uri.scheme, user_text(number), uri.host, uri.port, uri.params)), flow, name)]

    def _flow(self, uri: Uri) -> Flow | None:
        if uri.transport not in ("udp", "tcp", "tls") or not uri.host:
            return None
        try:
            host: str | None = str(ipaddress.IPv4Address(uri.host))
        except ValueError:
            host = self._hosts.get(uri.host) or ("127.0.0.1" if uri.host == "localhost" else None)
        return Flow(uri.transport, host, uri.with_port()) if host else None

    def _resolve(self, trunk: Trunk) -> None:
        """Look a proxy's name up in a thread, again every minute."""
        try:
            name = parse_uri(trunk.proxy).host
            ipaddress.IPv4Address(name)
        except BadSyntax:
            return
        except ValueError:
            pass
        else:
            return

        async def look_up() -> None:
            try:
                found = await asyncio.get_running_loop().getaddrinfo(name, None, family=socket.AF_INET)
                self._hosts[name] = str(found[0][4][0])
            except OSError:
                return  # the last known address stays

        task = asyncio.get_running_loop().create_task(look_up())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._later(RESOLVE_S, lambda: self._resolve(trunk))

    # -- keep-alive and registration -------------------------------------------------------------------------------

    def _request(self, trunk: Trunk, method: str, uri: str, flow: Flow, user: str) -> Message:
        self._seq += 1
        host = self.board.transports.own_host(flow.host)
        message = Message(method=method, uri=uri)
        message.headers = [("via", via_line(self.board.transports, flow)), ("max-forwards", "70"), ("from", f"<sip:{user}@{host}>;tag={secrets.token_hex(6)}")]
        message.headers += [("to", f"<{uri if method != 'REGISTER' else f'sip:{user}@{parse_uri(uri).host}'}>"), ("call-id", f"{trunk.name}-{method}@{host}")]
        message.headers += [("cseq", f"{self._seq} {method}"), ("contact", contact_line(self.board.transports, flow, user))]
        return message

    def _ping(self, trunk: Trunk) -> None:
        flow = self._flow(parse_uri(trunk.proxy))
        self._later(trunk.keepalive_s, lambda: self._ping(trunk))
        if flow is None:
            self._set_up(trunk, False)
            return
        message = self._request(trunk, "OPTIONS", trunk.proxy, flow, trunk.user or "12348")
        self.board.transactions.send_request(
            message, flow, lambda answer, _: self._set_up(trunk, answer.status != 503) if answer.status >= 200 else None, lambda: self._set_up(trunk, False)
        )

    def _set_up(self, trunk: Trunk, up: bool) -> None:
        if trunk.name in self._trunks and self._up.get(trunk.name, True) != up:
            self._up[trunk.name] = up
            self.board.core.tell(ev.TrunkState, trunk=trunk.name, up=up)

    def _register(self, trunk: Trunk, proof: tuple[str, str] | None = None) -> None:
        flow = self._flow(parse_uri(trunk.proxy))
        if flow is None:
            self._later(RETRY_S, lambda: self._register(trunk))
            return
        proxy = parse_uri(trunk.proxy)
        uri = str(Uri(proxy.scheme, "", proxy.host, proxy.port))
        message = self._request(trunk, "REGISTER", uri, flow, user_text(trunk.user)).add("expires", str(REGISTER_S))
        if proof:
            message.add(*proof)

        def answered(answer: Message, _: Flow) -> None:
            if answer.status < 200:
                return
            if answer.status in (401, 407) and proof is None:
                asked, given = ("www-authenticate", "authorization") if answer.status == 401 else ("proxy-authenticate", "proxy-authorization")
                for challenge in answer.raw(asked):
                    if text := authorization(challenge, "REGISTER", uri, trunk.user, trunk.secret):
                        self._register(trunk, (given, text))
                        return
            ok = answer.status < 300
            self._set_up(trunk, ok)
            self._later(REGISTER_S * 0.8 if ok else RETRY_S, lambda: self._register(trunk))

        def silent() -> None:
            self._set_up(trunk, False)
            self._later(RETRY_S, lambda: self._register(trunk))

        self.board.transactions.send_request(message, flow, answered, silent)
