"""Session descriptions (RFC 4566, RFC 3264) as far as one G.711 audio stream needs them."""

from __future__ import annotations

import re
from dataclasses import dataclass

PCMU, PCMA = 0, 8
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
OTHER_WAY = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


class BadSdp(ValueError):
    """The description cannot be understood (``status`` 400) or offers nothing we can do (488)."""

    def __init__(self, why: str, status: int = 488) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True, slots=True)
class Remote:
    """What the other side said about its audio."""

    host: str
    port: int
    codec: int
    """0 = µ-law, 8 = A-law: the one we send."""
    digits_type: int
    """Payload type of telephone-event, -1 if it has none."""
    direction: str
    ptime: int = 20
    media: tuple[str, ...] = ()
    """The kinds of all its streams (each must be answered, ours refused with port 0)."""
    audio_at: int = 0

    @property
    def holds(self) -> bool:
        """Whether it does not want to hear us: we are on hold."""
        return self.direction in ("sendonly", "inactive") or self.host == "0.0.0.0"  # noqa: S104 (RFC 2543 hold)


def parse(body: bytes) -> Remote:
    """The first usable audio stream. Raises :class:`BadSdp`."""
    lines = body.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    if not lines or lines[0].strip() != "v=0":
        raise BadSdp("no v=0", 400)
    session: dict[str, list[str]] = {}
    streams: list[tuple[str, dict[str, list[str]]]] = []
    for line in lines[1:]:
        line = line.rstrip()
        if not line:
            continue
        if len(line) < 2 or line[1] != "=" or len(line) > 4096:
            raise BadSdp("bad line", 400)
        if line[0] == "m":
            streams.append((line[2:], {}))
            if len(streams) > 16:
                raise BadSdp("too many streams", 400)
        else:
            (streams[-1][1] if streams else session).setdefault(line[0], []).append(line[2:])
    if not streams:
        raise BadSdp("no media", 488)
    kinds = tuple(_kind(m) for m, _ in streams)
    for at, (m, fields) in enumerate(streams):
        if remote := _audio(m, fields, session, kinds, at):
            return remote
    raise BadSdp("no common codec")


def _kind(line: str) -> str:
    kind = line.split(" ")[0]
    if not re.fullmatch(r"[A-Za-z0-9.\-]{1,32}", kind):
        raise BadSdp("bad media", 400)
    return kind


def _audio(line: str, fields: dict[str, list[str]], session: dict[str, list[str]], kinds: tuple[str, ...], at: int) -> Remote | None:
    parts = line.split()
    if len(parts) < 4 or not parts[1].partition("/")[0].isdigit():
        raise BadSdp("bad media line", 400)
    port = int(parts[1].partition("/")[0][:6])
    if parts[0] != "audio" or parts[2].upper() not in ("RTP/AVP", "RTP/AVPF") or not 0 < port < 65536:
        return None
    types = [int(p) for p in parts[3:] if p.isascii() and p.isdigit() and len(p) < 4]
    names = {0: "pcmu", 8: "pcma"}
    attributes = fields.get("a", [])
    for attribute in attributes:
        if found := re.fullmatch(r"rtpmap:(\d{1,3}) ([A-Za-z0-9\-_.]+)/(\d+)(?:/1)?", attribute):
            names[int(found[1])] = found[2].lower() if found[3] == "8000" else "other"
    codec = next((t for t in types if names.get(t) in ("pcma", "pcmu") and t in (0, 8)), None)
    if codec is None:
        return None
    digits = next((t for t in types if names.get(t) == "telephone-event"), -1)
    direction = next((a for a in [*attributes, *session.get("a", [])] if a in DIRECTIONS), "sendrecv")
    ptime = next((int(a[6:]) for a in attributes if re.fullmatch(r"ptime:\d{1,3}", a)), 20)
    connection = (fields.get("c") or session.get("c") or [""])[0].split()
    if len(connection) != 3 or connection[:2] != ["IN", "IP4"] or not _is_ip4(connection[2]):
        raise BadSdp("no IPv4 address")
    return Remote(connection[2], port, codec, digits, direction, ptime, kinds, at)


def _is_ip4(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(p.isascii() and p.isdigit() and len(p) < 4 and int(p) < 256 for p in parts)


def build(host: str, port: int, *, session: int, version: int, remote: Remote | None = None, direction: str = "sendrecv", digits_type: int = 101) -> bytes:
    """Our offer (A-law first), or with ``remote`` the answer to it: one codec, its digits type, other streams refused."""
    codecs = [remote.codec] if remote else [PCMA, PCMU]
    digits = remote.digits_type if remote else digits_type
    types = " ".join(str(t) for t in [*codecs, *([digits] if digits >= 0 else [])])
    audio = [f"m=audio {port} RTP/AVP {types}"]
    audio += [f"a=rtpmap:{t} {'PCMA' if t == PCMA else 'PCMU'}/8000" for t in codecs]
    if digits >= 0:
        audio += [f"a=rtpmap:{digits} telephone-event/8000", f"a=fmtp:{digits} 0-15"]
    audio += ["a=ptime:20", f"a={direction}"]
    streams = remote.media if remote else ("audio",)
    at = remote.audio_at if remote else 0
    media = [line for n, kind in enumerate(streams) for line in (audio if n == at else [f"m={kind} 0 RTP/AVP 0"])]
    lines = ["v=0", f"o=fawang {session} {version} IN IP4 {host}", "s=-", f"c=IN IP4 {host}", "t=0 0", *media]
    return ("\r\n".join(lines) + "\r\n").encode()
