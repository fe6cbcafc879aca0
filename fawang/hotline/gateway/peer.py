"""The browser's side of a seat's sound: one WebRTC peer. Packets pass as they are; where that cannot be, frames are decoded and encoded."""

from __future__ import annotations

import asyncio
import fractions
import logging
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import av
import numpy as np
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from aiortc.rtcdtlstransport import RTCDtlsTransport

from fawang.hotline.engines import sound
from fawang.hotline.engines.embedded.sip.sdp import PCMA
from fawang.hotline.gateway.media import Meter, Seam, unpack

log = logging.getLogger(__name__)
QUEUE = 25
"""Packets (half a second) that may wait for the browser; more would only be heard late."""


class BadOffer(ValueError):
    """What the browser offers cannot be answered."""


def can_pass_packets() -> bool:
    """Whether the library has the two inner doors the packet way needs; they are nobody's promise, so they are looked for."""
    return callable(getattr(RTCDtlsTransport, "_handle_rtp_data", None)) and callable(getattr(RTCDtlsTransport, "_send_rtp", None))


def only_a_law(offer: str) -> str:
    """The offer with A-law alone and no header extensions; unchanged if it has no A-law. Raises :class:`BadOffer` without an audio line."""
    line = re.search(r"^m=audio (\d+) (\S+) ([\d ]+)\r?$", offer, re.MULTILINE)
    if line is None:
        raise BadOffer("no audio")
    types = line[3].split()
    if str(PCMA) not in types:
        return offer
    kept = []
    for text in offer.splitlines():
        about = re.match(r"a=(?:rtpmap|fmtp|rtcp-fb):(\d+)\b", text)
        if text.startswith("m=audio "):
            text = f"m=audio {line[1]} {line[2]} {PCMA}"
        elif (about and about[1] != str(PCMA)) or text.startswith(("a=extmap:", "a=extmap-allow-mixed")):
            continue
        kept.append(text)
    return "\r\n".join(kept) + "\r\n"


class _EngineTrack(MediaStreamTrack):
    """What the engine says, as frames for the library's encoder."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.waiting: asyncio.Queue[tuple[bytes, int]] = asyncio.Queue(maxsize=QUEUE)
        self._first = -1

    async def recv(self) -> av.AudioFrame:
        """The next frame, when it comes."""
        payload, stamp = await self.waiting.get()
        if self._first < 0:
            self._first = stamp
        frame = av.AudioFrame.from_ndarray(sound.to_linear(payload).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = sound.RATE
        frame.pts = (stamp - self._first) & 0xFFFFFFFF
        frame.time_base = fractions.Fraction(1, sound.RATE)
        return frame


class Peer:
    """One browser. ``said`` is called with every A-law packet it sends: payload, sequence number, time stamp."""

    def __init__(self, said: Callable[[Peer, bytes, int, int], None], gone: Callable[[Peer], None], *, frames: bool = False) -> None:
        self.said, self.gone = said, gone
        self.frames = frames or not can_pass_packets()
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.meter = Meter()
        self._seam = Seam()
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(maxsize=QUEUE)
        self._track: _EngineTrack | None = None
        self._transport: RTCDtlsTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._seq = self._stamp = 0
        self.connection.on("connectionstatechange", self._changed)
        self.connection.on("track", self._on_track)

    async def answer(self, offer: str, public_host: str = "") -> str:
        """The answer to a browser's offer. Raises :class:`BadOffer`."""
        try:
            wanted = only_a_law(offer)
            self.frames = self.frames or wanted == offer
            await self.connection.setRemoteDescription(RTCSessionDescription(sdp=wanted, type="offer"))
            transceiver = self.connection.getTransceivers()[0]
            if self.frames:
                self._track = _EngineTrack()
                self.connection.addTrack(self._track)
            else:
                transceiver.direction = "sendrecv"
                self._seam.ssrc = transceiver.sender._ssrc
                self._transport = transceiver.receiver.transport
                self._transport._handle_rtp_data = self._packet  # type: ignore[method-assign]
                self._go(self._send())
            await self.connection.setLocalDescription(await self.connection.createAnswer())
        except BadOffer:
            raise
        except Exception as error:
            raise BadOffer(type(error).__name__) from error
        text = self.connection.localDescription.sdp
        return with_address(text, public_host) if public_host else text

    def _go(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)  # type: ignore[arg-type]
        task.add_done_callback(self._tasks.discard)  # type: ignore[arg-type]

    async def _changed(self) -> None:
        if self.connection.connectionState in ("failed", "closed"):
            self.gone(self)

    # -- packets -------------------------------------------------------------------------------------------------

    async def _packet(self, data: bytes, arrival_time_ms: int) -> None:
        found = unpack(data)
        if found is not None and found[0] == PCMA:
            _, seq, stamp, payload = found
            self.meter.count(seq, stamp)
            self.said(self, payload, seq, stamp)

    async def _send(self) -> None:
        while True:
            packet = await self._waiting.get()
            with suppress(ConnectionError):
                await self._transport._send_rtp(packet)  # type: ignore[union-attr]

    def hear(self, payload: bytes, seq: int, stamp: int) -> None:
        """Let the browser hear an A-law packet of the engine; dropped when too many wait."""
        with suppress(asyncio.QueueFull):
            if self._track is not None:
                self._track.waiting.put_nowait((payload, stamp))
            else:
                self._waiting.put_nowait(self._seam.head(self, seq, stamp, PCMA) + payload)

    # -- frames --------------------------------------------------------------------------------------------------

    def _on_track(self, track: MediaStreamTrack) -> None:
        if self.frames:
            self._go(self._listen(track))

    async def _listen(self, track: MediaStreamTrack) -> None:
        down = av.AudioResampler(format="s16", layout="mono", rate=sound.RATE)
        rest = np.zeros(0, np.int16)
        with suppress(MediaStreamError):
            while True:
                frame: Any = await track.recv()
                for part in down.resample(frame):
                    rest = np.concatenate([rest, part.to_ndarray().reshape(-1)])
                while len(rest) >= sound.FRAME:
                    self._seq, self._stamp = (self._seq + 1) & 0xFFFF, (self._stamp + sound.FRAME) & 0xFFFFFFFF
                    self.meter.count(self._seq, self._stamp)
                    self.said(self, sound.to_alaw(rest[: sound.FRAME].copy()), self._seq, self._stamp)
                    rest = rest[sound.FRAME :]

    async def close(self) -> None:
        """End it."""
        self.gone = lambda peer: None
        for task in list(self._tasks):
            task.cancel()
        await self.connection.close()


def with_address(answer: str, host: str) -> str:
    """The answer with one public address in place of our own (one-to-one translation of addresses)."""
    answer = re.sub(r"^(a=candidate:\S+ \d+ \S+ \d+) \S+ (\d+ typ host)", rf"\1 {host} \2", answer, flags=re.MULTILINE)
    return re.sub(r"^c=IN IP4 \S+", f"c=IN IP4 {host}", answer, flags=re.MULTILINE)
