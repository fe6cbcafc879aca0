"""Until somebody has said whom a complaint is about, whoever may be meant finds nothing of it. DOMAIN §2.8, H-11; 信访工作条例 §30."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from fawang.kernel.context import acting
from fawang.kernel.errors import Absent, Forbidden, Refusal
from fawang.kernel.events import seal
from fawang.matters.actions import add_matter_party, assign, split, split_targets
from fawang.matters.intake import Request, Visitor, receive
from fawang.matters.models import Matter
from fawang.matters.parties import PartyWords
from fawang.matters.policies import sight
from fawang.matters.selectors import SCOPES, QueueFilter, queue, search
from fawang.matters.services import take_step
from fawang.oversight.services import raise_order
from fawang.people.accounts import create_staff, grant_role
from fawang.people.actors import ANONYMOUS, SYSTEM, Actor, actor_of_staff
from fawang.people.models import Staff
from fawang.services.complaint.respondents import bar_newcomers
from tests import factories
from tests.access.world import staff_client

pytestmark = pytest.mark.django_db
NAME, PHONE, WORDS = "韩金丝雀", "13900004417", "金丝雀原话：态度恶劣还要加钱"
PAGES = ("/desk/", "/desk/?scope=office", "/desk/?scope=office&process=complaint", "/desk/board", "/desk/supervision", "/desk/figures", "/desk/trail")


@pytest.fixture
def house(monday: Callable[[timedelta], None]) -> dict[str, Any]:
    department = factories.office("provincial_justice_department", "340000", "安徽省司法厅（演示）")
    bureau = factories.office("justice_bureau", "340100", "合肥市司法局（演示）", department)
    platform = factories.office("hotline_platform", "340000", "安徽省12348热线中心（演示）", department)
    return {
        "bureau": bureau,
        "zhao": factories.staff("赵志强（演示）", "supervisor", at=bureau, region="340100"),
        "sun": factories.staff("孙督办（演示）", "supervisor", at=bureau, region="340100"),
        "wu": factories.staff("吴正（演示）", "complaint_handler", at=bureau, region="340100"),
        "above": factories.staff("郑清（演示）", "complaint_handler", at=department, region="340000"),
        "seat": factories.staff("林语（演示）", "seat", "supervisor", at=platform, region="340000"),
    }


def newcomers() -> None:
    """What the worker does: the ledger is sealed, then read."""
    while seal():
        pass
    while bar_newcomers(1000):
        pass


def complain(respondent: str, words: str = WORDS, **extra: Any) -> Matter:
    form = {"target": "staff", "respondent": respondent, "conduct": "attitude"}
    with acting(door="web"):
        request = Request(process="complaint", title=words, region_code="340100", form={**form, **extra})
        return receive(actor=ANONYMOUS, visitor=Visitor(name=NAME, phone=PHONE), requests=[request]).matters[0]


def finds(staff: Staff, matter: Matter) -> list[str]:
    """Every place where the account meets the matter or a word of it."""
    actor, client = actor_of_staff(staff), staff_client(staff)
    met = [scope for scope in SCOPES for m in queue(actor, QueueFilter(scope=scope), limit=1000) if m.pk == matter.pk]
    met += [f"search {q}" for q in (matter.number, NAME, PHONE, "金丝雀", matter.lookup_code) for hit in search(actor, q) if hit.matter.pk == matter.pk]
    pages = [*PAGES, *(f"/desk/search?q={q}" for q in (matter.number, NAME, PHONE, "金丝雀")), f"/desk/m/{matter.pk}"]
    for page in pages:
        answer = client.get(page).content.decode()
        met += [
            f"{page}: {word}"
            for word in (WORDS, NAME, PHONE, f"/desk/m/{matter.pk}")
            if word in answer and f"q={word}" not in page and not word.startswith(page)
        ]
    return met + (["sight"] if sight(actor, matter) else [])


@pytest.mark.parametrize(
    "typed",
    ["赵志强", "赵志强（演示）", "赵主任", "赵志强 督办员", "合肥市司法局赵志强（演示）", "赵·志·强", "趙志強", "zhao zhiqiang", "合肥司法局姓赵的", "志强", "督办员", "合肥市司法局的一个工作人员"],
)  # fmt: skip
def test_who_may_be_meant_finds_nothing_and_somebody_can_handle_it(house: dict[str, Any], typed: str) -> None:
    matter = complain(typed)
    assert finds(house["zhao"], matter) == []
    assert {"content", "identity"} <= sight(actor_of_staff(house["wu"]), matter)


def test_a_name_in_the_words_bars_too(house: dict[str, Any]) -> None:
    matter = complain("工作人员", words=f"{WORDS}，就是赵志强")
    assert finds(house["zhao"], matter) == []


def test_a_seat_is_barred_from_what_is_said_of_the_seat(house: dict[str, Any]) -> None:
    for typed in ("接线员", "工号9999", "12348接线员"):
        assert finds(house["seat"], complain(typed)) == []


def test_who_takes_in_a_complaint_about_himself_does_not_keep_it(house: dict[str, Any]) -> None:
    seat = factories.staff("林小语", "seat", "window_clerk", at=house["bureau"])
    with acting(door="hotline", actor=actor_of_staff(seat).ref()):
        request = Request(process="complaint", title=WORDS, region_code="340100", form={"target": "seat", "respondent": "接线员", "conduct": "attitude"})
        matter = receive(actor=actor_of_staff(seat), visitor=Visitor(name=NAME, phone=PHONE), requests=[request]).matters[0]
    assert matter.first_contact == seat
    assert sight(actor_of_staff(seat), matter) == frozenset()


def test_while_nobody_is_identified_the_identity_is_for_complaint_handlers_alone(house: dict[str, Any]) -> None:
    matter = complain("不知道叫什么")
    assert "identity" in sight(actor_of_staff(house["wu"]), matter)
    assert "identity" in sight(actor_of_staff(house["above"]), matter)
    assert {"content"} <= sight(actor_of_staff(house["sun"]), matter)
    assert "identity" not in sight(actor_of_staff(house["sun"]), matter)
    page = staff_client(house["sun"]).get(f"/desk/m/{matter.pk}").content.decode()
    assert WORDS in page
    assert NAME not in page
    assert PHONE not in page
    assert [h.matter.pk for q in (NAME, PHONE) for h in search(actor_of_staff(house["sun"]), q)] == []


def identify(actor: Actor, matter: Matter, username: str) -> None:
    with acting(door="desk", actor=actor.ref()):
        take_step(actor=actor, matter_id=matter.pk, verb="identify_respondent", data={"username": username})
    matter.refresh_from_db()


def test_a_complaint_handler_says_who_it_is_before_anybody_has_it(house: dict[str, Any]) -> None:
    matter = complain("赵主任")
    other = factories.staff("赵敏（演示）", "supervisor", at=house["bureau"], region="340100")
    newcomers()
    with acting(door="system"):
        order = raise_order(matter=matter, cause="overdue")
    assert order is not None
    for account in (house["zhao"], other):
        assert finds(account, matter) == []
        assert sight(actor_of_staff(account), order) == frozenset()
    with pytest.raises((Absent, Forbidden)):
        identify(actor_of_staff(house["sun"]), matter, "zhao")
    identify(actor_of_staff(house["wu"]), matter, house["zhao"].username)
    assert matter.assignee is None
    assert finds(house["zhao"], matter) == []
    assert sight(actor_of_staff(house["zhao"]), order) == frozenset()
    assert "identity" in sight(actor_of_staff(other), matter)
    assert sight(actor_of_staff(other), order)
    assert [p.staff for p in matter.parties.filter(ended_at=None).exclude(staff=None)] == [house["zhao"]]


def test_whoever_is_identified_late_loses_the_order_beside_it(house: dict[str, Any]) -> None:
    matter = complain("不知道叫什么")
    with acting(door="system"):
        order = raise_order(matter=matter, cause="overdue")
    assert order is not None
    assert sight(actor_of_staff(house["sun"]), order)
    identify(actor_of_staff(house["wu"]), matter, house["sun"].username)
    assert sight(actor_of_staff(house["sun"]), order) == frozenset()
    assert finds(house["sun"], matter) == []


def test_an_account_made_a_post_given_a_name_added_later_are_barred_too(house: dict[str, Any]) -> None:
    matter = complain("钱主任")
    late = create_staff(actor=SYSTEM, username="late", name="钱来迟", password=factories.PASSWORD, office_id=house["bureau"].pk, must_change_password=False)
    grant_role(actor=SYSTEM, staff=late, role="supervisor", office_id=house["bureau"].pk, region_code="340100")
    newcomers()
    assert finds(late, matter) == []
    assert sight(actor_of_staff(house["sun"]), matter)
    handler, colleague = actor_of_staff(house["wu"]), factories.staff("孙清（演示）", "complaint_handler", at=house["bureau"], region="340100")
    with acting(door="desk", actor=handler.ref()):
        assign(actor=handler, matter_id=matter.pk, staff_id=colleague.pk)
        add_matter_party(actor=handler, matter_id=matter.pk, words=PartyWords("respondent", "孙主任"))
    newcomers()
    for account in (house["sun"], colleague):
        assert finds(account, matter) == []
    matter.refresh_from_db()
    assert matter.assignee is None


def test_the_page_does_not_name_those_who_may_be_meant(house: dict[str, Any]) -> None:
    matter = complain("赵主任")
    page = staff_client(house["wu"]).get(f"/desk/m/{matter.pk}").content.decode()
    assert "赵主任" in page
    assert NAME in page
    assert "赵志强" not in page


# -- splitting ----------------------------------------------------------------------------------------------------------------------------


def split_off(actor: Actor, matter: Matter, process: str) -> Matter:
    with acting(door="desk", actor=actor.ref()):
        return split(actor=actor, matter_id=matter.pk, process=process, title="另一件：收费没有开票")


def test_a_complaint_is_not_split_into_a_service_that_cannot_seal(house: dict[str, Any]) -> None:
    matter, handler = complain("赵志强"), actor_of_staff(house["wu"])
    with pytest.raises(Refusal) as refused:
        split_off(handler, matter, "consultation")
    assert {k: v.code for k, v in refused.value.fields.items()} == {"process": "matter.split_sealed"}
    assert Matter.objects.count() == 1
    assert [p.code for p in split_targets(matter)] == ["complaint"]
    page = staff_client(house["wu"]).get(f"/desk/m/{matter.pk}").content.decode()
    assert 'value="complaint"' in page
    assert 'value="consultation"' not in page


@pytest.mark.parametrize("typed", ["赵志强", "赵主任", "合肥市司法局赵志强（演示）", "工作人员"])
def test_what_is_split_from_a_complaint_is_kept_from_the_same_people(house: dict[str, Any], typed: str) -> None:
    matter = complain(typed, words=f"{WORDS}，赵志强干的")
    with acting(door="desk", actor=actor_of_staff(house["wu"]).ref()):
        add_matter_party(
            actor=actor_of_staff(house["wu"]),
            matter_id=matter.pk,
            words=PartyWords("representative", "韩代理", "13900004418", identity_number="340104198807154410"),
        )
    other = split_off(actor_of_staff(house["wu"]), matter, "complaint")
    other.refresh_from_db()
    assert finds(house["zhao"], other) == []
    assert finds(house["zhao"], matter) == []
    assert other.confidential
    assert {"identity", "content"} <= sight(actor_of_staff(house["wu"]), other)
    assert ("identity" in sight(actor_of_staff(house["sun"]), other)) is ("identity" in sight(actor_of_staff(house["sun"]), matter))

    def told(of: Matter) -> set[tuple[Any, ...]]:
        return {(p.relation, p.name, p.phone, p.identity_number, p.staff_id, p.organisation_id, str(p.data)) for p in of.parties.filter(ended_at=None)}

    assert told(other) == told(matter)
    assert other.details == matter.details


def test_what_is_split_after_the_respondent_was_identified_is_kept_from_him(house: dict[str, Any]) -> None:
    matter = complain("不知道叫什么")
    identify(actor_of_staff(house["wu"]), matter, house["zhao"].username)
    other = split_off(actor_of_staff(house["wu"]), matter, "complaint")
    assert finds(house["zhao"], other) == []
    assert "identity" in sight(actor_of_staff(house["sun"]), other)


def test_the_other_side_goes_along_when_a_question_is_split(house: dict[str, Any]) -> None:
    aid = factories.office("legal_aid_agency", "340100", "合肥市法律援助中心", house["bureau"])
    lawyer = factories.staff("李晓燕", "adviser", "dispatcher", at=aid, is_adviser=True)
    opponent = factories.staff("孙对方", "adviser", "dispatcher", "supervisor", at=aid, is_adviser=True)
    with acting(door="web"):
        request = Request(
            process="consultation",
            title="孙对方欠我钱",
            region_code="340100",
            form={"opponent": "孙对方"},
            others=[PartyWords("opponent", "孙对方", staff_id=opponent.pk)],
        )
        visitor = Visitor(name="王五", phone=PHONE, identity_number="340104198807154410")
        matter = receive(actor=ANONYMOUS, visitor=visitor, requests=[request]).matters[0]
    for process in ("consultation", "complaint"):
        other = split_off(actor_of_staff(lawyer), matter, process)
        assert finds(opponent, other) == []
        bringer = other.parties.get(relation="applicant" if process == "consultation" else "complainant")
        assert (bringer.name, bringer.phone, bringer.identity_number) == ("王五", PHONE, "340104198807154410")
        assert [p.name for p in other.parties.filter(relation="opponent", staff=opponent)] == ["孙对方"]
        if process == "consultation":
            with acting(door="desk", actor=actor_of_staff(lawyer).ref()), pytest.raises((Refusal, Absent)):
                assign(actor=actor_of_staff(lawyer), matter_id=other.pk, staff_id=opponent.pk)


def test_what_runs_beside_a_matter_is_not_split(house: dict[str, Any]) -> None:
    matter = complain("赵志强")
    with acting(door="system"):
        order = raise_order(matter=matter, cause="overdue")
    assert order is not None
    assert split_targets(order) == []
