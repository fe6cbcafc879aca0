"""Facts of this room for the ledger. Raw call events stand in ``CallEvent``; here stands what others read, ids and codes only."""

from __future__ import annotations

from fawang.kernel.events import event_kind

event_kind("hotline.call_arrived", "来电", "Call arrived", keys=("call", "did", "direction", "engine"))
event_kind("hotline.call_connected", "人工接听", "Answered by a person", keys=("call", "staff", "queue", "waited"))
event_kind("hotline.call_ended", "通话结束", "Call ended", keys=("call", "cause", "side", "queue", "staff", "talked"))
event_kind("hotline.call_rated", "电话评价", "Rated by telephone", keys=("call", "level", "staff"))
event_kind("hotline.call_transferred", "转接", "Transferred", keys=("call", "transfer", "mode", "target", "result", "staff"))
event_kind("hotline.call_warned", "劝导", "Warned", keys=("call", "warning_kind", "count", "staff"))
event_kind("hotline.supervised", "班长操作", "Supervision", keys=("call", "act", "what", "staff", "told", "reason_digest"))
event_kind("hotline.state_forced", "班长设置坐席状态", "State forced", keys=("staff", "state", "reason_digest"))
event_kind("hotline.ticket_closed", "话务工单办结", "Ticket closed", keys=("ticket", "call", "nature", "category", "region", "staff", "matter", "digest"))
event_kind("hotline.ticket_converted", "工单转办", "Ticket converted", keys=("ticket", "call", "process", "matter", "staff"))
event_kind("hotline.ticket_reviewed", "挂断复核", "Hang-up reviewed", keys=("ticket", "outcome", "staff", "digest"))
event_kind("hotline.recording_stored", "录音入库", "Recording stored", keys=("recording", "call", "digest", "size", "ms", "gaps_ms", "partial", "suite"))
event_kind(
    "hotline.recording_played", "调听录音", "Recording played", keys=("playback", "recording", "call", "staff", "exported", "watermark", "purpose_digest")
)
event_kind("hotline.recording_transcribed", "录音转写", "Recording transcribed", keys=("recording", "call", "staff", "digest"))
event_kind("hotline.recording_damaged", "录音被改动", "Recording damaged", keys=("recording", "call"))
event_kind("hotline.recording_held", "录音留存", "Legal hold", keys=("recording", "on", "reason_digest"))
event_kind("hotline.recording_purged", "录音到期销毁", "Recording purged", keys=("recording", "digest"))
event_kind("hotline.callback_promised", "约定回电", "Call-back promised", keys=("callback", "call", "reason", "due"))
event_kind("hotline.callback_attempted", "回电", "Call-back attempted", keys=("callback", "number", "outcome", "staff"))
event_kind("hotline.callback_closed", "回电办结", "Call-back closed", keys=("callback", "state", "on_time"))
event_kind("hotline.callback_overdue", "回电超期", "Call-back overdue", keys=("callback", "rule", "due"))
event_kind("hotline.voicemail_left", "留言", "Voicemail left", keys=("voicemail", "call", "ms"))
event_kind("hotline.voicemail_done", "留言办结", "Voicemail dealt with", keys=("voicemail", "outcome", "staff", "on_time"))
event_kind("hotline.config_drafted", "热线配置起草", "Configuration drafted", keys=("version", "number", "digest"))
event_kind("hotline.config_simulated", "热线配置演练", "Configuration simulated", keys=("version", "number", "digest", "walks"))
event_kind("hotline.config_live", "热线配置启用", "Configuration live", keys=("version", "number", "digest", "before"))
event_kind("hotline.announced", "热线公告", "Announcement", keys=("announcement", "how", "kind", "digest", "withdrawn"))
event_kind("hotline.pool_switched", "坐席池开关", "Pool opened or closed", keys=("pool", "open", "reason_digest"))
event_kind(
    "hotline.quality_drawn", "质检抽样", "Quality sample drawn", keys=("day", "position", "seed", "population", "population_digest", "drawn", "low_rated")
)
event_kind("hotline.quality_checked", "质检评分", "Quality checked", keys=("sample", "sheet", "ticket", "result", "total", "checker", "staff", "recheck"))
event_kind("hotline.quality_appealed", "质检申诉", "Quality appeal", keys=("sample", "staff", "outcome"))
event_kind("hotline.coached", "辅导", "Coaching", keys=("coaching", "staff", "coach", "done"))
event_kind("hotline.shift_planned", "排班", "Shift planned", keys=("shift", "staff", "pool", "kind", "from", "to", "cancelled"))
event_kind("hotline.settled", "值班结算", "Settlement made", keys=("settlement", "firm", "month", "total_fen", "digest", "rule_version"))
