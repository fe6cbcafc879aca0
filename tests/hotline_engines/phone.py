"""A telephone for the tests: its own small SIP and RTP, sharing no line with the engine, so that both cannot be wrong in the same way.

It says one known tone all the time, and can tell which tones it hears (Goertzel).
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import math
import os
import random
import re
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

TONES = (300, 360, 420, 500, 580, 660, 740, 820, 900, 1000, 1100, 1250, 1400, 1600, 1800)
"""What the phones of one test choose from; prompts use other ones too."""


def a_law(sample: int) -> int:
    """One 16-bit sample as A-law, by the book (ITU-T G.711)."""
    sign = 0x80 if sample >= 0 else 0
    size = (sample if sample >= 0 else -sample - 1) >> 3
    if size < 32:
        code = size >> 1
    else:
        segment = size.bit_length() - 5
        code = (segment << 4) | ((size >> segment) & 15)
    return (sign | code) ^ 0x55


def from_a_law(code: int) -> int:
    """One A-law code as a 16-bit sample."""
    code ^= 0x55
    segment, step = (code >> 4) & 7, code & 15
    size = (step * 2 + 1) << 3 if segment == 0 else (step * 2 + 33) << (segment + 2)
    return size if code & 0x80 else -size


def from_mu_law(code: int) -> int:
    """One µ-law code as a 16-bit sample."""
    code = ~code & 0xFF
    size = ((((code & 15) << 3) + 132) << ((code >> 4) & 7)) - 132
    return -size if code & 0x80 else size


A_TABLE = [from_a_law(n) for n in range(256)]
MU_TABLE = [from_mu_law(n) for n in range(256)]


@functools.cache
def sine(frequencies: tuple[int, ...], ms: int, level: int = 6000) -> bytes:
    """Tones as A-law."""
    return bytes(a_law(int(sum(level / len(frequencies) * math.sin(2 * math.pi * hz * n / 8000) for hz in frequencies))) for n in range(8 * ms))


def strength(samples: list[int], hz: int) -> float:
    """Amplitude of one frequency in 16-bit units (what Goertzel's recursion gives)."""
    if not samples:
        return 0.0
    turn = np.exp(-2j * np.pi * hz / 8000 * np.arange(len(samples)))
    return float(2 * abs(np.dot(np.asarray(samples, float), turn)) / len(samples))


def tones_in(samples: list[int], candidates: tuple[int, ...] = TONES, least: float = 1500.0) -> set[int]:
    """Which of the candidates sound."""
    return {hz for hz in candidates if strength(samples, hz) > least}


@functools.cache
def silence_ms(ms: int) -> bytes:
    """A-law silence."""
    return b"\xd5" * (8 * ms)


def header(text: str, name: str) -> str:
    """First value of a header field."""
    found = re.search(rf"^{name}[ \t]*:[ \t]*(.*)$", text, re.IGNORECASE | re.MULTILINE)
    return found[1].strip() if found else ""


def headers(text: str, name: str) -> list[str]:
    """All values of a header field."""
    return [v.strip() for v in re.findall(rf"^{name}[ \t]*:[ \t]*(.*)$", text, re.IGNORECASE | re.MULTILINE)]


@dataclass
class Line:
    """One call of a phone."""

    phone: Phone
    call_id: str
    local_tag: str
    local: str
    remote: str
    remote_tag: str = ""
    target: str = ""
    routes: list[str] = field(default_factory=list)
    cseq: int = 1
    peer: tuple[str, int] = ("", 0)
    media: tuple[str, int] | None = None
    payload_type: int = 8
    digits_type: int = 101
    incoming: str = ""
    invite: str = ""
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    ringing: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    status: int = 0
    requests: list[str] = field(default_factory=list)
    responses: list[str] = field(default_factory=list)
    notified: list[str] = field(default_factory=list)
    keys: str = ""
    sdp_version: int = 1
    direction: str = "sendrecv"
    ended_by: str = ""
    packets: int = 0
    sent: int = 0
    heard_stream: deque[int] = field(default_factory=lambda: deque(maxlen=80_000))
    ssrcs: set[int] = field(default_factory=set)
    last_key: int = -1
    sequence: int = field(default_factory=lambda: random.randrange(30_000))
    stamp: int = field(default_factory=lambda: random.randrange(1 << 30))
    ssrc: int = field(default_factory=lambda: random.randrange(1 << 32))
    pressing: deque[bytes] = field(default_factory=deque)
    speaking: bool = True
    last_sent: float = 0.0
    """Monotonic."""

    async def hears(self, seconds: float = 0.2, *, settle: float = 0.16, candidates: tuple[int, ...] = TONES) -> set[int]:
        """The tones heard in the next moment (after letting buffers run out)."""
        await asyncio.sleep(settle)
        self.heard_stream.clear()
        await asyncio.sleep(seconds)
        return tones_in(list(self.heard_stream), candidates)

    def press(self, digits: str, ms: int = 100, *, method: str = "rfc4733") -> None:
        """Press keys, one after another, with pauses."""
        for digit in digits:
            if method == "inband":
                self._inband(digit, ms)
            else:
                self._events(digit, ms)
            self.pressing.extend([b""] * 4)

    def _events(self, digit: str, ms: int) -> None:
        event = "0123456789*#ABCD".index(digit)
        for n in range(ms // 20):
            self.pressing.append(struct.pack("!BBH", event, 10, (n + 1) * 160))
        self.pressing.extend([struct.pack("!BBH", event, 0x80 | 10, ms * 8)] * 3)

    def _inband(self, digit: str, ms: int) -> None:
        rows, columns = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
        at = "123A456B789C*0#D".index(digit)
        data = sine((rows[at // 4], columns[at % 4]), ms)
        for start in range(0, len(data), 160):
            self.pressing.append(data[start : start + 160].ljust(160, b"\xd5"))

    async def hang_up(self) -> None:
        """End the call, in whatever state it is."""
        self.ended_by = "me"
        if self.answered.is_set():
            await self.phone.request(self, "BYE")
        elif self.incoming:
            self.phone.respond(self.invite, 486, self.peer, self.local_tag)
        else:
            self.phone.cancel(self)
        self.over.set()

    async def hold(self, on: bool) -> str:
        """re-INVITE with sendonly or sendrecv; returns the final answer to it."""
        before, self.direction = self.direction, "sendonly" if on else "sendrecv"
        self.sdp_version += 1
        answer = await self.phone.request(self, "INVITE", body=self.phone.sdp(self))
        refused = int(answer[8:11]) >= 300
        if refused:
            self.direction = before
        self.phone.ack(self, answer, same_branch=refused)
        return answer

    async def refer(self, target: str, replaces: Line | None = None) -> str:
        """Ask for a transfer; returns the answer to the REFER."""
        if replaces:
            target += f"?Replaces={replaces.call_id.replace('@', '%40')}%3Bto-tag%3D{replaces.remote_tag}%3Bfrom-tag%3D{replaces.local_tag}"
        return await self.phone.request(self, "REFER", extra=f"Refer-To: <{target}>\r\n")


@dataclass
class Manners:
    """What a phone does when it is called."""

    ring_s: float = 0.0
    answer_s: float | None = 0.05
    refuse: int = 0
    refer_status: int = 200
    """What it reports about a transfer we ask it for; 0 = refuses the REFER."""


class Phone:
    """One SIP socket, one RTP socket a call."""

    def __init__(self, tone: int, *, host: str = "127.0.0.1", codec: int = 8, events: bool = True, transport: str = "udp") -> None:
        self.tone, self.host, self.codec, self.events, self.transport = tone, host, codec, events, transport
        self.sound = sine((tone,), 1000) if tone else silence_ms(1000)
        self.manners = Manners()
        self.lines: list[Line] = []
        self.user = f"p{tone}"
        self._waiting: dict[str, asyncio.Future[str]] = {}
        self._sockets: dict[int, tuple[socket.socket, Line]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._stream: asyncio.StreamWriter | None = None
        self._server: asyncio.Server | None = None
        self.port = 0
        self.received: list[str] = []
        self.rtp_silent = False
        self.deaf_to: set[str] = set()
        """Methods not answered at all."""
        self.ack_lost = False
        """Our ACKs do not arrive."""
        self.allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, REFER, NOTIFY"
        self.timer = ""
        """Session-Expires of our answers to INVITE."""
        self.on_change: Callable[[Line, str], int] = lambda line, text: 200
        """What a re-INVITE is answered with; 0 = nothing yet."""

    async def open(self, port: int = 0) -> Phone:
        """Bind."""
        self._loop = asyncio.get_running_loop()
        if self.transport == "tcp":
            self._server = await asyncio.start_server(self._accepted, self.host, port)
            self.port = self._server.sockets[0].getsockname()[1]
        else:
            self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self._udp.setblocking(False)
            self._udp.bind((self.host, port))
            self.port = self._udp.getsockname()[1]
            self._loop.add_reader(self._udp.fileno(), self._readable)
        return self

    def close(self) -> None:
        """Let everything go."""
        if self.transport == "udp":
            self._loop.remove_reader(self._udp.fileno())
            self._udp.close()
        if self._server:
            self._server.close()
        if self._stream:
            self._stream.close()
        for fd, (one, _) in self._sockets.items():
            self._loop.remove_reader(fd)
            one.close()
        for task in self._tasks:
            task.cancel()

    @property
    def uri(self) -> str:
        """Where it can be called."""
        return f"sip:{self.user}@{self.host}:{self.port}" + (";transport=tcp" if self.transport == "tcp" else "")

    # -- carrying ------------------------------------------------------------------------------------------------

    def send(self, text: str, peer: tuple[str, int], body: str = "") -> None:
        """One message."""
        data = text.encode() + f"Content-Length: {len(body.encode())}\r\n\r\n".encode() + body.encode()
        if self.transport == "udp":
            self._udp.sendto(data, peer)
        elif self._stream and not self._stream.is_closing():
            self._stream.write(data)

    def _readable(self) -> None:
        try:
            data, peer = self._udp.recvfrom(65535)
        except OSError:
            return
        self.take(data.decode("utf-8", "replace"), peer)

    async def connect(self, peer: tuple[str, int]) -> None:
        """Open the TCP connection to the engine."""
        reader, self._stream = await asyncio.open_connection(*peer)
        self._go(self._read(reader, peer))

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._stream = writer
        await self._read(reader, writer.get_extra_info("peername"))

    async def _read(self, reader: asyncio.StreamReader, peer: tuple[str, int]) -> None:
        while True:
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                body = (await reader.readexactly(int(header(head, "Content-Length") or 0))).decode()
            except (asyncio.IncompleteReadError, OSError):
                return
            self.take(head + body, peer)

    def _go(self, work: object) -> None:
        task = self._loop.create_task(work)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- SIP in --------------------------------------------------------------------------------------------------

    def take(self, text: str, peer: tuple[str, int]) -> None:
        """A message came."""
        self.received.append(text)
        call_id = header(text, "Call-ID")
        if text.startswith("SIP/2.0"):
            self._response(text, call_id, peer)
            return
        method = text.split(" ", 1)[0]
        if method in self.deaf_to:
            return
        line = next((one for one in self.lines if one.call_id == call_id), None)
        if method == "INVITE" and (line is None or "tag=" not in header(text, "To")):
            if line is None:
                self._invited(text, call_id, peer)
            return
        if line is None:
            if method != "ACK":
                self.respond(text, 200 if method == "OPTIONS" else 481, peer, "x")
            return
        line.requests.append(text)
        self._inside(method, text, line, peer)

    def _inside(self, method: str, text: str, line: Line, peer: tuple[str, int]) -> None:
        if method == "BYE":
            self.respond(text, 200, peer, line.local_tag)
            line.ended_by = line.ended_by or "far"
            line.over.set()
        elif method == "CANCEL":
            self.respond(text, 200, peer, line.local_tag)
            if not line.answered.is_set():
                self.respond(line.invite, 487, peer, line.local_tag)
                line.over.set()
        elif method == "ACK":
            if line.incoming == "answering":
                line.incoming = "answered"
                line.answered.set()
        elif method in ("INVITE", "UPDATE"):
            if method == "INVITE" and (status := self.on_change(line, text)) != 200:
                if status:
                    self.respond(text, status, peer, line.local_tag)
                return
            if "m=audio" in text:
                self._remote(line, text)
            self.respond(text, 200, peer, line.local_tag, body=self.sdp(line) if "m=audio" in text else "")
        elif method == "NOTIFY":
            line.notified.append(text.rsplit("\r\n\r\n", 1)[1].strip())
            self.respond(text, 200, peer, line.local_tag)
        elif method == "REFER":
            self._referred(text, line, peer)
        else:
            self.respond(text, 200, peer, line.local_tag)

    def _referred(self, text: str, line: Line, peer: tuple[str, int]) -> None:
        if not self.manners.refer_status:
            self.respond(text, 603, peer, line.local_tag)
            return
        self.respond(text, 202, peer, line.local_tag)

        async def tell() -> None:
            for status in (100, self.manners.refer_status):
                extra = f"Event: refer\r\nSubscription-State: {'active' if status < 200 else 'terminated'}\r\nContent-Type: message/sipfrag\r\n"
                await self.request(line, "NOTIFY", body=f"SIP/2.0 {status} X\r\n", extra=extra, kind="")

        self._go(tell())

    def _invited(self, text: str, call_id: str, peer: tuple[str, int]) -> None:
        remote = header(text, "From")
        tag = re.search(r"tag=([^;\s]+)", remote)
        contact = re.search(r"<([^>]+)>", header(text, "Contact"))
        line = Line(self, call_id, f"t{random.getrandbits(40):x}", header(text, "To"), re.sub(r";tag=[^;]+", "", remote), tag[1] if tag else "")
        line.target, line.peer, line.incoming, line.invite = contact[1] if contact else "", peer, "ringing", text
        line.routes = headers(text, "Record-Route")
        self._remote(line, text)
        self.lines.append(line)
        self._go(self._behave(line, peer))

    async def _behave(self, line: Line, peer: tuple[str, int]) -> None:
        self.respond(line.invite, 100, peer, "")
        await asyncio.sleep(self.manners.ring_s)
        if line.over.is_set():
            return
        if self.manners.refuse:
            self.respond(line.invite, self.manners.refuse, peer, line.local_tag)
            line.over.set()
            return
        self.respond(line.invite, 180, peer, line.local_tag)
        line.ringing.set()
        if self.manners.answer_s is None:
            return
        await asyncio.sleep(self.manners.answer_s)
        self.answer(line)

    def answer(self, line: Line) -> None:
        """Take a call that rings."""
        if line.over.is_set():
            return
        line.incoming = "answering"
        self._sound(line)
        self.respond(line.invite, 200, line.peer, line.local_tag, body=self.sdp(line))
        self._go(self._again(line))

    async def _again(self, line: Line) -> None:
        pause = 0.5
        while line.incoming == "answering" and pause < 16 and not line.over.is_set():
            await asyncio.sleep(pause)
            pause *= 2
            if line.incoming == "answering":
                self.respond(line.invite, 200, line.peer, line.local_tag, body=self.sdp(line))

    def _response(self, text: str, call_id: str, peer: tuple[str, int]) -> None:
        status = int(text[8:11])
        number, method = header(text, "CSeq").split()
        line = next((one for one in self.lines if one.call_id == call_id), None)
        if line:
            line.responses.append(text)
        if line and method == "INVITE" and not line.answered.is_set():
            self._progress(line, status, text)
        elif line and method == "INVITE" and 200 <= status < 300 and f"{number} INVITE" not in self._waiting:
            self.ack(line, text)
        waiting = self._waiting.get(f"{call_id} {number} {method}")
        if waiting and status >= 200 and not waiting.done():
            waiting.set_result(text)

    def _progress(self, line: Line, status: int, text: str) -> None:
        if status == 180:
            line.ringing.set()
        if status < 200 or line.incoming:
            return
        line.status = status
        tag = re.search(r";tag=([^;\s]+)", header(text, "To"))
        line.remote_tag = tag[1] if tag else ""
        if status >= 300:
            self.ack(line, text, same_branch=True)
            if status not in (401, 407):
                line.over.set()
            return
        contact = re.search(r"<([^>]+)>", header(text, "Contact"))
        line.target = contact[1] if contact else line.target
        line.routes = list(reversed(headers(text, "Record-Route")))
        self._remote(line, text)
        self._sound(line)
        self.ack(line, text)
        line.answered.set()

    # -- SIP out -------------------------------------------------------------------------------------------------

    def respond(self, request: str, status: int, peer: tuple[str, int], tag: str, *, body: str = "", extra: str = "") -> None:
        """Answer a request."""
        to = header(request, "To")
        if tag and ";tag=" not in to and status > 100:
            to += f";tag={tag}"
        text = f"SIP/2.0 {status} Test\r\n" + "".join(f"Via: {via}\r\n" for via in headers(request, "Via"))
        text += "".join(f"Record-Route: {route}\r\n" for route in headers(request, "Record-Route"))
        text += f"From: {header(request, 'From')}\r\nTo: {to}\r\nCall-ID: {header(request, 'Call-ID')}\r\nCSeq: {header(request, 'CSeq')}\r\n"
        text += f"Contact: <{self.uri}>\r\nAllow: {self.allow}\r\n{extra}"
        if self.timer and status == 200 and header(request, "CSeq").endswith("INVITE"):
            text += f"Supported: timer\r\nSession-Expires: {self.timer}\r\n"
        self.send(text + ("Content-Type: application/sdp\r\n" if body else ""), peer, body)

    def _start(self, method: str, uri: str, line: Line, number: int, branch: str = "") -> str:
        branch = branch or f"z9hG4bK{random.getrandbits(60):x}"
        to = f"{line.remote};tag={line.remote_tag}" if line.remote_tag and method != "CANCEL" else line.remote
        start = f"{method} {uri} SIP/2.0\r\nVia: SIP/2.0/{self.transport.upper()} {self.host}:{self.port};branch={branch};rport\r\n"
        start += "".join(f"Route: {route}\r\n" for route in line.routes)
        return start + (
            f"Max-Forwards: 70\r\nFrom: {line.local};tag={line.local_tag}\r\nTo: {to}\r\nCall-ID: {line.call_id}\r\nCSeq: {number} {method}\r\n"
            f"Contact: <{self.uri}>\r\n"
        )

    def call(self, number: str, server: tuple[str, int], *, frm: str = "", extra: str = "", offer: bool = True) -> Line:
        """Dial; returns at once."""
        frm = frm or self.user
        line = Line(self, f"{random.getrandbits(64):x}@test", f"f{random.getrandbits(40):x}", f"<sip:{frm}@{self.host}>", f"<sip:{number}@{server[0]}>")
        line.target, line.peer = f"sip:{number}@{server[0]}:{server[1]}", server
        self.lines.append(line)
        self._rtp(line)
        self._dial(line, extra, offer)
        return line

    def _dial(self, line: Line, extra: str, offer: bool) -> None:
        branch = f"z9hG4bK{random.getrandbits(60):x}"
        text = self._start("INVITE", line.target, line, line.cseq, branch) + f"Allow: INVITE, ACK, CANCEL, BYE, UPDATE\r\nSupported: timer\r\n{extra}"
        body = self.sdp(line) if offer else ""
        text += "Content-Type: application/sdp\r\n" if offer else ""
        line.invite = text
        self.send(text, line.peer, body)

        async def repeat() -> None:
            pause = 0.5
            while not line.responses and pause < 16 and self.transport == "udp":
                await asyncio.sleep(pause)
                pause *= 2
                if not line.responses:
                    self.send(text, line.peer, body)

        self._go(repeat())

    def cancel(self, line: Line) -> None:
        """Give up an unanswered call."""
        branch = re.search(r"branch=([^;\s]+)", line.invite)
        self.send(self._start("CANCEL", line.target, line, line.cseq, branch[1] if branch else ""), line.peer)

    def ack(self, line: Line, answer: str, *, same_branch: bool = False) -> None:
        """Acknowledge a final answer."""
        if self.ack_lost:
            return
        number = int(header(answer, "CSeq").split()[0])
        branch = re.search(r"branch=([^;\s,]+)", header(answer, "Via")) if same_branch else None
        self.send(self._start("ACK", line.target, line, number, branch[1] if branch else ""), line.peer)

    async def request(self, line: Line, method: str, *, body: str = "", extra: str = "", kind: str = "Content-Type: application/sdp\r\n") -> str:
        """A request inside the call, repeated until answered; returns the final answer."""
        line.cseq += 1
        number = line.cseq
        waiting = self._waiting[f"{line.call_id} {number} {method}"] = self._loop.create_future()
        text = self._start(method, line.target, line, number) + extra + (kind if body else "")
        pause = 0.5
        for _ in range(6):
            self.send(text, line.peer, body)
            try:
                return await asyncio.wait_for(asyncio.shield(waiting), pause)
            except TimeoutError:
                pause = min(4.0, pause * 2)
        raise AssertionError(f"no answer to {method}")

    async def register(self, account: str, secret: str, server: tuple[str, int], *, algorithm: str = "SHA-256", expires: int = 300) -> int:
        """Register with digest; returns the last status."""
        self.user = account
        line = Line(self, f"{random.getrandbits(64):x}@reg", "r1", f"<sip:{account}@{server[0]}>", f"<sip:{account}@{server[0]}>")
        line.target, line.peer = f"sip:{server[0]}:{server[1]}", server
        self.lines.append(line)
        answer = await self.request(line, "REGISTER", extra=f"Expires: {expires}\r\n")
        if " 401 " in answer.split("\r\n")[0]:
            challenge = next(c for c in headers(answer, "WWW-Authenticate") if f"algorithm={algorithm}" in c)
            proof = digest_answer(challenge, "REGISTER", line.target, account, secret, algorithm)
            answer = await self.request(line, "REGISTER", extra=f"Expires: {expires}\r\nAuthorization: {proof}\r\n")
        return int(answer[8:11])

    # -- sound ---------------------------------------------------------------------------------------------------

    def sdp(self, line: Line) -> str:
        """Our description."""
        self._rtp(line)
        port = next(one.getsockname()[1] for one, owner in self._sockets.values() if owner is line)
        name = "PCMA" if self.codec == 8 else "PCMU"
        types = f"{self.codec} 101" if self.events else f"{self.codec}"
        event = "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n" if self.events else ""
        return (
            f"v=0\r\no=- 7 {line.sdp_version} IN IP4 {self.host}\r\ns=-\r\nc=IN IP4 {self.host}\r\nt=0 0\r\nm=audio {port} RTP/AVP {types}\r\n"
            f"a=rtpmap:{self.codec} {name}/8000\r\n{event}a={line.direction}\r\n"
        )

    def _remote(self, line: Line, text: str) -> None:
        host, audio = re.search(r"^c=IN IP4 (\S+)", text, re.MULTILINE), re.search(r"^m=audio (\d+) RTP/AVP (\d+)", text, re.MULTILINE)
        if host and audio:
            line.media = (host[1].strip(), int(audio[1]))

    def _rtp(self, line: Line) -> None:
        if any(owner is line for _, owner in self._sockets.values()):
            return
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.setblocking(False)
        one.bind((self.host, 0))
        self._sockets[one.fileno()] = (one, line)
        self._loop.add_reader(one.fileno(), self._hear, one, line)

    def _sound(self, line: Line) -> None:
        self._go(self._speak(line))

    async def _speak(self, line: Line) -> None:
        one = next(s for s, owner in self._sockets.values() if owner is line)
        due, at = time.monotonic(), 0
        key_stamp = 0
        table = bytes(_to_mu(n) for n in range(256)) if self.codec == 0 else None
        while not line.over.is_set():
            line.sequence, line.stamp = (line.sequence + 1) & 0xFFFF, (line.stamp + 160) & 0xFFFFFFFF
            kind, stamp = self.codec, line.stamp
            payload = self.sound[at : at + 160]
            if line.pressing:
                piece = line.pressing.popleft()
                if len(piece) == 4:
                    key_stamp = key_stamp or line.stamp
                    kind, stamp, payload = 101, key_stamp, piece
                else:
                    key_stamp = 0
                    payload = piece or silence_ms(20)
            at = (at + 160) % len(self.sound)
            if kind != 101 and table:
                payload = payload.translate(table)
            if line.media and line.speaking and not self.rtp_silent and line.direction != "inactive":
                line.sent += 1
                line.last_sent = time.monotonic()
                with contextlib.suppress(OSError):
                    one.sendto(struct.pack("!BBHII", 128, kind, line.sequence, stamp, line.ssrc) + payload, line.media)
            due += 0.02
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    def _hear(self, one: socket.socket, line: Line) -> None:
        try:
            data = one.recv(2048)
        except OSError:
            return
        if len(data) < 13:
            return
        line.packets += 1
        kind = data[1] & 127
        line.ssrcs.add(int.from_bytes(data[8:12], "big"))
        if kind == 101:
            stamp = int.from_bytes(data[4:8], "big")
            if data[13] & 0x80 and stamp != line.last_key:
                line.last_key = stamp
                line.keys += "0123456789*#ABCD"[data[12]]
            return
        table = A_TABLE if kind == 8 else MU_TABLE
        line.heard_stream.extend([table[code] for code in data[12:]])


def _to_mu(code: int) -> int:
    """A-law code as the nearest µ-law code."""
    wanted = from_a_law(code)
    return min(range(256), key=lambda n: abs(MU_TABLE[n] - wanted))


def digest_answer(challenge: str, method: str, uri: str, user: str, secret: str, algorithm: str) -> str:
    """An Authorization value."""
    values = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
    make = hashlib.md5 if algorithm == "MD5" else hashlib.sha256

    def digest(text: str) -> str:
        return make(text.encode()).hexdigest()

    cnonce = os.urandom(4).hex()
    first, second = digest(f"{user}:{values['realm']}:{secret}"), digest(f"{method}:{uri}")
    proof = digest(f"{first}:{values['nonce']}:00000001:{cnonce}:auth:{second}")
    return (
        f'Digest username="{user}", realm="{values["realm"]}", nonce="{values["nonce"]}", uri="{uri}", response="{proof}", '
        f'algorithm={algorithm}, qop=auth, nc=00000001, cnonce="{cnonce}"'
    )
