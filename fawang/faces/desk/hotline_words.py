"""The hotline in words: states, rows of calls and tickets, and the fields of a ticket by its nature."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fawang.faces.pages import language, spec
from fawang.faces.portal.asking import category_choices, region_choices
from fawang.hotline.causes import CAUSES as END_CAUSES
from fawang.hotline.models import Call, CallbackRequest, CallTicket
from fawang.hotline.natures import NATURES
from fawang.hotline.states import AGENT_STATES, CALL_STATES
from fawang.kernel.texts import Text
from fawang.matters.forms import FieldSpec, fields_of
from fawang.people.phones import mask_phone

AGENT_WORDS = AGENT_STATES
CALL_WORDS = CALL_STATES
ALARMS: dict[str, Text] = {
    "queue_length": Text("排队人数超过上限", "Too many waiting"),
    "longest_wait": Text("等待超过上限（秒）", "Waiting too long (s)"),
    "service_level": Text("15秒接起率低于下限", "Service level too low"),
    "answer_rate": Text("接通率低于下限", "Answer rate too low"),
    "ready_seats": Text("空闲坐席不足", "Too few ready seats"),
}
CAUSES: dict[str, Text] = {code: words for code, (words, _) in END_CAUSES.items()}
CALLBACK_REASONS: dict[str, Text] = {
    "chosen": Text("来电人约的", "Asked for by the caller"),
    "missed": Text("没有接到", "Missed"),
    "abandoned": Text("没等到接听就挂了", "Gave up waiting"),
    "night": Text("夜间来电", "Rang at night"),
    "lost": Text("通话中断", "Broken off"),
    "rating": Text("不满意，回访", "Rated low"),
    "voicemail": Text("留言要回", "Left a message"),
    "web": Text("网上约的", "Asked for online"),
    "manual": Text("坐席约的", "Promised by a seat"),
}
"""Why somebody is called back."""

EDITION_STATES = {
    "draft": Text("草稿", "Draft"),
    "simulated": Text("已走查", "Walked through"),
    "live": Text("使用中", "Live"),
    "retired": Text("已停用", "Retired"),
}
OUTCOMES: dict[str, Text] = {
    "connected": Text("接通坐席", "Reached a seat"), "voicemail": Text("留言", "Voicemail"), "callback": Text("约定回电", "Call-back"),
    "closed": Text("道别挂断", "Good-bye"), "abandoned_queue": Text("等不及挂断", "Gave up"), "rejected": Text("打不通，号码没有设", "Refused: no such number"),
}  # fmt: skip
HAPPENINGS: dict[str, Text] = {
    **OUTCOMES, "notice": Text("播录音告知", "Recording notice"), "greeting": Text("播问候", "Greeting"), "menu": Text("播菜单", "Menu"), "key": Text("按键", "Key"),
    "again": Text("没有这个键，再播一遍", "No such key, said again"), "otherwise": Text("不按键，转到", "Without a key, on to"), "queue_closed": Text("不在服务时间", "Outside the hours"),
    "queued": Text("开始排队", "Begins to wait"), "rings": Text("坐席振铃", "A seat rings"), "no_answer": Text("没人接", "Not answered"), "gives_up": Text("来电人挂断", "The caller gives up"),
    "relax": Text("放宽要求", "Needs relax"), "overflow": Text("加入坐席池", "A pool joins"), "announce": Text("报前面几位", "Position told"), "offer": Text("问要不要回电或留言", "Something else offered"),
    "limit": Text("等到上限", "Longest wait reached"), "prefer_no_longer": Text("不再等上次的律师", "The same adviser is no longer waited for"),
}  # fmt: skip


def call_row(call: Call) -> dict[str, Any]:
    """A call as a list shows it: the number masked."""
    tongue = language()
    cause = CAUSES.get(call.end_cause)
    return {
        "id": call.pk, "at": call.arrived_at, "number": mask_phone(call.caller or "") if call.caller else Text("未显示号码", "withheld").in_language(tongue),
        "state": CALL_STATES[call.state].in_language(tongue), "cause": cause.in_language(tongue) if cause else "", "queue": call.queue_code,
        "agent": call.agent.name if call.agent else "", "connected": call.connected_at, "ended": call.ended_at,
    }  # fmt: skip


SUPERVISION = {
    "listen": Text("旁听", "listens"),
    "whisper": Text("耳语", "whispers"),
    "barge": Text("插话", "speaks with both"),
    "takeover": Text("接管", "has taken over"),
}
OUTSIDE = Text("外线号码", "A number outside")


def callback_rows(owed: Iterable[CallbackRequest]) -> list[dict[str, Any]]:
    """Call-backs as a list shows them: by when, why, how often tried."""
    return [{"pk": c.pk, "due_at": c.due_at, "reason": CALLBACK_REASONS[c.reason], "tried": c.attempts_made} for c in owed]


def ticket_row(ticket: CallTicket) -> dict[str, Any]:
    """A ticket as a list shows it."""
    nature = NATURES.get(ticket.nature)
    return {
        "id": ticket.pk, "at": ticket.opened_at, "nature": str(nature.name) if nature else "", "state": ticket.state, "author": ticket.author.name,
        "number": ticket.matter.number if ticket.matter else "", "matter": ticket.matter_id, "review": ticket.review,
    }  # fmt: skip


def ticket_fields(nature: str) -> list[FieldSpec]:
    """Fields of a ticket of this nature, the place and category first."""
    chosen = NATURES.get(nature)
    if chosen is None:
        return []
    shared = [spec("region", "事情发生在哪里", "Where", widget="select", choices=region_choices(), required=chosen.service)]
    if chosen.needs_category:
        shared.append(spec("category", "类别", "Category", widget="select", choices=category_choices(), required=True))
    return [*shared, *fields_of(chosen.form)]


def ticket_said(nature: str, values: Mapping[str, Any]) -> list[tuple[Any, str]]:
    """What was written into a ticket, under the names of its fields and with the words of what was chosen."""
    chosen = NATURES.get(nature)
    rows: list[tuple[Any, str]] = [(Text("这个电话是什么事", "What the call is about"), str(chosen.name))] if chosen else []
    for item in ticket_fields(nature):
        value = values.get(item.name)
        if value in (None, "", [], False):
            continue
        words = {code: str(name) for code, name in item.choices}
        given = value if isinstance(value, list) else [value]
        rows.append((item.label, "✓" if value is True else "、".join(words.get(str(one), str(one)) for one in given)))
    return rows
