"""Carrying SIP: UDP, TCP and TLS. Messages out are queued and leave when :meth:`Transports.flush` is called, after what they say is kept."""

from __future__ import annotations

import asyncio
import itertools
import logging
import re
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from fawang.hotline.engines.embedded.sip.message import MOST_BODY, MOST_HEAD

log = logging.getLogger(__name__)
MOST_CONNECTIONS = 1000
MOST_PER_SOURCE = 200
PARTIAL_S = 15.0
IDLE_S = 3600.0
BATCH = 32
_LENGTH = re.compile(rb"(?:^|\r\n)(?:content-length|l)[ \t]*:[ \t]*(\d{1,6})[ \t]*\r\n", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Flow:
    """Where a message came from or goes to. ``connection`` is 0 for UDP and for streams yet to be opened."""

    transport: str
    host: str
    port: int
    connection: int = 0

    def __str__(self) -> str:
        return f"{self.transport}:{self.host}:{self.port}"


Receive = Callable[[bytes, Flow], None]


@lru_cache(maxsize=1024)
def _route(host: str) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect((host, 9))
        return str(probe.getsockname()[0])
    return "127.0.0.1"


class _Stream:
    """One TCP or TLS connection: frames what arrives, holds what leaves until it is open."""

    def __init__(self, owner: Transports, flow: Flow) -> None:
        self.owner = owner
        self.flow = flow
        self.writer: asyncio.StreamWriter | None = None
        self.waiting: list[bytes] = []
        self.task: asyncio.Task[None] | None = None

    def send(self, data: bytes) -> None:
        if self.writer is None:
            self.waiting.append(data)
        elif self.writer.transport.get_write_buffer_size() < 1 << 20:
            self.writer.write(data)
        else:
            self.close()  # somebody who does not read

    def close(self) -> None:
        if self.task:
            self.task.cancel()

    async def connect(self) -> None:
        """Open towards the far side, then read until it closes."""
        context = ssl.create_default_context() if self.flow.transport == "tls" else None
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_connection(self.flow.host, self.flow.port, ssl=context), 5)
        except (OSError, TimeoutError):
            self.owner.failed(self)
            return
        await self.serve(reader, writer)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read messages until the end of the connection."""
        self.writer = writer
        for data in self.waiting:
            writer.write(data)
        self.waiting.clear()
        try:
            while message := await self._message(reader):
                self.owner.receive(message, self.flow)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass
        finally:
            writer.close()
            self.owner.gone(self)

    async def _message(self, reader: asyncio.StreamReader) -> bytes:
        first = await asyncio.wait_for(reader.readexactly(1), IDLE_S)
        while first in (b"\r", b"\n"):
            if first == b"\r" and await asyncio.wait_for(reader.readexactly(1), PARTIAL_S) == b"\n":
                following = await asyncio.wait_for(reader.readexactly(1), IDLE_S)
                if following == b"\r" and self.writer:  # the double CRLF of RFC 5626 is answered with one
                    self.writer.write(b"\r\n")
                first = following
            else:
                first = await asyncio.wait_for(reader.readexactly(1), IDLE_S)
        head = first + await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PARTIAL_S)
        if len(head) > MOST_HEAD:
            raise ValueError("header too large")
        found = _LENGTH.search(head)
        length = int(found[1]) if found else 0
        if length > MOST_BODY:
            raise ValueError("body too large")
        return head + (await asyncio.wait_for(reader.readexactly(length), PARTIAL_S) if length else b"")


class Transports:
    """All sockets of the SIP side."""

    def __init__(self, host: str, port: int, *, public_host: str = "", tls_port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self.host, self.port, self.tls_port = host, port, tls_port
        self.public_host = public_host
        self.server_tls = tls
        self.receive: Receive = lambda data, flow: None
        self.receive_batch: Callable[[list[tuple[bytes, Flow]]], None] = lambda batch: None
        self.unreachable: Callable[[Flow], None] = lambda flow: None
        self.sent = 0
        self._udp: socket.socket | None = None
        self._queue: list[tuple[Flow, bytes]] = []
        self._streams: dict[int, _Stream] = {}
        self._by_peer: dict[tuple[str, str, int], _Stream] = {}
        self._ids = itertools.count(1)
        self._servers: list[asyncio.Server] = []

    async def open(self) -> None:
        """Bind. Raises OSError if a port is taken."""
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.setblocking(False)
        self._udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._udp.bind((self.host, self.port))
        self.port = self._udp.getsockname()[1]
        asyncio.get_running_loop().add_reader(self._udp.fileno(), self._readable)
        self._servers.append(await asyncio.start_server(self._accepted("tcp"), self.host, self.port, limit=MOST_HEAD, backlog=256))
        if self.server_tls and self.tls_port:
            self._servers.append(await asyncio.start_server(self._accepted("tls"), self.host, self.tls_port, limit=MOST_HEAD, ssl=self.server_tls))

    def _readable(self) -> None:
        batch: list[tuple[bytes, Flow]] = []
        for _ in range(BATCH):
            try:
                data, (host, port) = self._udp.recvfrom(65535)  # type: ignore[union-attr]
            except BlockingIOError:
                break
            except OSError:  # an ICMP answer to something we sent
                continue
            batch.append((data, Flow("udp", host, port)))
        self.receive_batch(batch)

    def _accepted(self, transport: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            host, port = writer.get_extra_info("peername")[:2]
            same = sum(1 for s in self._streams.values() if s.flow.host == host)
            if len(self._streams) >= MOST_CONNECTIONS or same >= MOST_PER_SOURCE:
                writer.close()
                return
            stream = self._new(Flow(transport, host, port))
            stream.task = asyncio.current_task()
            with suppress(asyncio.CancelledError):
                await stream.serve(reader, writer)

        return serve

    def _new(self, flow: Flow) -> _Stream:
        number = next(self._ids)
        stream = _Stream(self, Flow(flow.transport, flow.host, flow.port, number))
        self._streams[number] = stream
        self._by_peer[flow.transport, flow.host, flow.port] = stream
        return stream

    def gone(self, stream: _Stream) -> None:
        """A connection ended."""
        self._streams.pop(stream.flow.connection, None)
        peer = (stream.flow.transport, stream.flow.host, stream.flow.port)
        if self._by_peer.get(peer) is stream:
            del self._by_peer[peer]

    def failed(self, stream: _Stream) -> None:
        """A connection could not be opened."""
        self.gone(stream)
        self.unreachable(stream.flow)

    # -- sending -------------------------------------------------------------------------------------------------

    def send(self, flow: Flow, data: bytes) -> None:
        """Queue a message."""
        self._queue.append((flow, data))

    def flush(self) -> None:
        """Let the queued messages leave."""
        while self._queue:
            queue, self._queue = self._queue, []
            for flow, data in queue:
                self.sent += 1
                if flow.transport == "udp":
                    with suppress(OSError):
                        self._udp.sendto(data, (flow.host, flow.port))  # type: ignore[union-attr]
                else:
                    self._stream(flow).send(data)

    def _stream(self, flow: Flow) -> _Stream:
        stream = self._streams.get(flow.connection) or self._by_peer.get((flow.transport, flow.host, flow.port))
        if stream is None:
            stream = self._new(flow)
            stream.task = asyncio.get_running_loop().create_task(stream.connect())
        return stream

    def own_host(self, towards: str) -> str:
        """The address of ours that the other side can reach."""
        if self.public_host:
            return self.public_host
        return self.host if self.host != "0.0.0.0" else _route(towards)  # noqa: S104 (compared, not bound)

    def own_port(self, transport: str) -> int:
        """The port of ours for a transport."""
        return self.tls_port if transport == "tls" else self.port

    async def close(self) -> None:
        """Close everything."""
        if self._udp:
            asyncio.get_running_loop().remove_reader(self._udp.fileno())
            self._udp.close()
        for server in self._servers:
            server.close()
        tasks = [s.task for s in self._streams.values() if s.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
