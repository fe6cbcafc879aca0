"""``fawang verify``: the record; ``--figures``: every published figure on a second code path."""

from __future__ import annotations

import argparse
from itertools import islice

from fawang.console.setup import ready

HELP = "check the record of events; --figures recomputes every figure"


def arguments(parser: argparse.ArgumentParser) -> None:
    """``--figures``."""
    parser.add_argument("--figures", action="store_true")


def run(options: argparse.Namespace) -> int:
    """0 when whole, 1 when damaged (the first ten are named)."""
    ready()
    if options.figures:
        return _figures()
    from fawang.kernel.models import Event
    from fawang.kernel.verification import damages

    found = list(islice(damages(), 10))
    for damage in found:
        print(f"{damage.position or '-'} {damage.record}: {damage.what}")
    if not found:
        print(f"记录完整，共 {Event.objects.count()} 条 / The record is whole.")
    return 1 if found else 0


def _figures() -> int:
    from fawang.hotline.figures_check import differences as hotline_differences
    from fawang.oversight.figures_check import differences

    found = [*differences(), *hotline_differences()]
    for line in found[:20]:
        print(line)
    print("统计数字与重算一致 / All figures agree." if not found else f"{len(found)} 处不一致 / differences.")
    return 1 if found else 0
