"""Who may be meant by the words in which somebody was complained about. Pure: no database.

People write 赵主任, 合肥司法局的赵志强, zhao zhiqiang, 接线员1024号. As long as nobody has said which account is meant, whoever is like the words
must not see the complaint (信访工作条例 §30). So likeness errs on one side: it may name one too many, never one too few.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Generic, TypeVar

from fawang.kernel.folding import fold_name, pinyin_initials, pinyin_key

_WORDS = tomllib.loads(files("fawang.services.complaint").joinpath("rules/likeness.toml").read_text(encoding="utf-8"))
TITLES = tuple(sorted(_WORDS["titles"].split(), key=len, reverse=True))
"""What people put beside a name. The longest first, so that 副主任律师 leaves nothing."""
POSTS: tuple[tuple[str, tuple[str, ...]], ...] = tuple((post["words"], tuple(post["roles"])) for post in _WORDS["post"])
_FILL = re.compile("某某|某|那个|这个|那位|这位|一位|一个|一名|有个|名叫|名字|叫做|叫|姓|副|的|位|名|个|是|号|男|女|老|小|里|在|贵|本")
_BRACKETS = re.compile(r"[（(【\[〔<《][^）)】\]〕>》]*[）)】\]〕>》]")
_PLACE = re.compile("[省市县区]")
_TAIL = re.compile("(?<=[省市县区])")
_COMPOUND = tuple(_WORDS["compound_surnames"].split())
_SURNAMES = frozenset("".join(_WORDS["surnames"].split()))
SHORTEST_OFFICE = 3
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Known:
    """A member of staff as likeness looks at him. ``offices``: names of his office; ``roles``: posts he holds now."""

    name: str
    username: str = ""
    offices: tuple[str, ...] = ()
    roles: frozenset[str] = frozenset()


def letters(text: str) -> str:
    """What remains of a text for comparing: folded, and only letters, digits and characters, rare ones too."""
    return "".join(ch for ch in fold_name(text) if ch.isalnum() or unicodedata.category(ch) in {"Cn", "Co"})


@lru_cache(maxsize=1 << 16)
def core(name: str) -> str:
    """A known name or office without its marks: 赵志强（演示） → 赵志强."""
    return letters(_BRACKETS.sub("", name)) or letters(name)


@lru_cache(maxsize=1 << 16)
def _sound(text: str) -> str:
    return letters(pinyin_key(text))


def _surname(name: str) -> str:
    return next((s for s in _COMPOUND if name.startswith(s)), name[:1])


def is_office(typed: str, office: str, *, near: bool = False) -> bool:
    """Whether the words name this office and nothing but it. ``near``: also without its place, as people of the place say it."""
    said = _PLACE.sub("", core(typed))
    return bool(said) and any(said == _PLACE.sub("", way) for way in _ways(office, near=near))


def names_office(typed: str, office: str, *, near: bool = False) -> bool:
    """Whether the words name this office, whatever else they say."""
    return bool(_said_of(letters(typed), office, near=near))


def _ways(office: str, *, near: bool) -> list[str]:
    whole = core(office)
    parts = [part for part in _TAIL.split(whole) if part] if near else [whole]
    return [way for n in range(len(parts)) if len(way := "".join(parts[n:])) >= SHORTEST_OFFICE]


def _said_of(said: str, office: str, *, near: bool) -> str:
    """The part of the words that is this office's name; empty when none is."""
    for way in _ways(office, near=near):
        if way in said:
            return way
        short = _PLACE.sub("", way)
        if len(short) >= SHORTEST_OFFICE and short in _PLACE.sub("", said) and (found := re.search("[省市县区]*".join(map(re.escape, short)), said)):
            return found.group()
    return ""


@dataclass(slots=True)
class Suspected(Generic[Key]):
    """Who may be meant: by name, number or title; or only because he holds the post the words speak of."""

    by_name: set[Key]
    by_post: set[Key]


def suspected(typed: str, people: Mapping[Key, Known], *, offices: Sequence[str] = ()) -> Suspected[Key]:
    """All who may be meant by the words. Of a post spoken of, all holders, unless one of them is meant by name."""
    named = {key for key, person in people.items() if alike(typed, person, offices=offices)}
    holders = {role: {key for key, person in people.items() if role in person.roles} for role in posts_meant(typed)}
    return Suspected(named, {key for held in holders.values() if not held & named for key in held})


def alike(typed: str, person: Known, *, offices: Sequence[str] = ()) -> bool:
    """Whether this person may be meant by name, title or number; ``offices`` are those the words name, taken out before a name is looked for."""
    names = _names(person.name)
    for said in filter(None, dict.fromkeys((letters(typed), letters(_BRACKETS.sub("", typed))))):
        rest = _rest(said, [*offices, *person.offices])
        if any(_within(said, name) or _like(rest, name) or _called(said, name) for name in names):
            return True
    return _numbered(typed, person)


def posts_meant(typed: str) -> frozenset[str]:
    """Roles whose holders the words may mean: 接线员 → seat."""
    said = letters(typed)
    return frozenset(role for words, roles in POSTS if any(word in said for word in words.split()) for role in roles)


def _names(name: str) -> list[str]:
    whole = core(name)
    bare = _without(whole, TITLES)
    return [n for n in dict.fromkeys((whole, bare)) if n]


def _without(said: str, words: Iterable[str]) -> str:
    for word in words:
        said = said.replace(word, "")
    return said


def _rest(said: str, offices: Iterable[str]) -> str:
    """What is left of the words when offices, titles and filling words are gone: mostly the name, or the surname alone."""
    for office in offices:
        if found := _said_of(said, office, near=True):
            said = said.replace(found, "")
    return _without(said, TITLES)


def _within(said: str, name: str) -> bool:
    """The whole name stands somewhere in the words, as written or as spoken, surname first or last; its initials alone."""
    if len(name) < 2:
        return said == name
    if name in said:
        return True
    sound, spoken = _sound(name), _sound(said)
    surname = _sound(_surname(name))
    return sound in spoken or (sound.removeprefix(surname) + surname) in spoken or spoken in {pinyin_initials(name), sound.removeprefix(surname)}


def _like(rest: str, name: str) -> bool:
    """What is left is the surname alone, a part of the name, or the name with one slip."""
    for said in dict.fromkeys((rest, _FILL.sub("", rest), re.sub(r"[0-9]", "", _FILL.sub("", rest)))):
        if not said:
            continue
        spoken, surname = _sound(said), _surname(name)
        heard = spoken == _sound(surname) and (said.isascii() or len(said) > 1 or said in _SURNAMES)
        if said == surname or heard or (len(said) > 1 and said in name):
            return True
        if len(said) > (3 if said.isascii() else 1) and spoken in _sound(name):
            return True
        if max(len(said), len(name)) >= 3 and min(len(said), len(name)) >= 2 and _sound(said[0]) == _sound(name[0]) and _one_slip(said, name):
            return True
    return False


def _called(said: str, name: str) -> bool:
    """Called by the surname: 赵主任, 姓赵, 赵某, 老赵, wherever it stands in the words."""
    surname = re.escape(_surname(name))
    titles = "|".join(map(re.escape, TITLES))
    if re.search(f"{surname}副?(?:{titles}|某|工|总|所|局|科|处|队|姐|哥|律)|(?:姓|老|小|叫){surname}", said):
        return True
    heard = _sound(_surname(name))
    before = [*re.findall(f"(.)副?(?:{titles}|某)", said), *re.findall("姓(.)", said)]
    return any(_sound(ch) == heard for ch in before if ch in _SURNAMES)


def _one_slip(a: str, b: str) -> bool:
    """At most one character changed, left out or put in."""
    if len(a) < len(b):
        a, b = b, a
    if len(a) - len(b) > 1:
        return False
    at = next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), len(b))
    return a[at + 1 :] == b[at + (len(a) == len(b)) :]


def _numbered(typed: str, person: Known) -> bool:
    """His account name or its number stands in the words: 工号1024, u1024."""
    account = person.username.casefold()
    pieces = re.findall(r"[a-z0-9]+", fold_name(typed).replace("·", " "))
    numbers = {n.lstrip("0") for n in re.findall(r"[0-9]+", " ".join(pieces))} - {""}
    return bool(account) and (account in pieces or bool(numbers & {n.lstrip("0") for n in re.findall(r"[0-9]+", account)}))
