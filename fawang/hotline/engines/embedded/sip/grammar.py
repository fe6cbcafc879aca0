"""The small grammars inside header fields: URIs, name-addr, parameters, Via, lists. Strict: what is not well formed raises :class:`BadSyntax`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from urllib.parse import unquote_to_bytes

WORD = r"[A-Za-z0-9\-.!%*_+`'~]+"
_TOKEN = re.compile(WORD)
_ESCAPES = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*")
_USER = re.compile(r"[A-Za-z0-9\-_.!~*'()%&=+$,;?/:]+")
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9](?:[A-Za-z0-9\-.]{0,252}[A-Za-z0-9.])?)")
_URI_PARAM = re.compile(r"[A-Za-z0-9\-_.!~*'()%\[\]/:&+$]+")
_QUOTED = re.compile(r'"(?:[^"\\\x00-\x08\x0a-\x1f\x7f]|\\[\x00-\x09\x0b\x0c\x0e-\x7f])*"')
_LWS = " \t"


class BadSyntax(ValueError):
    """A header field is not written as its grammar asks."""


@dataclass(frozen=True, slots=True)
class Uri:
    """A ``sip:``, ``sips:`` or ``tel:`` address; ``host`` is empty for tel."""

    scheme: str
    user: str
    host: str
    port: int = 0
    params: tuple[tuple[str, str | None], ...] = ()
    headers: str = ""
    password: str = ""

    def param(self, name: str) -> str | None:
        """A parameter's value (empty for one without), or ``None``."""
        return next((value or "" for key, value in self.params if key == name), None)

    @property
    def transport(self) -> str:
        """``udp``, ``tcp`` or ``tls``."""
        if self.scheme == "sips":
            return "tls"
        return (self.param("transport") or "udp").lower()

    @property
    def plain_user(self) -> str:
        """The user part without escapes and without its own parameters; what cannot be text is replaced."""
        return unquote_to_bytes(self.user.partition(";")[0]).decode("utf-8", "replace").replace("\0", "�")

    def with_port(self) -> int:
        """The port to send to."""
        return self.port or (5061 if self.transport == "tls" else 5060)

    def __str__(self) -> str:
        if self.scheme == "tel":
            return f"tel:{self.user}" + _params_text(self.params)
        at = f"{self.user}{':' + self.password if self.password else ''}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme}:{at}{self.host}{port}{_params_text(self.params)}{'?' + self.headers if self.headers else ''}"


def _params_text(params: tuple[tuple[str, str | None], ...]) -> str:
    return "".join(f";{key}" if value is None else f";{key}={value}" for key, value in params)


def scheme_of(text: str) -> str:
    """The scheme of any URI in lower case; raises :class:`BadSyntax` if there is none."""
    scheme, colon, _ = text.partition(":")
    if not colon or not _SCHEME.fullmatch(scheme):
        raise BadSyntax("no URI scheme")
    return scheme.lower()


@lru_cache(maxsize=4096)
def parse_uri(text: str) -> Uri:
    """A SIP, SIPS or tel URI. Other schemes and bad writing raise :class:`BadSyntax`."""
    scheme = scheme_of(text)
    rest = text[len(scheme) + 1 :]
    if _ESCAPES.search(rest):
        raise BadSyntax("bad escape in URI")
    if scheme == "tel":
        number, _, params = rest.partition(";")
        if not re.fullmatch(r"\+?[0-9A-Fa-f*#().\-]{1,64}", number):
            raise BadSyntax("bad tel URI")
        return Uri("tel", number, "", params=_uri_params(params))
    if scheme not in ("sip", "sips"):
        raise BadSyntax(f"scheme {scheme}")
    rest, question, headers = _split_headers(rest)
    userinfo, at, hostpart = rest.rpartition("@")
    if at and not _USER.fullmatch(userinfo):
        raise BadSyntax("bad user in URI")
    user, _, password = userinfo.partition(":")
    hostport, _, params = hostpart.partition(";")
    host, port = _host_port(hostport)
    if question and not re.fullmatch(r"[A-Za-z0-9\-_.!~*'()%\[\]/?:+$&=]*", headers):
        raise BadSyntax("bad headers in URI")
    return Uri(scheme, user, host, port, _uri_params(params), headers, password)


def _split_headers(rest: str) -> tuple[str, str, str]:
    """At the question mark after the host: one in the user part belongs to the user."""
    at = rest.rfind("@")
    front, question, headers = rest[at + 1 :].partition("?")
    return rest[: at + 1] + front, question, headers


def _uri_params(text: str) -> tuple[tuple[str, str | None], ...]:
    if not text:
        return ()
    found: list[tuple[str, str | None]] = []
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if not _URI_PARAM.fullmatch(name) or (equals and not _URI_PARAM.fullmatch(value)):
            raise BadSyntax("bad URI parameter")
        found.append((name.lower(), value if equals else None))
    return tuple(found)


def _host_port(text: str) -> tuple[str, int]:
    host, colon, port = text, "", ""
    if text.startswith("["):
        end = text.find("]")
        host, (colon, port) = text[: end + 1], (text[end + 1 : end + 2], text[end + 2 :])
    elif ":" in text:
        host, colon, port = text.partition(":")
    if not _HOST.fullmatch(host):
        raise BadSyntax("bad host")
    if not colon:
        return host, 0
    if colon != ":" or not port.isascii() or not port.isdigit() or not 0 < len(port) <= 5 or not 0 < int(port) < 65536:
        raise BadSyntax("bad port")
    return host, int(port)


# -- parameters, name-addr, lists ----------------------------------------------------------------------------------


def split_list(text: str) -> list[str]:
    """A comma-separated header value in its pieces; commas in quotes and angle brackets do not separate."""
    if "," not in text:
        return [text.strip(_LWS)]
    pieces, start, quoted, angle, skip = [], 0, False, False, False
    for at, ch in enumerate(text):
        if skip:
            skip = False
        elif quoted:
            skip, quoted = ch == "\\", ch != '"'
        elif ch == '"':
            quoted = True
        elif ch in "<>":
            angle = ch == "<"
        elif ch == "," and not angle:
            pieces.append(text[start:at].strip(_LWS))
            start = at + 1
    pieces.append(text[start:].strip(_LWS))
    return pieces


def parse_params(text: str) -> dict[str, str]:
    """``;name=value;flag`` as a mapping with lower-case names; quotes are taken off. Raises :class:`BadSyntax`."""
    found: dict[str, str] = {}
    at, end = _skip(text, 0), len(text)
    while at < end:
        if text[at] != ";":
            raise BadSyntax("bad parameter separator")
        at = _skip(text, at + 1)
        name = _TOKEN.match(text, at)
        if not name:
            raise BadSyntax("empty parameter")
        at, value = _skip(text, name.end()), ""
        if at < end and text[at] == "=":
            at = _skip(text, at + 1)
            value, at = _param_value(text, at)
        found[name[0].lower()] = value
    return found


_VALUE = re.compile(r"[A-Za-z0-9\-.!%*_+`'~:\[\]/@()?&=$]+")


def _param_value(text: str, at: int) -> tuple[str, int]:
    if quoted := _QUOTED.match(text, at):
        return unquote(quoted[0]), _skip(text, quoted.end())
    value = _VALUE.match(text, at)
    if not value:
        raise BadSyntax("empty parameter value")
    return value[0], _skip(text, value.end())


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _LWS:
        at += 1
    return at


def unquote(text: str) -> str:
    """A quoted-string's content."""
    return re.sub(r"\\(.)", r"\1", text[1:-1])


@dataclass(frozen=True, slots=True)
class Address:
    """``"Name" <uri>;params`` as in From, To, Contact, Route. Parsed ones are shared: never change ``params``."""

    display: str
    uri_text: str
    params: dict[str, str] = field(default_factory=dict)

    @property
    def tag(self) -> str:
        """The tag parameter, empty if there is none."""
        return self.params.get("tag", "")

    @property
    def uri(self) -> Uri:
        """The URI; raises :class:`BadSyntax` for schemes other than sip, sips and tel."""
        return parse_uri(self.uri_text)


@lru_cache(maxsize=4096)
def parse_address(text: str) -> Address:
    """A name-addr or addr-spec with header parameters. Raises :class:`BadSyntax`."""
    text = text.strip(_LWS)
    if quoted := _QUOTED.match(text):
        at = _skip(text, quoted.end())
        if at >= len(text) or text[at] != "<":
            raise BadSyntax("quoted name without address")
        return _bracketed(text, at, unquote(quoted[0]))
    if text.startswith('"'):
        raise BadSyntax("unterminated quoted string")
    angle = text.find("<")
    if angle >= 0:
        name = text[:angle].strip(_LWS)
        if name and not all(_TOKEN.fullmatch(word) for word in name.split()):
            raise BadSyntax("bad display name")
        return _bracketed(text, angle, name)
    uri, semicolon, params = text.partition(";")
    uri = uri.rstrip(_LWS)
    if "?" in uri or "," in uri:
        raise BadSyntax("address needs angle brackets")
    _check_uri(uri)
    return Address("", uri, parse_params(semicolon + params))


def _bracketed(text: str, angle: int, display: str) -> Address:
    end = text.find(">", angle)
    if end < 0:
        raise BadSyntax("no closing angle bracket")
    uri = text[angle + 1 : end]
    _check_uri(uri)
    return Address(display, uri, parse_params(text[end + 1 :]))


def _check_uri(uri: str) -> None:
    if any(ch in uri for ch in ' \t<>"\r\n'):
        raise BadSyntax("bad character in URI")
    if scheme_of(uri) in ("sip", "sips", "tel"):
        parse_uri(uri)
    elif len(uri.partition(":")[2]) == 0:
        raise BadSyntax("empty URI")


@dataclass(frozen=True, slots=True)
class Via:
    """One Via value."""

    transport: str
    host: str
    port: int
    params: dict[str, str]

    @property
    def branch(self) -> str:
        """The branch, empty if there is none."""
        return self.params.get("branch", "")


_VIA = re.compile(rf"SIP[ \t]*/[ \t]*2\.0[ \t]*/[ \t]*({WORD})[ \t]+([^ \t;,]+(?:[ \t]*:[ \t]*\d+)?)[ \t]*", re.IGNORECASE)


@lru_cache(maxsize=4096)
def parse_via(text: str) -> Via:
    """One Via value. Raises :class:`BadSyntax`."""
    found = _VIA.match(text.strip(_LWS))
    if not found:
        raise BadSyntax("bad Via")
    host, port = _host_port(re.sub(r"[ \t]", "", found[2]))
    return Via(found[1].upper(), host, port, parse_params(text.strip(_LWS)[found.end() :]))


_LOOSE_VIA = re.compile(r"SIP[ \t]*/[ \t]*[\d.]+[ \t]*/[ \t]*([A-Za-z]+)[ \t]+([A-Za-z0-9.\-\[\]]+)(?:[ \t]*:[ \t]*(\d{1,5})(?!\d))?", re.IGNORECASE)


def loose_via(text: str) -> Via:
    """What can be made out of a Via, however badly written: enough to refuse its message. Raises :class:`BadSyntax` if nothing can."""
    try:
        return parse_via(text)
    except BadSyntax:
        found = _LOOSE_VIA.match(text.strip(_LWS))
        if not found or int(found[3] or 0) > 65535:
            raise
    params = {name: m[1] for name in ("branch", "rport") if (m := re.search(rf";[ \t]*{name}(?:[ \t]*=[ \t]*({WORD}))?", text, re.IGNORECASE))}
    return Via(found[1].upper(), found[2], int(found[3] or 0), {name: value or "" for name, value in params.items()})


def quote(text: str) -> str:
    """A text as quoted-string for a display name."""
    kept = "".join(ch for ch in text if ord(ch) >= 32 and ord(ch) != 127)
    return '"' + kept.replace("\\", "\\\\").replace('"', '\\"') + '"'


def user_text(number: str) -> str:
    """A number or name as the user part of a URI, escaped."""
    return "".join(ch if re.fullmatch(r"[A-Za-z0-9\-_.!~*'()&=+$,]", ch) else "".join(f"%{byte:02X}" for byte in ch.encode()) for ch in number)


def without_params(uri: Uri, *names: str) -> Uri:
    """The URI without some of its parameters."""
    return replace(uri, params=tuple(p for p in uri.params if p[0] not in names))
