"""What this room says when it refuses."""

from __future__ import annotations

from fawang.kernel.errors import catalogue

catalogue(
    {
        "matter.not_here": ("这件事项现在是“{state}”，不能办理这一步。", "The matter is “{state}” now; this step cannot be taken."),
        "matter.resting": ("正在办理关联事项（{relation}），本事项暂不能推进。", "A linked matter ({relation}) is open; this one rests."),
        "matter.led": (
            "此事与 {number} 并案办理，请在那件事项里办理；要单独办理，请派单员办理“退出并案”。",
            "It is handled together with {number}; take the step there. A dispatcher can have it handled on its own.",
        ),
        "matter.led_lead": ("{number} 已并入 {lead}，不能再牵头；请直接并入 {lead}。", "{number} is joined to {lead} and leads nothing; join to {lead}."),
        "matter.leads": (
            "{number} 下面还有并案的事项，不能再并入别的事项；请由它牵头，或先让那些事项退出并案。",
            "Other matters are joined to {number}, so it cannot be joined itself; let it lead, or release them first.",
        ),
        "matter.joined": ("{number} 已并入 {lead}；要改并别处，请先退出并案。", "{number} is joined to {lead} already; release it first."),
        "matter.cannot_lead": (
            "{number} 现在是“{state}”，它的答复到不了并进来的事项；请选正在办理的事项牵头。",
            "{number} is “{state}” now; its answer would reach nobody. Choose a matter that is being worked on.",
        ),
        "matter.not_joined": ("这件事项没有并案。", "It is not handled together with another."),
        "matter.unattended": ("这一步由系统自动办理。", "The system takes this step by itself."),
        "matter.closed": ("事项已经办结。", "The matter is closed."),
        "matter.silent": (
            "事项已经办结，不再接收留言和材料；需要时请重新打开，或者另提一件。",
            "The matter is closed and takes no messages or files any more; reopen it, or bring a new one.",
        ),
        "matter.door": ("这项服务不在此处受理。", "This service is not taken at this door."),
        "matter.service": ("没有这项服务。", "There is no such service."),
        "matter.category": ("请选择列出的类别。", "Please choose a category from the list."),
        "matter.category_day": ("请填写从哪天起施行。", "Give the day it takes effect."),
        "matter.category_mapping": ("每行写两个编码，中间空一格：旧编码 新编码。", "Two codes a line, apart by a space: old new."),
        "matter.region": ("请选择有效的地区。", "Please choose a valid region."),
        "matter.office": ("这一地区暂无受理机构，请拨打12348。", "No office serves this region yet; please call 12348."),
        "matter.assignee": ("请选择可以承办的人员。", "Please choose somebody who may handle it."),
        "matter.conflict": ("与此事存在利益冲突，不能承办。", "There is a conflict of interest."),
        "matter.taken": ("刚刚已有人承办。", "Somebody has just taken it."),
        "matter.capacity": ("在办件已满，请先办结手头事项。", "Your list is full; please finish something first."),
        "matter.merge": ("只能合并同一服务的未办结事项。", "Only open matters of the same service can be merged."),
        "matter.split_sealed": (
            "这件事项里有人身份保密，只能拆成同样保密的服务；其他诉求请告诉本人另行提出。",
            "Somebody's identity is sealed here; split only into a service that seals it too, and ask the person to bring anything else himself.",
        ),
        "matter.self_link": ("不能与自身关联。", "A matter cannot be linked to itself."),
        "matter.same_office": ("已在该机构。", "It is already there."),
        "matter.party": ("这个人不在可以结束的当事人之列。", "The part of this person cannot be ended."),
        "matter.no_substitute": ("无人可以承办，请由派单员处理。", "Nobody is free; a dispatcher must decide."),
        "file.quarantine": ("附件正在安全检查，稍后即可查看。", "The file is being checked and can be opened soon."),
        "file.refused": ("附件未通过安全检查，不能打开。", "The file did not pass the check."),
        "file.too_large": ("附件不能超过 {megabytes} MB。", "Files may have up to {megabytes} MB."),
        "file.too_many": ("附件太多，最多 {limit} 个。", "Too many files: at most {limit}."),
        "disk.full": ("存储空间不足，附件没有保存，其余内容已保留。", "Storage is full: the file was not kept, the rest was."),
    }
)
