"""Sentences of the library's pages that depend on dates and states."""

from __future__ import annotations

from datetime import date

from django.utils.translation import get_language

from fawang.faces.law_links import Standing
from fawang.kernel.texts import Text


def day_words(day: date) -> Text:
    """2026年3月2日 / 2 March 2026."""
    return Text(f"{day.year}年{day.month}月{day.day}日", f"{day.day} {day:%B %Y}")


def standing_text(found: Standing) -> Text:
    """What a text's span means for the reader, in one sentence."""
    start = day_words(found.start)
    if found.state == "not_yet":
        return Text(f"{start.zh}起施行，在那之前不能作为依据。", f"It enters into force on {start.en}; it is no basis before.")
    if found.state == "in_force":
        if found.end is None:
            return Text(f"{start.zh}起施行，到现在没有变化。", f"In force since {start.en}, unchanged.")
        end = day_words(found.end)
        return Text(f"{start.zh}起施行，到{end.zh}前一直有效。", f"In force from {start.en} until {end.en}.")
    end = day_words(found.end or found.start)
    if found.state == "superseded":
        return Text(f"{end.zh}起改用新的文本，这里是旧文本。", f"A newer text has applied since {end.en}; this is the old one.")
    why = f"（{found.because}）" if found.because else ""
    return Text(f"{end.zh}起不再有效{why}。", f"No longer law since {end.en}{why}.")


def standing_words(found: Standing) -> str:
    """The same in the page's language."""
    return standing_text(found).in_language(get_language() or "zh-hans")
