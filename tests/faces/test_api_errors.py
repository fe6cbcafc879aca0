"""Whatever goes wrong under ``/api/`` is problem+json with a code of the catalogue; a closed matter takes no words and no files."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from fawang.kernel.errors import Refusal, registered
from fawang.matters import actions
from fawang.matters.attachments import add_attachment
from fawang.matters.conversation import write_message, write_note
from fawang.matters.models import Attachment, Matter, Message
from fawang.matters.services import lock, take_step
from fawang.people.actors import ANONYMOUS
from tests import factories

pytestmark = pytest.mark.django_db
KEY = {"Idempotency-Key": "key-of-a-test"}
BIG = json.dumps({"body": "大" * 3_000_000}).encode()


@pytest.fixture
def matter(monday: Callable[[timedelta], None]) -> Matter:
    factories.taxonomy()
    return factories.matter("consultation", factories.office("legal_aid_agency", "340100"))


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    said: dict[str, Any] = answer.json()
    assert (said["code"], said["status"]) == (code, status)
    assert code in registered()
    assert said["detail"].strip()
    return said


@pytest.mark.parametrize(
    "path", ["/api/v1/consultations", "/api/v1/matters/{code}/messages", "/api/v1/matters/{code}/steps/withdraw", "/api/v1/matters/{code}/rating"]
)
def test_too_large_a_body_is_413(client: Client, matter: Matter, path: str) -> None:
    assert len(BIG) > 8_000_000
    said = refused(client.post(path.format(code=matter.lookup_code), BIG, "application/json", headers=KEY), 413, "body.too_large")
    assert "2 MB" in said["detail"]
    assert Message.objects.filter(matter=matter).count() == 1


def test_too_many_fields_of_a_form_are_a_problem_too(client: Client, matter: Matter) -> None:
    many = {f"f{n}": "x" for n in range(4100)}
    refused(client.post(f"/api/v1/matters/{matter.lookup_code}/attachments", many, headers=KEY), 400, "request.bad")


@pytest.mark.parametrize("path", ["/api/", "/api/v1/nothing", "/api/v2/consultations", "/api/v1/matters", "/api/v1/matters/x/y/z"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_address_that_does_not_exist_is_absent(client: Client, matter: Matter, path: str, method: str) -> None:
    refused(getattr(client, method)(path), 404, "absent")


@pytest.mark.parametrize(
    ("method", "path", "allowed"), [("get", "consultations", {"POST"}), ("delete", "matters/{code}", {"GET"}), ("options", "matters/{code}/messages", {"POST"})]
)
def test_a_method_an_address_does_not_have_is_405_and_says_which_it_has(client: Client, matter: Matter, method: str, path: str, allowed: set[str]) -> None:
    answer = getattr(client, method)(f"/api/v1/{path.format(code=matter.lookup_code)}")
    refused(answer, 405, "request.method")
    assert set(answer.headers["Allow"].split(", ")) == allowed


def test_a_host_that_is_not_ours_is_refused_as_a_problem(client: Client, matter: Matter, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["12348.example"]
    refused(client.get(f"/api/v1/matters/{matter.lookup_code}", headers={"Host": "other.example"}), 400, "request.bad")


def test_what_breaks_is_a_problem_that_tells_nothing(matter: Matter, monkeypatch: pytest.MonkeyPatch) -> None:
    def falls(*_: Any, **__: Any) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("fawang.faces.api.urls.timeline", falls)
    answer = Client(raise_request_exception=False).get(f"/api/v1/matters/{matter.lookup_code}")
    refused(answer, 500, "broken")
    assert b"secret" not in answer.content


def test_the_problem_is_in_the_language_of_the_caller(client: Client, matter: Matter) -> None:
    assert refused(client.get("/api/v1/nothing"), 404, "absent")["detail"].startswith("没有找到")
    client.cookies["lang"] = "en"
    assert refused(client.get("/api/v1/nothing"), 404, "absent")["detail"].startswith("Nothing was found")


def test_pages_stay_pages(client: Client, matter: Matter) -> None:
    assert client.get("/nothing").headers["Content-Type"].startswith("text/html")


# -- closed matters take no words ---------------------------------------------------------------------------------------------------------------


def closed(matter: Matter, state: str) -> Matter:
    dispatcher = factories.actor(factories.staff("王派单", "dispatcher", at=matter.office))
    adviser = factories.staff("李律师", "adviser", at=matter.office, is_adviser=True)
    actions.assign(actor=dispatcher, matter_id=matter.pk, staff_id=adviser.pk)
    by, verb, data = {
        "withdrawn": (ANONYMOUS.holding(matter.pk), "withdraw", {}),
        "rejected": (dispatcher, "reject", {"kind": "advert", "reason": "广告"}),
        "redirected": (factories.actor(adviser), "redirect", {"body_name": "住建局", "reason": "不是法律问题"}),
    }[state]
    after = take_step(actor=by, matter_id=matter.pk, verb=verb, data=data)
    assert after.state == state
    return after


@pytest.mark.parametrize("state", ["withdrawn", "rejected", "redirected"])
def test_a_closed_matter_takes_no_message_and_no_file_by_any_way(client: Client, matter: Matter, state: str) -> None:
    closed(matter, state)
    before = Message.objects.filter(matter=matter).count()
    at = f"/api/v1/matters/{matter.lookup_code}"
    said = refused(client.post(f"{at}/messages", {"body": "我还想说"}, "application/json", headers=KEY), 409, "matter.silent")
    assert "重新打开" in said["detail"]
    refused(
        client.post(f"{at}/attachments", {"file": SimpleUploadedFile("a.txt", "工资条".encode())}, headers={"Idempotency-Key": "key-of-a-file"}),
        409,
        "matter.silent",
    )
    assert client.post(f"/track/{matter.lookup_code}/message", {"body": "我还想说", "_key": factories.key()}).status_code == 409
    holder = ANONYMOUS.holding(matter.pk)
    with pytest.raises(Refusal, match="不再接收"):
        write_message(actor=holder, matter_id=matter.pk, body="我还想说")
    with pytest.raises(Refusal, match="不再接收"):
        add_attachment(actor=holder, matter=lock(matter.pk), upload=io.BytesIO("工资条".encode()), name="a.txt")
    assert (Message.objects.filter(matter=matter).count(), Attachment.objects.count()) == (before, 0)
    assert "给经办人留言" not in client.get(f"/track/{matter.lookup_code}").content.decode()


def test_an_open_matter_takes_both_and_a_note_is_kept_on_a_closed_one(client: Client, matter: Matter) -> None:
    at = f"/api/v1/matters/{matter.lookup_code}"
    assert client.post(f"{at}/messages", {"body": "我还想说"}, "application/json", headers=KEY).status_code == 201
    file = SimpleUploadedFile("a.txt", "工资条".encode())
    assert client.post(f"{at}/attachments", {"file": file}, headers={"Idempotency-Key": "key-of-a-file"}).status_code == 201
    closed(matter, "rejected")
    boss = factories.actor(factories.staff("赵督办", "supervisor", at=matter.office))
    assert write_note(actor=boss, matter_id=matter.pk, body="已核实").audience == "internal"
