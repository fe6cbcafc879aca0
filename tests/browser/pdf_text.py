"""The words of a PDF as this house prints them: pages with Type 0 fonts, two bytes a glyph, each font with a ToUnicode map."""

from __future__ import annotations

import re
import zlib

ESCAPED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def text_of(pdf: bytes) -> str:
    """Everything written on the pages, line after line, in the order it is drawn."""
    objects = {int(number): body for number, body in re.findall(rb"\n(\d+) 0 obj(.*?)\nendobj", pdf, re.DOTALL)}
    lines: list[str] = []
    for body in objects.values():
        if not re.search(rb"/Type/Page\b(?!s)", body):
            continue
        named = objects[_number(body, rb"Resources")]
        fonts = {name: _map(objects[_number(objects[int(at)], rb"ToUnicode")]) for name, at in re.findall(rb"/(f\d+) (\d+) 0 R", named)}
        lines += _drawn(_stream(objects[_number(body, rb"Contents")]), fonts)
    return "\n".join(lines)


def _number(body: bytes, key: bytes) -> int:
    found = re.search(rb"/" + key + rb" (\d+) 0 R", body)
    assert found, key
    return int(found[1])


def _stream(body: bytes) -> bytes:
    return zlib.decompressobj().decompress(re.split(rb"stream\r?\n", body, maxsplit=1)[1])


def _map(body: bytes) -> dict[int, str]:
    pairs = re.findall(rb"<([0-9A-F]{4})> <([0-9A-F]+)>\n", _stream(body))
    return {int(glyph, 16): bytes.fromhex(word.decode()).decode("utf-16-be") for glyph, word in pairs}


def _drawn(content: bytes, fonts: dict[bytes, dict[int, str]]) -> list[str]:
    lines = []
    for name, shown in re.findall(rb"/(f\d+) [\d.]+ Tf.*?\[(.*?)\]TJ", content, re.DOTALL):
        glyphs = b"".join(
            bytes.fromhex(hexed.decode()) if hexed else _plain(said) for said, hexed in re.findall(rb"\(((?:[^\\)]|\\.)*)\)|<([0-9A-F]+)>", shown, re.DOTALL)
        )
        lines.append("".join(fonts[name].get(int.from_bytes(glyphs[i : i + 2]), "\ufffd") for i in range(0, len(glyphs), 2)))
    return lines


def _plain(said: bytes) -> bytes:
    """A string in brackets without its escapes."""
    return re.sub(rb"\\([0-7]{1,3}|.)", lambda m: bytes([int(m[1], 8)]) if m[1].isdigit() else ESCAPED.get(m[1], m[1]), said, flags=re.DOTALL)
