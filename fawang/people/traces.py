"""Whether a text carries somebody's name, telephone or document number, however it is written. Pure: no database."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from fawang.kernel.folding import fold_name

RUN = 8
"""So many digits of a number in a row already tell whose it is."""
_SPELLED = dict(zip("〇零○一幺壹二两贰三叁四肆五伍六陆七柒八捌九玖", "000111222334455667788" + "99", strict=True))


def digits_of(text: str) -> str:
    """All digits in their order: of any script and width, spelled in Chinese, whatever stands between them."""
    found = []
    for ch in text:
        value = unicodedata.digit(ch, None)
        found.append(str(value) if value is not None else _SPELLED.get(ch, ""))
    return "".join(found)


def _letters_of(text: str) -> str:
    return "".join(ch for ch in fold_name(text) if ch.isalnum() or unicodedata.category(ch) in {"Cn", "Co"})


def gives_away(text: str, secrets: Iterable[str | None]) -> bool:
    """Whether one of the secrets (names, phones, document numbers; empty ones are none) can be read from the text."""
    letters, digits = _letters_of(text), digits_of(text)
    for secret in secrets:
        if not secret:
            continue
        if (word := _letters_of(secret)) and word in letters:
            return True
        number = "".join(ch for ch in digits_of(secret))
        if any(number[i : i + RUN] in digits for i in range(len(number) - RUN + 1)):
            return True
    return False
