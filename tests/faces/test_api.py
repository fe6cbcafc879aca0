"""The contract others call: one question's way through the API."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from django.test import Client

from fawang.matters import actions
from fawang.matters.models import Matter
from fawang.matters.services import take_step
from tests import factories

pytestmark = pytest.mark.django_db
QUESTION = {
    "question": "厂里拖了我三个月工资，老板人都找不着了",
    "category": None,
    "region": "340100",
    "contact": {"name": "王小明", "phone": "13800000001"},
    "priority_groups": ["migrant_worker"],
}


@pytest.fixture
def desk(monday: Any) -> dict[str, Any]:
    factories.taxonomy()
    bureau = factories.office("justice_bureau")
    agency = factories.office("legal_aid_agency", parent=bureau)
    return {
        "agency": agency,
        "dispatcher": factories.actor(factories.staff("王派单", "dispatcher", at=agency)),
        "adviser": factories.staff("李律师", "adviser", at=agency, is_adviser=True),
        "advance": monday,
    }


def post(path: str, body: Any, key: str | None = None, **headers: str) -> Any:
    extra = {"HTTP_IDEMPOTENCY_KEY": key} if key else {}
    return Client().post(f"/api/v1/{path}", json.dumps(body), content_type="application/json", **extra, **headers)


def test_a_question_is_accepted_with_number_code_and_due_time(desk: Any) -> None:
    answer = post("consultations", QUESTION, factories.key())
    assert answer.status_code == 201, answer.content
    body = answer.json()
    assert set(body) == {"number", "lookup_code", "state", "due_at", "promised_due_at", "track_url"}
    assert body["state"] == "submitted"
    assert datetime.fromisoformat(body["due_at"]) == datetime.fromisoformat("2026-03-03T09:30:00+08:00")
    assert len(body["lookup_code"]) == 26
    matter = Matter.objects.get()
    assert matter.office == desk["agency"]
    assert matter.title == QUESTION["question"]


def test_the_same_key_gives_the_same_answer_and_another_body_is_refused(desk: Any) -> None:
    key = factories.key()
    first, second = post("consultations", QUESTION, key), post("consultations", QUESTION, key)
    assert (first.status_code, first.content) == (second.status_code, second.content)
    other = post("consultations", {**QUESTION, "question": "另一个问题另一个问题"}, key)
    assert other.status_code == 409
    assert other.json()["code"] == "key.reused"
    assert Matter.objects.count() == 1


def test_a_missing_key_and_bad_fields_are_named_and_nothing_is_stored(desk: Any) -> None:
    assert post("consultations", QUESTION).json()["code"] == "key.missing"
    bad = {"question": "短", "region": "349999", "contact": {"phone": "123"}, "owner": "x"}
    assert post("consultations", bad, factories.key()).json()["errors"] == {"owner": {"code": "field.unknown", "detail": "不认识的字段：owner。"}}
    errors = post("consultations", {k: v for k, v in bad.items() if k != "owner"}, factories.key()).json()["errors"]
    assert {k: v["code"] for k, v in errors.items()} == {"question": "question.short", "phone": "phone.invalid"}
    assert post("consultations", {**QUESTION, "region": "349999"}, factories.key()).json()["errors"]["region"]["code"] == "matter.region"
    assert Matter.objects.count() == 0


@pytest.mark.parametrize("question", ["𠮷野家欠我工资怎么办", "王\ud842工资", "工资\u0000没发给我", "工资" * 5000, "۱۲۳工资😀没发给我"])
def test_any_text_is_kept_byte_for_byte_or_clearly_refused(desk: Any, question: str) -> None:
    answer = post("consultations", {**QUESTION, "question": question}, factories.key())
    assert answer.status_code in {201, 400, 422}
    if answer.status_code == 201:
        assert Matter.objects.get().title == question


def test_a_question_is_answered_followed_up_and_rated_by_its_code_alone(desk: Any) -> None:
    code = post("consultations", QUESTION, factories.key()).json()["lookup_code"]
    matter = Matter.objects.get()
    actions.assign(actor=desk["dispatcher"], matter_id=matter.pk, staff_id=desk["adviser"].pk)
    lawyer = factories.actor(desk["adviser"])
    take_step(actor=lawyer, matter_id=matter.pk, verb="answer", data={"body": "可以申请劳动仲裁，时效一年。", "citations": "劳动争议调解仲裁法27条"})
    seen = Client().get(f"/api/v1/matters/{code}").json()
    assert seen["state"] == "answered"
    assert seen["steps"] == ["follow_up", "to_complaint"]
    assert seen["messages"][1]["citations"] == ["《劳动争议调解仲裁法》第二十七条"]
    assert post(f"matters/{code}/steps/follow_up", {"data": {"body": "没有合同怎么办？"}}, factories.key()).json() == {"state": "follow_up"}
    take_step(actor=lawyer, matter_id=matter.pk, verb="answer", data={"body": "工资条和考勤记录也是证据。"})
    rated = post(f"matters/{code}/rating", {"level": 5, "comment": "很清楚"}, factories.key())
    assert (rated.status_code, rated.json()) == (201, {"level": 5, "state": "closed"})
    again = post(f"matters/{code}/rating", {"level": 1, "comment": ""}, factories.key())
    assert (again.status_code, again.json()["code"]) == (409, "rating.once")


def test_wrong_and_foreign_codes_look_the_same(desk: Any) -> None:
    code = post("consultations", QUESTION, factories.key()).json()["lookup_code"]
    wrong = Client().get("/api/v1/matters/" + "0" * 26)
    swapped = Client().get("/api/v1/matters/" + code[::-1])
    assert wrong.status_code == swapped.status_code == 404
    assert wrong.content == swapped.content


def test_only_codes_that_open_nothing_count_and_whoever_holds_one_reads_on(desk: Any) -> None:
    code = post("consultations", QUESTION, factories.key()).json()["lookup_code"]
    run = post("interview-runs", {"interview": "unpaid_wages"}, factories.key()).json()["code"]
    client = Client()
    for _ in range(245):
        assert client.get(f"/api/v1/matters/{code}").status_code == 200
    for n in range(120):
        assert client.get(f"/api/v1/matters/{n:026d}").status_code == 404
        assert client.get(f"/api/v1/interview-runs/{n:026d}").status_code == 404
    refused = client.get("/api/v1/matters/" + "9" * 26)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many")
    assert int(refused["Retry-After"]) > 0
    assert client.get("/track/" + "9" * 26).status_code == 429, "guesses are counted at both doors together"
    assert client.get(f"/api/v1/matters/{code}").status_code == 200
    assert client.get(f"/api/v1/interview-runs/{run}").status_code == 200
    assert client.get("/api/v1/matters/" + "9" * 26, REMOTE_ADDR="10.0.0.9").status_code == 404, "another address"


def test_the_contract_is_published(desk: Any) -> None:
    spec = Client().get("/api/v1/openapi.json").json()
    assert spec["openapi"].startswith("3.1")
    assert "/api/v1/consultations" in spec["paths"]
