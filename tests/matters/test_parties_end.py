"""A party's part in a matter ends: access with it, by a dispatcher, with a reason, and never to open a file to whom it is about."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.models import Event
from fawang.matters import actions
from fawang.matters.models import Message
from fawang.matters.parties import PartyWords
from fawang.matters.policies import sight
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> dict[str, Any]:
    """Li handles a matter in which somebody stands for the asker and somebody is named as opponent."""
    agency = factories.office("legal_aid_agency")
    niece = factories.citizen("侄女", "13900000002")
    matter = factories.matter(
        "consultation", agency, person=factories.citizen("甲", "13900000001"),
        parties=(PartyWords("representative", "侄女", "13900000002", person_id=niece.pk), PartyWords("opponent", "某公司")),
    )  # fmt: skip
    return {
        "agency": agency, "matter": matter, "niece": factories.person_actor(niece),
        "dispatcher": factories.actor(factories.staff("王派单", "dispatcher", at=agency)),
        "adviser": factories.actor(factories.staff("李律师", "adviser", at=agency, is_adviser=True)),
    }  # fmt: skip


def of(matter: Any, relation: str) -> Any:
    return matter.parties.get(relation=relation)


def test_who_stood_for_somebody_sees_nothing_any_more_when_the_mandate_is_withdrawn(desk: dict[str, Any]) -> None:
    matter = desk["matter"]
    assert sight(desk["niece"], matter)
    actions.end_matter_party(actor=desk["dispatcher"], matter_id=matter.pk, party_id=of(matter, "representative").pk, reason="委托已撤销。")
    assert sight(desk["niece"], matter) == frozenset()
    told = Event.objects.get(kind="matter.party_ended", stream=matter.pk)
    assert told.payload == {"party": str(of(matter, "representative").pk), "relation": "representative"}
    note = Message.objects.get(matter=matter, kind="note")
    assert (note.body, note.audience) == ("委托已撤销。", "internal")
    with pytest.raises(Refusal) as again:
        actions.end_matter_party(actor=desk["dispatcher"], matter_id=matter.pk, party_id=of(matter, "representative").pk, reason="再一次")
    assert again.value.fields["party"].code == "matter.party"
    assert Event.objects.filter(kind="matter.party_ended").count() == 1


def test_a_wrongly_named_firm_can_be_ended_but_not_who_brought_the_matter_nor_one_of_the_staff_nor_one_of_another_matter(desk: dict[str, Any]) -> None:
    matter, clerk = desk["matter"], factories.staff("刘律师", "adviser", at=desk["agency"], is_adviser=True)
    actions.add_matter_party(actor=desk["dispatcher"], matter_id=matter.pk, words=PartyWords("opponent", clerk.name, staff_id=clerk.pk))
    elsewhere = factories.matter("consultation", desk["agency"], person=factories.citizen("乙", "13900000003"), parties=(PartyWords("opponent", "房东"),))
    assert {p.name for p in actions.endable_parties(matter)} == {"侄女", "某公司"}
    fixed = [of(matter, "applicant").pk, matter.parties.get(staff=clerk).pk, of(elsewhere, "opponent").pk, uuid.uuid4()]
    for party in fixed:
        with pytest.raises(Refusal) as refused:
            actions.end_matter_party(actor=desk["dispatcher"], matter_id=matter.pk, party_id=party, reason="不对")
        assert refused.value.fields["party"].code == "matter.party"
    assert sight(factories.actor(clerk), matter) == frozenset()
    assert matter.parties.filter(ended_at=None).count() == 4


def test_only_a_dispatcher_of_the_place_ends_a_part(desk: dict[str, Any]) -> None:
    matter = desk["matter"]
    stranger = factories.actor(factories.staff("外地派单", "dispatcher", at=factories.office("legal_aid_agency")))
    for who in (desk["adviser"], desk["niece"], stranger):
        with pytest.raises((Absent, Refusal)):
            actions.end_matter_party(actor=who, matter_id=matter.pk, party_id=of(matter, "representative").pk, reason="不对")
    assert of(matter, "representative").ended_at is None
