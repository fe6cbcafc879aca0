"""A local stand-in for a language model's chat address, which answers as badly as a test wants."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """What was asked of it so far, and its address."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""


@contextmanager
def chat_server(reply: Reply) -> Iterator[Server]:
    """Serve ``reply`` on a free port of the loopback."""
    server = Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            server.bodies.append(raw)
            if self.headers.get("Content-Type", "").startswith("application/json"):
                server.asked.append(json.loads(raw))
            server.headers.append({k.lower(): v for k, v in self.headers.items()})
            self.close_connection = True
            with suppress(BrokenPipeError, ConnectionResetError):
                reply(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    running.daemon_threads = True
    server.url = f"http://127.0.0.1:{running.server_address[1]}/v1"
    thread = threading.Thread(target=running.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        running.shutdown()
        running.server_close()
        thread.join(5)


def raw(body: bytes, *, kind: str = "application/json", status: int = 200, length: int | None = None, more: dict[str, str] | None = None) -> Reply:
    """These bytes; ``length`` may promise more than comes."""

    def reply(to: BaseHTTPRequestHandler) -> None:
        to.send_response(status)
        to.send_header("Content-Type", kind)
        to.send_header("Content-Length", str(len(body) if length is None else length))
        for name, value in (more or {}).items():
            to.send_header(name, value)
        to.end_headers()
        to.wfile.write(body)

    return reply


def whole(text: Any, reason: str = "stop") -> Reply:
    """One JSON answer."""
    return raw(json.dumps({"choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": reason}]}, ensure_ascii=False).encode())


def event(text: Any, reason: str | None = None) -> bytes:
    """One event of a stream."""
    return b"data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": reason}]}, ensure_ascii=False).encode() + b"\n\n"


def stream(*events: bytes, pause: float = 0.0) -> Reply:
    """These events one after another, then the connection ends."""

    def reply(to: BaseHTTPRequestHandler) -> None:
        to.send_response(200)
        to.send_header("Content-Type", "text/event-stream; charset=utf-8")
        to.send_header("Connection", "close")
        to.end_headers()
        for item in events:
            to.wfile.write(item)
            to.wfile.flush()
            time.sleep(pause)

    return reply
