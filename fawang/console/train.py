"""``fawang train ranker``: learn the ranker's weights and write the reviewed file. ``fawang train measure``: how well the search finds."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from fawang.console.halt import Halt
from fawang.console.setup import ready

HELP = "train the search ranker from reviewed questions"


def arguments(parser: argparse.ArgumentParser) -> None:
    """How many questions to learn from; pairs to learn from or to measure on; where to write."""
    parser.add_argument("what", choices=("ranker", "measure"))
    parser.add_argument("--pairs", type=Path, default=None, help="measure: questions with their articles in the STARD layout")
    parser.add_argument("--folds", action="store_true", help="measure: cross-validated, the bank holding the other folds' questions")
    parser.add_argument("--sample", type=int, default=2000, help="bank questions to learn from (0: all)")
    parser.add_argument("--also", type=Path, default=None, help="further pairs in the STARD layout, asked of the bank alone")
    parser.add_argument("--out", type=Path, default=None, help="write here instead of printing")


def run(options: argparse.Namespace) -> int:
    """Train both rankers, print the cross-validated measures, write the file; or measure. Raises ``Halt`` without pairs to measure on."""
    ready()
    from fawang.knowledge.quality import measured
    from fawang.knowledge.training import learned

    def said(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    if options.what == "measure":
        if options.pairs is None or not options.pairs.is_file():
            raise Halt("请用 --pairs 给出问题文件 / Name a file of questions with --pairs.")
        print(json.dumps(measured(options.pairs, folds=options.folds, said=said), ensure_ascii=False, indent=1))
        return 0
    text, report = learned(sample=options.sample, also=options.also, said=said)
    print(json.dumps(report, ensure_ascii=False, indent=1))
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    return 0
