"""Who takes what the transactions bring: decides between new calls, running calls and the rest."""

from __future__ import annotations

from fawang.hotline.engines.embedded import change, inbound, inside, outbound
from fawang.hotline.engines.embedded.access import Access
from fawang.hotline.engines.embedded.board import Board, new_tag
from fawang.hotline.engines.embedded.sip.judgement import ALLOW
from fawang.hotline.engines.embedded.sip.message import Message
from fawang.hotline.engines.embedded.sip.transactions import ServerTransaction
from fawang.hotline.engines.embedded.sip.transport import Flow


class Operator:
    """See ``transactions.TransactionUser``."""

    def __init__(self, board: Board, access: Access) -> None:
        self.board = board
        self.access = access

    def on_request(self, tx: ServerTransaction) -> None:
        """A sound new request."""
        if tx.method == "REGISTER":
            self.board.registrar.on_register(tx)
        elif tx.request.tag("to"):
            call = self.board.find(tx.request)
            if call is None or call.dialog.state == "ending":
                tx.answer(481 if call is None or tx.method != "BYE" else 200)
            else:
                inside.on_request(self.board, call, tx)
        elif tx.method == "INVITE":
            origin = self.access.origin(tx)
            if origin is not None:
                inbound.on_invite(self.board, tx, origin)
        elif tx.method == "OPTIONS":
            status = 503 if self.board.core.draining else 200
            tx.answer(status, tag=new_tag(), headers=(("allow", ALLOW), ("accept", "application/sdp"), ("supported", "timer")))
        else:
            tx.answer(481 if tx.method != "REFER" else 603, tag=new_tag())

    def on_ack(self, message: Message, flow: Flow) -> None:
        """An ACK for a 2xx of ours."""
        call = self.board.find(message)
        if call is None:
            return
        if call.dialog.state == "answered":
            inbound.on_ack(self.board, call, message)
        else:
            change.on_ack(self.board, call, message)

    def on_cancel(self, tx: ServerTransaction) -> None:
        """A caller gave up."""
        inbound.on_cancel(self.board, tx)

    def on_stray_response(self, message: Message, flow: Flow) -> None:
        """A 2xx whose transaction is over."""
        call = self.board.find(message)
        if call is not None:
            outbound.on_stray(self.board, call, message)
