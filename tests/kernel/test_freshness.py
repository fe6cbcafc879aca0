"""Copies that processes keep of slow tables: never older than what is committed, never newer than what stayed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction

from fawang.kernel import events, ids, rows
from fawang.kernel.freshness import Kept, one_look
from fawang.kernel.models import Event, IdempotencyKey, UnsealedEvent
from fawang.matters.routing import office_for
from fawang.regions.models import Division
from fawang.regions.selectors import division_exists
from fawang.registry.models import Organisation
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_copy_is_made_once_and_again_after_each_change_of_its_table() -> None:
    read: list[int] = []
    kept = Kept("regions_division", read=lambda: read.append(Division.objects.count()) or len(read))
    assert [kept.now(), kept.now()] == [1, 1]
    Division.objects.create(code="349999", name="试验区", pinyin_key="shiyanqu", level=3, parent_code="340000")
    assert [kept.now(), kept.now()] == [2, 2]
    Division.objects.filter(code="349999").update(name="新区")
    assert kept.now() == 3
    Division.objects.filter(code="349999").delete()
    assert [kept.now(), kept.now()] == [4, 4]
    assert read[1] == read[0] + 1
    assert read[3] == read[0]


def test_a_change_that_is_rolled_back_leaves_no_copy_of_itself() -> None:
    assert not division_exists("349999")
    with transaction.atomic():
        Division.objects.create(code="349999", name="试验区", pinyin_key="shiyanqu", level=3, parent_code="340000")
        assert division_exists("349999")
        transaction.set_rollback(True)
    assert not division_exists("349999")


def test_in_one_look_everything_is_as_fresh_as_its_beginning() -> None:
    with one_look():
        assert not division_exists("349999")
    Division.objects.create(code="349999", name="试验区", pinyin_key="shiyanqu", level=3, parent_code="340000")
    with one_look():
        assert division_exists("349999")


def test_an_office_that_closes_takes_nothing_in_any_more_and_a_nearer_new_one_does() -> None:
    bureau = factories.office("justice_bureau")
    far = factories.office("legal_aid_agency", parent=bureau)
    assert office_for(process="consultation", region_code=far.region_code) == far
    Organisation.objects.filter(pk=far.pk).update(state="closed")
    assert office_for(process="consultation", region_code=far.region_code) != far


def test_what_one_reader_does_to_an_office_another_does_not_see() -> None:
    office = factories.office("legal_aid_agency", parent=factories.office("justice_bureau"))
    mine = office_for(process="consultation", region_code=office.region_code)
    assert mine is not None
    mine.name = "改名"
    again = office_for(process="consultation", region_code=office.region_code)
    assert again is not None
    assert again.name == office.name


def event(stream: Any, seq: int) -> Event:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    return Event(
        stream=stream, seq=seq, kind="matter.opened", occurred_at=now, recorded_at=now, actor_kind="system", door="system",
        payload={"名": ["“引号”", 1, None, True]}, suite="aes", prev_hash=b"\0\xff", hash=b"\1",
    )  # fmt: skip


def test_rows_of_several_tables_go_in_together_and_come_out_as_they_were() -> None:
    stream = ids.new_id()
    first, second = event(stream, 1), event(stream, 2)
    rows.insert(first, second)
    assert not first._state.adding
    found = Event.objects.filter(stream=stream).order_by("seq")
    for made, read in zip((first, second), found, strict=True):
        for field in Event._meta.concrete_fields:
            value = getattr(read, field.attname)
            assert (bytes(value) if isinstance(value, memoryview) else value) == getattr(made, field.attname), field.attname
    assert UnsealedEvent.objects.filter(event__stream=stream).count() == 2


def test_one_row_the_database_refuses_refuses_all_with_djangos_own_error() -> None:
    from django.db import IntegrityError

    stream = ids.new_id()
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.insert(event(stream, 1), event(stream, 1))
    assert not Event.objects.filter(stream=stream).exists()


def test_a_table_whose_keys_the_database_gives_is_refused() -> None:
    with pytest.raises(TypeError, match="IdempotencyKey"):
        rows.insert(IdempotencyKey(scope="a", key="b", body_digest="c"))


def test_an_event_follows_only_one_of_its_own_stream() -> None:
    here, there = ids.new_id(), ids.new_id()
    told = events.record(kind="matter.linked", stream=here, payload={"relation": "related_to"}, opens=True)
    after = events.record(kind="matter.linked", stream=here, payload={"relation": "related_to"}, after=told)
    assert (after.seq, after.prev_hash) == (2, told.hash)
    later = events.record(kind="matter.linked", stream=here, payload={"relation": "related_to"})
    assert (later.seq, bytes(later.prev_hash)) == (3, after.hash)
    with pytest.raises(ValueError, match="its own stream"):
        events.record(kind="matter.linked", stream=there, payload={"relation": "related_to"}, after=told)


def test_serials_of_numbers_are_drawn_each_once() -> None:
    drawn = [ids.next_serial() for _ in range(35)]
    assert len(set(drawn)) == 35
