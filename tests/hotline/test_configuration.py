"""Editions: sound or refused, walked through before they live, fixed afterwards; announcements effective at once; what a walk says is what happens."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from fawang.hotline import announcements, configurations, flow, simulator
from fawang.hotline.configuration import BadDocument, parse
from fawang.hotline.models import CallEvent, ConfigVersion
from fawang.hotline.simulator import Scenario, SimAgent
from fawang.kernel import clock
from fawang.kernel.errors import Forbidden, Refusal
from fawang.kernel.texts import Text
from fawang.people.actors import SYSTEM
from tests import factories
from tests.conftest import BEIJING
from tests.hotline.world import DOCUMENT, World, document

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("spoil", "place"),
    [
        (lambda d: d["numbers"].append({"did": "1", "to": "queue:none"}), "numbers.2.to"),
        (lambda d: d["menus"]["main"]["options"].update({"7": {"to": "menu:none"}}), "menus.main.options.7.to"),
        (lambda d: d["menus"]["main"].update(otherwise="menu:main"), "menus.main.otherwise"),
        (lambda d: d["menus"]["main"].update(otherwise="repeat"), "menus.main.otherwise"),
        (lambda d: d["menus"]["main"]["options"].update({"12": {"to": "voicemail"}}), "menus.main.options.12"),
        (lambda d: d["queues"]["general"].update(hours="never"), "queues.general.hours"),
        (lambda d: d["queues"]["general"].update(pools=[{"pool": "hefei", "after": 10}]), "queues.general.pools"),
        (lambda d: d["queues"]["general"].update(name=["综合"]), "queues.general.name"),
        (lambda d: d["queues"]["general"].update(wrap=3), "queues.general.wrap"),
        (lambda d: d["partners"].update({"119": {"name": ["消防", "Fire"], "target": "119"}}), "partners.119.target"),
        (lambda d: d["dialling"].append({"pattern": "1[", "roles": ["seat"]}), "dialling.1.pattern"),
        (lambda d: d["hours"]["day"].update(mon=["8:30-12:00"]), "hours.day.mon"),
        (lambda d: d["hours"]["day"].update(mon=["12:00-08:30"]), "hours.day.mon"),
        (lambda d: d["hours"]["day"].update(someday=["08:30-12:00"]), "hours.day.someday"),
        (lambda d: d.update(numbers=[]), "numbers"),
    ],
)
def test_a_document_that_would_lose_a_caller_is_refused_with_the_place(spoil: Any, place: str) -> None:
    data = copy.deepcopy(DOCUMENT)
    assert parse(data)
    spoil(data)
    with pytest.raises(BadDocument) as bad:
        parse(data)
    assert place in [fault[0] for fault in bad.value.faults]
    assert all(words.zh and words.en for _, words in bad.value.faults)


def test_two_menus_that_only_lead_to_each_other_trap_nobody() -> None:
    data = copy.deepcopy(DOCUMENT)
    data["menus"]["a"] = {"prompt": "menu_main", "options": {}, "otherwise": "menu:b"}
    data["menus"]["b"] = {"prompt": "menu_main", "options": {}, "otherwise": "menu:a"}
    with pytest.raises(BadDocument) as bad:
        parse(data)
    assert {f[0] for f in bad.value.faults} == {"menus.a.otherwise", "menus.b.otherwise"}


def test_an_edition_goes_from_draft_over_simulation_to_life_by_two_people_and_does_not_change_on_the_way(world: World) -> None:
    planner = factories.actor(factories.staff("规划", "hotline_planner", "hotline_supervisor", at=world.platform))
    boss = factories.actor(factories.staff("班长", "hotline_supervisor", at=world.platform))
    row = configurations.draft(actor=planner, document=document(queue__general={"ring": 20}), note="振铃二十秒")
    with pytest.raises(Refusal) as refused:
        configurations.let_live(actor=boss, version_id=row.pk)
    assert refused.value.code == "hotline.config_stale"
    row = configurations.simulate(actor=planner, version_id=row.pk)
    assert row.state == "simulated"
    assert len(row.simulation) >= 8
    with pytest.raises(Refusal) as refused:
        configurations.let_live(actor=planner, version_id=row.pk)
    assert refused.value.code == "hotline.config_self"
    with pytest.raises(Forbidden):
        configurations.let_live(actor=factories.actor(factories.staff("坐席", "seat", at=world.platform)), version_id=row.pk)
    before = ConfigVersion.objects.get(state="live")
    configurations.let_live(actor=boss, version_id=row.pk)
    before.refresh_from_db()
    assert before.state == "retired"
    live = configurations.live_document()
    assert live is not None
    assert live.queues["general"].ring == 20
    with pytest.raises(Refusal) as refused:
        configurations.revise(actor=planner, version_id=row.pk, document=document())
    assert refused.value.code == "hotline.config_fixed"
    with pytest.raises(DatabaseError), transaction.atomic():
        ConfigVersion.objects.filter(pk=row.pk).update(document={"numbers": []})
    with pytest.raises(DatabaseError), transaction.atomic():
        ConfigVersion.objects.filter(pk=row.pk).update(state="draft")


def test_a_revised_draft_must_be_walked_again(world: World) -> None:
    row = configurations.draft(actor=SYSTEM, document=document())
    configurations.simulate(actor=SYSTEM, version_id=row.pk)
    configurations.revise(actor=SYSTEM, version_id=row.pk, document=document(queue__general={"ring": 25}))
    with pytest.raises(Refusal):
        configurations.let_live(actor=SYSTEM, version_id=row.pk)


def test_a_pool_that_does_not_exist_is_named(world: World) -> None:
    with pytest.raises(Refusal) as refused:
        configurations.draft(actor=SYSTEM, document=document(queue__general={"pools": [{"pool": "mars"}]}))
    assert (refused.value.code, refused.value.params) == ("hotline.config_pools", {"pools": "mars"})


def test_calls_under_way_keep_the_edition_they_began_under(world: World) -> None:
    from tests.hotline.world import let_live

    world.agent("李律师", ready=False)
    citizen = world.call()
    world.settle()
    before = world.row(citizen).config_id
    let_live(document(queue__general={"longest_wait": 30, "at_limit": "goodbye"}))
    world.wait(40)
    assert world.row(citizen).config_id == before
    assert world.row(citizen).state == "queued"
    other = world.call("13800138088")
    world.wait(50)
    assert (world.row(other).end_cause, world.row(citizen).state) == ("no_agent", "queued")


# -- the simulator ---------------------------------------------------------------------------------------------------------------------

TEN = datetime(2026, 3, 2, 10, 0, tzinfo=BEIJING)


def walk(**changes: Any) -> simulator.Walk:
    scenario = {"name": Text("试", "try"), "at": TEN, **changes}
    return simulator.walk(parse(copy.deepcopy(DOCUMENT)), Scenario(**scenario))


def test_a_walk_says_when_what_happens_while_nobody_is_free(world: World) -> None:
    walked = walk()
    assert [(h.at, h.what) for h in walked.happenings][:9] == [
        (0, "notice"), (6, "greeting"), (10, "queued"), (30, "announce"), (40, "overflow"), (55, "offer"), (70, "announce"), (110, "announce"), (115, "offer"),
    ]  # fmt: skip
    assert (walked.happenings[-1].what, walked.happenings[-1].at, walked.outcome, walked.ended) == ("callback", 310, "callback", True)


def test_a_walk_rings_the_nearest_pool_first_and_the_next_after_its_time(world: World) -> None:
    wuhu = walk(agents=(SimAgent("wuhu"),))
    assert [(h.at, h.what, h.detail) for h in wuhu.happenings][-2:] == [(40, "rings", "wuhu"), (40, "connected", "wuhu")]
    shy = walk(agents=(SimAgent("hefei", answers=False), SimAgent("hefei", free_after=20)))
    assert [h.what for h in shy.happenings if h.what in ("rings", "no_answer", "connected")] == ["rings", "no_answer", "rings", "connected"]


def test_a_walk_follows_keys_needs_and_their_relaxing(world: World) -> None:
    specialist = walk(did="12348001", keys=("2",), agents=(SimAgent("hefei", ("topic:labour",)),))
    assert specialist.outcome == "connected"
    assert "topic:labour" in next(h.detail for h in specialist.happenings if h.what == "queued")
    other = walk(did="12348001", keys=("2",), agents=(SimAgent("hefei", ("topic:family",)),))
    at = next(h.at for h in other.happenings if h.what == "connected") - next(h.at for h in other.happenings if h.what == "queued")
    assert at == 25
    lost = walk(did="12348001", keys=("8", "8"))
    assert "otherwise" in [h.what for h in lost.happenings]


def test_a_walk_by_night_and_one_who_gives_up(world: World) -> None:
    night = walk(at=TEN.replace(hour=23))
    assert (night.outcome, "overflow" in [h.what for h in night.happenings]) == ("callback", False), "the day pools are closed"
    staffed = walk(at=TEN.replace(hour=23), agents=(SimAgent("night"),))
    assert staffed.outcome == "connected"
    day_only = walk(at=TEN.replace(hour=23), agents=(SimAgent("hefei"),), did="12348001", keys=("2",))
    assert day_only.outcome == "connected", "this queue has no hours of its own"
    impatient = walk(hangs_up_after=33)
    assert (impatient.outcome, impatient.happenings[-1].at) == ("abandoned_queue", 43)


def test_what_the_walk_says_is_what_the_machine_does(world: World) -> None:
    """The same call, once imagined and once made with the fake engine: same things at the same seconds of waiting."""
    world.agent("李律师", ready=False)
    citizen = world.call()
    world.wait(100)
    row = world.row(citizen)
    entered = row.queued_at
    assert entered is not None
    real = [
        (round((e.at - entered).total_seconds()), e.kind)
        for e in CallEvent.objects.filter(call=row, kind__in=("announced", "offered_instead", "overflow")).order_by("id")
    ]
    walked = walk()
    began = next(h.at for h in walked.happenings if h.what == "queued")
    names = {"announce": "announced", "offer": "offered_instead"}
    imagined = [(h.at - began, names[h.what]) for h in walked.happenings if h.what in names and h.at - began < 95]
    assert [r for r in real if r[1] != "overflow"] == imagined


# -- announcements ---------------------------------------------------------------------------------------------------------------------


def test_an_announcement_is_heard_by_the_next_call_and_by_those_who_wait(world: World) -> None:
    boss = world.supervisor()
    before = world.call("13800138001")
    world.settle()
    announcements.announce(actor=boss, kind="disaster", how="waiting", text="暴雨红色预警，受困群众请拨打119。")
    announcements.announce(actor=boss, kind="surge", how="before", text="来电较多。")
    world.wait(18)
    said = CallEvent.objects.filter(call=world.row(before), kind="announced").count()
    assert said == 1
    after = world.call("13800138002")
    world.wait(0.7)
    heard = after.hears()
    assert len(heard) == 1
    greeting = world.row(after).notes
    assert greeting["then"] == "greeted"
    world.wait(0.3)
    row = announcements.in_force(how="before")[0]
    announcements.withdraw(actor=boss, announcement=row)
    assert announcements.in_force(how="before") == []


def test_an_announcement_instead_of_service_ends_the_call_after_it(world: World) -> None:
    boss = world.supervisor()
    announcements.announce(actor=boss, kind="disaster", how="instead", text="机房停电，请稍后再拨。", region_code="340000")
    citizen = world.call()
    world.wait(8)
    assert (world.row(citizen).state, world.row(citizen).end_cause) == ("ended", "announced")


def test_announcements_keep_to_their_region_queue_and_time(world: World) -> None:
    boss = world.supervisor()
    announcements.announce(
        actor=boss, kind="change", how="waiting", text="搬迁", queues=("labour",), region_code="340200", ends_at=clock.now() + timedelta(hours=1)
    )
    assert len(announcements.in_force(queue="labour", region="340203")) == 1
    assert announcements.in_force(queue="general", region="340203") == []
    assert announcements.in_force(queue="labour", region="340100") == []
    world.later(hours=2)
    assert announcements.in_force(queue="labour", region="340203") == []
    with pytest.raises(Forbidden):
        announcements.announce(actor=world.agent("坐席", ready=False), kind="surge", how="before", text="x")


def test_numbers_are_spoken_as_people_speak_them() -> None:
    said = {n: "".join(flow.spoken_number(n)).replace("digit_", "") for n in (0, 1, 10, 11, 20, 23, 100, 105, 110, 119, 999)}
    assert said == {
        0: "0", 1: "1", 10: "ten", 11: "ten1", 20: "2ten", 23: "2ten3", 100: "1hundred", 105: "1hundred05", 110: "1hundred1ten", 119: "1hundred1ten9",
        999: "9hundred9ten9",
    }  # fmt: skip
