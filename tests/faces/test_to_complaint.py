"""An answer becomes a complaint: one, with its own number and code, and nothing of it for whoever answered. 信访工作条例 §30; DOMAIN §2.1 conversions."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from fawang.kernel.errors import Refusal
from fawang.matters import actions
from fawang.matters.models import Matter
from fawang.matters.policies import sight
from fawang.matters.selectors import SCOPES, QueueFilter, queue, search
from fawang.matters.services import take_step
from fawang.people.actors import ANONYMOUS
from fawang.people.models import Notice
from tests import factories
from tests.access.world import staff_client

pytestmark = pytest.mark.django_db
QUESTION = {"question": "厂里拖了我三个月工资，老板人都找不着了", "category": None, "region": "340100", "contact": {}, "priority_groups": []}
COMPLAINT = {"target": "lawyer", "conduct": "attitude", "words": "金丝雀原话：答得敷衍，还让我找他的熟人"}


@pytest.fixture
def desk(monday: Any) -> dict[str, Any]:
    factories.taxonomy()
    bureau = factories.office("justice_bureau", name="合肥市司法局（演示）")
    agency = factories.office("legal_aid_agency", parent=bureau)
    return {
        "advance": monday,
        "dispatcher": factories.actor(factories.staff("王派单", "dispatcher", at=agency)),
        "adviser": factories.staff("李晓燕", "adviser", "supervisor", "complaint_handler", at=agency, is_adviser=True, region="340100"),
        "mate": factories.staff("周文博", "adviser", at=agency, is_adviser=True),
        "handler": factories.staff("吴正", "complaint_handler", at=bureau),
    }


def post(path: str, body: Any) -> Any:
    return Client().post(f"/api/v1/{path}", json.dumps(body), content_type="application/json", HTTP_IDEMPOTENCY_KEY=factories.key())


def answered(desk: dict[str, Any], **contact: str) -> tuple[str, Matter]:
    code = post("consultations", {**QUESTION, "contact": contact}).json()["lookup_code"]
    matter = Matter.objects.get(process_code="consultation")
    actions.assign(actor=desk["dispatcher"], matter_id=matter.pk, staff_id=desk["adviser"].pk)
    take_step(actor=factories.actor(desk["adviser"]), matter_id=matter.pk, verb="answer", data={"body": "可以申请劳动仲裁，时效一年。"})
    return code, matter


def test_the_api_gives_number_and_code_and_the_adviser_finds_nothing(desk: dict[str, Any]) -> None:
    code, _ = answered(desk)
    given = post(f"matters/{code}/steps/to_complaint", {"data": COMPLAINT})
    assert given.status_code == 201, given.content
    complaint = Matter.objects.get(process_code="complaint")
    (opened,) = given.json()["opened"]
    assert {k: opened[k] for k in ("number", "process", "lookup_code")} == {
        "number": complaint.number,
        "process": "complaint",
        "lookup_code": complaint.lookup_code,
    }
    assert opened["track_url"].endswith(f"/track/{complaint.lookup_code}")
    assert Client().get(f"/api/v1/matters/{opened['lookup_code']}").json()["process"] == "complaint"
    assert complaint.title == COMPLAINT["words"]
    assert complaint.confidential
    assert json.loads(complaint.details or "")["target"] == "lawyer"
    assert complaint.parties.get(relation="respondent").staff == desk["adviser"]
    adviser = factories.actor(desk["adviser"])
    assert sight(adviser, complaint) == frozenset()
    assert [m for s in SCOPES for m in queue(adviser, QueueFilter(scope=s), limit=100) if m.pk == complaint.pk] == []
    assert [h for q in (complaint.number, "金丝雀原话") for h in search(adviser, q)] == []
    page = staff_client(desk["adviser"]).get(f"/desk/m/{Matter.objects.get(process_code='consultation').pk}").content.decode()
    assert "金丝雀" not in page
    assert complaint.number not in page
    assert "identity" in sight(factories.actor(desk["handler"]), complaint)


def test_the_same_answer_is_complained_about_once(desk: dict[str, Any]) -> None:
    code, matter = answered(desk)
    first = post(f"matters/{code}/steps/to_complaint", {"data": COMPLAINT}).json()["opened"][0]
    again = post(f"matters/{code}/steps/to_complaint", {"data": COMPLAINT})
    assert (again.status_code, again.json()["code"]) == (409, "guard.complained")
    assert first["number"] in again.json()["detail"]
    assert Matter.objects.filter(process_code="complaint").count() == 1
    desk["advance"](timedelta(hours=1))
    post(f"matters/{code}/steps/follow_up", {"data": {"body": "没有合同怎么办？"}})
    take_step(actor=factories.actor(desk["adviser"]), matter_id=matter.pk, verb="answer", data={"body": "工资条和考勤记录也是证据。"})
    assert post(f"matters/{code}/steps/to_complaint", {"data": COMPLAINT}).status_code == 201
    second = Matter.objects.filter(process_code="complaint").exclude(number=first["number"]).get()
    with pytest.raises(Refusal):
        take_step(actor=ANONYMOUS.holding(matter.pk), matter_id=matter.pk, verb="to_complaint", data=COMPLAINT)
    take_step(actor=ANONYMOUS.holding(second.pk), matter_id=second.pk, verb="withdraw")
    assert post(f"matters/{code}/steps/to_complaint", {"data": COMPLAINT}).status_code == 201


def test_without_its_form_nothing_is_opened(desk: dict[str, Any]) -> None:
    code, _ = answered(desk)
    refused = post(f"matters/{code}/steps/to_complaint", {})
    assert (refused.status_code, set(refused.json()["errors"])) == (422, {"target", "conduct", "words"})
    assert not Matter.objects.filter(process_code="complaint").exists()


def test_before_any_answer_it_is_about_whoever_has_the_question(desk: dict[str, Any]) -> None:
    code = post("consultations", QUESTION).json()["lookup_code"]
    matter = Matter.objects.get()
    actions.assign(actor=desk["dispatcher"], matter_id=matter.pk, staff_id=desk["mate"].pk)
    post(f"matters/{code}/steps/to_complaint", {"data": {**COMPLAINT, "conduct": "delay", "respondent": "李律师"}})
    complaint = Matter.objects.get(process_code="complaint")
    barred = {p.staff for p in complaint.parties.exclude(staff=None)}
    assert {desk["mate"], desk["adviser"]} == barred


def test_the_track_page_shows_it_to_who_opened_it_and_to_nobody_else(desk: dict[str, Any]) -> None:
    code, _ = answered(desk, phone="13800000001")
    citizen = Client()
    page = citizen.get(f"/track/{code}").content.decode()
    for name in ("target", "respondent", "conduct", "words", "confidential"):
        assert f'name="{name}"' in page
    assert citizen.post(f"/track/{code}/step/to_complaint", {"_key": factories.key(), **COMPLAINT, "confidential": "on"}).status_code == 302
    complaint = Matter.objects.get(process_code="complaint")
    page = citizen.get(f"/track/{code}").content.decode()
    assert complaint.number in page
    assert complaint.lookup_code in page
    elsewhere = Client().get(f"/track/{code}").content.decode()
    assert complaint.lookup_code not in elsewhere
    again = citizen.post(f"/track/{code}/step/to_complaint", {"_key": factories.key(), **COMPLAINT})
    assert again.status_code == 409
    assert f"投诉编号{complaint.number}" in again.content.decode()
    notice = Notice.objects.get(matter_id=complaint.pk)
    assert notice.to == "13800000001"
    assert complaint.number in notice.body
    assert complaint.lookup_code in notice.body
