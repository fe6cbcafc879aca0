"""The events this room writes."""

from __future__ import annotations

from fawang.kernel.events import event_kind

event_kind("knowledge.laws_imported", "导入法律法规", "Laws imported", keys=("run", "source", "laws", "versions", "articles", "failed", "digest"))
event_kind(
    "knowledge.article_changed", "法条变动", "Article changed", keys=("law", "article", "version", "from", "change", "citations"),
)  # fmt: skip
event_kind("knowledge.law_ended", "法律失效", "Law repealed", keys=("law", "on", "norm", "citations"))
event_kind("knowledge.question_added", "题库新增问题", "Bank question added", keys=("question", "origin", "articles"))
event_kind("knowledge.question_reviewed", "题库问题审定", "Bank question reviewed", keys=("question", "articles"))
event_kind("knowledge.question_retired", "题库问题停用", "Bank question retired", keys=("question", "reason"))
event_kind("knowledge.bank_loaded", "载入题库", "Bank loaded", keys=("source", "added", "changed", "retired", "same"))
event_kind("knowledge.review_flagged", "标记复核", "Flagged for review", keys=("citation", "kind", "article", "reason"))
event_kind("knowledge.review_done", "复核完成", "Review done", keys=("citation", "kind", "outcome"))
event_kind("knowledge.opinion_issued", "出具法律咨询意见书", "Legal opinion issued", keys=("opinion", "number", "interview", "version", "digest"))
event_kind("knowledge.figure_entered", "录入本地数字", "Local figure entered", keys=("figure", "table", "region", "since", "until", "value", "source"))
event_kind("knowledge.runs_forgotten", "清除过期智能咨询", "Old interviews forgotten", keys=("count",))
event_kind("knowledge.guide_written", "起草常见问题", "Guide written", keys=("guide", "slug", "version"))
event_kind("knowledge.guide_reviewed", "审定常见问题", "Guide reviewed", keys=("guide", "slug", "version"))
event_kind("knowledge.guide_published", "发布常见问题", "Guide published", keys=("guide", "slug", "version", "digest"))
event_kind("knowledge.guide_withdrawn", "撤下常见问题", "Guide withdrawn", keys=("guide", "slug", "reason"))
event_kind("knowledge.guides_loaded", "载入随系统提供的常见问题", "Shipped guides loaded", keys=("added", "changed", "kept"))
event_kind("knowledge.cases_imported", "导入案例", "Cases imported", keys=("source", "added", "same", "failed", "hidden"))
event_kind("knowledge.case_written", "起草案例", "Case written", keys=("case", "hidden"))
event_kind("knowledge.case_published", "发布案例", "Case published", keys=("case", "digest"))
event_kind("knowledge.case_withdrawn", "撤下案例", "Case withdrawn", keys=("case", "reason"))
event_kind("knowledge.snippet_written", "起草常用语", "Snippet written", keys=("snippet",))
event_kind("knowledge.snippet_reviewed", "审定常用语", "Snippet reviewed", keys=("snippet",))
event_kind("knowledge.snippet_retired", "停用常用语", "Snippet retired", keys=("snippet", "reason"))
event_kind("knowledge.figure_corrected", "更正本地数字", "Local figure corrected", keys=("figure", "table", "region", "until", "value", "source", "before"))
event_kind("knowledge.case_mended", "修改案例草稿", "Case draft changed", keys=("case", "hidden"))
