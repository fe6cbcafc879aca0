"""Running the hotline: what the engine is told, what the operator sees, the demonstration's ground, and starting beside everything else."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from fawang.console import demo_hotline
from fawang.console.halt import Halt
from fawang.console.hotline import moment
from fawang.console.up import _hotline, _seats
from fawang.hotline import equipment, flow, services
from fawang.hotline.configuration import parse
from fawang.hotline.configurations import live_document
from fawang.hotline.controller import name_of_process, take_lease
from fawang.hotline.figures_check import differences
from fawang.hotline.models import Call, Seat, SeatPool
from fawang.hotline.operation import calls_since, status
from fawang.kernel import clock
from fawang.kernel.errors import Absent, Refusal
from fawang.kernel.models import Heartbeat
from fawang.people.models import Staff
from tests import factories
from tests.hotline.world import World, document, let_live, staff_of

pytestmark = pytest.mark.django_db


def a1(hash_name: str, *parts: str) -> str:
    return hashlib.new(hash_name, ":".join(parts).encode()).hexdigest()


def test_the_engine_learns_the_digest_keys_of_enabled_desk_phones_and_of_every_seats_browser_line(world: World) -> None:
    pool = world.pools["hefei"]
    Seat.objects.create(number="8801", pool=pool, kind="phone", account_keys=equipment.keys_of("8801", "geheim-7"))
    Seat.objects.create(number="8802", pool=pool, kind="phone", account_keys=equipment.keys_of("8802", "x"), is_enabled=False)
    Seat.objects.create(number="8803", pool=pool, kind="browser", account_keys=equipment.keys_of("8803", "x"))
    Seat.objects.create(number="8804", pool=pool, kind="phone")
    order = equipment.order()
    assert [p.account for p in order.phones] == ["web-8801", "8801", "web-8803", "8803", "web-8804"]
    desk = order.phones[1]
    assert (desk.ha1_md5, desk.ha1_sha256) == (a1("md5", "8801", "fawang", "geheim-7"), a1("sha256", "8801", "fawang", "geheim-7"))
    assert len({p.ha1_sha256 for p in order.phones}) == 5, "no two lines share a secret"
    assert "geheim-7" not in Seat.objects.get(number="8801").account_keys


def test_a_carriers_secret_comes_from_a_file_of_its_own_never_from_the_configuration(world: World, settings, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    settings.STATE_DIR = tmp_path
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "trunk_mobile").write_text("05511:pass:word\n")
    lines = [{"name": "mobile", "proxy": "sip:10.1.1.1:5060", "sources": ["10.1.1.0/24"], "max_legs": 30}, {"name": "telecom", "proxy": "sip:10.2.2.2:5060"}]
    let_live(document(trunks=lines))
    mobile, telecom = equipment.order().trunks
    assert (mobile.user, mobile.secret, mobile.register, mobile.max_legs, mobile.sources) == ("05511", "pass:word", True, 30, ("10.1.1.0/24",))
    assert (telecom.user, telecom.secret, telecom.register) == ("", "", False)


def test_the_same_equipment_is_told_once_and_a_new_phone_is_a_change(world: World) -> None:
    first, again = equipment.order(), equipment.order()
    assert first.command_id != again.command_id
    assert equipment.digest_of(first) == equipment.digest_of(again)
    Seat.objects.create(number="8805", pool=world.pools["hefei"], kind="phone", account_keys=equipment.keys_of("8805", "y"))
    assert equipment.digest_of(equipment.order()) != equipment.digest_of(first)


def test_an_engine_without_controller_apologises_after_a_while(world: World) -> None:
    fallback = equipment.order().fallback
    assert fallback.after_s > 10  # a controller that is started again is there sooner
    assert len(fallback.media) == 2


def test_the_lease_of_a_process_that_is_dead_need_not_run_out_but_that_of_a_living_one_must() -> None:
    host = socket.gethostname()
    dead = os.fork()
    if dead == 0:
        os._exit(0)
    os.waitpid(dead, 0)
    assert take_lease("e1", f"{host}:{dead}")
    assert take_lease("e1", name_of_process())
    assert not take_lease("e1", f"{host}:1")
    assert take_lease("e2", "another-host:999999")
    assert not take_lease("e2", name_of_process())


def test_the_operator_sees_queues_seats_and_running_calls(world: World) -> None:
    li = world.agent("李律师")
    world.connected(li)
    world.call("13800138002")
    world.settle()
    found = status()
    assert sorted((q["code"], q["waiting"], q["talking"]) for q in found["queues"]) == [("general", 1, 1), ("labour", 0, 0)]
    seat = next(s for s in found["seats"] if s["state"] != "offline")
    assert (seat["number"], seat["pool"], seat["state"], seat["agent"]) == ("8001", "hefei", "talking", staff_of(li).username)
    assert sorted(c["state"] for c in found["calls"]) == ["queued", "talking"]
    assert "13800138002" not in json.dumps(found)


def test_calls_since_a_moment_come_with_their_one_end_cause_and_their_recordings(world: World) -> None:
    li = world.agent("李律师")
    before = world.call("13800138009")
    before.hang_up()
    world.pump()
    world.later(minutes=10)
    since = clock.now()
    world.later(seconds=1)
    citizen, _ = world.connected(li)
    citizen.hang_up()
    world.pump()
    world.call("13800138003")
    world.settle()
    found = calls_since(since)
    assert [(c["state"], c["end_cause"]) for c in found] == [("ended", "completed"), ("queued", "")]
    assert found[0]["call_ref"] == world.row(citizen).call_ref
    assert [r["kind"] for r in found[0]["recordings"]] == ["call"]
    assert [c["end_cause"] for c in calls_since(since - timedelta(hours=1))] == [world.row(before).end_cause, "completed", ""]
    assert "13800138003" not in json.dumps(found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-02T09:00", datetime(2026, 3, 2, 9, 0, tzinfo=clock.BEIJING)),
        ("2026-03-02T01:00:00+00:00", datetime(2026, 3, 2, 9, 0, tzinfo=clock.BEIJING)),
        ("15m", datetime(2026, 3, 2, 9, 15, tzinfo=clock.BEIJING)),
        ("2h", datetime(2026, 3, 2, 7, 30, tzinfo=clock.BEIJING)),
    ],
)
def test_a_moment_is_a_date_with_time_or_how_long_ago(monday: Callable[[timedelta], None], text: str, expected: datetime) -> None:
    assert moment(text) == expected


def test_what_is_no_moment_is_refused_in_a_sentence() -> None:
    with pytest.raises(Halt, match="neulich"):
        moment("neulich")


# -- the demonstration -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialled", ["12348", "055112348", "+8655112348", "8612348"])
def test_any_number_that_ends_in_12348_reaches_the_demonstrations_queue(dialled: str) -> None:
    assert flow.number_for(parse(demo_hotline.DOCUMENT), dialled) == ("queue:general", "")


def test_the_demonstration_hotline_is_loaded_once_with_pools_seats_people_and_an_edition_in_force() -> None:
    factories.taxonomy()
    office = factories.office("hotline_platform", region="340000", name="演示平台")
    type(office).objects.filter(pk=office.pk).update(demo=True)
    for _ in range(2):
        demo_hotline.load_hotline()
    assert set(SeatPool.objects.values_list("code", flat=True)) == {"hefei", "wuhu", "scripted"}
    assert Seat.objects.filter(kind="phone").exclude(account_keys="").count() == 5
    live = live_document()
    assert live is not None
    assert live.queues["general"].hours == "always"  # the hotline answers day and night
    people = {s.username: {g.role for g in s.grants.all()} for s in Staff.objects.prefetch_related("grants")}
    assert people["lin"] == {"seat"}
    assert people["ma"] == {"seat", "hotline_supervisor"}
    assert people["gao"] == {"hotline_planner"}


def test_a_province_without_the_demonstrations_office_gets_no_demonstration_hotline() -> None:
    demo_hotline.load_hotline()
    assert not SeatPool.objects.exists()


def test_a_ready_seat_of_a_demonstration_may_ask_for_a_scripted_call_and_nobody_else(world: World, settings) -> None:  # type: ignore[no-untyped-def]
    li, zhou = world.agent("李律师"), world.agent("周律师", ready=False)
    settings.DEMO = True
    with CaptureQueriesContext(connection) as asked:
        services.call_me(actor=li)
    assert any("pg_notify" in q["sql"] and "fawang_demo_call" in q["sql"] for q in asked)
    with pytest.raises(Refusal) as refusal:
        services.call_me(actor=zhou)
    assert refusal.value.code == "hotline.not_now"
    settings.DEMO = False
    with pytest.raises(Absent):
        services.call_me(actor=li)


# -- beside everything else ------------------------------------------------------------------------------------------------------------


def test_a_busy_sip_port_is_said_in_one_sentence_and_the_rest_runs_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FAWANG_HOTLINE", "1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        monkeypatch.setenv("FAWANG_SIP_HOST", "127.0.0.1")
        monkeypatch.setenv("FAWANG_SIP_PORT", str(port))
        assert not _hotline()
        said = capsys.readouterr().err.strip().splitlines()
        assert len(said) == 1
        assert f"127.0.0.1:{port}" in said[0]
        assert os.environ["FAWANG_HOTLINE"] == "0"  # the web process then does not wait for it


def test_on_a_free_sip_port_the_hotline_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAWANG_HOTLINE", "1")
    monkeypatch.setenv("FAWANG_SIP_HOST", "127.0.0.1")
    monkeypatch.setenv("FAWANG_SIP_PORT", "0")  # the system's choice is free
    assert _hotline()
    assert os.environ["FAWANG_HOTLINE"] == "1"


def test_the_hotline_can_be_left_out(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FAWANG_HOTLINE", "0")
    assert not _hotline()
    assert capsys.readouterr().err == ""


def test_healthz_wants_controller_and_engine_unless_the_hotline_is_left_out(settings, client: Client) -> None:  # type: ignore[no-untyped-def]
    for name in ("worker", "live", "hotline"):
        Heartbeat.objects.create(name=name, beaten_at=clock.now())
    settings.HOTLINE = True
    assert client.get("/healthz").status_code == 503
    settings.HOTLINE = False
    assert client.get("/healthz").status_code == 200
    settings.HOTLINE = True
    Heartbeat.objects.create(name="hotline_engine", beaten_at=clock.now())
    assert client.get("/healthz").status_code == 200
    Heartbeat.objects.filter(name="hotline_engine").update(beaten_at=clock.now() - timedelta(minutes=2))
    assert client.get("/healthz").status_code == 503


def test_figures_that_were_changed_behind_the_events_are_found_by_the_second_way(world: World) -> None:
    li = world.agent("李律师")
    citizen, _ = world.connected(li)
    citizen.hang_up()
    world.pump()
    assert differences() == []
    Call.objects.filter(pk=world.row(citizen).pk).update(connected_at=None)
    found = differences()
    assert any(line.startswith("hotline answered 2026-03-02: shown 1, recomputed 0") for line in found)


def test_a_busy_port_of_the_browser_seats_leaves_only_them_out(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        port = other.getsockname()[1]
        monkeypatch.setenv("FAWANG_SEAT_PORT", str(port))
        monkeypatch.setenv("FAWANG_SEAT_GATEWAY", "127.0.0.1:0")
        assert not _seats()
        said = capsys.readouterr().err.strip().splitlines()
        assert len(said) == 1
        assert f"127.0.0.1:{port}" in said[0]
    assert _seats()
    assert capsys.readouterr().err == ""
