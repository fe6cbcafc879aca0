"""``fawang anchor``: the head of the record, to be kept by somebody who cannot change the record."""

from __future__ import annotations

import argparse
from pathlib import Path

from fawang.console.halt import Halt
from fawang.console.setup import ready

HELP = "print the record's head to keep elsewhere; --to FILE adds it to a file that `verify --anchor` proves against"


def arguments(parser: argparse.ArgumentParser) -> None:
    """``--to FILE``."""
    parser.add_argument("--to", type=Path, metavar="FILE", help="add the line to this file")


def run(options: argparse.Namespace) -> int:
    """Seal what waits, then print one line; 1 while there is nothing to anchor."""
    ready()
    from fawang.kernel import anchors, events, readlog

    readlog.seal_reads()
    while events.seal():
        pass
    anchor = anchors.head_now()
    if anchor is None:
        raise Halt("尚无记录 / There is no record yet.")
    if options.to:
        try:
            anchors.write_anchor(options.to)
        except OSError as error:
            raise Halt(f"无法写入 {options.to}: {error.strerror} / Cannot write the anchor.") from None
        except ValueError as problem:
            raise Halt(f"锚文件无法识别 / Not an anchor file: {problem}") from None
    print(anchor.line)
    return 0
