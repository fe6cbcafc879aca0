"""Field encryption with key ids, and blind indexes for searching what is encrypted.

A ciphertext is ``suite ‖ key id ‖ nonce ‖ sealed``; the field's name is bound in as associated data, so a value moved to
another column does not open. Two suites: AES-256-GCM with HMAC-SHA-256, SM4-GCM with HMAC-SM3 (``FAWANG_CIPHER_SUITE``).
"""

from __future__ import annotations

import base64
import fcntl
import functools
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hmac import HMAC
from django.conf import settings

from fawang.kernel.errors import Refusal
from fawang.kernel.made_once import draft, made_once, settle

_SUITES = {"aes": 1, "sm": 2}
_KEY_BYTES = {1: 32, 2: 16}
_NONCE = 12
_TAG = 16


@dataclass(frozen=True, slots=True)
class Keyring:
    """``keys[id] = (suite, key)``; new values are sealed under ``current``; ``index`` keys the blind indexes."""

    current: int
    keys: dict[int, tuple[int, bytes]]
    index: bytes


def _path() -> Path:
    return Path(settings.KEYS_DIR) / "keyring.json"


def _written(ring: Keyring) -> str:
    return json.dumps(
        {
            "current": ring.current,
            "keys": {str(k): [suite, base64.b64encode(key).decode()] for k, (suite, key) in ring.keys.items()},
            "index": base64.b64encode(ring.index).decode(),
        }
    )


def _first() -> str:
    suite = _SUITES[settings.CIPHER_SUITE]
    return _written(Keyring(1, {1: (suite, secrets.token_bytes(_KEY_BYTES[suite]))}, secrets.token_bytes(32)))


@functools.cache
def keyring() -> Keyring:
    """The deployment's keys, made on first use in a file only the service user reads; the same for every process, also when several begin at once."""
    body = json.loads(made_once(_path(), _first))
    keys = {int(k): (int(v[0]), base64.b64decode(v[1])) for k, v in body["keys"].items()}
    return Keyring(int(body["current"]), keys, base64.b64decode(body["index"]))


def rotate() -> int:
    """Add a key of the configured suite and make it current; old values stay readable. One rotation at a time. Returns its id."""
    keyring()
    path = _path()
    with path.with_name("lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        keyring.cache_clear()
        ring, suite = keyring(), _SUITES[settings.CIPHER_SUITE]
        new = max(ring.keys) + 1
        draft(path, _written(Keyring(new, {**ring.keys, new: (suite, secrets.token_bytes(_KEY_BYTES[suite]))}, ring.index))).replace(path)
        settle(path.parent)
    keyring.cache_clear()
    return new


def _key(number: int) -> tuple[int, bytes]:
    """A key by its id; one that another process added since is looked up anew. Raises ``Refusal('crypto.key')``."""
    found = keyring().keys.get(number)
    if found is None:
        keyring.cache_clear()
        found = keyring().keys.get(number)
    if found is None:
        raise Refusal("crypto.key", status=500)
    return found


def _algorithm(suite: int, key: bytes) -> algorithms.AES | algorithms.SM4:
    return algorithms.AES(key) if suite == 1 else algorithms.SM4(key)


def seal(plain: str, field: str) -> bytes:
    """Encrypt text for one field."""
    ring = keyring()
    suite, key = ring.keys[ring.current]
    nonce = secrets.token_bytes(_NONCE)
    head = bytes([suite]) + ring.current.to_bytes(2, "big") + nonce
    if suite == 1:
        return head + _aes(key).encrypt(nonce, plain.encode(), field.encode())  # the same bytes, in one call
    encryptor = Cipher(_algorithm(suite, key), modes.GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(field.encode())
    return head + encryptor.update(plain.encode()) + encryptor.finalize() + encryptor.tag


@functools.lru_cache(maxsize=16)
def _aes(key: bytes) -> AESGCM:
    return AESGCM(key)


def key_id(sealed: bytes) -> int:
    """Which key sealed this value."""
    return int.from_bytes(sealed[1:3], "big")


def unseal(sealed: bytes, field: str) -> str:
    """Decrypt. Raises ``Refusal('crypto.key')`` for an unknown key and ``crypto.damaged`` for a changed value."""
    if len(sealed) < 3 + _NONCE + _TAG:
        raise Refusal("crypto.damaged", status=500)
    suite, key = _key(key_id(sealed))
    nonce, body, tag = sealed[3 : 3 + _NONCE], sealed[3 + _NONCE : -_TAG], sealed[-_TAG:]
    try:
        if suite == 1:
            plain = _aes(key).decrypt(nonce, body + tag, field.encode())
        else:
            decryptor = Cipher(_algorithm(suite, key), modes.GCM(nonce, tag)).decryptor()
            decryptor.authenticate_additional_data(field.encode())
            plain = decryptor.update(body) + decryptor.finalize()
    except InvalidTag:
        raise Refusal("crypto.damaged", status=500) from None
    if sealed[0] != suite:
        raise Refusal("crypto.damaged", status=500)
    return plain.decode()


def blind(kind: str, canonical: str) -> bytes:
    """A keyed index of a value (``kind`` separates phones from ID numbers): equal values, equal index, nothing else."""
    words = kind.encode() + b"\0" + canonical.encode()
    if settings.CIPHER_SUITE == "aes":
        return hmac.digest(keyring().index, words, "sha256")[:16]
    mac = HMAC(keyring().index, hashes.SM3())
    mac.update(words)
    return mac.finalize()[:16]


def same(a: bytes, b: bytes) -> bool:
    """Constant-time comparison."""
    return hmac.compare_digest(a, b)


def digest(data: bytes, suite: str = "") -> bytes:
    """A suite's digest of some bytes (SHA-256 or SM3), for event chains and files; the deployment's suite when none is named."""
    if (suite or settings.CIPHER_SUITE) == "aes":
        return hashlib.sha256(data).digest()
    h = hashes.Hash(hashes.SM3())
    h.update(data)
    return h.finalize()


def text_digest(text: str, suite: str = "") -> str:
    """Hex digest of a text, kept in events beside ids so that a changed message shows."""
    return digest(text.encode(), suite).hex()
