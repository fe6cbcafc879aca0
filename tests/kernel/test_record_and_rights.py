"""The kernel's promises one by one: events are added and nothing else, consumers miss none and meet none twice, limits count for all processes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, transaction

from fawang.kernel import clock, errors, events, throttle
from fawang.kernel.errors import Absent, Forbidden, Refusal
from fawang.kernel.models import ConsumerCursor, Event, LedgerEntry, ReadLog
from fawang.kernel.policy import decide, policies, policy, require
from fawang.kernel.readlog import note_read
from fawang.kernel.texts import Text
from tests import factories

Advance = Callable[[timedelta], None]


def told(stream: str, n: int = 0) -> Event:
    return events.record(kind="staff.password_changed", stream=stream, payload={"staff": str(n)})


@pytest.mark.django_db
def test_an_event_is_written_in_the_transaction_of_what_it_tells_and_falls_with_it() -> None:
    with transaction.atomic():
        told("a")
        transaction.set_rollback(True)
    assert not Event.objects.filter(stream=events.stream_of("a")).exists()


def test_outside_a_transaction_no_event_is_written(own_database: str) -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        told("a")


@pytest.mark.django_db
def test_an_event_says_only_what_its_kind_declares() -> None:
    with pytest.raises(KeyError, match="does not declare"):
        events.record(kind="staff.password_changed", stream="a", payload={"password": "x"})
    with pytest.raises(KeyError):
        events.record(kind="nobody.knows", stream="a")


@pytest.mark.django_db
@pytest.mark.parametrize("table", [Event, LedgerEntry, ReadLog])
def test_not_even_the_owner_changes_the_record_by_an_ordinary_statement(table: Any) -> None:
    told("a")
    events.seal()
    note_read(subject_kind="matter", subject_id=events.stream_of("a"))
    assert table.objects.exists()
    column = {Event: "kind", LedgerEntry: "head", ReadLog: "purpose"}[table]
    for change in (lambda: table.objects.update(**{column: b"x" if column == "head" else "x"}), lambda: table.objects.all().delete()):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change()


@pytest.mark.django_db
def test_a_consumer_meets_every_event_once_in_the_order_of_the_ledger() -> None:
    for n in range(25):
        told(f"stream {n % 3}", n)
    events.seal()
    met: list[Event] = []
    while events.deliver("trial", met.append, batch=7):
        pass
    positions = [LedgerEntry.objects.get(event=e).position for e in met]
    assert positions == list(range(1, LedgerEntry.objects.count() + 1))
    for n in range(3):
        seqs = [e.seq for e in met if e.stream == events.stream_of(f"stream {n}")]
        assert seqs == sorted(seqs)
    assert ConsumerCursor.objects.get(name="trial").position == positions[-1]


def test_an_event_that_commits_late_is_not_passed_over(own_database: str) -> None:
    """A slow transaction that began first and ends last: a consumer that has read on meanwhile still meets its event."""
    met: list[str] = []

    def deliver() -> None:
        while events.seal():
            pass
        while events.deliver("late", lambda e: met.append(e.payload["staff"]) if e.kind == "staff.password_changed" else None):
            pass

    with psycopg.connect(own_database) as slow:
        with transaction.atomic():
            first = told("template", 0)
        columns = [f.column for f in Event._meta.concrete_fields]
        copied = {"id": "gen_random_uuid()", "stream": "gen_random_uuid()", "payload": '\'{"staff": "slow"}\''}
        shown = ", ".join(copied.get(c, c) for c in columns)
        slow.execute(f"INSERT INTO kernel_event ({', '.join(columns)}) SELECT {shown} FROM kernel_event WHERE id = %s", [first.pk])  # type: ignore[call-overload]
        with transaction.atomic():
            told("fast", 1)
        deliver()
        assert met == ["0", "1"]
        slow.commit()
    deliver()
    assert met == ["0", "1", "slow"]


@pytest.mark.django_db
def test_a_limit_counts_attempts_in_a_window_and_opens_again_after_it(monday: Advance) -> None:
    for _ in range(3):
        throttle.spend("k", limit=3, window=timedelta(minutes=1))
    with pytest.raises(Refusal) as refused:
        throttle.spend("k", limit=3, window=timedelta(minutes=1))
    assert (refused.value.code, refused.value.status, refused.value.params["seconds"]) == ("too_many", 429, 60)
    throttle.spend("other", limit=3, window=timedelta(minutes=1))
    monday(timedelta(seconds=61))
    throttle.spend("k", limit=3, window=timedelta(minutes=1))


def test_a_limit_is_one_for_all_connections_at_once(own_database: str) -> None:
    from tests.matters.races import codes, done, together

    results = together([lambda: throttle.spend("shared", limit=7, window=timedelta(hours=1)) for _ in range(20)])
    assert (len(done(results)), codes(results)) == (7, ["too_many"] * 13)


@pytest.mark.django_db
def test_an_unknown_policy_is_a_fault_and_never_a_yes() -> None:
    with pytest.raises(KeyError):
        decide("nobody.declared", None)
    assert all(p.about.zh and p.about.en for p in policies().values())


@pytest.mark.django_db
def test_a_no_that_must_not_be_seen_looks_like_absence(monday: Advance) -> None:
    matter = factories.matter("consultation", factories.office("legal_aid_agency"))
    stranger = factories.person_actor(factories.citizen("外人", "13800000009"))
    with pytest.raises(Absent):
        require("matters.read", stranger, matter)
    with pytest.raises(Forbidden):
        require("people.audit", stranger)


def test_two_rights_of_one_name_cannot_be() -> None:
    with pytest.raises(ValueError, match="registered twice"):

        @policy("people.audit", "另一个", "Another")
        def another(actor: Any, target: Any) -> Any:
            raise AssertionError


def test_every_reason_has_words_in_both_languages_and_its_places_can_be_filled() -> None:
    import string

    assert len(errors._CATALOGUE) > 60
    for code, words in errors._CATALOGUE.items():
        assert isinstance(words, Text)
        assert words.zh.strip(), code
        assert words.en.strip(), code
        places = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in (words.zh, words.en)]
        assert places[1] <= places[0], code


@pytest.mark.django_db
def test_the_clock_can_be_stopped_and_moved_and_nothing_else_tells_the_time(monday: Advance) -> None:
    before = clock.now()
    monday(timedelta(days=3))
    assert clock.now() - before == timedelta(days=3)
    assert told("a").recorded_at == clock.now()
