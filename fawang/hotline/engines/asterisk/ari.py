"""ARI on the wire: requests over HTTP with their outcomes named, events over a websocket. Knows nothing of legs."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, WebSocketException

log = logging.getLogger(__name__)
MOST_EVENT = 4 << 20
HEARD = (
    "StasisStart", "StasisEnd", "ChannelStateChange", "ChannelHangupRequest", "ChannelDestroyed", "ChannelDtmfReceived", "ChannelHold", "ChannelUnhold",
    "ChannelTransfer", "PlaybackStarted", "PlaybackFinished", "BridgeDestroyed", "ContactStatusChange", "PeerStatusChange",
    "ApplicationReplaced",
)  # fmt: skip
"""Event types the adapter wants; the rest stays in Asterisk."""


class AriError(Exception):
    """Something went wrong with a request."""


class Unreachable(AriError):
    """No answer. ``sent`` says whether the request may have arrived: its outcome is unknown then."""

    def __init__(self, why: str, *, sent: bool) -> None:
        super().__init__(why)
        self.sent = sent


class Refused(AriError):
    """Asterisk answered with a status of 400 or more."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.message = message


class Ari:
    """One Asterisk. Requests share a pool of connections; several may run at once."""

    def __init__(self, url: str, user: str, secret: str, app: str, *, answer_s: float = 5.0) -> None:
        self.url = url.rstrip("/")
        self.app = app
        self._auth = httpx.BasicAuth(user, secret)
        self._basic = (user, secret)
        limits = httpx.Limits(max_connections=24, max_keepalive_connections=24, keepalive_expiry=5)
        self._http = httpx.AsyncClient(base_url=self.url, auth=self._auth, timeout=httpx.Timeout(answer_s, pool=30), limits=limits, trust_env=False)

    async def ask(self, method: str, path: str, body: dict[str, Any] | None = None, **query: str | int) -> Any:
        """One request; ids in ``path`` need no escaping (letters, digits, ``._:-`` only). Raises :class:`Unreachable`, :class:`Refused`."""
        try:
            answer = await self._http.request(method, path, params={name: str(value) for name, value in query.items()}, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise Unreachable(f"{type(error).__name__} at {self.url}", sent=False) from None
        except httpx.HTTPError as error:
            raise Unreachable(f"{type(error).__name__} at {self.url}", sent=True) from None
        if answer.status_code >= 400:
            raise Refused(answer.status_code, _message(answer))
        if answer.status_code == 204 or not answer.content:
            return None
        try:
            return answer.json()
        except ValueError:
            raise Unreachable(f"no JSON from {self.url}", sent=True) from None

    async def events(self, opened: Any) -> AsyncIterator[dict[str, Any]]:
        """Events until the connection breaks, which raises :class:`Unreachable`; ``opened()`` is awaited once it stands."""
        import base64

        token = base64.b64encode(":".join(self._basic).encode()).decode()
        address = f"{self.url.replace('http', 'ws', 1)}/events?app={self.app}&subscribeAll=true"
        headers = {"Authorization": f"Basic {token}"}
        try:
            async with connect(address, additional_headers=headers, max_size=MOST_EVENT, ping_interval=5, ping_timeout=5, open_timeout=5, proxy=None) as socket:
                await opened()
                async for text in socket:
                    if (event := _event(text)) is not None:
                        yield event
        except InvalidStatus as error:
            raise Refused(error.response.status_code, "events") from None
        except (OSError, WebSocketException, TimeoutError) as error:
            raise Unreachable(f"{type(error).__name__} at {self.url}/events", sent=False) from None
        raise Unreachable(f"{self.url}/events was closed", sent=False)

    async def want_events(self) -> None:
        """Leave out what nobody reads."""
        await self.ask("PUT", f"/applications/{self.app}/eventFilter", {"allowed": [{"type": kind} for kind in HEARD]})

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.aclose()


def _message(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("message", ""))[:200]
    except (ValueError, AttributeError):
        return answer.reason_phrase


def _event(text: str | bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(text)
    except ValueError:
        log.warning("an event that is no JSON was left out")
        return None
    return event if isinstance(event, dict) and isinstance(event.get("type"), str) else None
