"""Who may call in: a trunk by its address, a desk phone by digest, others by their network. Nothing else reaches the room."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fawang.hotline.engines.commands import Phone
from fawang.hotline.engines.embedded.settings import networks
from fawang.hotline.engines.embedded.sip.digest import Guard, credentials
from fawang.hotline.engines.embedded.sip.grammar import BadSyntax, parse_address, parse_uri
from fawang.hotline.engines.embedded.sip.transactions import ServerTransaction

if TYPE_CHECKING:
    from fawang.hotline.engines.embedded.board import Board


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a call is from."""

    trunk: str = ""
    account: str = ""


class Access:
    """Decides about requests outside dialogs."""

    def __init__(self, board: Board) -> None:
        self.board = board
        self.digest = Guard(board.settings.realm, board.timers.now())
        self._accept = networks(board.settings.accept_from)
        self._trunks: list[tuple[str, list[ipaddress.IPv4Network | ipaddress.IPv6Network]]] = []
        self.phones: dict[str, Phone] = {}

    def configure(self) -> None:
        """New phones, trunks and networks have been set on the board."""
        order = self.board.configuration
        self.phones = {phone.account: phone for phone in order.phones}
        self._trunks = [(trunk.name, networks(trunk.sources)) for trunk in order.trunks]
        self._accept = networks(order.accept_from or self.board.settings.accept_from)

    def origin(self, tx: ServerTransaction) -> Origin | None:
        """Where a new call is from; ``None``: it has been answered (401, 403) here."""
        account = self._claimed(tx)
        if account:
            return Origin(account=account) if self.authenticated(tx, account) else None
        source = ipaddress.ip_address(tx.flow.host)
        for name, sources in self._trunks:
            if any(source in network for network in sources):
                return Origin(trunk=name)
        if any(source in network for network in self._accept):
            return Origin()
        self.board.transactions.guard.fault(tx.flow.host, self.board.timers.now())
        tx.answer(403, tag="fawang")
        return None

    def _claimed(self, tx: ServerTransaction) -> str:
        """The desk phone account a caller says to be, if there is one of that name."""
        try:
            user = parse_uri(parse_address(tx.request.get("from")).uri_text).plain_user
        except BadSyntax:
            return ""
        return user if user in self.phones else ""

    def authenticated(self, tx: ServerTransaction, account: str) -> bool:
        """Whether the request proves to be of the account; if not it is answered (401)."""
        phone, now = self.phones.get(account), self.board.timers.now()
        keys = {"MD5": phone.ha1_md5, "SHA-256": phone.ha1_sha256} if phone else {}
        given = [c for value in tx.request.raw("authorization") if (c := credentials(value)) and c.get("realm") == self.digest.realm]
        verdict = (
            self.digest.check(tx.request.method, given[0], keys, now) if given and given[0].get("username") == account else "none" if not given else "wrong"
        )
        if verdict == "ok":
            return True
        if verdict == "wrong":
            self.board.transactions.guard.fault(tx.flow.host, now, 3.0)
        tx.answer(401, tag="fawang", headers=tuple(self.digest.challenges(now, stale=verdict == "stale")))
        return False
