"""Session timers (RFC 4028): a call whose far side vanished without a word does not live for ever."""

from __future__ import annotations

from fawang.hotline.engines.embedded.board import Board
from fawang.hotline.engines.embedded.call import Call
from fawang.hotline.engines.embedded.dialog import Dialog, request
from fawang.hotline.engines.embedded.sip.grammar import BadSyntax, parse_params
from fawang.hotline.engines.embedded.sip.message import Message

LEAST_S = 90
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
    """Start the timer anew: half-way we refresh, or near the end we give the far side up."""
    dialog = call.dialog
    call.stop_timer("session")
    if not dialog.session_s:
        return
    if dialog.refresher == "us":
        board.after(call, "session", dialog.session_s / 2, lambda: refresh(board, call))
    else:
        board.after(call, "session", dialog.session_s - min(32, dialog.session_s / 3), lambda: _expired(board, call))


def refresh(board: Board, call: Call) -> None:
    """Ask whether the far side is still there: UPDATE if it knows that, else INVITE with the same description."""
    dialog = call.dialog
    if dialog.state != "confirmed":
        return
    method = "UPDATE" if dialog.allows_update else "INVITE"
    message, flow = request(dialog, board.transports, method, body=b"" if method == "UPDATE" else board.describe(call))
    message.add("supported", "timer").add("session-expires", f"{dialog.session_s};refresher=uac").add("min-se", str(LEAST_S))
    seq = dialog.local_seq

    def answered(answer: Message) -> None:
        if method == "INVITE" and answer.status < 300:
            ack, to = request(dialog, board.transports, "ACK", seq=seq)
            board.transports.send(to, ack.encode())
        if answer.status < 300:
            take_answer(board, call, answer)
        else:
            watch(board, call)

    board.ask(call, message, flow, answered, lambda: _expired(board, call))


def _expired(board: Board, call: Call) -> None:
    board.ended(call, "session_expired", "engine")
    board.bye(call, reason='SIP;cause=408;text="Session timer"')
