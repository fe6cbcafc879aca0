"""A gateway in the test's own process, an engine process, a telephone, and a browser that is not one: the same WebRTC, other hands."""

from __future__ import annotations

import asyncio
import fractions
import tempfile
import uuid
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from fawang.hotline.engines import commands as cmd
from fawang.hotline.engines.embedded.client import EmbeddedEngine
from fawang.hotline.engines.port import Cursor, NoSuchLeg
from fawang.hotline.gateway import accounts
from fawang.hotline.gateway.gateway import Gateway
from fawang.hotline.gateway.settings import GatewaySettings
from fawang.hotline.gateway.telephone import Telephone
from tests.hotline_engines.phone import TONES, tones_in
from tests.hotline_engines.process import EngineProcess

SEAT = "8001"


class _Tone(MediaStreamTrack):
    kind = "audio"

    def __init__(self, hz: int) -> None:
        super().__init__()
        self.wave = (8000 * np.sin(2 * np.pi * hz * np.arange(48_000) / 48_000)).astype(np.int16)
        self.n = 0
        self.began = 0.0

    async def recv(self) -> av.AudioFrame:
        loop = asyncio.get_running_loop()
        self.began = self.began or loop.time()
        await asyncio.sleep(max(0.0, self.began + self.n * 0.02 - loop.time()))
        at = self.n * 960 % 48_000
        frame = av.AudioFrame.from_ndarray(self.wave[at : at + 960].reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, self.n * 960, fractions.Fraction(1, 48_000)
        self.n += 1
        return frame


class Browser:
    """A page of the gateway with a WebRTC peer; says one tone, knows which tones it hears."""

    def __init__(self, gateway: Gateway, tone: int, tab: str = "tab-1") -> None:
        self.gateway, self.tone, self.tab = gateway, tone, tab
        self.told: list[dict[str, Any]] = []
        self.dismissed = ""
        self.peer: RTCPeerConnection | None = None
        self.heard: deque[int] = deque(maxlen=80_000)
        self._listening: asyncio.Task[None] | None = None

    def tell(self, message: dict[str, Any]) -> None:
        """See ``Page``."""
        self.told.append(message)

    def dismiss(self, why: str) -> None:
        """See ``Page``."""
        self.dismissed = why

    def come(self, *, take_over: bool = False, staff: str = "lin") -> bool:
        """Open the page."""
        return self.gateway.come(SEAT, staff, self, take_over=take_over)

    async def say(self, kind: str, **more: Any) -> None:
        """A message of the page."""
        await self.gateway.hear(SEAT, self, {"kind": kind, **more})

    async def until(self, kind: str, seconds: float = 10) -> dict[str, Any]:
        """The next message of a kind."""
        for _ in range(int(seconds / 0.02)):
            for n, message in enumerate(self.told):
                if message["kind"] == kind:
                    del self.told[: n + 1]
                    return message
            await asyncio.sleep(0.02)
        raise AssertionError(f"no {kind} among {self.told}")

    async def connect(self) -> None:
        """Offer sound and take the answer."""
        self.peer = peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        peer.addTrack(_Tone(self.tone))
        peer.on("track", self._track)
        await peer.setLocalDescription(await peer.createOffer())
        await self.say("offer", sdp=peer.localDescription.sdp)
        answer = await self.until("answer")
        await peer.setRemoteDescription(RTCSessionDescription(sdp=answer["sdp"], type="answer"))

    def _track(self, track: MediaStreamTrack) -> None:
        self._listening = asyncio.ensure_future(self._listen(track))

    async def _listen(self, track: MediaStreamTrack) -> None:
        down = av.AudioResampler(format="s16", layout="mono", rate=8000)
        with suppress(Exception):
            while True:
                for part in down.resample(await track.recv()):  # type: ignore[arg-type]
                    self.heard.extend(part.to_ndarray().reshape(-1).tolist())

    async def hears(self, seconds: float = 0.4) -> set[int]:
        """The tones of the next moment."""
        await asyncio.sleep(0.3)
        self.heard.clear()
        await asyncio.sleep(seconds)
        return tones_in(list(self.heard), TONES)

    async def close(self) -> None:
        """End the peer."""
        if self._listening:
            self._listening.cancel()
        if self.peer:
            await self.peer.close()


class Bench:
    """Engine, gateway, and what is asked of the engine."""

    def __init__(self, engine: EngineProcess, **settings: Any) -> None:
        self.engine = engine
        engine.client = EmbeddedEngine(engine.client.socket)  # a connection belongs to the loop that opened it
        self.settings = GatewaySettings(
            state=Path(tempfile.mkdtemp(prefix="fawang-seats-")), sip_port=self.engine.port + 2000, engine=("127.0.0.1", self.engine.port),
            rtp_low=30_802, rtp_high=30_900, **settings,
        )  # fmt: skip
        self.gateway = self.new_gateway()
        self.events: list[Any] = []

    def new_gateway(self) -> Gateway:
        """As a process that is started."""
        return Gateway(self.settings, Telephone(self.settings))

    async def __aenter__(self) -> Bench:
        await self.do(cmd.Configure, phones=(accounts.phone_of(SEAT, "fawang"),))
        await self.gateway.start()
        now = await self.engine.client.snapshot()
        self._since = Cursor(boot_id=now.boot_id, seq=now.seq)
        self._following = asyncio.create_task(self._follow())
        return self

    async def _follow(self) -> None:
        """Somebody must be there, or the engine deals with callers by itself."""
        async for event in self.engine.client.events(self._since):
            self.events.append(event)

    async def until_event(self, kind: type, leg: str) -> Any:
        """The first event of a kind about a leg since this bench began."""
        for _ in range(1000):
            if found := [e for e in self.events if isinstance(e, kind) and e.leg_id == leg]:
                return found[-1]
            await asyncio.sleep(0.02)
        raise AssertionError(f"no {kind.__name__} of {leg}")

    async def __aexit__(self, *_: object) -> None:
        self._following.cancel()
        for leg in (await self.engine.client.snapshot()).legs:
            with suppress(NoSuchLeg):
                await self.do(cmd.HangUp, leg_id=leg.leg_id)
        await self.do(cmd.Configure)
        await self.gateway.stop()
        await self.engine.client.close()
        assert self.engine.trouble() == ""

    async def kill(self) -> None:
        """As a process that is killed: nothing is said to anybody."""
        ticks = self.gateway._ticks
        assert ticks is not None
        ticks.cancel()
        await self.gateway.telephone.stop()

    async def restart(self) -> None:
        """The next process."""
        self.gateway = self.new_gateway()
        await self.gateway.start()

    async def do(self, command: Any, **fields: Any) -> None:
        """Ask the engine."""
        await self.engine.client.do(command(command_id=uuid.uuid4().hex, **fields))

    async def registered(self) -> None:
        """Until the seat's line is on."""
        for _ in range(500):
            if self.gateway.telephone.registered.get(SEAT):
                return
            await asyncio.sleep(0.02)
        raise AssertionError("the line was not registered")

    async def ring(self, leg: str = "seat") -> None:
        """Call the seat, as the controller does."""
        fields = {"target": f"phone:{accounts.account_of(SEAT)}", "caller_id": "12348", "headers": (("X-Fawang-Call", "call-1"),)}
        await self.do(cmd.Originate, leg_id=leg, **fields)

    async def state(self, leg: str = "seat") -> str:
        """Of a leg; empty when it is over."""
        view = (await self.engine.client.snapshot()).leg(leg)
        return view.state if view else ""

    async def until_state(self, state: str, leg: str = "seat") -> None:
        """Until a leg is there."""
        for _ in range(500):
            if await self.state(leg) == state:
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"{leg} is {await self.state(leg)!r}, not {state!r}")

    async def citizen(self, phone: Any) -> Any:
        """A caller who is answered."""
        line = phone.call("12348", self.engine.sip)
        for _ in range(500):
            found = [leg for leg in (await self.engine.client.snapshot()).legs if leg.call_ref == line.call_id]
            if found:
                await self.do(cmd.Answer, leg_id=found[0].leg_id)
                await asyncio.wait_for(line.answered.wait(), 10)
                line.leg = found[0].leg_id
                return line
            await asyncio.sleep(0.02)
        raise AssertionError("the call did not arrive")

    async def talking(self, browser: Browser, phone: Any) -> Any:
        """Citizen and seat in conversation."""
        line = await self.citizen(phone)
        assert browser.come()
        await self.registered()
        await self.ring()
        await browser.until("ring")
        await browser.connect()
        await browser.say("answer")
        await browser.until("talking")
        await self.until_state("answered")
        await self.do(cmd.Bridge, bridge_id="b1", leg_ids=(line.leg, "seat"))
        return line
