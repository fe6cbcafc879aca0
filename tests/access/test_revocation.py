"""P12: who is disabled, loses a role, is signed out or has his password changed is out at the next use of anything he holds."""

from __future__ import annotations

import asyncio
import json
import re
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from asgiref.sync import sync_to_async
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.test.utils import override_settings

from fawang.faces import live
from fawang.kernel.context import acting
from fawang.matters import actions
from fawang.matters.attachments import add_attachment, scan_waiting
from fawang.matters.models import Matter
from fawang.matters.services import lock
from fawang.people.accounts import change_password, disable_staff, grant_role, move_staff, revoke_role
from fawang.people.actors import SYSTEM, actor_of_staff
from fawang.people.models import Staff
from fawang.registry.models import Organisation
from tests import factories
from tests.access.world import PDF, staff_client

LIVE = "http://127.0.0.1:9"


class Case:
    """A consultation with an assignee, a colleague, a dispatcher; a file in it."""

    def __init__(self) -> None:
        factories.taxonomy()
        self.bureau: Organisation = factories.office("justice_bureau", "340100")
        self.office: Organisation = factories.office("legal_aid_agency", "340100", "", self.bureau)
        self.lawyer, self.colleague = (factories.staff(n, "adviser", at=self.office, is_adviser=True) for n in ("李承办", "钱同事"))
        self.dispatcher = factories.staff("王派单", "dispatcher", at=self.office)
        self.matter: Matter = factories.matter("consultation", self.office)
        self.assign(self.lawyer)
        with acting(door="desk", actor=actor_of_staff(self.lawyer).ref()):
            self.file = add_attachment(actor=actor_of_staff(self.lawyer), matter=lock(self.matter.pk), upload=SimpleUploadedFile("a.pdf", PDF), name="a.pdf")  # type: ignore[arg-type]
        scan_waiting()
        self.matter.refresh_from_db()

    def assign(self, staff: Staff) -> None:
        boss = actor_of_staff(self.dispatcher)
        with acting(door="desk", actor=boss.ref()):
            actions.assign(actor=boss, matter_id=self.matter.pk, staff_id=staff.pk)


@pytest.fixture
def case(db: None, monday: Callable[[timedelta], None]) -> Case:
    return Case()


def out(client: Client, case: Case) -> None:
    """Every door of the desk leads to the sign-in page, the file is absent, and repeating an old request changes nothing."""
    for path in ("/desk/", f"/desk/m/{case.matter.pk}", "/desk/search", "/desk/registry/export/organisations.csv", "/desk/me"):
        answer = client.get(path)
        assert (answer.status_code, answer["Location"]) == (302, f"/desk/sign-in?next={path}"), path
    assert client.get(f"/files/{case.file.pk}").status_code == 404


def key_on(client: Client, case: Case) -> str:
    page = client.get(f"/desk/m/{case.matter.pk}").content.decode()
    found = re.search(r'name="_key" value="([^"]+)"', page)
    assert found
    return found[1]


def test_a_disabled_account_is_out_of_every_open_page_at_its_next_use(case: Case) -> None:
    client = staff_client(case.lawyer)
    key = key_on(client, case)
    note = {"_key": key, "body": "内部备注一条"}
    assert client.post(f"/desk/m/{case.matter.pk}/act/note", note).status_code == 302
    assert client.get(f"/files/{case.file.pk}").status_code == 200
    disable_staff(actor=SYSTEM, staff=case.lawyer, reason="离职")
    repeated = client.post(f"/desk/m/{case.matter.pk}/act/note", note)
    assert repeated["Location"].startswith("/desk/sign-in"), "the repeat of an accepted request is answered by nothing it had answered before"
    out(client, case)


def test_a_role_taken_back_ends_the_sessions_and_the_next_one_has_it_no_more(case: Case) -> None:
    client = staff_client(case.dispatcher)
    assert client.get("/desk/board").status_code == 200
    revoke_role(actor=SYSTEM, grant=case.dispatcher.grants.get())
    out(client, case)
    again = staff_client(Staff.objects.get(pk=case.dispatcher.pk))
    assert again.get("/desk/board").status_code == 403
    assert again.get(f"/desk/m/{case.matter.pk}").status_code == 404


def test_whoever_is_moved_leaves_his_posts_and_sessions_behind(case: Case) -> None:
    client = staff_client(case.dispatcher)
    elsewhere = factories.office("legal_aid_agency", "340200")
    move_staff(actor=SYSTEM, staff=case.dispatcher, office_id=elsewhere.pk)
    out(client, case)
    again = staff_client(Staff.objects.get(pk=case.dispatcher.pk))
    assert again.get("/desk/board").status_code == 403
    assert again.get(f"/desk/m/{case.matter.pk}").status_code == 404
    assert actor_of_staff(case.dispatcher).roles == frozenset()


def test_whoever_hands_a_matter_over_is_out_of_it_with_page_file_and_repeated_step(case: Case) -> None:
    client = staff_client(case.lawyer)
    note = {"_key": key_on(client, case), "body": "内部备注一条"}
    assert client.post(f"/desk/m/{case.matter.pk}/act/note", note).status_code == 302
    case.assign(case.colleague)
    assert client.get(f"/desk/m/{case.matter.pk}").status_code == 404
    assert client.get(f"/files/{case.file.pk}").status_code == 404
    assert client.post(f"/desk/m/{case.matter.pk}/act/note", note).status_code == 404


def test_a_new_password_ends_all_other_sessions_and_this_one_goes_on(case: Case) -> None:
    here, elsewhere = staff_client(case.lawyer), staff_client(case.lawyer)
    Staff.objects.filter(pk=case.lawyer.pk).update(totp_confirmed_at="2026-01-01T00:00:00Z")
    fresh = "quite-another-horse-10"
    assert here.post("/desk/password", {"password": fresh, "again": fresh}).status_code == 302
    assert here.get("/desk/").status_code == 200
    out(elsewhere, case)


def test_a_new_password_set_by_the_service_ends_every_session(case: Case) -> None:
    client = staff_client(case.lawyer)
    change_password(staff=case.lawyer, new="quite-another-horse-10")
    out(client, case)


# -- the live stream -------------------------------------------------------------------------------------------------------------------


def token_of(client: Client, case: Case) -> str:
    with override_settings(LIVE_URL=LIVE):
        page = client.get(f"/desk/m/{case.matter.pk}").content.decode()
    found = re.search(r'data-live="([^"]+)"', page)
    assert found
    return parse_qs(urlsplit(found[1].replace("&amp;", "&")).query)["t"][0]


def topics_of(client: Client, case: Case) -> set[str]:
    said = live.read_token(token_of(client, case))
    assert said is not None
    return {t.partition(":")[0] for t in live.heard(said)}


def test_the_token_of_a_matters_page_hears_the_matter_its_presence_and_oneself(case: Case) -> None:
    assert topics_of(staff_client(case.lawyer), case) == {"matter", "presence", "staff"}


@pytest.mark.parametrize("end", ["disabled", "role", "password", "signed out"])
def test_a_token_dies_with_its_session(case: Case, end: str) -> None:
    client = staff_client(case.lawyer)
    said = live.read_token(token_of(client, case))
    assert said is not None
    assert live.heard(said)
    if end == "disabled":
        disable_staff(actor=SYSTEM, staff=case.lawyer, reason="离职")
    elif end == "role":
        revoke_role(actor=SYSTEM, grant=case.lawyer.grants.get())
    elif end == "password":
        change_password(staff=case.lawyer, new="quite-another-horse-10")
    else:
        client.post("/desk/sign-out")
    assert live.heard(said) == frozenset()


def test_a_former_assignee_keeps_his_own_topic_and_loses_the_matters(case: Case) -> None:
    said = live.read_token(token_of(staff_client(case.lawyer), case))
    assert said is not None
    case.assign(case.colleague)
    assert live.heard(said) == {f"staff:{case.lawyer.pk}"}


def test_a_forged_token_or_one_with_foreign_topics_hears_nothing(case: Case) -> None:
    token = token_of(staff_client(case.lawyer), case)
    assert live.read_token(token[:-2] + "xx") is None
    said = live.read_token(token)
    assert said is not None
    foreign = [f"staff:{case.colleague.pk}", f"office:{case.bureau.pk}", f"matter:{uuid.uuid4()}", "hotline", "anything", "matter:x"]
    assert live.heard({**said, "topics": foreign}) == frozenset()


@asynccontextmanager
async def listening(token: str) -> AsyncIterator[list[dict[str, Any]]]:
    """A browser with an open stream."""
    from config import live as process

    said: list[dict[str, Any]] = []
    gone = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    scope = {"type": "http", "path": "/events", "query_string": f"t={token}".encode(), "headers": []}
    stream = asyncio.ensure_future(process.app(scope, receive, send))
    await until(lambda: len(said) > 1)
    try:
        yield said
    finally:
        gone.set()
        stream.cancel()
        await asyncio.gather(stream, return_exceptions=True)


async def until(true: Callable[[], bool]) -> None:
    for _ in range(2000):
        if true():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came")


def words(said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    text = "".join(m.get("body", b"").decode() for m in said)
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: ") and len(line) > 8]


def test_an_open_stream_goes_silent_about_a_matter_handed_over_and_ends_with_the_account(
    committed_database: str, monday: Callable[[timedelta], None], django_db_blocker: Any
) -> None:
    from config import live as process

    async def story(case: Case, first: str, second: str) -> None:
        about = {"topics": [f"matter:{case.matter.pk}"], "kind": "message", "id": str(case.matter.pk)}
        async with listening(first) as former, listening(second) as boss:
            process._fan_out(about)
            await until(lambda: any(w["kind"] == "message" for w in words(former)) and any(w["kind"] == "message" for w in words(boss)))
            assert all("topics" not in w for w in words(former)), "a listener is not told who else listens"
            await sync_to_async(case.assign)(case.colleague)
            process._fan_out({**about, "kind": "step"})
            await until(lambda: any(w["kind"] == "step" for w in words(boss)))
            process._fan_out({"topics": [f"staff:{case.lawyer.pk}"], "kind": "unassigned", "id": ""})
            await until(lambda: any(w["kind"] == "unassigned" for w in words(former)))
            assert not any(w["kind"] == "step" for w in words(former))
            process._fan_out({"topics": [f"staff:{case.lawyer.pk}"], "kind": "revoked", "id": str(case.lawyer.pk)})
            await until(lambda: any(b"event: revoked" in m.get("body", b"") for m in former))
        await sync_to_async(disable_staff)(actor=SYSTEM, staff=case.lawyer, reason="离职")
        async with listening(first) as refused:
            assert refused[0]["status"] == 404

    with django_db_blocker.unblock():
        with transaction.atomic():
            case = Case()
        first, second = token_of(staff_client(case.lawyer), case), token_of(staff_client(case.dispatcher), case)
        asyncio.run(story(case, first, second))


def test_the_public_page_hears_its_matter_and_never_who_of_the_staff_looks_on(case: Case) -> None:
    client = Client()
    with override_settings(LIVE_URL=LIVE):
        page = client.get(f"/track/{case.matter.lookup_code}").content.decode()
    found = re.search(r'data-live="[^"]*\?t=([^"]+)"', page)
    assert found
    said = live.read_token(found[1])
    assert said is not None
    assert live.heard(said) == {f"matter:{case.matter.pk}"}
    assert live.heard({**said, "topics": [f"presence:{case.matter.pk}"]}) == frozenset()


def test_a_role_with_an_end_stops_at_that_moment(case: Case, monday: Callable[[timedelta], None]) -> None:
    from fawang.kernel import clock

    helper = factories.staff("代班", at=case.office)
    grant_role(actor=SYSTEM, staff=helper, role="dispatcher", office_id=case.office.pk, valid_to=clock.now() + timedelta(hours=1))
    client = staff_client(helper)
    assert client.get(f"/desk/m/{case.matter.pk}").status_code == 200
    monday(timedelta(hours=1))
    assert client.get(f"/desk/m/{case.matter.pk}").status_code == 404
