"""Transfers (RFC 3515): asked of us by a phone, asked by us of the far side."""

from __future__ import annotations

import re
import secrets
from urllib.parse import unquote

from fawang.hotline.engines import reports
from fawang.hotline.engines.embedded.board import Board
from fawang.hotline.engines.embedded.call import Call
from fawang.hotline.engines.embedded.dialog import contact_line, request
from fawang.hotline.engines.embedded.sip.grammar import BadSyntax, Uri, parse_address
from fawang.hotline.engines.embedded.sip.message import REASONS, Message
from fawang.hotline.engines.embedded.sip.transactions import ServerTransaction

ANSWER_S = 60.0
MOST_OPEN = 4


def on_refer(board: Board, call: Call, tx: ServerTransaction) -> None:
    """A phone pressed transfer: accepted at once, carried out by the room."""
    values = tx.request.all("refer-to")
    if len(values) != 1 or call.dialog.state != "confirmed" or len(call.refers) >= MOST_OPEN:
        tx.answer(400 if len(values) != 1 else 603)
        return
    try:
        uri = parse_address(values[0]).uri
    except BadSyntax:
        tx.answer(400)
        return
    refer_id = f"refer-{secrets.token_hex(6)}"
    call.refers[refer_id] = tx.request.cseq[0]
    tx.answer(202, headers=(("contact", contact_line(board.transports, tx.flow)),))
    _notify(board, call, refer_id, 100)
    target = str(Uri(uri.scheme, uri.user, uri.host, uri.port, uri.params))
    reports.on_refer_requested(board.core, call.dialog.leg_id, refer_id, target, _replaced(board, uri.headers))


def _replaced(board: Board, headers: str) -> str:
    """The leg an attended transfer names in ``Replaces``: the tags are seen from the phone that is to be replaced, so both orders are tried."""
    found = re.search(r"(?:^|&)replaces=([^&]*)", headers, re.IGNORECASE)
    if not found:
        return ""
    call_id, *parts = unquote(found[1]).split(";")
    tags = [part.partition("=")[2] for part in parts if part.partition("=")[0].strip().lower() in ("to-tag", "from-tag")]
    for tag in tags:
        if call := board.calls.get((call_id.strip(), tag)):
            return call.dialog.leg_id
    return ""


def finish(board: Board, call: Call, refer_id: str, ok: bool) -> None:
    """Tell the phone how its transfer came out."""
    if refer_id in call.refers:
        _notify(board, call, refer_id, 200 if ok else 603)
        call.refers.pop(refer_id)


def _notify(board: Board, call: Call, refer_id: str, status: int) -> None:
    message, flow = request(call.dialog, board.transports, "NOTIFY")
    state = "active;expires=60" if status < 200 else "terminated;reason=noresource"
    message.add("event", f"refer;id={call.refers[refer_id]}").add("subscription-state", state).add("content-type", "message/sipfrag;version=2.0")
    message.body = f"SIP/2.0 {status} {REASONS[status]}\r\n".encode()
    board.ask(call, message, flow)


def ask(board: Board, call: Call, uri: str) -> None:
    """Ask the far side to call elsewhere."""
    message, flow = request(call.dialog, board.transports, "REFER")
    message.add("refer-to", f"<{uri}>").add("referred-by", call.dialog.local)
    call.referring = True

    def done(ok: bool, code: int) -> None:
        if call.referring:
            call.referring = False
            call.stop_timer("refer")
            reports.on_transfer_result(board.core, call.dialog.leg_id, ok, code)

    def answered(answer: Message) -> None:
        if answer.status >= 300:
            done(False, answer.status)
        else:
            board.after(call, "refer", ANSWER_S, lambda: done(False, 408))

    board.ask(call, message, flow, answered, lambda: done(False, 408))


def on_notify(board: Board, call: Call, tx: ServerTransaction) -> None:
    """How our transfer goes, as the far side sees it."""
    if tx.request.get("event").partition(";")[0].strip().lower() != "refer":
        tx.answer(489)
        return
    tx.answer(200)
    found = re.match(r"SIP/2\.0 (\d{3})", tx.request.body.decode("ascii", "replace"))
    if call.referring and found and int(found[1]) >= 200:
        call.referring = False
        call.stop_timer("refer")
        reports.on_transfer_result(board.core, call.dialog.leg_id, int(found[1]) < 300, int(found[1]))
