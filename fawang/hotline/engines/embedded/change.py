"""A new description inside a call, theirs or ours: re-INVITE and UPDATE (RFC 3261 §14, RFC 3311), and what happens when two of them meet."""

from __future__ import annotations

import secrets

from fawang.hotline.engines import reports
from fawang.hotline.engines.embedded import session
from fawang.hotline.engines.embedded.board import Board, packed
from fawang.hotline.engines.embedded.call import Call
from fawang.hotline.engines.embedded.dialog import contact_line
from fawang.hotline.engines.embedded.sip import sdp
from fawang.hotline.engines.embedded.sip.grammar import BadSyntax, parse_address
from fawang.hotline.engines.embedded.sip.judgement import ALLOW
from fawang.hotline.engines.embedded.sip.message import Message, response
from fawang.hotline.engines.embedded.sip.transactions import ServerTransaction

MOST_WAIT_S = 10
"""Retry-After of a change that came too early is chosen between 0 and this (RFC 3261 §14.2)."""


def collides(call: Call, tx: ServerTransaction) -> int:
    """The answer to a change that meets another one: 491 if the other is ours, 500 if it is theirs and not done with; 0 if it meets none."""
    dialog, invite = call.dialog, tx.method == "INVITE"
    if not invite and not tx.request.body:
        return 0  # a sign of life: nothing that could cross
    if call.changing is not None or (dialog.state == "early" and dialog.role == "uac"):
        return 491
    if dialog.state == "early":
        return 500
    if dialog.state == "answered":
        return 491 if invite or call.offered_by_us else 0
    if call.unacknowledged:
        return 500 if invite else 491 * call.offered_by_us
    return 0


def on_change(board: Board, call: Call, tx: ServerTransaction) -> None:
    """A new description, or only a sign of life."""
    dialog, message = call.dialog, tx.request
    if status := collides(call, tx):
        tx.answer(status, headers=(("retry-after", str(secrets.randbelow(MOST_WAIT_S + 1))),) if status == 500 else ())
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
    _accept(board, call, tx, remote)


def _accept(board: Board, call: Call, tx: ServerTransaction, remote: sdp.Remote | None) -> None:
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
    tx.respond(answer)
    if tx.method == "INVITE":
        dialog.invite, dialog.last, dialog.last_status = packed(tx.request.encode()), packed(tx.last), 200
        expect_ack(board, call)
    board.keep(dialog)
    if dialog.state == "confirmed":
        session.watch(board, call)
        reports.on_held(board.core, dialog.leg_id, dialog.sound.direction in ("sendonly", "inactive"))


def expect_ack(board: Board, call: Call) -> None:
    """Our 200 to their re-INVITE is repeated for 64·T1; without an ACK until then the session is ended by BYE (RFC 3261 §13.3.1.4)."""
    tx = call.server

    def no_ack() -> None:
        if call.server is tx and not call.over and call.dialog.state == "confirmed":
            board.ended(call, "timeout", "engine", detail="no ACK of a change")
            board.bye(call)

    if tx is not None:
        tx.given_up = no_ack


def adopt(board: Board, call: Call, message: Message, last: bytes) -> None:
    """A 200 of the process before that has no ACK yet goes on being repeated."""
    dialog = call.dialog
    call.server = board.transactions.adopt_server(message, dialog.heard_flow(), last, dialog.last_status)
    call.offered_by_us = not message.body
    expect_ack(board, call)


def on_ack(board: Board, call: Call, message: Message) -> None:
    """The ACK of a re-INVITE; it may carry the answer to our offer. That of another INVITE (repeated, late) says nothing about this one."""
    dialog, tx = call.dialog, call.server
    if tx is None or tx.acked or not tx.acknowledges(message):
        return
    board.transactions.acknowledged(tx)
    dialog.invite = dialog.last = ""
    if call.offered_by_us:
        call.offered_by_us = False
        board.take_description(call.dialog, message)
    board.keep(dialog)
