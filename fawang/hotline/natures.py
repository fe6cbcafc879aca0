"""来电性质 (H-04): the six service functions and what else rings; for each the fields without which its ticket cannot be closed."""

from __future__ import annotations

from dataclasses import dataclass

from fawang.kernel.texts import Text
from fawang.matters.forms import Line, Paragraph, StepForm, ask

IDENTITY = (("real_name", "已核实身份", "Proved"), ("self_stated", "自述", "Self-stated"), ("refused", "不愿提供", "Refused"))
RESULTS = (
    ("answered", "已当场答复", "Answered on the spot"),
    ("converted", "已转为正式事项", "Became a matter"),
    ("guided", "已告知办理途径", "Told where to go"),
    ("transferred", "已转接", "Passed on"),
    ("callback", "约定再回电", "Will be called back"),
)


class Served(StepForm):
    """What every served call has: who (as far as stated), what was asked, what was answered, and what came of it."""

    identity_state: Line = ask("身份", "Identity", choices=IDENTITY)
    caller_name: Line = ask("姓名（可不填）", "Name (optional)", default="")
    facts: Paragraph = ask("诉求和事实", "What was asked", min_length=4)
    answer: Paragraph = ask("答复", "Answer", min_length=4)
    legal_basis: Paragraph = ask("法律依据（每行一条）", "Legal basis, one a line", default="")
    result: Line = ask("处理结果", "Outcome", choices=RESULTS)
    priority_groups: list[str] = ask(
        "优先对象", "Priority group", default=[], widget="checkboxes",
        choices=(
            ("elderly", "老年人", "Older person"), ("disabled", "残疾人", "Disabled person"), ("migrant_worker", "农民工", "Migrant worker"),
            ("woman", "妇女", "Woman"), ("minor", "未成年人", "Minor"), ("soldier", "军人军属", "Soldier or family"), ("veteran", "退役军人", "Veteran"),
            ("pregnant", "孕妇", "Pregnant"),
        ),
    )  # fmt: skip


class ConsultationFields(Served):
    """法律咨询: the legal basis is not optional, and whether aid was explained is asked (法律援助法 §23)."""

    legal_basis: Paragraph = ask("法律依据（每行一条）", "Legal basis, one a line", min_length=4)
    aid_notice: Line = ask("法律援助条件", "Legal aid", choices=(("told", "已告知", "Explained"), ("not_applicable", "不涉及", "Not applicable")))


class LegalServiceFields(Served):
    """法律服务: which service, and which bodies were named (never one alone that is the adviser's own)."""

    service: Line = ask(
        "需要的服务", "Service",
        choices=(("lawyer", "律师", "Lawyer"), ("notary", "公证", "Notary"), ("appraisal", "司法鉴定", "Forensic appraisal"), ("arbitration", "仲裁", "Arbitration"), ("other", "其他", "Other")),
    )  # fmt: skip
    bodies: Paragraph = ask("告知的机构（不得推介本所）", "Bodies named (never one's own)", min_length=2)


class MediationFields(Served):
    """纠纷调解: the other side and whether both would sit down."""

    opponent: Line = ask("对方当事人", "Other side", min_length=2)
    willing: Line = ask(
        "调解意愿", "Willing to mediate", choices=(("both", "双方愿意", "Both"), ("caller", "来电人愿意", "The caller"), ("no", "不愿意", "No"))
    )
    escalation: Line = ask("激化风险", "Risk of escalation", choices=(("none", "无", "None"), ("some", "有", "Some"), ("urgent", "紧急", "Urgent")))


class PublicityFields(StepForm):
    """法治宣传: what was explained or given."""

    topic: Line = ask("宣传主题", "Topic", min_length=2)
    answer: Paragraph = ask("讲解内容", "What was explained", min_length=4)


class LegalAidFields(Served):
    """法律援助: conditions explained and what the caller does next (法律援助法 §23)."""

    aid_notice: Line = ask("条件和程序", "Conditions and procedure", choices=(("told", "已告知", "Explained"),))
    hardship: Line = ask("经济困难情况", "Hardship", choices=(("likely", "可能符合", "Likely"), ("exempt", "免于审查", "Exempt from review"), ("unlikely", "可能不符合", "Unlikely"), ("unknown", "未说明", "Not said")))  # fmt: skip
    deadline_near: bool = ask("时效或期限将届满", "A limit is about to run out", default=False)


class ComplaintFields(Served):
    """服务投诉: whom about and what happened; it always becomes a complaint with its own clock (H-11)."""

    target: Line = ask(
        "投诉对象", "Whom it concerns",
        choices=(
            ("lawyer", "律师、律师事务所", "Lawyer or firm"), ("notary", "公证员、公证处", "Notary"), ("appraiser", "司法鉴定人、鉴定机构", "Appraiser"),
            ("mediator", "人民调解员", "Mediator"), ("legal_aid", "法律援助机构、人员", "Legal aid"), ("seat", "热线接听人员", "Hotline seat"),
            ("staff", "窗口及其他工作人员", "Other staff"),
        ),
    )  # fmt: skip
    respondent: Line = ask("被投诉人姓名或单位", "Name of the person or body", min_length=2)
    conduct: Line = ask(
        "投诉事由", "What happened",
        choices=(
            ("attitude", "服务态度", "Attitude"), ("delay", "拖延不办", "Delay"), ("charge", "违规收费、索要财物", "Improper charge"),
            ("wrong", "答复或办理错误", "Wrong handling"), ("secrecy", "泄露秘密或隐私", "Breach of confidence"), ("conflict", "利益冲突", "Conflict of interest"),
            ("other", "其他", "Other"),
        ),
    )  # fmt: skip


class GuidanceFields(StepForm):
    """业务指引: not a legal question; which body helps."""

    facts: Paragraph = ask("来电内容", "What was asked", min_length=2)
    body_name: Line = ask("告知的单位", "Body named", min_length=2)
    contact: Line = ask("联系方式", "Contact", default="")


class InvalidFields(StepForm):
    """无效: silent, wrong number, test, broken off."""

    kind: Line = ask(
        "情形", "Kind",
        choices=(("silent", "无声", "Silent"), ("wrong", "错拨", "Wrong number"), ("broken", "通话中断", "Broken off"), ("test", "测试", "Test"), ("other", "其他", "Other")),
    )  # fmt: skip


class NuisanceFields(StepForm):
    """骚扰: what was said or done, for the supervisor's review. There is no black list."""

    kind: Line = ask("情形", "Kind", choices=(("abuse", "辱骂威胁", "Abuse"), ("prank", "恶作剧", "Prank"), ("advert", "推销", "Advertising"), ("repeat", "反复占线", "Repeated occupation")))  # fmt: skip
    facts: Paragraph = ask("经过", "What happened", min_length=4)


@dataclass(frozen=True, slots=True)
class Nature:
    """One nature: its fields, whether it is a service (and so becomes a matter one can follow and rate), where it may and must go on to."""

    code: str
    name: Text
    form: type[StepForm]
    service: bool = True
    converts: tuple[str, ...] = ()
    must: str = ""
    needs_category: bool = True


NATURES: dict[str, Nature] = {
    n.code: n
    for n in (
        Nature(
            "consultation", Text("法律咨询", "Legal advice"), ConsultationFields, converts=("consultation", "legal_aid", "mediation", "notary", "appraisal")
        ),
        Nature("legal_service", Text("法律服务", "Legal services"), LegalServiceFields, converts=("notary", "appraisal", "consultation", "guidance")),
        Nature("mediation", Text("纠纷调解", "Mediation"), MediationFields, converts=("mediation", "consultation")),
        Nature("publicity", Text("法治宣传", "Legal publicity"), PublicityFields, needs_category=False),
        Nature("legal_aid", Text("法律援助", "Legal aid"), LegalAidFields, converts=("legal_aid", "consultation")),
        Nature("complaint", Text("服务投诉", "Complaint"), ComplaintFields, converts=("complaint", "petition"), must="complaint", needs_category=False),
        Nature("guidance", Text("业务指引", "Guidance"), GuidanceFields, converts=("petition", "guidance"), needs_category=False),
        Nature("invalid", Text("无效", "Invalid"), InvalidFields, service=False, needs_category=False),
        Nature("nuisance", Text("骚扰", "Nuisance"), NuisanceFields, service=False, needs_category=False),
    )
}
SHARED_FIELDS = ("nature", "category", "region", "language", "about_username", "phone")
"""Fields of every ticket beside those of its nature."""


def known_fields() -> frozenset[str]:
    """Every field a draft may hold, whatever its nature turns out to be."""
    return frozenset(SHARED_FIELDS) | {name for n in NATURES.values() for name in n.form.model_fields}
