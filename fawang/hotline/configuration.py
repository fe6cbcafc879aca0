"""The hotline's configuration as one typed document. Pure: knows no Django and no database.

A document is edited as a draft, walked through by the simulator, and let live as a whole (``configurations``). Calls keep the
edition they began under. Durations are seconds unless the name says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fawang.kernel.texts import Text

CODE = r"^[a-z][a-z0-9_]{0,39}$"
Code = Annotated[str, Field(pattern=CODE)]
Seconds = Annotated[int, Field(ge=1, le=86_400)]
TO = re.compile(r"^(queue|menu):[a-z][a-z0-9_]{0,39}$|^(voicemail|callback|repeat|goodbye)$")
Destination = Annotated[str, Field(pattern=TO.pattern)]
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holidays")
SPAN = re.compile(r"([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)")


class Part(BaseModel):
    """Nothing unknown, nothing coerced."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Number(Part):
    """A number people dial. ``did`` ``*`` is any number that ends in ours."""

    did: Annotated[str, Field(min_length=1, max_length=40)]
    to: Destination
    region: str = ""


class Option(Part):
    """What a key of a menu leads to, and what the call needs or weighs from then on."""

    to: Destination
    needs: list[str] = []
    priority: Annotated[int, Field(ge=0, le=9)] = 0
    emergency: bool = False
    language: str = ""
    name: str = ""


class Menu(Part):
    """One menu. Nobody is lost in it: after ``tries`` without a valid key the call goes ``otherwise``."""

    prompt: str
    options: dict[str, Option]
    otherwise: Destination
    tries: Annotated[int, Field(ge=1, le=5)] = 2
    wait: Seconds = 5


class PoolUse(Part):
    """A pool of seats that serves a queue, after a wait (overflow) and at what time."""

    pool: Code
    after: Annotated[int, Field(ge=0, le=3600)] = 0
    when: Literal["always", "day", "night"] = "always"


class Relax(Part):
    """Needs that are given up after a wait: those that begin with one of ``drop``."""

    after: Seconds
    drop: list[str]


class Offer(Part):
    """What a waiting caller is offered instead, by key, and when."""

    after: Seconds = 45
    every: Seconds = 60
    callback: str = "1"
    voicemail: str = "2"
    link: str = "3"


class Queue(Part):
    """One queue: who serves it, how long what may take, what happens when nobody can."""

    name: list[str]
    hours: Code = "always"
    needs: list[str] = []
    pools: Annotated[list[PoolUse], Field(min_length=1)]
    order: Literal["longest_idle", "fair_share"] = "longest_idle"
    priority: Annotated[int, Field(ge=0, le=9)] = 0
    ring: Seconds = 15
    wrap_up: Seconds = 60
    relax: list[Relax] = []
    announce_first: Seconds = 20
    announce_every: Seconds = 45
    offer: Offer | None = Offer()
    longest_wait: Seconds = 900
    at_limit: Literal["voicemail", "callback", "goodbye"] = "callback"
    closed: Literal["voicemail", "callback", "goodbye"] = "voicemail"
    same_adviser_days: Annotated[int, Field(ge=0, le=365)] = 30
    same_adviser_wait: Annotated[int, Field(ge=0, le=600)] = 20

    @property
    def title(self) -> Text:
        """Its name in both languages."""
        return Text(self.name[0], self.name[-1])


class Survey(Part):
    """The question after a call that our side ended: key → level 5 … 1."""

    levels: dict[str, int] = {"1": 5, "2": 4, "3": 3, "4": 2, "5": 1}
    wait: Seconds = 6
    tries: Annotated[int, Field(ge=1, le=3)] = 2


class Callbacks(Part):
    """Promised calls: how many a slot, how far ahead, how often tried and how far apart."""

    slot_minutes: Annotated[int, Field(ge=10, le=240)] = 60
    capacity: Annotated[int, Field(ge=1, le=1000)] = 6
    days_ahead: Annotated[int, Field(ge=1, le=14)] = 3
    hours: Code = "day"
    attempts: Annotated[int, Field(ge=1, le=5)] = 3
    apart_minutes: Annotated[int, Field(ge=10, le=1440)] = 120
    automatic: bool = True


class Partner(Part):
    """A hotline or emergency service calls are passed on to by a leg of our own and a bridge."""

    name: list[str]
    target: str
    emergency: bool = False


class Dialling(Part):
    """Numbers that may be dialled out, and by which roles. What is not listed is not dialled."""

    pattern: str
    roles: list[str]


class Thresholds(Part):
    """When the wallboard raises an alarm."""

    queue_length: int = 10
    longest_wait: int = 60
    service_level: float = 0.8
    answer_rate: float = 0.95
    ready_seats: int = 1


class Limits(Part):
    """Bounds that keep a call, a voicemail, a caller or a seat from holding on for ever. ``calls_a_minute`` 0 = no bound."""

    talk: Seconds = 7200
    hold: Seconds = 300
    voicemail: Seconds = 120
    page_silence: Seconds = 45
    calls_a_minute: Annotated[int, Field(ge=0)] = 0
    open_drafts: Annotated[int, Field(ge=1, le=50)] = 5
    warnings_apart: Annotated[int, Field(ge=0, le=600)] = 5


class Supervising(Part):
    """Whether a seat is shown that somebody listens, and who may break in."""

    tell_seat: bool = True


class Trunk(Part):
    """A line to a carrier. Its secret, if any, is kept with the engine, never here."""

    name: Code
    proxy: str
    sources: list[str] = []
    keepalive: Annotated[int, Field(ge=0, le=3600)] = 0
    max_legs: Annotated[int, Field(ge=0)] = 0


class Document(Part):
    """The whole configuration of one edition."""

    numbers: Annotated[list[Number], Field(min_length=1)]
    queues: dict[Code, Queue]
    menus: dict[Code, Menu] = {}
    hours: dict[Code, dict[str, list[str]]] = {}
    trunks: list[Trunk] = []
    partners: dict[str, Partner] = {}
    dialling: list[Dialling] = []
    dial_by: str = ""
    caller_id: str = "12348"
    survey: Survey | None = Survey()
    callbacks: Callbacks = Callbacks()
    thresholds: Thresholds = Thresholds()
    limits: Limits = Limits()
    supervising: Supervising = Supervising()
    keep_recordings_days: Annotated[int, Field(ge=30)] = 365
    music: str = "tone:440/400"


class BadDocument(ValueError):
    """The document is not sound; ``faults`` are (place, Text)."""

    def __init__(self, faults: list[tuple[str, Text]]) -> None:
        super().__init__("; ".join(f"{place}: {words.en}" for place, words in faults))
        self.faults = faults


def parse(data: dict[str, Any]) -> Document:
    """The document of some JSON. Raises ``BadDocument`` naming every fault, of form and of sense."""
    try:
        document = Document.model_validate(data)
    except ValidationError as error:
        faults = [(".".join(map(str, e["loc"])), _said(e["type"], e.get("ctx") or {})) for e in error.errors(include_url=False)]
        raise BadDocument(faults) from None
    if faults := list(_senseless(document)):
        raise BadDocument(faults)
    return document


_WORDS: dict[str, Text] = {
    "missing": Text("请填写。", "This is needed."),
    "greater_than_equal": Text("不能小于{ge}。", "Not below {ge}."),
    "less_than_equal": Text("不能大于{le}。", "Not above {le}."),
    "string_too_short": Text("请填写。", "This is needed."),
    "string_too_long": Text("不能超过{max_length}个字。", "At most {max_length} characters."),
    "too_short": Text("至少要有{min_length}项。", "At least {min_length} needed."),
    "literal_error": Text("请从列出的里面选一项。", "Please choose one of those listed."),
    "int_type": Text("请填一个整数。", "Please give a whole number."),
    "float_type": Text("请填一个数。", "Please give a number."),
    "extra_forbidden": Text("没有这一项。", "There is no such entry."),
}
_PATTERNS: dict[str, Text] = {
    CODE: Text("代码用小写字母开头，只用小写字母、数字和下划线，不超过40个字符。", "A code begins with a small letter; then small letters, digits and _; 40 characters at most."),
    TO.pattern: Text("请选择去哪里。", "Please choose where it leads."),
}  # fmt: skip


def _said(kind: str, bounds: Mapping[str, Any]) -> Text:
    """A fault of form in plain words."""
    if kind == "string_pattern_mismatch":
        return _PATTERNS[bounds["pattern"]]
    return _WORDS.get(kind, Text("填写不对。", "This is not as it should be.")).format(**bounds)


def _senseless(d: Document) -> list[tuple[str, Text]]:
    """References that lead nowhere, menus without a way out, hours that are none."""
    return [*_numbers(d), *_menus(d), *_queues(d), *_hours(d), *_outside(d), *_loops(d)]


Fault = tuple[str, Text]


def _leads(d: Document, place: str, destination: str) -> list[Fault]:
    kind, _, code = destination.partition(":")
    if (kind == "queue" and code not in d.queues) or (kind == "menu" and code not in d.menus):
        return [(place, Text(f"没有{code}这个队列或菜单", f"there is no queue or menu {code}"))]
    return []


def _numbers(d: Document) -> list[Fault]:
    faults = [f for n, number in enumerate(d.numbers) for f in _leads(d, f"numbers.{n}.to", number.to)]
    return faults + [
        (f"numbers.{n}.to", Text("号码不能指向“重听”", "a number cannot lead to repeat")) for n, number in enumerate(d.numbers) if number.to == "repeat"
    ]


def _menus(d: Document) -> list[Fault]:
    faults: list[Fault] = []
    for code, menu in d.menus.items():
        faults += [f for key, option in menu.options.items() for f in _leads(d, f"menus.{code}.options.{key}.to", option.to)]
        faults += [
            (f"menus.{code}.options.{key}", Text("按键须为0-9、*或#", "a key is one of 0-9 * #")) for key in menu.options if not re.fullmatch(r"[0-9*#]", key)
        ]
        faults += _leads(d, f"menus.{code}.otherwise", menu.otherwise)
        if menu.otherwise in {"repeat", f"menu:{code}"}:
            faults.append((f"menus.{code}.otherwise", Text("“其他情况”不能回到菜单自身，来电人会被困住", "otherwise must lead out of the menu")))
    return faults


def _queues(d: Document) -> list[Fault]:
    faults: list[Fault] = []
    for code, queue in d.queues.items():
        if queue.hours not in {"always", *d.hours}:
            faults.append((f"queues.{code}.hours", Text(f"没有{queue.hours}这个时段", f"there are no hours {queue.hours}")))
        if len(queue.name) != 2 or not all(part.strip() for part in queue.name):
            faults.append((f"queues.{code}.name", Text("名称须有中文和英文", "a name has both languages")))
        if all(use.after > 0 for use in queue.pools):
            faults.append((f"queues.{code}.pools", Text("至少有一个坐席池从零秒起接听", "some pool must serve from the first second")))
    return faults


def _hours(d: Document) -> list[Fault]:
    faults = [(f"hours.{code}.{day}", Text("没有这一天", "there is no such day")) for code, days in d.hours.items() for day in days if day not in WEEK]
    for code, days in d.hours.items():
        wrong = [day for day, spans in days.items() if any(not SPAN.fullmatch(s) or s[:5] >= s[6:] for s in spans)]
        faults += [(f"hours.{code}.{day}", Text("时段写成 08:30-17:30，先早后晚", "a span looks like 08:30-17:30, the earlier first")) for day in wrong]
    return faults


def _outside(d: Document) -> list[Fault]:
    faults: list[Fault] = []
    if d.callbacks.hours not in {"always", *d.hours}:
        faults.append(("callbacks.hours", Text("没有这个时段", "there are no such hours")))
    for number, partner in d.partners.items():
        if not partner.target.startswith(("trunk:", "sip:", "phone:")):
            faults.append((f"partners.{number}.target", Text("转接目标须为trunk:、sip:或phone:", "a target begins with trunk:, sip: or phone:")))
    for n, rule in enumerate(d.dialling):
        try:
            re.compile(rule.pattern)
        except re.error:
            faults.append((f"dialling.{n}.pattern", Text("号码规则写错了", "the pattern is no regular expression")))
    return faults


def _loops(d: Document) -> list[tuple[str, Text]]:
    """Menus that only lead to each other by ``otherwise``: a caller without keys would never get out."""
    faults = []
    for code in d.menus:
        seen, at = {code}, d.menus[code].otherwise
        while at.startswith("menu:") and at[5:] in d.menus:
            if at[5:] in seen:
                faults.append(
                    (f"menus.{code}.otherwise", Text("菜单互相指引，不按键的人出不来", "menus lead to each other; whoever presses nothing is trapped"))
                )
                break
            seen.add(at[5:])
            at = d.menus[at[5:]].otherwise
    return faults
