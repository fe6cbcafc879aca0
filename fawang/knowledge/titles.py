"""Names of laws: the key that matches one law across sources, its short name, and how two titles are told apart. Pure."""

from __future__ import annotations

import hashlib
import re

_WIDE = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x3000: 0x20}
_MARKS = str.maketrans(dict.fromkeys("《》〈〉<>“”\"'‘’「」『』\u200b\ufeff\xa0\\ 　·、，,。．.:：;；—－-", ""))
_PREFIX = "中华人民共和国"
_ENACTED = re.compile(
    r"\s*[(（](?:\d{4}[-年.]\d{1,2}[-月.]\d{1,2}日?|\d{4}年?|(?:19|20)\d\d年(?:修正|修订|修改)(?:文本|本)?|(?:修正|修订)(?:文本|本)?)[)）]\s*$"
)
_ISSUERS = re.compile(r"^(?:最高人民法院|最高人民检察院|公安部|司法部|国家安全部)+(?:于|关于)")


def clean_title(text: str) -> str:
    """The title as people write it: no spaces inside, full-width brackets, no trailing date or 修正 mark."""
    text = re.sub(r"\s+", "", text.replace("\u200b", "").replace("\ufeff", "").replace("\\", ""))
    text = text.replace("(", "（").replace(")", "）").replace("<", "〈").replace(">", "〉")
    return _ENACTED.sub("", text).strip("#*")


def title_key(text: str) -> str:
    """The matching key: width, quotes, spaces, the state's name anywhere and enactment marks left out."""
    text = _ENACTED.sub("", text.strip()).translate(_WIDE).translate(_MARKS)
    return text.replace(_PREFIX, "").casefold()


def short_title(text: str) -> str:
    """The title without 中华人民共和国 at its head."""
    return text.removeprefix(_PREFIX)


def popular_keys(text: str) -> list[str]:
    """Further keys people use for a title: an interpretation without its issuer, 适用 or 若干问题."""
    key = title_key(text)
    found = [key]
    bare = _ISSUERS.sub("", key)
    for old in ("适用", "审理", "办理"):
        if bare.startswith(old):
            found.append(bare.removeprefix(old))
    if bare != key:
        found.append(bare)
        found.append("关于" + bare)
    for name in list(found):
        if "若干问题" in name:
            found.append(name.replace("适用法律若干问题", "").replace("若干问题", ""))
    return list(dict.fromkeys(n for n in found if len(n) >= 3))


def slug_of(key: str, region_code: str = "") -> str:
    """A stable address from the key: ten letters and digits that nobody can count up."""
    return hashlib.blake2s((key + "|" + region_code).encode(), digest_size=8).hexdigest()
