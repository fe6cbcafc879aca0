"""``fawang library``: bring the law library up: default laws of the demonstration, the shipped bank, a fresh index. The worker calls it."""

from __future__ import annotations

import argparse
import sys

from fawang.console.setup import ready

HELP = "bring laws, bank and search index up to date (the worker does it by itself)"


def arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def run(options: argparse.Namespace) -> int:
    """Do what is missing, say what was done."""
    ready()
    from fawang.kernel.context import acting
    from fawang.knowledge.search.upkeep import bring_up

    with acting(door="system"):
        done = bring_up(lambda line: print(line, file=sys.stderr, flush=True))
    print("、".join(done) or "已是最新 / up to date")
    return 0
