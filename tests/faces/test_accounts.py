"""The page of an account: what is typed when it is disabled is kept whole, or comes back with the reason it cannot be."""

from __future__ import annotations

from datetime import timedelta

import pytest

from fawang.kernel import clock
from fawang.kernel.models import Event
from tests import factories
from tests.access.world import staff_client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("reason", "kept"), [("离" * 200, True), ("离" * 201, False)])
def test_the_reason_of_disabling_is_kept_whole_or_comes_back(reason: str, kept: bool) -> None:
    agency = factories.office("legal_aid_agency")
    li = factories.staff("李律师", "adviser", at=agency)
    client = staff_client(factories.staff("系统管理员", "system_admin", at=agency))
    answer = client.post(f"/desk/staff/{li.pk}/disable", {"reason": reason, "_key": factories.key()})
    li.refresh_from_db()
    if kept:
        assert (answer.status_code, li.state) == (302, "left")
        assert Event.objects.get(kind="staff.disabled").payload["reason"] == reason
    else:
        assert (answer.status_code, li.state) == (422, "active")
        assert "最多 200 个字，请删减。" in answer.content.decode()
        assert reason in answer.content.decode()


def test_leave_is_told_with_its_last_day_as_it_was_entered() -> None:
    li = factories.staff("李律师", "adviser", at=factories.office("legal_aid_agency"))
    client = staff_client(li)
    today = clock.today()
    last = today + timedelta(days=2)
    client.post("/desk/me/leave", {"from": today.isoformat(), "to": last.isoformat(), "substitute": "", "_key": factories.key()})
    page = client.get("/desk/me").content.decode()
    assert f"{today.year}年{today.month}月{today.day}日 — {last.year}年{last.month}月{last.day}日" in page
