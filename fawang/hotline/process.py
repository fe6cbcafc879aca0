"""来电服务: an answered call with a service in it, as a matter: one number for telephone and web, rated, called back, put right like all others."""

from __future__ import annotations

from datetime import date

from fawang.hotline import policies  # noqa: F401 - registers them
from fawang.kernel.texts import Text
from fawang.matters.conversation import add_message
from fawang.matters.declaration import Measure, Process, Relation, State, StateKind, Step, Tell
from fawang.matters.forms import Paragraph, StepForm, ask
from fawang.matters.processes import register
from fawang.matters.routing import handled_by
from fawang.matters.situation import Taking

OWN = frozenset({"public", "content", "identity"})


class AnswerForm(StepForm):
    """What is told to the caller."""

    body: Paragraph = ask("答复内容", "Answer", min_length=2)


def _answer(taking: Taking) -> None:
    add_message(matter=taking.matter, actor=taking.actor, kind="answer", body=taking.form.body)  # type: ignore[union-attr]


HOTLINE_CALL = register(
    Process(
        code="hotline_call", version=1, name=Text("12348来电服务", "Hotline service"),
        about=Text("拨打12348得到的解答和服务，可凭编号查询和评价。", "Advice and help given on the 12348 hotline; follow and rate it by its number."),
        norm=Text("司法部意见四热线平台；GB/T 33358-2016", "Ministry opinion §4; GB/T 33358-2016"), effective_from=date(2017, 8, 21), public=False,
        doors=("hotline",), start="recorded", handled_by_roles=(), seen_by_roles=("hotline_supervisor", "supervisor", "office_head", "return_visitor"), skills=False,
        states=(
            State("recorded", Text("已登记", "Recorded"), StateKind.OPEN, Text("您的来电已登记。", "Your call is recorded."),
                  untimed=Text("通话中已经答复，登记后随即办结", "It was answered in the call and closes at once")),
            State("closed", Text("已办结", "Closed"), StateKind.DONE, Text("您的来电已答复，可以评价。", "Your call was answered; you may rate it."), served=True),
            State("follow_up", Text("重新办理", "Handled again"), StateKind.OPEN, Text("正在重新办理，会给您答复。", "It is being handled again; you will be answered."),
                  untimed=Text("由差评整改的时限约束", "The rectification beside it has the limit")),
        ),
        steps=(
            Step("close", Text("办结", "Close"), ("recorded",), ("closed",), "matters.system", form=AnswerForm, effect=_answer, unattended=True, main=True, public=Text("已答复", "Answered")),
            Step("rectify", Text("重新办理", "Handle again"), ("closed",), ("follow_up",), "matters.system", unattended=True),
            Step("answer_again", Text("再次答复", "Answer again"), ("follow_up",), ("closed",), "matters.handle_or_dispatch", form=AnswerForm, effect=_answer, main=True, public=Text("已再次答复", "Answered again"),
                 tells=(Tell("applicant", "hotline_answered", Text("您的来电{number}已重新答复，可在12348网站凭编号查看。", "Your call {number} was answered again.")),)),
        ),
        relations=(Relation("applicant", Text("来电人", "Caller"), OWN),),
        measures=(Measure("hotline_calls", Text("来电服务件数", "Calls served"), "close"),),
    )
)  # fmt: skip
handled_by("hotline_call", "hotline_platform")  # else the office of the seat, which the ticket names
