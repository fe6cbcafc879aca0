"""Requests inside a dialog: BYE, re-INVITE and UPDATE (hold, refresh), INFO, PRACK, OPTIONS."""

from __future__ import annotations

import re

from fawang.hotline.engines import reports
from fawang.hotline.engines.embedded import session, transfer
from fawang.hotline.engines.embedded.board import Board
from fawang.hotline.engines.embedded.call import Call
from fawang.hotline.engines.embedded.dialog import contact_line
from fawang.hotline.engines.embedded.sip import sdp
from fawang.hotline.engines.embedded.sip.grammar import BadSyntax, parse_address
from fawang.hotline.engines.embedded.sip.judgement import ALLOW
from fawang.hotline.engines.embedded.sip.message import Message, response
from fawang.hotline.engines.embedded.sip.transactions import ServerTransaction


def on_request(board: Board, call: Call, tx: ServerTransaction) -> None:
    """A request of the far side inside a call."""
    dialog, number = call.dialog, tx.request.cseq[0]
    if number <= dialog.remote_seq and tx.method != "PRACK":
        tx.answer(500, headers=(("retry-after", "1"),))
        return
    dialog.remote_seq = max(number, dialog.remote_seq)
    dialog.heard_from(tx.flow)
    if tx.method == "BYE":
        _bye(board, call, tx)
    elif tx.method in ("INVITE", "UPDATE"):
        _change(board, call, tx)
    elif tx.method == "REFER":
        transfer.on_refer(board, call, tx)
    elif tx.method == "NOTIFY":
        transfer.on_notify(board, call, tx)
    elif tx.method == "INFO":
        _info(board, call, tx)
    elif tx.method == "PRACK":
        _prack(board, call, tx)
    elif tx.method == "OPTIONS":
        tx.answer(200, headers=(("allow", ALLOW), ("accept", "application/sdp"), ("supported", "timer")))
    else:
        tx.answer(405, headers=(("allow", ALLOW),))


def _bye(board: Board, call: Call, tx: ServerTransaction) -> None:
    tx.answer(200)
    if call.dialog.state == "early" and call.server and call.server.status < 200:
        call.server.answer(487, tag=call.dialog.local_tag)
    if call.server and call.dialog.state == "answered":
        board.transactions.acknowledged(call.server)
    reason = re.search(r"cause=(\d{3})", tx.request.get("reason"))
    board.ended(call, "normal", "far", code=int(reason[1]) if reason else 0)
    board.forget(call)


def _change(board: Board, call: Call, tx: ServerTransaction) -> None:
    """A new description, or only a sign of life."""
    dialog, message = call.dialog, tx.request
    if tx.method == "INVITE" and dialog.state != "confirmed":
        tx.answer(491 if dialog.state == "answered" else 500, headers=(("retry-after", "1"),))
        return
    if problem := session.refuses(message):
        tx.answer(problem[0], headers=problem[1])
        return
    remote = None
    if message.body:
        try:
            remote = sdp.parse(message.body)
        except sdp.BadSdp as error:
            tx.answer(error.status)
            return
    if contacts := message.all("contact"):
        try:
            dialog.target = parse_address(contacts[0]).uri_text
        except BadSyntax:
            tx.answer(400)
            return
    if dialog.state == "confirmed":
        session.take_inbound(board, dialog, message)
    if remote:
        board.set_remote(dialog, remote)
    _accept_change(board, call, tx, remote)


def _accept_change(board: Board, call: Call, tx: ServerTransaction, remote: sdp.Remote | None) -> None:
    dialog = call.dialog
    answer = response(tx.request, 200, tag=dialog.local_tag)
    answer.add("contact", contact_line(board.transports, tx.flow)).add("allow", ALLOW).add("supported", "timer")
    if remote or tx.method == "INVITE":
        dialog.sound.version += 1
        answer.add("content-type", "application/sdp")
        answer.body = board.describe(call, remote=remote)
    if dialog.state == "confirmed":
        session.answer_timer(board, call, answer)
    if tx.method == "INVITE":
        call.server, call.offered_by_us = tx, remote is None
        tx.given_up = None
    tx.respond(answer)
    board.keep(dialog)
    if dialog.state == "confirmed":
        session.watch(board, call)
        reports.on_held(board.core, dialog.leg_id, dialog.sound.direction in ("sendonly", "inactive"))


def on_ack_of_change(board: Board, call: Call, message: Message) -> None:
    """The ACK of a re-INVITE; it may carry the answer to our offer."""
    if call.server:
        board.transactions.acknowledged(call.server)
    if call.offered_by_us and message.body:
        call.offered_by_us = False
        try:
            board.set_remote(call.dialog, sdp.parse(message.body))
        except sdp.BadSdp:
            return
        board.keep(call.dialog)
        reports.on_held(board.core, call.dialog.leg_id, call.dialog.sound.direction in ("sendonly", "inactive"))


def _info(board: Board, call: Call, tx: ServerTransaction) -> None:
    """Keys of old telephones: ``application/dtmf-relay``."""
    kind = tx.request.get("content-type").partition(";")[0].strip().lower()
    if kind not in ("application/dtmf-relay", "application/dtmf"):
        tx.answer(415 if tx.request.body else 200, headers=(("accept", "application/dtmf-relay"),) if tx.request.body else ())
        return
    text = tx.request.body.decode("ascii", "replace")
    found = re.search(r"Signal[ \t]*=[ \t]*([0-9A-D*#])", text, re.IGNORECASE) or re.fullmatch(r"\s*([0-9A-D*#])\s*", text)
    if not found:
        tx.answer(400)
        return
    lasted = re.search(r"Duration[ \t]*=[ \t]*(\d{1,5})", text, re.IGNORECASE)
    tx.answer(200)
    reports.on_digit(board.core, call.dialog.leg_id, found[1].upper(), int(lasted[1]) if lasted else 0, "info")


def _prack(board: Board, call: Call, tx: ServerTransaction) -> None:
    numbers = tx.request.get("rack").split()
    if call.dialog.role != "uas" or len(numbers) != 3 or numbers[0] != str(call.dialog.rseq):
        tx.answer(481)
        return
    call.stop_timer("prack")
    tx.answer(200)
