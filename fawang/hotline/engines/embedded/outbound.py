"""Calls that go out: to seats, phones (all their contacts ring), trunks; redirected, challenged, cancelled, answered."""

from __future__ import annotations

import secrets
from contextlib import suppress

from fawang.hotline.engines import reports
from fawang.hotline.engines.commands import Originate, Trunk
from fawang.hotline.engines.embedded import session
from fawang.hotline.engines.embedded.board import Board, new_tag, packed
from fawang.hotline.engines.embedded.call import Call
from fawang.hotline.engines.embedded.dialog import Dialog, contact_line, request, via_line
from fawang.hotline.engines.embedded.sip import sdp
from fawang.hotline.engines.embedded.sip.digest import authorization
from fawang.hotline.engines.embedded.sip.grammar import BadSyntax, parse_address, quote, user_text
from fawang.hotline.engines.embedded.sip.judgement import ALLOW
from fawang.hotline.engines.embedded.sip.message import Message
from fawang.hotline.engines.embedded.sip.transport import Flow
from fawang.hotline.engines.embedded.trunks import Destination
from fawang.hotline.engines.events import EndCause
from fawang.hotline.engines.model import Leg

CAUSES: dict[int, EndCause] = {
    404: "not_found", 408: "no_answer", 410: "not_found", 480: "no_answer", 484: "not_found", 486: "busy", 487: "cancelled", 600: "busy", 603: "rejected",
    604: "not_found",
}  # fmt: skip
WEIGHT: dict[EndCause, int] = {"busy": 4, "rejected": 3, "no_answer": 2, "not_found": 1}


def cause_of(status: int) -> EndCause:
    """What a refusal means in the words of the port."""
    return CAUSES.get(status) or ("unreachable" if status >= 500 or status == 0 else "rejected")


def dial(board: Board, leg: Leg, order: Originate, destinations: list[Destination]) -> None:
    """Send an INVITE to every destination; the first answer wins."""
    first: Dialog | None = None
    for destination in destinations:
        dialog = _dialog(board, leg, order, destination)
        if first is None:
            first = dialog
            if board.open_stream(dialog) is None:
                board.timers.after(0, lambda: reports.on_ended(board.core, leg.leg_id, "error", "engine", code=503, detail="no RTP port"))
                return
        else:
            dialog.sound = first.sound
        call = Call(dialog)
        board.add(call)
        _invite(board, call, order, destination)
        watch(board, call)
    if first is not None:
        leg.call_ref = first.call_id
        leg.trunk = first.trunk
        board.core.keep(leg)


def _dialog(board: Board, leg: Leg, order: Originate, destination: Destination) -> Dialog:
    flow = destination.flow
    host = board.transports.own_host(flow.host)
    name = f"{quote(order.caller_name)} " if order.caller_name else ""
    dialog = Dialog(
        leg_id=leg.leg_id,
        role="uac",
        call_id=f"{secrets.token_hex(12)}@{host}",
        local_tag=new_tag(),
        local=f"{name}<sip:{user_text(order.caller_id)}@{host}>",
        remote=f"<{destination.uri}>",
        local_seq=secrets.randbits(16) + 1,
        target=destination.uri,
        trunk=destination.trunk,
        give_up_at=board.timers.now() + order.timeout_s,
    )
    dialog.heard_from(flow)
    return dialog


def _invite(board: Board, call: Call, order: Originate, destination: Destination) -> None:
    dialog = call.dialog
    message = Message(method="INVITE", uri=dialog.target, body=board.describe(call))
    message.headers = [("via", via_line(board.transports, destination.flow)), ("max-forwards", "70")]
    message.headers += [("route", route) for route in destination.routes]
    message.headers += [("from", f"{dialog.local};tag={dialog.local_tag}"), ("to", dialog.remote), ("call-id", dialog.call_id)]
    message.headers += [("cseq", f"{dialog.local_seq} INVITE"), ("contact", contact_line(board.transports, destination.flow)), ("allow", ALLOW)]
    session.offer_timer(board, message)
    message.headers += list(order.headers)
    message.add("content-type", "application/sdp")
    _send(board, call, message, destination.flow)


def _send(board: Board, call: Call, message: Message, flow: Flow, *, again: bool = False) -> None:
    call.dialog.invite = packed(message.encode())
    call.client = board.transactions.send_request(
        message, flow, lambda answer, source: on_response(board, call, answer, source), lambda: _failed(board, call, 408), again=again
    )
    board.keep(call.dialog)


def adopt(board: Board, call: Call, message: Message) -> None:
    """Go on with an INVITE of the process before: the same request again, so that the answer comes again."""
    _send(board, call, message, Flow(call.dialog.transport, call.dialog.host, call.dialog.port), again=True)
    leg = board.core.legs.get(call.dialog.leg_id)
    if call.client and leg and leg.state == "alerting":
        call.client.status = 180  # it has rung: a CANCEL needs no further sign
    watch(board, call)


def watch(board: Board, call: Call) -> None:
    """Nobody lets it ring for ever."""
    board.after(call, "ringing", max(0.0, call.dialog.give_up_at - board.timers.now()), lambda: _too_long(board, call))


def _too_long(board: Board, call: Call) -> None:
    for other in list(board.by_leg.get(call.dialog.leg_id, [])):
        cancel(board, other)
    board.ended(call, "no_answer", "far", code=408)


def cancel(board: Board, call: Call) -> None:
    """We do not want this call any more: CANCEL if the far side has said anything, else as soon as it does."""
    if call.over or call.dialog.state != "early":
        return
    call.cancelled = True
    call.stop_timers()
    tx = call.client
    board.core.spool.drop("dialog", call.dialog.key)
    if tx is None or tx.status < 100:
        board.after(call, "cancelled", 32.0, lambda: board.forget(call))
        return
    message = Message(method="CANCEL", uri=tx.request.uri)
    message.headers = [(name, value) for name, value in tx.request.headers if name in ("via", "from", "to", "call-id", "route", "max-forwards")]
    message.add("cseq", f"{tx.request.cseq[0]} CANCEL")
    board.transactions.send_request(message, tx.flow, lambda answer, source: None, lambda: None)
    board.after(call, "cancelled", 32.0, lambda: board.forget(call))


def on_response(board: Board, call: Call, answer: Message, source: Flow) -> None:
    """An answer to our INVITE."""
    if answer.status < 200:
        _provisional(board, call, answer)
    elif answer.status < 300:
        _answered(board, call, answer, source)
    elif call.cancelled:
        board.forget(call)
    elif (answer.status in (401, 407) and _authorize(board, call, answer)) or (answer.status == 422 and _longer(board, call, answer)):
        return
    else:
        _failed(board, call, answer.status)


def _provisional(board: Board, call: Call, answer: Message) -> None:
    if call.cancelled:
        call.cancelled = False
        cancel(board, call)
        return
    if answer.status == 100:
        return
    if "100rel" in answer.words("require") and answer.get("rseq").isdigit():
        _acknowledge_provisional(board, call, answer)
    if answer.status in (180, 181, 182, 183):
        reports.on_ringing(board.core, call.dialog.leg_id, early_media=bool(answer.body))


def _acknowledge_provisional(board: Board, call: Call, answer: Message) -> None:
    """PRACK (RFC 3262), once for each RSeq."""
    dialog, number = call.dialog, int(answer.get("rseq"))
    if number <= dialog.rseq or call.client is None:
        return
    dialog.rseq = number
    invite_seq = call.client.request.cseq[0]
    with suppress(BadSyntax):
        _learn(dialog, answer)
        message, flow = request(dialog, board.transports, "PRACK")
        message.add("rack", f"{number} {invite_seq} INVITE")
        board.ask(call, message, flow)


def _learn(dialog: Dialog, answer: Message) -> None:
    """The far side's tag, contact and route (in reverse) from an answer that makes a dialog."""
    dialog.remote_tag = answer.tag("to")
    dialog.routes = list(reversed(answer.all("record-route")))
    if contacts := answer.all("contact"):
        dialog.target = parse_address(contacts[0]).uri_text
    dialog.allows_update = "UPDATE" in {word.upper() for word in answer.words("allow")}


def _ack(board: Board, dialog: Dialog, seq: int) -> None:
    ack, flow = request(dialog, board.transports, "ACK", seq=seq)
    board.transports.send(flow, ack.encode())


def _answered(board: Board, call: Call, answer: Message, source: Flow) -> None:
    dialog, seq = call.dialog, answer.cseq[0]
    if dialog.state != "early":
        if answer.tag("to") == dialog.remote_tag:
            _ack(board, dialog, seq)  # its 200 came again: our ACK was lost
        else:
            _end_other(board, call, answer, seq)
        return
    dialog.heard_from(source)
    _learn(dialog, answer)
    dialog.invite = ""
    call.stop_timer("ringing")
    _ack(board, dialog, seq)
    leg = board.core.legs.get(dialog.leg_id)
    if call.cancelled or leg is None or leg.state == "answered":
        board.bye(call)
        return
    try:
        remote = sdp.parse(answer.body)
    except sdp.BadSdp as error:
        board.ended(call, "error", "engine", code=488, detail=str(error))
        board.bye(call)
        return
    dialog.state = "confirmed"
    board.set_remote(dialog, remote)
    stream = board.streams[dialog.leg_id]
    stream.last_in = board.timers.now()
    board.plane.add(stream)
    session.take_answer(board, call, answer)
    board.keep(dialog)
    for other in list(board.by_leg.get(dialog.leg_id, [])):
        if other is not call:
            cancel(board, other)
    by_leg = board.by_leg[dialog.leg_id]
    by_leg.remove(call)
    by_leg.insert(0, call)
    reports.on_answered(board.core, dialog.leg_id)
    if remote.holds:
        reports.on_held(board.core, dialog.leg_id, True)


def _end_other(board: Board, call: Call, answer: Message, seq: int) -> None:
    """A proxy forked our call and a second phone answered: thank and end it."""
    dialog = call.dialog
    other = Dialog(dialog.leg_id, "uac", dialog.call_id, dialog.local_tag, dialog.local, dialog.remote, local_seq=seq)
    other.transport, other.host, other.port = dialog.transport, dialog.host, dialog.port
    with suppress(BadSyntax):
        _learn(other, answer)
        _ack(board, other, seq)
        message, flow = request(other, board.transports, "BYE")
        board.transactions.send_request(message, flow, lambda a, f: None, lambda: None)


def on_stray(board: Board, call: Call, answer: Message) -> None:
    """A 2xx whose transaction is over: the ACK was lost."""
    if answer.tag("to") == call.dialog.remote_tag and call.dialog.state in ("confirmed", "ending"):
        _ack(board, call.dialog, answer.cseq[0])


def _authorize(board: Board, call: Call, answer: Message) -> bool:
    trunk: Trunk | None = board.trunks.by_name(call.dialog.trunk)
    if trunk is None or not trunk.user or call.authorized or call.client is None:
        return False
    asked, given = ("www-authenticate", "authorization") if answer.status == 401 else ("proxy-authenticate", "proxy-authorization")
    for challenge in answer.raw(asked):
        if proof := authorization(challenge, "INVITE", call.client.request.uri, trunk.user, trunk.secret):
            call.authorized = True
            _again(board, call, [(given, proof)])
            return True
    return False


def _longer(board: Board, call: Call, answer: Message) -> bool:
    """422: the far side wants a longer session timer; ask once more with that."""
    least = answer.get("min-se")
    if call.authorized or not least.isdigit() or len(least) > 6 or call.client is None:
        return False
    call.authorized = True
    _again(board, call, [("session-expires", f"{least};refresher=uac"), ("min-se", least)])
    return True


def _again(board: Board, call: Call, fields: list[tuple[str, str]]) -> None:
    """The same INVITE with other fields, a new number and branch."""
    tx = call.client
    assert tx is not None
    call.dialog.local_seq += 1
    message = Message(method="INVITE", uri=tx.request.uri, body=tx.request.body)
    changed = {name for name, _ in fields} | {"via", "cseq"}
    message.headers = [("via", via_line(board.transports, tx.flow))]
    message.headers += [(name, value) for name, value in tx.request.headers if name not in changed]
    message.headers += [("cseq", f"{call.dialog.local_seq} INVITE"), *fields]
    _send(board, call, message, tx.flow)


def _failed(board: Board, call: Call, status: int) -> None:
    """This destination does not take the call; the leg ends when none does, with the most telling reason."""
    leg_id = call.dialog.leg_id
    leg = board.core.legs.get(leg_id)
    others = [c for c in board.by_leg.get(leg_id, []) if c is not call and not c.cancelled]
    board.forget(call)
    if leg is None or call.cancelled:
        return
    cause = cause_of(0 if status == 408 and call.client and call.client.status == 0 else status)
    worst = max(board.refusals.pop(leg_id, (0, cause, status)), (WEIGHT.get(cause, 0), cause, status))
    if others:
        board.refusals[leg_id] = worst
        return
    reports.on_ended(board.core, leg_id, worst[1], "far", code=worst[2])
    board.end_stream(leg_id)
