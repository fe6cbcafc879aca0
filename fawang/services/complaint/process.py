"""服务投诉: about lawyers, notaries, appraisers, mediators, seats, staff.

Whoever is complained about sees nothing of it; he may be asked for a statement, which is a matter of its own and holds only
the question put to him.
"""

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
    Shield,
    State,
    StateKind,
    Step,
    Tell,
    Timeout,
    cancels,
    extends,
    meets,
    pauses,
    resumes,
    starts,
)
from fawang.matters.processes import register
from fawang.matters.routing import elsewhere, handled_by
from fawang.services.complaint import forms, services
from fawang.services.complaint.bodies import deciding_office
from fawang.services.complaint.respondents import SUSPECTED, UNIDENTIFIED

ENDS = (cancels("COMP-ACC"), cancels("COMP-DEC"), cancels("COMP-SUPP"), cancels("COMP-NOTI"), cancels("COMP-OBJ"))
OWN = frozenset({"public", "content", "identity"})
HANDLER = "matters.assignee"

STATEMENT = register(
    Process(
        code="statement", version=1, name=Text("投诉情况说明", "Statement"), about=Text("请被投诉方就办理情况作出说明。", "The other side explains."),
        norm=Text("投诉处理程序", "Complaint procedure"), effective_from=date(2013, 11, 19), public=False, doors=("system",), start="asked",
        start_clocks=(starts("COMP-STMT"),), on_start=services.start_statement, handled_by_roles=(), seen_by_roles=("complaint_handler", "supervisor"),
        states=(
            State("asked", Text("待说明", "Asked"), StateKind.OPEN, Text("请说明有关情况。", "Please explain.")),
            State("given", Text("已说明", "Given"), StateKind.DONE, Text("已收到说明。", "Received.")),
            State("silent", Text("逾期未说明", "No statement"), StateKind.VOID, Text("逾期未说明。", "None came in time.")),
        ),
        steps=(
            Step("state", Text("提交说明", "Give the statement"), ("asked",), ("given",), HANDLER, form=forms.TextForm, effect=services.say, main=True, clocks=(meets("COMP-STMT"),)),
            Step("lapse", Text("逾期", "Lapsed"), ("asked",), ("silent",), "matters.system", unattended=True, clocks=(cancels("COMP-STMT"),)),
        ),
        relations=(Relation("answerer", Text("说明人", "Asked person"), frozenset({"public", "content"}), citizen=False),),
        timeouts=(Timeout("COMP-STMT", "lapse"),),
    )
)  # fmt: skip

COMPLAINT = register(
    Process(
        code="complaint", version=1, name=Text("服务投诉", "Complaint"),
        about=Text("对法律服务机构和人员的服务不满意，可以投诉。您的身份不会告诉被投诉人。", "Complain about a legal service. Your identity is kept from the person concerned."),
        norm=Text("法律援助法第五十五条；法律援助投诉处理办法", "Legal Aid Law §55; complaint rules"), effective_from=date(2013, 11, 19),
        doors=("web", "api", "window", "hotline", "wechat", "letter"), start="received", intake=forms.ComplaintForm, first_words="question", on_start=services.start,
        start_clocks=(starts("COMP-ACC"),), handled_by_roles=("complaint_handler",), seen_by_roles=("complaint_handler", "supervisor"),
        start_tells=(Tell("complainant", "received", Text("您的投诉{number}已收到，{due}告知是否受理。查询码：{code}", "Your complaint {number} was received. Lookup code: {code}")),),
        states=(
            State("received", Text("已收到", "Received"), StateKind.OPEN, Text("您的投诉已收到，正在审查是否受理。", "Your complaint is being examined.")),
            State("supplementing", Text("等您补充", "Waiting for you"), StateKind.WAITING_CITIZEN, Text("请一次补齐所列材料，期间不计入办理时限。", "Please hand in what is listed.")),
            State("investigating", Text("调查中", "Investigating"), StateKind.OPEN, Text("投诉已受理，正在调查。", "Accepted; it is being investigated.")),
            State("decided", Text("已作出处理", "Decided"), StateKind.OPEN, Text("已作出处理，正在送达结果。", "Decided; the result is on its way.")),
            State("notified", Text("已告知结果", "Told"), StateKind.WAITING_CITIZEN, Text("结果已告知。有异议可在十五日内提出。", "You have been told; you may object within 15 days."), served=True),
            State("refused", Text("不予受理", "Refused"), StateKind.REFUSED, Text("投诉未受理，理由和救济途径见告知。", "Not accepted; see reasons and remedies.")),
            State("transferred", Text("已移送", "Transferred"), StateKind.DONE, Text("已移送有权处理的单位。", "Passed to the competent body."), served=True),
            State("closed", Text("已办结", "Closed"), StateKind.DONE, Text("投诉已办结。", "Closed."), served=True),
            State("withdrawn", Text("已撤回", "Withdrawn"), StateKind.VOID, Text("您已撤回投诉。", "You withdrew it.")),
        ),
        steps=(
            Step("accept", Text("受理", "Accept"), ("received",), ("investigating",), HANDLER, main=True, clocks=(meets("COMP-ACC"), starts("COMP-DEC")),
                 tells=(Tell("complainant", "accepted", Text("您的投诉{number}已受理，{due}办结。", "Your complaint {number} is accepted.")),), public=Text("已受理", "Accepted")),
            Step("notify_supplement", Text("一次性告知补正", "One-time notice"), ("received",), ("supplementing",), HANDLER, form=forms.SupplementForm, effect=services.notify_missing,
                 guards=(Guard("one_notice", services.not_notified, Text("一次性告知：已经告知过一次。再次告知须由督办员说明理由。", "One notice only; a supervisor must give a reason for another.")),),
                 clocks=(pauses("COMP-ACC", "supplement"), starts("COMP-SUPP")),
                 tells=(Tell("complainant", "supplement", Text("您的投诉{number}需补充材料，请查看并一次补齐。", "Your complaint {number} needs more papers.")),), public=Text("请您补充材料", "Papers were asked for")),
            Step("notify_again", Text("再次告知补正", "Second notice"), ("received",), ("supplementing",), "matters.supervise", form=forms.SupplementForm, effect=services.notify_missing,
                 clocks=(pauses("COMP-ACC", "supplement"), starts("COMP-SUPP")), public=Text("请您补充材料", "Papers were asked for")),
            Step("supplement", Text("补充材料", "Hand in"), ("supplementing",), ("received",), "matters.applicant", form=forms.TextForm, effect=services.say, by_citizen=True, main=True,
                 clocks=(meets("COMP-SUPP"), resumes("COMP-ACC")), public=Text("您已补充", "You handed them in")),
            Step("deem_withdrawn", Text("逾期视为撤回", "Deemed withdrawn"), ("supplementing",), ("withdrawn",), "matters.system", unattended=True, clocks=ENDS,
                 tells=(Tell("complainant", "withdrawn", Text("您的投诉{number}逾期未补充材料，视为撤回；您可以重新投诉。", "Your complaint {number} is deemed withdrawn.")),), public=Text("逾期未补充，视为撤回", "Deemed withdrawn")),
            Step("refuse", Text("不予受理", "Refuse"), ("received",), ("refused",), HANDLER, form=forms.RefuseForm, effect=services.say, clocks=(meets("COMP-ACC"),),
                 tells=(Tell("complainant", "refused", Text("您的投诉{number}不予受理，理由和救济途径请在网站查看。", "Your complaint {number} was refused; see reasons online.")),), public=Text("不予受理", "Refused")),
            Step("transfer_out", Text("移送", "Transfer"), ("received",), ("transferred",), HANDLER, form=forms.TransferForm, effect=services.say, clocks=(meets("COMP-ACC"),),
                 tells=(Tell("complainant", "transferred", Text("您的投诉{number}已移送有权处理的单位。", "Your complaint {number} was passed on.")),), public=Text("已移送", "Transferred")),
            Step("identify_respondent", Text("登记被投诉人账号", "Identify the account"), ("received", "supplementing", "investigating"), (), "matters.handle_or_dispatch", stays=True, form=forms.IdentifyForm, effect=services.identify),
            Step("ask_statement", Text("请被投诉方说明", "Ask for a statement"), ("investigating",), (), HANDLER, stays=True, form=forms.StatementRequestForm, effect=services.ask_statement,
                 guards=(Guard("respondent", services.has_respondent_account, Text("请先登记被投诉人账号。", "Identify the account first.")),),
                 opens=(Opens("statement", "statement_for", parties=(("respondent", "answerer"),)),)),
            Step("extend", Text("延长办理时限", "Extend"), ("investigating",), (), "matters.supervise", stays=True, form=forms.ExtendForm, clocks=(extends("COMP-DEC"),),
                 tells=(Tell("complainant", "extended", Text("您的投诉{number}情况复杂，办理时限延长，{due}办结。", "Your complaint {number} needs more time.")),), public=Text("办理时限已延长", "More time was approved")),
            Step("decide", Text("作出处理", "Decide"), ("investigating",), ("decided",), HANDLER, form=forms.DecisionForm, effect=services.decide, main=True, clocks=(meets("COMP-DEC"), starts("COMP-NOTI")),
                 papers=(Paper("complaint_decision", Text("投诉处理结果告知书", "Decision"), services.decision_paper),), fact_keys=("outcome",), public=Text("已作出处理", "Decided")),
            Step("notify", Text("告知结果", "Tell the result"), ("decided",), ("notified",), HANDLER, main=True, clocks=(meets("COMP-NOTI"), starts("COMP-OBJ")),
                 tells=(Tell("complainant", "decided", Text("您的投诉{number}已有处理结果，请凭查询码查看；有异议可在十五日内提出。", "Your complaint {number} is decided; see online.")),), public=Text("已告知结果", "You were told")),
            Step("object", Text("提出异议", "Object"), ("notified",), ("investigating",), "matters.applicant", form=forms.TextForm, effect=services.objection, by_citizen=True,
                 guards=(Guard("once", services.not_objected, Text("异议以一次为限；仍不服可依法申请复议或诉讼。", "One objection; then reconsideration or court.")),),
                 clocks=(meets("COMP-OBJ"), starts("COMP-DEC")), public=Text("您提出了异议", "You objected")),
            Step("rated", Text("已评价", "Rated"), ("notified",), ("closed",), "matters.system", unattended=True, clocks=(cancels("COMP-OBJ"),), public=Text("您已评价，投诉办结", "Rated and closed")),
            Step("close", Text("异议期满办结", "Close"), ("notified",), ("closed",), "matters.system", unattended=True, clocks=(cancels("COMP-OBJ"),), public=Text("已办结", "Closed")),
            Step("rectify", Text("差评整改重办", "Handled again"), ("closed", "refused", "transferred"), ("investigating",), "matters.system", unattended=True, clocks=(starts("COMP-DEC"),), public=Text("根据您的评价重新办理", "Handled again")),
            Step("withdraw", Text("撤回投诉", "Withdraw"), ("received", "supplementing", "investigating"), ("withdrawn",), "matters.applicant", by_citizen=True, clocks=ENDS, public=Text("您已撤回", "Withdrawn")),
        ),
        relations=(
            Relation("complainant", Text("投诉人", "Complainant"), OWN),
            Relation("respondent", Text("被投诉人", "Respondent"), frozenset(), many=True, citizen=False),
            Relation(SUSPECTED, Text("可能被投诉的人", "May be meant"), frozenset(), many=True, citizen=False, by_hand=False),
            Relation("representative", Text("代理人", "Representative"), OWN),
        ),
        shields=(
            Shield(
                "complainant", from_relations=("respondent", SUSPECTED), from_roles=("window_clerk", "adviser"), norm="信访工作条例 §30",
                unsettled=UNIDENTIFIED, known_to=("complaint_handler",),
            ),
        ),
        timeouts=(Timeout("COMP-SUPP", "deem_withdrawn"), Timeout("COMP-OBJ", "close")),
        conflict_relations=(("complainant", "respondent"),),
        measures=(Measure("complaints_decided", Text("投诉办结件数", "Complaints decided"), "decide"),),
    )
)  # fmt: skip
handled_by("complaint", "justice_bureau", "provincial_justice_department")
elsewhere("complaint", deciding_office)
