"""``fawang norms``: articles that interviews, sums, papers, guides and passages name and that are no law on a day."""

from __future__ import annotations

import argparse
from datetime import date

from fawang.console.halt import Halt
from fawang.console.setup import ready

HELP = "list what names an article that is not in force (--on DATE; today without it)"


def arguments(parser: argparse.ArgumentParser) -> None:
    """``--on 2026-03-02``."""
    parser.add_argument("--on", default="", metavar="DATE")


def run(options: argparse.Namespace) -> int:
    """0 when all the library can tell of is law that day; 1 otherwise. Laws the library does not hold are only counted."""
    ready()
    from fawang.knowledge.norm_check import unfit

    try:
        day = date.fromisoformat(options.on) if options.on else None
    except ValueError:
        raise Halt("日期请写成2026-03-02。/ Write the date as 2026-03-02.") from None
    found = unfit(day)
    wrong = [row for row in found if row.held]
    for row in wrong:
        print(row)
    away = sorted({row.norm.rpartition(" ")[0] for row in found if not row.held})
    if away:
        print(f"库里没有、无法核对的法 / not in the library: {len(away)}（{'、'.join(away)}）")
    print("其余引用的法条都有效。/ All other articles are in force." if not wrong else f"{len(wrong)} 处需要复核 / to be reviewed.")
    return 1 if wrong else 0
