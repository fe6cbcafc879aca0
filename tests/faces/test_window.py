"""The window of a service centre: whoever stands there is taken in, whatever a page sends along."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client

from fawang.matters.models import Matter, QueueTicket
from fawang.matters.tickets import call_next, issue_ticket
from tests import factories
from tests.faces.test_answering import signed_in
from tests.faces.test_api import desk  # noqa: F401 - the same cast
from tests.faces.test_portal import key_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(desk: dict[str, Any]) -> Any:  # noqa: F811
    """Zhou at the window of the agency."""
    return factories.staff("周窗口", "window_clerk", at=desk["agency"])


def take_in(client: Client, **changed: str) -> Any:
    page = client.get("/desk/window").content.decode()
    form = {
        "_key": key_in(page),
        "process": "consultation",
        "question": "房东不退押金，合同到期了",
        "region": "340104",
        "name": "赵大爷",
        "phone": "13800000031",
    }
    return client.post("/desk/window", {**form, **changed})


def test_the_number_that_was_called_ends_with_the_matter(desk: dict[str, Any], clerk: Any) -> None:  # noqa: F811
    actor = factories.actor(clerk)
    issue_ticket(actor=actor, office=desk["agency"], priority=False)
    called = call_next(actor=actor, office=desk["agency"])
    assert called is not None
    assert take_in(signed_in(clerk), ticket=str(called.pk)).status_code in {302, 303}
    called.refresh_from_db()
    assert (called.outcome, called.intake) == ("served", Matter.objects.get().intake)


@pytest.mark.parametrize("ticket", ["12", "不是号", str(uuid.UUID(int=7)), "\\x00"])
def test_a_number_that_is_none_turns_no_visitor_away(desk: dict[str, Any], clerk: Any, ticket: str) -> None:  # noqa: F811
    assert take_in(signed_in(clerk), ticket=ticket).status_code in {302, 303}
    assert Matter.objects.count() == 1


def test_the_number_of_another_office_stays_open(desk: dict[str, Any], clerk: Any) -> None:  # noqa: F811
    elsewhere = factories.office("legal_aid_agency", "340200", "别处法律援助中心")
    theirs = factories.staff("别处窗口", "window_clerk", at=elsewhere)
    issue_ticket(actor=factories.actor(theirs), office=elsewhere, priority=False)
    number = QueueTicket.objects.get()
    assert take_in(signed_in(clerk), ticket=str(number.pk)).status_code in {302, 303}
    number.refresh_from_db()
    assert number.ended_at is None


@pytest.mark.parametrize(
    "target", ["//example.org", "/\\example.org", "/\\/example.org", "https://example.org", "javascript:alert(1)", "\t//example.org", "/\t/example.org"]
)
def test_a_choice_of_letters_leads_nowhere_else(target: str) -> None:
    assert Client().get("/prefs", {"elder": "1", "next": target})["Location"] == "/"


def test_a_choice_of_letters_leads_back_to_the_page(desk: dict[str, Any]) -> None:  # noqa: F811
    assert Client().get("/prefs", {"elder": "1", "next": "/ask?category=labour"})["Location"] == "/ask?category=labour"
