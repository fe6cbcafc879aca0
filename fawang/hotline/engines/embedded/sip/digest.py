"""Digest authentication (RFC 7616, RFC 8760): asking for it, checking it, giving it. MD5 is spoken because desk phones speak nothing else."""

from __future__ import annotations

import collections
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping

from fawang.hotline.engines.embedded.sip.grammar import BadSyntax, parse_params

NONCE_LIFE_S = 300
NONCES_WATCHED = 20_000
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}


def digest(algorithm: str, text: str) -> str:
    """The hash in hex."""
    return hashlib.new(_HASHES[algorithm], text.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()


def ha1(algorithm: str, account: str, realm: str, secret: str) -> str:
    """The A1 key of an account: what a registrar keeps instead of the secret."""
    return digest(algorithm, f"{account}:{realm}:{secret}")


def credentials(header: str) -> dict[str, str] | None:
    """The parameters of a ``Digest …`` header; ``None`` for other schemes or bad writing."""
    scheme, _, rest = header.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    parts = re.split(r',(?=(?:[^"\\]|\\.|"(?:[^"\\]|\\.)*")*$)', rest) if len(rest) < 4096 else []
    try:
        return parse_params("".join(f";{part.strip()}" for part in parts if part.strip()))
    except BadSyntax:
        return None


def _response(algorithm: str, key: str, method: str, given: Mapping[str, str]) -> str:
    ha2 = digest(algorithm, f"{method}:{given.get('uri', '')}")
    if given.get("qop"):
        return digest(algorithm, f"{key}:{given.get('nonce', '')}:{given.get('nc', '')}:{given.get('cnonce', '')}:{given['qop']}:{ha2}")
    return digest(algorithm, f"{key}:{given.get('nonce', '')}:{ha2}")


class Guard:
    """Hands out nonces and checks what comes back. Nonces carry their own time and seal; a counter used twice is refused."""

    def __init__(self, realm: str, now: float) -> None:
        self.realm = realm
        self._key = secrets.token_bytes(32)
        self._counts: collections.OrderedDict[str, int] = collections.OrderedDict()
        self._start = now

    def _nonce(self, now: float) -> str:
        stamp = f"{int(now - self._start):x}.{secrets.token_hex(4)}"
        return f"{stamp}.{self._seal(stamp)}"

    def _seal(self, stamp: str) -> str:
        return hmac.new(self._key, stamp.encode(), hashlib.sha256).hexdigest()[:24]

    def challenges(self, now: float, *, stale: bool = False) -> list[tuple[str, str]]:
        """``WWW-Authenticate`` fields, the stronger algorithm first."""
        nonce, note = self._nonce(now), ", stale=true" if stale else ""
        return [("www-authenticate", f'Digest realm="{self.realm}", nonce="{nonce}", algorithm={a}, qop="auth"{note}') for a in ("SHA-256", "MD5")]

    def check(self, method: str, given: Mapping[str, str], keys: Mapping[str, str], now: float) -> str:
        """``ok``, ``stale`` (right but the nonce is old: ask again) or ``wrong``. ``keys``: A1 key by algorithm."""
        algorithm = given.get("algorithm", "MD5").upper()
        key = keys.get(algorithm)
        if algorithm not in _HASHES or not key or given.get("realm") != self.realm or given.get("qop") not in ("auth", None):
            return "wrong"
        stamp, _, seal = given.get("nonce", "").rpartition(".")
        if not hmac.compare_digest(seal.encode("utf-8", "replace"), self._seal(stamp).encode()):
            return "stale" if self._right(algorithm, key, method, given) else "wrong"
        if not self._right(algorithm, key, method, given):
            return "wrong"
        age = now - self._start - int(stamp.partition(".")[0], 16)
        if age > NONCE_LIFE_S or not self._count(given):
            return "stale"
        return "ok"

    def _right(self, algorithm: str, key: str, method: str, given: Mapping[str, str]) -> bool:
        return hmac.compare_digest(_response(algorithm, key, method, given).encode(), given.get("response", "").lower().encode("utf-8", "replace"))

    def _count(self, given: Mapping[str, str]) -> bool:
        """A nonce's counter must grow; without qop a nonce serves once."""
        text = given.get("nc", "") if given.get("qop") else "1"
        if not re.fullmatch(r"[0-9a-fA-F]{1,8}", text):
            return False
        count, nonce = int(text, 16), given["nonce"]
        if count <= self._counts.get(nonce, 0):
            return False
        self._counts[nonce] = count
        self._counts.move_to_end(nonce)
        if len(self._counts) > NONCES_WATCHED:
            self._counts.popitem(last=False)
        return True


def authorization(challenge: str, method: str, uri: str, user: str, secret: str) -> str:
    """The answer to a challenge we were given; empty if we cannot give one."""
    asked = credentials(challenge)
    if asked is None:
        return ""
    algorithm = asked.get("algorithm", "MD5").upper()
    if algorithm not in _HASHES:
        return ""
    given = {"nonce": asked.get("nonce", ""), "uri": uri, "cnonce": secrets.token_hex(8), "nc": "00000001"}
    if "auth" in [q.strip() for q in asked.get("qop", "").split(",")]:
        given["qop"] = "auth"
    realm = asked.get("realm", "")
    proof = _response(algorithm, ha1(algorithm, user, realm, secret), method, given)
    text = f'Digest username="{user}", realm="{realm}", nonce="{given["nonce"]}", uri="{uri}", response="{proof}", algorithm={algorithm}'
    if "qop" in given:
        text += f', qop=auth, nc={given["nc"]}, cnonce="{given["cnonce"]}"'
    if "opaque" in asked:
        text += f', opaque="{asked["opaque"]}"'
    return text
