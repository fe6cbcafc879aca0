"""The embedded engine's whole SIP side in this process without sockets: bytes in, bytes out."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TypeVar

from fawang.hotline.engines import commands as cmd
from fawang.hotline.engines import events as ev
from fawang.hotline.engines.embedded.engine import Engine
from fawang.hotline.engines.embedded.settings import EngineSettings
from fawang.hotline.engines.embedded.sip.transport import Flow
from fawang.hotline.engines.timers import HandTimers

E = TypeVar("E", bound=ev.Event)
HOME = Flow("udp", "192.0.2.77", 5060)


class Bench:
    """Feed it datagrams, read what it sends. Must be made inside a running event loop."""

    def __init__(self, folder: Path, *, answer: str = "ring", **settings: object) -> None:
        values = {"accept_from": ("0.0.0.0/0",), "flood_free": ("192.0.2.77",), "host": "127.0.0.1", "rtp_low": 23500, "rtp_high": 23900}
        self.timers = HandTimers()
        self.engine = Engine(EngineSettings(state=folder, **{**values, **settings}), self.timers)  # type: ignore[arg-type]
        self.core = self.engine.core
        self.sent: list[tuple[Flow, bytes]] = []
        self.answer = answer
        self.engine.core.after_turn[:] = [self._collect]
        self.core.listeners.append(self._act)
        self._seen = 0
        self._number = 0

    def _collect(self) -> None:
        queue = self.engine.transports._queue
        self.sent += queue
        queue.clear()

    def _act(self) -> None:
        """What a controller would do with a new call."""
        for event in self.core.page(self._seen):
            self._seen = event.seq
            if isinstance(event, ev.LegOffered) and event.leg_id in self.core.legs and self.answer:
                self._number += 1
                kind = cmd.Ring if self.answer == "ring" else cmd.Answer
                self.core.do(kind(command_id=f"bench{self._number}", leg_id=event.leg_id))

    def give(self, data: bytes, flow: Flow = HOME) -> list[str]:
        """One datagram in; the messages that leave because of it."""
        self.sent.clear()
        self.engine.transactions.receive_batch([(data, flow)])
        self._collect()
        return [message.decode("utf-8", "replace") for _, message in self.sent]

    def statuses(self, data: bytes, flow: Flow = HOME) -> list[int]:
        """The statuses of the responses, 100 left out."""
        found = [re.match(r"SIP/2\.0 (\d{3})", text) for text in self.give(data, flow)]
        return [int(m[1]) for m in found if m and m[1] != "100"]

    def advance(self, seconds: float) -> list[str]:
        """Let time pass; the messages that leave meanwhile."""
        self.sent.clear()
        self.timers.advance(seconds)
        self._collect()
        return [message.decode("utf-8", "replace") for _, message in self.sent]

    def do(self, kind: type[cmd.Command], **values: object) -> list[str]:
        """A command; the messages that leave because of it."""
        self.sent.clear()
        self._number += 1
        self.core.do(kind(command_id=f"bench{self._number}", **values))  # type: ignore[arg-type]
        self._collect()
        return [message.decode("utf-8", "replace") for _, message in self.sent]

    def told(self, kind: type[E], **fields: object) -> list[E]:
        """Events so far."""
        found = [e for e in self.core.spool.events_after(0, 100_000) if isinstance(e, kind)]
        return [e for e in found if all(getattr(e, name) == value for name, value in fields.items())]

    @property
    def faults(self) -> int:
        """Messages whose handling raised."""
        return self.engine.transactions.faults

    def clear(self) -> None:
        """End every call."""
        for leg_id in list(self.core.legs):
            self._number += 1
            self.core.do(cmd.HangUp(command_id=f"bench{self._number}", leg_id=leg_id))

    def close(self) -> None:
        """Let go of files."""
        self.engine.spool.close()
        for stream in list(self.engine.board.streams.values()):
            stream.close()
