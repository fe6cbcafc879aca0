"""The queue page and the matter page with 1,000,000 matters, against the same pages with 10,000, asked in turn."""

from __future__ import annotations

import http.client
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any
from urllib.parse import urlencode

import psycopg

from bench.ground import copied, house, named, web

WANTED = 1.5
ROUNDS = 60
QUESTION = "厂里拖了我三个月工资，老板拖欠工资还找不着人，怎么要回来？"
TABLES = ("matters_intake", "matters_matter", "matters_clock", "matters_matterparty", "matters_message", "kernel_event")
WHILE_FILLING = {"autovacuum": "off", "max_wal_size": "16GB", "checkpoint_timeout": "1h", "full_page_writes": "off"}
OPEN = "mod(made.n, 20) = 0"  # one matter in twenty is still open
ALIKE = "mod(made.n, 50) = 0"  # one question in fifty has the searched words
COPIED: dict[str, dict[str, str]] = {
    "matters_intake": {"id": "made.intake", "received_at": "made.at"},
    "matters_matter": {
        "id": "made.matter", "intake_id": "made.intake", "number": "'9999-' || lpad(made.n::text, 14, '0')", "lookup_index": "decode(md5(made.matter::text), 'hex')",
        "opened_at": "made.at", "is_open": OPEN, "state": f"CASE WHEN {OPEN} THEN t.state ELSE 'closed' END",
        "closed_at": f"CASE WHEN {OPEN} THEN NULL ELSE made.at + interval '1 hour' END",
        "next_due_at": f"CASE WHEN {OPEN} THEN now() + made.n * interval '1 second' END",
        "search_tokens": f"CASE WHEN {ALIKE} THEN t.search_tokens ELSE (SELECT array_agg(mod(hashint4(made.n * 31 + k), 30000)::bigint) FROM generate_series(1, 25) k) END",
    },
    "matters_clock": {"id": "made.clock", "matter_id": "made.matter", "state": f"CASE WHEN {OPEN} THEN t.state ELSE 'met' END", "next_moment": "NULL"},
    "matters_matterparty": {
        "id": "made.party", "matter_id": "made.matter", "phone_index": "decode(md5('phone' || made.n), 'hex')",
        "name_index": "decode(md5('name' || mod(made.n, 20000)), 'hex')", "pinyin_index": "decode(md5('pinyin' || mod(made.n, 10000)), 'hex')",
        "initials_index": "decode(md5('initials' || mod(made.n, 2000)), 'hex')",
    },
    "matters_message": {"id": "made.message", "matter_id": "made.matter", "author_party_id": "made.party", "created_at": "made.at"},
    "kernel_event": {
        "id": "CASE t.seq WHEN 1 THEN made.opened ELSE made.told END", "stream": "made.matter", "occurred_at": "made.at", "recorded_at": "made.at",
        "payload": "CASE WHEN t.payload ? 'message' THEN jsonb_set(t.payload, '{message}', to_jsonb(made.message::text)) ELSE t.payload END",
    },
}  # fmt: skip
"""What differs from the matter that is copied; what is sealed may be copied, it is bound to its column only."""


def run(*, small: bool = False) -> list[dict[str, Any]]:
    """A row for each page: the ratio of the medians."""
    few, many = (500, 5_000) if small else (10_000, 1_000_000)
    with house() as owner:
        import os

        session, matter, code = _scene()
        began = time.perf_counter()
        _fill(owner, matter, 1, few)
        copied(owner, "few")
        _fill(owner, matter, few + 1, many)
        print(f"filled {many:,} matters in {time.perf_counter() - began:.0f} s", flush=True)
        with web(workers=1) as large, web(workers=1, database=named(os.environ["DATABASE_URL"], "few")) as little:
            times = _in_turn({"large": large, "little": little}, session, matter, code, 10 if small else ROUNDS)
    rows = []
    for page, name in (("queue", "queue page"), ("matter", "matter page"), ("search", "desk search"), ("track", "track page")):
        big, less = times["large", page], times["little", page]
        words = f"{big / less:.2f}× with {many:,} matters (limit {WANTED}×): {big * 1000:.0f} ms against {less * 1000:.0f} ms with {few:,}"
        rows.append({"what": f"{name} at scale", "figure": words, "ratio": big / less, "holds": big / less <= WANTED})
    return rows


def _scene() -> tuple[str, Any, str]:
    """A dispatcher's session, and a fresh question: its id and lookup code."""
    from django.contrib.sessions.backends.db import SessionStore

    from fawang.faces.submission import submit
    from fawang.kernel.context import acting
    from fawang.people.actors import ANONYMOUS
    from fawang.people.models import Staff

    with acting(door="web"):
        contact = {"name": "测试", "phone": "13800138000"}
        received = submit(
            actor=ANONYMOUS, process="consultation", question=QUESTION, category="", region="340104", contact=contact, priority_groups=[], form={}
        )
    matter = received.matters[0]
    dispatcher = next(s for s in Staff.objects.filter(grants__role="dispatcher") if _oversees(s, matter))
    session = SessionStore()
    session["staff_id"], session["epoch"] = str(dispatcher.pk), dispatcher.session_epoch
    session.save()
    return str(session.session_key), matter.pk, str(matter.lookup_code)


def _oversees(staff: Any, matter: Any) -> bool:
    from fawang.matters.policies import sight
    from fawang.people.actors import actor_of_staff

    return "content" in sight(actor_of_staff(staff), matter)


def _fill(owner: str, matter: Any, first: int, last: int) -> None:
    """Copies number ``first`` to ``last`` of a matter with all it has: indexes put aside meanwhile, no trigger, one statement a table."""
    with psycopg.connect(owner, autocommit=True) as connection:
        _set(connection, WHILE_FILLING)
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET session_replication_role = replica")  # copies of a row whose references hold need not be checked again
        connection.execute("SET maintenance_work_mem = '600MB'")
        put_aside = connection.execute(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid::regclass::text = ANY(%s) AND NOT indisunique",
            [list(TABLES)],
        ).fetchall()
        for name, _ in put_aside:
            connection.execute(f"DROP INDEX {name}")  # type: ignore[arg-type]
        ids = ", ".join(f"{_ordered_id()} AS {name}" for name in ("intake", "matter", "clock", "party", "message", "opened", "told"))
        connection.execute(
            f"CREATE TEMP TABLE made AS SELECT n, now() - n * interval '20 seconds' AS at, {ids} FROM generate_series({first}, {last}) n"  # type: ignore[arg-type]
        )
        connection.execute("ANALYZE made")
        intake = connection.execute("SELECT intake_id FROM matters_matter WHERE id = %s", [matter]).fetchone()
        for table, changed in COPIED.items():
            key, value = {"matters_intake": ("id", intake[0] if intake else None), "matters_matter": ("id", matter), "kernel_event": ("stream", matter)}.get(
                table, ("matter_id", matter)
            )
            connection.execute(_copy(connection, table, changed, key), [value])
        for _, definition in put_aside:
            connection.execute(definition)
        connection.execute("DROP TABLE made")
        _set(connection, dict.fromkeys(WHILE_FILLING, ""))
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


def _set(connection: psycopg.Connection[Any], settings: dict[str, str]) -> None:
    for name, value in settings.items():
        connection.execute(f"ALTER SYSTEM SET {name} = '{value}'" if value else f"ALTER SYSTEM RESET {name}")  # type: ignore[arg-type]
    connection.execute("SELECT pg_reload_conf()")


def _ordered_id() -> str:
    """A UUID version 7 in SQL, in the order of ``n``, as the product's own are in the order of time."""
    return "(lpad(to_hex(1600000000000 + n), 12, '0') || '7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid"


def _copy(connection: psycopg.Connection[Any], table: str, changed: dict[str, str], key: str) -> Any:
    described = "SELECT attname, attidentity <> '' FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
    columns = [name for name, counted in connection.execute(described, [table]) if not counted]
    values = ", ".join(changed.get(c, f't."{c}"') for c in columns)
    names = ", ".join(f'"{c}"' for c in columns)
    return f'INSERT INTO "{table}" ({names}) SELECT {values} FROM made, "{table}" t WHERE t."{key}" = %s ORDER BY made.n'


def _in_turn(addresses: dict[str, str], session: str, matter: Any, code: str, rounds: int) -> dict[tuple[str, str], float]:
    """Median seconds of each page of each where, one request after another, the houses in turn."""
    token = "b" * 32
    staff = {"Cookie": f"sessionid={session}; csrftoken={token}", "X-CSRFToken": token, "Content-Type": "application/x-www-form-urlencoded"}
    pages: dict[str, Callable[[http.client.HTTPConnection], None]] = {
        "queue": lambda c: c.request("GET", "/desk/?scope=office", headers=staff),
        "matter": lambda c: c.request("GET", f"/desk/m/{matter}", headers=staff),
        "search": lambda c: c.request("POST", "/desk/search", urlencode({"q": "老板拖欠工资"}), staff),
        "track": lambda c: c.request("GET", f"/track/{code}"),
    }
    times: dict[tuple[str, str], list[float]] = {(where, page): [] for page in pages for where in addresses}
    for turn in range(rounds + 5):
        for (where, page), found in times.items():
            with closing(http.client.HTTPConnection(addresses[where].removeprefix("http://"), timeout=120)) as client:
                began = time.perf_counter()
                pages[page](client)
                answer = client.getresponse()
                answer.read()
                spent = time.perf_counter() - began
            if answer.status != 200:
                raise RuntimeError(f"{page}: {answer.status}")
            if turn >= 5:
                found.append(spent)
    return {asked: statistics.median(found) for asked, found in times.items()}
