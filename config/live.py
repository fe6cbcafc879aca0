"""The live process: server-sent events, fanned out from one LISTEN. It knows topics and ids, never content.

A page gets a signed token naming its topics; what changed is fetched by the page itself, through its own rights. Whether the
token's session may still hear is decided anew at the opening, at every beat, and before every word about one matter.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import django
import psycopg

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import close_old_connections, connection  # noqa: E402 - the settings come first

from fawang.faces.live import heard, read_token  # noqa: E402
from fawang.kernel.logs import mask_endings  # noqa: E402

mask_endings()

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
BEAT = 15
REVOKED = "event: revoked\ndata: {}\n\n"
_listeners: dict[str, set[asyncio.Queue[Message]]] = defaultdict(set)
_present: dict[str, dict[int, str]] = defaultdict(dict)


async def _listen() -> None:
    """Fan notifications out; reconnect for ever."""
    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(os.environ["DATABASE_URL"], autocommit=True)
            await connection.execute("LISTEN fawang_live")
            await _beat(connection)
            while True:
                async for note in connection.notifies(timeout=5):
                    _fan_out(json.loads(note.payload))
                await _beat(connection)
        except (psycopg.Error, OSError, ValueError):
            await asyncio.sleep(0.5)


async def _beat(connection: psycopg.AsyncConnection[Any]) -> None:
    await connection.execute("INSERT INTO kernel_heartbeat (name, beaten_at) VALUES ('live', now()) ON CONFLICT (name) DO UPDATE SET beaten_at = now()")


def _fan_out(message: Message) -> None:
    for topic in message.get("topics", []):
        for queue in list(_listeners.get(topic, ())):
            with contextlib.suppress(asyncio.QueueFull):
                queue.put_nowait(message)


async def app(scope: Message, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
    """The ASGI application: /events and nothing else."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    if scope["type"] != "http":
        return
    query = parse_qs(scope.get("query_string", b"").decode("latin-1"))
    token = read_token(query.get("t", [""])[0])
    topics = await _heard(token) if token is not None else frozenset()
    if scope["path"] != "/events" or token is None or not topics:
        await send({"type": "http.response.start", "status": 404, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"not found"})
        return
    await _stream(token, sorted(topics), _origin(scope), receive, send)


async def _heard(token: Message, topics: list[str] | None = None) -> frozenset[str]:
    """What may be heard now, asked in a thread of its own so that no stream waits for another."""

    def ask() -> frozenset[str]:
        close_old_connections()
        try:
            return heard(token, topics)
        finally:
            connection.close()

    return await asyncio.to_thread(ask)


def _origin(scope: Message) -> bytes:
    host = next((v for k, v in scope["headers"] if k == b"host"), b"")
    origin = next((v for k, v in scope["headers"] if k == b"origin"), b"")
    same_host = origin.split(b"//")[-1].rsplit(b":", 1)[0] == host.rsplit(b":", 1)[0]
    return bytes(origin) if same_host else b"null"


async def _stream(token: Message, topics: list[str], origin: bytes, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
    queue: asyncio.Queue[Message] = asyncio.Queue(maxsize=100)
    for topic in topics:
        _listeners[topic].add(queue)
    gone = asyncio.ensure_future(_until_gone(receive))
    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-store"), (b"access-control-allow-origin", origin)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    _join(topics, id(queue), str(token.get("name", "")))
    try:
        await _write(send, ": connected\n\n")
        while not gone.done():
            try:
                message = await asyncio.wait_for(queue.get(), timeout=BEAT)
            except TimeoutError:
                still = await _heard(token)
                if not still:
                    await _write(send, REVOKED)
                    return
                for lost in set(topics) - still:
                    topics.remove(lost)
                    _leave(lost, queue)
                await _write(send, ": still here\n\n")
                continue
            if message["kind"] == "revoked" and message.get("id") == token.get("staff"):
                await _write(send, REVOKED)
                return
            if await _concerned(token, topics, message):
                told = {k: v for k, v in message.items() if k != "topics"}
                await _write(send, f"data: {json.dumps(told, ensure_ascii=False)}\n\n")
    finally:
        gone.cancel()
        for topic in topics:
            _leave(topic, queue)
        with contextlib.suppress(Exception):
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _concerned(token: Message, topics: list[str], message: Message) -> bool:
    """Whether a message still is this listener's: one about a matter is asked about each time, for it may have been taken from him."""
    mine = [t for t in message["topics"] if t in topics]
    about = [t for t in mine if t.startswith(("matter:", "presence:"))]
    return len(about) < len(mine) or bool(await _heard(token, about))


def _leave(topic: str, queue: asyncio.Queue[Message]) -> None:
    _listeners[topic].discard(queue)
    _present[topic].pop(id(queue), None)
    _tell_presence(topic)


def _join(topics: list[str], who: int, name: str) -> None:
    for topic in topics:
        if topic.startswith("presence:") and name:
            _present[topic][who] = name
            _tell_presence(topic)


def _tell_presence(topic: str) -> None:
    if topic.startswith("presence:"):
        names = sorted(set(_present[topic].values()))
        _fan_out({"topics": [topic], "kind": "presence", "id": topic[9:], "names": names})


async def _until_gone(receive: Callable[[], Awaitable[Message]]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _lifespan(receive: Callable[[], Awaitable[Message]], send: Send) -> None:
    task: asyncio.Task[None] | None = None
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            task = asyncio.create_task(_listen())
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            if task:
                task.cancel()
            await send({"type": "lifespan.shutdown.complete"})
            return
