"""A call at run time: its dialog, its transaction, its stream, its timers."""

from __future__ import annotations

from dataclasses import dataclass, field

from fawang.hotline.engines.embedded.dialog import Dialog
from fawang.hotline.engines.embedded.sip.transactions import ClientTransaction, ServerTransaction
from fawang.hotline.engines.timers import Timer


@dataclass(slots=True, eq=False)
class Call:
    """One dialog with its INVITE."""

    dialog: Dialog
    server: ServerTransaction | None = None
    client: ClientTransaction | None = None
    offered_by_us: bool = False
    """Our 2xx carried the offer; the answer comes in the ACK."""
    changing: ClientTransaction | None = None
    """Our re-INVITE that has no final answer yet."""
    cancelled: bool = False
    """We do not want it any more: a 2xx that crosses is ended at once."""
    bye_wanted: bool = False
    """To be ended as soon as the ACK is here."""
    authorized: bool = False
    """Credentials have been given once."""
    over: bool = False
    reliable: ServerTransaction | None = None
    timers: dict[str, Timer] = field(default_factory=dict)
    refers: dict[str, int] = field(default_factory=dict)
    """Transfers the far side asked for: id → CSeq of the REFER."""
    referring: bool = False
    """A transfer we asked for is under way."""

    @property
    def unacknowledged(self) -> bool:
        """Our 2xx to their last INVITE waits for its ACK."""
        return self.server is not None and 200 <= self.server.status < 300 and not self.server.acked

    def set_timer(self, name: str, timer: Timer) -> None:
        """Replace a timer."""
        self.stop_timer(name)
        self.timers[name] = timer

    def stop_timer(self, name: str) -> None:
        """Cancel a timer, if it runs."""
        if old := self.timers.pop(name, None):
            old.cancel()

    def stop_timers(self) -> None:
        """Cancel all timers."""
        for timer in self.timers.values():
            timer.cancel()
        self.timers.clear()
