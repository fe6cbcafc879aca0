"""Questions nobody would wish for, drawn from a seed: empty, huge, other scripts' marks, control and rare characters, code of every kind."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

_PIECES = (
    "工资", "老板跑路了", "离婚", "民法典", "第一千零七十九条", "1079条", "《劳动合同法》", "第四十七条", "欠我钱", "房东", "被打了", "厂里", "俺", "嘅", "咋办", "？", "。", "，", "\n",
    "'; DROP TABLE knowledge_law; --", "' OR 1=1 --", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "{{7*7}}", "{% load x %}", "${jndi:ldap://x}", "../../etc/passwd",
    "(((a*)*)*)*b", "[", "\\", "(?P<", "^$", ".*", "AND", "OR NOT", "+w:-g:", "w:工资^9", "g:[a TO z]", "IN [1 2]", '"', "~2", "*", "?", "%s%n", "%00", "\x00", "\x1b[31m", "\x7f",
    "\u202e", "\u2066", "\u2069", "\u200b", "\u200d", "\ufeff", "\u0301", "\ud800", "\udfff", "\ufffe", "\U0010ffff", "𠮷", "𡘙", "㐂", "〇", "🙏🏻", "👨‍👩‍👧", "ﷺ", "İ", "ß", "ｗａｇｅ", "離婚",
    "tuoqian gongzi", "gongshang", "1" * 40, "９" * 20, "条" * 30, "第" * 30, "《" * 20, "》", "之一", "、", "-1", "1e999", "NaN", "二〇二六年十一月二十五日", "http://127.0.0.1/", "\t",
)  # fmt: skip


def questions(seed: int, count: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """``count`` texts, each with the filters to ask it with."""
    draw = random.Random(seed)
    for n in range(count):
        kind = n % 20
        if kind == 0:
            text = ""
        elif kind == 1:
            text = " \t\n\u3000" * draw.randrange(1, 50)
        elif kind == 2 and n % 1000 == 2:
            text = draw.choice(_PIECES) * (1_000_000 // 3)
        elif kind in (3, 4):
            text = "".join(chr(_point(draw)) for _ in range(draw.randrange(1, 200)))
        elif kind == 5:
            text = draw.choice(_PIECES) * draw.randrange(1, 400)
        else:
            text = "".join(draw.choice(_PIECES) for _ in range(draw.randrange(1, 30)))
        options: dict[str, Any] = {"limit": draw.choice((1, 10, 10, 10, 100, 1000)), "bank": draw.random() < 0.8, "explain": draw.random() < 0.8}
        if draw.random() < 0.2:
            options[draw.choice(("kind", "law", "level", "region"))] = draw.choice(_PIECES)
        yield text, options


def _point(draw: random.Random) -> int:
    return draw.choice(
        (draw.randrange(0x20), draw.randrange(0x110000), draw.randrange(0x3400, 0x9FFF), draw.randrange(0xD800, 0xE000), draw.randrange(0x20, 0x3000))
    )


def spoilt(content: bytes, seed: int) -> bytes:
    """A file with bytes turned, cut out, doubled or cut off."""
    draw, held = random.Random(seed), bytearray(content)
    for _ in range(draw.randrange(1, 12)):
        at = draw.randrange(len(held) or 1)
        way = draw.randrange(4)
        if way == 0 and held:
            held[at % len(held)] ^= 1 << draw.randrange(8)
        elif way == 1:
            del held[at : at + draw.randrange(1, 40)]
        elif way == 2:
            held[at:at] = held[at : at + 30]
        elif draw.random() < 0.3:
            del held[at:]
    return bytes(held)
