"""The whole product with its hotline as real processes: as an operator starts it, or piece by piece with one of them broken."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import time
from pathlib import Path

import psycopg

from tests.fault.world import ROOT, World, children_of, command_of

MARKS = {"engine": "hotline-engine", "controller": "hotline run", "seats": "hotline demo-seat", "gateway": "hotline gateway"}
"""What names a process of a kind in its command line."""


class House(World):
    """See ``World``. ``sip`` is where the engine listens."""

    def __init__(self, folder: Path, port: int, sip_port: int, *, low: int = 28_000) -> None:
        super().__init__(folder, port)
        self.sip = ("127.0.0.1", sip_port)
        self.env |= {"FAWANG_HOTLINE": "1", "FAWANG_SIP_PORT": str(sip_port), "FAWANG_RTP_PORTS": f"{low}-{low + 1000}"}

    def prepare(self) -> None:
        """Database, offices, and the hotline's ground."""
        subprocess.run(
            [sys.executable, "-m", "tests.fault.hotline.ground"], cwd=ROOT, env={**self.env, "FAWANG_DEMO": "1"}, check=True, stdout=self.log, stderr=self.log
        )

    def start(self) -> None:
        """As an operator starts it."""
        self.add("up", [sys.executable, "-m", "fawang.console.main", "up"])
        self.wait_until_up("healthz", limit=900)

    def start_piece(self, name: str, *, broken: str = "") -> None:
        """Worker, engine or controller by itself on a running database, sound or as the broken build of that name."""
        words = {"worker": ["worker"], "engine": ["hotline-engine"], "controller": ["hotline", "run"]}[name]
        module = ["tests.fault.hotline.broken", broken] if broken else ["fawang.console.main"]
        self.add(name, [sys.executable, "-m", *module, *words], DATABASE_URL=self.dsn("fawang_app"))

    def set_free(self) -> None:
        """What a broken build left behind is taken away, so that the next one is judged by its own deeds."""
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            connection.execute("UPDATE hotline_reservation SET state = 'failed', ended_at = now() WHERE state = 'open'")
            connection.execute("UPDATE hotline_queueentry SET state = 'left', ended_at = now() WHERE state IN ('waiting', 'offered')")
            connection.execute("UPDATE hotline_agentstate SET state = 'not_ready', call_id = NULL WHERE state IN ('reserved', 'ringing', 'talking', 'hold')")

    def attached(self, since: float, limit: float = 120) -> None:
        """Wait until a controller has made rows and engine one since a moment."""
        self.wait_for(f"SELECT count(*) > 0 FROM hotline_enginenode WHERE reconciled_at > to_timestamp({since})", limit, "no controller came")

    def retire(self, name: str) -> None:
        """Let one piece stop in its own time."""
        piece = self.pieces.pop(name)
        piece.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            piece.wait(30)
        self._end_group(piece)
        piece.wait()

    def seat(self, number: int, *, talk: float = 2.0, ring: float = 0.4) -> None:
        """Scripted seats, and wait until all are ready."""
        words = ["hotline", "demo-seat", "--number", str(number), "--ring", str(ring), "--talk", str(talk), "--wrap-up", "0.5"]
        self.add("seats", [sys.executable, "-m", "fawang.console.main", *words], DATABASE_URL=self.dsn("fawang_app"), FAWANG_DEMO="1")
        self.wait_for(f"SELECT count(*) >= {number} FROM hotline_agentstate WHERE state = 'ready'", 180, "the scripted seats did not come")

    def wait_for(self, question: str, limit: float, words: str) -> None:
        """Until a question to the database is answered with yes."""
        deadline = time.monotonic() + limit
        while time.monotonic() < deadline:
            if self.ask(question):
                return
            time.sleep(0.3)
        raise TimeoutError(words)

    def wait_for_quiet(self, question: str, limit: float) -> bool:
        """The same, but whoever judges says what is missing."""
        try:
            self.wait_for(question, limit, "")
        except TimeoutError:
            return False
        return True

    def ask(self, question: str) -> bool:
        """A yes or no of the database; no while it does not answer."""
        try:
            with psycopg.connect(self.dsn(), autocommit=True) as connection:
                row = connection.execute(question).fetchone()  # type: ignore[call-overload]
                return bool(row and row[0])
        except psycopg.Error:
            return False

    def pids(self, kind: str) -> list[int]:
        """See ``World``."""
        if kind == "recorder":
            return [child for engine in self.pids("engine") for child in children_of(engine)]
        if kind not in MARKS:
            return super().pids(kind)
        heads = [p.pid for p in self.pieces.values()]
        found, new = set(heads), heads
        while new:
            new = [c for p in new for c in children_of(p) if c not in found]
            found |= set(new)
        return [p for p in found if MARKS[kind] in command_of(p)]

    def strike(self, kind: str, chance: random.Random) -> float:
        """Kill one of a kind, waiting for it to be there; when it was struck."""
        for _ in range(2400):
            if self.kill(kind, chance) is not None:
                return time.time()
            time.sleep(0.05)
        raise TimeoutError(f"there was no {kind} to kill")
