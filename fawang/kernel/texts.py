"""A text for people in both languages of the house, Chinese first."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Text:
    """One text, Chinese and English. ``str()`` gives the language of the current request."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        """The text in ``language`` ("zh…" or "en…")."""
        return self.en if language.startswith("en") else self.zh

    def __str__(self) -> str:
        from django.utils.translation import get_language

        return self.in_language(get_language() or "zh-hans")

    def format(self, **params: object) -> Text:
        """Both languages with ``{name}`` places filled."""
        return Text(self.zh.format(**params), self.en.format(**params))
