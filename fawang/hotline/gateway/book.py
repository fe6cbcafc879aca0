"""Calls of the gateway as another process needs them: one file a call, replaced as a whole, so that a killed gateway loses none."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from dataclasses import dataclass, field
from pathlib import Path

from fawang.hotline.engines.embedded.dialog import Dialog, dialog_from, dialog_to
from fawang.hotline.engines.embedded.sip.transactions import ServerTransaction
from fawang.hotline.gateway.media import EngineLeg

log = logging.getLogger(__name__)


@dataclass(slots=True)
class SeatCall:
    """A call the engine made to a seat. ``act``: why it was made, when it is not a citizen's call (``listen``, ``whisper`` …)."""

    seat: str
    dialog: Dialog
    call: str = ""
    act: str = ""
    invite: ServerTransaction | None = None
    leg: EngineLeg | None = None
    timers: list[object] = field(default_factory=list)
    over: bool = False

    @property
    def unacknowledged(self) -> bool:
        """Our 2xx to the engine's last INVITE waits for its ACK."""
        return self.invite is not None and 200 <= self.invite.status < 300 and not self.invite.acked

    @property
    def ringing(self) -> bool:
        """Nobody has answered yet."""
        return self.dialog.state == "early"


class Book:
    """The folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _file(self, call: SeatCall) -> Path:
        return self.folder / f"{hashlib.sha256(call.dialog.call_id.encode()).hexdigest()[:24]}.json"

    def keep(self, call: SeatCall) -> None:
        """Write a call down; readers see the old or the new text, never half of one."""
        file = self._file(call)
        draft = file.with_suffix(".new")
        draft.write_text(json.dumps({"seat": call.seat, "call": call.call, "act": call.act, "dialog": dialog_to(call.dialog)}))
        os.replace(draft, file)

    def drop(self, call: SeatCall) -> None:
        """The call is over."""
        self._file(call).unlink(missing_ok=True)

    def all(self) -> list[SeatCall]:
        """What the process before had under way; a file that cannot be read is left out and removed."""
        found = []
        for file in sorted(self.folder.glob("*.json")):
            try:
                kept = json.loads(file.read_text())
                found.append(SeatCall(kept["seat"], dialog_from(kept["dialog"]), kept["call"], kept["act"]))
            except (ValueError, KeyError, TypeError):
                log.exception("a call kept cannot be read: %s", file.name)
                file.unlink()
        return found
