"""``./run fault hotline``: calls by sipp while engine, controller, recorder, database, web and seats are killed; the judge; the broken builds.

./run fault hotline                            600 calls, a kill every three seconds, every broken build
./run fault hotline --calls 60 --apart 5       shorter
"""

from __future__ import annotations

import argparse
import json
import random
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg.rows import dict_row

from tests.fault.hotline.callers import Callers
from tests.fault.hotline.house import House
from tests.fault.hotline.judge import STUCK, Journal, Places, journal_of, judge, stuck
from tests.fault.judge import Verdict
from tests.fault.world import ROOT

KINDS = ("controller", "engine", "postmaster", "web", "recorder", "seats", "gateway")
REST_S = 60.0
"""So long after the last caller has gone nobody may be stuck."""
SEALED_S = 60.0


def campaign(house: House, history: Path, *, calls: int, rate: float, apart: float, seed: int, kinds: tuple[str, ...] = KINDS, leaves: float = 0.4) -> Verdict:
    """Calls and kills, rest, judgement. The product and the scripted seats run already."""
    under_kills(house, history, calls=calls, rate=rate, apart=apart, seed=seed, kinds=kinds, leaves=leaves)
    return verdict_of(house, history)


def under_kills(house: House, history: Path, *, calls: int, rate: float, apart: float, seed: int, kinds: tuple[str, ...], leaves: float) -> None:
    """Calls while one process after another is killed, each kind as often as the others, until the last caller has gone."""
    chance = random.Random(f"hotline:{seed}")
    callers = Callers(history, house.sip, calls=calls, rate=rate, leaves=leaves, port=house.sip[1] + 1, media=house.sip[1] + 2000)
    bag: list[str] = []
    try:
        with (history / "kills.jsonl").open("a") as record:
            deadline = time.monotonic() + calls / rate
            while kinds and (bag or (time.monotonic() < deadline and not callers.over())):
                time.sleep(apart * chance.uniform(0.7, 1.3))
                if not bag:
                    bag = list(kinds)
                    chance.shuffle(bag)
                kind = bag.pop()
                record.write(json.dumps({"t": house.strike(kind, chance), "kind": kind}) + "\n")
                record.flush()
        end = time.monotonic() + 300
        while not callers.over() and time.monotonic() < end:
            time.sleep(0.3)
    finally:
        callers.stop()


TALKING = "SELECT count(*) > 0 FROM hotline_call WHERE state = 'talking'"
ROUNDS = (("controller", "web"), ("engine", "gateway"), ("postmaster", "recorder"))
PATIENT_S = 400.0
"""Whatever is waited for here comes within seconds on a quiet machine; a busy one may take its time."""


def one_by_one(house: House, history: Path, *, calls: int, seed: int) -> None:
    """The short form: for each pair of kinds a few calls, the pair killed while somebody talks, everything up again before the next pair.

    Nothing is done by the clock, so that it comes to the same on a machine that is busy with other things.
    """
    chance, logs, kills = random.Random(seed), [], []
    for n, kinds in enumerate(ROUNDS):
        folder = history / str(n)
        callers = Callers(folder, house.sip, calls=calls, rate=2.0, leaves=0.0, port=house.sip[1] + 1, media=house.sip[1] + 2000)
        try:
            house.wait_for(TALKING, PATIENT_S, "nobody talks")
            struck = [(house.strike(kind, chance), kind) for kind in kinds]
            kills += [json.dumps({"t": at, "kind": kind}) for at, kind in struck]
            house.attached(struck[0][0], PATIENT_S)
            house.wait_until_up("healthz", PATIENT_S)
            end = time.monotonic() + PATIENT_S
            while not callers.over() and time.monotonic() < end:
                time.sleep(0.2)
        finally:
            callers.stop()
        logs.append((folder / "wire.log").read_text(errors="replace"))
    (history / "wire.log").write_text("".join(logs))
    (history / "kills.jsonl").write_text("\n".join(kills) + "\n")


def verdict_of(house: House, history: Path, patience: float = REST_S) -> Verdict:
    """Let it come to rest, open the recordings, judge."""
    journal, rested = rest(house, history, patience)
    verdict = judge(journal)
    verdict.measured["seconds until nobody was stuck"] = rested
    return verdict


def rest(house: House, history: Path, patience: float = REST_S) -> tuple[Journal, float]:
    """Let it come to rest and open the recordings: the journal, and how long it took until nobody was stuck."""
    rested = come_to_rest(house, patience)
    house.wait_for_quiet("SELECT count(*) = 0 FROM hotline_recording WHERE state IN ('running', 'waiting') OR source_path <> ''", min(SEALED_S, patience))
    places = Places(sealed=house.state / "files" / "recordings", engine=house.state / "hotline" / "recordings", opened=history / "opened")
    subprocess.run(
        [sys.executable, "-m", "tests.fault.hotline.listen", str(places.opened)], cwd=ROOT, check=True, stdout=house.log, stderr=house.log,
        env={**house.env, "DATABASE_URL": house.dsn("fawang_app")},
    )  # fmt: skip
    return journal_of(history, house.dsn(), places), rested


def come_to_rest(house: House, patience: float) -> float:
    """Wait until nobody is stuck, no longer than the promise allows; how long it took."""
    began = time.monotonic()
    while time.monotonic() - began < patience:
        try:
            with psycopg.connect(house.dsn(), autocommit=True, row_factory=dict_row) as connection:
                if stuck(connection) == dict.fromkeys(STUCK, 0):
                    break
        except psycopg.Error:
            pass
        time.sleep(0.5)
    return round(time.monotonic() - began, 1)


def report(verdict: Verdict) -> list[str]:
    """The verdict in lines."""
    lines = [f"  {name}: {n}" for name, n in sorted(verdict.counts.items())]
    lines += [f"  {name}: {n}" for name, n in verdict.measured.items()]
    return lines + [f"  ! {kind}: {words}" for kind, words in verdict.violations[:40]]


def main(arguments: list[str]) -> int:
    """Run, judge, say; 0 when nothing was violated and every broken build was caught."""
    from tests.fault.hotline.trials import caught_all

    parser = argparse.ArgumentParser(prog="run fault hotline")
    parser.add_argument("--calls", type=int, default=600)
    parser.add_argument("--rate", type=float, default=2.0)
    parser.add_argument("--apart", type=float, default=3.0)
    parser.add_argument("--seats", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--port", type=int, default=8400)
    parser.add_argument("--sip-port", type=int, default=25_060)
    parser.add_argument("--no-mutants", action="store_true")
    options = parser.parse_args(arguments)
    seed = options.seed or secrets.randbelow(10**9)
    house = House(Path(tempfile.mkdtemp(prefix="fawang-calls-")), options.port, options.sip_port)
    print(f"seed {seed}; history and data: {house.folder}", flush=True)
    try:
        house.prepare()
        house.start()
        house.seat(options.seats)
        verdict = campaign(house, house.folder / "history", calls=options.calls, rate=options.rate, apart=options.apart, seed=seed)
        print("\n".join(report(verdict)), flush=True)
        good = not verdict.violations
        if not options.no_mutants:
            house.stop(database=False)
            good = not caught_all(house, seed) and good
    finally:
        house.stop()
    return 0 if good else 1
