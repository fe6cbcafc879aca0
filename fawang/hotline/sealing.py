"""Sealed sound files: a key of its own for each, opened block by block, every changed byte noticed. Pure but for the cipher.

Layout: ``FWR1`` ‖ suite ‖ 11 zero bytes ‖ blocks. A block is up to 64 KiB of sound sealed with AES-256-GCM or SM4-GCM; its nonce is its
number with the highest bit set on the last block, and the file's name is bound in: blocks cannot be reordered, cut off or moved.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

MAGIC = b"FWR1"
HEADER = 16
BLOCK = 64 * 1024
TAG = 16
_SUITES = {"aes": 1, "sm": 2}
_KEY_BYTES = {1: 32, 2: 16}


class Damaged(Exception):
    """The file is not what was sealed."""


def new_key(suite: str) -> bytes:
    """A fresh key for one file."""
    return secrets.token_bytes(_KEY_BYTES[_SUITES[suite]])


def _cipher(suite: int, key: bytes, number: int, last: bool, tag: bytes | None = None) -> Cipher[modes.GCM]:
    nonce = ((1 << 95 if last else 0) | number).to_bytes(12, "big")
    algorithm = algorithms.AES(key) if suite == 1 else algorithms.SM4(key)
    return Cipher(algorithm, modes.GCM(nonce, tag))


def seal_file(source: Path, target: Path, *, key: bytes, suite: str, name: str) -> int:
    """Seal a file into a new one (fsync, its folder too); returns its size. Raises ``OSError``."""
    number = _SUITES[suite]
    part = target.with_suffix(".part")
    with source.open("rb") as plain, os.fdopen(os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600), "wb") as out:
        out.write(MAGIC + bytes([number]) + bytes(HEADER - 5))
        block, count = plain.read(BLOCK), 0
        while True:
            following = plain.read(BLOCK)
            sealer = _cipher(number, key, count, not following).encryptor()
            sealer.authenticate_additional_data(name.encode())
            out.write(sealer.update(block) + sealer.finalize() + sealer.tag)
            count += 1
            if not following:
                break
            block = following
        out.flush()
        os.fsync(out.fileno())
    os.replace(part, target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return target.stat().st_size


def open_file(path: Path, *, key: bytes, name: str) -> Iterator[bytes]:
    """The sound, block by block. Raises ``Damaged`` at the first block that is not what was sealed, and for a file cut short."""
    with path.open("rb") as file:
        header = file.read(HEADER)
        if len(header) != HEADER or header[:4] != MAGIC or header[4] not in _KEY_BYTES:
            raise Damaged(path.name)
        sealed, count = file.read(BLOCK + TAG), 0
        while True:
            following = file.read(BLOCK + TAG)
            if len(sealed) < TAG:
                raise Damaged(path.name)
            opener = _cipher(header[4], key, count, not following, sealed[-TAG:]).decryptor()
            opener.authenticate_additional_data(name.encode())
            try:
                yield opener.update(sealed[:-TAG]) + opener.finalize()
            except InvalidTag:
                raise Damaged(path.name) from None
            count += 1
            if not following:
                return
            sealed = following


def length_of(path: Path) -> int:
    """How many bytes of sound a sealed file holds."""
    sealed = path.stat().st_size - HEADER
    return sealed - TAG * -(-sealed // (BLOCK + TAG))


def scrub(path: Path) -> None:
    """Overwrite and remove a plain file. On copy-on-write media overwriting proves nothing; keep the engine's folder on a disk sealed as a whole."""
    try:
        size = path.stat().st_size
        with path.open("r+b") as file:
            for _ in range(0, size, 1 << 20):
                file.write(bytes(min(1 << 20, size - file.tell())))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except FileNotFoundError:
        pass
