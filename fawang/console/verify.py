"""``fawang verify``: the record; ``--figures``: every published figure on a second code path."""

from __future__ import annotations

import argparse
from pathlib import Path

from fawang.console.halt import Halt
from fawang.console.setup import ready

HELP = "check the record of events; --anchor FILE against anchors held elsewhere; --figures recomputes every figure"


def arguments(parser: argparse.ArgumentParser) -> None:
    """``--anchor FILE`` (often), ``--figures``."""
    parser.add_argument("--anchor", type=Path, action="append", default=[], metavar="FILE", help="prove against anchors kept in this file too")
    parser.add_argument("--figures", action="store_true")


def run(options: argparse.Namespace) -> int:
    """0 when whole, 1 when damaged (the first ten are named)."""
    ready()
    if options.figures:
        return _figures()
    from fawang.kernel.anchors import anchor_file, read_anchors
    from fawang.kernel.verification import verified

    if missing := [str(path) for path in options.anchor if not path.is_file()]:
        raise Halt(f"找不到锚文件 {missing[0]} / No such anchor file.")
    try:
        anchors = read_anchors([anchor_file(), *options.anchor])
    except ValueError as problem:
        raise Halt(f"锚文件无法识别 / Not an anchor file: {problem}") from None
    count, found = verified(limit=10, anchors=anchors)
    for damage in found:
        print(f"{damage.position or '-'} {damage.record}: {damage.what}")
    if not found:
        print(f"记录完整，共 {count} 条，与 {len(anchors)} 个锚一致 / The record is whole and agrees with its anchors.")
    return 1 if found else 0


def _figures() -> int:
    from fawang.hotline.figures_check import differences as hotline_differences
    from fawang.oversight.figures_check import differences

    found = [*differences(), *hotline_differences()]
    for line in found[:20]:
        print(line)
    print("统计数字与重算一致 / All figures agree." if not found else f"{len(found)} 处不一致 / differences.")
    return 1 if found else 0
