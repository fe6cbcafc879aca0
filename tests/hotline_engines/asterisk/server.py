"""An ARI server for the tests: the resources, status codes, messages and event order of Asterisk 22, over HTTP and websocket, on a port of its own.

Callers dial through its dialplan (MixMonitor, then the application; without one the fall-back), phones that are dialled have manners. What real links do
can be asked for: :meth:`FakeAsterisk.cut` (websockets break), ``swallow`` (a request is done but its answer is lost), :meth:`restart` (all calls gone).
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import re
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn

from tests.hotline_engines.asterisk.switchboard import Line, Mix, Playback, Switchboard

Json = dict[str, Any]
CAUSE_OF = {486: (17, "User busy"), 603: (21, "Call Rejected"), 404: (1, "Unallocated (unassigned) number"), 503: (34, "Circuit/channel congestion")}
NOT_IN_APP = "Channel not in Stasis application"


class No(Exception):
    """A refusal."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class Dialled:
    """How a phone that is dialled behaves."""

    def __init__(self, ring_s: float = 0.0, answer_s: float | None = 0.05, refuse: int = 0, tone: int = 0) -> None:
        self.ring_s, self.answer_s, self.refuse, self.tone = ring_s, answer_s, refuse, tone


class FakeAsterisk:
    """One server."""

    def __init__(self, raw: Path, *, user: str = "fawang", secret: str = "hush", app: str = "fawang") -> None:
        self.app, self.raw = app, raw
        self.asterisk_id = "02:00:5e:00:53:01"
        self._token = "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()
        self.board = Switchboard(raw)
        self.started = _time()
        self.phones: dict[str, Dialled] = {}
        self.fallback: list[Line] = []
        """Calls the dialplan had to care for because the application was away."""
        self.swallow: Callable[[str, str], bool] = lambda method, path: False
        """Requests whose answer is lost after they were carried out."""
        self.drop: Callable[[str, str], bool] = lambda method, path: False
        """Requests that are lost on their way: never carried out, never answered."""
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.progress: list[tuple[str, str]] = []
        self._sockets: dict[asyncio.Queue[str | None], bool] = {}
        self._allowed: set[str] | None = None
        self._numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._server: uvicorn.Server | None = None
        self.port = 0

    # -- life --------------------------------------------------------------------------------------------------------

    async def open(self) -> FakeAsterisk:
        if not self.port:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.port = probe.getsockname()[1]
        config = uvicorn.Config(
            self._asgi,
            host="127.0.0.1",
            port=self.port,
            log_level="critical",
            ws="websockets-sansio",
            interface="asgi3",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        config.load()
        self._server = uvicorn.Server(config)
        self._server.lifespan = config.lifespan_class(config)
        await self._server.startup()  # without its main loop, which looks only ten times a second whether to end
        self._spawn(self._clock())
        return self

    async def close(self) -> None:
        self.cut()
        if self._server:
            for door in self._server.servers:
                door.close()
            for connection in list(self._server.server_state.connections):
                if transport := getattr(connection, "transport", None):
                    transport.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Every websocket breaks; events meanwhile go nowhere, as with Asterisk."""
        for queue in list(self._sockets):
            queue.put_nowait(None)
        self._sockets.clear()

    async def restart(self, pause_s: float = 0.1) -> None:
        """The process dies and comes back: no channel, no bridge is left."""
        await self.close()
        for channel_id in list(self.board.tapes):
            self.board.close_tape(channel_id)
        self.board = Switchboard(self.raw)
        self.started = _time(plus=1)
        self._tasks.clear()
        await asyncio.sleep(pause_s)
        await self.open()

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _clock(self) -> None:
        while True:
            await asyncio.sleep(0.02)
            self.board.flush()

    def emit(self, kind: str, **values: Any) -> None:
        """An event to every websocket of the application."""
        self.board.mark()
        if self._allowed is not None and kind not in self._allowed:
            return
        event = {"type": kind, "timestamp": _time(), **values, "asterisk_id": self.asterisk_id, "application": self.app}
        for queue in self._sockets:
            queue.put_nowait(json.dumps(event))

    def inject(self, text: str) -> None:
        """Any text as an event."""
        for queue in self._sockets:
            queue.put_nowait(text)

    # -- people ------------------------------------------------------------------------------------------------------

    def call(self, to: str = "12348", frm: str = "13900001111", *, name: str = "", tone: int = 440, way: str = "in", trunk: str = "trunk-carrier") -> Line:
        """Somebody dials: through the dialplan."""
        line = Line(f"{int(datetime.now(UTC).timestamp())}.{next(self._numbers)}", "PJSIP/trunk-carrier-00000001", "Ring", (name, frm), to, "fawang-in", tone)
        line.created, line.app_data = _time(), f"{self.app},{way},{trunk}"
        line.variables = {"FAWANG_REF": f"ref-{line.channel_id}@test", "FAWANG_PAI": "", "FAWANG_SOURCE": "udp:192.0.2.7:5060"}
        self.board.lines[line.channel_id] = line
        self.board.monitor(line.channel_id)
        if self._sockets:
            self._enter(line, [way, trunk])
        else:
            self.fallback.append(line)
        return line

    def _enter(self, line: Line, args: list[str]) -> None:
        line.in_app = True
        self.emit("StasisStart", args=args, channel=line.json())

    def hang_up(self, channel_id: str, cause: int = 16, tech: int = 0, *, quiet: bool = False) -> None:
        """A channel ends, from whichever side."""
        line = self.board.lines.get(channel_id)
        if line is None:
            return
        self.emit("ChannelHangupRequest", cause=cause, channel=line.json())
        if bridge := self.board.bridge_of(channel_id):
            bridge.channels.remove(channel_id)
            self.emit("ChannelLeftBridge", bridge=bridge.json(), channel=line.json())
        self.board.mark()
        self.board.close_tape(channel_id)
        for snoop in [c.channel_id for c in self.board.lines.values() if c.snoop and c.snoop[0] == channel_id]:
            self.hang_up(snoop)
        for playback in list(line.playbacks):
            self._end_playback(line, playback, "done")
        if line.in_app:
            line.in_app = False
            self.emit("StasisEnd", channel=line.json())
        del self.board.lines[channel_id]
        code = {"tech_cause": tech} if tech else {}
        self.emit("ChannelDestroyed", cause=cause, cause_txt="Normal Clearing", channel=line.json(), **code)

    def press(self, channel_id: str, digits: str) -> None:
        for digit in digits:
            self.emit("ChannelDtmfReceived", digit=digit, duration_ms=80, channel=self.board.lines[channel_id].json())

    def hold(self, channel_id: str, on: bool) -> None:
        self.emit("ChannelHold" if on else "ChannelUnhold", channel=self.board.lines[channel_id].json())

    # -- the protocol ------------------------------------------------------------------------------------------------

    async def _asgi(self, scope: Json, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    def _allowed_in(self, scope: Json) -> bool:
        return dict(scope["headers"]).get(b"authorization", b"").decode() == self._token

    async def _websocket(self, scope: Json, receive: Any, send: Any) -> None:
        await receive()
        query = parse_qs(scope["query_string"].decode())
        if not self._allowed_in(scope) or query.get("app") != [self.app] or scope["path"] != "/ari/events":
            await send({"type": "websocket.close", "code": 1008})
            return
        await send({"type": "websocket.accept"})
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._sockets[queue] = True

        async def watch() -> None:
            while (await receive())["type"] != "websocket.disconnect":
                pass
            queue.put_nowait(None)

        watching = asyncio.get_running_loop().create_task(watch())
        try:
            while (text := await queue.get()) is not None:
                await send({"type": "websocket.send", "text": text})
            with contextlib.suppress(Exception):
                await send({"type": "websocket.close", "code": 1001})
        finally:
            self._sockets.pop(queue, None)
            watching.cancel()

    async def _http(self, scope: Json, receive: Any, send: Any) -> None:
        body = b""
        while True:
            part = await receive()
            body += part.get("body", b"")
            if not part.get("more_body"):
                break
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode(), keep_blank_values=True).items()}
        what = scope["method"], scope["path"].removeprefix("/ari")
        lost = self.drop(*what)
        status, answer = (0, None) if lost else self._answer(scope, query, json.loads(body) if body else {})
        if lost or self.swallow(*what):
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})
            await send({"type": "http.response.body", "body": b"{", "more_body": True})
            raise ConnectionAbortedError  # the server lets go of the connection
        data = b"" if answer is None else json.dumps(answer).encode()
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json"), (b"server", b"Asterisk/22")]})
        await send({"type": "http.response.body", "body": data})

    def _answer(self, scope: Json, query: dict[str, str], body: Json) -> tuple[int, Any]:
        if not self._allowed_in(scope):
            return 401, {"message": "Authentication required"}
        path, method = scope["path"].removeprefix("/ari"), scope["method"]
        self.requests.append((method, path, query))
        for verb, pattern, act in ROUTES:
            if verb == method and (found := re.fullmatch(pattern, path)):
                try:
                    result = act(self, *found.groups(), query, body)
                except No as no:
                    return no.status, {"message": no.message}
                self.board.mark()
                return (204, None) if result is None else (200, result)
        return 404, {"message": "Resource not found"}

    # -- resources ---------------------------------------------------------------------------------------------------

    def _line(self, channel_id: str, *, in_app: bool = False) -> Line:
        line = self.board.lines.get(channel_id)
        if line is None:
            raise No(404, "Channel not found")
        if in_app and not line.in_app:
            raise No(409, NOT_IN_APP)
        return line

    def r_info(self, query: Json, body: Json) -> Json:
        return {"status": {"startup_time": self.started, "last_reload_time": self.started}}

    def r_filter(self, app: str, query: Json, body: Json) -> Json:
        if app != self.app or not self._sockets:
            raise No(404, "Application not found")
        self._allowed = {one["type"] for one in body["allowed"]}
        return {"name": app, "channel_ids": [], "bridge_ids": [], "endpoint_ids": [], "device_names": [], "events_allowed": body["allowed"]}

    def r_channels(self, query: Json, body: Json) -> list[Json]:
        return [line.json() for line in self.board.lines.values()]

    def r_channel(self, channel_id: str, query: Json, body: Json) -> Json:
        return self._line(channel_id).json()

    def r_originate(self, channel_id: str, query: Json, body: Json) -> Json:
        if channel_id in self.board.lines:
            raise No(409, "Channel with given unique ID already exists")
        endpoint = query.get("endpoint", "")
        if not endpoint.startswith("PJSIP/") or query.get("context") != "fawang-out":
            raise No(400, "Invalid endpoint specified")
        phone = next((p for target, p in self.phones.items() if target in endpoint), Dialled())
        line = Line(channel_id, f"{endpoint}-0000000{next(self._numbers)}", "Down", tone=phone.tone, created=_time())
        line.asked = {**query, "variables": body.get("variables", {})}
        line.app_data = f"{self.app},out"
        self.board.lines[channel_id] = line
        self._spawn(self._behave(line, phone, float(query.get("timeout", "30"))))
        return line.json()

    async def _behave(self, line: Line, phone: Dialled, timeout: float) -> None:
        await asyncio.sleep(phone.ring_s)
        if self.board.lines.get(line.channel_id) is not line:
            return
        if phone.refuse:
            self.hang_up(line.channel_id, CAUSE_OF[phone.refuse][0], phone.refuse)
            return
        line.state = "Ringing"
        self.emit("ChannelStateChange", channel=line.json())
        await asyncio.sleep(timeout if phone.answer_s is None else phone.answer_s)
        if self.board.lines.get(line.channel_id) is not line:
            return
        if phone.answer_s is None:
            self.hang_up(line.channel_id, 0)
            return
        line.state, line.answered = "Up", True
        self.emit("ChannelStateChange", channel=line.json())
        self.board.monitor(line.channel_id)
        if self._sockets:
            self._enter(line, ["out"])
        else:
            self.hang_up(line.channel_id)

    def r_hang_up(self, channel_id: str, query: Json, body: Json) -> None:
        line = self._line(channel_id)
        line.asked["reason_code"] = query.get("reason_code", "")
        self._soon(lambda: self.hang_up(channel_id, int(query.get("reason_code", "16"))))

    def _soon(self, act: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(0.002, act)

    def r_answer(self, channel_id: str, query: Json, body: Json) -> None:
        line = self._line(channel_id, in_app=True)

        def up() -> None:
            if line.state != "Up" and channel_id in self.board.lines:
                line.state, line.answered = "Up", True
                self.emit("ChannelStateChange", channel=line.json())

        self._soon(up)

    def r_ring(self, channel_id: str, query: Json, body: Json) -> None:
        self._line(channel_id, in_app=True).variables["rang"] = "yes"

    def r_dtmf(self, channel_id: str, query: Json, body: Json) -> None:
        if not query.get("dtmf"):
            raise No(400, "DTMF is required")
        self._line(channel_id, in_app=True).keys += query["dtmf"].replace("w", "")

    def r_mute(self, channel_id: str, query: Json, body: Json) -> None:
        self._line(channel_id, in_app=True).muted |= {"in", "out"} if query.get("direction") == "both" else {query["direction"]}

    def r_unmute(self, channel_id: str, query: Json, body: Json) -> None:
        self._line(channel_id, in_app=True).muted -= {"in", "out"} if query.get("direction") == "both" else {query["direction"]}

    def r_play(self, channel_id: str, playback_id: str, query: Json, body: Json) -> Json:
        line = self._line(channel_id, in_app=True)
        playback = Playback(playback_id, channel_id, query["media"].split(","))
        line.playbacks.append(playback)
        if len(line.playbacks) == 1:
            self._spawn(self._sound(line, playback))
        return playback.json()

    async def _sound(self, line: Line, playback: Playback) -> None:
        playback.state = "playing"
        self.emit("PlaybackStarted", playback=playback.json())
        for n, uri in enumerate(playback.media):
            if playback not in line.playbacks:
                return
            playback.at = n
            try:
                _, ms = self.board.file(uri)
            except FileNotFoundError:
                self._end_playback(line, playback, "failed")
                return
            self.board.mark()
            await asyncio.sleep(ms / 1000)
        if playback in line.playbacks:
            self._end_playback(line, playback, "done")

    def _end_playback(self, line: Line, playback: Playback, state: str) -> None:
        line.playbacks.remove(playback)
        playback.state = state
        self.emit("PlaybackFinished", playback=playback.json())
        if line.playbacks and line.channel_id in self.board.lines:
            self._spawn(self._sound(line, line.playbacks[0]))

    def _playback(self, playback_id: str) -> tuple[Line, Playback]:
        found = next(((c, p) for c in self.board.lines.values() for p in c.playbacks if p.playback_id == playback_id), None)
        if found is None:
            raise No(404, "Playback not found")
        return found

    def r_playback(self, playback_id: str, query: Json, body: Json) -> Json:
        return self._playback(playback_id)[1].json()

    def r_stop(self, playback_id: str, query: Json, body: Json) -> None:
        self._end_playback(*self._playback(playback_id), "done")

    def r_snoop(self, channel_id: str, snoop_id: str, query: Json, body: Json) -> Json:
        self._line(channel_id)
        if query.get("spy", "none") == query.get("whisper", "none") == "none":
            raise No(400, "Direction must be specified for at least spy or whisper")
        if snoop_id in self.board.lines:
            raise No(409, "Channel with given unique ID already exists")
        line = Line(snoop_id, f"Snoop/{channel_id}-0000000{next(self._numbers)}", "Up", created=_time())
        line.snoop, line.app_data = (channel_id, query.get("spy", "none"), query.get("whisper", "none")), f"{self.app},helper"
        self.board.lines[snoop_id] = line
        self._soon(lambda: self._enter(line, ["helper"]))
        return line.json()

    def r_progress(self, channel_id: str, query: Json, body: Json) -> None:
        self._line(channel_id, in_app=True)
        self.progress.append((channel_id, query["states"]))

    def r_bridges(self, query: Json, body: Json) -> list[Json]:
        return [bridge.json() for bridge in self.board.bridges.values()]

    def _mix(self, bridge_id: str) -> Mix:
        if bridge_id not in self.board.bridges:
            raise No(404, "Bridge not found")
        return self.board.bridges[bridge_id]

    def r_bridge(self, bridge_id: str, query: Json, body: Json) -> Json:
        if bridge_id in self.board.bridges:
            raise No(409, f"Bridge with id '{bridge_id}' already exists")
        bridge = self.board.bridges[bridge_id] = Mix(bridge_id, query.get("name", ""), query.get("type", "mixing"), created=_time())
        self.emit("BridgeCreated", bridge=bridge.json())
        return bridge.json()

    def r_unbridge(self, bridge_id: str, query: Json, body: Json) -> None:
        bridge = self._mix(bridge_id)
        del self.board.bridges[bridge_id]
        self.emit("BridgeDestroyed", bridge=bridge.json())

    def r_add(self, bridge_id: str, query: Json, body: Json) -> None:
        bridge = self._mix(bridge_id)
        for channel_id in query["channel"].split(","):
            if channel_id not in self.board.lines:
                raise No(400, "Channel not found")
            if not self.board.lines[channel_id].in_app:
                raise No(422, "Channel not in Stasis application")
            if before := self.board.bridge_of(channel_id):
                before.channels.remove(channel_id)
                self.emit("ChannelLeftBridge", bridge=before.json(), channel=self.board.lines[channel_id].json())
            bridge.channels.append(channel_id)
            self.emit("ChannelEnteredBridge", bridge=bridge.json(), channel=self.board.lines[channel_id].json())

    def r_remove(self, bridge_id: str, query: Json, body: Json) -> None:
        bridge = self._mix(bridge_id)
        for channel_id in query["channel"].split(","):
            if channel_id not in self.board.lines:
                raise No(400, "Channel not found")
            if channel_id not in bridge.channels:
                raise No(422, "Channel not in this bridge")
            bridge.channels.remove(channel_id)
            self.emit("ChannelLeftBridge", bridge=bridge.json(), channel=self.board.lines[channel_id].json())

    def r_endpoints(self, query: Json, body: Json) -> list[Json]:
        return [{"technology": "PJSIP", "resource": "trunk-carrier", "state": "online", "channel_ids": []}]

    def r_reload(self, module: str, query: Json, body: Json) -> None:
        if module not in ("res_pjsip.so", "pbx_config.so"):
            raise No(404, "Module not found")


def _time(plus: float = 0.0) -> str:
    now = datetime.fromtimestamp(datetime.now(UTC).timestamp() + plus, UTC)
    return now.isoformat(timespec="milliseconds").replace("+00:00", "+0000")


ONE = r"([^/]+)"
ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "/asterisk/info", FakeAsterisk.r_info), ("PUT", f"/asterisk/modules/{ONE}", FakeAsterisk.r_reload), ("GET", "/endpoints", FakeAsterisk.r_endpoints),
    ("PUT", f"/applications/{ONE}/eventFilter", FakeAsterisk.r_filter), ("GET", "/channels", FakeAsterisk.r_channels),
    ("GET", f"/channels/{ONE}", FakeAsterisk.r_channel), ("POST", f"/channels/{ONE}", FakeAsterisk.r_originate), ("DELETE", f"/channels/{ONE}", FakeAsterisk.r_hang_up),
    ("POST", f"/channels/{ONE}/answer", FakeAsterisk.r_answer), ("POST", f"/channels/{ONE}/ring", FakeAsterisk.r_ring), ("POST", f"/channels/{ONE}/dtmf", FakeAsterisk.r_dtmf),
    ("POST", f"/channels/{ONE}/mute", FakeAsterisk.r_mute), ("DELETE", f"/channels/{ONE}/mute", FakeAsterisk.r_unmute),
    ("POST", f"/channels/{ONE}/play/{ONE}", FakeAsterisk.r_play), ("POST", f"/channels/{ONE}/snoop/{ONE}", FakeAsterisk.r_snoop),
    ("POST", f"/channels/{ONE}/transfer_progress", FakeAsterisk.r_progress), ("GET", f"/playbacks/{ONE}", FakeAsterisk.r_playback),
    ("DELETE", f"/playbacks/{ONE}", FakeAsterisk.r_stop), ("GET", "/bridges", FakeAsterisk.r_bridges), ("POST", f"/bridges/{ONE}", FakeAsterisk.r_bridge),
    ("DELETE", f"/bridges/{ONE}", FakeAsterisk.r_unbridge), ("POST", f"/bridges/{ONE}/addChannel", FakeAsterisk.r_add),
    ("POST", f"/bridges/{ONE}/removeChannel", FakeAsterisk.r_remove),
]  # fmt: skip
