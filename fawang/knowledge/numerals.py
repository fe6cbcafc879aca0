"""Chinese numerals and article numbers. Pure."""

from __future__ import annotations

import re

_DIGITS = {c: n for n, c in enumerate("〇一二三四五六七八九")} | {
    "零": 0,
    "○": 0,
    "Ｏ": 0,
    "两": 2,
    "壹": 1,
    "贰": 2,
    "叁": 3,
    "肆": 4,
    "伍": 5,
    "陆": 6,
    "柒": 7,
    "捌": 8,
    "玖": 9,
}
_UNITS = {"十": 10, "百": 100, "千": 1000, "拾": 10, "佰": 100, "仟": 1000}
_FULL = {0xFF10 + n: str(n) for n in range(10)}
NUMERAL = "[〇零○一二两三四五六七八九十百千壹贰叁肆伍陆柒捌玖拾佰仟]"
NUMBER = rf"(?:{NUMERAL}{{1,9}}|[0-9０-９]{{1,4}})"
_LABEL = re.compile(rf"第\s*({NUMBER})\s*条(?:\s*之\s*({NUMBER}))?")


def to_int(text: str) -> int | None:
    """The value of a Chinese or Arabic numeral below 10,000; ``None`` when it is none. 一千零七十九 → 1079, 一〇七九 → 1079."""
    text = text.strip().translate(_FULL)
    if text.isascii() and text.isdigit() and len(text) <= 4:
        return int(text)
    if not text or any(c not in _DIGITS and c not in _UNITS for c in text):
        return None
    if not any(c in _UNITS for c in text):
        return int("".join(str(_DIGITS[c]) for c in text)) if len(text) <= 4 else None
    total, digit, last = 0, None, 10_000
    for c in text:
        if c in _UNITS:
            unit = _UNITS[c]
            if unit >= last or (digit is None and not (unit == 10 and (total == 0 or last == 100))):
                return None
            total, digit, last = total + (1 if digit is None else digit) * unit, None, unit
        elif _DIGITS[c] == 0:
            if digit:
                return None
            digit = None
        elif digit is not None:
            return None
        else:
            digit = _DIGITS[c]
    return total + (digit or 0)


def to_chinese(number: int) -> str:
    """1079 → 一千零七十九; 0 < number < 10,000. Raises ``ValueError``."""
    if not 0 < number < 10_000:
        raise ValueError(number)
    digits = "零一二三四五六七八九"
    out, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        if digit:
            out += ("零" if gap and out else "") + (digits[digit] if not (unit == 10 and digit == 1 and not out) else "") + name
            gap = False
        else:
            gap = True
    return out


def label_of(number: int, sub: int = 0) -> str:
    """第四十七条; 第一百三十三条之一 for ``sub`` 1; 全文 for number 0."""
    if number == 0:
        return "全文"
    return f"第{to_chinese(number)}条" + (f"之{to_chinese(sub)}" if sub else "")


def parse_label(text: str) -> tuple[int, int] | None:
    """Number and sub-number of a label such as 第一百二十条之三; ``None`` when the whole text is no label."""
    found = _LABEL.fullmatch(text.strip())
    if not found:
        return None
    number, sub = to_int(found[1]), to_int(found[2]) if found[2] else 0
    return (number, sub) if number and sub is not None else None


def parse_short(text: str) -> tuple[int, int] | None:
    """Number and sub-number written shortly: 47, 133之一, 第四十七条, 四十七. ``None`` otherwise."""
    if found := parse_label(text):
        return found
    head, _, tail = text.strip().removeprefix("第").replace("条", "").partition("之")
    number, sub = to_int(head), to_int(tail) if tail else 0
    return (number, sub) if number and sub is not None else None
