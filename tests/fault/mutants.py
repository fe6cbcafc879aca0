"""How each broken build is driven into the open: the fault that shows it, at the moment that shows it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.fault.clients import Client, Habits, Progress
from tests.fault.judge import Verdict, judge
from tests.fault.world import World, kill_9

QUESTIONS = Habits(hang_up=0, fast=0, more=0)
TIMERS = Habits(hang_up=0, fast=1, more=0, matters=3)


@dataclass(frozen=True)
class Mutant:
    """A broken build: what the judge must find, which fault shows it, how the clients behave."""

    name: str
    finds: str
    fault: str
    habits: Habits = QUESTIONS
    clients: int = 3

    @property
    def timers(self) -> bool:
        """Whether it is the worker that is broken."""
        return self.habits is TIMERS


MUTANTS = (
    Mutant("timers_marked_first", "timer missed", "worker at the point", TIMERS, clients=1),
    Mutant("timers_unlocked", "timer twice", "nothing", TIMERS, clients=1),
    Mutant("asynchronous_commit", "lost", "database on ack"),
    Mutant("ack_early", "lost", "web on ack"),
    Mutant("events_outside", "half", "web at the point"),
    Mutant("outbox_outside", "half", "web at the point"),
    Mutant("keys_ignored", "duplicate", "hang up", Habits(hang_up=0.5, fast=0, more=0)),
)


class Trial:
    """One broken build against the judge."""

    def __init__(self, world: World, mutant: Mutant, history: Path, seed: int) -> None:
        self.world, self.mutant, self.history, self.seed = world, mutant, history, seed
        self.struck, self.acks, self.began = 0, 0, time.time()
        self.lock = threading.Lock()
        self.point = world.state / "point"

    def run(self) -> Verdict:
        """Break the promise, drive it into the open, judge, keep the promise again."""
        self.history.mkdir(parents=True, exist_ok=True)
        (self.history / "run.json").write_text(json.dumps({"run": self.mutant.name, "seed": self.seed, "began": self.began}))
        self.point.unlink(missing_ok=True)
        (self.world.state / "mutant").write_text(self.mutant.name)
        if self.mutant.name == "asynchronous_commit":
            self._configure("ALTER SYSTEM SET synchronous_commit = off", "ALTER SYSTEM SET wal_writer_delay = '10s'")
        self._drive()
        if self.mutant.name == "asynchronous_commit":
            self._configure("ALTER SYSTEM RESET ALL")
        (self.world.state / "mutant").write_text("")
        return judge(self.history, self.world.dsn(), self.world.state / "files", background=self.mutant.timers)

    def _configure(self, *statements: str) -> None:
        with psycopg.connect(self.world.dsn(), autocommit=True) as connection:
            for statement in (*statements, "SELECT pg_reload_conf()"):
                connection.execute(statement)  # type: ignore[call-overload]
        time.sleep(0.2)

    def _drive(self) -> None:
        name = f"m{self.seed}-{self.mutant.name}"
        on_ack = self._on_ack if self.mutant.fault.endswith("on ack") else None
        progress, habits = Progress(), self.mutant.habits
        clients = [Client(n, self.world.port, self.history, self.seed, name, progress, habits, on_ack) for n in range(self.mutant.clients)]
        for client in clients:
            client.start()
        enough: Callable[[], bool] = {"hang up": lambda: progress.acks >= 20}.get(self.mutant.fault, lambda: self.struck > 0)
        if self.mutant.timers:
            enough = self._all_lit
        deadline = time.monotonic() + 60
        while not enough() and time.monotonic() < deadline:
            if self.mutant.fault.endswith("at the point"):
                self._at_the_point()
            time.sleep(0.2 if self.mutant.fault == "nothing" else 0.01)
        for client in clients:
            client.stopping.set()
        for client in clients:
            client.join(60)

    def _all_lit(self) -> bool:
        """Whether every short limit of this trial is marked as run out; then its effect is there or never comes."""
        with psycopg.connect(self.world.dsn()) as connection:
            row = connection.execute(
                "SELECT count(*), count(*) FILTER (WHERE light <> 'overdue') FROM matters_clock WHERE rule_version = 'fast' AND rule_code = 'CONS-MSG'"
                " AND started_at >= to_timestamp(%s)",
                [self.began],
            ).fetchone()
        if row is not None and row[0] >= (self.mutant.habits.matters or 1) and row[1] == 0:
            time.sleep(1.2)  # the last effect follows its mark
            return True
        return False

    def _on_ack(self) -> None:
        """Kill in the very moment a client is told yes, once some have been told."""
        with self.lock:
            self.acks += 1
            if self.struck or self.acks < 4:
                return
            self.struck = 1
            if self.mutant.fault.startswith("web"):
                self.world.kill_web_whole()
            else:
                self.world.kill_database_whole()
                self.world.start_database()

    def _at_the_point(self) -> None:
        if self.struck or not self.point.exists():
            return
        if self.mutant.fault.startswith("web"):
            self.world.kill_web_whole()
        else:
            for pid in self.world.pids("worker"):
                kill_9(pid)
        self.struck = 1


def caught_all(world: World, seed: int) -> list[str]:
    """Try every broken build on the prepared database; the names of those that were not caught. Prints what became of each."""
    world.start_database()
    world.add_web("tests.fault.broken:application")
    for name in ("worker", "worker2"):
        world.add_worker(name, "tests.fault.broken")
    world.wait_until_up()
    missed = []
    for mutant in MUTANTS:
        if not mutant.timers and "worker" in world.pieces:
            world.drop("worker", "worker2")
        began = time.monotonic()
        verdict = Trial(world, mutant, world.folder / f"history-{mutant.name}-{seed}", seed).run()
        found = verdict.kinds[mutant.finds]
        missed += [] if found else [mutant.name]
        what = f"{found} × {mutant.finds} in {verdict.counts['acknowledged']} acknowledged"
        print(f"  {'caught' if found else 'NOT CAUGHT'} {mutant.name}: {what}, {time.monotonic() - began:.1f} s, all {dict(verdict.kinds)}", flush=True)
    print(f"caught {len(MUTANTS) - len(missed)}/{len(MUTANTS)}", flush=True)
    return missed
