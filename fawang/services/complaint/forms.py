"""What the steps of a complaint ask for."""

from __future__ import annotations

from fawang.matters.forms import Line, Paragraph, StepForm, ask
from fawang.services.complaint_words import CONDUCT, TARGETS


class ComplaintForm(StepForm):
    """The service's own questions at intake."""

    target: Line = ask("投诉对象", "Whom it concerns", choices=TARGETS)
    respondent: Line = ask("被投诉人姓名或单位", "Name of the person or body", min_length=2)
    conduct: Line = ask("投诉事由", "What happened", choices=CONDUCT)
    wish: Paragraph = ask("您的诉求（可不填）", "What you ask for (optional)", default="")
    confidential: bool = ask("请为我保密", "Keep my identity confidential", default=True)


class SupplementForm(StepForm):
    """Everything that is missing, at once."""

    missing: Paragraph = ask("需要补充的全部材料", "All that is missing", min_length=4, help=("一次性告知：请一次列全。", "List everything at once."))


class TextForm(StepForm):
    """A text for the complainant or from him."""

    body: Paragraph = ask("内容", "Text", min_length=2)


class RefuseForm(StepForm):
    """Why it is not accepted."""

    ground: Line = ask(
        "不予受理的情形",
        "Ground",
        choices=(
            ("no_fact", "没有具体事实", "No concrete facts"),
            ("settled", "已有处理结论且无新证据", "Decided, no new evidence"),
            ("scope", "不属于投诉范围", "Outside the scope"),
        ),
    )
    body: Paragraph = ask("理由和救济途径", "Reasons and remedies", min_length=5)


class TransferForm(StepForm):
    """To whom it goes."""

    body_name: Line = ask("移送单位", "Transferred to", min_length=2)
    body: Paragraph = ask("理由", "Reason", min_length=2)


class IdentifyForm(StepForm):
    """Which account the complaint is about; that account then sees nothing of it."""

    username: Line = ask("被投诉人账号", "Account name", min_length=2)


class StatementRequestForm(StepForm):
    """What the person complained about is asked: handling facts, nothing that names the complainant."""

    question: Paragraph = ask(
        "请被投诉方说明的问题",
        "What to explain",
        min_length=5,
        help=("不得写入投诉人的姓名、电话等任何可识别身份的内容。", "Nothing that identifies the complainant."),
    )


class DecisionForm(StepForm):
    """The outcome."""

    outcome: Line = ask(
        "处理结论", "Outcome",
        choices=(("penalty", "行政处罚", "Administrative penalty"), ("discipline", "行业处分", "Professional discipline"), ("criticism", "批评教育、责令改正", "Criticism"), ("unfounded", "投诉不实", "Unfounded"), ("mediated", "调解解决", "Settled")),
    )  # fmt: skip
    body: Paragraph = ask("处理意见（告知投诉人）", "Decision (told to the complainant)", min_length=10)


class ExtendForm(StepForm):
    """An extension, approved by somebody else than the handler."""

    days: int = ask("延长天数", "Days", ge=1, le=30)
    reason: Paragraph = ask("理由（告知投诉人）", "Reason (told to the complainant)", min_length=4)
