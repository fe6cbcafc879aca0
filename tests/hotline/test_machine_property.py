"""Whatever happens in whatever order, with events doubled, shuffled and lost: one row an INVITE, one end, nobody stuck after the deadlines."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from fawang.hotline import calling, outbox, seats, supervision
from fawang.hotline.causes import CAUSES
from fawang.hotline.engines.port import EngineError
from fawang.hotline.machine import dispatch, reconcile
from fawang.hotline.models import AgentState, Call, CallEvent, CallTicket
from fawang.kernel.errors import Refusal
from tests.hotline.test_breaks import stuck
from tests.hotline.world import World

pytestmark = pytest.mark.django_db
SEEDS = range(int(os.environ.get("FAWANG_HOTLINE_SEEDS", "8")))


class Disordered(World):
    """A world whose events come as they like."""

    dice = random.Random(0)
    disorder = True
    told: set[str] = set()

    def pump(self) -> None:
        for _ in range(300):
            self.engine.advance(0)
            events = list(self.engine.core.page(self.seq)) if not self.engine.down else []
            if events:
                self.seq = events[-1].seq
                if self.disorder:
                    events = [e for e in events if self.dice.random() > 0.04]
                    events += [e for e in events if self.dice.random() < 0.2]
                    if self.dice.random() < 0.5:
                        self.dice.shuffle(events)
                self.told |= {getattr(e, "leg_id", "") for e in events}
                if events:
                    dispatch.handle(events)
            sent = self.send()
            if not events and not sent:
                return
        raise AssertionError("the machine never comes to rest")

    def send(self) -> int:
        rows = [] if self.engine.down else outbox.pending("fake")
        for row in rows:
            if self.disorder and self.dice.random() < 0.05:
                with suppress(EngineError):
                    self.engine.core.do(outbox.command_of(row))  # taken, but the answer was lost: sent again below
            try:
                self.engine.core.do(outbox.command_of(row))
                outbox.settle(row)
            except EngineError as error:
                outbox.settle(row, refusal=str(error))
                dispatch.refused(row, str(error))
        return len(rows)


@pytest.mark.parametrize("seed", SEEDS)
def test_one_row_one_end_nobody_stuck(  # noqa: C901 - the actions are the test
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    import tests.hotline.conftest as fixtures

    monkeypatch.setattr(fixtures, "World", Disordered)
    dice = random.Random(seed)
    world: Any = make_world()
    world.dice, world.disorder, world.told = dice, False, set()
    agents = [world.agent(f"律师{n}", "hefei" if n else "wuhu", ready=n < 2) for n in range(3)]
    boss = world.supervisor()
    parties: list[Any] = []
    world.disorder = True

    def everybody() -> list[Any]:
        return [p for p in world.engine.parties.values() if p.leg_id in world.engine.core.legs]

    def ring_back() -> None:
        dialled = [p for p in everybody() if p.order is not None]
        if dialled:
            party = dice.choice(dialled)
            dice.choice([party.ring, party.answer, party.answer, party.answer, lambda: party.refuse("busy", 486), party.hang_up])()

    def seat_verb() -> None:
        who = dice.choice(agents)
        verb = dice.choice(
            [
                lambda: calling.hold(actor=who), lambda: calling.resume(actor=who), lambda: calling.hang_up(actor=who),
                lambda: calling.consult(actor=who, kind="staff", target=str(dice.choice(agents).account)),
                lambda: calling.consult(actor=who, kind="partner", target="12345"),
                lambda: calling.blind_transfer(actor=who, kind="queue", target="labour", reason="换队列"),
                lambda: calling.blind_transfer(actor=who, kind="partner", target="110", reason="紧急"),
                lambda: calling.make_conference(actor=who), lambda: calling.complete_transfer(actor=who), lambda: calling.end_consult(actor=who),
                lambda: calling.refuse(actor=who), lambda: seats.set_ready(actor=who), lambda: seats.set_not_ready(actor=who, reason="break"),
                lambda: seats.end_wrap_up(actor=who), lambda: calling.hang_up_with_reason(actor=who, kind="abuse", reason="扬言伤害"),
                lambda: supervision.supervise(actor=boss, agent_id=who.account, kind=dice.choice(["listen", "whisper", "barge", "takeover"]), reason="抽查"),
                lambda: supervision.force_state(actor=boss, agent_id=who.account, state=dice.choice(["ready", "not_ready"]), reason="调度"),
            ]
        )  # fmt: skip
        with suppress(Refusal):
            verb()

    def break_engine() -> None:
        world.engine.crash()
        world.wait(dice.choice([0.5, 4]))
        lost = dice.random() < 0.3
        world.engine.restart(calls_lost=lost)
        if lost:
            world.seq = 0
        world.pump()
        reconcile.reconcile(world.engine.core.snapshot())

    actions: list[Callable[[], Any]] = [
        lambda: parties.append(world.call(f"1390000{len(parties):04d}", dice.choice(["12348", "12348", "12348001", "777"]))),
        lambda: everybody() and dice.choice(everybody()).press(dice.choice("123459#*")),
        lambda: everybody() and dice.choice(everybody()).hang_up(),
        ring_back, ring_back, ring_back, seat_verb, seat_verb, seat_verb,
        lambda: world.wait(dice.choice([0.5, 2, 5, 20])),
        lambda: world.wait(dice.choice([3, 7])),
        lambda: reconcile.reconcile(world.engine.core.snapshot()),
        lambda: dice.random() < 0.2 and break_engine(),
    ]  # fmt: skip
    for _ in range(45):
        dice.choice(actions)()
        world.pump()
    world.disorder = False
    for party in everybody():
        if dice.random() < 0.5:
            party.hang_up()
    world.pump()
    reconcile.reconcile(world.engine.core.snapshot())
    world.pump()
    for _ in range(6):
        for party in everybody():
            if party.order is None:
                party.hang_up()
        world.wait(60)
        reconcile.reconcile(world.engine.core.snapshot())
        world.pump()
    check(world, [p for p in parties if p.leg_id in world.told])


def check(world: Any, heard_of: list[Any]) -> None:
    """The promise. A call of which every single event was lost, and which was gone before anybody looked, is known to nobody."""
    rows = list(Call.objects.filter(direction="in"))
    assert {r.leg_id for r in rows} >= {p.leg_id for p in heard_of}, "one row an INVITE"
    assert len({r.leg_id for r in rows}) == len(rows)
    assert {r.state for r in rows} <= {"ended"}
    assert all(r.end_cause in CAUSES and r.ended_at for r in rows)
    ends = list(CallEvent.objects.filter(kind="ended").values_list("call_id", flat=True))
    assert len(ends) == len(set(ends)) == Call.objects.filter(state="ended").count(), "one end a call"
    assert stuck() == []
    assert not AgentState.objects.filter(state__in=("reserved", "ringing", "talking", "hold"), call__direction="in").exists()
    connected = Call.objects.filter(connected_at__isnull=False).count()
    assert CallTicket.objects.count() == connected, "one call, one ticket"
    assert not [leg for leg in world.engine.core.legs.values() if leg.direction == "in"], "no line is left behind"
