"""Reservation races of the hotline: several dispatchers, each a process of its own, want the same seats at the same moment; nobody may be given away twice."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from typing import IO, Any

from bench.ground import ROOT, house
from bench.hotline import SEATS, WAITING, Queue

RACES = 100_000
TOGETHER, EACH_ROUND = 4, 50
FORGET_EVERY = 20
"""Rounds between two clearings of what the races leave behind, so that the last race costs what the first did."""


def run(*, small: bool = False) -> list[dict[str, Any]]:
    """One row: doubles, and seats that got nothing though calls wait. A race is one seat that all dispatchers want."""
    seats, waiting, wanted = (20, 60, 400) if small else (SEATS, WAITING, RACES)
    with house():
        people = [str(who.account) for _, who in Queue(seats, waiting).people]
        dispatchers = [Dispatcher() for _ in range(TOGETHER)]
        try:
            doubles, tried, lost, failed = races(people, dispatchers, wanted)
        finally:
            for one in dispatchers:
                one.close()
    words = f"{doubles} doubles, {lost} seats left idle and {failed} failures in {tried} races of {TOGETHER} processes (limit 0)"
    return [{"what": "reservation races", "figure": words, "ratio": 0.0, "holds": doubles == lost == failed == 0}]


class Dispatcher:
    """A process that wants seats: it is told which, and says how many it got and how often the database had to say no."""

    def __init__(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "bench.races"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    @property
    def _in(self) -> IO[str]:
        assert self.process.stdin is not None
        return self.process.stdin

    def want(self, seats: list[str]) -> None:
        """Go for these seats, in this order."""
        self._in.write(json.dumps(seats) + "\n")
        self._in.flush()

    def got(self) -> tuple[int, int]:
        """Seats it reserved and attempts that failed in the last round."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("a dispatcher died")
        won, failed = json.loads(line)
        return int(won), int(failed)

    def close(self) -> None:
        """No more seats to be had."""
        self._in.close()
        self.process.wait(20)


def races(people: list[str], dispatchers: list[Dispatcher], wanted: int) -> tuple[int, int, int, int]:
    """All dispatchers want the same seats at once, in one order or each in its own: (doubles, races, seats that got nothing though calls wait, failures)."""
    from django.db import connection

    chance, doubles, tried, lost, failed, began, rounds = random.Random(12348), 0, 0, 0, 0, time.monotonic(), 0
    some = people[: min(EACH_ROUND, len(people))]
    while tried < wanted:
        _free(some)
        rounds += 1
        order = chance.sample(some, len(some))
        for one in dispatchers:
            one.want(order if rounds % 2 else chance.sample(some, len(some)))
        answers = [one.got() for one in dispatchers]
        tried += len(some)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*), count(DISTINCT staff_id), count(DISTINCT call_id) FROM hotline_reservation WHERE state = 'open' AND staff_id = ANY(%s::uuid[])",
                [some],
            )
            total, seats, calls = cursor.fetchone()
        won = sum(number for number, _ in answers)
        doubles += 2 * max(total, won) - seats - calls
        failed += sum(number for _, number in answers)
        lost += len(some) - seats
        if rounds % FORGET_EVERY == 0:
            _forget()
        if rounds % 40 == 0:
            took = time.monotonic() - began
            print(f"  {tried} of {wanted} races, {doubles} doubles, {lost} idle, {failed} failed, {took:.0f} s", file=sys.stderr, flush=True)
    return doubles, tried, lost, failed


def _free(people: list[str]) -> None:
    """These seats are ready again and their calls wait again."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE hotline_reservation SET state = 'failed', ended_at = now() WHERE state = 'open' AND staff_id = ANY(%s::uuid[])", [people])
        cursor.execute(
            "UPDATE hotline_queueentry SET state = 'waiting' WHERE state = 'offered'"
            " AND call_id IN (SELECT call_id FROM hotline_agentstate WHERE staff_id = ANY(%s::uuid[]))",
            [people],
        )
        cursor.execute(
            "UPDATE hotline_call SET state = 'queued', agent_id = NULL, agent_leg = '' WHERE state = 'offering'"
            " AND id IN (SELECT call_id FROM hotline_agentstate WHERE staff_id = ANY(%s::uuid[]))",
            [people],
        )
        cursor.execute(
            "UPDATE hotline_agentstate SET state = 'ready', call_id = NULL, leg_id = '', ready_since = now() WHERE staff_id = ANY(%s::uuid[])", [people]
        )
        cursor.execute("DELETE FROM hotline_enginecommand WHERE engine_id = 'bench'")


def _forget() -> None:
    """What earlier rounds left: reservations that are over, and the dead rows of all of them."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM hotline_reservation WHERE state = 'failed'")


def dispatcher() -> None:
    """The process: a line of seats in, a line of what came of it out."""
    import django

    django.setup()
    import uuid

    from django.db import DatabaseError

    from fawang.hotline.machine import waiting
    from fawang.kernel.context import acting

    for line in sys.stdin:
        won = failed = 0
        with acting(door="hotline"):
            for seat in json.loads(line):
                try:
                    won += waiting.serve(uuid.UUID(seat))
                except DatabaseError as problem:
                    failed += 1
                    print(problem, file=sys.stderr, flush=True)
        print(json.dumps([won, failed]), flush=True)


if __name__ == "__main__":
    dispatcher()
