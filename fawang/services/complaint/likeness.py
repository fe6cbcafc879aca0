"""Who may be meant by the words in which somebody was complained about. Pure: no database.

People write 赵主任, 合肥司法局的赵志强, zhao zhiqiang, 接线员1024号. As long as nobody has said which account is meant, whoever is like the words
must not see the complaint (信访工作条例 §30). So likeness errs on one side: it may name one too many, never one too few.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

from fawang.kernel.folding import fold_name, pinyin_initials, pinyin_key

TITLES = tuple(
    sorted(
        (
            *(
                "主任",
                "局长",
                "厅长",
                "科长",
                "处长",
                "所长",
                "站长",
                "股长",
                "队长",
                "组长",
                "院长",
                "秘书长",
                "书记",
                "律师",
                "公证员",
                "鉴定人",
                "鉴定员",
                "调解员",
            ),
            *(
                "督办员",
                "督办",
                "派单员",
                "派单",
                "投诉办理员",
                "回访员",
                "回访",
                "受理员",
                "受理",
                "窗口",
                "坐席",
                "座席",
                "接线员",
                "接线",
                "话务员",
                "接听人员",
                "接听员",
            ),
            *(
                "接听",
                "客服",
                "值班长",
                "值班员",
                "值班",
                "法律顾问",
                "顾问",
                "工作人员",
                "办事员",
                "负责人",
                "领导",
                "一把手",
                "主管",
                "经理",
                "老师",
                "同志",
                "先生",
            ),
            *("女士", "小姐", "法官", "警官", "专员", "干部", "助理", "科员", "人员", "员工", "职员", "工号", "编号", "热线"),
        ),
        key=len,
        reverse=True,
    )
)
"""What people put beside a name. The longest first, so that 副主任律师 leaves nothing."""
POSTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("接线 话务 坐席 座席 接听 客服 热线 工号", ("seat", "hotline_supervisor")),
    ("律师 顾问", ("adviser",)),
    ("窗口 受理 前台 柜台 大厅", ("window_clerk",)),
    ("督办", ("supervisor",)),
    ("派单", ("dispatcher",)),
    ("投诉办理 投诉处理 投诉受理 管投诉", ("complaint_handler",)),
    ("回访", ("return_visitor",)),
    ("值班长", ("hotline_supervisor",)),
    ("主任 局长 厅长 所长 负责人 领导 一把手", ("office_head",)),
)
"""Words for a post, and the roles whose holders are meant when nothing else is said."""
_FILL = re.compile("某某|某|那个|这个|那位|这位|一位|一个|一名|有个|名叫|名字|叫做|叫|姓|副|的|位|名|个|是|号|男|女|老|小|里|在|贵|本")
_BRACKETS = re.compile(r"[（(【\[〔<《][^）)】\]〕>》]*[）)】\]〕>》]")
_PLACE = re.compile("[省市县区]")
_TAIL = re.compile("(?<=[省市县区])")
_COMPOUND = (
    *(
        "欧阳",
        "司马",
        "上官",
        "诸葛",
        "东方",
        "皇甫",
        "尉迟",
        "公孙",
        "慕容",
        "令狐",
        "长孙",
        "宇文",
        "司徒",
        "夏侯",
        "端木",
        "轩辕",
        "南宫",
        "独孤",
        "呼延",
        "闻人",
    ),
)
SHORTEST_OFFICE = 3
_SURNAMES = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章云苏潘葛奚范彭郎鲁韦昌马苗凤方俞任袁柳鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛"
    "禹狄米贝臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯管卢莫房裘缪解应宗丁宣邓郁单杭洪包诸左石崔吉龚程邢裴陆荣翁荀羊惠甄曲封储靳段焦巴牧隗谷车侯"
    "宓蓬全班仰仲宁仇栾甘厉祖武符刘景詹束龙叶司黎蒲印白蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴闻党翟谭贡姬申冉桑桂牛边燕尚农温庄晏柴瞿阎连习容向古易慎戈廖庾终居衡步都耿满弘匡国文寇广东欧利师巩聂晁勾敖冷辛阚那简饶曾沙丰关相查"
    "游竺权盖益桓公肖付闫代覃岳佟仝苟邸冀谌逯佘亓涂蹇揭兰丘邝麦隋裘敬闪展滑"
)
"""By one of these somebody may have been called; 务 in 服务窗口 sounds like 吴 and is no name."""
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
