"""The gateway process: WebSocket of the seat pages in front of :mod:`gateway`, a loop that keeps to the configured ports, and :func:`run`."""

from __future__ import annotations

import asyncio
import http
import json
import logging
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aioice.ice
from django.db import Error, connection
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from fawang.hotline.gateway import door
from fawang.hotline.gateway.gateway import Gateway, Message
from fawang.hotline.gateway.settings import GatewaySettings
from fawang.hotline.gateway.telephone import Telephone
from fawang.kernel.errors import Refusal, registered
from fawang.kernel.work import beat

log = logging.getLogger(__name__)
T = TypeVar("T")
HELLO_S, CHECK_S, BEAT_S = 10.0, 15.0, 5.0
MOST_MESSAGE = 65_536
MOST_WAITING = 200


class Loop(asyncio.SelectorEventLoop):
    """A loop whose unnamed datagram ports, those of browsers' sound, come from the configured range."""

    def __init__(self, low: int, high: int) -> None:
        super().__init__()
        self._low, self._high, self._next = low, high, low

    async def create_datagram_endpoint(self, protocol_factory: Any, local_addr: Any = None, *more: Any, **options: Any) -> Any:  # type: ignore[override]
        """As of asyncio."""
        if self._low and local_addr is not None and local_addr[1] == 0:
            for _ in range(self._low, self._high + 1):
                port, self._next = self._next, self._next + 1 if self._next < self._high else self._low
                with suppress(OSError):
                    return await super().create_datagram_endpoint(protocol_factory, (local_addr[0], port), *more, **options)
            raise OSError("no port of the range is free")
        return await super().create_datagram_endpoint(protocol_factory, local_addr, *more, **options)


class WebPage:
    """See ``gateway.Page``."""

    def __init__(self, socket: ServerConnection, tab: str) -> None:
        self.socket, self.tab = socket, tab
        self.waiting: asyncio.Queue[Message | None] = asyncio.Queue(maxsize=MOST_WAITING)
        self.sender = asyncio.get_running_loop().create_task(self._send())

    async def _send(self) -> None:
        with suppress(ConnectionClosed):
            while (message := await self.waiting.get()) is not None:
                await self.socket.send(json.dumps(message, ensure_ascii=False))
            await self.socket.close()

    def tell(self, message: Message) -> None:
        """See ``Page``; a page that reads nothing is let go."""
        try:
            self.waiting.put_nowait(message)
        except asyncio.QueueFull:
            self.sender.cancel()
            self.socket.transport.abort()

    def dismiss(self, why: str) -> None:
        """See ``Page``."""
        self.tell({"kind": "dismissed", "why": why})
        with suppress(asyncio.QueueFull):
            self.waiting.put_nowait(None)


class Hall:
    """Lets pages in and listens to them."""

    def __init__(self, settings: GatewaySettings) -> None:
        self.settings = settings
        self.gateway = Gateway(settings, Telephone(settings))
        self._db = ThreadPoolExecutor(2, thread_name_prefix="seat-db")

    async def _in_db(self, work: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._db, _with_fresh_connection, work, args)

    def at_the_door(self, socket: ServerConnection, request: Request) -> Response | None:
        """Before the handshake: ``/seat`` from a page of this house, or a look at the state; nothing else."""
        if request.path == "/healthz":
            return _plain(http.HTTPStatus.OK, json.dumps(self.gateway.figures()))
        if request.path.partition("?")[0] != "/seat":
            return _plain(http.HTTPStatus.NOT_FOUND, "not found")
        origin = urlsplit(request.headers.get("Origin") or "").hostname
        wanted = self.settings.origins or (urlsplit(f"//{request.headers.get('Host') or ''}").hostname,)
        if origin is None or origin not in wanted:
            return _plain(http.HTTPStatus.FORBIDDEN, "another origin")
        return None

    async def welcome(self, socket: ServerConnection) -> None:
        """One page, from its hello to its end."""
        try:
            hello = _read(await asyncio.wait_for(socket.recv(), HELLO_S))
            session = door.session_of(socket.request.headers.get("Cookie") or "") if socket.request else ""
            guest = await self._in_db(door.admit, str(hello.get("pass", "")), session)
        except Refusal as refusal:
            await _refuse(socket, refusal.code)
            return
        except (TimeoutError, ValueError, ConnectionClosed):
            return
        except (Error, OSError):
            await _refuse(socket, "hotline.line_database")
            return
        page = WebPage(socket, str(hello.get("tab", ""))[:64])
        if not self.gateway.come(guest.seat, guest.staff, page, take_over=hello.get("take_over") is True):
            await _refuse(socket, "hotline.other_tab")
            page.sender.cancel()
            return
        watch = asyncio.get_running_loop().create_task(self._watch(guest, page))
        for_good = False
        try:
            async for text in socket:
                message = _read(text)
                if message.get("kind") == "bye":
                    for_good = True
                    break
                await self.gateway.hear(guest.seat, page, message)
        except (ConnectionClosed, ValueError):
            pass
        finally:
            watch.cancel()
            page.sender.cancel()
            self.gateway.go(guest.seat, page, for_good=for_good)

    async def _watch(self, guest: door.Guest, page: WebPage) -> None:
        """Signed out, blocked, moved to another seat: the line ends with it. A database that does not answer ends nothing."""
        while True:
            await asyncio.sleep(CHECK_S)
            with suppress(Error, OSError):
                if not await self._in_db(door.still_welcome, guest):
                    self.gateway.go(guest.seat, page, for_good=True)
                    page.dismiss("left")
                    return

    async def run(self) -> None:
        """Until SIGTERM or SIGINT; calls go on in the next process."""
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        await self.gateway.start()
        server: Server = await serve(
            self.welcome, self.settings.web_host, self.settings.web_port, process_request=self.at_the_door, max_size=MOST_MESSAGE,
            ping_interval=5, ping_timeout=10, compression=None, server_header=None,
        )  # fmt: skip
        log.info("seats on %s:%s, SIP on %s:%s", self.settings.web_host, self.settings.web_port, self.settings.sip_host, self.settings.sip_port)
        beats = asyncio.get_running_loop().create_task(self._beats())
        await stopping.wait()
        beats.cancel()
        await self.gateway.stop()
        server.close()
        with suppress(TimeoutError):
            await asyncio.wait_for(server.wait_closed(), 3)
        self._db.shutdown(wait=False, cancel_futures=True)

    async def _beats(self) -> None:
        while True:
            with suppress(Error, OSError):
                await self._in_db(beat, "seats")
            await asyncio.sleep(BEAT_S)


def _with_fresh_connection(work: Callable[..., T], args: tuple[Any, ...]) -> T:
    try:
        return work(*args)
    except Error:
        connection.close()
        raise


def _read(text: str | bytes) -> Message:
    """A message of a page. Raises ValueError for anything but an object."""
    message = json.loads(text)
    if not isinstance(message, dict):
        raise ValueError("not an object")
    return message


async def _refuse(socket: ServerConnection, code: str) -> None:
    words = registered()[code]
    with suppress(ConnectionClosed):
        await socket.send(json.dumps({"kind": "refused", "code": code, "zh": words.zh, "en": words.en}, ensure_ascii=False))
        await socket.close()


def _plain(status: http.HTTPStatus, text: str) -> Response:
    body = text.encode()
    headers = Headers({"Content-Type": "text/plain; charset=utf-8", "Content-Length": str(len(body)), "Connection": "close"})
    return Response(status.value, status.phrase, headers, body)


def run(settings: GatewaySettings) -> None:
    """Run a gateway in this process until it is told to stop. Raises OSError if a port is taken."""
    if settings.media_hosts:
        aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: list(settings.media_hosts)
    with asyncio.Runner(loop_factory=lambda: Loop(settings.media_low, settings.media_high)) as runner, suppress(KeyboardInterrupt):
        runner.run(Hall(settings).run())
