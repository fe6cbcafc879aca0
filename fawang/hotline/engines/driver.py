"""What carries out the core's decisions: the SIP and media of ``embedded``, the ARI of ``asterisk``, the script of ``fake``.

The core decides whether a command is allowed and keeps the state; a driver only acts, never refuses, and reports back through
the core's ``on_…`` functions (``reports``), at once or later. Every method returns immediately.
"""

from __future__ import annotations

from typing import Protocol

from fawang.hotline.engines.commands import Configure, Originate, RejectCause
from fawang.hotline.engines.model import Leg, Recording, Room
from fawang.hotline.engines.port import Capabilities, PhoneView, TrunkView


class Driver(Protocol):
    """The hands of an engine."""

    def capabilities(self) -> Capabilities:
        """What these hands can do."""
        ...

    def can_dial(self, target: str) -> str:
        """Empty if the target makes sense, else why not (``bad_value``, ``unreachable``)."""
        ...

    def can_play(self, medium: str) -> str:
        """Empty if the medium exists and can be read, else why not."""
        ...

    def ring(self, leg: Leg) -> None:
        """Tell the caller it rings."""
        ...

    def answer(self, leg: Leg) -> None:
        """Take the call; ``on_answered`` follows."""
        ...

    def reject(self, leg: Leg, cause: RejectCause) -> None:
        """Refuse the call; ``on_ended`` is reported by the core itself."""
        ...

    def hang_up(self, leg: Leg, cause: str) -> None:
        """End the leg on the wire; the core has told of its end already."""
        ...

    def originate(self, leg: Leg, order: Originate) -> None:
        """Call out; ``on_ringing``, ``on_answered`` or ``on_ended`` follow."""
        ...

    def play(self, leg: Leg) -> None:
        """Play ``leg.playing``; ``on_play_over`` follows unless stopped."""
        ...

    def stop_play(self, leg: Leg) -> int:
        """Stop the prompt; returns the milliseconds heard."""
        ...

    def music(self, leg: Leg) -> None:
        """Music on or off as ``leg.music`` says."""
        ...

    def hearing(self, room: Room) -> None:
        """Members or paths of a bridge changed: make everybody hear what :meth:`Room.audible` says."""
        ...

    def alone(self, leg: Leg) -> None:
        """The leg is in no bridge any more."""
        ...

    def record(self, recording: Recording, leg: Leg) -> str:
        """Start recording; returns the path of the file. ``on_record_over`` follows after :meth:`stop_record`."""
        ...

    def pause_record(self, recording: Recording) -> None:
        """Silence on or off as ``recording.paused`` says."""
        ...

    def stop_record(self, recording: Recording) -> None:
        """Close the file; ``on_record_over`` follows."""
        ...

    def refer(self, leg: Leg, uri: str) -> None:
        """Ask the far side to call elsewhere; ``on_transfer_result`` follows."""
        ...

    def refer_answer(self, leg: Leg, refer_id: str, ok: bool) -> None:
        """Tell a phone how its transfer came out."""
        ...

    def send_digits(self, leg: Leg, digits: str) -> None:
        """Press keys."""
        ...

    def media_sink(self, leg: Leg, url: str) -> None:
        """Copy what the leg says."""
        ...

    def drain(self, on: bool) -> None:
        """Refuse new calls, or take them again."""
        ...

    def can_configure(self, order: Configure) -> str:
        """Empty if networks, proxies and media can be read, else why not."""
        ...

    def configure(self, order: Configure) -> None:
        """New phones, trunks, fall-back."""
        ...

    def phones(self) -> tuple[PhoneView, ...]:
        """Registered desk phones."""
        ...

    def trunks(self) -> tuple[TrunkView, ...]:
        """Trunks and their health."""
        ...

    def leg_over(self, leg: Leg) -> dict[str, int]:
        """A leg ends: let go of its sound; returns ``packets_in``, ``packets_out``, ``packets_lost`` as far as known."""
        ...
