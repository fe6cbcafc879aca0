"""What runs beside a matter: return visit 回访, rectification 整改, supervision order 督办; each a child with its own process."""

from __future__ import annotations

from datetime import date, timedelta

from fawang.kernel.texts import Text
from fawang.matters.conversation import add_message
from fawang.matters.declaration import (
    Concludes,
    Guard,
    Measure,
    Process,
    Relation,
    State,
    StateKind,
    Step,
    Tell,
    Timeout,
    cancels,
    meets,
    starts,
)
from fawang.matters.forms import Line, Paragraph, StepForm, ask
from fawang.matters.models import MatterLink
from fawang.matters.processes import register
from fawang.matters.situation import Situation, Taking
from fawang.oversight import policies  # noqa: F401 - registers them
from fawang.oversight.selectors import may_be_rated

SINCE = date(2017, 8, 21)
SERVED = Relation("applicant", Text("被服务人", "Person served"), frozenset())
ATTEMPTS, APART = 3, timedelta(hours=2)


class VisitForm(StepForm):
    """What the call found."""

    outcome: Line = ask(
        "结果", "Outcome", choices=(("satisfied", "满意", "Satisfied"), ("unsatisfied", "仍不满意", "Still unsatisfied"), ("no_view", "不表态", "No view"))
    )
    body: Paragraph = ask("谈话要点", "What was said", min_length=2)


class TextForm(StepForm):
    """A text."""

    body: Paragraph = ask("内容", "Text", min_length=2)


class DismissForm(StepForm):
    """Why a bad rating is explained rather than rectified."""

    finding: Line = ask(
        "核实结论",
        "Finding",
        choices=(
            ("mistaken", "误评", "Mistaken"),
            ("malicious", "恶意", "Malicious"),
            ("no_basis", "诉求无法律依据", "No legal basis"),
            ("withdrawn", "评价人已撤回事项", "Withdrawn by the rater"),
        ),
    )
    body: Paragraph = ask("向评价人的说明", "Explanation to the rater", min_length=5)


def _note(taking: Taking) -> None:
    add_message(matter=taking.matter, actor=taking.actor, kind="note", body=taking.form.body, audience="internal")  # type: ignore[union-attr]


def _explain(taking: Taking) -> None:
    """What was found or put right, for the rater to read on the page of what he rated; the notice sends him there."""
    add_message(matter=taking.matter, actor=taking.actor, kind="notice", body=taking.form.body)  # type: ignore[union-attr]


def _handled_again(here: Situation) -> bool:
    """Whether what was rated badly was answered anew since that was found true: it stands served again, in a state it came to since."""
    link = MatterLink.objects.filter(child=here.matter, relation="rectifies").select_related("parent").first()
    return link is not None and may_be_rated(link.parent) and link.parent.state_since >= here.matter.state_since


HANDLED_AGAIN = Guard(
    "handled_again",
    _handled_again,
    Text(
        "原事项还没有重新答复，不能按整改完成办结。请先让承办人重新答复；核实后不属实的，请选“说明情况”并写明理由。",
        "It has not been answered anew. Have it answered first; if the rating turned out unfounded, explain that with your reason.",
    ),
)


def _attempt(taking: Taking) -> None:
    taking.matter.data["attempts"] = taking.matter.data.get("attempts", 0) + 1
    taking.matter.data["last_attempt"] = taking.now.isoformat()
    taking.facts["attempt"] = taking.matter.data["attempts"]


def _apart(here: Situation) -> bool:
    from datetime import datetime

    last = here.matter.data.get("last_attempt")
    return last is None or here.now - datetime.fromisoformat(last) >= APART


def _reached(taking: Taking) -> None:
    form = taking.form
    _note(taking)
    taking.to = {"satisfied": "satisfied", "unsatisfied": "unsatisfied", "no_view": "no_view"}[form.outcome]  # type: ignore[union-attr]
    taking.facts["outcome"] = form.outcome  # type: ignore[union-attr]


RETURN_VISIT = register(
    Process(
        code="return_visit", version=1, name=Text("回访", "Return visit"), about=Text("对差评和抽查的事项由他人回访。", "A call back by somebody else."),
        norm=Text("国办发〔2019〕51号；法律援助法第五十九条", "Good/bad rating rules; Legal Aid Law §59"), effective_from=SINCE, public=False, doors=("system",),
        start="planned", start_clocks=(starts("RATE-CALL"),), handled_by_roles=(), seen_by_roles=("return_visitor", "supervisor", "office_head"),
        states=(
            State("planned", Text("待回访", "Planned"), StateKind.OPEN, Text("我们会给您回电。", "We will call you back.")),
            State("satisfied", Text("回访满意", "Satisfied"), StateKind.DONE, Text("回访已完成。", "Done.")),
            State("unsatisfied", Text("仍不满意", "Still unsatisfied"), StateKind.DONE, Text("回访已完成，我们会继续整改。", "Done; we will put it right.")),
            State("no_view", Text("不表态", "No view"), StateKind.DONE, Text("回访已完成。", "Done.")),
            State("unreachable", Text("联系不上", "Unreachable"), StateKind.DONE, Text("三次未能联系到您。", "We could not reach you.")),
        ),
        steps=(
            Step("attempt", Text("记一次未接通", "No answer"), ("planned",), ("planned",), "oversight.visit", effect=_attempt,
                 guards=(Guard("apart", _apart, Text("两次回访至少间隔两小时，请换个时段。", "Attempts lie two hours apart.")),
                         Guard("three", lambda h: h.matter.data.get("attempts", 0) < ATTEMPTS, Text("已满三次。", "Three attempts are made.")))),
            Step("record", Text("记录回访", "Record"), ("planned",), ("satisfied", "unsatisfied", "no_view"), "oversight.visit", form=VisitForm, effect=_reached, main=True, clocks=(meets("RATE-CALL"),)),
            Step("give_up", Text("联系不上", "Give up"), ("planned",), ("unreachable",), "oversight.visit", clocks=(meets("RATE-CALL"),),
                 guards=(Guard("attempted", lambda h: h.matter.data.get("attempts", 0) >= ATTEMPTS, Text("须在不同时段回访满三次。", "Three attempts first.")),)),
        ),
        relations=(SERVED,), measures=(Measure("return_visits", Text("回访完成件数", "Return visits done"), "record"),),
    )
)  # fmt: skip

RECTIFICATION = register(
    Process(
        code="rectification", version=1, name=Text("差评整改", "Rectification"), about=Text("对差评核实、整改并答复。", "A bad rating is verified, put right and answered."),
        norm=Text("国办发〔2019〕51号", "Good/bad rating rules"), effective_from=SINCE, public=False, doors=("system",),
        start="verifying", start_clocks=(starts("RATE-NEG"),), handled_by_roles=(), seen_by_roles=("supervisor", "office_head", "return_visitor"),
        states=(
            State("verifying", Text("核实中", "Verifying"), StateKind.OPEN, Text("正在核实您的评价。", "Your rating is being verified.")),
            State("rectifying", Text("整改中", "Being put right"), StateKind.OPEN, Text("您反映的问题属实，正在重新办理。", "It is being handled again.")),
            State("answered", Text("已整改答复", "Put right"), StateKind.DONE, Text("已整改并答复您。", "Put right and answered.")),
            State("explained", Text("已说明", "Explained"), StateKind.DONE, Text("已向您说明情况。", "Explained to you.")),
        ),
        steps=(
            Step("confirm", Text("属实，重新办理", "True: handle again"), ("verifying",), ("rectifying",), "oversight.rectify", main=True),
            Step("dismiss", Text("说明情况", "Explain"), ("verifying", "rectifying"), ("explained",), "oversight.rectify", form=DismissForm, clocks=(meets("RATE-NEG"),), effect=_explain,
                 tells=(Tell("applicant", "rating_explained", Text("您的评价已核实，说明请凭原查询码在网站查看。", "Your rating was verified; read the explanation online with the code you have.")),)),
            Step("finish", Text("整改完成并答复", "Done and answered"), ("rectifying",), ("answered",), "oversight.rectify", form=TextForm, effect=_explain, main=True, clocks=(meets("RATE-NEG"),), guards=(HANDLED_AGAIN,),
                 tells=(Tell("applicant", "rating_answered", Text("您评价中反映的问题已整改，答复请凭原查询码在网站查看，感谢监督。", "What your rating pointed out has been put right; read the answer online with the code you have.")),)),
        ),
        relations=(SERVED,), concludes=(Concludes("rectifies", "rectifying", "rectify"),),
    )
)  # fmt: skip

SUPERVISION_ORDER = register(
    Process(
        code="supervision_order", version=1, name=Text("督办", "Supervision order"), about=Text("对临期、超期和批示事项督办。", "For what is late or ordered."),
        norm=Text("司法部意见六(二)督办", "Ministry opinion §6(2)"), effective_from=SINCE, public=False, doors=("system", "window"),
        start="issued", start_clocks=(starts("SUP-SIGN"),), handled_by_roles=(), seen_by_roles=("supervisor", "office_head", "dispatcher"),
        states=(
            State("issued", Text("待签收", "Issued"), StateKind.OPEN, Text("督办已下达。", "Issued.")),
            State("signed", Text("已签收", "Signed for"), StateKind.OPEN, Text("承办单位已签收。", "Signed for.")),
            State("reported", Text("已回复", "Answered"), StateKind.OPEN, Text("承办单位已回复。", "Answered."),
                  untimed=Text("回复的时限已办结，由督办人员审阅", "The reply was in time; the supervisor reads it")),
            State("escalated", Text("已升级", "Escalated"), StateKind.OPEN, Text("逾期未办，已升级。", "Escalated.")),
            State("closed", Text("已办结", "Closed"), StateKind.DONE, Text("督办办结。", "Closed.")),
        ),
        steps=(
            Step("sign", Text("签收", "Sign for"), ("issued",), ("signed",), "oversight.answer_order", main=True, clocks=(meets("SUP-SIGN"), starts("SUP-REPLY"))),
            Step("report", Text("回复", "Answer"), ("signed", "escalated"), ("reported",), "oversight.answer_order", form=TextForm, effect=_note, main=True, clocks=(meets("SUP-REPLY"), cancels("SUP-SIGN"))),
            Step("accept", Text("认可办结", "Accept"), ("reported",), ("closed",), "oversight.supervise", main=True),
            Step("send_back", Text("退回再办", "Send back"), ("reported",), ("signed",), "oversight.supervise", form=TextForm, effect=_note, clocks=(starts("SUP-REPLY"),)),
            Step("escalate", Text("升级", "Escalate"), ("issued", "signed"), ("escalated",), "oversight.supervise", clocks=(cancels("SUP-SIGN"), cancels("SUP-REPLY"), starts("SUP-REPLY"))),
            Step("escalate_late", Text("逾期升级", "Escalated: late"), ("issued", "signed"), ("escalated",), "matters.system", unattended=True, clocks=(cancels("SUP-SIGN"), cancels("SUP-REPLY"), starts("SUP-REPLY"))),
        ),
        relations=(SERVED,), timeouts=(Timeout("SUP-SIGN", "escalate_late"), Timeout("SUP-REPLY", "escalate_late")),
        measures=(Measure("orders_closed", Text("督办办结件数", "Orders closed"), "accept"),),
    )
)  # fmt: skip
