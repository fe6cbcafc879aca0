"""Reservation races of the hotline: several dispatchers want the same seats at the same moment, and nobody may be given away twice."""

from __future__ import annotations

import random
import sys
import threading
from typing import Any

from bench.ground import house
from bench.hotline import SEATS, WAITING, Queue

RACES = 100_000
TOGETHER, EACH_ROUND = 4, 50


def run(*, small: bool = False) -> list[dict[str, Any]]:
    """One row: doubles, and seats that got nothing though calls wait."""
    seats, waiting, wanted = (20, 60, 400) if small else (SEATS, WAITING, RACES)
    with house():
        doubles, tried, lost = races(Queue(seats, waiting).people, wanted)
    words = f"{doubles} doubles and {lost} seats left idle in {tried} races (limit 0)"
    return [{"what": "reservation races", "figure": words, "ratio": 0.0, "holds": doubles == lost == 0}]


def races(people: list[Any], wanted: int) -> tuple[int, int, int]:
    """Several dispatchers want the same seats at the same moment: (doubles, races, seats that got nothing though calls wait)."""
    from django.db import connection

    chance, doubles, tried, lost = random.Random(12348), 0, 0, 0
    some = people[: min(EACH_ROUND, len(people))]
    while tried < wanted:
        _free([who.account for _, who in some])
        threads = [threading.Thread(target=_grab, args=(chance.sample(some, len(some)),)) for _ in range(TOGETHER)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        tried += TOGETHER * len(some)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*), count(DISTINCT staff_id), count(DISTINCT call_id) FROM hotline_reservation WHERE state = 'open' AND staff_id = ANY(%s)",
                [[who.account for _, who in some]],
            )
            total, seats, calls = cursor.fetchone()
        doubles += 2 * total - seats - calls
        lost += len(some) - seats
        if tried % 4000 == 0:
            print(f"  {tried} of {wanted} races, {doubles} doubles", file=sys.stderr, flush=True)
    return doubles, tried, lost


def _grab(some: list[tuple[str, Any]]) -> None:
    from django.db import connection

    from fawang.hotline.machine import waiting
    from fawang.kernel.context import acting

    with acting(door="hotline"):
        for _, who in some:
            waiting.serve(who.account)
    connection.close()


def _free(people: list[Any]) -> None:
    """These seats are ready again and their calls wait again."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE hotline_reservation SET state = 'failed', ended_at = now() WHERE state = 'open' AND staff_id = ANY(%s)", [people])
        cursor.execute(
            "UPDATE hotline_queueentry SET state = 'waiting' WHERE state = 'offered' AND call_id IN (SELECT call_id FROM hotline_agentstate WHERE staff_id = ANY(%s))",
            [people],
        )
        cursor.execute(
            "UPDATE hotline_call SET state = 'queued', agent_id = NULL, agent_leg = '' WHERE state = 'offering'"
            " AND id IN (SELECT call_id FROM hotline_agentstate WHERE staff_id = ANY(%s))",
            [people],
        )
        cursor.execute("UPDATE hotline_agentstate SET state = 'ready', call_id = NULL, leg_id = '', ready_since = now() WHERE staff_id = ANY(%s)", [people])
        cursor.execute("DELETE FROM hotline_enginecommand WHERE engine_id = 'bench'")
