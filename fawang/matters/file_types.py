"""What a file really is: decided by its bytes, never by its name. Bounded work, nothing is unpacked or parsed as XML."""

from __future__ import annotations

import re
import struct
import unicodedata
import zipfile
from pathlib import Path

from fawang.kernel.errors import Refusal, catalogue

catalogue(
    {
        "file.empty": ("附件是空的。", "The file is empty."),
        "file.kind": (
            "不收这种文件。可以上传 PDF、照片、Word、Excel、文本、录音或视频。",
            "This kind of file is not taken. PDF, photos, Word, Excel, text, audio or video are.",
        ),
        "file.mismatch": ("文件内容与扩展名不符，请检查后重新上传。", "The content does not fit the file's extension."),
        "file.hostile": ("文件里含有可执行内容，不能接收。", "The file holds executable content."),
        "file.bomb": ("压缩比例异常，不能接收。", "The file unpacks to an unreasonable size."),
        "file.pixels": ("图片尺寸过大，请缩小后上传。", "The picture is too large in pixels."),
        "file.encrypted": ("文件已加密，请去掉密码后上传。", "The file is encrypted; please remove the password."),
    }
)
MAX_PIXELS = 80_000_000
MAX_ENTRIES, MAX_RATIO, MAX_UNPACKED = 2000, 100, 300 * 1024 * 1024
_TYPES = {
    "pdf": ("application/pdf", ("pdf",)),
    "jpg": ("image/jpeg", ("jpg", "jpeg")),
    "png": ("image/png", ("png",)),
    "webp": ("image/webp", ("webp",)),
    "heic": ("image/heic", ("heic", "heif")),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ("docx",)),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ("xlsx",)),
    "ole": ("application/msword", ("doc", "xls", "wps", "et")),
    "txt": ("text/plain", ("txt",)),
    "mp3": ("audio/mpeg", ("mp3",)),
    "wav": ("audio/wav", ("wav",)),
    "amr": ("audio/amr", ("amr",)),
    "mp4": ("video/mp4", ("mp4", "m4a", "mov", "3gp")),
}
_ACTIVE = re.compile(rb"<\s*(script|html|svg|iframe|object|!doctype)|javascript:", re.IGNORECASE)


def inspect_file(path: Path, name: str) -> str:
    """The content type of a file that may be kept. Raises ``Refusal`` (``file.*``) otherwise."""
    size = path.stat().st_size
    if size == 0:
        raise Refusal("file.empty", field="files")
    with path.open("rb") as file:
        head = file.read(4096)
        file.seek(max(0, size - 4096))
        tail = file.read()
    kind = _kind(head, path)
    if kind is None:
        raise Refusal("file.kind", field="files")
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    if extension not in _TYPES[kind][1]:
        raise Refusal("file.mismatch", field="files")
    _refuse_polyglots(kind, head, tail)
    if kind in {"docx", "xlsx"}:
        _check_zip(path)
    if kind in {"png", "jpg", "webp"} and _pixels(kind, path) > MAX_PIXELS:
        raise Refusal("file.pixels", field="files")
    if kind == "pdf" and b"/Encrypt" in tail:
        raise Refusal("file.encrypted", field="files")
    return _TYPES[kind][0]


def _kind(head: bytes, path: Path) -> str | None:
    signatures = (
        (b"%PDF-", "pdf"), (b"\xff\xd8\xff", "jpg"), (b"\x89PNG\r\n\x1a\n", "png"), (b"\xd0\xcf\x11\xe0", "ole"),
        (b"ID3", "mp3"), (b"\xff\xfb", "mp3"), (b"\xff\xf3", "mp3"), (b"#!AMR", "amr"),
    )  # fmt: skip
    for signature, kind in signatures:
        if head.startswith(signature):
            return kind
    if head[:4] == b"RIFF":
        return {b"WEBP": "webp", b"WAVE": "wav"}.get(head[8:12])
    if head[4:8] == b"ftyp":
        return "heic" if head[8:12] in {b"heic", b"heix", b"mif1", b"hevc", b"msf1"} else "mp4"
    if head.startswith(b"PK\x03\x04"):
        return _office(path)
    return "txt" if _is_text(path, head) else None


def _office(path: Path) -> str | None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:MAX_ENTRIES]
    except (zipfile.BadZipFile, OSError, ValueError, struct.error):
        return None
    if "word/document.xml" in names:
        return "docx"
    return "xlsx" if "xl/workbook.xml" in names else None


def _is_text(path: Path, head: bytes) -> bool:
    if b"\0" in head or _ACTIVE.search(head):
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            head[: len(head) - (4 if len(head) == 4096 else 0)].decode(encoding, errors="strict")
        except UnicodeDecodeError:
            continue
        return True
    return False


def _refuse_polyglots(kind: str, head: bytes, tail: bytes) -> None:
    if kind in {"jpg", "png", "webp", "heic"} and (b"PK\x05\x06" in tail or _ACTIVE.search(tail) or _ACTIVE.search(head)):
        raise Refusal("file.hostile", field="files")
    if kind == "pdf" and (b"PK\x05\x06" in tail or head[:2] == b"MZ" or re.search(rb"/(JavaScript|JS|Launch)\b", head + tail)):
        raise Refusal("file.hostile", field="files")


def _check_zip(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if len(entries) > MAX_ENTRIES or len({e.filename for e in entries}) != len(entries):
            raise Refusal("file.bomb", field="files")
        unpacked = sum(e.file_size for e in entries)
        packed = max(1, sum(e.compress_size for e in entries))
        if unpacked > MAX_UNPACKED or unpacked / packed > MAX_RATIO:
            raise Refusal("file.bomb", field="files")
        for entry in entries:
            if entry.flag_bits & 1:
                raise Refusal("file.encrypted", field="files")
            lowered = entry.filename.lower()
            if "vbaproject" in lowered or "/embeddings/" in lowered or lowered.endswith((".bin", ".exe", ".js", ".vbs")):
                raise Refusal("file.hostile", field="files")
            if lowered.startswith(("/", "\\")) or ".." in lowered.split("/"):
                raise Refusal("file.hostile", field="files")


def _pixels(kind: str, path: Path) -> int:
    with path.open("rb") as file:
        head = file.read(1 << 16)
    if kind == "png":
        width, height = struct.unpack(">II", head[16:24]) if len(head) >= 24 else (0, 0)
        return int(width * height)
    if kind == "webp":
        return (int.from_bytes(head[24:27], "little") + 1) * (int.from_bytes(head[27:30], "little") + 1) if head[12:16] == b"VP8X" else 0
    at = 2
    while at + 9 < len(head) and head[at] == 0xFF:
        marker, length = head[at + 1], int.from_bytes(head[at + 2 : at + 4], "big")
        if marker in {0xC0, 0xC1, 0xC2}:
            return int.from_bytes(head[at + 5 : at + 7], "big") * int.from_bytes(head[at + 7 : at + 9], "big")
        at += 2 + length
    return 0


def safe_file_name(name: str) -> str:
    """A name fit to be shown and downloaded under: no paths, no controls, no direction marks; the extension stays."""
    bare = re.split(r"[/\\]", name)[-1]
    kept = "".join(ch for ch in bare if unicodedata.category(ch) not in {"Cc", "Cf", "Cs"}).strip(" .")
    kept = re.sub(r'[<>:"|?*]', "_", kept).lstrip("-.")
    stem, dot, extension = kept.rpartition(".")
    if re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)", stem or kept):
        stem = f"_{stem or kept}"
    while len((stem + dot + extension).encode()) > 180:
        stem = stem[:-1]
    return (stem + dot + extension) or "file"
