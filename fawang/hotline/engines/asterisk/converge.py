"""Carrying out: group by group, one request after the other until Asterisk is as the core decided. Groups that share nothing run beside each other.

A request that fails without an answer has an unknown outcome: the connection counts as broken, what Asterisk holds is listed anew, and the
differences that are left are worked off. So a repeated or lost request needs no case of its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from fawang.hotline.engines import reports, sound
from fawang.hotline.engines.asterisk import wants
from fawang.hotline.engines.asterisk.ari import Ari, Refused, Unreachable
from fawang.hotline.engines.asterisk.media import MediaShelf
from fawang.hotline.engines.asterisk.switch import HELPER, Channel, Switch
from fawang.hotline.engines.asterisk.wants import Step
from fawang.hotline.engines.core import Core
from fawang.hotline.engines.events import CommandFailed

log = logging.getLogger(__name__)
SNOOP_S = 3.0
MOST_TRIES = 3
AGAIN_S = 2.0
Once = Callable[[], Awaitable[None]]


class Converger:
    """Works the differences off while the connection is up."""

    def __init__(self, core: Core, ari: Ari, switch: Switch, shelf: MediaShelf, broken: Callable[[Unreachable], None]) -> None:
        self.core, self.ari, self.switch, self.shelf = core, ari, switch, shelf
        self.broken = broken
        self.up = False
        self.faults = 0
        self.sounding: dict[str, float] = {}
        """Playback → monotonic moment it began."""
        self.arrived: dict[str, asyncio.Event] = {}
        """Snoops awaited in the application."""
        self.first: list[Once] = []
        """To be done before anything else once the connection is up."""
        self._once: dict[str, deque[Once]] = {}
        self._dirty: set[str] = set()
        self._busy: set[str] = set()
        self._tries: dict[Step, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._scheduled = False

    # -- who is to be looked at ------------------------------------------------------------------------------------

    def touch(self, *leg_ids: str) -> None:
        """Something about these legs has changed."""
        self._dirty.update(leg_ids)
        self._schedule()

    def once(self, leg_id: str, act: Once) -> None:
        """Something to be done one time, in the leg's order; given up when the connection breaks."""
        self._once.setdefault(leg_id, deque()).append(act)
        self.touch(leg_id)

    def start(self) -> None:
        """The connection is up: everything is looked at."""
        self._tries.clear()
        acts, self.first = self.first, []
        task = asyncio.get_running_loop().create_task(self._begin(acts))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _begin(self, acts: list[Once]) -> None:
        try:
            for act in acts:
                await act()
        except Unreachable as error:
            self.broken(error)
            return
        self.up = True
        self.touch(*self.core.legs, *self.switch.channels, *(leg for legs in self.switch.bridges.values() for leg in legs))

    def halt(self) -> None:
        """The connection is down."""
        self.up = False
        self._once.clear()
        self.first.clear()

    async def at_rest(self) -> None:
        """Every request under way has its outcome: what is listed after this is no older than what was asked."""
        while self._tasks:
            await asyncio.wait(list(self._tasks))

    def idle(self) -> bool:
        """Nothing is under way and nothing is due."""
        return not (self._dirty or self._busy or self._once)

    async def stop(self) -> None:
        """No more requests."""
        self.halt()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _schedule(self) -> None:
        if self.up and not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._spread)

    def _spread(self) -> None:
        self._scheduled = False
        waiting: set[str] = set()
        while self.up and self._dirty:
            group = self.group(self._dirty.pop())
            if group & self._busy:
                waiting |= group
                continue
            self._dirty -= group
            self._busy |= group
            task = asyncio.get_running_loop().create_task(self._settle(group))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._dirty |= waiting

    def group(self, leg_id: str) -> set[str]:
        """The leg and all that share a bridge with it, now or as decided."""
        found: set[str] = set()
        open_ = {leg_id}
        while open_:
            one = open_.pop()
            found.add(one)
            near = self.switch.neighbours(one)
            leg = self.core.legs.get(one)
            if leg is not None and leg.bridge_id in self.core.rooms:
                near |= self.core.rooms[leg.bridge_id].members.keys()
            open_ |= near - found
        return found

    # -- working one group off -------------------------------------------------------------------------------------

    async def _settle(self, group: set[str]) -> None:
        try:
            while self.up:
                if not set().union(*map(self.group, group)) <= group:
                    self._dirty |= group  # somebody joined meanwhile: with them
                    break
                if act := self._next_once(group):
                    await act()
                elif (step := wants.next_step(self.core, self.switch, group)) is None or not await self._try(step):
                    break
        except Unreachable as error:
            self.broken(error)
        except Exception:
            self.faults += 1
            log.exception("legs %s could not be brought into their state", sorted(group))
        finally:
            self._busy -= group
            if self._dirty:
                self._schedule()

    def _next_once(self, group: set[str]) -> Once | None:
        for leg_id in group & self._once.keys():
            acts = self._once[leg_id]
            act = acts.popleft()
            if not acts:
                del self._once[leg_id]
            return act
        return None

    async def _try(self, step: Step) -> bool:
        """One step; false if the group has to rest because it fails again and again."""
        try:
            await getattr(self, f"_{step.what}")(step)
        except Refused as error:
            if self._known(step, error):
                return True
            self._tries[step] = self._tries.get(step, 0) + 1
            log.warning("%s refused: %s", step, error)
            if self._tries[step] >= MOST_TRIES:
                self.faults += 1
                self._give_up(step, error)
                return False
        else:
            self._tries.pop(step, None)
        return True

    def _known(self, step: Step, error: Refused) -> bool:
        """Refusals that only say the world is ahead of us."""
        target = step.target
        if error.status == 404 and step.what in ("silence", "leave", "enter", "unbridge"):
            if step.what == "silence" and (channel := self.switch.channels.get(target)):
                channel.playback = ""
            elif step.what == "enter":
                self.switch.bridges.pop(step.other, None)
            elif step.what == "leave" and (channel := self.switch.channels.get(target)):
                channel.bridge = ""
            else:
                self.switch.bridges.pop(target, None)
            return True
        if error.status == 404 or (error.status == 400 and step.what == "enter"):
            self.gone(target)
            return True
        if error.status in (409, 412, 422) and step.what in ("enter", "play", "mute", "answer", "ring") and (channel := self.switch.channels.get(target)):
            channel.in_app = False  # not (any more) in the application: its StasisStart or its end will say
            return True
        return False

    def gone(self, channel_id: str) -> None:
        """Asterisk does not know a channel (any more). Its end may be on its way as an event; if not, it is said here."""
        known = channel_id in self.switch.channels
        self.switch.forget(channel_id)
        if known and channel_id in self.core.legs:
            leg = self.core.legs[channel_id]

            def late() -> None:
                if self.core.legs.get(channel_id) is leg and channel_id not in self.switch.channels:
                    reports.on_ended(self.core, channel_id, "normal", "far", detail="gone without a word")

            self.core.timers.after(AGAIN_S, late)

    def _give_up(self, step: Step, error: Refused) -> None:
        """Tell it, and look again later."""
        leg_id = step.target if step.target in self.core.legs else ""
        if step.what == "play" and leg_id and (playing := self.core.legs[leg_id].playing):
            reports.on_play_over(self.core, leg_id, playing.play_id, "failed", 0)
        with self.core.turn():
            self.core.tell(CommandFailed, command_id="", reason=f"{step.what}: {error}"[:200], leg_id=leg_id)
        self._tries.pop(step, None)
        self.core.timers.after(AGAIN_S, lambda: self.touch(step.target))

    # -- the steps -------------------------------------------------------------------------------------------------

    async def _hang_up(self, step: Step) -> None:
        cause = self.switch.doomed[step.target]
        with suppress(Refused):
            await self.ari.ask("DELETE", f"/channels/{step.target}", reason_code=cause)
        self.switch.forget(step.target)

    async def _ring(self, step: Step) -> None:
        await self.ari.ask("POST", f"/channels/{step.target}/ring")
        self.switch.channels[step.target].rang = True

    async def _answer(self, step: Step) -> None:
        self.switch.channels[step.target].answer_sent = True
        await self.ari.ask("POST", f"/channels/{step.target}/answer")

    async def _silence(self, step: Step) -> None:
        await self.ari.ask("DELETE", f"/playbacks/{step.other}")
        self._set(step.target, playback="")

    async def _leave(self, step: Step) -> None:
        await self.ari.ask("POST", f"/bridges/{step.other}/removeChannel", channel=step.target)
        self._set(step.target, bridge="")

    async def _bridge(self, step: Step) -> None:
        with suppress(_Exists):
            await _unless_there(self.ari.ask("POST", f"/bridges/{step.target}", type="mixing,dtmf_events", name=step.target))
        self.switch.bridges[step.target] = step.legs

    async def _unbridge(self, step: Step) -> None:
        await self.ari.ask("DELETE", f"/bridges/{step.target}")
        self.switch.bridges.pop(step.target, None)

    async def _snoop(self, step: Step) -> None:
        """A snoop can be placed only once it is in the application."""
        helper = step.helper
        if helper is None:
            return
        there = self.arrived[step.target] = asyncio.Event()
        spy, whisper = ("none", "out") if helper.whisper else ("in", "none")
        try:
            with suppress(_Exists):
                await _unless_there(
                    self.ari.ask("POST", f"/channels/{helper.target}/snoop/{step.target}", spy=spy, whisper=whisper, app=self.ari.app, appArgs="helper")
                )
            self.switch.helpers[step.target] = helper
            self.switch.channels[step.target] = Channel(step.target, "Up", in_app=True)
            await asyncio.wait_for(there.wait(), SNOOP_S)
        except TimeoutError:
            log.warning("the snoop %s did not come into the application", step.target)
        except Refused as error:
            if error.status != 404:
                raise
            self.gone(helper.target)
        finally:
            self.arrived.pop(step.target, None)

    async def _unsnoop(self, step: Step) -> None:
        with suppress(Refused):
            await self.ari.ask("DELETE", f"/channels/{step.target}")
        self.switch.forget(step.target)

    async def _mute(self, step: Step) -> None:
        await self.ari.ask("POST" if step.on else "DELETE", f"/channels/{step.target}/mute", direction=step.other)
        self._set(step.target, **{f"muted_{step.other}": step.on})

    async def _enter(self, step: Step) -> None:
        await self.ari.ask("POST", f"/bridges/{step.other}/addChannel", channel=step.target, inhibitConnectedLineUpdates="true")
        self._set(step.target, bridge=step.other)

    async def _play(self, step: Step) -> None:
        if step.target not in self.core.legs:
            return
        try:
            media = wants.uris(self.core, self.shelf, step.target)
        except (OSError, sound.BadMedium) as error:
            raise Refused(500, str(error)) from None
        self._set(step.target, playback=step.other)
        self.sounding[step.other] = self.core.timers.now()
        try:
            await self.ari.ask("POST", f"/channels/{step.target}/play/{step.other}", media=",".join(media))
        except Refused:
            self._set(step.target, playback="")
            raise

    def _set(self, channel_id: str, **values: object) -> None:
        if channel := self.switch.channels.get(channel_id):
            for name, value in values.items():
                setattr(channel, name, value)


class _Exists(Exception):
    """It was there already: the answer to a request sent before was lost."""


async def _unless_there(request: Awaitable[object]) -> None:
    try:
        await request
    except Refused as error:
        if error.status == 409:
            raise _Exists from None
        raise


def is_helper(channel_id: str) -> bool:
    """Whether a channel or bridge stands between legs."""
    return channel_id.startswith(HELPER)
