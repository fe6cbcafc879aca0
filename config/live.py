"""The live process: server-sent events, fanned out from one LISTEN. It knows topics and ids, never content.

A page gets a signed token naming its topics; what changed is fetched by the page itself, through its own rights.
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
from django.core import signing

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
MAX_AGE = 6 * 3600
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
    try:
        token = signing.loads(query.get("t", [""])[0], salt="live", max_age=MAX_AGE)
    except signing.BadSignature:
        token = None
    if scope["path"] != "/events" or token is None:
        await send({"type": "http.response.start", "status": 404, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"not found"})
        return
    await _stream(token, _origin(scope), receive, send)


def _origin(scope: Message) -> bytes:
    host = next((v for k, v in scope["headers"] if k == b"host"), b"")
    origin = next((v for k, v in scope["headers"] if k == b"origin"), b"")
    same_host = origin.split(b"//")[-1].rsplit(b":", 1)[0] == host.rsplit(b":", 1)[0]
    return bytes(origin) if same_host else b"null"


async def _stream(token: Message, origin: bytes, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
    queue: asyncio.Queue[Message] = asyncio.Queue(maxsize=100)
    topics = [str(t) for t in token["topics"]]
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
                message = await asyncio.wait_for(queue.get(), timeout=15)
            except TimeoutError:
                await _write(send, ": still here\n\n")
                continue
            if message["kind"] == "revoked" and message.get("id") == token.get("staff"):
                await _write(send, "event: revoked\ndata: {}\n\n")
                return
            await _write(send, f"data: {json.dumps(message, ensure_ascii=False)}\n\n")
    finally:
        gone.cancel()
        for topic in topics:
            _listeners[topic].discard(queue)
            _present[topic].pop(id(queue), None)
            _tell_presence(topic)
        with contextlib.suppress(Exception):
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def _join(topics: list[str], who: int, name: str) -> None:
    for topic in topics:
        if topic.startswith("matter:") and name:
            _present[topic][who] = name
            _tell_presence(topic)


def _tell_presence(topic: str) -> None:
    if topic.startswith("matter:"):
        names = sorted(set(_present[topic].values()))
        _fan_out({"topics": [topic], "kind": "presence", "id": topic[7:], "names": names})


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
