"""Slips of the keyboard: a pair of characters that no text knows, but that sounds like one everybody knows; and whole words in pinyin."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections import Counter
from pathlib import Path
from unicodedata import normalize

from pypinyin import lazy_pinyin
from pypinyin.constants import PINYIN_DICT

from fawang.knowledge.search.gathering import Gathered
from fawang.knowledge.search.tokens import concepts, fold, pairs

_LETTERS = re.compile(r"[a-z]{2,}(?:[ '][a-z]+)*")
_TONES = re.compile("[\u0300-\u036f]")
_OFTEN = 12


def save(path: Path, found: Gathered, before: Path | None = None) -> None:
    """Write what is known: pairs by sound (from terms, titles and chapter headings), and every pair that occurs in the bank or a heading.

    ``before``: an earlier file, whose sounds are taken over when they were made of the same terms.
    """
    terms: Counter[str] = Counter()
    for form in concepts().forms:
        if 2 <= len(form) <= 6 and not form.isascii():
            terms[form] += _OFTEN
    for chapter in found.chapters:
        for part in chapter.split(" / "):
            terms[fold(part.partition(" ")[2])] += 1
    known: Counter[str] = Counter()
    for pair in found.pairs:
        known.update(pairs(fold(f"{pair.text} {pair.lay_words}")))
    good: Counter[str] = Counter()
    for term, weight in terms.items():
        for two in pairs(term):
            good[two] += weight
    common = {two for two, n in known.items() if n >= 2} | set(good)
    made_of = hashlib.sha256(repr(sorted(terms.items())).encode("utf-8", "surrogatepass")).hexdigest()
    sounds, words = _taken_over(before, made_of) or _spoken(good, terms)
    held = {"made_of": made_of, "sounds": sounds, "words": words, "common": sorted(common)}
    path.write_text(json.dumps(held, ensure_ascii=False), encoding="utf-8", errors="surrogatepass")


def _taken_over(before: Path | None, made_of: str) -> tuple[dict[str, str], dict[str, str]] | None:
    try:
        held = json.loads(before.read_text(encoding="utf-8", errors="surrogatepass")) if before else {}
    except (OSError, ValueError):
        return None
    return (held["sounds"], held["words"]) if held.get("made_of") == made_of else None


def _spoken(good: Counter[str], terms: Counter[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Pairs and whole terms by their sound, the commonest first."""
    sounds: dict[str, str] = {}
    for two, _ in good.most_common(20_000):
        if len(two) == 2 and not two.isascii():
            sounds.setdefault("".join(lazy_pinyin(two)), two)
    words: dict[str, str] = {}
    for term, _ in terms.most_common(20_000):
        if 2 <= len(term) <= 6:
            words.setdefault("".join(lazy_pinyin(term)), term)
    return sounds, words


@functools.lru_cache(20_000)
def _sound(character: str) -> str:
    """The commonest reading of a character alone, without tone, as ``lazy_pinyin`` writes it; the package itself takes a hundred times as long."""
    reading = normalize("NFD", PINYIN_DICT.get(ord(character), "").partition(",")[0])
    return _TONES.sub("", reading.replace("u\u0308", "v"))


class Corrections:
    """Reads a saved table; proposes what may have been meant."""

    def __init__(self, path: Path) -> None:
        held = json.loads(path.read_text(encoding="utf-8", errors="surrogatepass"))
        self.sounds: dict[str, str] = held["sounds"]
        self.words: dict[str, str] = held["words"]
        self.common = frozenset(held["common"])

    def meant(self, folded: str) -> list[tuple[str, str]]:
        """(written, meant) for pairs no text knows that sound like a known term: 启诉 → 起诉; and for words in pinyin: gongshang → 工伤."""
        found: list[tuple[str, str]] = []
        for letters in _LETTERS.findall(folded):
            found += [(letters, word) for word in self._spelled(letters)]
        for two in dict.fromkeys(pairs(folded)):
            if len(two) == 2 and not two.isascii() and two not in self.common:
                other = self.sounds.get(_sound(two[0]) + _sound(two[1]))
                if other and other != two and (other[0] == two[0] or other[1] == two[1]):
                    found.append((two, other))
        return found[:6]

    def _spelled(self, letters: str) -> list[str]:
        """Terms that letters spell, longest first, at least two."""
        rest, found = re.sub(r"[ ']", "", letters), []
        while rest:
            for length in range(min(len(rest), 30), 3, -1):
                word = self.words.get(rest[:length])
                if word:
                    found.append(word)
                    rest = rest[length:]
                    break
            else:
                return []
        return found
