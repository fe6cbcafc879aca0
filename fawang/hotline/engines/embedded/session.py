"""Session timers (RFC 4028): a call whose far side vanished without a word does not live for ever."""

from __future__ import annotations

import re
import secrets

from fawang.hotline.engines.embedded.board import Board
from fawang.hotline.engines.embedded.call import Call
from fawang.hotline.engines.embedded.dialog import Dialog, request
from fawang.hotline.engines.embedded.sip.grammar import BadSyntax, parse_address, parse_params
from fawang.hotline.engines.embedded.sip.message import Message

LEAST_S = 90
LOOK_AGAIN_S = 1.0
Refusal = tuple[int, tuple[tuple[str, str], ...]]


def _asked(message: Message) -> tuple[int, str]:
    """Seconds and refresher of Session-Expires; (0, "") if there is none that can be read."""
    seconds, semicolon, params = message.get("session-expires").partition(";")
    seconds = seconds.strip()
    if not seconds.isascii() or not seconds.isdigit() or len(seconds) > 9:
        return 0, ""
    try:
        return int(seconds), parse_params(semicolon + params).get("refresher", "").lower()
    except BadSyntax:
        return int(seconds), ""


def refuses(message: Message) -> Refusal | None:
    """422 for an interval so short that refreshing would be a flood."""
    seconds, _ = _asked(message)
    return (422, (("min-se", str(LEAST_S)),)) if 0 < seconds < LEAST_S and "timer" in message.words("supported") else None


def take_inbound(board: Board, dialog: Dialog, message: Message) -> None:
    """What the caller wants, or (if it knows the extension) what we want."""
    seconds, refresher = _asked(message)
    knows = "timer" in message.words("supported")
    if not knows or (not seconds and not board.settings.session_s):
        dialog.session_s, dialog.refresher = 0, ""
        return
    least = int(message.get("min-se") or 0) if message.get("min-se").isdigit() else 0
    dialog.session_s = max(seconds or board.settings.session_s, least)
    dialog.refresher = "us" if refresher == "uas" else "them"


def answer_timer(board: Board, call: Call, message: Message) -> None:
    """Write the agreed timer into our 2xx."""
    dialog = call.dialog
    if dialog.session_s:
        who = "uas" if dialog.refresher == "us" else "uac"
        message.add("session-expires", f"{dialog.session_s};refresher={who}").add("require", "timer")


def offer_timer(board: Board, message: Message) -> None:
    """Ask for a timer in our INVITE or UPDATE."""
    message.add("supported", "timer")
    if board.settings.session_s:
        message.add("session-expires", f"{board.settings.session_s};refresher=uac").add("min-se", str(LEAST_S))


def take_answer(board: Board, call: Call, message: Message) -> None:
    """The timer as the far side's 2xx to our request says."""
    seconds, refresher = _asked(message)
    call.dialog.session_s = seconds
    call.dialog.refresher = "" if not seconds else ("them" if refresher == "uas" else "us")
    watch(board, call)


def watch(board: Board, call: Call) -> None:
    """Start the timer anew: half-way we refresh, if that is our part; near the end a call nobody refreshed is given up."""
    dialog = call.dialog
    call.stop_timer("session")
    call.stop_timer("session end")
    if not dialog.session_s:
        return
    if dialog.refresher == "us":
        board.after(call, "session", dialog.session_s / 2, lambda: refresh(board, call))
    board.after(call, "session end", dialog.session_s - min(32, dialog.session_s / 3), lambda: _expired(board, call))


def refresh(board: Board, call: Call) -> None:
    """Ask whether the far side is still there: UPDATE if it knows that, else INVITE with the same description."""
    dialog = call.dialog
    if dialog.state != "confirmed":
        return
    method = "UPDATE" if dialog.allows_update else "INVITE"
    if method == "INVITE" and (call.unacknowledged or call.changing is not None):  # RFC 3261 §14.1: not while another is under way, theirs or ours
        board.after(call, "session", LOOK_AGAIN_S, lambda: refresh(board, call))
        return
    if method == "INVITE":
        dialog.sound.version += 1
    message, flow = request(dialog, board.transports, method, body=b"" if method == "UPDATE" else board.describe(call, as_before=True))
    message.add("supported", "timer").add("session-expires", f"{dialog.session_s};refresher=uac").add("min-se", str(LEAST_S))
    tx = board.ask(call, message, flow, lambda answer: _refreshed(board, call, message, answer), lambda: _unanswered(board, call))
    call.changing = tx if method == "INVITE" else None


def _refreshed(board: Board, call: Call, message: Message, answer: Message) -> None:
    dialog, first = call.dialog, call.changing is not None and call.changing.request is message
    if first:
        call.changing = None
    if message.method == "INVITE" and answer.status < 300:
        ack, to = request(dialog, board.transports, "ACK", seq=message.cseq[0])
        board.transports.send(to, ack.encode())
        if not first:
            return  # its 200 came again: our ACK was lost
    if call.over or dialog.state != "confirmed":
        return
    if answer.status < 300:
        if contacts := answer.all("contact"):
            dialog.target = parse_address(contacts[0]).uri_text  # a target refresh (RFC 3261 §12.2.1.2)
        if message.method == "INVITE":
            board.take_description(dialog, answer)
        take_answer(board, call, answer)
        board.keep(dialog)
    elif wait := _asked_to_wait(dialog, answer):
        board.after(call, "session", wait, lambda: refresh(board, call))
    else:
        watch(board, call)  # a refusal is a sign of life, too


def _asked_to_wait(dialog: Dialog, answer: Message) -> float:
    """Seconds until the same may be tried again, 0 if it was refused for good: theirs met ours (RFC 3261 §14.1), or it came too early for them (§14.2)."""
    if answer.status == 491:
        return 2.1 + secrets.randbelow(191) / 100 if dialog.role == "uac" else 0.01 + secrets.randbelow(200) / 100
    seconds = re.match(r"\d{1,4}", answer.get("retry-after")) if answer.status == 500 else None
    return int(seconds[0]) + 0.01 if seconds else 0.0


def _unanswered(board: Board, call: Call) -> None:
    call.changing = None
    if not call.over and call.dialog.state == "confirmed":
        _expired(board, call)


def _expired(board: Board, call: Call) -> None:
    board.ended(call, "session_expired", "engine")
    board.bye(call, reason='SIP;cause=408;text="Session timer"')
