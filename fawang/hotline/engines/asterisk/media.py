"""Prompts and music as Asterisk plays them: every medium of the port becomes a raw A-law file under the name of its contents."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from fawang.hotline.engines import sound

LOOP_MS = 60_000
MOST_REPEATS = 40


class MediaShelf:
    """A folder Asterisk can read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[tuple[str, int], tuple[str, int]] = {}

    def problem(self, medium: str) -> str:
        """Why a medium cannot be played; empty if it can."""
        try:
            sound.sound_of(medium)
        except sound.BadMedium as error:
            return str(error)
        return ""

    def put(self, medium: str) -> tuple[str, int]:
        """The medium's ``sound:`` URI and its length in milliseconds. Raises ``sound.BadMedium``, OSError."""
        data = sound.sound_of(medium)
        key = (medium, len(data))
        found = self._known.get(key)
        if found is None or medium.startswith("file:"):
            name = hashlib.blake2b(data, digest_size=12).hexdigest()
            path = self.folder / f"{name}.alaw"
            if not path.exists():
                self.folder.mkdir(parents=True, exist_ok=True)
                handle, fresh = tempfile.mkstemp(dir=self.folder)
                with os.fdopen(handle, "wb") as file:
                    file.write(data or sound.QUIET_FRAME)
                os.chmod(fresh, 0o644)
                os.replace(fresh, path)
            found = self._known[key] = (f"sound:{self.folder}/{name}", len(data) * 1000 // sound.RATE)
        return found

    def prompt(self, media: tuple[str, ...]) -> tuple[list[str], int]:
        """A list of media: URIs and whole length."""
        parts = [self.put(medium) for medium in media]
        return [uri for uri, _ in parts], sum(ms for _, ms in parts)

    def loop(self, medium: str) -> list[str]:
        """Music: the same file often enough for about a minute; begun again when it ends."""
        uri, ms = self.put(medium)
        return [uri] * max(1, min(MOST_REPEATS, LOOP_MS // max(1, ms)))
