"""法律咨询: from the anonymous question to the rated answer (DOMAIN §2.1)."""

from __future__ import annotations

from datetime import date

from fawang.kernel.texts import Text
from fawang.matters.declaration import (
    Guard,
    Measure,
    Opens,
    Paper,
    Process,
    Relation,
    State,
    StateKind,
    Step,
    Tell,
    Timeout,
    cancels,
    meets,
    pauses,
    resumes,
    starts,
)
from fawang.matters.processes import register
from fawang.matters.routing import handled_by
from fawang.services.consultation import forms, services

OPEN_STATES = ("submitted", "answering", "follow_up", "scheduled", "waiting_facts")
WORKING = ("submitted", "answering", "follow_up", "scheduled")
ENDS = (cancels("CONS-MSG"), cancels("CONS-FACTS"), cancels("CONS-FOLLOW"), cancels("CONS-SCHED"), cancels("CONS-RATE"))

CONSULTATION = register(
    Process(
        code="consultation",
        version=1,
        name=Text("法律咨询", "Legal consultation"),
        about=Text("遇到法律问题，可以免费问律师。不用登录，留下联系方式就能收到答复。", "Ask a lawyer, free of charge, without signing in."),
        norm=Text("法律援助法第二十二条、第二十三条；司法部公共法律服务平台建设意见", "Legal Aid Law §22, §23; ministry opinion on public legal service platforms"),
        effective_from=date(2017, 8, 21),
        doors=("web", "api", "window", "hotline", "wechat", "letter", "partner"),
        start="submitted",
        intake=forms.QuestionForm,
        pooled=True,
        on_start=services.start,
        states=(
            State("submitted", Text("已受理", "Accepted"), StateKind.OPEN, Text("您的问题已受理，正在安排律师。", "Your question is accepted; an adviser is being found.")),
            State("answering", Text("律师办理中", "With an adviser"), StateKind.OPEN, Text("律师正在研究您的问题。", "An adviser is working on your question.")),
            State("waiting_facts", Text("等您补充", "Waiting for you"), StateKind.WAITING_CITIZEN, Text("律师需要您补充一些情况，请尽快回复。", "The adviser needs more facts from you.")),
            State("scheduled", Text("已约期", "Date promised"), StateKind.OPEN, Text("律师已和您约定答复日期。", "The adviser has promised you a date.")),
            State("answered", Text("已答复", "Answered"), StateKind.WAITING_CITIZEN, Text("律师已答复。您可以追问，也可以评价。", "It is answered. You may ask back, or rate it.")),
            State("follow_up", Text("追问中", "Asked back"), StateKind.OPEN, Text("您的追问已收到，律师会继续答复。", "Your follow-up is with the adviser.")),
            State("closed", Text("已办结", "Closed"), StateKind.DONE, Text("咨询已办结。需要时可以重新打开。", "The consultation is closed; it can be reopened.")),
            State("redirected", Text("已指引", "Redirected"), StateKind.DONE, Text("这件事由其他单位办理，请看答复里的联系方式。", "Another body handles this; see the reply.")),
            State("rejected", Text("不予受理", "Refused"), StateKind.REFUSED, Text("这次提问没有受理，理由见留言。您可以要求重新处理。", "Not accepted; see the reason. You may ask for it to be reopened.")),
            State("merged", Text("已合并", "Merged"), StateKind.VOID, Text("这件事已并入您的另一件咨询。", "It was merged into your other question.")),
            State("withdrawn", Text("已撤回", "Withdrawn"), StateKind.VOID, Text("您已撤回这件咨询。", "You withdrew this question.")),
        ),
        steps=(
            Step("accept", Text("接收", "Accept"), ("submitted",), ("answering",), "matters.assignee", effect=services.accept, public=Text("律师已接收", "An adviser has accepted it")),
            Step(
                "answer", Text("答复", "Answer"), WORKING, ("answered",), "matters.assignee", form=forms.AnswerForm, effect=services.answer, main=True, spreads=True,
                clocks=(meets("CONS-MSG"), meets("CONS-FOLLOW"), meets("CONS-SCHED"), starts("CONS-RATE")),
                papers=(Paper("consultation_reply", Text("法律咨询答复", "Reply"), services.reply_paper),),
                tells=(Tell("applicant", "answered", Text("您的咨询{number}律师已答复，请凭查询码在网站“查进度”查看并评价。", "Your question {number} is answered; see “Track” on the website.")),),
                public=Text("律师已答复", "Answered"),
            ),
            Step(
                "ask_facts", Text("请对方补充情况", "Ask for facts"), ("submitted", "answering"), ("waiting_facts",), "matters.assignee", form=forms.FactsForm,
                effect=services.message_of("message"), clocks=(pauses("CONS-MSG", "awaiting_citizen"), starts("CONS-FACTS")),
                tells=(Tell("applicant", "facts", Text("您的咨询{number}需要补充情况，请凭查询码回复。", "Your question {number} needs more facts from you.")),),
                public=Text("律师请您补充情况", "The adviser asks for facts"),
            ),
            Step(
                "give_facts", Text("补充情况", "Give the facts"), ("waiting_facts",), ("answering",), "matters.applicant", form=forms.FactsForm, by_citizen=True, main=True,
                effect=services.message_of("message"), clocks=(meets("CONS-FACTS"), resumes("CONS-MSG")), public=Text("您补充了情况", "You gave more facts"),
            ),
            Step(
                "lapse", Text("逾期未补充", "Lapsed"), ("waiting_facts",), ("closed",), "matters.system", unattended=True, clocks=ENDS,
                tells=(Tell("applicant", "lapsed", Text("您的咨询{number}超过期限未补充，已办结；需要时可重新打开。", "Your question {number} was closed for lack of facts.")),),
                public=Text("超过期限未补充，已办结", "Closed: no facts came"),
            ),
            Step(
                "schedule", Text("约期答复", "Promise a date"), ("submitted", "answering"), ("scheduled",), "matters.assignee", form=forms.ScheduleForm, effect=services.schedule,
                clocks=(cancels("CONS-MSG"), starts("CONS-SCHED")),
                tells=(Tell("applicant", "scheduled", Text("您的咨询{number}律师将于{when}前答复。", "Your question {number} will be answered by {when}.")),),
                public=Text("已约定答复日期", "A date was promised"),
            ),
            Step(
                "follow_up", Text("追问", "Ask back"), ("answered",), ("follow_up",), "matters.applicant", form=forms.FactsForm, effect=services.follow_up, by_citizen=True,
                guards=(Guard("rounds", services.may_follow_up, Text("追问已满三次。请另提新问题，或拨打12348。", "Three follow-ups are used up. Ask anew or call 12348.")),),
                clocks=(cancels("CONS-RATE"), starts("CONS-FOLLOW")), public=Text("您追问了", "You asked back"),
            ),
            Step("rated", Text("已评价", "Rated"), ("answered",), ("closed",), "matters.system", unattended=True, clocks=(meets("CONS-RATE"),), public=Text("您已评价，咨询办结", "Rated and closed")),
            Step("close", Text("到期办结", "Close"), ("answered",), ("closed",), "matters.system", unattended=True, clocks=(cancels("CONS-RATE"),), public=Text("已办结", "Closed")),
            Step(
                "redirect", Text("指引到其他单位", "Redirect"), WORKING, ("redirected",), "matters.handle_or_dispatch", form=forms.RedirectForm, effect=services.redirect,
                clocks=(meets("CONS-MSG"), meets("CONS-FOLLOW"), meets("CONS-SCHED")),
                tells=(Tell("applicant", "redirected", Text("您的咨询{number}应由{body}办理，详见答复。", "Your question {number} belongs to {body}.")),),
                public=Text("已指引到其他单位", "Redirected"),
            ),
            Step(
                "reject", Text("不予受理", "Refuse as abuse"), ("submitted", "answering", "follow_up"), ("rejected",), "matters.dispatch", form=forms.RejectForm, effect=services.reject,
                clocks=ENDS, tells=(Tell("applicant", "rejected", Text("您的提问{number}未予受理，理由见网站，可要求重新处理。", "Your question {number} was not accepted; see the reason online.")),),
                bulk=True, public=Text("未予受理", "Not accepted"),
            ),
            Step(
                "merge", Text("合并重复", "Merge"), WORKING, ("merged",), "matters.dispatch", form=forms.MergeForm, effect=services.merge, clocks=ENDS,
                tells=(Tell("applicant", "merged", Text("您的咨询{number}已并入{other}一并答复。", "Your question {number} was merged into {other}.")),), public=Text("已合并", "Merged"),
            ),
            Step("withdraw", Text("撤回", "Withdraw"), OPEN_STATES, ("withdrawn",), "matters.applicant", form=forms.OptionalReasonForm, by_citizen=True, clocks=ENDS, effect=services.message_of("message"), public=Text("您已撤回", "Withdrawn")),
            Step(
                "reopen", Text("重新打开", "Reopen"), ("closed", "redirected", "rejected"), ("follow_up",), "matters.applicant", form=forms.ReasonForm, by_citizen=True,
                effect=services.message_of("question"), clocks=(starts("CONS-FOLLOW"),), public=Text("您要求重新处理", "Reopened"),
            ),
            Step(
                "rectify", Text("差评整改重办", "Reopen for rectification"), ("closed", "answered", "redirected", "rejected"), ("follow_up",), "matters.system", unattended=True,
                clocks=(cancels("CONS-RATE"), starts("CONS-FOLLOW")), public=Text("根据您的评价重新办理", "Handled again after your rating"),
            ),
            Step(
                "to_complaint", Text("转为投诉", "Turn into a complaint"), (*WORKING, "answered", "closed"), (), "matters.applicant", by_citizen=True, stays=True,
                opens=(Opens("complaint", "derived_from", office="supervising", parties=(("applicant", "complainant"),)),),
                public=Text("已转投诉", "A complaint was opened"),
            ),
        ),
        relations=(
            Relation("applicant", Text("提问人", "Asker"), frozenset({"public", "content", "identity"})),
            Relation("opponent", Text("对方", "Other side"), frozenset(), many=True, citizen=False),
            Relation("representative", Text("代为提问人", "Representative"), frozenset({"public", "content", "identity"})),
        ),
        start_clocks=(starts("CONS-MSG"),),
        start_tells=(Tell("applicant", "received", Text("12348已受理您的咨询，编号{number}，{due}答复。查询码：{code}", "12348 accepted your question {number}. Lookup code: {code}")),),
        timeouts=(Timeout("CONS-FACTS", "lapse"), Timeout("CONS-RATE", "close")),
        conflict_relations=(("applicant", "opponent"),),
        measures=(
            Measure("consultations_received", Text("咨询受理件数", "Consultations received"), "opened", "raw"),
            Measure("consultations_answered", Text("咨询答复件数", "Consultations answered"), "answer"),
        ),
    )
)
handled_by("consultation", "legal_aid_agency", "service_center", "justice_bureau")
