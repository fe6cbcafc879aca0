"""A model at an OpenAI-compatible chat address: streamed or whole, bounded in time and size, no redirects, no proxies, nothing compressed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from fawang.knowledge.drafting.port import Ask, DraftFailed

MOST_BYTES = 512 * 1024
MOST_CHARACTERS = 6000
TOKENS = 2000


@dataclass(frozen=True, slots=True)
class Chat:
    """``url``: the chat address or the base before ``/chat/completions``; ``seconds``: the longest the whole exchange may take."""

    url: str
    model: str
    key: str = ""
    seconds: float = 45.0

    @property
    def address(self) -> str:
        """The full address."""
        return self.url if self.url.rstrip("/").endswith("/chat/completions") else f"{self.url.rstrip('/')}/chat/completions"

    def __call__(self, ask: Ask) -> str:
        """The model's words. Raises ``DraftFailed``."""
        end = time.monotonic() + self.seconds
        body = {
            "model": self.model, "stream": True, "temperature": 0.2, "max_tokens": TOKENS,
            "messages": [{"role": "system", "content": ask.rules}, {"role": "user", "content": ask.facts}],
        }  # fmt: skip
        headers = {"Accept": "text/event-stream, application/json", "Accept-Encoding": "identity"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        patience = httpx.Timeout(self.seconds, connect=min(5.0, self.seconds), read=min(15.0, self.seconds))
        try:
            with (
                httpx.Client(timeout=patience, follow_redirects=False, trust_env=False) as client,
                client.stream("POST", self.address, json=body, headers=headers) as answer,
            ):
                if answer.status_code != 200:
                    raise DraftFailed("draft.unreachable")
                if answer.headers.get("content-encoding", "identity").lower() not in {"", "identity"}:
                    raise DraftFailed("draft.nonsense")
                chunks = _bounded(answer.iter_raw(8192), end)
                streamed = answer.headers.get("content-type", "").startswith("text/event-stream")
                return _streamed(chunks) if streamed else _whole(b"".join(chunks))
        except httpx.TimeoutException:
            raise DraftFailed("draft.slow") from None
        except httpx.RemoteProtocolError:
            raise DraftFailed("draft.cut") from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise DraftFailed("draft.unreachable") from None


def _bounded(chunks: Iterator[bytes], end: float) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > MOST_BYTES:
            raise DraftFailed("draft.big")
        if time.monotonic() > end:
            raise DraftFailed("draft.slow")
        yield chunk


def _whole(raw: bytes) -> str:
    choice = _choice(_read(raw))
    message = choice.get("message")
    if not isinstance(message, dict):
        raise DraftFailed("draft.nonsense")
    return _text([message.get("content")], choice.get("finish_reason"))


def _streamed(chunks: Iterator[bytes]) -> str:
    """The pieces of a stream. One that ends without saying so has broken off."""
    held, pieces, reason, ended = b"", [], None, False
    for chunk in chunks:
        *lines, held = (held + chunk).split(b"\n")
        for line in lines:
            if not line.startswith(b"data:"):
                continue
            data = line[5:].strip()
            if data == b"[DONE]":
                ended = True
                continue
            read = _read(data)
            if read.get("choices") == []:
                continue  # the last message of some servers counts words only
            choice = _choice(read)
            delta = choice.get("delta")
            if not isinstance(delta, dict):
                raise DraftFailed("draft.nonsense")
            if (content := delta.get("content")) is not None:
                pieces.append(content)
            reason = choice.get("finish_reason") or reason
    if not ended and reason is None:
        raise DraftFailed("draft.cut")
    return _text(pieces, reason or "stop")


def _read(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        raise DraftFailed("draft.nonsense") from None
    if not isinstance(found, dict) or "error" in found:
        raise DraftFailed("draft.nonsense")
    return found


def _choice(found: dict[str, Any]) -> dict[str, Any]:
    choices = found.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise DraftFailed("draft.nonsense")
    return choices[0]


def _text(pieces: list[Any], reason: Any) -> str:
    if any(not isinstance(piece, str) for piece in pieces):
        raise DraftFailed("draft.nonsense")
    text = "".join(pieces)
    if len(text) > MOST_CHARACTERS:
        raise DraftFailed("draft.big")
    if reason == "length":
        raise DraftFailed("draft.cut")
    if not text.strip():
        raise DraftFailed("draft.nonsense")
    return text
