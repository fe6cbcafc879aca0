"""Acknowledged submissions a second through the API, against the same rows inserted by bare SQL, one transaction each."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import psycopg

from bench.ground import house, web

CLIENTS = 6
WANTED = 0.35


def run(*, small: bool = False) -> list[dict[str, Any]]:
    """One row: the ratio, with both rates."""
    seconds = 3.0 if small else 15.0
    with house() as owner, web() as address:
        _post_for(address, 2.0)
        before = _counts(owner)
        acknowledged, spent = _post_for(address, seconds)
        grown = {table: n - before[table] for table, n in _counts(owner).items() if n > before[table]}
        bare, bare_spent = _bare(owner, grown, acknowledged, seconds)
    rate, peer = acknowledged / spent, bare / bare_spent
    words = f"{rate / peer:.2f} of bare SQL (limit {WANTED}); {rate:.0f}/s against {peer:.0f}/s, {sum(grown.values()) / acknowledged:.1f} rows each"
    return [{"what": "acknowledged submissions", "figure": words, "ratio": rate / peer, "holds": rate / peer >= WANTED}]


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
    def work(at: int) -> int:
        until, done = time.perf_counter() + seconds, 0
        with contextlib.closing(http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)) as client:
            while time.perf_counter() < until:
                body = {
                    "question": f"第{at}号窗口第{done}问：厂里拖了我三个月工资，老板人都找不着了，怎么要回来？", "category": None, "region": "340104",
                    "contact": {"name": "测试", "phone": None}, "priority_groups": [],
                }  # fmt: skip
                headers = {
                    "Content-Type": "application/json", "Idempotency-Key": uuid.uuid4().hex, "X-Forwarded-For": f"10.{at}.{done >> 8 & 255}.{done & 255}",
                }  # fmt: skip
                client.request("POST", "/api/v1/consultations", json.dumps(body), headers)
                answer = client.getresponse()
                words = answer.read()
                if answer.status != 201:
                    raise RuntimeError(f"{answer.status}: {words[:200]!r}")
                done += 1
        return done

    return _together(work)


def _tables(owner: str) -> list[str]:
    with psycopg.connect(owner) as connection:
        return [r[0] for r in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]


def _counts(owner: str) -> dict[str, int]:
    with psycopg.connect(owner) as connection:
        return {t: connection.execute(f'SELECT count(*) FROM "{t}"').fetchone()[0] for t in _tables(owner)}  # type: ignore[index,arg-type]


def _bare(owner: str, grown: dict[str, int], submissions: int, seconds: float) -> tuple[int, float]:
    """The rows that were written, written again into tables with the same indexes: as many a transaction as a submission made."""
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS bare CASCADE")
        connection.execute("CREATE SCHEMA bare")
        kept: dict[str, tuple[str, list[tuple[Any, ...]]]] = {}
        for table, n in grown.items():
            connection.execute(f'CREATE TABLE bare."{table}" (LIKE public."{table}" INCLUDING ALL)')  # type: ignore[arg-type]
            cursor = connection.execute(f'SELECT * FROM public."{table}" ORDER BY ctid DESC LIMIT {n}')  # type: ignore[arg-type]
            rows = cursor.fetchall()
            types = connection.execute(
                "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
                [f'public."{table}"'],
            ).fetchall()
            places = ", ".join(f"%s::{kind}" for _, kind in types)
            kept[table] = (f'INSERT INTO bare."{table}" OVERRIDING SYSTEM VALUE VALUES ({places})', [_plain(row) for row in rows])
    at_work = threading.Lock()
    chunks = iter(range(submissions))

    def work(at: int) -> int:
        until, done = time.perf_counter() + seconds * 4, 0
        with psycopg.connect(owner) as connection:
            while time.perf_counter() < until:
                with at_work:
                    chunk = next(chunks, None)
                if chunk is None:
                    break
                for insert, rows in kept.values():
                    low, high = chunk * len(rows) // submissions, (chunk + 1) * len(rows) // submissions
                    for row in rows[low:high]:
                        connection.execute(insert, row, prepare=True)  # type: ignore[arg-type]
                connection.commit()
                done += 1
        return done

    return _together(work)


def _plain(row: tuple[Any, ...]) -> tuple[Any, ...]:
    from psycopg.types.json import Jsonb

    return tuple(Jsonb(v) if isinstance(v, dict) else v for v in row)
