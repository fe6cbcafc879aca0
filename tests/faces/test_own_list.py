"""One's own list behind a proven number: what is on it, what is said of the rest, and what a code may add to it (T23)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from fawang.kernel.models import Event
from fawang.matters.models import Matter, MatterParty
from fawang.people.models import Notice, Person
from fawang.people.services import PROOF_HOLDS
from tests.faces.test_api import desk  # noqa: F401 - the same cast
from tests.faces.test_portal import key_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("desk")]
PHONE, OTHER = "13800000001", "13900000002"
QUESTION = "厂里拖了我三个月工资"


def proved(phone: str = PHONE) -> Client:
    """A browser whose owner has proved a number."""
    client, known = Client(), list(Notice.objects.values_list("pk", flat=True))
    client.post("/me/sign-in", {"phone": phone})
    sent = Notice.objects.exclude(pk__in=known).get(template="code")
    answer = client.post("/me/sign-in", {"phone": phone, "code": "".join(re.findall(r"\d", sent.body)[:6])})
    assert answer.status_code == 302
    return client


def bring(client: Client | None = None, question: str = QUESTION, **words: str) -> Matter:
    """File a question, by default as nobody in particular."""
    there = client or Client()
    data = {"_key": key_in(there.get("/ask").content.decode()), "question": question, "region": "340104", "phone": PHONE, **words}
    known = list(Matter.objects.values_list("pk", flat=True))
    assert there.post("/ask", data).status_code in {302, 303}
    return Matter.objects.exclude(pk__in=known).get()


def shown(client: Client) -> str:
    answer = client.get("/me")
    assert answer.status_code == 200
    return answer.content.decode()


def add(client: Client, code: str, key: str = "") -> tuple[int, str]:
    answer = client.post("/me/add", {"_key": key or key_in(shown(client)), "code": code}, follow=True)
    return answer.status_code, answer.content.decode()


@pytest.mark.parametrize("name", ["", "王小明"])
@pytest.mark.parametrize("first", ["the number is proved", "the matter is brought"])
def test_a_number_that_was_merely_typed_puts_nothing_on_the_list_and_the_page_says_why(name: str, first: str) -> None:
    early = proved() if first == "the number is proved" else None
    matter = bring(name=name)
    client = early or proved()
    page = shown(client)
    assert matter.number not in page
    assert matter.title not in page
    assert "没有登录就提交的事项，即使留的是这个号码，也不会自动列在这里" in page
    assert "这个手机号下还没有事项" not in page
    own = bring(client, "登录后问的问题怎么办")
    page = shown(client)
    assert own.number in page
    assert "您登录后还没有提交过事项" not in page


@pytest.mark.parametrize("name", ["", "王小明"])
def test_the_code_adds_what_was_brought_with_the_proven_number(name: str) -> None:
    matter = bring(name=name)
    client = proved()
    key = key_in(shown(client))
    for code in (matter.lookup_code, matter.lookup_code.lower()):
        status, page = add(client, f" {code[:13]} {code[13:]} ", key if code == matter.lookup_code else "")
        assert (status, matter.number in page) == (200, True)
    assert Event.objects.filter(stream=matter.pk, kind="matter.party_proven").count() == 1, "twice is once"
    party = MatterParty.objects.get(matter=matter, relation="applicant")
    assert Person.objects.get(phone_verified_at__isnull=False).pk == party.person_id
    assert matter.number in shown(proved()), "at the next sign-in as well"
    assert client.get(f"/track/{matter.lookup_code}").status_code == 200


def test_a_matter_of_another_number_stays_with_its_code() -> None:
    matters = [bring(phone=OTHER), bring(question="没有留电话的问题怎么办", phone="")]
    client = proved()
    for matter in matters:
        status, page = add(client, matter.lookup_code)
        assert (status, "这件事登记的手机号不是您验证的这个" in page, matter.number in page) == (403, True, False)
    assert not Event.objects.filter(kind="matter.party_proven").exists()
    assert not [m for m in matters if m.number in shown(client)]


@pytest.mark.parametrize("code", ["", "短", "0" * 26, "张\x00三", "长" * 3000])
def test_a_code_that_opens_nothing_is_said_beside_the_field(code: str) -> None:
    bring()
    status, page = add(proved(), code)
    assert status in {404, 422}
    assert 'id="code-err"' in page
    assert not Event.objects.filter(kind="matter.party_proven").exists()


def test_nobody_adds_anything_without_a_proven_number() -> None:
    matter = bring()
    client = Client()
    client.get(f"/track/{matter.lookup_code}")
    answer = client.post("/me/add", {"_key": "a-key-of-mine", "code": matter.lookup_code})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/me/sign-in?next=/me/add")
    assert client.get("/me/add").status_code == 404


def test_whoever_asked_for_neutral_messages_goes_on_getting_them() -> None:
    matter = bring(safe_contact="on")
    add(proved(), matter.lookup_code)
    party = MatterParty.objects.select_related("person").get(matter=matter, relation="applicant")
    assert party.person is not None
    assert (party.person.phone_verified_at is not None, party.person.safe_contact) == (True, True)


def test_the_second_owner_of_a_number_sees_nothing_of_the_first(desk: Any, monday: Callable[[timedelta], None]) -> None:  # noqa: F811
    first = proved()
    own, added = bring(first, "登录后问的问题怎么办"), bring()
    add(first, added.lookup_code)
    monday(PROOF_HOLDS - timedelta(minutes=1))
    assert own.number in shown(proved()), "who proves it in time goes on"
    monday(PROOF_HOLDS - timedelta(minutes=1))
    assert own.number in shown(proved()), "and each proof counts anew"
    monday(PROOF_HOLDS)
    second = shown(proved())
    assert not [m.number for m in (own, added) if m.number in second]
    assert "没有验证过手机号，这里会从头开始" in second
