"""Prompts and music as a row of ready A-law sound, one frame at a time."""

from __future__ import annotations

from fawang.hotline.engines import sound
from fawang.hotline.engines.sound import FRAME


class Playlist:
    """Plays media one after another, once or for ever; ``skip_ms`` begins later (after a restart, or music that was interrupted)."""

    __slots__ = ("at", "loop", "played", "sound")

    def __init__(self, media: tuple[str, ...], *, loop: bool = False, skip_ms: int = 0) -> None:
        joined = b"".join(sound.sound_of(medium) for medium in media)
        self.sound = joined + sound.SILENCE * (-len(joined) % FRAME)
        self.loop = loop and bool(joined)
        self.at = skip_ms * sound.RATE // 1000 // FRAME * FRAME
        self.played = min(self.at, len(self.sound))
        if self.loop:
            self.at %= len(self.sound)

    def next(self) -> bytes | None:
        """The next frame; ``None`` at the end."""
        if self.at >= len(self.sound):
            if not self.loop:
                return None
            self.at = 0
        frame = self.sound[self.at : self.at + FRAME]
        self.at += FRAME
        self.played += FRAME
        return frame

    @property
    def ms(self) -> int:
        """How much has been heard."""
        return self.played * 1000 // sound.RATE
