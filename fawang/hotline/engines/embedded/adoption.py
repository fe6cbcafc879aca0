"""A new process takes over the calls of the one before: dialogs, ports, bridges, prompts, recordings, unanswered INVITEs."""

from __future__ import annotations

import logging
from collections.abc import Callable

from fawang.hotline.engines import reports
from fawang.hotline.engines.commands import Configure
from fawang.hotline.engines.embedded import change, inbound, outbound, session
from fawang.hotline.engines.embedded.board import Board, unpacked
from fawang.hotline.engines.embedded.call import Call
from fawang.hotline.engines.embedded.dialog import dialog_from
from fawang.hotline.engines.embedded.hands import EmbeddedHands
from fawang.hotline.engines.embedded.media.playlist import Playlist
from fawang.hotline.engines.embedded.sip.message import Message, parse
from fawang.hotline.engines.wire import BadMessage, build

log = logging.getLogger(__name__)


def adopt(board: Board, hands: EmbeddedHands) -> list[Callable[[], None]]:
    """Take everything over; returns what has to be told or sent about what could not be (after ``EngineUp``)."""
    board.core.restore()
    _configuration(board, hands)
    later: list[Callable[[], None]] = []
    for _, kept in list(board.core.spool.all("dialog")):
        dialog = dialog_from(kept)
        call = Call(dialog)
        board.add(call)
        if dialog.state == "ending" or dialog.leg_id not in board.core.legs:
            later.append(_ender(board, call))
        elif not _take_over(board, call):
            later.append(_loser(board, call))
    for leg_id in list(board.core.legs):
        if leg_id not in board.by_leg:
            later.append(_gone(board, leg_id))
    _sound(board, hands)
    _recordings(board, later)
    return later


def _configuration(board: Board, hands: EmbeddedHands) -> None:
    kept = dict(board.core.spool.all("setting")).get("configuration")
    if kept:
        try:
            hands.configure(build(Configure, kept))
        except (BadMessage, ValueError):
            log.exception("the configuration kept cannot be read")


def _ender(board: Board, call: Call) -> Callable[[], None]:
    def end() -> None:
        if call.dialog.state == "early":
            _abandon(board, call)
        else:
            board.bye(call)

    return end


def _abandon(board: Board, call: Call) -> None:
    """An unanswered call whose leg is over already: say so on the wire again."""
    message = parse(unpacked(call.dialog.invite)) if call.dialog.invite else None
    if message is None:
        board.forget(call)
    elif call.dialog.role == "uas":
        call.server = board.transactions.adopt_server(message, call.dialog.heard_flow(), b"", 0)
        inbound.refuse(board, call, 480)
    else:
        outbound.adopt(board, call, message)
        outbound.cancel(board, call)


def _loser(board: Board, call: Call) -> Callable[[], None]:
    def lose() -> None:
        board.ended(call, "error", "engine", detail="could not be taken over")
        if call.dialog.state == "early":
            _abandon(board, call)
        else:
            board.bye(call)

    return lose


def _gone(board: Board, leg_id: str) -> Callable[[], None]:
    return lambda: reports.on_ended(board.core, leg_id, "engine_lost", "engine", detail="no dialog kept")


def _take_over(board: Board, call: Call) -> bool:
    dialog = call.dialog
    stream = board.streams.get(dialog.leg_id) or board.open_stream(dialog, wanted=dialog.sound.port)
    if stream is None:
        return False
    board.apply_remote(dialog)
    stream.last_in = board.timers.now()
    message = parse(unpacked(dialog.invite)) if dialog.invite else None
    if dialog.state == "confirmed":
        board.plane.add(stream)
        session.watch(board, call)
        if message is not None and dialog.last:
            change.adopt(board, call, message, unpacked(dialog.last))
        return True
    if message is None:
        return False
    if dialog.role == "uac":
        outbound.adopt(board, call, message)
        return True
    _adopt_unanswered(board, call, message)
    if dialog.state == "answered":
        board.plane.add(stream)
    return True


def _adopt_unanswered(board: Board, call: Call, message: Message) -> None:
    dialog = call.dialog
    call.server = board.transactions.adopt_server(message, dialog.heard_flow(), unpacked(dialog.last) if dialog.last else b"", dialog.last_status)
    call.offered_by_us = dialog.state == "answered" and not message.body
    inbound.watch(board, call)
    leg = board.core.legs[dialog.leg_id]
    if leg.state == "answering" and dialog.state == "early":
        inbound.answer(board, call)


def _sound(board: Board, hands: EmbeddedHands) -> None:
    """Prompts go on where the clock says, music begins anew, bridges are joined as they were."""
    for leg in board.core.legs.values():
        stream = board.streams.get(leg.leg_id)
        if stream is None:
            continue
        if leg.playing:
            passed = int((board.timers.now() - leg.playing.since) * 1000)
            stream.playlist = Playlist(leg.playing.media, skip_ms=passed)
        if leg.music:
            stream.music = Playlist((leg.music,), loop=True)
        board.plane.settle(stream)
        reports.wait_for_digit(board.core, leg)
    for room in board.core.rooms.values():
        hands.hearing(room)


def _recordings(board: Board, later: list[Callable[[], None]]) -> None:
    """Running files go on; those that were being closed are closed again."""
    for recording in list(board.core.recordings.values()):
        tap = board.tapes.begin(recording.rec_id, recording.path, recording.since, again=True, paused=recording.paused)
        stream = board.streams.get(recording.leg_id)
        if stream is not None and not recording.stopping:
            stream.tap = tap
        elif recording.stopping:
            later.append(lambda number=tap.number: board.tapes.end(number, 0.0))  # type: ignore[misc]
