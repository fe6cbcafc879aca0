"""The connection with Asterisk: opened again and again, and after every opening what Asterisk holds is listed and made one with the core.

Asterisk keeps no events for an application that is away. So nothing is concluded from silence: a leg whose channel is not in the list is over
(``engine_lost`` if Asterisk was started anew meanwhile), a channel in our application that no leg knows is offered, and all else is worked off as differences.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any

from fawang.hotline.engines import reports
from fawang.hotline.engines.asterisk.ari import Ari, AriError, Refused, Unreachable
from fawang.hotline.engines.asterisk.converge import is_helper
from fawang.hotline.engines.asterisk.hands import AsteriskHands, again_music, is_music
from fawang.hotline.engines.asterisk.listener import Listener
from fawang.hotline.engines.asterisk.switch import BRIDGE, Channel, in_app
from fawang.hotline.engines.asterisk.wants import music_id, prompt_id
from fawang.hotline.engines.model import Leg

log = logging.getLogger(__name__)
Json = dict[str, Any]
PAUSES = (0.05, 0.2, 0.5, 1.0, 2.0)


class Link:
    """Holds the websocket and the truth after a break."""

    def __init__(self, ari: Ari, hands: AsteriskHands, listener: Listener, audit_s: float) -> None:
        self.ari, self.hands, self.listener = ari, hands, listener
        self.core, self.switch, self.converger = hands.core, hands.switch, hands.converger
        self.audit_s = audit_s
        self.up = asyncio.Event()
        self.problem = "not connected yet"
        self.breaks = 0
        self._running: asyncio.Task[None] | None = None
        self._reading: asyncio.Task[None] | None = None
        self._missed: set[str] = set()
        self._early: list[Json] = []
        """Events that came before the list."""

    def start(self) -> None:
        """Connect, and stay connected."""
        self._running = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Let go. Calls go on."""
        for task in (self._running, self._reading):
            if task:
                task.cancel()
                with suppress(asyncio.CancelledError, AriError):
                    await task
        self.up.clear()
        await self.converger.stop()

    def broken(self, error: Unreachable) -> None:
        """A request had no answer: all that is believed is in doubt."""
        if self.up.is_set():
            self.problem = str(error)
            self._down()
            if self._reading:
                self._reading.cancel()

    def _down(self) -> None:
        self.breaks += self.up.is_set()
        self.up.clear()
        self.converger.halt()

    async def _run(self) -> None:
        tries = 0
        while True:
            before = self.breaks
            self._reading = asyncio.get_running_loop().create_task(self._read())
            try:
                await self._reading
            except asyncio.CancelledError:
                if (me := asyncio.current_task()) is not None and me.cancelling():
                    raise
            except AriError as error:
                self.problem = str(error)
            except Exception:
                self.listener.faults += 1
                log.exception("the connection with Asterisk failed")
            self._down()
            tries = tries + 1 if self.breaks == before else 0
            await asyncio.sleep(PAUSES[min(tries, len(PAUSES) - 1)])

    async def _read(self) -> None:
        audit: asyncio.Task[None] | None = None
        self._early = []

        async def opened() -> None:
            nonlocal audit
            audit = asyncio.get_running_loop().create_task(self._begin())

        try:
            async for event in self.ari.events(opened):
                if self.up.is_set():
                    self.listener.take(event)
                else:
                    self._early.append(event)
        finally:
            if audit is not None:
                audit.cancel()
                with suppress(asyncio.CancelledError):
                    await audit

    async def _begin(self) -> None:
        """Once the websocket stands: list, compare, open; then look again now and then."""
        try:
            await self.ari.want_events()
            await self.converger.at_rest()
            await self._list(first=True)
            early, self._early = self._early, []
            for event in early:
                self.listener.take(event)
            self.up.set()
            self.problem = ""
            self.converger.start()
            while True:
                await asyncio.sleep(self.audit_s)
                await self._list(first=False)
        except AriError as error:
            self.problem = str(error)
            log.warning("Asterisk could not be listed: %s", error)
            self._down()
            if self._reading:
                self._reading.cancel()

    # -- the truth ---------------------------------------------------------------------------------------------------

    async def _list(self, *, first: bool) -> None:
        before = {leg_id for leg_id in self.core.legs if first or ((c := self.switch.channels.get(leg_id)) is not None and c.created)}
        status = (await self.ari.ask("GET", "/asterisk/info", only="status"))["status"]
        channels: list[Json] = await self.ari.ask("GET", "/channels")
        bridges: list[Json] = await self.ari.ask("GET", "/bridges")
        endpoints: list[Json] = await self.ari.ask("GET", "/endpoints") if first else []
        began = str(status.get("startup_time", ""))
        kept = dict(self.core.spool.all("setting")).get("asterisk", {}).get("began", began)
        anew = kept != began
        playbacks = await self._playbacks(channels) if first else set()
        with self.core.turn():
            self.core.spool.put("setting", "asterisk", {"began": began})
            if first:
                self._adopt(channels, bridges, playbacks)
                for endpoint in endpoints:
                    self._endpoint(endpoint)
            self._gone({str(c["id"]) for c in channels}, before, anew=anew, first=first)
            self._strangers(channels)

    async def _playbacks(self, channels: list[Json]) -> set[str]:
        """Which of the playbacks that should sound still do."""
        alive = set()
        there = {str(c["id"]) for c in channels}
        for leg in list(self.core.legs.values()):
            for playback in (prompt_id(leg), music_id(leg)):
                if playback and leg.leg_id in there:
                    with suppress(Refused):
                        await self.ari.ask("GET", f"/playbacks/{playback}")
                        alive.add(playback)
        return alive

    def _adopt(self, channels: list[Json], bridges: list[Json], playbacks: set[str]) -> None:
        """Belief begins anew with what is there."""
        self.switch.clear()
        for leg_id, kept in self.core.spool.all("doomed"):
            self.switch.doomed[leg_id] = int(kept["cause"])
        for one in channels:
            channel_id = str(one["id"])
            if channel_id in self.core.legs or channel_id in self.switch.doomed:
                known = Channel(channel_id, str(one.get("state", "")), muted_in=None, muted_out=None)
                known.in_app = in_app(one, self.ari.app)
                known.answer_sent = False
                self.switch.channels[channel_id] = known
        for one in bridges:
            bridge_id = str(one["id"])
            if bridge_id.startswith(BRIDGE) or is_helper(bridge_id):
                members = [str(m) for m in one.get("channels") or ()]
                self.switch.bridges[bridge_id] = frozenset(m for m in members if m in self.core.legs) | self._of_room(bridge_id)
                for member in members:
                    if channel := self.switch.channels.get(member):
                        channel.bridge = bridge_id
        helpers = [str(c["id"]) for c in channels if is_helper(str(c["id"]))]
        for leg in list(self.core.legs.values()):
            self._sound(leg, playbacks)
        for bridge_id in [b for b, legs in self.switch.bridges.items() if not legs or is_helper(b)]:
            self._drop(f"/bridges/{bridge_id}")
            del self.switch.bridges[bridge_id]
            for channel in self.switch.channels.values():
                channel.bridge = "" if channel.bridge == bridge_id else channel.bridge
        for channel_id in helpers:
            self._drop(f"/channels/{channel_id}")

    def _of_room(self, bridge_id: str) -> frozenset[str]:
        room = self.core.rooms.get(bridge_id.removeprefix(BRIDGE))
        return frozenset(room.members) if room else frozenset()

    def _drop(self, path: str) -> None:
        """What stood between legs is made anew where it is wanted; the old one goes."""

        async def drop() -> None:
            with suppress(Refused):
                await self.ari.ask("DELETE", path)

        self.converger.first.append(drop)

    def _sound(self, leg: Leg, playbacks: set[str]) -> None:
        channel = self.switch.channels.get(leg.leg_id)
        if channel is None:
            return
        now = self.core.timers.now()
        prompt, music = prompt_id(leg), music_id(leg)
        if leg.playing:
            if prompt in playbacks:
                channel.playback = prompt
                self.converger.sounding[prompt] = leg.playing.since
            elif prompt in self.converger.sounding or leg.playing.since + self.hands.shelf.prompt(leg.playing.media)[1] / 1000 < now:
                channel.playback = prompt
                self.listener.played(prompt, leg.leg_id, failed=False)
        elif is_music(leg, music) and music in playbacks:
            channel.playback = music
        elif leg.music:
            again_music(self.core, self.converger, leg)

    def _gone(self, there: set[str], before: set[str], *, anew: bool, first: bool) -> None:
        missing = {leg_id for leg_id in before if leg_id in self.core.legs and leg_id not in there}
        sure = missing if first else missing & self._missed
        self._missed = missing - sure
        for leg_id in sure:
            leg = self.core.legs[leg_id]
            if anew:
                self.switch.forget(leg_id)
                reports.on_ended(self.core, leg_id, "engine_lost", "engine", detail="Asterisk was started anew")
            elif leg.state in ("dialling", "alerting"):
                self.switch.forget(leg_id)
                reports.on_ended(self.core, leg_id, "unreachable", "engine", detail="not known to Asterisk after a break")
            else:
                self.listener.gone(leg_id, 16, detail="ended while the connection was away")
        for leg_id in [d for d in self.switch.doomed if d not in there]:
            self.switch.doomed.pop(leg_id)
            self.core.spool.drop("doomed", leg_id)

    def _strangers(self, channels: list[Json]) -> None:
        """Channels in our application whose StasisStart was lost, and legs whose state moved on meanwhile."""
        for one in channels:
            channel_id = str(one["id"])
            if not in_app(one, self.ari.app) or is_helper(channel_id):
                if (leg := self.core.legs.get(channel_id)) and leg.direction == "out" and one.get("state") == "Ringing":
                    reports.on_ringing(self.core, channel_id)
                continue
            args = str(one["dialplan"].get("app_data", "")).split(",")
            self.listener.offer_or_answer(one, args[1] if len(args) > 1 else "", args[2] if len(args) > 2 else "")

    def _endpoint(self, endpoint: Json) -> None:
        name, state = str(endpoint.get("resource", "")), str(endpoint.get("state", ""))
        if not name.startswith("trunk-"):
            self.listener.reachable(name, state == "online", self.hands.online.get(name, ""))
        elif name.startswith("trunk-") and state in ("online", "offline"):
            self.listener.reachable(name, state == "online", "")
