"""A SIP message: taken apart without trust, put together without surprise.

Parsing is forgiving and keeps ``faults``; whether a request deserves an answer, and which, is decided in ``judgement``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from fawang.hotline.engines.embedded.sip.grammar import WORD, Address, BadSyntax, Via, loose_via, parse_address, parse_via, split_list

MOST_HEAD = 24_576
MOST_LINES = 200
MOST_BODY = 32_768
COMPACT = {
    "i": "call-id", "m": "contact", "e": "content-encoding", "l": "content-length", "c": "content-type", "f": "from", "s": "subject", "k": "supported",
    "t": "to", "v": "via", "r": "refer-to", "b": "referred-by", "o": "event", "u": "allow-events", "x": "session-expires", "a": "accept-contact",
    "j": "reject-contact", "d": "request-disposition", "n": "identity-info", "y": "identity",
}  # fmt: skip
NICE = {"call-id": "Call-ID", "cseq": "CSeq", "www-authenticate": "WWW-Authenticate", "rseq": "RSeq", "rack": "RAck", "min-se": "Min-SE"}
_REQUEST = re.compile(rf"({WORD}) ([^ \t]+) SIP/(\d{{1,3}}\.\d{{1,3}})")
_LOOSE = re.compile(rf"({WORD})[ \t]+(.*?)[ \t]+SIP/(\d{{1,3}}\.\d{{1,3}})[ \t]*", re.IGNORECASE)
_STATUS = re.compile(r"SIP/2\.0 (\d{3})(?: (.*))?", re.IGNORECASE)
LWS = " \t"
_FIELD = re.compile(rf"({WORD})[ \t]*:[ \t]*(.*)")


@dataclass(slots=True)
class Message:
    """A request (``method`` set) or a response (``status`` set). Header names are long and in lower case, in the order they came."""

    method: str = ""
    uri: str = ""
    status: int = 0
    reason: str = ""
    version: str = "2.0"
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    faults: list[str] = field(default_factory=list)

    @property
    def is_request(self) -> bool:
        """Whether it asks."""
        return not self.status

    def get(self, name: str, default: str = "") -> str:
        """The first value of a header field."""
        return next((value for key, value in self.headers if key == name), default)

    def all(self, name: str) -> list[str]:
        """All values of a list-like header field, taken apart at commas."""
        return [piece for key, value in self.headers if key == name for piece in split_list(value) if piece]

    def raw(self, name: str) -> list[str]:
        """All lines of a header field as they are."""
        return [value for key, value in self.headers if key == name]

    def add(self, name: str, value: str) -> Message:
        """Append a header field; returns the message."""
        self.headers.append((name.lower(), value))
        return self

    def words(self, name: str) -> set[str]:
        """Option tags and the like, in lower case."""
        return {value.lower() for value in self.all(name)}

    @property
    def call_id(self) -> str:
        """The Call-ID."""
        return self.get("call-id")

    @property
    def cseq(self) -> tuple[int, str]:
        """Number and method; (-1, "") if badly written."""
        number, _, method = self.get("cseq").replace("\t", " ").partition(" ")
        if not number.isascii() or not number.isdigit() or len(number) > 12:
            return -1, ""
        return int(number), method.strip()

    def address(self, name: str) -> Address:
        """From, To, Contact … parsed; raises :class:`BadSyntax`."""
        value = self.get(name)
        if name == "contact":
            value = split_list(value)[0]
        return parse_address(value)

    def tag(self, name: str) -> str:
        """The tag of From or To, empty if none can be read."""
        try:
            return self.address(name).tag
        except BadSyntax:
            return ""

    def via(self) -> Via:
        """The topmost Via; raises :class:`BadSyntax`."""
        values = self.all("via")
        if not values:
            raise BadSyntax("no Via")
        return parse_via(values[0])

    def loose_via(self) -> Via:
        """The topmost Via as far as it can be read; raises :class:`BadSyntax` if nothing can be made of it."""
        values = self.all("via")
        if not values:
            raise BadSyntax("no Via")
        return loose_via(values[0])

    def encode(self) -> bytes:
        """The bytes for the wire; Content-Length is written here. No value can break out of its line."""
        start = f"{self.method} {self.uri} SIP/2.0" if self.is_request else f"SIP/2.0 {self.status} {self.reason}"
        lines = [_one_line(start)]
        lines += [f"{NICE.get(name) or name.title()}: {_one_line(value)}" for name, value in self.headers if name != "content-length"]
        lines.append(f"Content-Length: {len(self.body)}\r\n\r\n")
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + self.body


def _one_line(text: str) -> str:
    return text if text.isprintable() else "".join(ch if ch >= " " and ch != "\x7f" else " " for ch in text)


def parse(data: bytes, *, stream: bool = False) -> Message | None:
    """A message from a datagram (or, framed already, from a stream). ``None`` = nothing that could be answered."""
    data = data.lstrip(b"\r\n")
    head, blank, body = data.partition(b"\r\n\r\n")
    if not head or len(head) > MOST_HEAD:
        return None
    lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    message = _start(lines[0])
    if message is None:
        return None
    if not blank:
        message.faults.append("no end of header")
    if len(lines) > MOST_LINES:
        message.faults.append("too many lines")
    _fields(message, lines[1:MOST_LINES])
    _length(message, body)
    if len(message.body) > MOST_BODY:
        message.faults.append("body too large")
        message.body = b""
    return message


def _start(line: str) -> Message | None:
    if found := _STATUS.fullmatch(line):
        return Message(status=int(found[1]), reason=found[2] or "") if 100 <= int(found[1]) <= 699 else None
    if found := _REQUEST.fullmatch(line):
        return Message(method=found[1], uri=found[2], version=found[3])
    if found := _LOOSE.fullmatch(line):
        return Message(method=found[1], uri=found[2], version=found[3], faults=["request line"])
    return None


def _fields(message: Message, lines: list[str]) -> None:
    for line in lines:
        if line[:1] in (" ", "\t"):
            if not message.headers:
                message.faults.append("continuation without field")
                continue
            name, value = message.headers[-1]
            message.headers[-1] = (name, f"{value} {line.strip(LWS)}".strip(" "))
            continue
        found = _FIELD.fullmatch(line)
        if not found:
            message.faults.append("header field")
            continue
        if any(ch in line for ch in "\r\n\0"):
            message.faults.append("control character")
        name = found[1].lower()
        message.headers.append((COMPACT.get(name, name), found[2].rstrip(LWS)))


def _length(message: Message, body: bytes) -> None:
    lengths = message.raw("content-length")
    if not lengths:
        message.body = body
        return
    if len(lengths) > 1:
        message.faults.append("two Content-Length")
    text = lengths[0]
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        message.faults.append("Content-Length")
    elif int(text) > len(body):
        message.faults.append("body shorter than Content-Length")
    else:
        message.body = body[: int(text)]


def response(request: Message, status: int, reason: str = "", *, tag: str = "") -> Message:
    """An answer with the fields that must be copied; ``tag`` is added to To unless it has one."""
    answer = Message(status=status, reason=reason or REASONS.get(status, ""))
    for name in ("via", "from", "to", "call-id", "cseq"):
        for value in request.raw(name):
            if name == "to" and tag and not re.search(r";[ \t]*tag[ \t]*=", value.rpartition(">")[2] or value, re.IGNORECASE):
                value = f"{value};tag={tag}"
            answer.headers.append((name, value))
    if 100 < status < 300:
        answer.headers += [("record-route", value) for value in request.raw("record-route")]
    return answer


REASONS = {
    100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 183: "Session Progress", 200: "OK", 202: "Accepted", 400: "Bad Request",
    401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 406: "Not Acceptable", 408: "Request Timeout",
    413: "Request Entity Too Large", 415: "Unsupported Media Type", 416: "Unsupported URI Scheme", 420: "Bad Extension", 422: "Session Interval Too Small",
    423: "Interval Too Brief", 480: "Temporarily Unavailable", 481: "Call/Transaction Does Not Exist", 482: "Loop Detected", 486: "Busy Here",
    487: "Request Terminated", 488: "Not Acceptable Here", 489: "Bad Event", 491: "Request Pending", 500: "Server Internal Error", 501: "Not Implemented",
    503: "Service Unavailable", 505: "Version Not Supported", 600: "Busy Everywhere", 603: "Decline",
}  # fmt: skip
