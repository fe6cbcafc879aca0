"""Whatever dies: every INVITE has one row and one end, nobody is stuck, what lives goes on (RELIABILITY P7)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError

from fawang.hotline import outbox
from fawang.hotline.engines import commands as do
from fawang.hotline.engines import events as ev
from fawang.hotline.machine import dispatch, reconcile, timeouts
from fawang.hotline.machine.reconcile import engine_gone
from fawang.hotline.models import AgentState, Call, CallbackRequest, CallEvent, EngineNode, QueueEntry, Reservation
from fawang.kernel import clock
from tests.hotline.world import World

pytestmark = pytest.mark.django_db


def stuck() -> list[str]:
    """Everybody who belongs to something that is over."""
    return [
        *[f"agent {a.pk} {a.state}" for a in AgentState.objects.filter(state__in=("reserved", "ringing", "talking", "hold"), call__state="ended")],
        *[f"agent {a.pk} without call" for a in AgentState.objects.filter(state__in=("reserved", "ringing", "talking", "hold"), call=None)],
        *[f"entry {e.pk}" for e in QueueEntry.objects.filter(state__in=("waiting", "offered"), call__state="ended")],
        *[f"reservation {r.pk}" for r in Reservation.objects.filter(state="open").exclude(call__state__in=("offering",))],
        *[f"call {c.pk} has no deadline" for c in Call.objects.exclude(state="ended").filter(deadline_at=None)],
    ]


def test_live_calls_survive_an_engine_that_takes_them_over(world: World) -> None:
    li = world.agent("李律师")
    citizen, seat = world.connected(li)
    world.engine.crash()
    world.wait(3)
    world.engine.restart()
    world.pump()
    found = reconcile.reconcile(world.engine.core.snapshot())
    assert (found.lost, found.adopted, found.let_go) == (0, 0, 0)
    assert citizen.hears() == {f"leg:{seat.leg_id}"}
    citizen.hang_up()
    world.pump()
    assert world.row(citizen).end_cause == "completed"
    assert world.state(li) == ("wrap_up", "")


def test_an_engine_that_lost_everything_ends_its_calls_frees_its_agents_and_owes_the_citizens_a_call(world: World) -> None:
    talking, ringing = world.agent("李律师"), world.agent("周律师", ready=False)
    first, _ = world.connected(talking, "13800138001")
    from fawang.hotline import seats

    seats.set_ready(actor=ringing)
    second = world.call("13800138002")
    world.settle()
    assert world.row(second).state == "offering"
    third = world.call("13800138003")
    world.settle()
    assert world.row(third).state == "queued"
    world.engine.crash()
    world.engine.restart(calls_lost=True)
    world.seq = 0
    world.pump()
    reconcile.reconcile(world.engine.core.snapshot())
    world.pump()
    rows = [world.row(p) for p in (first, second, third)]
    assert [(r.state, r.end_cause, r.end_side) for r in rows] == [("ended", "engine_lost", "engine")] * 3
    assert world.state(talking) == ("wrap_up", "")
    assert world.state(ringing)[0] in ("ready", "not_ready")
    assert stuck() == []
    assert set(CallbackRequest.objects.values_list("reason", flat=True)) == {"lost"}
    assert CallbackRequest.objects.count() == 3


def test_a_call_whose_arrival_was_never_heard_of_gets_its_row_and_is_served(world: World) -> None:
    li = world.agent("李律师")
    world.drop = lambda event: type(event).__name__ == "LegOffered"
    citizen = world.call()
    assert not Call.objects.exists()
    world.drop = lambda event: False
    found = reconcile.reconcile(world.engine.core.snapshot())
    assert found.adopted == 1
    world.settle()
    assert world.row(citizen).agent_id == li.account


def test_a_stranger_the_engine_already_answered_hears_an_apology_and_is_ended(world: World) -> None:
    world.drop = lambda event: type(event).__name__ == "LegOffered"
    citizen = world.call()
    world.drop = lambda event: False
    world.engine.core.do(do.Answer(command_id="by-itself", leg_id=citizen.leg_id))
    world.engine.advance(0)
    world.seq = world.engine.core.snapshot().seq
    reconcile.reconcile(world.engine.core.snapshot())
    world.wait(10)
    row = world.row(citizen)
    assert (row.state, row.end_cause) == ("ended", "error")
    assert citizen.leg_id not in world.engine.core.legs


def test_a_leg_of_a_call_that_is_over_is_let_go(world: World) -> None:
    li = world.agent("李律师")
    citizen, seat = world.connected(li)
    engine_gone("fake")
    assert world.row(citizen).end_cause == "engine_lost"
    assert stuck() == []
    reconcile.reconcile(world.engine.core.snapshot())
    world.pump()
    assert {citizen.leg_id, seat.leg_id} & set(world.engine.core.legs) == set()


def test_an_answer_nobody_told_of_is_found_in_the_snapshot(world: World) -> None:
    li = world.agent("李律师")
    citizen = world.call()
    world.settle()
    world.drop = lambda event: type(event).__name__ == "LegAnswered"
    world.phone(li).answer()
    world.pump()
    assert world.row(citizen).state == "offering"
    world.drop = lambda event: False
    reconcile.reconcile(world.engine.core.snapshot())
    world.pump()
    assert world.row(citizen).state == "talking"
    assert citizen.hears() == {f"leg:{world.phone(li).leg_id}"}


def test_every_event_told_again_changes_nothing(world: World) -> None:
    from fawang.hotline.machine import dispatch

    li = world.agent("李律师")
    citizen, _ = world.connected(li)
    citizen.hang_up()
    world.pump()
    before = list(Call.objects.values()), list(AgentState.objects.values()), CallEvent.objects.count()
    dispatch.handle(world.engine.core.page(0))
    world.pump()
    assert (list(Call.objects.values()), list(AgentState.objects.values()), CallEvent.objects.count()) == before


def test_commands_written_before_a_crash_are_sent_after_it_under_the_same_ids(world: World) -> None:
    li = world.agent("李律师")
    citizen, _ = world.connected(li)
    from fawang.hotline import calling

    calling.hold(actor=li)
    rows = outbox.pending("fake")
    assert [r.kind for r in rows] == ["HoldMusic"]
    command = outbox.command_of(rows[0])
    world.engine.core.do(command)  # the reply was lost: nobody settled it
    world.send()
    assert citizen.hears() == {"music:tone:440/400"}
    assert not outbox.pending("fake")


def test_a_refused_dial_is_as_good_as_no_answer_and_the_call_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = world.agent("坏座机")
    world.wait(1)
    good = world.agent("好座机")
    original = world.engine.hands.can_dial
    number = AgentState.objects.get(pk=bad.account).seat.number  # type: ignore[union-attr]
    monkeypatch.setattr(world.engine.hands, "can_dial", lambda target: "bad_value" if number in target else original(target))
    citizen = world.call()
    world.settle()
    assert world.row(citizen).agent_id == good.account
    assert world.state(bad) == ("not_ready", "lost")


def test_a_silent_engine_and_no_controller_are_found_by_the_worker(world: World) -> None:
    li = world.agent("李律师")
    citizen, _ = world.connected(li)
    EngineNode.objects.filter(pk="fake").update(seen_at=clock.now(), lease_until=clock.now(), state="up")
    world.move(timedelta(seconds=119))
    assert reconcile.watch() == 0
    world.move(timedelta(seconds=2))
    assert reconcile.watch() == 1
    assert world.row(citizen).end_cause == "engine_lost"
    assert world.row(citizen).ended_at < clock.now(), "at the last sign of life, not when somebody noticed"  # type: ignore[operator]
    assert world.state(li)[0] == "wrap_up"


def test_an_event_that_cannot_be_dealt_with_stands_in_nobodys_way(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from fawang.hotline.machine import arrival

    def broken(here: Any) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(arrival, "answered", broken)
    first = world.call("13800138001")
    assert world.row(first).state == "arriving"
    assert CallEvent.objects.filter(kind="LegAnswered").count() == 1
    monkeypatch.undo()
    li = world.agent("李律师")
    second = world.call("13800138002")
    world.settle()
    assert world.row(second).agent_id == li.account
    world.wait(30)
    assert (world.row(first).state, world.row(first).end_cause) == ("ended", "error")
    assert first.leg_id not in world.engine.core.legs


def test_the_sweeper_itself_leaves_nobody_on_a_call_that_is_over(world: World) -> None:
    li = world.agent("李律师")
    citizen, _ = world.connected(li)
    Call.objects.filter(pk=world.row(citizen).pk).update(state="ended", end_cause="error", ended_at=clock.now(), deadline_at=None)
    assert stuck() != []
    timeouts.sweep()
    assert stuck() == []
    assert world.state(li)[0] == "wrap_up"


def test_an_event_that_met_a_deadlock_comes_again_and_is_not_passed_over(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    citizen = world.call()
    world.settle()
    citizen.hang_up()
    [gone] = [e for e in world.engine.core.page(world.seq) if isinstance(e, ev.LegEnded)]
    sound, tries = dispatch.HANDLERS[ev.LegEnded], []

    def meets_a_deadlock(*given: Any) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise OperationalError("deadlock detected")
        sound(*given)

    monkeypatch.setitem(dispatch.HANDLERS, ev.LegEnded, meets_a_deadlock)
    before = EngineNode.objects.get(pk="fake").seq
    with pytest.raises(OperationalError):
        dispatch.handle([gone])
    assert EngineNode.objects.get(pk="fake").seq == before
    assert not CallEvent.objects.filter(kind="LegEnded").exists()
    assert world.row(citizen).state != "ended"
    dispatch.handle([gone])
    assert world.row(citizen).state == "ended"
