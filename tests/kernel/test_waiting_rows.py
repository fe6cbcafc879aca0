"""Rows that wait for the end of their block: written in one statement with it, and never missed by anything asked before."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection, transaction

from fawang.kernel import clock, rows
from fawang.people.models import Notice

pytestmark = pytest.mark.django_db
ENDING = "UPDATE people_notice SET attempts = $1 WHERE id = $2"


def notice(key: str) -> Notice:
    return Notice(channel="sms", to="13800000001", template="t", body=key, dedup_key=key, created_at=clock.now(), next_try_at=clock.now())


def there() -> list[str]:
    """What the database holds, asked past Django and past the waiting rows."""
    return sorted(key for (key,) in connection.connection.cursor().execute("SELECT dedup_key FROM people_notice"))


def test_rows_are_written_with_the_statement_that_ends_their_block() -> None:
    old = notice("old")
    rows.insert(old)
    with rows.waiting() as waiting:
        rows.insert(notice("a"))
        rows.insert(notice("b"), notice("c"))
        assert there() == ["old"]
        waiting.end_with(ENDING, [7, old.pk])
        assert there() == ["a", "b", "c", "old"]
    assert Notice.objects.get(pk=old.pk).attempts == 7
    assert list(Notice.objects.filter(attempts=7)) == [old]


def test_a_block_that_ends_without_a_statement_has_its_rows_written_too() -> None:
    with rows.waiting():
        rows.insert(notice("a"))
    assert there() == ["a"]


@pytest.mark.parametrize("asked", ["django", "plain rows", "a statement", "a walk"])
def test_whatever_else_is_asked_in_the_block_finds_them(asked: str) -> None:
    with rows.waiting():
        rows.insert(notice("a"))
        found: list[str] = {
            "django": lambda: [n.dedup_key for n in Notice.objects.all()],
            "plain rows": lambda: [n.dedup_key for n in rows.select(Notice, "")],
            "a statement": lambda: [key for (key,) in rows.execute("SELECT dedup_key FROM people_notice", [])],
            "a walk": lambda: [n.dedup_key for n in rows.walk(Notice, "")],
        }[asked]()
        assert found == ["a"]
        rows.insert(notice("b"))
    assert there() == ["a", "b"]


def test_a_savepoint_undone_undoes_what_was_inserted_in_it_and_nothing_before() -> None:
    with rows.waiting():
        rows.insert(notice("before"))
        with transaction.atomic():
            rows.insert(notice("within"))
            transaction.set_rollback(True)
        rows.insert(notice("after"))
    assert there() == ["after", "before"]


def failing() -> None:
    with rows.waiting():
        rows.insert(notice("a"))
        raise ZeroDivisionError


def test_a_block_that_fails_writes_nothing_more() -> None:
    with pytest.raises(ZeroDivisionError):
        failing()
    assert there() == []
    rows.insert(notice("b"))
    assert there() == ["b"]


def test_a_block_within_a_block_comes_after_what_waited_outside() -> None:
    with rows.waiting() as outer:
        rows.insert(notice("outer"))
        with rows.waiting():
            rows.insert(notice("inner"))
            assert there() == ["outer"]
        assert there() == ["inner", "outer"]
        rows.insert(notice("last"))
        assert there() == ["inner", "outer"]
        outer.end_with(ENDING, [1, uuid.uuid4()])
    assert there() == ["inner", "last", "outer"]
