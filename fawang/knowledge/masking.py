"""What in a text may tell who somebody is, and hiding it: numbers, addresses, and names that stand where people are named. Pure.

个人信息保护法 §28, §73; 最高人民法院关于人民法院在互联网公布裁判文书的规定 §8–§10 (which names and data are left out of published cases).
A machine finds what follows a pattern; a person reads the text again before it is published.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import rjieba

from fawang.kernel.texts import Text

KINDS: dict[str, Text] = {
    "identity": Text("身份证号", "ID number"), "phone": Text("电话号码", "Phone number"), "card": Text("银行卡号", "Bank card"), "email": Text("电子邮箱", "E-mail"),
    "account": Text("微信QQ号", "WeChat or QQ"), "plate": Text("车牌号", "Number plate"), "address": Text("详细地址", "Address"), "name": Text("姓名", "Name"),
}  # fmt: skip
_SINGLE = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严"
    "覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳欧管柴蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝官封谈匡鞠惠荆乐冀郁胥南班储原栗燕楚鄢劳谌奚皮粟冼蔺楼盘满闻位厉伊"
)
_DOUBLE = ("欧阳", "上官", "司马", "诸葛", "司徒", "东方", "夏侯", "皇甫", "尉迟", "公孙", "慕容", "令狐", "端木", "申屠", "南宫", "西门")
_ROLES = (
    "原告人|被告人|原告|被告|反诉原告|反诉被告|上诉人|被上诉人|再审申请人|被申请人|申请人|申请执行人|被执行人|第三人|赔偿请求人|法定代表人|负责人|经营者|委托诉讼代理人|委托代理人|法定代理人|辩护人|"
    "被害人|受害人|证人|鉴定人|犯罪嫌疑人|罪犯|死者|伤者|当事人|自诉人|投保人|被保险人|借款人|出借人|担保人|保证人|承租人|出租人|驾驶人|司机|包工头|审判长|审判员|书记员|其妻|其夫|其父|其母|其子|其女|妻子|丈夫|父亲|母亲|"
    "儿子|女儿|工友|同事|邻居|老板|房东|姓名|名叫|我叫|联系人|收款人|户名"
)
_NAME = re.compile(
    rf"(?:{_ROLES})[是为叫：:（(]?\s*((?:{'|'.join(_DOUBLE)})[\u4e00-\u9fff]{{1,2}}|[{_SINGLE}][\u4e00-\u9fff]{{1,2}}|[\u4e00-\u9fff]{{2,5}}[·•][\u4e00-\u9fff]{{2,8}}?(?=[与诉和及向因在系是于为的对将被称，。；：、（）\s]|$))"
)
_STOP = set("诉与和及向因在系是于为的对将被称等已未到从至、，。；：人们方案与之自各均也不又并应可有无多以就给把让去来说要请叫到后前时")
_NOT = {"某", "甲", "乙", "丙", "丁", "×", "x", "X", "*", "＊", "○"}
_WORDS = frozenset(
    {
        "公司",
        "单位",
        "厂家",
        "法院",
        "警方",
        "医院",
        "学校",
        "银行",
        "方面",
        "高利",
        "成员",
        "包工",
        "时间",
        "万元",
        "任何",
        "应当",
        "于是",
        "关于",
        "明确",
        "明知",
        "成功",
        "向其",
        "和其",
        "任意",
        "全部",
        "安排",
        "安全",
        "文件",
        "方式",
        "路上",
        "时候",
        "单方",
        "单独",
        "车辆",
        "常住",
        "高度",
    }
)
MOST_NAMES = 500
_LONG = re.compile(r"[0-9０-９]{7,}")
_DIGITS = r"[0-9０-９]"
_IDENTITY = re.compile(
    rf"(?<!{_DIGITS}){_DIGITS}{{6}}[\s-]?{_DIGITS}{{8}}[\s-]?{_DIGITS}{{3}}[0-9０-９XxＸｘ](?!{_DIGITS})|(?<!{_DIGITS}){_DIGITS}{{15}}(?!{_DIGITS})"
)
_PHONE = re.compile(
    rf"(?<!{_DIGITS})(?:\+?86[\s-]?)?[1１][3-9３-９]{_DIGITS}[\s-]?{_DIGITS}{{4}}[\s-]?{_DIGITS}{{4}}(?!{_DIGITS})|(?<!{_DIGITS})0{_DIGITS}{{2,3}}[\s-]{_DIGITS}{{7,8}}(?!{_DIGITS})"
)
_CARD = re.compile(rf"(?<!{_DIGITS})(?:{_DIGITS}{{4}}[\s-]?){{3,4}}{_DIGITS}{{1,7}}(?!{_DIGITS})")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,10}")
_PLATE = re.compile(r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z][·\s]?[A-HJ-NP-Z0-9]{5,6}(?![A-Za-z0-9])")
_ACCOUNT = re.compile(r"(?:微信号?|QQ号?|qq号?|wx|vx|VX)[是为:：\s]{0,3}[A-Za-z0-9_-]{5,20}")
_ADDRESS = re.compile(
    r"[\u4e00-\u9fff]{1,8}(?:路|大道|大街|街|巷|弄|胡同)(?:[0-9０-９一二三四五六七八九十百]{1,6}号)(?:[\u4e00-\u9fff0-9０-９A-Za-z#＃-]{0,16}(?:栋|幢|座|单元|室|层|楼|号))?"
    r"|[\u4e00-\u9fff]{1,10}(?:小区|花园|公寓|家园|新村|苑)[0-9０-９一二三四五六七八九十A-Za-z]{1,5}(?:栋|幢|座|号楼|号)(?:[0-9０-９一二三四五六七八九十A-Za-z]{1,6}(?:单元|室|号|层))*"
    r"|[\u4e00-\u9fff]{1,8}村[\u4e00-\u9fff0-9０-９]{0,8}(?:组|队|号|屯)(?:[0-9０-９]{1,5}号)?"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that may tell who somebody is: its kind and where it stands."""

    kind: str
    start: int
    end: int


def findings(text: str, known: Iterable[str] = ()) -> list[Finding]:
    """Everything found, in order, without overlaps; what is surer comes first. ``known``: names looked for as they are."""
    taken, found = bytearray(len(text)), []

    def take(kind: str, start: int, end: int) -> None:
        if not any(taken[start:end]):
            taken[start:end] = b"\1" * (end - start)
            found.append(Finding(kind, start, end))

    for kind, pattern in (
        ("identity", _IDENTITY),
        ("phone", _PHONE),
        ("card", _CARD),
        ("email", _EMAIL),
        ("account", _ACCOUNT),
        ("plate", _PLATE),
        ("address", _ADDRESS),
    ):
        for match in pattern.finditer(text):
            if kind != "card" or _is_card(match[0]):
                take(kind, match.start(), match.end())
    for name in [*sorted(known, key=len, reverse=True), *_names(text)]:
        at = text.find(name)
        while at >= 0:
            take("name", at, at + len(name))
            at = text.find(name, at + len(name))
    return sorted(found, key=lambda f: f.start)


def _is_card(digits: str) -> bool:
    """16 to 19 digits whose check digit is right (Luhn), so that sums of money and file numbers are left alone."""
    plain = [int(ch) for ch in digits if ch.isdecimal()]
    if not 16 <= len(plain) <= 19:
        return False
    total = 0
    for at, digit in enumerate(reversed(plain)):
        doubled = digit * 2 if at % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def _names(text: str) -> list[str]:
    """Names that stand after a word for a person's part in the matter, longest first; names hidden already are passed over."""
    found: dict[str, None] = {}
    for match in _NAME.finditer(text):
        dotted = "·" in match[1] or "•" in match[1]
        name = match[1] if dotted else _plain(match[1], text[match.start(1) : match.start(1) + 8])
        if len(name) >= 2 and not any(ch in _NOT for ch in name[1:]) and name not in _WORDS and name[:2] not in _WORDS:
            found[name] = None
            if len(found) == MOST_NAMES:
                break
    return sorted(found, key=len, reverse=True)


def _plain(name: str, run: str) -> str:
    """Whether two or three characters are the name is told by the words of what follows."""
    surname = 2 if name[:2] in _DOUBLE else 1
    while len(name) > surname + 1 and name[-1] in _STOP:
        name = name[:-1]
    if name[surname:][:1] and name[surname] in _STOP:
        return ""
    if len(name) == surname + 2:
        rest = rjieba.cut(run[surname + 1 :], False)  # words of the dictionary only
        if len(rest) > 0 and len(rest[0]) >= 2 and rest[0][0] == name[-1] and rest[0] not in {name[surname:]}:
            return name[:-1]
    return name


def hidden(text: str, names: Iterable[str] = ()) -> tuple[str, Counter[str]]:
    """The text with everything found hidden, and how many of each kind. A name keeps its surname: 张某, a second one 张某2.

    ``names`` are people known to be in the matter: hidden wherever they stand.
    """
    known = {n.strip() for n in names if len(n.strip()) >= 2}
    found = findings(text, known)
    given: dict[str, str] = {}
    for item in found:
        if item.kind == "name":
            name = text[item.start : item.end]
            if name not in given:
                given[name] = _other_name(name, given)
    out, at = [], 0
    for item in found:
        word = text[item.start : item.end]
        out += [text[at : item.start], given[word] if item.kind == "name" else f"（{KINDS[item.kind].zh}已隐去）"]
        at = item.end
    return "".join([*out, text[at:]]), Counter(f.kind for f in found)


def masked(text: str, names: Iterable[str] = ()) -> tuple[str, list[str]]:
    """The text with everything hidden, and in Chinese words which kinds were there."""
    after, kinds = hidden(text, names)
    return after, [KINDS[kind].zh for kind in kinds]


def still_personal(text: str, names: Iterable[str] = ()) -> list[str]:
    """Kinds, in Chinese words, that may still tell who somebody is after masking; a long number counts too.

    ``names`` are people known to be in the matter.
    """
    left = [KINDS[f.kind].zh for f in findings(text, {n.strip() for n in names if len(n.strip()) >= 2})]
    return list(dict.fromkeys([*left, *(["长数字"] if _LONG.search(text) else [])]))


def _other_name(name: str, given: dict[str, str]) -> str:
    surname = name[:2] if name[:2] in _DOUBLE else name[0]
    base, number = f"{surname}某", 1
    while (candidate := base if number == 1 else f"{base}{number}") in given.values():
        number += 1
    return candidate


def shown_kinds(kinds: Counter[str] | list[str], language: str = "zh") -> str:
    """The kinds found, in words, for a message: 姓名、电话号码."""
    return ("、" if language.startswith("zh") else ", ").join(KINDS[kind].in_language(language) for kind in dict.fromkeys(kinds))


def lines_with(text: str) -> Iterator[tuple[str, str]]:
    """(kind, the words themselves) for a person who masks by hand and has the right to see them."""
    for item in findings(text):
        yield item.kind, text[item.start : item.end]
