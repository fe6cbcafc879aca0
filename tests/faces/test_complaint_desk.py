"""A complaint is worked at the desk by complaint handlers alone: taken or given out, accepted, decided, told."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest

from fawang.matters.models import Matter
from tests import factories
from tests.access.world import staff_client

pytestmark = pytest.mark.django_db
STEPS = (("accept", {}), ("decide", {"outcome": "unfounded", "body": "经调查，反映的情况不属实，予以说明。"}), ("notify", {}))


@pytest.mark.parametrize("way", ["assign by rule", "assign to a colleague", "claim"])
def test_a_complaint_handler_brings_a_complaint_from_its_coming_to_its_result(monday: Callable[[timedelta], None], way: str) -> None:
    bureau = factories.office("justice_bureau")
    wu = factories.staff("吴投诉", "complaint_handler", at=bureau)
    factories.staff("局律师", "adviser", at=bureau, is_adviser=True)
    client = staff_client(wu)
    complaint = factories.matter("complaint", bureau, person=factories.citizen("丙", "13900000011"), relation="complainant")
    address = f"/desk/m/{complaint.pk}"
    page = client.get(address).content.decode()
    assert re.findall(r"<option[^>]*>([^<]*在办[^<]*)", page) == ["吴投诉（在办0/20）"]
    done = {
        "assign by rule": lambda: client.post(f"{address}/act/assign", {"_key": factories.key(), "staff": ""}),
        "assign to a colleague": lambda: client.post(f"{address}/act/assign", {"_key": factories.key(), "staff": str(wu.pk)}),
        "claim": lambda: client.post(f"{address}/act/claim", {"_key": factories.key()}),
    }[way]()
    assert done.status_code == 302
    for verb, data in STEPS:
        version = Matter.objects.get(pk=complaint.pk).version
        answer = client.post(f"{address}/step/{verb}", {"_key": factories.key(), "_version": str(version), **data})
        assert answer.status_code == 302, (verb, re.sub(r"<[^>]+>|\s+", " ", answer.content.decode())[:600])
    assert Matter.objects.get(pk=complaint.pk).state == "notified"
