"""Races on a real PostgreSQL: several dispatchers at once, and nobody is ever given away twice."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from fawang.hotline import controller, seats
from fawang.hotline.engines.fake import FakeEngine
from fawang.hotline.machine import dispatch, timeouts, waiting
from fawang.hotline.models import AgentState, Call, CallbackSlot, EngineNode, QueueEntry, Reservation
from fawang.kernel.context import acting
from tests.hotline.world import World


def at_once(jobs: list[Callable[[], Any]]) -> list[BaseException]:
    """Run everything at the same moment, each on its own connection; what went wrong."""
    gate, failures = threading.Barrier(len(jobs)), []

    def run(job: Callable[[], Any]) -> None:
        try:
            gate.wait(30)
            with acting(door="hotline"):
                job()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return failures


def arrivals(name: str, count: int, start: int) -> tuple[FakeEngine, list[Any]]:
    """An engine with calls in the queue, its events dealt with one after another."""
    engine = FakeEngine(name, by_hand=True)
    EngineNode.objects.get_or_create(pk=name, defaults={"state": "up"})
    for n in range(count):
        engine.call("12348", f"1390000{start + n:04d}")
    return engine, engine.core.page(0)


def open_ones() -> tuple[Counter[Any], Counter[Any]]:
    rows = list(Reservation.objects.filter(state="open").values_list("staff_id", "call_id"))
    return Counter(r[0] for r in rows), Counter(r[1] for r in rows)


def test_two_controllers_and_ten_agents_share_fifty_calls_without_giving_anybody_away_twice(committed_world: World) -> None:
    world = committed_world
    agents = [world.agent(f"律师{n}", ready=False) for n in range(10)]
    for name, start in (("one", 0), ("two", 100)):
        _, events = arrivals(name, 25, start)
        dispatch.handle(events)
    for call in Call.objects.all():
        from fawang.hotline.machine.turn import turn

        with turn(call.pk) as here:
            assert here is not None
            waiting.enter(here, "general")
    assert QueueEntry.objects.filter(state="waiting").count() == 50
    sweeps = [timeouts.sweep, timeouts.sweep, waiting.serve_everybody, waiting.serve_everybody]
    failures = at_once([*[lambda a=a: seats.set_ready(actor=a) for a in agents], *sweeps])
    assert failures == []
    waiting.serve_everybody()
    staff, calls = open_ones()
    assert (len(staff), len(calls)) == (10, 10)
    assert set(staff.values()) | set(calls.values()) == {1}
    assert QueueEntry.objects.filter(state="offered").count() == 10
    assert AgentState.objects.filter(state="reserved").count() == 10
    earliest = list(QueueEntry.objects.order_by("entered_at", "pk").values_list("call_id", flat=True)[:10])
    assert sorted(calls, key=str) == sorted(earliest, key=str), "the ten who came first"


def test_many_rounds_of_finishing_and_taking_never_double_book_anybody(committed_world: World) -> None:
    world = committed_world
    agents = [world.agent(f"律师{n}", ready=False) for n in range(6)]
    _, events = arrivals("one", 24, 0)
    dispatch.handle(events)
    from fawang.hotline.machine import offering
    from fawang.hotline.machine.turn import turn

    for call in Call.objects.all():
        with turn(call.pk) as here:
            assert here is not None
            waiting.enter(here, "general")
    for who in agents:
        seats.set_ready(actor=who)

    def take(reservation: Reservation) -> None:
        with turn(reservation.call_id) as here:
            assert here is not None
            leg = here.call.legs.get(leg_id=reservation.leg_id)
            offering.taken(here, leg)
        with turn(reservation.call_id) as here:
            assert here is not None
            from fawang.hotline.machine import ending

            ending.end(here, "completed", side="citizen")
        row = AgentState.objects.get(pk=reservation.staff_id)
        with transaction.atomic():
            row = AgentState.objects.select_for_update(of=("self",)).get(pk=row.pk)
            seats.leave_wrap_up(row)

    served = 0
    while open_now := list(Reservation.objects.filter(state="open")):
        staff, calls = open_ones()
        assert set(staff.values()) | set(calls.values()) == {1}
        failures = at_once([*[lambda r=r: take(r) for r in open_now], waiting.serve_everybody, timeouts.sweep])
        assert [f for f in failures if "deadlock" not in str(f)] == []
        served += len(open_now) - len(failures)
        waiting.serve_everybody()
        if served > 100:
            break
    assert Call.objects.filter(end_cause="completed").count() == 24
    assert Reservation.objects.filter(state="taken").count() == 24


def test_only_one_of_two_controllers_holds_an_engine_and_the_other_is_fenced(committed_world: World) -> None:
    won: list[str] = []
    failures = at_once([lambda n=n: won.append(n) if controller.take_lease("fake", n) else None for n in ("one", "two", "three", "four")])
    assert failures == []
    assert len(won) == 1
    committed_world.engine.call("12348", "13800138000")
    events = committed_world.engine.core.page(0)
    loser = next(n for n in ("one", "two") if n != won[0])
    with pytest.raises(dispatch.LeaseLost):
        dispatch.handle(events, holder=loser)
    assert not Call.objects.exists()
    dispatch.handle(events, holder=won[0])
    assert Call.objects.count() == 1


def test_the_last_place_of_a_slot_is_promised_once(committed_world: World) -> None:
    from fawang.hotline import callback_slots
    from fawang.kernel import clock
    from fawang.kernel.errors import Refusal

    slot = CallbackSlot.objects.create(queue_code="general", starts_at=clock.now(), ends_at=clock.now(), capacity=3)
    failures = at_once([lambda: callback_slots.take(slot.pk) for _ in range(12)])
    slot.refresh_from_db()
    assert slot.taken == 3
    assert len(failures) == 9
    assert {f.code for f in failures if isinstance(f, Refusal)} == {"hotline.slot_full"}


def test_the_same_events_dealt_with_twice_at_once_make_one_call_each(committed_world: World) -> None:
    _, events = arrivals("one", 8, 0)
    failures = at_once([lambda: dispatch.handle(events), lambda: dispatch.handle(events), lambda: dispatch.handle(events)])
    assert failures == []
    assert Call.objects.count() == 8
    assert EngineNode.objects.get(pk="one").seq == events[-1].seq
