"""A hotline to try things on: the fake engine and the house's clock both moved by hand, so that every path is exact."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from fawang.hotline import callbacks, configurations, outbox, recordings, seats, tickets, voicemails
from fawang.hotline.engines.fake import FakeEngine, Party
from fawang.hotline.engines.port import EngineError
from fawang.hotline.engines.timers import HandTimers
from fawang.hotline.machine import dispatch, timeouts
from fawang.hotline.models import AgentState, Call, CallbackRequest, CallLeg, CallTicket, EngineNode, QueueEntry, Seat, SeatPool
from fawang.kernel import clock
from fawang.people.actors import SYSTEM, Actor, actor_of_staff
from fawang.people.models import Staff
from tests import factories

DOCUMENT: dict[str, Any] = {
    "numbers": [{"did": "12348", "to": "queue:general"}, {"did": "12348001", "to": "menu:main"}],
    "menus": {
        "main": {
            "prompt": "menu_main",
            "options": {
                "1": {"to": "queue:general"},
                "2": {"to": "queue:labour", "needs": ["topic:labour"]},
                "3": {"to": "voicemail"},
                "4": {"to": "callback"},
                "9": {"to": "queue:general", "emergency": True},
                "*": {"to": "repeat"},
            },
            "otherwise": "queue:general",
        }
    },
    "queues": {
        "general": {
            "name": ["综合", "General"],
            "pools": [{"pool": "hefei"}, {"pool": "wuhu", "after": 30}, {"pool": "night", "when": "night"}],
            "hours": "day",
            "longest_wait": 300,
            "offer": {"after": 45, "every": 60},
            "announce_first": 20,
            "announce_every": 40,
        },
        "labour": {
            "name": ["劳动", "Labour"],
            "pools": [{"pool": "hefei"}],
            "relax": [{"after": 25, "drop": ["topic:"]}],
            "longest_wait": 120,
            "at_limit": "voicemail",
            "offer": None,
        },
    },
    "hours": {"day": {d: ["08:00-18:00"] for d in ("mon", "tue", "wed", "thu", "fri")}},
    "partners": {
        "12345": {"name": ["12345热线", "12345"], "target": "trunk:main/12345"},
        "110": {"name": ["公安110", "Police"], "target": "trunk:main/110", "emergency": True},
    },
    "dialling": [{"pattern": "1[3-9][0-9]{9}", "roles": ["seat"]}],
    "dial_by": "trunk:main/",
}


def document(**changes: Any) -> dict[str, Any]:
    """The test document with parts replaced; ``queue__general={…}`` changes keys inside a part."""
    made = copy.deepcopy(DOCUMENT)
    for name, value in changes.items():
        part, _, inner = name.partition("__")
        if inner:
            made[f"{part}s"][inner].update(value)
        else:
            made[part] = value
    return made


def let_live(data: dict[str, Any]) -> None:
    """Put an edition in force the proper way."""
    row = configurations.draft(actor=SYSTEM, document=data)
    configurations.simulate(actor=SYSTEM, version_id=row.pk)
    configurations.let_live(actor=SYSTEM, version_id=row.pk)


class World:
    """Sites, seats, people, an engine, and time in our hands."""

    def __init__(self, move: Callable[[timedelta], None], folder: Path, **changes: Any) -> None:
        self.move = move
        self.engine = FakeEngine("fake", by_hand=True, folder=folder)
        self.seq = 0
        self.bureau = factories.office("provincial_justice_department", region="340000", name="演示司法厅")
        self.platform = factories.office("hotline_platform", region="340000", name="演示12348平台", parent=self.bureau)
        self.centre = factories.office("service_center", region="340100", parent=self.bureau)
        self.wuhu = factories.office("service_center", region="340200", name="芜湖中心", parent=self.bureau)
        factories.taxonomy()
        self.pools = {
            code: SeatPool.objects.create(code=code, name=code, office=self.platform, region_code=region)
            for code, region in (("hefei", "340100"), ("wuhu", "340200"), ("night", "340000"))
        }
        let_live(document(**changes))
        EngineNode.objects.create(pk="fake", state="up", seen_at=clock.now())
        self.drop: Callable[[Any], bool] = lambda event: False

    # -- people ----------------------------------------------------------------------------------------------------------------------

    def agent(self, name: str, pool: str = "hefei", *, ready: bool = True, roles: tuple[str, ...] = ("seat",), **extra: Any) -> Actor:
        account = factories.staff(name, *roles, at=self.platform, **extra)
        seat = Seat.objects.create(number=f"8{Seat.objects.count() + 1:03d}", pool=self.pools[pool], kind="phone")
        who = actor_of_staff(account)
        seats.sign_on(actor=who, seat_number=seat.number, session="tab")
        if ready:
            seats.set_ready(actor=who)
            self.pump()
        return who

    def supervisor(self, name: str = "班长", **extra: Any) -> Actor:
        return self.agent(name, roles=("seat", "hotline_supervisor"), ready=False, **extra)

    def state(self, who: Actor) -> tuple[str, str]:
        row = AgentState.objects.get(pk=who.account)
        return row.state, row.reason

    # -- the line --------------------------------------------------------------------------------------------------------------------

    def call(self, frm: str = "13800138000", to: str = "12348", **extra: Any) -> Party:
        party = self.engine.call(to, frm, **extra)
        self.pump()
        return party

    def row(self, party: Party) -> Call:
        return Call.objects.get(engine_id="fake", leg_id=party.leg_id)

    def phone(self, who: Actor) -> Party:
        """The newest line to somebody's seat."""
        leg = CallLeg.objects.filter(staff_id=who.account).order_by("-created_at", "-id").first()
        assert leg is not None
        return self.engine.party(leg.leg_id)

    def partner(self, party: Party) -> Party:
        """The newest line to a partner in a call."""
        leg = self.row(party).legs.filter(role="partner").order_by("-created_at", "-id").first()
        assert leg is not None
        return self.engine.party(leg.leg_id)

    def connected(self, who: Actor, frm: str = "13800138000", to: str = "12348") -> tuple[Party, Party]:
        """A citizen and an agent in conversation."""
        citizen = self.call(frm, to)
        self.settle()
        seat = self.phone(who)
        seat.answer()
        self.settle()
        assert self.row(citizen).state == "talking"
        return citizen, seat

    # -- time ------------------------------------------------------------------------------------------------------------------------

    def pump(self) -> None:
        """Deal with what was told and send what is wanted until nothing is left."""
        for _ in range(200):
            self.engine.advance(0)
            events = list(self.engine.core.page(self.seq)) if not self.engine.down else []
            if events:
                self.seq = events[-1].seq
                kept = [e for e in events if not self.drop(e)]
                if kept:
                    dispatch.handle(kept)
            sent = self.send()
            if not events and not sent:
                return
        raise AssertionError("the machine never comes to rest")

    def send(self) -> int:
        if self.engine.down:
            return 0
        rows = outbox.pending("fake")
        for row in rows:
            try:
                self.engine.core.do(outbox.command_of(row))
                outbox.settle(row)
            except EngineError as error:
                outbox.settle(row, refusal=str(error))
                dispatch.refused(row, str(error))
        return len(rows)

    def wait(self, seconds: float) -> None:
        """Let time pass everywhere, from one due moment to the next, the sweeper beside it."""
        until = clock.now() + timedelta(seconds=seconds)
        self.pump()
        while (now := clock.now()) < until:
            by = max(0.05, min((self._next_due(until) - now).total_seconds(), (until - now).total_seconds()))
            self.move(timedelta(seconds=by))
            if not self.engine.down:
                self.engine.advance(by)
            self.pump()
            timeouts.sweep()
            callbacks.sweep()
            self.pump()

    def _next_due(self, until: datetime) -> datetime:
        now = clock.now()
        found = [until]
        timers = self.engine.timers
        if not self.engine.down and isinstance(timers, HandTimers):
            found += [now + timedelta(seconds=due - timers.now()) for due, _, timer in timers._heap if timer.act and due > timers.now()]
        for model, name in ((Call, "deadline_at"), (QueueEntry, "next_moment"), (AgentState, "deadline_at"), (CallbackRequest, "not_before")):
            rows = model.objects.filter(**{f"{name}__gt": now})
            due = rows.order_by(name).values_list(name, flat=True).first()
            found += [due] if due else []
        return min(found)

    def settle(self) -> None:
        """Until prompts of a few seconds are over."""
        self.wait(4)

    def later(self, **by: float) -> None:
        """Jump, then sweep."""
        self.move(timedelta(**by))
        timeouts.sweep()
        callbacks.sweep()
        self.pump()

    def store(self) -> None:
        """Seal recordings, settle voicemails."""
        recordings.seal_waiting()
        voicemails.settle_lengths()

    # -- tickets ---------------------------------------------------------------------------------------------------------------------

    def ticket(self, party: Party) -> CallTicket:
        return CallTicket.objects.get(call=self.row(party))

    def fill(self, who: Actor, ticket: CallTicket, **values: Any) -> None:
        for name, value in values.items():
            tickets.save_field(actor=who, ticket_id=ticket.pk, name=name, value=value)


CONSULTED: dict[str, Any] = {
    "nature": "consultation",
    "category": "labour.wages.arrears",
    "region": "340103",
    "identity_state": "self_stated",
    "caller_name": "王小明",
    "facts": "厂里拖欠三个月工资，问怎么要。",
    "answer": "可以向劳动保障监察投诉，也可以申请劳动仲裁。",
    "legal_basis": "《劳动法》第五十条",
    "result": "answered",
    "aid_notice": "told",
}


def staff_of(who: Actor) -> Staff:
    return Staff.objects.get(pk=who.account)
