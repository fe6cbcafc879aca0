"""Acknowledged submissions a second through the API, against the same rows inserted by bare SQL, one transaction each.

The peer is a copy of the very database: same tables, indexes, foreign keys and triggers, on the same server. It inserts what a submission
left behind, row by row, with statements prepared once, a commit after each submission, from as many clients. Both take turns.
"""

from __future__ import annotations

import json
import re
import socket
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from bench.ground import copied, house, web

CLIENTS = 6
ROUNDS = 3
WANTED = 0.35
OF_A_MATTER = {
    "matters_matter": "id", "matters_intake": "(SELECT m.id FROM matters_matter m WHERE m.intake_id = t.id ORDER BY m.id LIMIT 1)", "matters_clock": "matter_id",
    "matters_matterparty": "matter_id", "matters_message": "matter_id", "kernel_event": "stream", "people_notice": "matter_id",
}  # fmt: skip
"""Tables a submission writes, and which matter a row belongs to."""
BY_TRIGGER = {"kernel_unsealedevent"}
_LENGTH = re.compile(rb"(?i)content-length: *(\d+)")
KEYS = "kernel_idempotencykey"

Submission = list[tuple[str, tuple[Any, ...]]]


def run(*, small: bool = False) -> list[dict[str, Any]]:
    """One row: the ratio (the median of three rounds), with both rates."""
    seconds = 2.0 if small else 6.0
    rounds = []
    with house() as owner:
        peer = copied(owner, "bare")
        with web() as address:
            _post_for(address, 3.0)
            for _ in range(ROUNDS):
                before, began = _tables(owner), datetime.now(UTC)
                acknowledged, spent = _post_for(address, seconds)
                submissions, rows = _written(owner, before, began)
                if len(submissions) != acknowledged:
                    raise RuntimeError(f"{acknowledged} were acknowledged, {len(submissions)} are there")
                inserted, bare_spent = _bare(peer, submissions)
                rounds.append((acknowledged / spent, inserted / bare_spent, rows / acknowledged))
    rate, bare, rows_each = sorted(rounds, key=lambda r: r[0] / r[1])[ROUNDS // 2]
    words = f"{rate / bare:.2f} of bare SQL (limit {WANTED}); {rate:.0f}/s against {bare:.0f}/s, {rows_each:.1f} rows each"
    return [{"what": "acknowledged submissions", "figure": words, "ratio": rate / bare, "holds": rate / bare >= WANTED}]


def _together(work: Callable[[int], int]) -> tuple[int, float]:
    done = [0] * CLIENTS
    began = time.perf_counter()

    def one(at: int) -> None:
        done[at] = work(at)

    threads = [threading.Thread(target=one, args=(at,)) for at in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done), time.perf_counter() - began


def _post_for(address: str, seconds: float) -> tuple[int, float]:
    host, port = address.removeprefix("http://").split(":")

    def work(at: int) -> int:
        until, done = time.perf_counter() + seconds, 0
        with socket.create_connection((host, int(port)), timeout=30) as wire:
            while time.perf_counter() < until:
                body = json.dumps({
                    "question": f"第{at}号窗口第{done}问：厂里拖了我三个月工资，老板人都找不着了，怎么要回来？", "category": None, "region": "340104",
                    "contact": {"name": "测试", "phone": None}, "priority_groups": [],
                }).encode()  # fmt: skip
                wire.sendall(
                    b"POST /api/v1/consultations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
                    b"Idempotency-Key: %s\r\nX-Forwarded-For: 10.%d.%d.%d\r\n\r\n%s"
                    % (len(body), uuid.uuid4().hex.encode(), at, done >> 8 & 255, done & 255, body)
                )
                answer = _answer(wire)
                if not answer.startswith(b"HTTP/1.1 201 "):
                    raise RuntimeError(answer[:200])
                done += 1
        return done

    return _together(work)


def _answer(wire: socket.socket) -> bytes:
    """One whole answer. The clients share two cores with the product: what they would spend on reading headers is not the product's."""
    found = b""
    while (end := found.find(b"\r\n\r\n")) < 0 or len(found) < end + 4 + int(_LENGTH.findall(found[:end])[0]):
        more = wire.recv(65536)
        if not more:
            raise RuntimeError(f"the server hung up after {found[:200]!r}")
        found += more
    return found


def _tables(owner: str) -> dict[str, int]:
    """Rows of each table."""
    with psycopg.connect(owner) as connection:
        tables = [r[0] for r in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        return {t: connection.execute(f'SELECT count(*) FROM "{t}"').fetchone()[0] for t in tables}  # type: ignore[index,arg-type]


def _written(owner: str, before: dict[str, int], began: datetime) -> tuple[list[Submission], int]:
    """What each submission since then has left, as rows of tables; and how many rows in all."""
    grown = {table: n - before[table] for table, n in _tables(owner).items() if n > before[table]}
    if strange := set(grown) - set(OF_A_MATTER) - BY_TRIGGER - {KEYS}:
        raise RuntimeError(f"a submission writes {sorted(strange)}: say here which matter such a row belongs to")
    of: dict[Any, Submission] = defaultdict(list)
    with psycopg.connect(owner) as connection:
        opened = [row[0] for row in connection.execute("SELECT id FROM matters_matter WHERE opened_at >= %s", [began])]
        for table, matter in OF_A_MATTER.items():
            found = connection.execute(f'SELECT {matter}, t.* FROM "{table}" t WHERE {matter} = ANY(%s)', [opened]).fetchall()  # type: ignore[arg-type]
            if len(found) != grown.get(table, 0):
                raise RuntimeError(f"{table} grew by {grown.get(table, 0)}, {len(found)} belong to the submissions")
            for of_matter, *row in found:
                of[of_matter].append((table, _plain(row)))
        keys = connection.execute(f"SELECT * FROM {KEYS} WHERE created_at >= %s", [began]).fetchall()  # type: ignore[arg-type]
    for submission, key in zip(of.values(), keys, strict=True):
        submission.insert(0, (KEYS, _plain(key)))
    return list(of.values()), sum(grown.values())


def _bare(peer: str, submissions: list[Submission]) -> tuple[int, float]:
    """The same rows inserted into the copy, one transaction a submission."""
    inserts = _inserts(peer, {table for submission in submissions for table, _ in submission})
    at_work = threading.Lock()
    waiting = iter(submissions)

    def work(at: int) -> int:
        done = 0
        with psycopg.connect(peer) as connection:
            while True:
                with at_work:
                    submission = next(waiting, None)
                if submission is None:
                    return done
                for table, row in submission:
                    connection.execute(inserts[table], row, prepare=True)  # type: ignore[arg-type]
                connection.commit()
                done += 1

    return _together(work)


def _inserts(peer: str, tables: set[str]) -> dict[str, str]:
    found = {}
    with psycopg.connect(peer) as connection:
        for table in tables:
            kinds = connection.execute(
                "SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
                [table],
            ).fetchall()
            places = ", ".join(f"%s::{kind}" for (kind,) in kinds)
            found[table] = f'INSERT INTO "{table}" OVERRIDING SYSTEM VALUE VALUES ({places})'
    return found


def _plain(row: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(Jsonb(v) if isinstance(v, dict) else v for v in row)
