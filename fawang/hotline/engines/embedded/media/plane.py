"""All streams of the engine: takes their packets every 5 ms, beats every 20 ms, mixes, counts, and tells what is worth telling."""

from __future__ import annotations

import asyncio
import collections
import select
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from fawang.hotline.engines import sound
from fawang.hotline.engines.embedded.media import rtcp
from fawang.hotline.engines.embedded.media.jitter import JitterBuffer
from fawang.hotline.engines.embedded.media.stream import QUIET, Stream
from fawang.hotline.engines.embedded.media.tape import Tapes
from fawang.kernel import clock

BEAT = 0.02
CATCH_UP = 5
PULSE = 0.005
"""Packets are taken so often, all that wait at once: waking up for each costs more than all that is done with it."""
REST = 0.1
"""The pulse of an engine without a call."""
ROUNDS = 10
"""Packets of one socket in one pulse, at most: half of what a stop of the machine of 0.4 s leaves behind."""
SLOW_EVERY = 5
"""Beats between two rounds of the slow work: 100 ms."""
REPORT_S, QUALITY_S = 5.0, 30.0


@dataclass(slots=True)
class PlaneReports:
    """What the plane tells its owner about a stream."""

    prompt_over: Callable[[Stream], None]
    media_lost: Callable[[Stream, int, int], None]
    media_back: Callable[[Stream], None]
    quality: Callable[[Stream, rtcp.Seen], None]


@dataclass(slots=True)
class PlaneFigures:
    """How it goes: lateness of the beat in milliseconds, packets of legs that are over."""

    late: collections.deque[float] = field(default_factory=lambda: collections.deque(maxlen=30_000))
    packets_in: int = 0
    packets_out: int = 0


class Plane:
    """One epoll beside asyncio's, asked at every pulse: a single wake-up serves every socket that has something."""

    def __init__(self, tapes: Tapes, reports: PlaneReports, *, lost_after_s: float) -> None:
        self.tapes = tapes
        self.reports = reports
        self.lost_after_s = lost_after_s
        self.figures = PlaneFigures()
        self.streams: set[Stream] = set()
        self._beating: set[Stream] = set()
        self._mixed: set[Stream] = set()
        self._by_fd: dict[int, tuple[Stream, bool]] = {}
        self._epoll = select.epoll()
        self._next = 0.0
        self._pulse_at = 0.0
        self._beats = 0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin."""
        self._next = self._pulse_at = time.monotonic()
        self._arm()

    def stop(self) -> None:
        """End; every stream is closed."""
        if self._timer:
            self._timer.cancel()
        for stream in list(self.streams):
            self.remove(stream)
        self._epoll.close()

    def add(self, stream: Stream) -> None:
        """A stream begins; it beats until it only relays."""
        if not self.streams and self._timer:
            self._timer.cancel()
            self._next = self._pulse_at = time.monotonic()
            self._arm()
        self.streams.add(stream)
        self._beating.add(stream)
        for one, control in ((stream.sock, False), (stream.rtcp, True)):
            self._by_fd[one.fileno()] = (stream, control)
            self._epoll.register(one.fileno(), select.EPOLLIN)
        stream.rtcp_state["next"] = time.monotonic() + REPORT_S * (0.5 + (stream.ssrc % 100) / 100)
        stream.rtcp_state["quality"] = time.monotonic() + QUALITY_S * (0.5 + (stream.ssrc % 100) / 100)

    def remove(self, stream: Stream) -> None:
        """A stream ends."""
        if stream not in self.streams:
            return
        self.figures.packets_in += stream.packets_in
        self.figures.packets_out += stream.packets_out
        self.hear(stream, ())
        for ear in stream.fan:
            self.hear(ear, ())
        for ear in [one for one in self.streams if stream in one.ears] if stream.mix_ears else ():
            self.hear(ear, tuple(source for source in ear.ears if source is not stream))
        self.streams.discard(stream)
        self._beating.discard(stream)
        for one in (stream.sock, stream.rtcp):
            self._by_fd.pop(one.fileno(), None)
            with suppress(OSError):
                self._epoll.unregister(one.fileno())
        stream.close()

    def hear(self, stream: Stream, sources: tuple[Stream, ...]) -> None:
        """From now on a stream's ear gets these: none, one as it comes, or a mix."""
        single = sources[0] if len(sources) == 1 else None
        if stream.heard_from is not single:
            if stream.heard_from is not None:
                stream.heard_from.fan = tuple(ear for ear in stream.heard_from.fan if ear is not stream)
            if single is not None:
                single.fan = (*single.fan, stream)
            stream.heard_from = single
        before, stream.ears = stream.ears, (sources if single is None else ())
        for source in stream.ears:
            source.mix_ears += 1
            if source.mixes is None:
                source.mixes = JitterBuffer()
                self._mixed.add(source)
        for source in before:
            source.mix_ears -= 1
            if source.mix_ears == 0:
                source.mixes = None
                self._mixed.discard(source)
        self.settle(stream)

    def settle(self, stream: Stream) -> None:
        """After a change: a stream that only passes on another's packets needs no beat."""
        if stream.heard_from is not None and not stream.busy():
            self._beating.discard(stream)
        elif stream in self.streams:
            self._beating.add(stream)

    # -- beats ---------------------------------------------------------------------------------------------------

    def _take(self, now: float) -> None:
        """Every packet that waits; one of each socket in a round."""
        by_fd, poll = self._by_fd, self._epoll.poll
        for _ in range(ROUNDS):
            waiting = poll(0, 4096)
            if not waiting:
                return
            for fd, _ in waiting:
                found = by_fd.get(fd)
                if found is None:
                    continue
                if found[1]:
                    self._control(found[0], now)
                else:
                    found[0].readable(now)

    def _arm(self) -> None:
        self._timer = asyncio.get_running_loop().call_at(self._pulse_at, self._pulse)

    def _pulse(self) -> None:
        now = time.monotonic()
        self._pulse_at = max(self._pulse_at + PULSE, now) if self.streams else now + REST
        self._arm()  # first of all: whatever goes wrong in one pulse, the next one comes
        if not self.streams:
            self.tapes.flush()
            return
        self._take(now)
        if now >= self._next:
            self.figures.late.append((now - self._next) * 1000)
            self._beat(now)

    def _beat(self, now: float) -> None:
        for _ in range(CATCH_UP):
            if self._next > now:
                break
            self._frame(now)
            self._next += BEAT
        else:
            self._next = now + BEAT

    def _frame(self, now: float) -> None:
        mixed: dict[Stream, sound.Pcm | None] = {}
        over: list[Stream] = []
        pressed: list[Stream] = []
        for stream in self._beating:
            if stream.keys is not None:
                stream.press(now)
                if stream.keys is None:
                    pressed.append(stream)
            elif stream.playlist is not None:
                frame = stream.playlist.next()
                if frame is None:
                    over.append(stream)
                else:
                    stream.own(frame, now)
            elif stream.music is not None:
                stream.own(stream.music.next() or QUIET, now)
            else:
                stream.own(_mix(stream.ears, mixed) if stream.ears else QUIET, now)
        for source in self._mixed:
            if source not in mixed and source.mixes is not None:
                source.mixes.take()  # nobody listens just now: it must not run full
        self.tapes.flush()
        for stream in over:
            self.reports.prompt_over(stream)
        for stream in over + pressed:
            self.settle(stream)
        self._beats += 1
        if self._beats % SLOW_EVERY == 0:
            self._slow(now)

    # -- slow work -----------------------------------------------------------------------------------------------

    def _slow(self, now: float) -> None:
        unix = clock.now().timestamp()
        for stream in list(self.streams):
            stream.events.lapse(now)
            silent = now - stream.last_in
            if silent > self.lost_after_s * (stream.lost_told + 1):
                stream.lost_told = int(silent / self.lost_after_s)
                control = stream.rtcp_state.get("came_at")
                self.reports.media_lost(stream, int(silent * 1000), -1 if control is None else int((now - control) * 1000))
            elif stream.lost_told and silent < self.lost_after_s:
                stream.lost_told = 0
                self.reports.media_back(stream)
            if now >= stream.rtcp_state["next"]:
                stream.rtcp_state["next"] = now + REPORT_S
                peer = stream.remote_rtcp or (stream.remote and (stream.remote[0], stream.remote[1] + 1))
                if peer and stream.packets_out:
                    with suppress(OSError):
                        stream.rtcp.sendto(rtcp.report(stream, unix, now), peer)
            if now >= stream.rtcp_state["quality"]:
                stream.rtcp_state["quality"] = now + QUALITY_S
                self.reports.quality(stream, _seen(stream))

    def _control(self, stream: Stream, now: float) -> None:
        try:
            data, peer = stream.rtcp.recvfrom(2048)
        except OSError:
            return
        if peer[0] not in stream.trusted:
            return
        stream.remote_rtcp = peer
        stream.rtcp_state["came_at"] = now
        seen = rtcp.read(stream, data, clock.now().timestamp(), now)
        for name in ("loss", "jitter_ms", "round_trip_ms"):
            if getattr(seen, name) >= 0:
                stream.rtcp_state[name] = getattr(seen, name)


def _seen(stream: Stream) -> rtcp.Seen:
    state = stream.rtcp_state
    return rtcp.Seen(state.get("loss", -1.0), state.get("jitter_ms", -1.0), state.get("round_trip_ms", -1.0))


def _mix(ears: tuple[Stream, ...], mixed: dict[Stream, sound.Pcm | None]) -> bytes:
    """The sum of what the sources say in this frame; each is taken from its buffer once a frame."""
    total = None
    for source in ears:
        if source not in mixed:
            frame = source.mixes.take() if source.mixes is not None else None
            mixed[source] = None if frame is None else sound.to_linear(frame)
        voice = mixed[source]
        if voice is not None:
            total = voice.astype(np.int32) if total is None else total + voice
    return QUIET if total is None else sound.to_alaw(np.clip(total, -32768, 32767).astype(np.int16))
