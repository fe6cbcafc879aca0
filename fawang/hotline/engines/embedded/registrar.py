"""Desk phones: registrations with digest, kept over restarts, several contacts an account."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from fawang.hotline.engines import events as ev
from fawang.hotline.engines.embedded.sip.grammar import Address, BadSyntax, parse_address, parse_uri
from fawang.hotline.engines.embedded.sip.message import response
from fawang.hotline.engines.embedded.sip.transactions import ServerTransaction
from fawang.hotline.engines.embedded.sip.transport import Flow
from fawang.hotline.engines.port import PhoneView
from fawang.kernel import clock

if TYPE_CHECKING:
    from fawang.hotline.engines.embedded.access import Access
    from fawang.hotline.engines.embedded.board import Board

LEAST_S, USUAL_S, MOST_S = 60, 3600, 7200
MOST_CONTACTS = 5


@dataclass(slots=True)
class Contact:
    """Where a phone is; ``until`` is monotonic."""

    account: str
    uri: str
    transport: str
    host: str
    port: int
    connection: int
    call_id: str
    cseq: int
    until: float

    @property
    def key(self) -> str:
        """What names it in the spool."""
        return f"{self.account} {self.uri}"

    def flow(self) -> Flow:
        """Where it was heard from: behind a translation of addresses the only way to it."""
        return Flow(self.transport, self.host, self.port, self.connection)


class Registrar:
    """All contacts."""

    def __init__(self, board: Board, access: Access) -> None:
        self.board = board
        self.access = access
        self.contacts: dict[str, list[Contact]] = {}
        for _, kept in board.core.spool.all("contact"):
            contact = Contact(**{**kept, "connection": 0})
            self.contacts.setdefault(contact.account, []).append(contact)

    def of(self, account: str) -> list[Contact]:
        """Where an account can be reached now."""
        now = self.board.timers.now()
        return [c for c in self.contacts.get(account, []) if c.until > now]

    def on_register(self, tx: ServerTransaction) -> None:
        """A REGISTER: prove who you are, then say where."""
        try:
            account = parse_uri(parse_address(tx.request.get("to")).uri_text).plain_user
        except BadSyntax:
            tx.answer(400, tag="fawang")
            return
        if not self.access.authenticated(tx, account):
            return
        if account not in self.access.phones:
            tx.answer(404, tag="fawang")
            return
        values = tx.request.all("contact")
        if values == ["*"]:
            self._clear(tx, account)
        else:
            self._update(tx, account, [parse_address(value) for value in values if value != "*"])

    def _clear(self, tx: ServerTransaction, account: str) -> None:
        if tx.request.get("expires").strip() != "0":
            tx.answer(400, tag="fawang")
            return
        for contact in list(self.contacts.get(account, [])):
            self._remove(contact)
        self._answer(tx, account)

    def _update(self, tx: ServerTransaction, account: str, addresses: list[Address]) -> None:
        wanted = [(a, self._seconds(tx, a)) for a in addresses]
        if any(0 < seconds < LEAST_S for _, seconds in wanted):
            tx.answer(423, tag="fawang", headers=(("min-expires", str(LEAST_S)),))
            return
        known = {c.uri: c for c in self.contacts.get(account, [])}
        number, call_id = tx.request.cseq[0], tx.request.call_id
        if any((old := known.get(a.uri_text)) and old.call_id == call_id and number <= old.cseq for a, _ in wanted):
            tx.answer(500, tag="fawang")
            return
        for address, seconds in wanted:
            old = known.get(address.uri_text)
            if seconds == 0:
                if old:
                    self._remove(old)
                continue
            flow, until = tx.flow, self.board.timers.now() + seconds
            self._set(Contact(account, address.uri_text, flow.transport, flow.host, flow.port, flow.connection, call_id, number, until), old)
        self._answer(tx, account)

    def _seconds(self, tx: ServerTransaction, address: Address) -> int:
        text = address.params.get("expires") or tx.request.get("expires")
        return min(int(text), MOST_S) if text.strip().isdigit() else USUAL_S

    def _set(self, contact: Contact, old: Contact | None) -> None:
        mine = self.contacts.setdefault(contact.account, [])
        if old:
            mine.remove(old)
        while len(mine) >= MOST_CONTACTS:
            self._remove(min(mine, key=lambda c: c.until))
            mine = self.contacts.setdefault(contact.account, [])
        mine.append(contact)
        self.board.core.spool.put("contact", contact.key, asdict(contact))
        if old is None or old.until <= self.board.timers.now() or (old.host, old.port) != (contact.host, contact.port):
            self.board.core.tell(ev.PhoneRegistered, account=contact.account, contact=contact.uri, until=self._text(contact))

    def _remove(self, contact: Contact) -> None:
        mine = self.contacts.get(contact.account, [])
        mine.remove(contact)
        self.board.core.spool.drop("contact", contact.key)
        if not mine:
            self.contacts.pop(contact.account, None)
            self.board.core.tell(ev.PhoneGone, account=contact.account)

    def _answer(self, tx: ServerTransaction, account: str) -> None:
        answer = response(tx.request, 200, tag="fawang")
        now = self.board.timers.now()
        for contact in self.of(account):
            answer.add("contact", f"<{contact.uri}>;expires={int(contact.until - now)}")
        answer.add("date", clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT"))
        tx.respond(answer)

    def sweep(self) -> None:
        """Let run out what has run out, and what belongs to accounts that are no more."""
        now = self.board.timers.now()
        for contact in [c for mine in self.contacts.values() for c in mine]:
            if contact.until <= now or contact.account not in self.access.phones:
                self._remove(contact)

    def _text(self, contact: Contact) -> str:
        until = clock.now() + timedelta(seconds=contact.until - self.board.timers.now())
        return until.isoformat(timespec="seconds").replace("+00:00", "Z")

    def views(self) -> tuple[PhoneView, ...]:
        """For the snapshot."""
        return tuple(PhoneView(account=c.account, contact=c.uri, until=self._text(c)) for account in self.contacts for c in self.of(account))
