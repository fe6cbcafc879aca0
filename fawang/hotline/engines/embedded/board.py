"""The switchboard: what the parts of the engine share (calls, streams, transports) and the few steps they all take."""

from __future__ import annotations

import base64
import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from fawang.hotline.engines import reports
from fawang.hotline.engines.commands import Configure
from fawang.hotline.engines.core import Core
from fawang.hotline.engines.embedded.call import Call
from fawang.hotline.engines.embedded.dialog import Dialog, dialog_to, request
from fawang.hotline.engines.embedded.media.keys import ToneDetector
from fawang.hotline.engines.embedded.media.plane import Plane
from fawang.hotline.engines.embedded.media.stream import Ports, Stream
from fawang.hotline.engines.embedded.media.tape import Tapes
from fawang.hotline.engines.embedded.settings import EngineSettings
from fawang.hotline.engines.embedded.sip import sdp
from fawang.hotline.engines.embedded.sip.message import Message
from fawang.hotline.engines.embedded.sip.transactions import ClientTransaction, Transactions
from fawang.hotline.engines.embedded.sip.transport import Flow, Transports
from fawang.hotline.engines.events import EndCause, Side

if TYPE_CHECKING:
    from fawang.hotline.engines.embedded.registrar import Registrar
    from fawang.hotline.engines.embedded.trunks import Trunks

log = logging.getLogger(__name__)


class Board:
    """Shared by ``inbound``, ``outbound``, ``inside``, ``transfer``, ``hands``."""

    registrar: Registrar
    trunks: Trunks
    transactions: Transactions
    plane: Plane

    def __init__(self, settings: EngineSettings, core: Core, transports: Transports, tapes: Tapes) -> None:
        self.settings = settings
        self.core = core
        self.timers = core.timers
        self.transports = transports
        self.tapes = tapes
        self.ports = Ports(settings.host, settings.rtp_low, settings.rtp_high)
        self.configuration = Configure(command_id="-")
        self.calls: dict[tuple[str, str], Call] = {}
        """By Call-ID and our tag."""
        self.by_leg: dict[str, list[Call]] = {}
        """A dialled leg has several while it forks."""
        self.refusals: dict[str, tuple[int, EndCause, int]] = {}
        """Of a forking leg: the most telling refusal so far."""
        self.streams: dict[str, Stream] = {}
        self.legs_of: dict[Stream, str] = {}

    # -- calls ---------------------------------------------------------------------------------------------------

    def add(self, call: Call) -> None:
        """A new call."""
        dialog = call.dialog
        self.calls[dialog.call_id, dialog.local_tag] = call
        self.by_leg.setdefault(dialog.leg_id, []).append(call)

    def keep(self, dialog: Dialog) -> None:
        """What another process would need has changed."""
        self.core.spool.put("dialog", dialog.key, dialog_to(dialog))

    def forget(self, call: Call) -> None:
        """A call is over, on the wire too."""
        call.over = True
        call.stop_timers()
        dialog = call.dialog
        self.calls.pop((dialog.call_id, dialog.local_tag), None)
        calls = self.by_leg.get(dialog.leg_id, [])
        if call in calls:
            calls.remove(call)
        if not calls:
            self.by_leg.pop(dialog.leg_id, None)
        self.core.spool.drop("dialog", dialog.key)

    def find(self, message: Message) -> Call | None:
        """The call a request or response inside a dialog is of (both tags must fit)."""
        ours, theirs = ("to", "from") if message.is_request else ("from", "to")
        call = self.calls.get((message.call_id, message.tag(ours)))
        if call is None or (call.dialog.remote_tag and message.is_request and call.dialog.remote_tag != message.tag(theirs)):
            return None
        return call

    def call_of(self, leg_id: str) -> Call | None:
        """The call of a leg (of a forking one: the first)."""
        calls = self.by_leg.get(leg_id)
        return calls[0] if calls else None

    def ended(self, call: Call, cause: EndCause, side: Side, *, code: int = 0, detail: str = "") -> None:
        """The leg is over; its sound stops, its end is told."""
        reports.on_ended(self.core, call.dialog.leg_id, cause, side, code=code, detail=detail)
        self.end_stream(call.dialog.leg_id)

    def after(self, call: Call, name: str, seconds: float, act: Callable[[], None]) -> None:
        """A timer of a call; what it does is a turn."""

        def fire() -> None:
            call.timers.pop(name, None)
            if not call.over:
                with self.core.turn():
                    act()

        call.set_timer(name, self.timers.after(seconds, fire))

    # -- requests ------------------------------------------------------------------------------------------------

    def bye(self, call: Call, *, reason: str = "") -> None:
        """End the dialog on the wire; it is kept until the far side has said yes, so that a new process would ask again."""
        dialog = call.dialog
        call.stop_timers()
        if call.server is not None:
            self.transactions.acknowledged(call.server)  # after the BYE nobody waits for a 200
        dialog.state = "ending"
        message, flow = request(dialog, self.transports, "BYE")
        if reason:
            message.add("reason", reason)
        self.keep(dialog)
        self.transactions.send_request(message, flow, lambda answer, _: self.forget(call) if answer.status >= 200 else None, lambda: self.forget(call))

    def ask(
        self, call: Call, message: Message, flow: Flow, then: Callable[[Message], None] | None = None, failed: Callable[[], None] | None = None
    ) -> ClientTransaction:
        """Send a request inside a dialog; ``then`` gets the final answer."""

        def answered(answer: Message, _: Flow) -> None:
            if answer.status in (408, 481) and message.method in ("INVITE", "UPDATE") and not call.over:
                self.ended(call, "session_expired", "far", code=answer.status)
                self.forget(call)
            elif answer.status >= 200 and then:
                then(answer)

        tx = self.transactions.send_request(message, flow, answered, failed or (lambda: None))
        self.keep(call.dialog)
        return tx

    # -- sound ---------------------------------------------------------------------------------------------------

    def open_stream(self, dialog: Dialog, *, wanted: int = 0) -> Stream | None:
        """Sockets for a leg's sound; ``None`` if there are none to be had."""
        taken = self.ports.take(wanted)
        if taken is None:
            return None
        leg_id = dialog.leg_id

        def key(digit: str, ms: int, method: str) -> None:
            reports.on_digit(self.core, leg_id, digit, ms, method)

        stream = Stream(*taken, key, self.timers.now())
        self.streams[leg_id] = stream
        self.legs_of[stream] = leg_id
        sound = dialog.sound
        sound.port = stream.port
        if wanted:
            stream.resume(sound.base_seq, sound.base_ts, sound.ssrc, sound.since, self.timers.now())
        else:
            sound.ssrc, sound.base_seq, sound.base_ts, sound.since = stream.ssrc, stream.base_seq, stream.base_ts, stream.since
        return stream

    def set_remote(self, dialog: Dialog, remote: sdp.Remote) -> None:
        """Take what the far side said about its sound."""
        sound = dialog.sound
        sound.host, sound.remote_port, sound.codec, sound.digits_type = remote.host, remote.port, remote.codec, remote.digits_type
        sound.direction = "sendonly" if remote.holds and remote.direction != "inactive" else remote.direction
        self.apply_remote(dialog)

    def take_description(self, dialog: Dialog, message: Message) -> None:
        """The answer to an offer of ours inside a call; without one that can be read all stays as it was."""
        if message.body:
            with suppress(sdp.BadSdp):
                self.set_remote(dialog, sdp.parse(message.body))
        reports.on_held(self.core, dialog.leg_id, dialog.sound.direction in ("sendonly", "inactive"))

    def apply_remote(self, dialog: Dialog) -> None:
        """Make the stream fit the dialog."""
        stream, sound = self.streams.get(dialog.leg_id), dialog.sound
        if stream is None or not sound.host:
            return
        trusted = frozenset({sound.host, dialog.host})
        if stream.trusted != trusted or stream.remote is None or (stream.remote[0] == sound.host and stream.remote[1] != sound.remote_port):
            stream.remote, stream.trusted, stream.last_peer = (sound.host, sound.remote_port), trusted, None
        stream.codec, stream.digits_type = sound.codec, sound.digits_type
        stream.speaks = sound.direction in ("sendrecv", "recvonly")
        if sound.digits_type < 0 and stream.inband is None:
            leg_id = dialog.leg_id
            stream.inband = ToneDetector(lambda digit, ms, method: reports.on_digit(self.core, leg_id, digit, ms, method))
        elif sound.digits_type >= 0:
            stream.inband = None

    def describe(self, call: Call, *, remote: sdp.Remote | None = None, as_before: bool = False) -> bytes:
        """Our SDP: an offer, or the answer to ``remote``. ``as_before``: an offer that changes nothing about who holds whom."""
        sound = call.dialog.sound
        direction = sdp.OTHER_WAY.get(sound.direction, "sendrecv") if remote or as_before else "sendrecv"
        host = self.transports.own_host(call.dialog.host)
        return sdp.build(host, sound.port, session=sound.session, version=sound.version, remote=remote, direction=direction)

    def end_stream(self, leg_id: str) -> None:
        """The leg's sound stops and its port may rest."""
        stream = self.streams.pop(leg_id, None)
        if stream is not None:
            self.legs_of.pop(stream, None)
            self.plane.remove(stream)
            if stream.sock.fileno() >= 0:
                stream.close()
            self.ports.give_back(stream.port)

    def recording_path(self, rec_id: str) -> Path:
        """Where a recording's file is."""
        return self.settings.recordings / f"{rec_id}.wav"


def new_tag() -> str:
    """A dialog tag nobody can guess."""
    return secrets.token_hex(8)


def packed(data: bytes) -> str:
    """Bytes as text for the spool."""
    return base64.b64encode(data).decode()


def unpacked(text: str) -> bytes:
    """See :func:`packed`."""
    return base64.b64decode(text)
