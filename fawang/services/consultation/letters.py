"""来信咨询: within seven working days it is decided how a letter is dealt with: answered in writing or by telephone, or its writer asked in."""

from __future__ import annotations

from datetime import date

from fawang.kernel.texts import Text
from fawang.matters.conversation import add_message
from fawang.matters.declaration import Measure, Paper, Process, Relation, State, StateKind, Step, Tell, cancels, meets, starts
from fawang.matters.forms import Line, Paragraph, StepForm, ask
from fawang.matters.processes import register
from fawang.matters.routing import handled_by
from fawang.matters.situation import Taking
from fawang.services.consultation import forms, services

UNDECIDED = ("received", "deciding")
DECIDED = ("answered", "invited", "redirected")


class LetterForm(forms.QuestionForm):
    """What is noted of a letter beside its words."""

    address: Line = ask("回信地址（可不填）", "Address for the reply (optional)", default="")


class LetterAnswerForm(forms.AnswerForm):
    """An answer to a letter, and the way it goes."""

    how: Line = ask("怎样答复", "How it goes", choices=(("letter", "书面回信", "By letter"), ("phone", "电话答复", "By telephone")))


class InvitationForm(StepForm):
    """Too much for a letter: where to come, with what."""

    body: Paragraph = ask("请来人到哪里、带什么材料", "Where to come, with which papers", min_length=4, help=("也可以请对方拨打12348。", "Or to call 12348."))


def answer(taking: Taking) -> None:
    """Write the answer, as in any consultation, and the way it went."""
    services.answer(taking)
    taking.facts["how"] = taking.form.how  # type: ignore[union-attr]


def invite(taking: Taking) -> None:
    """Ask the writer in; whoever decided it handles the matter."""
    add_message(matter=taking.matter, actor=taking.actor, kind="message", body=taking.form.body)  # type: ignore[union-attr]
    services.accept(taking)


def invitation_paper(taking: Taking) -> str:
    """The letter that asks the writer in."""
    return (
        f"来信答复\n\n事项编号：{taking.matter.number}\n\n您的来信已收到。这件事情况较复杂，书信里说不清楚，请您：\n\n{taking.form.body}\n\n"  # type: ignore[union-attr]
        "也可以拨打12348法律服务热线，说出上面的事项编号。咨询免费。"
    )


LETTERS = register(
    Process(
        code="letter_consultation",
        version=1,
        name=Text("来信咨询", "Consultation by letter"),
        about=Text("写信问法律问题，七个工作日内决定怎样答复。", "Ask by letter; within seven working days it is decided how you are answered."),
        norm=Text("法律援助法第二十二条、第二十三条；法律援助咨询规范", "Legal Aid Law §22, §23; legal-aid consultation norm"),
        effective_from=date(2017, 8, 21),
        doors=("letter",),
        start="received",
        intake=LetterForm,
        pooled=True,
        first_words="question",
        on_start=services.start,
        start_clocks=(starts("CONS-LET"),),
        start_tells=(
            Tell(
                "applicant",
                "received",
                Text("12348已收到您的来信，编号{number}，{due}决定怎样办理。查询码：{code}", "Your letter {number} was received. Lookup code: {code}"),
            ),
        ),
        states=(
            State("received", Text("来信已登记", "Registered"), StateKind.OPEN, Text("您的来信已登记，正在安排律师。", "Your letter is registered; an adviser is being found.")),
            State("deciding", Text("律师阅信", "With an adviser"), StateKind.OPEN, Text("律师正在看您的来信。", "An adviser is reading your letter.")),
            State("answered", Text("已答复", "Answered"), StateKind.DONE, Text("已书面或电话答复您。您可以评价。", "You were answered by letter or telephone. You may rate it."), served=True),
            State("invited", Text("已请面谈", "Asked in"), StateKind.DONE, Text("这件事较复杂，请按回信带材料来当面咨询，或拨打12348。", "It needs talking over: please come in with your papers, or call 12348."), served=True),
            State("redirected", Text("已指引", "Redirected"), StateKind.DONE, Text("这件事由其他单位办理，请看回信里的联系方式。", "Another body handles this; see the reply."), served=True),
            State("rejected", Text("不予受理", "Refused"), StateKind.REFUSED, Text("这封来信没有受理，理由见留言。您可以要求重新处理。", "Not accepted; see the reason. You may ask for it to be reopened.")),
            State("withdrawn", Text("已撤回", "Withdrawn"), StateKind.VOID, Text("您已撤回这封来信。", "You withdrew this letter.")),
        ),
        steps=(
            Step("accept", Text("接收", "Accept"), ("received",), ("deciding",), "matters.assignee", effect=services.accept, public=Text("律师已接收", "An adviser has accepted it")),
            Step(
                "answer", Text("答复来信", "Answer the letter"), UNDECIDED, ("answered",), "matters.assignee", form=LetterAnswerForm, effect=answer, main=True,
                clocks=(meets("CONS-LET"),), fact_keys=("how",), papers=(Paper("letter_reply", Text("来信答复", "Reply to a letter"), services.reply_paper),),
                tells=(Tell("applicant", "answered", Text("您的来信{number}律师已答复，也可凭查询码在网站“查进度”查看并评价。", "Your letter {number} is answered; see “Track” on the website.")),),
                public=Text("律师已答复", "Answered"),
            ),
            Step(
                "invite", Text("请来面谈", "Ask in"), UNDECIDED, ("invited",), "matters.assignee", form=InvitationForm, effect=invite,
                clocks=(meets("CONS-LET"),), papers=(Paper("letter_invitation", Text("来信答复（请来面谈）", "Reply: please come in"), invitation_paper),),
                tells=(Tell("applicant", "invited", Text("您的来信{number}需要当面谈，请带材料来或拨打12348，详见回信。", "Your letter {number} needs talking over; see the reply.")),),
                public=Text("请您来面谈", "You were asked in"),
            ),
            Step(
                "redirect", Text("指引到其他单位", "Redirect"), UNDECIDED, ("redirected",), "matters.handle_or_dispatch", form=forms.RedirectForm, effect=services.redirect,
                clocks=(meets("CONS-LET"),),
                tells=(Tell("applicant", "redirected", Text("您的来信{number}应由{body}办理，详见答复。", "Your letter {number} belongs to {body}.")),),
                public=Text("已指引到其他单位", "Redirected"),
            ),
            Step(
                "reject", Text("不予受理", "Refuse as abuse"), UNDECIDED, ("rejected",), "matters.dispatch", form=forms.RejectForm, effect=services.reject, clocks=(cancels("CONS-LET"),),
                tells=(Tell("applicant", "rejected", Text("您的来信{number}未予受理，理由见网站，可要求重新处理。", "Your letter {number} was not accepted; see the reason online.")),),
                public=Text("未予受理", "Not accepted"),
            ),
            Step(
                "withdraw", Text("撤回", "Withdraw"), UNDECIDED, ("withdrawn",), "matters.applicant", form=forms.OptionalReasonForm, by_citizen=True,
                effect=services.message_of("message"), clocks=(cancels("CONS-LET"),), public=Text("您已撤回", "Withdrawn"),
            ),
            Step(
                "reopen", Text("重新处理", "Reopen"), (*DECIDED, "rejected"), ("received",), "matters.applicant", form=forms.ReasonForm, by_citizen=True,
                effect=services.message_of("question"), clocks=(starts("CONS-LET"),), public=Text("您要求重新处理", "Reopened"),
            ),
            Step(
                "rectify", Text("差评整改重办", "Handled again"), (*DECIDED, "rejected"), ("received",), "matters.system", unattended=True, clocks=(starts("CONS-LET"),),
                public=Text("根据您的评价重新办理", "Handled again after your rating"),
            ),
        ),
        relations=(
            Relation("applicant", Text("来信人", "Writer"), frozenset({"public", "content", "identity"})),
            Relation("opponent", Text("对方", "Other side"), frozenset(), many=True, citizen=False),
            Relation("representative", Text("代为来信人", "Representative"), frozenset({"public", "content", "identity"})),
        ),
        conflict_relations=(("applicant", "opponent"),),
        measures=(
            Measure("letters_received", Text("来信件数", "Letters received"), "opened", "raw"),
            Measure("letters_decided", Text("来信答复件数", "Letters answered"), "answer"),
        ),
    )
)  # fmt: skip
handled_by("letter_consultation", "legal_aid_agency", "service_center", "justice_bureau")
