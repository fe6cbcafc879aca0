"""The fields of an edition in plain words, by the names they are declared under (``hotline.configuration``), and what each is chosen from.

Every declared field stands here, and nothing else does (held by a test): a field without words would reach a planner as code.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from fawang.kernel.texts import Text


@dataclass(frozen=True, slots=True)
class Word:
    """A field in words. ``choices`` names the source of what can be chosen; ``pair``: Chinese and English; ``row``, ``key``: what one row
    and its own name are called; ``item_help`` is said at the fields of a row.
    """

    zh: str
    en: str
    help: tuple[str, str] = ("", "")
    choices: str = ""
    pair: bool = False
    row: tuple[str, str] = ("", "")
    key: tuple[str, str] = ("", "")
    key_help: tuple[str, str] = ("", "")
    item_help: tuple[str, str] = ("", "")

    @property
    def label(self) -> Text:
        """What it is called."""
        return Text(self.zh, self.en)

    @property
    def hint(self) -> Text | None:
        """What is to be known before one fills it in."""
        return Text(*self.help) if self.help[0] else None

    @property
    def row_label(self) -> Text:
        """What one row is called."""
        return Text(*self.row)

    def item(self) -> Word:
        """The words of a row that is a single value or a group of them."""
        return replace(self, zh=self.row[0], en=self.row[1], help=self.item_help)

    def keyed(self) -> Word:
        """The words of a row's own name."""
        return Word(*self.key, help=self.key_help)


_W = Word
SECONDS = ("单位：秒", "In seconds")
CODE_HELP = ("小写字母、数字和下划线，字母开头；别处按它引用", "Small letters, digits and _; other places refer to it")
SPANS = ("一行一段，如 08:30-12:00；空着就是不服务", "One span a line, such as 08:30-12:00; empty means closed")
BOTH = ("先中文，后英文", "Chinese first, then English")

WORDS: dict[str, Word] = {
    "Document": _W("整个版本", "The edition"),
    "Document.own": _W("其他", "Other"),
    "Document.numbers": _W("号码", "Numbers", ("群众拨的号码，打进来先到哪里", "The numbers people dial, and where they lead first"), row=("号码", "Number")),
    "Number.did": _W("拨的号码", "Number dialled", ("填*表示其他所有号码", "* stands for any other")),
    "Number.to": _W("先到哪里", "Leads to", choices="to"),
    "Number.region": _W("归属地", "Place", ("这个号码是哪个地方的；全省共用的不选", "Whose number it is; none for the whole province"), choices="regions"),
    "Document.queues": _W(
        "队列和技能", "Queues and skills", ("谁来接、等多久放宽、到上限怎么办", "Who answers, when needs relax, what happens at the limit"),
        row=("队列", "Queue"), key=("队列代码", "Code of the queue"), key_help=CODE_HELP,
    ),
    "Queue.name": _W("名称", "Name", BOTH, pair=True),
    "Queue.hours": _W("服务时间", "Hours", choices="hours"),
    "Queue.needs": _W("坐席须会什么", "What the seat must know", choices="needs"),
    "Queue.pools": _W("坐席池", "Pools of seats", ("至少一个从零秒起接听；其余到时候加入（溢出）", "One at least from second 0; others join later (overflow)"), row=("坐席池", "Pool")),
    "PoolUse.pool": _W("坐席池", "Pool", choices="pools"),
    "PoolUse.after": _W("等多少秒后加入", "Joins after", SECONDS),
    "PoolUse.when": _W("什么时候", "When", choices="when"),
    "Queue.order": _W("先给谁接", "Whose turn", choices="order"),
    "Queue.priority": _W("优先级", "Priority", ("0到9，大的先接", "0 to 9, the higher first")),
    "Queue.ring": _W("坐席振铃多久", "Ring a seat for", SECONDS),
    "Queue.wrap_up": _W("话后整理多久", "Wrap-up for", SECONDS),
    "Queue.relax": _W("放宽要求", "Relaxing needs", ("等久了，先放下一些要求，免得没人接", "After a wait some needs are given up"), row=("一次放宽", "Step")),
    "Relax.after": _W("等多少秒后", "After", SECONDS),
    "Relax.drop": _W("不再要求", "No longer needed", choices="drop"),
    "Queue.announce_first": _W("第一次报前面几位", "Position first told after", SECONDS),
    "Queue.announce_every": _W("以后每隔多久报一次", "Then every", SECONDS),
    "Queue.offer": _W("等待时给别的选择", "Offer something else meanwhile", ("按键改为回电、留言或短信链接", "By a key: a call-back, a message, a link by SMS")),
    "Offer.after": _W("等多少秒后提供", "First after", SECONDS),
    "Offer.every": _W("以后每隔多久", "Then every", SECONDS),
    "Offer.callback": _W("回电的按键", "Key for a call-back", ("空着就不提供", "Empty: not offered")),
    "Offer.voicemail": _W("留言的按键", "Key for a message", ("空着就不提供", "Empty: not offered")),
    "Offer.link": _W("短信链接的按键", "Key for a link by SMS", ("空着就不提供", "Empty: not offered")),
    "Queue.longest_wait": _W("最长等多久", "Longest wait", SECONDS),
    "Queue.at_limit": _W("等到上限怎么办", "At the limit", choices="instead"),
    "Queue.closed": _W("不在服务时间怎么办", "Outside the hours", choices="instead"),
    "Queue.same_adviser_days": _W("几天内再来电，先找上次的律师", "Same adviser within", ("单位：天；0为不找", "In days; 0: not looked for")),
    "Queue.same_adviser_wait": _W("为上次的律师最多等", "Wait for the same adviser", SECONDS),
    "Document.menus": _W(
        "菜单", "Menus", ("能不设就不设：少按一次键，多一个人打得进来", "Better none: every key loses callers"),
        row=("菜单", "Menu"), key=("菜单代码", "Code of the menu"), key_help=CODE_HELP,
    ),
    "Menu.prompt": _W("播什么", "What is said", choices="prompts"),
    "Menu.options": _W("按键", "Keys", row=("按键", "Key"), key=("按哪个键", "Key"), key_help=("0-9、*或#", "0-9, * or #")),
    "Option.to": _W("到哪里", "Leads to", choices="to"),
    "Option.needs": _W("坐席须会什么", "What the seat must know", choices="needs"),
    "Option.priority": _W("优先级加几", "Priority added", ("0到9", "0 to 9")),
    "Option.emergency": _W("紧急求助，最先接", "An emergency, answered first"),
    "Option.language": _W("说什么话", "Language", choices="languages"),
    "Option.name": _W("这个键的名字", "Name of this key", ("坐席看得到", "Seats see it")),
    "Menu.otherwise": _W("不按键到哪里", "Without a key", choices="to"),
    "Menu.tries": _W("播几遍", "Said how often"),
    "Menu.wait": _W("每遍等多久", "Wait for a key", SECONDS),
    "Document.hours": _W(
        "服务时间", "Hours", ("“全天”不用设", "“always” needs no entry"), row=("时间表", "Timetable"), key=("时间表代码", "Code of the timetable"), key_help=CODE_HELP, item_help=SPANS,
    ),
    "Document.trunks": _W("中继", "Lines", ("到运营商的线路；密码另存，不在这里", "Lines to carriers; secrets are kept elsewhere"), row=("中继", "Line")),
    "Trunk.name": _W("代码", "Code", CODE_HELP),
    "Trunk.proxy": _W("对方地址", "Address", ("如 sip:10.0.0.1:5060", "Such as sip:10.0.0.1:5060")),
    "Trunk.sources": _W("来电只认这些地址", "Calls come only from", ("一行一个地址或网段", "One address or network a line")),
    "Trunk.keepalive": _W("多久探一次", "Probe every", ("单位：秒；0为不探", "In seconds; 0: never")),
    "Trunk.max_legs": _W("最多同时几路", "Calls at once", ("0为不限", "0: no bound")),
    "Document.partners": _W("联动单位", "Partners", ("可以把来电转过去的热线和紧急电话", "Hotlines and emergency services calls are passed to"), row=("单位", "Partner"), key=("号码", "Number")),
    "Partner.name": _W("名称", "Name", BOTH, pair=True),
    "Partner.target": _W("怎么打过去", "How it is reached", ("以trunk:、sip:或phone:开头，如 trunk:carrier/12345", "Begins with trunk:, sip: or phone:")),
    "Partner.emergency": _W("紧急电话", "Emergency service"),
    "Document.dialling": _W("呼出规则", "Dialling out", ("没有列出的号码打不出去", "What is not listed is not dialled"), row=("规则", "Rule")),
    "Dialling.pattern": _W("可以打的号码", "Numbers allowed", ("正则表达式，如 1[3-9][0-9]{9}", "A regular expression")),
    "Dialling.roles": _W("哪些岗位可以打", "By which roles", choices="roles"),
    "Document.dial_by": _W("呼出走哪条线", "Dial out by", ("如 trunk:carrier/", "Such as trunk:carrier/")),
    "Document.caller_id": _W("呼出时显示的号码", "Number shown when dialling out"),
    "Document.survey": _W("通话后请群众评价", "Ask for a rating after the call"),
    "Survey.levels": _W("按键和等级", "Keys and levels", ("5最满意，1最不满意", "5 is best, 1 worst"), row=("等级", "Level"), key=("按哪个键", "Key")),
    "Survey.wait": _W("每遍等多久", "Wait for a key", SECONDS),
    "Survey.tries": _W("问几遍", "Asked how often"),
    "Document.callbacks": _W("回电", "Call-backs"),
    "Callbacks.slot_minutes": _W("一个时段多长", "Length of a slot", ("单位：分钟", "In minutes")),
    "Callbacks.capacity": _W("一个时段约几个", "Promises a slot"),
    "Callbacks.days_ahead": _W("最多约到几天后", "Days ahead"),
    "Callbacks.hours": _W("在什么时间回电", "Hours of call-backs", choices="hours"),
    "Callbacks.attempts": _W("没人接时打几次", "Attempts"),
    "Callbacks.apart_minutes": _W("两次相隔多久", "Attempts are apart", ("单位：分钟", "In minutes")),
    "Callbacks.automatic": _W("到时候系统自动打", "Dialled by the system when due"),
    "Document.thresholds": _W("看板告警", "Alarms of the wallboard"),
    "Thresholds.queue_length": _W("多少人排队就告警", "Callers waiting"),
    "Thresholds.longest_wait": _W("等多久就告警", "Longest wait", SECONDS),
    "Thresholds.service_level": _W("15秒接起率低于多少", "15 s service level below", ("0到1，如0.8", "0 to 1, such as 0.8")),
    "Thresholds.answer_rate": _W("接通率低于多少", "Answer rate below", ("0到1，如0.95", "0 to 1, such as 0.95")),
    "Thresholds.ready_seats": _W("空闲坐席少于几个", "Ready seats fewer than"),
    "Document.limits": _W("上限", "Bounds", ("到了上限，系统会处理，谁也不会被困住", "At a bound the system acts; nobody is held for ever")),
    "Limits.talk": _W("通话最长", "Conversation", SECONDS),
    "Limits.hold": _W("保持最长", "Hold", SECONDS),
    "Limits.voicemail": _W("留言最长", "A message", SECONDS),
    "Limits.page_silence": _W("坐席网页多久没动静算离开", "A seat's page silent for", SECONDS),
    "Limits.calls_a_minute": _W("同一号码一分钟最多打几次", "Calls a minute by one number", ("0为不限", "0: no bound")),
    "Limits.open_drafts": _W("没写完的工单最多几张", "Unfinished tickets", ("到了就不再派来电", "No calls beyond it")),
    "Limits.warnings_apart": _W("两次警告至少相隔", "Warnings are apart", SECONDS),
    "Document.supervising": _W("班长旁听", "Listening in"),
    "Supervising.tell_seat": _W("旁听时告诉坐席", "The seat is told"),
    "Document.keep_recordings_days": _W("录音保存多少天", "Keep recordings for", ("不少于30天", "In days, 30 at least")),
    "Document.music": _W("等待时的声音", "Sound while waiting", ("如 tone:440/400", "Such as tone:440/400")),
}  # fmt: skip
"""All fields by ``Type.field``; ``Document.own`` heads the simple values of the edition itself."""

FIXED: dict[str, list[tuple[str, Text]]] = {
    "when": [("always", Text("随时", "Always")), ("day", Text("服务时间内", "Within the hours")), ("night", Text("服务时间外", "Outside the hours"))],
    "order": [("longest_idle", Text("空闲最久的先接", "Longest idle first")), ("fair_share", Text("今天接得少的先接", "Fewest today first"))],
    "instead": [
        ("callback", Text("约定回电", "Promise a call-back")),
        ("voicemail", Text("请他留言", "Take a message")),
        ("goodbye", Text("道别挂断", "Say good-bye")),
    ],
}
"""What can be chosen wherever the choice is part of the type."""
WAYS: list[tuple[str, Text]] = [
    ("voicemail", Text("留言", "Voicemail")),
    ("callback", Text("约定回电", "Call-back")),
    ("repeat", Text("再听一遍", "Hear it again")),
    ("goodbye", Text("道别挂断", "Say good-bye")),
]
LANGUAGES: dict[str, Text] = {
    "zh-hans": Text("普通话", "Mandarin"),
    "en": Text("英语", "English"),
    "yue": Text("粤语", "Cantonese"),
    "ug": Text("维吾尔语", "Uyghur"),
    "bo": Text("藏语", "Tibetan"),
    "mn": Text("蒙古语", "Mongolian"),
    "ii": Text("彝语", "Yi"),
    "za": Text("壮语", "Zhuang"),
    "ko": Text("朝鲜语", "Korean"),
    "kk": Text("哈萨克语", "Kazakh"),
}
