"""Why a call ended: the closed list, in words, and how statistics count each."""

from __future__ import annotations

from fawang.kernel.texts import Text

ANSWERED, ABANDONED, SERVED, REFUSED, LOST = "answered", "abandoned", "served", "refused", "lost"
"""Spoke with a human; gave up, or was gone before one came; was served without one (message, voicemail, call-back); not taken; lost by a fault of ours."""

CAUSES: dict[str, tuple[Text, str]] = {
    "completed": (Text("通话完成", "Completed"), ANSWERED),
    "transferred": (Text("转接其他单位后结束", "Ended with a partner"), ANSWERED),
    "reasoned": (Text("劝导后挂断", "Reasoned hang-up"), ANSWERED),
    "abandoned_greeting": (Text("问候语中挂断", "Gave up in the greeting"), ABANDONED),
    "abandoned_menu": (Text("菜单中挂断", "Gave up in the menu"), ABANDONED),
    "abandoned_queue": (Text("排队中挂断", "Gave up waiting"), ABANDONED),
    "abandoned_ringing": (Text("振铃中挂断", "Gave up while a seat rang"), ABANDONED),
    "voicemail": (Text("留言", "Voicemail"), SERVED),
    "callback": (Text("约定回电", "Call-back promised"), SERVED),
    "closed": (Text("非服务时间", "Out of hours"), SERVED),
    "announced": (Text("听公告后结束", "Ended after an announcement"), SERVED),
    "caller_vanished": (Text("来电方失联", "The caller's line went dead"), ABANDONED),
    "no_agent": (Text("等待超限", "Nobody free in time"), ABANDONED),
    "rejected": (Text("未接入", "Not taken"), REFUSED),
    "not_reached": (Text("呼出未接通", "Call out not answered"), REFUSED),
    "engine_lost": (Text("线路故障中断", "Lost by a fault"), LOST),
    "error": (Text("系统错误", "System error"), LOST),
}


def counted_as(cause: str) -> str:
    """How statistics count a cause."""
    return CAUSES[cause][1]
