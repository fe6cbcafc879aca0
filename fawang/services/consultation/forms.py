"""What the steps of a consultation ask for."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from fawang.kernel.text_safety import ValueProblem
from fawang.matters.forms import Line, Paragraph, StepForm, ask, paragraph
from fawang.services.complaint_words import CONDUCT, TARGETS
from fawang.services.consultation.citations import parse_citations


def _citations(value: str) -> str:
    try:
        parse_citations(value)
    except ValueProblem as problem:
        raise PydanticCustomError("house", "{code}", {"code": problem.code, "params": problem.params}) from None
    return value


class QuestionForm(StepForm):
    """The service's own questions at intake."""

    opponent: Line = ask(
        "对方是谁（可不填）",
        "Who is the other side (optional)",
        default="",
        help=("单位或个人名称，用于避免同一律师为双方提供咨询。", "Used so that no adviser serves both sides."),
    )
    confidential: bool = ask("请为我保密", "Keep my identity confidential", default=False)


class ToComplaintForm(StepForm):
    """What a complaint asks for that grows from a question."""

    target: Line = ask("投诉对象", "Whom it concerns", choices=TARGETS)
    respondent: Line = ask(
        "被投诉人姓名或单位（可不填）",
        "Name of the person or body (optional)",
        default="",
        help=("给您答复的人由系统登记，不知道姓名也可以投诉。", "Whoever answered you is registered anyway; you need not know the name."),
    )
    conduct: Line = ask("投诉事由", "What happened", choices=CONDUCT)
    words: Paragraph = ask("投诉内容", "What you complain about", min_length=4)
    confidential: bool = ask("请为我保密", "Keep my identity confidential", default=True)


class AnswerForm(StepForm):
    """An answer with its legal basis."""

    body: paragraph(8000) = ask("答复内容", "Answer", min_length=10, help=("先说结论，再说依据和下一步。", "Conclusion first, then basis and next steps."))  # type: ignore[valid-type]
    citations: Annotated[Paragraph, AfterValidator(_citations)] = ask(
        "法律依据（每行一条）", "Legal basis, one a line", default="", help=("例如：《劳动合同法》第三十条", "e.g. 《劳动合同法》第三十条")
    )
    law_day: date | None = ask(
        "按哪一天的法律", "The law of which day", default=None, help=("事情发生的日期；不填按受理日。", "The day it happened; empty: the day it was received.")
    )
    cite_reason: Line = ask(
        "仍要引用的理由", "Why cite it all the same", default="", after="citations", help=("只记入内部备注，不对外。", "Kept as an internal note only.")
    )
    aid_notice: Line = ask(
        "是否告知法律援助条件", "Legal aid explained?", default="not_applicable",
        choices=(("told", "已告知条件和程序", "Conditions and procedure explained"), ("not_applicable", "不涉及", "Not applicable")),
        help=("法律援助法第二十三条：可能符合条件的，应当告知。", "法律援助法 §23"),
    )  # fmt: skip


class FactsForm(StepForm):
    """What the adviser still needs, or what the citizen adds."""

    body: Paragraph = ask("内容", "Text", min_length=2)


class ScheduleForm(StepForm):
    """A promised date."""

    when: date = ask("约定答复日期", "Promised date", help=("最长五个工作日内。", "Within five working days."))
    reason: Paragraph = ask("为什么现在不能答复", "Why not now", min_length=2)


class RedirectForm(StepForm):
    """Not a legal question: which body helps."""

    body_name: Line = ask("应当找哪个单位", "Which body helps", min_length=2)
    contact: Line = ask("联系方式", "Contact", default="")
    reason: Paragraph = ask("说明", "Explanation", min_length=2)


class RejectForm(StepForm):
    """Abuse."""

    kind: Line = ask(
        "情形", "Kind", choices=(("insult", "辱骂威胁", "Insults or threats"), ("advert", "广告", "Advertising"), ("nonsense", "无实际内容", "No content"))
    )
    reason: Paragraph = ask("理由（会告知提问人）", "Reason (the asker is told)", min_length=2)


class MergeForm(StepForm):
    """A duplicate."""

    into: Line = ask("并入的事项编号", "Number of the other matter", min_length=4)


class ReasonForm(StepForm):
    """A reason."""

    reason: Paragraph = ask("理由", "Reason", min_length=2)


class OptionalReasonForm(StepForm):
    """A reason, if one likes."""

    reason: Paragraph = ask("理由（可不填）", "Reason (optional)", default="")
