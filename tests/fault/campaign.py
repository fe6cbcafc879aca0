"""``./run fault``: the product under concurrent clients while its processes are killed; then the judge; then the broken builds.

./run fault                         200 kills, 10,000 acknowledgements, every broken build
./run fault --kills 20 --acks 300   shorter
./run fault --judge FOLDER          judge a saved history again
./run fault hotline                 calls by sipp under kills (see tests/fault/hotline/campaign.py)
./run fault soak                    an hour of calls without kills (see tests/fault/hotline/soak.py)
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from tests.fault.clients import Client, Habits, Progress
from tests.fault.judge import Verdict, judge
from tests.fault.nemesis import Nemesis
from tests.fault.world import World

CLIENTS = 8


def campaign(world: World, history: Path, *, seed: int, kills: int, acks: int, limit: float) -> Nemesis:
    """Run clients and nemesis against the whole product, let it come to rest; the history is in the folder."""
    history.mkdir(parents=True, exist_ok=True)
    name, progress = f"r{seed}", Progress()
    run = {"run": name, "seed": seed, "began": time.time(), "kills": kills, "acks": acks}
    (history / "run.json").write_text(json.dumps(run))
    clients = [Client(n, world.port, history, seed, name, progress, Habits()) for n in range(CLIENTS)]
    for client in clients:
        client.start()
    nemesis = Nemesis(world, progress, history, seed)
    nemesis.rage(kills, acks, limit)
    for client in clients:
        client.stopping.set()
    for client in clients:
        client.join(120)
    world.wait_until_up("healthz")
    run |= {"ended": time.time(), "killed": dict(nemesis.killed), "longest_silence": round(progress.longest_silence, 2)}
    (history / "run.json").write_text(json.dumps(run))
    come_to_rest(world, 90)
    return nemesis


def come_to_rest(world: World, limit: float) -> bool:
    """Wait until timers have run out, notices are sent, files scanned, events sealed and read; whether all was done in time."""
    left = """
        SELECT (SELECT count(*) FROM matters_clock WHERE rule_version = 'fast' AND state = 'running' AND light <> 'overdue')
             + (SELECT count(*) FROM kernel_unsealedevent) + (SELECT count(*) FROM people_notice WHERE state <> 'sent')
             + (SELECT count(*) FROM matters_attachment WHERE state = 'quarantine')
             + (SELECT coalesce(max(position), 0) FROM kernel_ledgerentry) - (SELECT coalesce(max(position), 0) FROM kernel_consumercursor)"""
    deadline, calm = time.monotonic() + limit, 0
    while time.monotonic() < deadline:
        with psycopg.connect(world.dsn()) as connection:
            row = connection.execute(left).fetchone()  # type: ignore[call-overload]
        calm = calm + 1 if row == (0,) else 0
        if calm >= 3:
            return True
        time.sleep(0.4)
    return False


def report(verdict: Verdict, history: Path) -> list[str]:
    """The verdict in lines."""
    run = json.loads((history / "run.json").read_text())
    killed = run.get("killed", {})
    lines = [f"seed {run['seed']} · {sum(killed.values())} kills {killed} · {round(run.get('ended', run['began']) - run['began'])} s"]
    lines += [f"  {name}: {n}" for name, n in sorted(verdict.counts.items())]
    lines += [f"  {name}: {n}" for name, n in verdict.measured.items()]
    lines.append(f"  longest time without an acknowledgement s: {run.get('longest_silence', 0)}")
    for kind in ("lost", "duplicate", "half", "answer", "timer missed", "timer twice", "ledger"):
        lines.append(f"  {kind}: {verdict.kinds[kind]}")
    return lines + [f"  ! {kind}: {words}" for kind, words in verdict.violations[:40]]


def main() -> int:
    """Run, judge, say; 0 when nothing was violated and every broken build was caught."""
    from tests.fault.mutants import caught_all

    if sys.argv[1:2] == ["hotline"]:
        from tests.fault.hotline.campaign import main as hotline

        return hotline(sys.argv[2:])
    if sys.argv[1:2] == ["soak"]:
        from tests.fault.hotline.soak import main as soak

        return soak(sys.argv[2:])
    parser = argparse.ArgumentParser(prog="run fault")
    parser.add_argument("--kills", type=int, default=210)
    parser.add_argument("--acks", type=int, default=10_500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--port", type=int, default=8290)
    parser.add_argument("--limit", type=float, default=3600)
    parser.add_argument("--dir", type=Path)
    parser.add_argument("--judge", type=Path)
    parser.add_argument("--no-mutants", action="store_true")
    options = parser.parse_args()
    folder = options.judge or options.dir or Path(tempfile.mkdtemp(prefix="fawang-fault-"))
    world = World(folder, options.port)
    history = folder / "history"
    print(f"history and data: {folder}", flush=True)
    try:
        if options.judge:
            world.start_database()
        else:
            seed = options.seed or secrets.randbelow(10**9)
            print(f"seed {seed}", flush=True)
            world.prepare()
            world.start()
            campaign(world, history, seed=seed, kills=options.kills, acks=options.acks, limit=options.limit)
        verdict = judge(history, world.dsn(), world.state / "files")
        status, words = world.verify()
        print("\n".join([*report(verdict, history), f"  fawang verify: {words}"]), flush=True)
        good = not verdict.violations and status == 0
        if not options.judge and not options.no_mutants:
            world.stop(database=False)
            good = not caught_all(world, seed) and good
    finally:
        world.stop()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
