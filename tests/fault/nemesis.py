"""What goes wrong: ``kill -9`` at moments nobody chose, while requests are in flight."""

from __future__ import annotations

import json
import random
import time
from collections import Counter
from pathlib import Path

from tests.fault.clients import Progress
from tests.fault.world import World

WEIGHTS = (("web", 1), ("web_child", 1), ("worker", 2), ("postmaster", 2), ("backend", 2))


class Nemesis:
    """Kills in a random order that gives every kind its share."""

    def __init__(self, world: World, progress: Progress, history: Path, seed: int) -> None:
        self.world, self.progress, self.chance = world, progress, random.Random(f"nemesis:{seed}")
        self.record = (history / "kills.jsonl").open("a")
        self.killed: Counter[str] = Counter()
        self._bag: list[str] = []

    def rage(self, kills: int, acks: int, limit: float) -> None:
        """So many kills, then wait for so many acknowledgements; no longer than ``limit`` seconds."""
        deadline = time.monotonic() + limit
        apart = max(1, acks // max(kills, 1))
        while sum(self.killed.values()) < kills and time.monotonic() < deadline:
            self._wait_for_load(apart)
            self._strike()
        while self.progress.acks < acks and time.monotonic() < deadline:
            time.sleep(0.2)
        self.record.close()

    def _wait_for_load(self, apart: int) -> None:
        """A few acknowledgements first, so that every kill hits a system at work; then a random moment of that work."""
        began, patience = time.monotonic(), self.chance.uniform(1, 4)
        first = self.progress.acks + 1
        wanted = self.progress.acks + self.chance.randint(1, 2 * apart)
        while (waited := time.monotonic() - began) < 25 and self.progress.acks < (wanted if waited < patience else first):
            time.sleep(0.005)
        time.sleep(self.chance.uniform(0, 0.15))

    def _strike(self) -> None:
        if not self._bag:
            self._bag = [kind for kind, weight in WEIGHTS for _ in range(weight)]
            self.chance.shuffle(self._bag)
        kind = self._bag[-1]
        flying = self.progress.flying
        pid = self.world.kill(kind, self.chance)
        if pid is None:
            time.sleep(0.1)
            return
        self._bag.pop()
        self.killed[kind] += 1
        self.record.write(json.dumps({"t": round(time.time(), 3), "kind": kind, "pid": pid, "in_flight": flying, "acks": self.progress.acks}) + "\n")
        self.record.flush()
