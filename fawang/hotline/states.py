"""States of calls and agents: the closed lists, in words, and which changes there are."""

from __future__ import annotations

from fawang.kernel.texts import Text

CALL_STATES: dict[str, Text] = {
    "arriving": Text("接入中", "Arriving"),
    "greeting": Text("问候", "Greeting"),
    "menu": Text("菜单", "Menu"),
    "queued": Text("排队", "Waiting"),
    "offering": Text("振铃", "Ringing a seat"),
    "talking": Text("通话", "Talking"),
    "survey": Text("评价", "Survey"),
    "voicemail": Text("留言", "Voicemail"),
    "farewell": Text("结束语", "Farewell"),
    "dialling": Text("呼出中", "Dialling out"),
    "ended": Text("已结束", "Ended"),
}
AGENT_STATES: dict[str, Text] = {
    "offline": Text("离线", "Offline"),
    "not_ready": Text("示忙", "Not ready"),
    "ready": Text("空闲", "Ready"),
    "reserved": Text("已分配", "Reserved"),
    "ringing": Text("振铃", "Ringing"),
    "talking": Text("通话", "Talking"),
    "hold": Text("保持", "On hold"),
    "wrap_up": Text("整理", "Wrap-up"),
}
BUSY = ("reserved", "ringing", "talking", "hold")
"""States in which an agent belongs to a call."""

REASONS: dict[str, Text] = {
    "signed_on": Text("刚登录", "Just signed on"),
    "break": Text("小休", "Break"),
    "meal": Text("用餐", "Meal"),
    "training": Text("培训", "Training"),
    "meeting": Text("会议", "Meeting"),
    "paperwork": Text("整理工单", "Paperwork"),
    "coaching": Text("辅导", "Coaching"),
    "rona": Text("未接来电", "Did not answer"),
    "lost": Text("坐席断开", "Connection lost"),
    "drafts": Text("工单未完成", "Open tickets"),
    "forced": Text("班长设置", "Set by the supervisor"),
    "system": Text("系统设置", "Set by the system"),
}
CHOSEN_REASONS = ("break", "meal", "training", "meeting", "paperwork", "coaching")
"""Reasons an agent may choose; the others are given by the system or a supervisor."""
