"""The hands of the embedded engine: what the core decides, done with SIP and sound."""

from __future__ import annotations

import ipaddress
import re
import socket

from fawang.hotline.engines import events as ev
from fawang.hotline.engines import reports, sound
from fawang.hotline.engines.commands import Configure, Originate, RejectCause
from fawang.hotline.engines.embedded import inbound, outbound, transfer
from fawang.hotline.engines.embedded.access import Access
from fawang.hotline.engines.embedded.board import Board
from fawang.hotline.engines.embedded.media.keys import KeySender
from fawang.hotline.engines.embedded.media.playlist import Playlist
from fawang.hotline.engines.embedded.media.rtcp import Seen
from fawang.hotline.engines.embedded.media.stream import Stream
from fawang.hotline.engines.embedded.settings import networks
from fawang.hotline.engines.embedded.sip.grammar import parse_uri
from fawang.hotline.engines.model import Leg, Recording, Room
from fawang.hotline.engines.port import Capabilities, PhoneView, TrunkView


class EmbeddedHands:
    """See ``driver.Driver``."""

    def __init__(self, board: Board, access: Access) -> None:
        self.board = board
        self.access = access

    def capabilities(self) -> Capabilities:
        """See ``Driver``."""
        most = self.board.settings.max_legs
        return Capabilities(
            kind="embedded", refer=True, resume_after_crash=True, event_spool=True, media_sink=True, phones=True, inband_digits=True, max_legs=most
        )

    # -- the life of a leg ---------------------------------------------------------------------------------------

    def can_dial(self, target: str) -> str:
        """See ``Driver``."""
        if len(self.board.core.legs) >= self.board.settings.max_legs:
            return "full"
        found = self.board.trunks.destinations(target)
        return found if isinstance(found, str) else ""

    def can_play(self, medium: str) -> str:
        """See ``Driver``."""
        try:
            sound.sound_of(medium)
        except sound.BadMedium as error:
            return str(error)
        return ""

    def ring(self, leg: Leg) -> None:
        """See ``Driver``."""
        if call := self.board.call_of(leg.leg_id):
            inbound.ring(self.board, call)

    def answer(self, leg: Leg) -> None:
        """See ``Driver``."""
        if call := self.board.call_of(leg.leg_id):
            inbound.answer(self.board, call)

    def reject(self, leg: Leg, cause: RejectCause) -> None:
        """See ``Driver``."""
        if call := self.board.call_of(leg.leg_id):
            inbound.refuse_for(self.board, call, cause)

    def hang_up(self, leg: Leg, cause: str) -> None:
        """See ``Driver``."""
        for call in list(self.board.by_leg.get(leg.leg_id, [])):
            if call.dialog.state == "confirmed":
                self.board.bye(call)
            elif call.dialog.state == "answered":
                call.bye_wanted = True
                self.board.keep(call.dialog)
            elif call.dialog.role == "uas":
                inbound.refuse(self.board, call, 480)
            else:
                outbound.cancel(self.board, call)

    def originate(self, leg: Leg, order: Originate) -> None:
        """See ``Driver``."""
        found = self.board.trunks.destinations(order.target)
        if not isinstance(found, str):
            outbound.dial(self.board, leg, order, found)

    def leg_over(self, leg: Leg) -> dict[str, int]:
        """See ``Driver``."""
        stream = self.board.streams.get(leg.leg_id)
        if stream is None:
            return {}
        counted = {"packets_in": stream.packets_in, "packets_out": stream.packets_out, "packets_lost": stream.lost()}
        self.board.end_stream(leg.leg_id)
        return counted

    # -- sound ---------------------------------------------------------------------------------------------------

    def play(self, leg: Leg) -> None:
        """See ``Driver``."""
        stream, playing = self.board.streams.get(leg.leg_id), leg.playing
        if stream is None or playing is None:
            return
        stream.playlist = Playlist(playing.media, skip_ms=int((self.board.timers.now() - playing.since) * 1000))
        self.board.plane.settle(stream)

    def stop_play(self, leg: Leg) -> int:
        """See ``Driver``."""
        stream = self.board.streams.get(leg.leg_id)
        if stream is None or stream.playlist is None:
            return 0
        ms, stream.playlist = stream.playlist.ms, None
        self.board.plane.settle(stream)
        return ms

    def prompt_over(self, stream: Stream) -> None:
        """The plane came to the end of a prompt."""
        leg = self.board.core.legs.get(self.board.legs_of.get(stream, ""))
        playlist, stream.playlist = stream.playlist, None
        if leg is not None and leg.playing is not None and playlist is not None:
            reports.on_play_over(self.board.core, leg.leg_id, leg.playing.play_id, "finished", playlist.ms)

    def music(self, leg: Leg) -> None:
        """See ``Driver``."""
        stream = self.board.streams.get(leg.leg_id)
        if stream is None:
            return
        stream.music = Playlist((leg.music,), loop=True) if leg.music else None
        self.board.plane.settle(stream)
        if room := self.board.core.rooms.get(leg.bridge_id):
            self.hearing(room)

    def hearing(self, room: Room) -> None:
        """See ``Driver``."""
        streams = {leg_id: self.board.streams[leg_id] for leg_id in room.members if leg_id in self.board.streams}
        quiet = {leg_id for leg_id in streams if self.board.core.legs[leg_id].music}
        for ear, stream in streams.items():
            self.board.plane.hear(stream, tuple(s for other, s in streams.items() if other not in quiet and room.audible(other, ear)))

    def alone(self, leg: Leg) -> None:
        """See ``Driver``."""
        if stream := self.board.streams.get(leg.leg_id):
            self.board.plane.hear(stream, ())

    def send_digits(self, leg: Leg, digits: str) -> None:
        """See ``Driver``."""
        if stream := self.board.streams.get(leg.leg_id):
            if stream.keys:
                stream.keys.press(digits)
            else:
                stream.keys = KeySender(digits, stream.digits_type)
            self.board.plane.settle(stream)

    def media_sink(self, leg: Leg, url: str) -> None:
        """See ``Driver``."""
        stream = self.board.streams.get(leg.leg_id)
        if stream is None:
            return
        if stream.sink:
            stream.sink[0].close()
            stream.sink = None
        if found := re.fullmatch(r"udp:([\d.]+):(\d+)", url):
            try:
                host, port = str(ipaddress.IPv4Address(found[1])), int(found[2])
            except ValueError:
                return
            one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            one.setblocking(False)
            stream.sink = (one, (host, port))

    # -- recordings ----------------------------------------------------------------------------------------------

    def record(self, recording: Recording, leg: Leg) -> str:
        """See ``Driver``."""
        path = str(self.board.recording_path(recording.rec_id))
        if stream := self.board.streams.get(leg.leg_id):
            stream.tap = self.board.tapes.begin(recording.rec_id, path, recording.since)
        return path

    def pause_record(self, recording: Recording) -> None:
        """See ``Driver``."""
        stream = self.board.streams.get(recording.leg_id)
        if stream and stream.tap:
            stream.tap.paused = recording.paused

    def stop_record(self, recording: Recording) -> None:
        """See ``Driver``."""
        stream = self.board.streams.get(recording.leg_id)
        if stream and stream.tap and stream.tap.rec_id == recording.rec_id:
            stream.tap = None
        if number := self.board.tapes.number_of(recording.rec_id):
            self.board.tapes.end(number, self.board.timers.now())
        else:  # it never had sound: nothing will tell of its end but we
            reports.on_record_over(self.board.core, recording.rec_id, ms=0, sha256="", size=0, failed=True)

    def record_note(self, note: dict[str, object]) -> None:
        """What the recorder says."""
        recording = self.board.core.recordings.get(str(note["rec"]))
        if recording is None:
            return
        if note["what"] == "safe":
            recording.safe_ms = int(str(note["ms"]))
        elif note["what"] == "done":
            ms, size, gaps = (int(str(note[name])) for name in ("ms", "size", "gaps_ms"))
            reports.on_record_over(self.board.core, recording.rec_id, ms=ms, sha256=str(note["sha256"]), size=size, gaps_ms=gaps)
        else:
            stream = self.board.streams.get(recording.leg_id)
            if stream and stream.tap and stream.tap.rec_id == recording.rec_id:
                stream.tap = None
            reports.on_record_over(self.board.core, recording.rec_id, ms=recording.safe_ms, sha256="", size=0, failed=True)

    # -- transfer, settings, health --------------------------------------------------------------------------------

    def refer(self, leg: Leg, uri: str) -> None:
        """See ``Driver``."""
        if call := self.board.call_of(leg.leg_id):
            transfer.ask(self.board, call, uri)

    def refer_answer(self, leg: Leg, refer_id: str, ok: bool) -> None:
        """See ``Driver``."""
        if call := self.board.call_of(leg.leg_id):
            transfer.finish(self.board, call, refer_id, ok)

    def drain(self, on: bool) -> None:
        """See ``Driver``: the INVITE's way asks the core itself."""

    def can_configure(self, order: Configure) -> str:
        """See ``Driver``."""
        try:
            networks(order.accept_from)
            for trunk in order.trunks:
                networks(trunk.sources)
                if parse_uri(trunk.proxy).scheme == "tel":
                    return "a proxy needs a sip address"
        except ValueError as error:
            return str(error)
        return next((f"{medium}: {why}" for medium in order.fallback.media if (why := self.can_play(medium))), "")

    def configure(self, order: Configure) -> None:
        """See ``Driver``."""
        self.board.configuration = order
        self.access.configure()
        self.board.trunks.configure()
        self.board.registrar.sweep()

    def phones(self) -> tuple[PhoneView, ...]:
        """See ``Driver``."""
        return self.board.registrar.views()

    def trunks(self) -> tuple[TrunkView, ...]:
        """See ``Driver``."""
        return self.board.trunks.views()

    def media_lost(self, stream: Stream, silent_ms: int, control_ms: int) -> None:
        """The plane misses a stream's packets; silence is right while the far side holds us."""
        leg = self.board.core.legs.get(self.board.legs_of.get(stream, ""))
        if leg is not None and not leg.held_by_far:
            reports.on_media(self.board.core, leg.leg_id, silent_ms, control_ms)

    def media_back(self, stream: Stream) -> None:
        """The plane has packets again."""
        reports.on_media(self.board.core, self.board.legs_of.get(stream, ""), 0)

    def quality(self, stream: Stream, seen: Seen) -> None:
        """The plane has figures for a stream."""
        leg_id = self.board.legs_of.get(stream, "")
        if leg_id not in self.board.core.legs or not stream.received:
            return
        loss = round(stream.lost() / max(1, stream.lost() + stream.received), 4)
        with self.board.core.turn():
            self.board.core.tell(
                ev.Quality,
                leg_id=leg_id,
                loss_in=loss,
                jitter_in_ms=round(stream.jitter / 8, 1),
                loss_out=round(seen.loss, 4),
                jitter_out_ms=round(seen.jitter_ms, 1),
                round_trip_ms=round(seen.round_trip_ms, 1),
            )
