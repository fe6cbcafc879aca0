"""P2: a thousand submits of the same keys at the same instants: one row each, the same bytes, another body refused."""

from __future__ import annotations

import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from fawang.kernel.models import Event, IdempotencyKey
from fawang.matters.models import Attachment, Matter, Message
from fawang.matters.services import take_step
from fawang.oversight.models import Rating
from fawang.people.models import Notice
from tests import factories
from tests.matters.races import together

KEYS, TIMES, AT_ONCE = 200, 5, 20


@pytest.fixture(scope="module")
def offices(committed_database: str) -> None:
    """A bureau and an agency."""
    factories.office("legal_aid_agency", parent=factories.office("justice_bureau"))


def post(path: str, body: Any, key: str, number: int = 0) -> Any:
    return Client().post(
        f"/api/v1/{path}", json.dumps(body), content_type="application/json", HTTP_IDEMPOTENCY_KEY=key, REMOTE_ADDR=f"10.9.{number // 200}.{number % 200}"
    )


def question(n: int) -> dict[str, Any]:
    return {"question": f"第{n}个问题：厂里拖欠工资", "region": "340100", "contact": {"name": "王小明", "phone": f"138{n:08d}"}}


def test_a_thousand_double_submits_make_one_matter_a_key_and_one_answer(offices: None) -> None:
    keys = [uuid.uuid4().hex for _ in range(KEYS)]
    answers: dict[str, list[tuple[int, bytes]]] = defaultdict(list)

    def submit(n: int) -> Callable[[], tuple[str, int, bytes]]:
        def act() -> tuple[str, int, bytes]:
            response = post("consultations", question(n), keys[n], n)
            return keys[n], response.status_code, response.content

        return act

    for start in range(0, KEYS, AT_ONCE // TIMES):
        wave = [submit(n) for n in range(start, start + AT_ONCE // TIMES) for _ in range(TIMES)]
        for key, status, content in together(wave):  # type: ignore[misc]
            answers[key].append((status, content))
    assert sum(len(a) for a in answers.values()) == 1000
    assert {status for a in answers.values() for status, _ in a} == {201}
    assert {len({content for _, content in a}) for a in answers.values()} == {1}  # byte-equal replays
    numbers = [json.loads(a[0][1])["number"] for a in answers.values()]
    assert len(set(numbers)) == KEYS
    assert Counter(Matter.objects.filter(number__in=numbers).values_list("number", flat=True)) == Counter(numbers)
    assert Matter.objects.count() == KEYS
    assert Event.objects.filter(kind="matter.opened").count() == KEYS
    assert Message.objects.filter(kind="question").count() == KEYS
    assert Notice.objects.filter(template="received").count() == KEYS
    assert IdempotencyKey.objects.filter(scope="api.consultations").count() == KEYS


def test_another_body_under_a_used_key_is_refused_even_at_the_same_instant(offices: None) -> None:
    before = Matter.objects.count()
    for n in range(6):
        key = uuid.uuid4().hex
        results = together([(lambda n=n, m=m, key=key: post("consultations", question(1000 + n * 10 + m), key, m).status_code) for m in range(6)])
        assert Counter(results) == {201: 1, 409: 5}
        late = post("consultations", question(5000), key)
        assert (late.status_code, late.json()["code"]) == (409, "key.reused")
    assert Matter.objects.count() == before + 6


def test_every_write_of_the_api_is_done_once_however_often_it_is_sent(offices: None) -> None:
    matter = post("consultations", question(9000), uuid.uuid4().hex).json()
    code, row = matter["lookup_code"], Matter.objects.get(number=matter["number"])
    key = uuid.uuid4().hex
    served = post("consultations", question(9001), uuid.uuid4().hex).json()
    rated = Matter.objects.get(number=served["number"])
    dispatcher = factories.actor(factories.staff("王派单", "dispatcher", at=rated.office))
    take_step(actor=dispatcher, matter_id=rated.pk, verb="redirect", data={"body_name": "市医保局", "reason": "医保报销由医保局办理"})

    def write(path: str, body: Any) -> list[tuple[int, bytes]]:
        def send() -> tuple[int, bytes]:
            response = post(f"matters/{served['lookup_code'] if path == 'rating' else code}/{path}", body, key)
            return response.status_code, response.content

        return list(together([send] * 12))  # type: ignore[arg-type]

    def attach() -> tuple[int, bytes]:
        file = SimpleUploadedFile("iou.txt", "欠条：三千元\n".encode(), "text/plain")
        response = Client().post(f"/api/v1/matters/{code}/attachments", {"file": file}, HTTP_IDEMPOTENCY_KEY=key)
        return response.status_code, response.content

    for path, body in (("messages", {"body": "补充一句"}), ("steps/withdraw", {"data": {}}), ("rating", {"level": 2, "comment": "慢"})):
        results = write(path, body)
        assert {status for status, _ in results} == {201}, (path, results)
        assert len({content for _, content in results}) == 1
        if path == "messages":
            files = together([attach] * 8)
            assert {status for status, _ in files} == {201}  # type: ignore[misc]
            assert len({content for _, content in files}) == 1  # type: ignore[misc]
    assert Message.objects.filter(matter=row, kind="message").count() == 1
    assert Attachment.objects.filter(matter=row).count() == 1
    assert Rating.objects.filter(matter=rated).count() == 1
    assert Event.objects.filter(stream=row.pk, kind="matter.step_taken", payload__verb="withdraw").count() == 1
    assert rated.child_links.filter(relation="calls_back").count() == 1
    assert rated.child_links.filter(relation="rectifies").count() == 1


def test_two_files_of_one_name_and_size_under_one_key_are_not_taken_for_one(offices: None) -> None:
    code = post("consultations", question(9100), uuid.uuid4().hex).json()["lookup_code"]
    key = uuid.uuid4().hex

    def attach(content: str, key: str) -> int:
        file = SimpleUploadedFile("iou.txt", content.encode(), "text/plain")
        return int(Client().post(f"/api/v1/matters/{code}/attachments", {"file": file}, HTTP_IDEMPOTENCY_KEY=key).status_code)

    assert attach("欠三千元\n", key) == 201
    assert attach("欠五千元\n", key) == 409
    assert attach("欠五千元\n", "") == 400


def test_a_double_click_on_a_form_of_the_site_makes_one_matter(offices: None) -> None:
    before = Matter.objects.count()
    form = {"_key": uuid.uuid4().hex, "question": "房东不退押金怎么办？", "region": "340100", "phone": "13812345678", "name": "张三"}

    def click() -> tuple[int, str]:
        response = Client().post("/ask", form)
        return response.status_code, response.headers.get("Location", "")

    results = together([click] * 10)
    assert len(set(results)) == 1  # type: ignore[arg-type]
    assert results[0][0] in {302, 303}  # type: ignore[index]
    assert Matter.objects.count() == before + 1


@pytest.mark.parametrize("key", ["short", "a" * 256, "has space in it", "中文键中文键中文键", "tab\tinside!"])
def test_a_key_that_is_none_is_refused_and_nothing_is_kept(offices: None, key: str) -> None:
    before = Matter.objects.count()
    assert post("consultations", question(9200), key).json()["code"] == "key.bad"
    assert Matter.objects.count() == before


def test_a_refused_write_leaves_its_key_free(offices: None) -> None:
    key = uuid.uuid4().hex
    assert post("consultations", {**question(9300), "region": "999999"}, key).status_code == 422
    assert post("consultations", question(9300), key).status_code == 201


def test_keys_are_kept_ninety_days_and_then_forgotten(offices: None) -> None:
    from datetime import timedelta

    from fawang.kernel import clock
    from fawang.kernel.idempotency import prune

    key, now = uuid.uuid4().hex, clock.now()
    first = post("consultations", question(9400), key).content
    with clock.frozen(now + timedelta(days=89, hours=23)):
        prune()
        assert post("consultations", question(9400), key).content == first
    with clock.frozen(now + timedelta(days=90, hours=1)):
        assert prune() >= 1
    assert not IdempotencyKey.objects.filter(key=key).exists()
