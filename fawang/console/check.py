"""``fawang check bank``: every article exists and is in force, no two questions are copies, lengths and counts."""

from __future__ import annotations

import argparse
import json

from fawang.console.setup import ready

HELP = "check the question bank against the library"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What to check."""
    parser.add_argument("what", choices=("bank",))


def run(options: argparse.Namespace) -> int:
    """Print the report; status 1 when something is wrong."""
    ready()
    from fawang.knowledge.bank_check import check_bank

    report = check_bank()
    print(json.dumps(report, ensure_ascii=False, indent=1))
    return 1 if report["faults"] else 0
