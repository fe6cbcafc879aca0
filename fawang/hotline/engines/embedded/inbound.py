"""Calls that come in: from the INVITE to the ACK or the refusal."""

from __future__ import annotations

import secrets

from fawang.hotline.engines import reports
from fawang.hotline.engines.commands import RejectCause
from fawang.hotline.engines.core import now_text
from fawang.hotline.engines.embedded import session
from fawang.hotline.engines.embedded.access import Origin
from fawang.hotline.engines.embedded.board import Board, new_tag, packed
from fawang.hotline.engines.embedded.call import Call
from fawang.hotline.engines.embedded.dialog import Dialog, contact_line, without_tag
from fawang.hotline.engines.embedded.sip import sdp
from fawang.hotline.engines.embedded.sip.grammar import BadSyntax, parse_address, parse_uri
from fawang.hotline.engines.embedded.sip.judgement import ALLOW
from fawang.hotline.engines.embedded.sip.message import Message, response
from fawang.hotline.engines.embedded.sip.transactions import ServerTransaction
from fawang.hotline.engines.model import Leg

REFUSALS: dict[str, int] = {"busy": 486, "unavailable": 480, "forbidden": 403, "not_found": 404, "declined": 603, "overloaded": 503}
SHOWN = ("diversion", "history-info", "user-agent", "x-")
MOST_SHOWN = 24


def on_invite(board: Board, tx: ServerTransaction, origin: Origin) -> None:
    """A new call from somebody who may call."""
    message = tx.request
    if board.core.draining or len(board.core.legs) >= board.settings.max_legs:
        tx.answer(503, tag=new_tag(), headers=(("retry-after", "30"),))
        return
    if _merged(board, message):
        tx.answer(482, tag=new_tag())
        return
    if problem := session.refuses(message):
        tx.answer(problem[0], tag=new_tag(), headers=problem[1])
        return
    remote = None
    if message.body:
        try:
            remote = sdp.parse(message.body)
        except sdp.BadSdp as error:
            tx.answer(error.status, tag=new_tag(), headers=(("warning", f'399 fawang "{error}"'),))
            return
    call = _open(board, tx, origin)
    if board.open_stream(call.dialog) is None:
        board.forget(call)
        tx.answer(503, tag=call.dialog.local_tag, headers=(("retry-after", "5"),))
        return
    if remote:
        board.set_remote(call.dialog, remote)
    tx.answer(100)
    board.keep(call.dialog)
    _offer(board, call, message, origin)


def _merged(board: Board, message: Message) -> bool:
    """The same request by another way (RFC 3261 §8.2.2.2)."""
    tag = message.tag("from")
    return any(
        call.dialog.role == "uas" and call.dialog.call_id == message.call_id and call.dialog.remote_tag == tag and call.dialog.remote_seq == message.cseq[0]
        for call in board.calls.values()
        if call.dialog.state == "early"
    )


def _open(board: Board, tx: ServerTransaction, origin: Origin) -> Call:
    message = tx.request
    contacts = message.all("contact")
    target = parse_address(contacts[0]).uri_text if contacts else parse_address(message.get("from")).uri_text
    dialog = Dialog(
        leg_id=f"in-{secrets.token_hex(8)}",
        role="uas",
        call_id=message.call_id,
        local_tag=new_tag(),
        local=without_tag(message.get("to")),
        remote=without_tag(message.get("from")),
        remote_tag=message.tag("from"),
        local_seq=secrets.randbits(16),
        remote_seq=message.cseq[0],
        target=target,
        routes=message.all("record-route"),
        invite=packed(message.encode()),
        trunk=origin.trunk,
        allows_update="UPDATE" in {word.upper() for word in message.words("allow")},
        wants_100rel="100rel" in message.words("require"),
        give_up_at=board.timers.now() + board.settings.offered_s,
    )
    dialog.heard_from(tx.flow)
    session.take_inbound(board, dialog, message)
    call = Call(dialog, server=tx)
    board.add(call)
    watch(board, call)
    return call


def watch(board: Board, call: Call) -> None:
    """Set what ends an unanswered call: too long, or no ACK."""

    def too_long() -> None:
        refuse(board, call, 480)
        board.ended(call, "timeout", "engine", code=480)

    def no_ack() -> None:
        if not call.over:
            board.ended(call, "timeout", "engine", detail="no ACK")
            board.bye(call)

    if call.dialog.state == "early":
        board.after(call, "offered", max(0.0, call.dialog.give_up_at - board.timers.now()), too_long)
    if call.server:
        call.server.given_up = no_ack


def _offer(board: Board, call: Call, message: Message, origin: Origin) -> None:
    dialog = call.dialog
    uri = parse_uri(message.uri)
    caller = parse_address(message.get("from"))
    leg = Leg(dialog.leg_id, "in", "offered", clean(uri.plain_user), _user(caller.uri_text), dialog.call_id, now_text(), trunk=origin.trunk)
    shown = tuple((name.title(), clean(value)[:512]) for name, value in message.headers if name.startswith(SHOWN))[:MOST_SHOWN]
    offer: dict[str, object] = {
        "from_name": clean(caller.display)[:128],
        "asserted": _asserted(message) if origin.trunk else "",
        "account": origin.account,
        "source": str(call.server.flow) if call.server else "",
        "headers": shown,
    }
    reports.on_offered(board.core, leg, offer)


def clean(text: str) -> str:
    """Text of the network without control characters and broken bytes."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(ch for ch in text if ch.isprintable())


def _user(uri_text: str) -> str:
    try:
        return clean(parse_uri(uri_text).plain_user)[:128]
    except BadSyntax:
        return ""


def _asserted(message: Message) -> str:
    for value in message.all("p-asserted-identity"):
        if user := _user(parse_address(value).uri_text):
            return user
    return ""


# -- answers -----------------------------------------------------------------------------------------------------------


def ring(board: Board, call: Call) -> None:
    """Send 180; reliably if the caller insists (RFC 3262)."""
    tx, dialog = call.server, call.dialog
    if tx is None:
        return
    answer = _dialog_answer(board, call, 180)
    if dialog.wants_100rel:
        dialog.rseq += 1 if dialog.rseq else 1 + secrets.randbits(16)
        answer.add("require", "100rel").add("rseq", str(dialog.rseq))
        _repeat_until_prack(board, call, answer, 0.5)
    tx.respond(answer)
    dialog.last, dialog.last_status = packed(tx.last), 180
    board.keep(dialog)


def _repeat_until_prack(board: Board, call: Call, answer: Message, seconds: float) -> None:
    def again() -> None:
        if call.server and call.server.status < 200 and seconds < 16:
            call.server.resend()
            _repeat_until_prack(board, call, answer, seconds * 2)

    board.after(call, "prack", seconds, again)


def answer(board: Board, call: Call) -> None:
    """Send 200 with our SDP and let the sound flow."""
    tx, dialog = call.server, call.dialog
    if tx is None:
        return
    call.stop_timer("offered")
    call.stop_timer("prack")
    message = _dialog_answer(board, call, 200)
    try:
        remote = sdp.parse(tx.request.body) if tx.request.body else None
    except sdp.BadSdp:
        remote = None
    call.offered_by_us = remote is None
    message.add("content-type", "application/sdp")
    message.body = board.describe(call, remote=remote)
    session.answer_timer(board, call, message)
    dialog.state = "answered"
    tx.respond(message)
    dialog.last, dialog.last_status = packed(tx.last), 200
    board.keep(dialog)
    stream = board.streams.get(dialog.leg_id)
    if stream is not None:
        stream.last_in = board.timers.now()
        board.plane.add(stream)


def _dialog_answer(board: Board, call: Call, status: int) -> Message:
    tx = call.server
    assert tx is not None
    message = response(tx.request, status, tag=call.dialog.local_tag)
    message.add("contact", contact_line(board.transports, tx.flow)).add("allow", ALLOW).add("supported", "timer")
    return message


def refuse(board: Board, call: Call, status: int) -> None:
    """A final answer other than 200; the call is over."""
    if call.server:
        headers = (("retry-after", "30"),) if status == 503 else ()
        call.server.answer(status, tag=call.dialog.local_tag, headers=headers)
    board.forget(call)


def refuse_for(board: Board, call: Call, cause: RejectCause) -> None:
    """Refuse in the words of the port."""
    refuse(board, call, REFUSALS[cause])


def on_ack(board: Board, call: Call, message: Message) -> None:
    """The caller has our 200: the call stands."""
    dialog = call.dialog
    if dialog.state != "answered" or call.server is None or not call.server.acknowledges(message):
        return
    board.transactions.acknowledged(call.server)
    dialog.state = "confirmed"
    dialog.invite = dialog.last = ""
    if call.offered_by_us:
        try:
            board.set_remote(dialog, sdp.parse(message.body))
        except sdp.BadSdp as error:
            board.ended(call, "error", "engine", code=error.status, detail=str(error))
            board.bye(call)
            return
        call.offered_by_us = False
    if call.bye_wanted:
        board.bye(call)
        return
    board.keep(dialog)
    session.watch(board, call)
    reports.on_answered(board.core, dialog.leg_id)
    if dialog.sound.direction in ("sendonly", "inactive"):
        reports.on_held(board.core, dialog.leg_id, True)


def on_cancel(board: Board, tx: ServerTransaction) -> None:
    """The caller gave up before the answer."""
    call = next((c for c in board.calls.values() if c.server is tx), None)
    if call is None:
        tx.answer(487, tag=new_tag())
        return
    refuse(board, call, 487)
    board.ended(call, "cancelled", "far", code=487)
