"""The queue page and the matter page with 1,000,000 matters, against the same pages with 10,000."""

from __future__ import annotations

import statistics
import time
from typing import Any

import psycopg

from bench.ground import house

WANTED = 1.5
ROUNDS = 40


def run(*, small: bool = False) -> list[dict[str, Any]]:
    """Two rows: one ratio each of medians, measured in turn."""
    few, many = (1_000, 5_000) if small else (10_000, 1_000_000)
    with house() as owner:
        _fill(owner, few)
        first = _measure()
        _fill(owner, many)
        second = _measure()
    rows = []
    for page, name in (("queue", "queue page"), ("matter", "matter page"), ("search", "desk search"), ("track", "track page")):
        ratio = second[page] / first[page]
        words = f"{ratio:.2f}× with {many:,} matters (limit {WANTED}×): {second[page] * 1000:.0f} ms against {first[page] * 1000:.0f} ms with {few:,}"
        rows.append({"what": f"{name} at scale", "figure": words, "ratio": ratio, "holds": ratio <= WANTED})
    return rows


def _fill(owner: str, total: int) -> None:
    """Copies of one real matter with its intake, party, clock and events: what is sealed may be copied, it is bound to its column."""
    with psycopg.connect(owner, autocommit=True) as connection:
        have = connection.execute("SELECT count(*) FROM matters_matter").fetchone()[0]  # type: ignore[index]
        template = connection.execute("SELECT id, intake_id FROM matters_matter WHERE process_code = 'consultation' ORDER BY opened_at LIMIT 1").fetchone()
        if template is None or have >= total:
            return
        matter, intake = template
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET session_replication_role = replica")  # copies of a row whose references hold need not be checked again
        connection.execute(
            "CREATE TEMP TABLE made AS SELECT gen_random_uuid() AS matter, gen_random_uuid() AS intake, n FROM generate_series(%s::int, %s::int) n",
            [have + 1, total],
        )
        connection.execute(_copy(connection, "matters_intake", {"id": "made.intake", "received_at": "now() - made.n * interval '20 seconds'"}), [intake])
        connection.execute(
            _copy(
                connection, "matters_matter",
                {
                    "id": "made.matter", "intake_id": "made.intake", "number": "'9999-' || lpad(made.n::text, 14, '0')",
                    "lookup_index": "decode(md5(made.matter::text), 'hex')", "opened_at": "now() - made.n * interval '20 seconds'", "is_open": "mod(made.n, 20) = 0",
                    "closed_at": "CASE WHEN mod(made.n, 20) = 0 THEN NULL ELSE now() - made.n * interval '10 seconds' END",
                    "next_due_at": "CASE WHEN mod(made.n, 20) = 0 THEN now() + made.n * interval '1 second' END", "state": "CASE WHEN mod(made.n, 20) = 0 THEN t.state ELSE 'closed' END",
                },
            ),
            [matter],
        )  # fmt: skip
        connection.execute(_copy(connection, "matters_matterparty", {"id": "gen_random_uuid()", "matter_id": "made.matter"}, "matter_id"), [matter])
        connection.execute(
            _copy(
                connection, "matters_clock",
                {"id": "gen_random_uuid()", "matter_id": "made.matter", "state": "CASE WHEN mod(made.n, 20) = 0 THEN t.state ELSE 'met' END", "next_moment": "NULL"}, "matter_id",
            ),
            [matter],
        )  # fmt: skip
        connection.execute(_copy(connection, "kernel_event", {"id": "gen_random_uuid()", "stream": "made.matter"}, "stream"), [matter])
        connection.execute("DROP TABLE made")
        connection.execute("VACUUM ANALYZE")


def _copy(connection: psycopg.Connection[Any], table: str, changed: dict[str, str], key: str = "id") -> Any:
    columns = [
        r[0]
        for r in connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum", [table]
        )
    ]
    identity = connection.execute("SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attidentity <> ''", [table]).fetchone()
    columns = [c for c in columns if not identity or c != identity[0]]
    values = ", ".join(changed.get(c, f't."{c}"') for c in columns)
    names = ", ".join(f'"{c}"' for c in columns)
    return f'INSERT INTO "{table}" ({names}) SELECT {values} FROM made, "{table}" t WHERE t."{key}" = %s'


def _measure() -> dict[str, float]:
    from django.test import Client

    from fawang.kernel.ids import fold_lookup_code
    from fawang.matters.models import Matter
    from fawang.people.models import Staff

    client = Client(SERVER_NAME="localhost")
    staff = Staff.objects.filter(grants__role="dispatcher").first()
    if staff is None:
        raise RuntimeError("the demonstration province has no dispatcher")
    session = client.session
    session["staff_id"], session["epoch"] = str(staff.pk), staff.session_epoch
    session.save()
    client.cookies["sessionid"] = session.session_key
    matter = Matter.objects.filter(process_code="consultation").order_by("opened_at").last()
    code = fold_lookup_code(matter.lookup_code or "") if matter else ""
    pages = {
        "queue": lambda: client.get("/desk/?scope=office"),
        "matter": lambda: client.get(f"/desk/m/{matter.pk}" if matter else "/desk/"),
        "search": lambda: client.post("/desk/search", {"q": "老板拖欠工资"}),
        "track": lambda: client.get(f"/track/{code}"),
    }
    found = {}
    for name, fetch in pages.items():
        answers = [fetch() for _ in range(5)]
        if any(a.status_code != 200 for a in answers):
            raise RuntimeError(f"{name}: {answers[-1].status_code}")
        times = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            fetch()
            times.append(time.perf_counter() - began)
        found[name] = statistics.median(times)
    return found
