"""A dialog as both sides know it: everything a new process needs to go on with a call. Kept in the spool under kind ``dialog``."""

from __future__ import annotations

import ipaddress
import secrets
from dataclasses import dataclass, field, fields
from typing import Any

from fawang.hotline.engines.embedded.sip.grammar import BadSyntax, parse_address, parse_uri
from fawang.hotline.engines.embedded.sip.message import Message
from fawang.hotline.engines.embedded.sip.transactions import new_branch
from fawang.hotline.engines.embedded.sip.transport import Flow, Transports
from fawang.hotline.engines.wire import plain


@dataclass(slots=True)
class SoundState:
    """The RTP side: ports, codec, counters."""

    port: int = 0
    host: str = ""
    """Where the far side wants to be sent to, as its SDP says."""
    remote_port: int = 0
    codec: int = 8
    digits_type: int = -1
    direction: str = "sendrecv"
    ssrc: int = 0
    base_seq: int = 0
    base_ts: int = 0
    since: float = 0.0
    session: int = field(default_factory=lambda: secrets.randbits(40))
    version: int = 1


@dataclass(slots=True)
class Dialog:
    """``local``/``remote`` addresses are without tag; ``invite`` and ``last`` are the INVITE that is not done with and our last answer to it."""

    leg_id: str
    role: str
    """``uas``: they called; ``uac``: we called."""
    call_id: str
    local_tag: str
    local: str
    remote: str
    remote_tag: str = ""
    local_seq: int = 1
    remote_seq: int = -1
    target: str = ""
    routes: list[str] = field(default_factory=list)
    transport: str = "udp"
    host: str = ""
    port: int = 5060
    connection: int = 0
    state: str = "early"
    """``early``, ``answered`` (2xx sent, no ACK yet), ``confirmed``, ``ending`` (our BYE is under way)."""
    invite: str = ""
    last: str = ""
    last_status: int = 0
    branch_seq: int = 0
    sound: SoundState = field(default_factory=SoundState)
    session_s: int = 0
    refresher: str = ""
    """``us`` or ``them`` while a session timer runs."""
    allows_update: bool = False
    trunk: str = ""
    give_up_at: float = 0.0
    """Monotonic: how long an unanswered call lasts."""
    rseq: int = 0
    wants_100rel: bool = False

    @property
    def key(self) -> str:
        """What names it in the spool: our tag is ours alone."""
        return self.local_tag

    def flow(self) -> Flow:
        """Where a request inside the dialog goes: first route, else their contact if it can be reached as it stands, else where they are heard from."""
        hop = self.routes[0] if self.routes else self.target
        known = self.heard_flow()
        try:
            uri = parse_uri(parse_address(hop).uri_text if self.routes else hop)
            address = ipaddress.IPv4Address(uri.host)
        except (BadSyntax, ValueError):
            return known
        if self.transport != "udp" and self.connection:
            return known
        if address.is_private and not ipaddress.IPv4Address(self.host).is_private:
            return known
        return Flow(uri.transport, uri.host, uri.with_port())

    def heard_flow(self) -> Flow:
        """Where they were heard from last."""
        return Flow(self.transport, self.host, self.port, self.connection)

    def heard_from(self, flow: Flow) -> None:
        """They were heard from there."""
        self.transport, self.host, self.port, self.connection = flow.transport, flow.host, flow.port, flow.connection


def dialog_to(dialog: Dialog) -> dict[str, Any]:
    """As plain JSON."""
    return plain(dialog)


def dialog_from(data: dict[str, Any]) -> Dialog:
    """As kept by :func:`dialog_to`; a connection of the process before is gone."""
    values = {f.name: data[f.name] for f in fields(Dialog) if f.name in data}
    values["sound"] = SoundState(**values["sound"])
    values["connection"] = 0
    return Dialog(**values)


def via_line(transports: Transports, flow: Flow) -> str:
    """A new Via of ours."""
    return f"SIP/2.0/{flow.transport.upper()} {transports.own_host(flow.host)}:{transports.own_port(flow.transport)};branch={new_branch()};rport"


def contact_line(transports: Transports, flow: Flow, user: str = "12348") -> str:
    """Our Contact."""
    transport = f";transport={flow.transport}" if flow.transport != "udp" else ""
    return f"<sip:{user}@{transports.own_host(flow.host)}:{transports.own_port(flow.transport)}{transport}>"


def request(dialog: Dialog, transports: Transports, method: str, *, seq: int = 0, body: bytes = b"") -> tuple[Message, Flow]:
    """A request inside the dialog and where it goes. ``seq`` 0 = the next number (ACK and CANCEL give the INVITE's)."""
    if not seq:
        dialog.local_seq += 1
        seq = dialog.local_seq
    flow = dialog.flow()
    message = Message(method=method, uri=dialog.target, body=body)
    message.headers = [("via", via_line(transports, flow)), ("max-forwards", "70")]
    message.headers += [("route", route) for route in dialog.routes]
    message.headers.append(("from", f"{dialog.local};tag={dialog.local_tag}"))
    message.headers.append(("to", f"{dialog.remote};tag={dialog.remote_tag}" if dialog.remote_tag else dialog.remote))
    message.headers += [("call-id", dialog.call_id), ("cseq", f"{seq} {method}")]
    if method in ("INVITE", "UPDATE", "REFER"):
        message.headers.append(("contact", contact_line(transports, flow)))
    if body:
        message.headers.append(("content-type", "application/sdp"))
    return message, flow


def without_tag(value: str) -> str:
    """A From or To value without its tag, other parameters kept out as well (RFC 3261 asks for the URI alone)."""
    address = parse_address(value)
    if value.lstrip().startswith('"') or "<" in value:
        return value[: value.index(">", value.index("<" + address.uri_text)) + 1].strip()
    return f"<{address.uri_text}>"
