"""来信咨询 (DOMAIN P-06, §2.0 CONS-LET, §2.1): registered at the window, decided within seven working days, by letter, telephone or an invitation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from fawang.kernel import clock
from fawang.kernel.errors import Refusal
from fawang.kernel.models import Event
from fawang.matters import actions
from fawang.matters.intake import Request, Visitor, receive
from fawang.matters.models import Clock, Document, Matter
from fawang.matters.services import take_step
from fawang.matters.sweeper import sweep
from fawang.oversight.services import rate
from fawang.people.actors import ANONYMOUS
from tests import factories
from tests.conftest import BEIJING
from tests.faces.test_answering import signed_in
from tests.faces.test_api import desk  # noqa: F401 - the same cast
from tests.faces.test_portal import key_in

pytestmark = pytest.mark.django_db
REPLY = {"body": "押金应当退还，可以起诉。", "citations": "", "how": "letter"}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BEIJING)


def letter() -> Matter:
    return factories.matter("letter_consultation", factories.office("legal_aid_agency"), title="房东不退押金，我该怎么办")


@pytest.mark.parametrize(
    ("received", "due", "why"),
    [
        ("2026-03-02T09:30", "2026-03-11T23:59:59", "3, 4, 5, 6, 9, 10, 11 March"),
        ("2026-02-09T16:00", "2026-02-25T23:59:59", "10 to 14 (Saturday, made up), then 24 and 25: 15 to 23 February is the Spring Festival"),
        ("2026-02-27T08:00", "2026-03-09T23:59:59", "28 February is a Saturday that is worked; then 2 to 6 and 9 March"),
        ("2026-03-27T23:59", "2026-04-08T23:59:59", "30 March to 3 April, 7 and 8: 4 to 6 April is Qingming"),
    ],
)
def test_a_letter_is_to_be_decided_within_seven_working_days_of_the_official_calendar(received: str, due: str, why: str) -> None:
    with clock.frozen(at(received)):
        running = Clock.objects.get(matter=letter(), state="running")
        assert (running.rule_code, running.statutory_due_at) == ("CONS-LET", at(due)), why


def registered(desk: dict[str, Any], **changed: str) -> Matter:  # noqa: F811
    """A letter that a clerk has registered at his window."""
    client = signed_in(factories.staff("周窗口", "window_clerk", at=desk["agency"]))
    page = client.get("/desk/window?process=letter_consultation").content.decode()
    assert "来信说了什么" in page
    form = {"_key": key_in(page), "process": "letter_consultation", "question": "房东不退押金，我该怎么办", "region": "340104", "address": "合肥市某路1号"}
    answer = client.post("/desk/window", {**form, **changed})
    assert answer.status_code in {302, 303}
    slip = client.get(answer["Location"]).content.decode()
    matter = Matter.objects.get()
    assert matter.number in slip
    assert "来信咨询" in slip
    return matter


@pytest.mark.parametrize("name", ["", "赵大爷"])
def test_a_letter_is_registered_at_the_window_with_a_name_or_without(desk: dict[str, Any], name: str) -> None:  # noqa: F811
    matter = registered(desk, name=name)
    assert (matter.process_code, matter.door, matter.intake.door) == ("letter_consultation", "letter", "letter")
    assert matter.parties.get(relation="applicant").identity_state == ("self_stated" if name else "refused")
    assert [c.rule_code for c in matter.clocks.all()] == ["CONS-LET"], "and not the day a message on the web is answered in"


def test_a_letter_comes_by_no_other_door_and_a_question_not_by_post(desk: dict[str, Any]) -> None:  # noqa: F811
    from fawang.kernel.context import acting

    for door, process in (("web", "letter_consultation"), ("api", "letter_consultation"), ("letter", "consultation")):
        with acting(door=door), pytest.raises(Refusal) as refused:
            receive(actor=ANONYMOUS, visitor=Visitor(), requests=[Request(process=process, title="房东不退押金", region_code="340104")], office=desk["agency"])
        assert refused.value.code == "matter.door"


@pytest.mark.parametrize(
    ("verb", "data", "state", "met", "paper"),
    [
        ("answer", REPLY, "answered", "met", "letter_reply"),
        ("answer", {**REPLY, "how": "phone"}, "answered", "met", "letter_reply"),
        ("invite", {"body": "请带租房合同和收据到中心，或拨打12348。"}, "invited", "met", "letter_invitation"),
        ("redirect", {"body_name": "住建局", "contact": "0551-1", "reason": "不是法律问题"}, "redirected", "met", ""),
    ],
)
def test_each_way_to_deal_with_it_decides_it(desk: dict[str, Any], verb: str, data: dict[str, str], state: str, met: str, paper: str) -> None:  # noqa: F811
    matter = registered(desk, phone="13800000031")
    actions.assign(actor=desk["dispatcher"], matter_id=matter.pk, staff_id=desk["adviser"].pk)
    take_step(actor=factories.actor(desk["adviser"]), matter_id=matter.pk, verb=verb, data=data)
    matter.refresh_from_db()
    running = matter.clocks.get()
    assert (matter.state, matter.is_open, running.state, running.on_time) == (state, False, met, True)
    assert list(Document.objects.filter(matter=matter).values_list("template", flat=True)) == ([paper] if paper else [])
    if verb == "answer":
        told = Event.objects.get(stream=matter.pk, kind="matter.step_taken").payload
        assert told["facts"]["how"] == data["how"]


def test_a_letter_nobody_has_decided_is_late_after_the_seventh_working_day_and_shows_it(desk: dict[str, Any], monday: Any) -> None:  # noqa: F811
    matter = registered(desk)
    assert "来信咨询" in signed_in(desk["adviser"]).get("/desk/?scope=pool").content.decode()
    assert "来信咨询处理决定" in signed_in(factories.staff("何主任", "office_head", at=desk["agency"])).get(f"/desk/m/{matter.pk}").content.decode()
    monday(at("2026-03-11T23:59:59") - clock.now())
    sweep()
    matter.refresh_from_db()
    assert matter.light == "red"
    monday(at("2026-03-12T00:00:01") - clock.now())
    sweep()
    matter.refresh_from_db()
    assert (matter.light, matter.clocks.get().light) == ("overdue", "overdue")


def test_the_writer_follows_it_by_his_code_and_may_have_it_looked_at_again(desk: dict[str, Any], client: Any) -> None:  # noqa: F811
    matter = registered(desk)
    page = client.get(f"/track/{matter.lookup_code}").content.decode()
    assert "来信已登记" in page
    assert "来信咨询处理决定" in page
    actions.assign(actor=desk["dispatcher"], matter_id=matter.pk, staff_id=desk["adviser"].pk)
    take_step(actor=factories.actor(desk["adviser"]), matter_id=matter.pk, verb="answer", data=REPLY)
    take_step(actor=ANONYMOUS.holding(matter.pk), matter_id=matter.pk, verb="reopen", data={"reason": "信里说的合同不是这一份"})
    matter.refresh_from_db()
    assert (matter.state, sorted(matter.clocks.values_list("state", flat=True))) == ("received", ["met", "running"])


def test_a_letter_badly_answered_is_rated_and_handled_again(desk: dict[str, Any]) -> None:  # noqa: F811
    matter = registered(desk)
    holder = ANONYMOUS.holding(matter.pk)
    with pytest.raises(Refusal) as refused:
        rate(actor=holder, matter_id=matter.pk, level=1)
    assert refused.value.code == "rating.early"
    actions.assign(actor=desk["dispatcher"], matter_id=matter.pk, staff_id=desk["adviser"].pk)
    take_step(actor=factories.actor(desk["adviser"]), matter_id=matter.pk, verb="answer", data=REPLY)
    rate(actor=holder, matter_id=matter.pk, level=1, comment="没有回答我问的")
    found = Matter.objects.get(process_code="rectification")
    take_step(actor=factories.actor(factories.staff("赵督办", "supervisor", at=desk["agency"])), matter_id=found.pk, verb="confirm", data={})
    matter.refresh_from_db()
    assert (matter.state, sorted(matter.clocks.values_list("rule_code", "state"))) == ("received", [("CONS-LET", "met"), ("CONS-LET", "running")])


def test_the_service_is_published_with_its_limit_and_where_to_send_a_letter(client: Any, desk: dict[str, Any]) -> None:  # noqa: F811
    page = client.get("/guides/letter_consultation").content.decode()
    assert "来信咨询处理决定" in page
    assert "7个工作日" in page.replace(" ", "")
    assert "<dd>寄信到服务中心或法律援助中心</dd>" in page
    assert "现在办理" not in page, "a letter is not written on the website"
    page = client.get("/guides/consultation").content.decode()
    assert "<dd>网站、12348热线、服务中心窗口</dd>" in page
    assert "现在办理" in page
