"""What the hotline says: codes and wordings, the sound behind them, and how it gets there (upload or synthesiser)."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from fawang.hotline.models import Prompt
from fawang.kernel.texts import Text

FALLBACK_MS = 600


def folder() -> Path:
    """Where prompt files lie; the engine on this host reads them there."""
    path = Path(settings.STATE_DIR) / "hotline" / "prompts"
    path.mkdir(parents=True, exist_ok=True, mode=0o755)
    return path


@functools.cache
def wordings() -> dict[str, Text]:
    """Every code the machine may say, in both languages, from the shipped table."""
    rows = tomllib.loads((Path(__file__).parent / "rules" / "prompts.toml").read_text())["prompt"]
    return {row["code"]: Text(row["zh"], row["en"]) for row in rows}


def known() -> dict[str, Text]:
    """Everything that can be said: the shipped wordings, as they read now, and what the province has added."""
    found = dict(wordings())
    for row in Prompt.objects.filter(in_use=True, language="zh-hans").order_by("code"):
        found[row.code] = Text(row.text, found[row.code].en if row.code in found else row.text)
    return found


def _in_use(codes: Sequence[str], language: str) -> dict[str, Prompt]:
    wanted = set(codes)
    rows = Prompt.objects.filter(code__in=wanted, in_use=True, language__in={language, "zh-hans"})
    found: dict[str, Prompt] = {}
    for row in rows:
        if row.code not in found or row.language == language:
            found[row.code] = row
    return found


def sound(codes: Sequence[str], language: str = "zh-hans") -> tuple[tuple[str, ...], int]:
    """The media of some codes and how long they last (ms): in the caller's language where there is one, else in Mandarin.

    A code without sound is a short tone, so that a missing file never leaves somebody in silence.
    """
    if not codes:
        return (), 0
    found = _in_use(codes, language)
    spoken = [found.get(code) for code in codes]
    return (
        tuple(f"file:{folder() / p.file}" if p is not None and p.file else f"tone:620/{FALLBACK_MS}" for p in spoken),
        sum(p.ms if p is not None and p.file else FALLBACK_MS for p in spoken),
    )
