"""The specification of the engine: the ten cases of PROCESS.md, each with a small throw-away declaration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from fawang.kernel import clock, events
from fawang.kernel.errors import Absent, Forbidden, Refusal
from fawang.kernel.models import Event
from fawang.kernel.texts import Text
from fawang.matters import actions, sweeper
from fawang.matters.declaration import (
    Concludes,
    Guard,
    Measure,
    Opens,
    Process,
    Relation,
    Shield,
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
from fawang.matters.forms import Line, Paragraph, StepForm, ask
from fawang.matters.intake import Request, Visitor, receive
from fawang.matters.models import Clock, Matter, MatterLink
from fawang.matters.parties import PartyWords, add_party
from fawang.matters.policies import sight
from fawang.matters.processes import forget, register
from fawang.matters.routing import handled_by
from fawang.matters.services import possible_steps, take_step
from fawang.matters.situation import Situation, Taking
from fawang.people.actors import SYSTEM
from fawang.people.models import Notice
from fawang.people.notices import SENDERS, send_due
from fawang.regions.services import set_calendar_day
from tests import factories
from tests.conftest import BEIJING

pytestmark = pytest.mark.django_db
T = Text("文", "text")
ALL = frozenset({"handling", "topic", "public", "content", "identity", "internal"})
OWN = frozenset({"public", "content", "identity"})
APPLICANT = Relation("applicant", Text("申请人", "Applicant"), OWN)
Advance = Callable[[timedelta], None]


def state(code: str, kind: str = "open") -> State:
    return State(code, Text(code, code), StateKind(kind), Text(f"现在是{code}", f"It is {code}"), untimed=T)


def step(verb: str, from_: str, to: str, by: str = "matters.handle_or_dispatch", **more: Any) -> Step:
    return Step(verb, Text(verb, verb), tuple(from_.split()), tuple(to.split()), by, **more)


def process(code: str, states: list[State], steps: list[Step], **more: Any) -> Process:
    declared = {
        "relations": (APPLICANT,), "start": states[0].code, "effective_from": date(2020, 1, 1), "version": 1,
        "doors": ("web", "window", "partner"), **more,
    }  # fmt: skip
    return Process(code=code, name=T, about=T, norm=T, states=tuple(states), steps=tuple(steps), **declared)


@pytest.fixture
def declare() -> Iterator[Callable[[Process], Process]]:
    made: list[Process] = []

    def declare(value: Process) -> Process:
        made.append(register(value))
        return value

    yield declare
    for value in made:
        forget(value)


@pytest.fixture
def cast(monday: Advance) -> dict[str, Any]:
    bureau = factories.office("justice_bureau", name="演示司法局")
    agency = factories.office("legal_aid_agency", name="演示法律援助中心", parent=bureau)
    return {
        "bureau": bureau,
        "agency": agency,
        "dispatcher": factories.actor(factories.staff("王派单", "dispatcher", at=agency)),
        "supervisor": factories.actor(factories.staff("赵督办", "supervisor", at=agency)),
        "bureau_head": factories.actor(factories.staff("钱局", "office_head", at=bureau)),
        "advance": monday,
    }


class Reason(StepForm):
    reason: Paragraph = ask("理由", "Reason", min_length=1)


class OptionalReason(StepForm):
    reason: Line = ask("理由", "Reason", default="")


def take(actor: Any, matter: Matter, verb: str, **data: Any) -> Matter:
    return take_step(actor=actor, matter_id=matter.pk, verb=verb, data=data)


def aid(**changes: Any) -> Process:
    return process(
        "t_aid",
        [state("received"), state("supplementing", "waiting_citizen"), state("assigned"), state("approved"), state("refused", "refused"),
         state("withdrawn", "void"), state("done", "done")],
        [
            step("notify_supplement", "received", "supplementing", form=OptionalReason, effect=_second_notice_counts, guards=(ONCE,),
                 clocks=(pauses("LA-REV", "supplement"), starts("LA-SUPP"))),
            step("notify_again", "received", "supplementing", by="matters.supervise", form=Reason,
                 clocks=(pauses("LA-REV", "supplement"), starts("LA-SUPP"))),
            step("supplement", "supplementing", "received", by="matters.applicant", by_citizen=True, clocks=(meets("LA-SUPP"), resumes("LA-REV"))),
            step("deem_withdrawn", "supplementing", "withdrawn", by="matters.system", unattended=True,
                 clocks=(cancels("LA-SUPP"), cancels("LA-REV"), cancels("LA-PAPERS")),
                 tells=(Tell("applicant", "withdrawn", Text("您的申请{number}未在期限内补充材料，视为撤回。", "Deemed withdrawn.")),)),
            step("advance", "received", "assigned", clocks=(starts("LA-PAPERS"),)),
            step("hand_in_papers", "assigned", "assigned", by="matters.applicant", clocks=(meets("LA-PAPERS"),)),
            step("approve", "received assigned", "approved", clocks=(meets("LA-REV"), cancels("LA-PAPERS"))),
            step("refuse", "received", "refused", form=Reason, clocks=(meets("LA-REV"),)),
            step("object", "refused", "refused", by="matters.applicant",
                 opens=(Opens("t_objection", "objection_to", office="supervising", parties=(("applicant", "applicant"),)),)),
            step("reinstate", "refused", "approved", by="matters.system", unattended=True),
            step("reconsider", "refused", "refused", form=OptionalReason),
            step("finish", "approved", "done", ends_assignment=True),
        ],
        start_clocks=(starts("LA-REV"),),
        timeouts=(Timeout("LA-SUPP", "deem_withdrawn"),),
        rests_for=("objection_to",),
        **changes,
    )  # fmt: skip


def _second_notice_counts(taking: Taking) -> None:
    taking.matter.data["notices"] = taking.matter.data.get("notices", 0) + 1


ONCE = Guard(
    "one_time_notice",
    lambda here: here.matter.data.get("notices", 0) == 0,
    Text("一次性告知：已经告知过一次，再次告知须由督办员说明理由。", "One notice only."),
)
OBJECTION = process(
    "t_objection",
    [state("received"), state("upheld", "done"), state("corrected", "done")],
    [
        step("uphold", "received", "upheld", by="matters.dispatch", clocks=(meets("LA-OBJ"),)),
        step("correct", "received", "corrected", by="matters.dispatch", clocks=(meets("LA-OBJ"),)),
    ],
    start_clocks=(starts("LA-OBJ"),),
    concludes=(Concludes("objection_to", "corrected", "reinstate"),),
)


def clock_of(matter: Matter, rule: str) -> Clock:
    return Clock.objects.filter(matter=matter, rule_code=rule).latest("started_at")


def beijing(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


def test_case_1_grant_first_papers_later_and_review_still_follows(declare: Any, cast: Any) -> None:
    declare(OBJECTION)
    declare(aid())
    matter = factories.matter("t_aid", cast["agency"])
    take(cast["dispatcher"], matter, "advance")
    assert clock_of(matter, "LA-PAPERS").state == "running"
    assert clock_of(matter, "LA-REV").state == "running"
    assert take(cast["dispatcher"], matter, "approve").state == "approved"
    assert clock_of(matter, "LA-REV").on_time is True
    assert clock_of(matter, "LA-REV").statutory_due_at == beijing("2026-03-09T23:59:59")


def test_case_2_an_objection_is_a_child_of_another_office_and_its_outcome_reinstates_the_parent(declare: Any, cast: Any) -> None:
    declare(OBJECTION)
    declare(aid())
    person = factories.citizen()
    matter = factories.matter("t_aid", cast["agency"], person=person)
    take(cast["dispatcher"], matter, "refuse", reason="不符合条件")
    take(factories.person_actor(person), matter, "object")
    child = MatterLink.objects.get(parent=matter, relation="objection_to").child
    assert child.office == cast["bureau"]
    assert clock_of(child, "LA-OBJ").statutory_due_at == beijing("2026-03-09T23:59:59")  # 7 March is a Saturday: 民法典 §203
    with pytest.raises(Refusal, match=r"objection_to") as resting:
        take(cast["dispatcher"], matter, "reconsider")
    assert resting.value.code == "matter.resting"
    with pytest.raises((Absent, Forbidden)):
        take(cast["dispatcher"], child, "correct")
    take(cast["bureau_head"], child, "correct")
    matter.refresh_from_db()
    assert matter.state == "approved"


def test_case_3_replacing_the_lawyer_ends_the_old_ones_access_and_restarts_no_clock(declare: Any, cast: Any) -> None:
    declare(OBJECTION)
    declare(
        aid(handled_by_roles=(), conflict_relations=(("applicant", "opponent"),), relations=(APPLICANT, Relation("opponent", T, frozenset(), citizen=False)))
    )
    firm_a, firm_b = factories.office("law_firm"), factories.office("law_firm")
    old, new = factories.staff("李律师", is_adviser=True, at=firm_a), factories.staff("周律师", is_adviser=True, at=firm_b)
    conflicted = factories.staff("吴律师", is_adviser=True, at=firm_b)
    worker = factories.citizen("张工", "13800000011")
    matter = factories.matter("t_aid", cast["agency"], person=worker)
    due = clock_of(matter, "LA-REV").statutory_due_at
    actions.assign(actor=cast["dispatcher"], matter_id=matter.pk, staff_id=old.pk)
    assert "content" in sight(factories.actor(old), Matter.objects.get(pk=matter.pk))
    other = factories.matter("t_aid", cast["agency"], person=factories.citizen("老板", "13800000012"), parties=(PartyWords("opponent", "张工", "13800000011"),))
    actions.assign(actor=cast["dispatcher"], matter_id=other.pk, staff_id=conflicted.pk)
    with pytest.raises(Refusal) as conflict:
        actions.assign(actor=cast["dispatcher"], matter_id=matter.pk, staff_id=new.pk)
    assert conflict.value.code == "matter.conflict"  # a colleague of the same firm advises the other side
    third = factories.staff("郑律师", is_adviser=True, at=factories.office("law_firm"))
    actions.assign(actor=cast["dispatcher"], matter_id=matter.pk, staff_id=third.pk)
    again = Matter.objects.get(pk=matter.pk)
    assert sight(factories.actor(old), again) == frozenset()
    assert "content" in sight(factories.actor(third), again)
    assert clock_of(matter, "LA-REV").statutory_due_at == due
    assert Clock.objects.filter(matter=matter).count() == 1


def test_case_4_one_notice_pauses_the_review_and_silence_is_withdrawal_by_the_sweeper(declare: Any, cast: Any) -> None:
    declare(OBJECTION)
    declare(aid())
    person = factories.citizen()
    matter = factories.matter("t_aid", cast["agency"], person=person)
    take(cast["dispatcher"], matter, "notify_supplement")
    assert clock_of(matter, "LA-REV").state == "paused"
    cast["advance"](timedelta(days=3))
    take(factories.person_actor(person), matter, "supplement")
    assert clock_of(matter, "LA-REV").statutory_due_at == beijing("2026-03-12T23:59:59")  # 9 March + 3 paused days
    with pytest.raises(Refusal) as refused:
        take(cast["dispatcher"], matter, "notify_supplement")
    assert refused.value.code == "guard.one_time_notice"
    with pytest.raises(Forbidden):
        take(cast["dispatcher"], matter, "notify_again", reason="漏了一项")
    take(cast["supervisor"], matter, "notify_again", reason="漏了一项")
    cast["advance"](timedelta(days=30))
    while sweeper.sweep():
        pass
    matter.refresh_from_db()
    assert matter.state == "withdrawn"
    assert "视为撤回" in Notice.objects.get(template="withdrawn").body
    assert not Clock.objects.filter(matter=matter, state__in=["running", "paused"]).exists()
    assert sweeper.sweep() == 0


def _consent(taking: Taking) -> None:
    assert taking.party is not None
    taking.party.data["consent"] = taking.step.verb == "consent"
    taking.party.save()


def _all(name: str) -> Callable[[Situation], bool]:
    return lambda here: all(p.data.get(name) for p in here.matter.parties.filter(relation="party", ended_at=None))


def _sign(taking: Taking) -> None:
    assert taking.party is not None
    taking.party.data["signed"] = True
    taking.party.save()
    if _all("signed")(taking):
        taking.to = "agreed"


PARTY = Relation("party", Text("当事人", "Party"), OWN, many=True)


def test_case_5_mediation_needs_every_consent_and_one_refusal_ends_it(declare: Any, cast: Any) -> None:
    confirmation = process(
        "t_confirmation", [state("applied"), state("confirmed", "done")],
        [step("confirm", "applied", "confirmed", by="matters.dispatch", clocks=(meets("PM-CONF"),))], start_clocks=(starts("PM-CONF"),), relations=(PARTY,),
    )  # fmt: skip
    mediation = process(
        "t_mediation",
        [state("inviting"), state("mediating"), state("agreed", "done"), state("declined", "void")],
        [
            step("consent", "inviting", "inviting", by="t.party", effect=_consent),
            step("decline", "inviting mediating", "declined", by="t.party", clocks=(cancels("PM-MED"),)),
            step(
                "begin",
                "inviting",
                "mediating",
                clocks=(starts("PM-MED"),),
                guards=(Guard("consent", _all("consent"), Text("尚有当事人未同意。", "Not all agreed.")),),
            ),
            step("sign", "mediating", "mediating agreed", by="t.party", effect=_sign, clocks=(meets("PM-MED", only_to=("agreed",)),)),
            step("ask_confirmation", "agreed", "agreed", by="t.party", opens=(Opens("t_confirmation", "confirms", parties=(("party", "party"),)),)),
        ],
        relations=(PARTY,),
    )
    declare(confirmation)
    declare(mediation)
    a, b = factories.citizen("甲", "13800000021"), factories.citizen("乙", "13800000022")
    matter = factories.matter("t_mediation", cast["agency"], person=a, relation="party", parties=(PartyWords("party", "乙", "13800000022", person_id=b.pk),))
    both = factories.person_actor(a), factories.person_actor(b)
    take(both[0], matter, "consent")
    with pytest.raises(Refusal, match="未同意"):
        take(cast["dispatcher"], matter, "begin")
    take(both[1], matter, "consent")
    take(cast["dispatcher"], matter, "begin")
    assert take(both[0], matter, "sign").state == "mediating"
    assert take(both[1], matter, "sign").state == "agreed"
    take(both[1], matter, "ask_confirmation")
    child = MatterLink.objects.get(parent=matter, relation="confirms").child
    assert child.parties.filter(relation="party").count() == 2
    assert clock_of(child, "PM-CONF").statutory_due_at == beijing("2026-04-01T23:59:59")
    other = factories.matter("t_mediation", cast["agency"], person=a, relation="party", parties=(PartyWords("party", "乙", "13800000022", person_id=b.pk),))
    assert take(both[1], other, "decline").state == "declined"


def _book(taking: Taking) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE t_slot SET free = free - 1 WHERE name = %s AND free > 0", [taking.form.reason])  # type: ignore[union-attr]
        if cursor.rowcount != 1:
            raise Refusal("slot.full", words=Text("这个时段已约满。", "Full."))
        if before := taking.matter.data.get("slot"):
            cursor.execute("UPDATE t_slot SET free = free + 1 WHERE name = %s", [before])
    taking.matter.data["slot"] = taking.form.reason  # type: ignore[union-attr]


def test_case_6_slots_have_capacity_and_acceptance_counts_working_days_without_verification(declare: Any, cast: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE t_slot (name text, free int)")
        cursor.execute("INSERT INTO t_slot VALUES ('上午', 1), ('下午', 1)")
    declare(process(
        "t_appointment",
        [state("asked"), state("booked"), state("accepted"), state("verifying", "waiting_partner"), state("issued", "done"), state("no_show", "void")],
        [
            step("book", "asked booked", "booked", by="matters.applicant", form=Reason, effect=_book),
            step("miss", "booked", "no_show"),
            step("accept", "booked", "accepted", clocks=(starts("NOT-ISS"),)),
            step("verify", "accepted", "verifying", clocks=(pauses("NOT-ISS", "verification"),)),
            step("verified", "verifying", "accepted", clocks=(resumes("NOT-ISS"),)),
            step("issue", "accepted", "issued", clocks=(meets("NOT-ISS"),)),
        ],
    ))  # fmt: skip
    a, b = factories.citizen("甲", "13800000031"), factories.citizen("乙", "13800000032")
    first, second = factories.matter("t_appointment", cast["agency"], person=a), factories.matter("t_appointment", cast["agency"], person=b)
    take(factories.person_actor(a), first, "book", reason="上午")
    with pytest.raises(Refusal, match="约满"):
        take(factories.person_actor(b), second, "book", reason="上午")
    take(factories.person_actor(a), first, "book", reason="下午")  # rescheduled: the morning is free again
    take(factories.person_actor(b), second, "book", reason="上午")
    assert take(cast["dispatcher"], second, "miss").state == "no_show"
    take(cast["dispatcher"], first, "accept")
    assert clock_of(first, "NOT-ISS").statutory_due_at == beijing("2026-03-23T23:59:59")  # 15 working days after 2 March
    cast["advance"](timedelta(days=1))
    take(cast["dispatcher"], first, "verify")
    cast["advance"](timedelta(days=2))
    take(cast["dispatcher"], first, "verified")
    assert clock_of(first, "NOT-ISS").statutory_due_at == beijing("2026-03-25T23:59:59")  # two working days of verification


class Route(StepForm):
    route: Line = ask(
        "分类",
        "Route",
        choices=(("suggestion", "建议意见", "Suggestion"), ("report", "检举控告", "Report"), ("claim", "申诉求决", "Claim"), ("legal", "涉法涉诉", "Legal")),
    )


def _route(taking: Taking) -> None:
    taking.to = {"suggestion": "researching", "report": "to_discipline", "claim": "handling", "legal": "legal_route"}[taking.form.route]  # type: ignore[union-attr]


def test_case_7_petition_has_four_routes_chained_reviews_and_a_shielded_whistle_blower(declare: Any, cast: Any) -> None:
    review = process(
        "t_review", [state("asked"), state("answered", "done")],
        [step("answer", "asked", "answered", by="matters.dispatch", clocks=(meets("PET-REV"),)),
         step("ask_recheck", "answered", "answered", by="matters.applicant", opens=(Opens("t_recheck", "recheck_of", office="supervising", parties=(("applicant", "applicant"),)),))],
        start_clocks=(starts("PET-REV"),),
    )  # fmt: skip
    recheck = process(
        "t_recheck",
        [state("asked"), state("answered", "done")],
        [step("answer", "asked", "answered", by="matters.dispatch", clocks=(meets("PET-REC"),))],
        start_clocks=(starts("PET-REC"),),
    )
    petition = process(
        "t_petition",
        [state("registered"), state("researching", "done"), state("to_discipline", "done"), state("handling"), state("legal_route", "done"), state("opinion", "done")],
        [
            step("classify", "registered", "researching to_discipline handling legal_route", by="matters.dispatch", form=Route, effect=_route,
                 clocks=(meets("PET-REG"), starts("PET-DEC", only_to=("handling",)))),
            step("give_opinion", "handling", "opinion", by="matters.dispatch", clocks=(meets("PET-DEC"),)),
            step("ask_review", "opinion", "opinion", by="matters.applicant", opens=(Opens("t_review", "review_of", parties=(("applicant", "applicant"),)),)),
            step("add_representative", "registered", "registered", by="matters.dispatch",
                 guards=(Guard("five", lambda here: here.matter.parties.filter(relation="representative").count() < 5, Text("推选代表不得超过五人。", "At most five.")),)),
        ],
        relations=(APPLICANT, Relation("representative", T, OWN, many=True)),
        shields=(Shield("applicant", from_roles=("window_clerk", "office_head"), norm="信访工作条例 §30"),),
        start_clocks=(starts("PET-REG"),),
    )  # fmt: skip
    for declared in (recheck, review, petition):
        declare(declared)
    for route, landed in (("suggestion", "researching"), ("report", "to_discipline"), ("legal", "legal_route")):
        assert take(cast["dispatcher"], factories.matter("t_petition", cast["agency"]), "classify", route=route).state == landed
    person = factories.citizen()
    matter = factories.matter("t_petition", cast["agency"], person=person)
    with pytest.raises(Refusal) as bad:
        take(cast["dispatcher"], matter, "classify", route="elsewhere")
    assert bad.value.fields["route"].code == "field.choice"
    for n in range(5):
        with transaction.atomic():
            add_party(matter=matter, words=PartyWords("representative", f"代表{n}"))
    with pytest.raises(Refusal, match="五人"):
        take(cast["dispatcher"], matter, "add_representative")
    clerk = factories.actor(factories.staff("窗口", "window_clerk", at=cast["agency"]))
    assert "identity" not in sight(clerk, matter)
    assert "content" in sight(clerk, matter)
    assert "identity" in sight(cast["dispatcher"], matter)
    take(cast["dispatcher"], matter, "classify", route="claim")
    assert clock_of(matter, "PET-DEC").statutory_due_at == beijing("2026-05-06T23:59:59")  # 1 May + Labour Day holiday
    take(cast["dispatcher"], matter, "give_opinion")
    take(factories.person_actor(person), matter, "ask_review")
    first = MatterLink.objects.get(parent=matter, relation="review_of").child
    take(cast["dispatcher"], first, "answer")
    take(factories.person_actor(person), first, "ask_recheck")
    second = MatterLink.objects.get(parent=first, relation="recheck_of").child
    assert second.office == cast["bureau"]
    assert clock_of(second, "PET-REC").statutory_due_at == beijing("2026-04-01T23:59:59")


def test_case_8_a_12345_sheet_is_one_matter_may_be_returned_and_survives_a_dead_partner(declare: Any, cast: Any, monkeypatch: Any) -> None:
    partner = Relation("partner", Text("12345", "12345"), frozenset({"public"}), citizen=False)
    declare(process(
        "t_sheet",
        [state("received"), state("returned", "void"), state("done", "done")],
        [
            step("return", "received", "returned", by="matters.dispatch", form=Reason, clocks=(cancels("CONS-MSG"),),
                 guards=(Guard("in_time", lambda here: here.now <= here.matter.opened_at + timedelta(hours=8), Text("已过退单时限。", "Too late to return.")),)),
            step("answer", "received", "done", by="matters.dispatch", clocks=(meets("CONS-MSG"),),
                 tells=(Tell("partner", "result", Text("工单{number}已办结。", "Done.")),)),
        ],
        relations=(APPLICANT, partner), start_clocks=(starts("CONS-MSG"),),
    ))  # fmt: skip
    handled_by("t_sheet", "legal_aid_agency")
    line = factories.office("linkage_partner", name="演示12345")
    request = Request("t_sheet", "噪声扰民怎么办", "340100", external=("12345", "SH-1", "1"), others=(PartyWords("partner", organisation_id=line.pk),))
    visitor = Visitor(name="来电人", phone="13800000041")
    from fawang.kernel.context import acting

    with acting(door="partner"):
        first = receive(actor=SYSTEM, visitor=visitor, requests=[request], office=cast["agency"]).matters[0]
        again = receive(actor=SYSTEM, visitor=visitor, requests=[request], office=cast["agency"]).matters[0]
        newer = receive(actor=SYSTEM, visitor=visitor, requests=[replace(request, external=("12345", "SH-1", "2"))], office=cast["agency"]).matters[0]
    assert first.pk == again.pk
    assert first.pk != newer.pk
    assert take(cast["dispatcher"], newer, "return", reason="非法律事项").state == "returned"
    take(cast["dispatcher"], first, "answer")
    alive, calls = [False], []

    def push(*, key: str, to: str, body: str) -> str:
        calls.append(key)
        if not alive[0]:
            raise ConnectionError("partner is down")
        return "ok"

    monkeypatch.setitem(SENDERS, "partner", push)
    for _ in range(26):
        send_due()
        cast["advance"](timedelta(hours=1))
    assert Notice.objects.get(template="result").state == "sending"
    alive[0] = True
    cast["advance"](timedelta(hours=6))
    send_due()
    send_due()
    result = Notice.objects.get(template="result")
    assert (result.state, result.attempts, len(set(calls))) == ("sent", len(calls), 1)
    late = factories.matter("t_sheet", cast["agency"])
    cast["advance"](timedelta(hours=9))
    with pytest.raises(Refusal, match="退单时限"):
        take(cast["dispatcher"], late, "return", reason="迟了")


def test_case_9_thirty_callers_one_cause_one_handling_thirty_answers(declare: Any, cast: Any) -> None:
    declare(process(
        "t_wages", [state("received"), state("answered", "done")],
        [step("answer", "received", "answered", form=Reason, spreads=True, clocks=(meets("CONS-MSG"),),
              tells=(Tell("applicant", "answered", Text("{number}已答复。", "{number} is answered.")),))],
        start_clocks=(starts("CONS-MSG"),), measures=(Measure("answered", T, "answer"),),
    ))  # fmt: skip
    people = [factories.citizen(f"工友{n}", f"138000001{n:02d}") for n in range(30)]
    matters = [factories.matter("t_wages", cast["agency"], person=p) for p in people]
    lead, *members = matters
    actions.join(actor=cast["dispatcher"], lead_id=lead.pk, member_ids=[m.pk for m in members])
    with pytest.raises(Refusal) as led:
        take(cast["dispatcher"], members[0], "answer", reason="单独答")
    assert led.value.code == "matter.led"
    take(cast["dispatcher"], lead, "answer", reason="可以申请仲裁")
    assert {m.state for m in Matter.objects.filter(pk__in=[m.pk for m in matters])} == {"answered"}
    assert Notice.objects.filter(template="answered").count() == 30
    assert Event.objects.filter(kind="matter.step_taken", payload__verb="answer").count() == 30
    assert Event.objects.filter(kind="matter.step_taken", payload__lead="").count() == 1  # one handling, thirty tracks
    assert "content" in sight(factories.person_actor(people[7]), matters[7])
    assert sight(factories.person_actor(people[7]), matters[8]) == frozenset()


def test_case_10_the_law_changes_midway_and_a_late_holiday_moves_open_clocks_and_says_so(declare: Any, cast: Any) -> None:
    one = declare(process("t_law", [state("received"), state("done", "done")], [step("finish", "received", "done", clocks=(meets("NOT-ISS"),))],
                          start_clocks=(starts("NOT-ISS"),), effective_to=date(2026, 3, 31)))  # fmt: skip
    two = declare(replace(one, version=2, effective_from=date(2026, 4, 1), effective_to=None, start_clocks=(starts("CONS-LET"),),
                          steps=(step("finish", "received", "done", clocks=(meets("CONS-LET"),)), step("close_early", "received", "done", clocks=(cancels("CONS-LET"),)))))  # fmt: skip
    old = factories.matter("t_law", cast["agency"])
    cast["advance"](timedelta(days=34))
    new = factories.matter("t_law", cast["agency"])
    assert (old.process_version, new.process_version) == (one.version, two.version)
    assert [s.verb for s, _ in possible_steps(cast["dispatcher"], old)] == ["finish"]
    assert [s.verb for s, _ in possible_steps(cast["dispatcher"], new)] == ["finish", "close_early"]
    before = clock_of(new, "CONS-LET").statutory_due_at
    assert before == beijing("2026-04-15T23:59:59")  # 5 April is a Sunday, 6 April the Qingming rest day
    editor = factories.actor(factories.staff("规则员", "rule_editor"))
    set_calendar_day(actor=editor, day=date(2026, 4, 10), kind="holiday", name="临时放假")
    assert clock_of(new, "CONS-LET").statutory_due_at == beijing("2026-04-16T23:59:59")
    moved = Event.objects.get(stream=new.pk, kind="matter.clock_moved")
    assert moved.payload["before"] == before.isoformat()
    assert not Event.objects.filter(stream=old.pk, kind="matter.clock_moved").exists()
    assert events.kinds()["matter.clock_moved"].public
    assert clock.today() == date(2026, 4, 5)
