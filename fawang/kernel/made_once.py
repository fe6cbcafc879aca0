"""Files that are made once and then stand for ever: keys, secrets, passwords. Without them what they sealed is lost."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def made_once(path: Path, make: Callable[[], str]) -> str:
    """The text of a file only its owner reads, made by the first who asks, and the same for every process that ever asks.

    It appears whole and on the disk or not at all, and one that is there is never replaced: of several that are made at the same moment one counts,
    and all get that one back. Raises OSError.
    """
    try:
        return path.read_text()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = draft(path, make())
    try:
        os.link(part, path)  # unlike a rename it fails where somebody was quicker
    except FileExistsError:
        pass
    finally:
        part.unlink(missing_ok=True)
    settle(path.parent)
    return path.read_text()


def draft(path: Path, text: str) -> Path:
    """The text in a file of its own beside ``path``, on the disk, to be put in its place."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return part


def settle(folder: Path) -> None:
    """The folder's names on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
