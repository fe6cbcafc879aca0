"""What the engine does by itself while no controller is attached: forward, or say so, take a message, and end the call politely.

Everything it does is commands and events like any other, so the room reads afterwards what happened.
"""

from __future__ import annotations

from fawang.hotline.engines import commands as cmd
from fawang.hotline.engines.core import Core
from fawang.hotline.engines.events import DigitsDone, Event, LegAnswered, LegEnded, PlayDone
from fawang.hotline.engines.model import Leg
from fawang.hotline.engines.port import EngineError
from fawang.hotline.engines.timers import Timers

PREFIX = "fallback"


class FallbackDesk:
    """Looks once a second; ``attached`` says whether a controller reads our events."""

    def __init__(self, core: Core, timers: Timers) -> None:
        self.core = core
        self.timers = timers
        self.rule = cmd.Fallback()
        self.attached = False
        self._since = timers.now()
        self._mine: set[str] = set()
        self._seen = core.spool.last_seq()
        self._number = 0

    def set_attached(self, attached: bool) -> None:
        """A controller came or the last one went."""
        if self.attached != attached:
            self.attached, self._since = attached, self.timers.now()

    @property
    def busy(self) -> bool:
        """Whether calls are in our care."""
        return bool(self._mine)

    def _do(self, kind: type[cmd.Command], **values: object) -> bool:
        self._number += 1
        try:
            self.core.do(kind(command_id=f"{PREFIX}-{self.core.boot_id}-{self._number}", **values))  # type: ignore[arg-type]
        except EngineError:
            return False
        return True

    def look(self) -> None:
        """Called every second, and at every event while calls are in our care."""
        if self.attached and not self._mine:
            self._seen = self.core.spool.last_seq()
            return
        events = self.core.page(self._seen)
        while events:
            for event in events:
                self._seen = event.seq
                self._follow(event)
            events = self.core.page(self._seen)
        if self.attached or self.timers.now() - self._since < self.rule.after_s:
            return
        for leg in list(self.core.legs.values()):
            if leg.direction == "in" and leg.leg_id not in self._mine and self._stranded(leg):
                self._mine.add(leg.leg_id)
                self._begin(leg)

    def _stranded(self, leg: Leg) -> bool:
        """Nobody talks with it and nothing but music sounds."""
        return not leg.bridge_id and not leg.playing and leg.state in ("offered", "ringing", "answered")

    def _begin(self, leg: Leg) -> None:
        if leg.state != "answered" and not self.rule.media and not self.rule.forward:
            self._do(cmd.Reject, leg_id=leg.leg_id, cause="overloaded")
        elif leg.state == "answered":
            self._answered(leg)
        else:
            self._do(cmd.Answer, leg_id=leg.leg_id)

    def _answered(self, leg: Leg) -> None:
        forwarded = f"{PREFIX}-{leg.leg_id}"
        if self.rule.forward and self._do(cmd.Originate, leg_id=forwarded, target=self.rule.forward, caller_id=leg.from_number, timeout_s=25.0):
            self._do(cmd.HoldMusic, leg_id=leg.leg_id, music="tone:450/1000")
            return
        self._say(leg.leg_id)

    def _say(self, leg_id: str) -> None:
        self._do(cmd.HoldMusic, leg_id=leg_id, music="")
        if not self.rule.media or not self._do(cmd.Play, leg_id=leg_id, play_id=PREFIX, media=self.rule.media):
            self._do(cmd.HangUp, leg_id=leg_id, cause=PREFIX)

    def _follow(self, event: Event) -> None:
        """What comes of our own commands."""
        leg_id = getattr(event, "leg_id", "")
        caller = leg_id.removeprefix(f"{PREFIX}-")
        if caller != leg_id and caller in self._mine:
            if isinstance(event, LegAnswered):
                self._do(cmd.Bridge, bridge_id=f"{PREFIX}-{caller}", leg_ids=(caller, leg_id))
            elif isinstance(event, LegEnded) and caller in self.core.legs:
                if event.talk_ms:
                    self._do(cmd.HangUp, leg_id=caller, cause=PREFIX)
                else:
                    self._say(caller)
        elif leg_id in self._mine:
            self._own(event, leg_id)

    def _own(self, event: Event, leg_id: str) -> None:
        leg = self.core.legs.get(leg_id)
        if isinstance(event, LegEnded):
            self._mine.discard(leg_id)
            if f"{PREFIX}-{leg_id}" in self.core.legs:
                self._do(cmd.HangUp, leg_id=f"{PREFIX}-{leg_id}", cause=PREFIX)
        elif isinstance(event, LegAnswered) and leg:
            self._answered(leg)
        elif isinstance(event, PlayDone) and event.play_id == PREFIX:
            if self.rule.voicemail_s > 0:  # the message has announced it; nothing before it is recorded
                self._do(cmd.RecordStart, leg_id=leg_id, rec_id=f"{PREFIX}-{leg_id}")
                self._do(cmd.Collect, leg_id=leg_id, digits_id=PREFIX, first_timeout_s=self.rule.voicemail_s, fresh=True)
            else:
                self._do(cmd.HangUp, leg_id=leg_id, cause=PREFIX)
        elif isinstance(event, DigitsDone) and event.digits_id == PREFIX:
            self._do(cmd.HangUp, leg_id=leg_id, cause=PREFIX)
