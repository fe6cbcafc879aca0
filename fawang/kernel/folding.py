"""Keys to match by. What a person typed is stored as typed; these keys stand beside it."""

from __future__ import annotations

from itertools import pairwise

_DOTS = dict.fromkeys(map(ord, "·•・･‧∙⋅.．。"), "·")
_WIDE = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x3000: 0x20}
_COMPATIBILITY = {0xF9D1: "六", 0xF900: "豈", 0x2F800: "丽"}
_VARIANTS = dict(
    zip(
        map(ord, "張劉陳楊趙黃吳孫馬羅鄭謝韓馮於蕭葉蘇盧蔣賈陸萬錢龍龔國華麗鳳強偉𠮷"),
        "张刘陈杨赵黄吴孙马罗郑谢韩冯于萧叶苏卢蒋贾陆万钱龙龚国华丽凤强伟吉",
        strict=True,
    )
)


def fold_digits(text: str) -> str:
    """Full-width letters, digits and signs as half-width; nothing else changes."""
    return text.translate(_WIDE)


def fold_name(text: str) -> str:
    """The matching key of a name: width, case, spaces, middle dots, common variant characters."""
    folded = text.translate(_WIDE).translate(_COMPATIBILITY).translate(_VARIANTS).translate(_DOTS)
    return "".join(folded.split()).casefold()


def _one_by_one(rest: str) -> list[str]:
    return list(rest)


def pinyin_key(text: str) -> str:
    """Pinyin without tones and spaces, for sorting and finding: 张三 → zhangsan."""
    from pypinyin import lazy_pinyin  # its dictionary takes a third of a second; most processes never ask for a sound

    return "".join(lazy_pinyin(fold_name(text), errors=_one_by_one)).replace("·", "")  # type: ignore[arg-type]


def pinyin_initials(text: str) -> str:
    """First letters of the pinyin: 张三 → zs."""
    from pypinyin import Style, lazy_pinyin

    return "".join(lazy_pinyin(fold_name(text), style=Style.FIRST_LETTER, errors=_one_by_one)).replace("·", "")  # type: ignore[arg-type]


def bigrams(text: str) -> list[str]:
    """All neighbouring pairs of the folded text's letters and characters, in order, with repeats left out."""
    kept = [ch for ch in fold_name(text) if ch.isalnum() or ord(ch) > 0x2E7F]
    return list(dict.fromkeys(a + b for a, b in pairwise(kept)))
