"""Requests inside a dialog: BYE, INFO, PRACK, OPTIONS; the others are handed on."""

from __future__ import annotations

import re

from fawang.hotline.engines import reports
from fawang.hotline.engines.embedded import change, transfer
from fawang.hotline.engines.embedded.board import Board
from fawang.hotline.engines.embedded.call import Call
from fawang.hotline.engines.embedded.sip.judgement import ALLOW
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
        change.on_change(board, call, tx)
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
    if call.server and call.dialog.state != "early":
        board.transactions.acknowledged(call.server)
    reason = re.search(r"cause=(\d{3})", tx.request.get("reason"))
    board.ended(call, "normal", "far", code=int(reason[1]) if reason else 0)
    board.forget(call)


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
