"""The events this room writes. Payloads carry ids, codes and digests, never personal data."""

from __future__ import annotations

from fawang.kernel.events import event_kind

_PLACE = ("process", "version", "category", "category_version", "region", "office", "door", "priority_groups", "number")

event_kind("matter.opened", "已受理登记", "Registered", public=True, keys=(*_PLACE, "intake", "clocks", "title_digest", "first_contact", "state", "external"))
event_kind(
    "matter.step_taken",
    "办理进展",
    "Step taken",
    public=True,
    keys=("process", "version", "verb", "from", "to", "clocks", "facts", "documents", "children", "office", "category", "assignee", "by", "final", "lead"),
)
event_kind("matter.categories_published", "发布分类新版", "Categories published", keys=("number", "from", "source", "categories", "given_up"))
event_kind("matter.triaged", "已分类", "Triaged", keys=("category", "category_version", "region", "office", "priority_groups", "before"))
event_kind("matter.assigned", "已安排承办人", "Assigned", public=True, keys=("assignment", "staff", "office", "method", "reasons", "before"))
event_kind("matter.unassigned", "承办人已变更", "Assignment ended", keys=("assignment", "staff", "reason"))
event_kind("matter.assignment_accepted", "承办人已接收", "Accepted by the handler", keys=("assignment", "staff"))
event_kind("matter.message_added", "新留言", "Message", public=True, keys=("message", "kind", "author", "digest"))
event_kind("matter.note_added", "内部备注", "Internal note", keys=("message", "digest"))
event_kind("matter.attachment_added", "新附件", "Attachment", public=True, keys=("attachment", "size", "digest", "audience"))
event_kind("matter.attachment_scanned", "附件检查完毕", "Attachment checked", keys=("attachment", "state", "reason"))
event_kind("matter.document_issued", "出具文书", "Document issued", public=True, keys=("document", "template", "number", "digest"))
event_kind("matter.document_delivered", "文书送达", "Document delivered", public=True, keys=("document", "how"))
event_kind("matter.clock_lit", "时限提醒", "Time limit", keys=("rule", "light", "due", "office", "assignee", "category", "process"))
event_kind(
    "matter.clock_moved", "时限因放假安排调整", "Time limit moved by the calendar", public=True, keys=("rule", "version", "what", "due", "before", "light")
)
event_kind("matter.linked", "关联事项", "Linked", keys=("relation", "other", "side"))
event_kind("matter.joined", "并案办理", "Handled together", keys=("lead",))
event_kind("matter.released", "恢复单独办理", "Handled on its own again", keys=("lead", "reason"))
event_kind("matter.party_added", "增加关系人", "Party added", keys=("party", "relation", "person", "staff", "organisation"))
event_kind("matter.party_proven", "已加入本人的事项", "Added to the person's own list", public=True, keys=("party", "relation", "person"))
event_kind("matter.party_ended", "关系人变更", "Party ended", keys=("party", "relation"))
event_kind("matter.transferred", "转办", "Transferred", public=True, keys=("office", "before", "reason_digest"))
event_kind("matter.conflict_found", "利益冲突", "Conflict found", keys=("staff", "with"))
event_kind("ticket.issued", "取号", "Ticket issued", keys=("ticket", "office", "number", "priority"))
event_kind("ticket.called", "叫号", "Ticket called", keys=("ticket", "office", "number"))
event_kind("ticket.ended", "窗口办结", "Ticket ended", keys=("ticket", "office", "number", "outcome"))
