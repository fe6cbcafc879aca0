"""What sight hides is in no list either, and nobody decides in his own cause. DOMAIN §2.8, H-11; 信访工作条例 §30."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from fawang.kernel.context import acting
from fawang.matters.actions import assign
from fawang.matters.intake import Request, Visitor, receive
from fawang.matters.models import Matter, MatterParty
from fawang.matters.parties import PartyWords
from fawang.matters.policies import ROLES_WITH_SIGHT, sight, visible_to
from fawang.matters.selectors import SCOPES, QueueFilter, counts, left_behind, overseen, queue, search
from fawang.matters.services import take_step
from fawang.people.actors import ANONYMOUS, Actor
from fawang.registry.models import Organisation
from fawang.services.complaint.bodies import bodies_meant
from tests import factories
from tests.access.world import staff_client

pytestmark = pytest.mark.django_db
WORDS = "窗口金丝雀原话：排队两小时没人理"


@pytest.fixture
def tree(monday: Callable[[timedelta], None]) -> dict[str, Organisation]:
    department = factories.office("provincial_justice_department", "340000", "安徽省司法厅（演示）")
    city = factories.office("justice_bureau", "340100", "合肥市司法局（演示）", department)
    return {
        "department": department,
        "city": city,
        "district": factories.office("justice_bureau", "340103", "合肥市庐阳区司法局（演示）", city),
        "centre": factories.office("service_center", "340100", "合肥市公共法律服务中心（演示）", city),
        "aid": factories.office("legal_aid_agency", "340100", "合肥市法律援助中心（演示）", city),
        "firm": factories.office("law_firm", "340100", "安徽明理律师事务所（演示）", city),
    }


def complain(respondent: str, region: str = "340100", target: str = "staff", **extra: Any) -> Matter:
    with acting(door="web"):
        received = receive(
            actor=ANONYMOUS, visitor=Visitor(name="韩金丝雀", phone="13900004417"),
            requests=[Request(process="complaint", title=WORDS, region_code=region, form={"target": target, "respondent": respondent, "conduct": "attitude", **extra})],
        )  # fmt: skip
    return received.matters[0]


def rows(actor: Actor, *, closed: bool = False) -> set[Any]:
    return {m.pk for scope in SCOPES for m in queue(actor, QueueFilter(scope=scope, closed=closed), limit=1000)}


@pytest.mark.parametrize(
    ("words", "body", "office"),
    [
        ("合肥市司法局（演示）", "city", "department"),
        ("合肥市司法局", "city", "department"),
        ("合肥 司法局", "city", "department"),
        ("市司法局", "city", "department"),
        ("庐阳区司法局", "district", "city"),
        ("合肥市公共法律服务中心", "centre", "city"),
        ("安徽明理律师事务所", "firm", "city"),
        ("安徽省司法厅", "department", "department"),
    ],
)
def test_a_complaint_about_a_body_goes_to_the_nearest_authority_above_it(tree: dict[str, Organisation], words: str, body: str, office: str) -> None:
    matter = complain(words, region="340103" if body == "district" else "340100")
    assert matter.office == tree[office]
    assert matter.intake.office == tree[office]
    for there, place in tree.items():
        head, handler = (
            factories.staff(f"石{there}", "supervisor", at=place),
            factories.staff(f"秦{there}", "complaint_handler", at=place, region=place.region_code),
        )
        within = place == tree[body] or place.parent == tree[body]
        for account in (head, handler):
            if within and body != "department":
                assert not sight(factories.actor(account), matter)
        if place == tree[office] and body != "department":
            assert sight(factories.actor(handler), matter), "somebody must be able to decide"
        if place == tree[body]:
            assert [b.pk for b in bodies_meant(words, matter.region_code)] == [place.pk]


def test_against_the_highest_body_its_own_handlers_are_told_to_pass_it_on(tree: dict[str, Organisation]) -> None:
    matter = complain("安徽省司法厅")
    handler = factories.actor(factories.staff("秦办理", "complaint_handler", at=tree["department"], region="340000"))
    assert "content" in sight(handler, matter)
    assert [m.body for m in matter.messages.filter(kind="note", audience="internal")] != []


def test_no_list_shows_what_sight_hides(tree: dict[str, Organisation]) -> None:
    """A fixed cast: a party by account, phone, identity, own office, the office above; against everybody with every post."""
    city, aid = tree["city"], tree["aid"]
    phone = "13700000077"
    by_phone = factories.staff("当事人电话", *ROLES_WITH_SIGHT, "adviser", at=city, is_adviser=True, phone=phone)
    by_account = factories.staff("当事人账号", *ROLES_WITH_SIGHT, "adviser", at=city, is_adviser=True)
    by_office = factories.staff("当事人单位", *ROLES_WITH_SIGHT, "adviser", at=aid, is_adviser=True)
    nobody = factories.staff("与此无关", *ROLES_WITH_SIGHT, "adviser", at=city, is_adviser=True)
    cast = [factories.actor(s) for s in (by_phone, by_account, by_office, nobody)]
    sets = [
        (),
        (PartyWords("opponent", "对方", phone=phone),),
        (PartyWords("opponent", "对方", staff_id=by_account.pk),),
        (PartyWords("opponent", "对方", organisation_id=aid.pk),),
        (PartyWords("opponent", "对方", organisation_id=city.pk),),
    ]
    made = [factories.matter("consultation", place, parties=parties) for place in (city, aid) for parties in sets]
    made += [complain("合肥市司法局"), complain("合肥市法律援助中心"), complain("某人某事")]
    for matter, staff in zip(made[:3], (by_phone, by_account, nobody), strict=True):
        Matter.objects.filter(pk=matter.pk).update(assignee=staff, first_contact=staff)
    every = list(Matter.objects.all())
    hidden = 0
    for actor in cast:
        seen = {m.pk for m in every if sight(actor, m)}
        assert rows(actor) <= seen
        assert {m.pk for m in overseen(actor)} <= seen
        assert {m.pk for m in visible_to(actor)} == seen
        assert {m.pk for m in left_behind(actor)} <= seen
        assert counts(actor) == {scope: len(queue(actor, QueueFilter(scope=scope), limit=1000)) for scope in SCOPES}
        hidden += len(every) - len(seen)
    assert hidden > len(every) / 2, "the cast must be barred from enough for this to say something"
    assert {m.pk for m in every if sight(cast[3], m)} == {m.pk for m in every if m.pk in rows(cast[3])}


def test_the_pages_of_the_desk_show_a_body_nothing_of_the_complaint_about_it(tree: dict[str, Organisation]) -> None:
    matter = complain("合肥市公共法律服务中心")
    Matter.objects.filter(pk=matter.pk).update(light="overdue")
    roles = ("supervisor", "complaint_handler", "office_head", "dispatcher")
    insider = staff_client(factories.staff("局内人", *roles, at=tree["centre"], region="340100"))
    outsider = staff_client(factories.staff("局外人", *roles, at=tree["city"], region="340100"))
    pages = [
        "/desk/",
        "/desk/?scope=office&process=complaint",
        "/desk/?scope=office&light=overdue",
        "/desk/board",
        "/desk/supervision",
        f"/desk/search?q={matter.number}",
    ]

    def read(client: Client) -> list[bool]:
        return [any(word in client.get(page).content.decode() for word in (WORDS, f"/m/{matter.pk}")) for page in pages]

    assert read(insider) == [False] * len(pages)
    assert any(read(outsider))


def test_a_statement_is_in_the_queue_of_who_is_asked_for_it(tree: dict[str, Organisation]) -> None:
    accused = factories.staff("周被诉", "adviser", at=tree["aid"], is_adviser=True)
    handler = factories.actor(factories.staff("郑投诉", "complaint_handler", at=tree["city"]))
    matter = complain("周被诉", target="lawyer")
    with acting(door="desk", actor=handler.ref()):
        assign(actor=handler, matter_id=matter.pk, staff_id=handler.staff_id)
        take_step(actor=handler, matter_id=matter.pk, verb="accept", data={})
        take_step(actor=handler, matter_id=matter.pk, verb="ask_statement", data={"question": "请说明当天的接待经过。"})
    statement = Matter.objects.get(process_code="statement")
    assert [m.pk for m in queue(factories.actor(accused), QueueFilter(scope="mine"))] == [statement.pk]
    assert MatterParty.objects.filter(matter=matter, staff=accused, relation="respondent").exists()
    assert search(factories.actor(accused), matter.number) == []
