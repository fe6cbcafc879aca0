"""P3: every legal timer fires, once, in due order, whatever the machine and its clock do. ``FAULT_TIMERS`` sets the long form."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from fawang.kernel import events
from fawang.kernel.models import Event, LedgerEntry
from fawang.kernel.verification import damages
from fawang.matters import clocks, sweeper
from fawang.matters.models import Clock, Matter
from tests import factories
from tests.matters.virtual_timers import TICK, simulate

pytestmark = pytest.mark.django_db
TIMERS, SEED = int(os.environ.get("FAULT_TIMERS", "500")), int(os.environ.get("FAULT_SEED", "0")) or int.from_bytes(os.urandom(3), "big")


def test_sixty_days_of_outages_and_a_wrong_clock_miss_no_timer_and_fire_none_twice() -> None:
    print(f"seed {SEED}, {TIMERS} timers")
    outcome = simulate(TIMERS, SEED)
    assert Matter.objects.filter(process_code__startswith="t_").count() == TIMERS
    over = [key for key in outcome.lit if key[1] == "overdue"]
    assert len(over) == TIMERS  # none missed
    assert max(outcome.lit.values()) == 1  # no light twice
    assert Event.objects.filter(kind="matter.step_taken", payload__verb="fire").count() == TIMERS == len(outcome.fired)
    assert Matter.objects.filter(process_code__startswith="t_", state="over").count() == TIMERS
    assert outcome.out_of_order == 0
    assert outcome.left_over == 0  # the first look after an outage leaves nothing that is due
    assert max(outcome.late) > timedelta(days=5)  # something did fall into the nine days
    assert min(outcome.late) >= timedelta(0)  # nothing fired early by the clock of the house
    assert sum(1 for late in outcome.late if late <= TICK) > TIMERS // 2
    while events.seal():
        pass
    last: dict[Any, int] = {}
    for stream, seq in LedgerEntry.objects.order_by("position").values_list("event__stream", "event__seq"):
        assert seq == last.get(stream, 0) + 1
        last[stream] = seq
    assert list(damages()) == []


def _blind(batch: int = 50) -> int:
    """A broken sweeper: it looks only at what came due since its last look, as a cron tick does."""
    now = sweeper.time.now()
    found = list(Clock.objects.filter(next_moment__lte=now, next_moment__gt=now - 2 * TICK).values_list("pk", "matter_id"))
    return sum(sweeper._one(c, m, now) for c, m in found)


def _forgetful(batch: int = 50) -> int:
    """A broken sweeper: it does the effect and forgets to mark it, once in a while."""
    now = sweeper.time.now()
    found = list(Clock.objects.filter(next_moment__lte=now).values_list("pk", "matter_id")[:batch])
    for clock_id, matter_id in found:
        if clock_id.int % 5 == 0:
            clock = Clock.objects.select_related("matter").get(pk=clock_id)
            sweeper._record(clock.matter, clock, "overdue" if clocks.is_over(clocks.rule_of(clock), clock.statutory_due_at, now) else "red")
        sweeper._one(clock_id, matter_id, now)
    return len(found)


@pytest.mark.parametrize("broken", [_blind, _forgetful])
def test_a_broken_sweeper_does_not_get_past_the_same_count(broken: Callable[[], int]) -> None:
    outcome = simulate(30, 7, broken, days=26)
    over = [key for key in outcome.lit if key[1] == "overdue"]
    assert len(over) < 30 or max(outcome.lit.values()) > 1


def test_a_limit_that_cannot_be_handled_holds_up_no_other_and_is_tried_again(monday: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    agency = factories.office("legal_aid_agency")
    matters = [factories.matter("consultation", agency, person=factories.citizen(f"甲{n}", f"1390000{n:04d}")) for n in range(4)]
    monday(timedelta(hours=24, seconds=1))
    sound, poisoned = sweeper._record, matters[0].pk

    def record(matter: Matter, clock: Clock, light: str) -> None:
        if matter.pk == poisoned:
            raise RuntimeError("a fault in one matter's own data")
        sound(matter, clock, light)

    monkeypatch.setattr(sweeper, "_record", record)
    for _ in range(3):
        sweeper.sweep()
    lit = Event.objects.filter(kind="matter.clock_lit", payload__light="overdue")
    assert set(lit.values_list("stream", flat=True)) == {m.pk for m in matters[1:]}
    assert Clock.objects.get(matter_id=poisoned).light == "green"  # undone whole
    monkeypatch.setattr(sweeper, "_record", sound)
    monday(timedelta(minutes=2))
    sweeper.sweep()
    assert lit.filter(stream=poisoned).count() == 1


def test_events_of_one_matter_keep_their_order_in_the_ledger_when_the_clock_is_set_back(monday: Any) -> None:
    agency = factories.office("legal_aid_agency")
    matter = factories.matter("consultation", agency)
    monday(timedelta(hours=-2))
    with transaction.atomic():
        events.record(kind="matter.party_ended", stream=matter.pk, payload={"party": "x", "relation": "applicant"})
    events.seal()
    in_ledger = list(LedgerEntry.objects.filter(event__stream=matter.pk).order_by("position").values_list("event__seq", flat=True))
    assert in_ledger == sorted(in_ledger)
    assert len(in_ledger) >= 3


@pytest.mark.parametrize(
    ("rule", "till", "over"),
    [("CONS-MSG", timedelta(hours=24), timedelta(microseconds=1)), ("CONS-RATE", timedelta(days=7, hours=14, minutes=29, seconds=59), timedelta(seconds=1))],
)
def test_in_the_last_moment_of_a_limit_the_sweeper_rests_and_just_after_it_lights(monday: Any, rule: str, till: timedelta, over: timedelta) -> None:
    """民法典 §203: a limit in days ends at 24:00 of its last day; until then nothing has run out and nothing is looked at again and again."""
    from fawang.matters import clocks
    from fawang.matters.declaration import starts

    matter = factories.matter("consultation", factories.office("legal_aid_agency"))
    if rule != "CONS-MSG":
        clocks.apply(matter, starts(rule), at=matter.opened_at)
        clocks._end(clocks.open_clock(matter, "CONS-MSG"), "met", matter.opened_at)  # type: ignore[arg-type]
    monday(till)
    assert sweeper.sweep() == 1  # the red light
    assert sweeper.sweep() == 0
    row = Clock.objects.get(matter=matter, rule_code=rule)
    assert (row.light, row.statutory_due_at) == ("red", matter.opened_at + till)
    monday(over)
    assert sweeper.sweep() == 1
    assert Event.objects.filter(stream=matter.pk, kind="matter.clock_lit", payload__light="overdue").count() == 1
