"""Whether a message is in order, and what answer one that is not deserves. Held against the catalogue of RFC 4475 in the tests."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fawang.hotline.engines.embedded.sip.grammar import WORD, BadSyntax, parse_address, parse_uri, parse_via, scheme_of
from fawang.hotline.engines.embedded.sip.message import Message

METHODS = ("INVITE", "ACK", "CANCEL", "BYE", "OPTIONS", "REGISTER", "REFER", "NOTIFY", "UPDATE", "INFO", "PRACK")
ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, REFER, NOTIFY, UPDATE, INFO, PRACK"
KNOWN_ELSEWHERE = ("SUBSCRIBE", "PUBLISH", "MESSAGE")
EXTENSIONS = {"timer", "100rel"}
ONCE = ("from", "to", "call-id", "cseq", "max-forwards", "content-length", "content-type", "expires", "min-se", "session-expires", "rseq", "rack")
NEEDED = ("from", "to", "call-id", "cseq")
_CSEQ = re.compile(rf"(\d{{1,10}})[ \t]+({WORD})")
_SDP = "application/sdp"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer a bad request gets."""

    status: int
    why: str
    headers: tuple[tuple[str, str], ...] = ()


def answerable(message: Message) -> bool:
    """Whether an answer could reach its sender and be understood: a topmost Via of which something can be made."""
    try:
        message.loose_via()
    except BadSyntax:
        return False
    return True


def judge(message: Message) -> Verdict | None:
    """``None`` for a request in order, else the answer it gets. Of responses see :func:`sound_response`."""
    if message.version != "2.0":
        return Verdict(505, "version")
    if message.faults:
        return Verdict(413 if "body too large" in message.faults else 400, message.faults[0])
    try:
        _fields(message)
    except BadSyntax as error:
        return Verdict(400, str(error))
    if message.method not in METHODS:
        return Verdict(405, "method", (("allow", ALLOW),)) if message.method in KNOWN_ELSEWHERE else Verdict(501, "method", (("allow", ALLOW),))
    if message.cseq[1] != message.method:
        return Verdict(400, "CSeq method")
    return _request_uri(message) or _extensions(message) or _content(message)


def sound_response(message: Message) -> bool:
    """Whether a response can be used at all."""
    if message.faults:
        return False
    try:
        _fields(message)
    except BadSyntax:
        return False
    return True


def _fields(message: Message) -> None:
    names = [name for name, _ in message.headers]
    for name in NEEDED:
        if name not in names:
            raise BadSyntax(f"no {name}")
    for name in ONCE:
        if names.count(name) > 1:
            raise BadSyntax(f"two {name}")
    found = _CSEQ.fullmatch(message.get("cseq"))
    if not found or int(found[1]) >= 2**31:
        raise BadSyntax("CSeq")
    if not re.fullmatch(r"[^\s]{1,512}", message.call_id):
        raise BadSyntax("Call-ID")
    _number(message, "max-forwards", 255)
    _number(message, "expires", 2**32 - 1)
    for via in message.all("via"):
        parse_via(via)
    for name in ("from", "to"):
        parse_address(message.get(name))
    for name in ("contact", "route", "record-route", "refer-to", "referred-by", "p-asserted-identity"):
        for value in message.all(name):
            if not (name == "contact" and value == "*"):
                _number_text(parse_address(value).params.get("expires"), "expires", 2**32 - 1)


def _number(message: Message, name: str, most: int) -> None:
    value = message.get(name)
    _number_text(value or None, name, most)


def _number_text(value: str | None, name: str, most: int) -> None:
    if value is not None and (not value.isascii() or not value.isdigit() or len(value) > 12 or int(value) > most):
        raise BadSyntax(name)


def _request_uri(message: Message) -> Verdict | None:
    try:
        if scheme_of(message.uri) not in ("sip", "sips", "tel"):
            return Verdict(416, "scheme")
        uri = parse_uri(message.uri)
    except BadSyntax as error:
        return Verdict(400, str(error))
    if uri.headers:
        return Verdict(400, "headers in Request-URI")
    if message.method == "REGISTER":
        try:
            parse_uri(parse_address(message.get("to")).uri_text)
        except BadSyntax:
            return Verdict(400, "To of REGISTER")
    return None


def _extensions(message: Message) -> Verdict | None:
    if message.method in ("ACK", "CANCEL"):
        return None
    wanted = message.words("require") | message.words("proxy-require")
    unknown = sorted(wanted - EXTENSIONS)
    return Verdict(420, "extension", (("unsupported", ", ".join(unknown)),)) if unknown else None


def _content(message: Message) -> Verdict | None:
    if message.method not in ("INVITE", "UPDATE", "PRACK"):
        return None
    kind = message.get("content-type").partition(";")[0].strip().lower()
    encoding = message.get("content-encoding").strip().lower()
    if message.body and (kind != _SDP or encoding not in ("", "identity")):
        return Verdict(415, "content", (("accept", _SDP),))
    accepted = {value.partition(";")[0].strip().lower() for value in message.all("accept")}
    if message.method == "INVITE" and message.raw("accept") and not accepted & {_SDP, "application/*", "*/*"}:
        return Verdict(406, "accept", (("accept", _SDP),))
    return None
