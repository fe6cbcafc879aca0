"""Writes that go together: in their order, seen by whatever is read, taken back with their savepoint, refused like any other."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from fawang.hotline import seats
from fawang.hotline.machine import timeouts
from fawang.hotline.models import AgentState, Call, CallEvent, EngineCommand, EngineNode, QueueEntry
from fawang.hotline.together import insert, together, update, update_where
from fawang.kernel import clock
from tests.hotline.world import World

pytestmark = pytest.mark.django_db


def event(kind: str) -> CallEvent:
    return CallEvent(source="system", kind=kind, at=clock.now(), recorded_at=clock.now(), data={"share": "100 %", "words": "甲;乙"})


def kinds() -> list[str]:
    return list(CallEvent.objects.filter(source="system").order_by("id").values_list("kind", flat=True))


def test_three_writes_and_a_question_are_one_message_and_the_answer_is_the_questions() -> None:
    node = EngineNode.objects.create(engine_id="e")
    with transaction.atomic(), together(), CaptureQueriesContext(connection) as asked:
        insert(event("first"))
        insert(event("second"))
        node.state = "up"
        update(node, "state")
        assert kinds() == ["first", "second"]
        assert CallEvent.objects.filter(data__share="100 %").extra(where=["kind LIKE 's%%'"]).count() == 1
        assert len(asked) == 2
    node.refresh_from_db()
    assert node.state == "up"


def test_what_nobody_reads_is_written_before_the_commit_in_its_order() -> None:
    with transaction.atomic(), together():
        insert(EngineNode(engine_id="e", state="new"))
        update_where(EngineNode.objects.filter(state="new"), state="up")
        insert(EngineNode(engine_id="f", state="new"))
    assert list(EngineNode.objects.order_by("pk").values_list("pk", "state")) == [("e", "up"), ("f", "new")]


def test_a_savepoint_that_is_taken_back_takes_back_what_waited_in_it_and_nothing_else() -> None:
    with transaction.atomic(), together():
        insert(event("before"))
        with contextlib.suppress(ValueError), transaction.atomic():
            insert(event("inside"))
            raise ValueError
        insert(event("after"))
    assert kinds() == ["before", "after"]


def test_a_write_the_database_refuses_is_refused_before_the_end() -> None:
    EngineNode.objects.create(engine_id="e")
    with pytest.raises(IntegrityError), transaction.atomic(), together():
        insert(EngineNode(engine_id="e"))


def test_a_change_that_breaks_off_writes_nothing() -> None:
    with contextlib.suppress(ValueError), transaction.atomic(), together():
        insert(event("never"))
        raise ValueError
    insert(event("at once"))
    assert kinds() == ["at once"]


def test_a_free_seat_gets_its_call_in_ten_statements_however_many_wait(world: World) -> None:
    li = world.agent("李律师", ready=False)
    calls = []
    for n in range(4):
        calls.append(world.call(f"138001380{n:02d}"))
        world.wait(1)
    world.settle()
    assert QueueEntry.objects.filter(state="waiting").count() == 4
    with CaptureQueriesContext(connection) as asked:
        agent = seats.set_ready(actor=li)
    assert (agent.state, agent.call_id) == ("reserved", world.row(calls[0]).pk)
    assert len(asked) <= 10, [q["sql"][:80] for q in asked]
    assert AgentState.objects.get(pk=li.account).state == "reserved"
    assert EngineCommand.objects.filter(call_id=agent.call_id, kind="Originate", state="pending").count() == 1


def test_only_what_changed_of_a_call_is_written(world: World) -> None:
    citizen = world.call()
    world.pump()
    Call.objects.filter(pk=world.row(citizen).pk).update(caller_region="340100")
    before = world.row(citizen).version
    from fawang.hotline.machine.turn import turn

    with turn(world.row(citizen).pk) as here:
        assert here is not None
        Call.objects.filter(pk=here.call.pk).update(priority=7)
        here.call.notes["path"] = ["1"]
    row = world.row(citizen)
    assert (row.priority, row.notes["path"], row.version, row.caller_region) == (7, ["1"], before + 1, "340100")


# -- an idle house is left in peace ----------------------------------------------------------------------------------------------------


def test_an_idle_house_is_asked_two_questions_and_nothing_is_swept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.agent("李律师")
    monkeypatch.setattr(timeouts, "sweep", lambda: pytest.fail("swept"))
    with CaptureQueriesContext(connection) as asked:
        assert timeouts.sweep_if_due() == 0
    assert len(asked) == 2


@pytest.mark.parametrize("what", ["deadline of a call", "moment of a place", "deadline of an agent", "silent page", "agent of an ended call", "both wait"])
def test_whatever_is_due_is_found_by_the_one_question(world: World, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    li = world.agent("李律师")
    swept: list[int] = []
    monkeypatch.setattr(timeouts, "sweep", lambda: swept.append(1) or 1)
    if what == "silent page":
        AgentState.objects.filter(pk=li.account).update(line="browser", seen_at=clock.now() - timedelta(hours=1))
    else:
        monkeypatch.undo()
        citizen, _ = world.connected(li)
        monkeypatch.setattr(timeouts, "sweep", lambda: swept.append(1) or 1)
        past, call = clock.now() - timedelta(seconds=1), Call.objects.filter(pk=world.row(citizen).pk)
        if what == "deadline of a call":
            call.update(deadline_at=past)
        elif what == "deadline of an agent":
            AgentState.objects.filter(pk=li.account).update(deadline_at=past)
        elif what == "agent of an ended call":
            call.update(state="ended", end_cause="error", ended_at=clock.now(), deadline_at=None)
        else:
            QueueEntry.objects.filter(call=world.row(citizen)).update(state="waiting", next_moment=past if what == "moment of a place" else None)
            if what == "both wait":
                AgentState.objects.filter(pk=li.account).update(state="ready", call=None)
    assert timeouts.sweep_if_due() == 1
    assert swept == [1]
