"""Refusing text that would break or deceive; never altering text that is accepted. RELIABILITY B1."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

PROBLEMS: dict[str, tuple[str, str]] = {
    "text.surrogate": ("文字里有无法保存的字符，请重新输入。", "The text holds a character that cannot be kept."),
    "text.control": ("文字里有看不见的控制符，请删去后再提交。", "Please remove invisible control characters."),
    "text.bidi": ("这一项不能含有改变文字方向的符号。", "Characters that turn the reading direction are not allowed here."),
    "text.marks": ("文字里的附加符号过多。", "Too many combining marks."),
    "text.too_long": ("最多 {max_length} 个字，请删减。", "At most {max_length} characters, please shorten."),
    "text.line_break": ("这一项只能填一行。", "This field takes one line."),
}
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_MAX_MARKS_IN_A_ROW = 8


class ValueProblem(ValueError):
    """A value that cannot be accepted: ``code`` names why, ``params`` fill the words."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params: dict[str, Any] = params


class BadText(ValueProblem):
    """Text that cannot be accepted."""


def check_text(value: str, *, max_length: int, single_line: bool = False) -> str:
    """The value itself, unchanged, if it may be kept. Raises ``BadText`` with the reason."""
    if len(value) > max_length:
        raise BadText("text.too_long", max_length=max_length)
    if any(0xD800 <= ord(ch) <= 0xDFFF or ch == "\ufffd" for ch in value):  # U+FFFD: what stood there is lost already
        raise BadText("text.surrogate")
    if _CONTROL.search(value):
        raise BadText("text.control")
    if single_line:
        if "\n" in value or "\r" in value or "\u2028" in value or "\u2029" in value:
            raise BadText("text.line_break")
        if _BIDI.search(value):
            raise BadText("text.bidi")
    marks = 0
    for ch in value:
        marks = marks + 1 if unicodedata.combining(ch) else 0
        if marks > _MAX_MARKS_IN_A_ROW:
            raise BadText("text.marks")
    return value


def has_private_use(value: str) -> bool:
    """Whether the text holds private-use characters (legacy fonts): kept, but never published or exchanged."""
    return any(unicodedata.category(ch) == "Co" for ch in value)
