"""The hotline with real calls: the way of one call from the first ring to the survey, then every process killed under load, then the broken builds."""

from __future__ import annotations

import ast
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.fault.hotline import judge as judge_module
from tests.fault.hotline.callers import HAVE_SIPP, TONE, Callers
from tests.fault.hotline.campaign import ROUNDS, campaign, one_by_one, report, rest, verdict_of
from tests.fault.hotline.house import House
from tests.fault.hotline.judge import judge, spoken, track
from tests.fault.hotline.soak import grows
from tests.fault.hotline.tampered import TAMPERINGS, tampered
from tests.fault.hotline.trials import TRIALS, caught_all
from tests.fault.world import ROOT
from tests.hotline_engines.phone import from_a_law, tones_in

pytestmark = [
    pytest.mark.fault,
    pytest.mark.skipif(not HAVE_SIPP, reason="!! SKIPPED: no sipp, no test with real calls (apt-get install sip-tester)"),
]
CALLS, RATE, APART = 40, 1.5, 4.5
SHORT_CALLS = 4
"""In each round of the short form."""


def _ports() -> tuple[int, int]:
    """A pair for the web and one for SIP that nobody uses."""
    for port in range(8410, 8450, 4):
        try:
            with socket.socket() as one, socket.socket() as two, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as three:
                one.bind(("0.0.0.0", port))
                two.bind(("0.0.0.0", port + 1))
                three.bind(("127.0.0.1", port + 17_000))
                return port, port + 17_000
        except OSError:
            continue
    raise OSError("no free ports")


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """One deployment in a folder of its own, started as an operator starts it, with three scripted seats."""
    made = House(Path(tempfile.mkdtemp(prefix="fawang-calls-")), *_ports())
    try:
        made.prepare()
        made.start()
        made.seat(3)
        yield made
    finally:
        made.stop()
        shutil.rmtree(made.folder, ignore_errors=True)


def told(house: House, *words: str) -> Any:
    """What the operator's command prints."""
    command = [sys.executable, "-m", "fawang.console.main", "hotline", *words, "--json"]
    done = subprocess.run(command, cwd=ROOT, env={**house.env, "DATABASE_URL": house.dsn("fawang_app")}, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_the_judge_of_calls_imports_nothing_of_the_product() -> None:
    tree = ast.parse(Path(judge_module.__file__).read_text())
    imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    imported |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert not [name for name in imported if name.split(".")[0] in {"fawang", "config", "django"}]


def test_memory_that_grows_is_told_from_memory_that_warms_up() -> None:
    warming = [40.0 + min(n, 20) for n in range(80)]
    leaking = [40.0 + n for n in range(80)]
    assert not grows(warming)
    assert grows(leaking)


def test_a_call_goes_from_the_first_ring_over_queue_seat_and_survey_to_one_row_with_its_recording(house: House) -> None:
    history = house.folder / "one"
    callers = Callers(history, house.sip, calls=1, rate=1, leaves=0, port=house.sip[1] + 1, media=house.sip[1] + 2000)
    end = time.monotonic() + 120
    while not callers.over() and time.monotonic() < end:
        time.sleep(0.2)
    callers.stop()
    assert callers.process.returncode == 0, "sipp counts a call that failed"
    verdict = verdict_of(house, history)
    assert verdict.violations == []
    [call] = told(house, "calls", "--since", "10m")
    assert (call["did"], call["state"], call["end_cause"], call["end_side"], call["queue"]) == ("12348", "ended", "completed", "us", "general")
    assert call["agent"] in {"moni001", "moni002", "moni003"}
    assert call["survey_level"] == 5  # key 1 is the best
    assert [(r["kind"], r["state"]) for r in call["recordings"]] == [("call", "stored")]
    with psycopg.connect(house.dsn(), row_factory=dict_row) as connection:
        ticket = connection.execute("SELECT state, nature FROM hotline_callticket WHERE call_id = %s", [call["id"]]).fetchone()
        assert ticket == {"state": "closed", "nature": "invalid"}
        kinds = [
            r["kind"] for r in connection.execute("SELECT kind FROM hotline_callevent WHERE call_id = %s AND source <> 'engine' ORDER BY id", [call["id"]])
        ]
    ways = [k for k in kinds if k in ("arrived", "greeted", "queued", "offered", "connected", "rated", "ended")]
    assert ways == ["arrived", "greeted", "queued", "offered", "connected", "rated", "ended"]
    opened = history / "opened" / f"{call['recordings'][0]['id']}.wav"
    assert spoken(track(opened, 0)).mean() > 0.8  # the citizen spoke all the time
    said = opened.read_bytes()[60::2]
    assert TONE in tones_in([from_a_law(c) for c in said[8000:12000]], (TONE, 740))
    states = {s["agent"]: s["state"] for s in told(house, "status")["seats"] if s["agent"] == call["agent"]}
    assert states == {call["agent"]: "ready"}


def test_each_process_killed_once_while_somebody_talks_leaves_every_promise_whole_and_what_a_broken_build_leaves_is_seen(house: House, tmp_path: Path) -> None:
    history = house.folder / "short"
    one_by_one(house, history, calls=SHORT_CALLS, seed=12348)
    journal, _ = rest(house, history, 180)
    verdict = judge(journal)
    print("\n".join(report(verdict)))
    assert verdict.violations == []
    assert verdict.counts["INVITEs on the wire"] == SHORT_CALLS * len(ROUNDS)
    assert sorted(kind for _, kind in journal.kills) == ["controller", "engine", "gateway", "postmaster", "recorder", "web"]
    assert verdict.counts["ended completed"] >= len(ROUNDS)
    missed = [t.name for t in TAMPERINGS if not judge(tampered(journal, t, tmp_path / t.name)).kinds[t.finds]]
    assert missed == []


def test_what_broken_builds_leave_is_named_for_every_broken_build_that_is_tried() -> None:
    assert {(t.name, t.promise, t.finds) for t in TAMPERINGS} == {(t.name, t.promise, t.finds) for t in TRIALS}


@pytest.mark.skipif("FAULT_HOTLINE" not in os.environ, reason="long form: FAULT_HOTLINE=1, beside ./run fault hotline")
def test_every_process_killed_under_load_every_invite_has_one_row_recordings_keep_all_but_the_last_second_and_nobody_is_stuck(house: House) -> None:
    seed = int(os.environ.get("FAULT_SEED", "0")) or int.from_bytes(os.urandom(4), "big")
    history = house.folder / "history"
    verdict = campaign(house, history, calls=CALLS, rate=RATE, apart=APART, seed=seed)
    print("\n".join([f"seed {seed}", *report(verdict)]))
    assert verdict.violations == []
    assert verdict.counts["INVITEs on the wire"] == CALLS
    assert verdict.counts["kills"] >= 4
    assert verdict.counts["ended completed"] >= CALLS // 4


@pytest.mark.skipif("FAULT_HOTLINE" not in os.environ, reason="long form: FAULT_HOTLINE=1, beside ./run fault hotline")
def test_the_same_judge_catches_every_broken_build_of_the_hotline(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    house.stop(database=False)
    with capsys.disabled():
        print()
        missed = caught_all(house, int.from_bytes(os.urandom(3), "big"))
    assert missed == []
    assert {promise: sum(t.promise == promise for t in TRIALS) for promise in ("P7", "P8")} == {"P7": 4, "P8": 4}
