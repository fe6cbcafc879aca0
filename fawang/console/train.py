"""``fawang train ranker``: learn the ranker's weights from the reviewed questions and write the reviewed file."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from fawang.console.setup import ready

HELP = "train the search ranker from reviewed questions"


def arguments(parser: argparse.ArgumentParser) -> None:
    """How many questions to learn from; further pairs for training only; where to write."""
    parser.add_argument("what", choices=("ranker",))
    parser.add_argument("--sample", type=int, default=4000, help="bank questions to learn from (0: all)")
    parser.add_argument("--also", type=Path, default=None, help="further pairs in the STARD layout, asked of the bank alone")
    parser.add_argument("--out", type=Path, default=None, help="write here instead of printing")


def run(options: argparse.Namespace) -> int:
    """Train both rankers, print the cross-validated measures, write the file."""
    ready()
    from fawang.knowledge.training import learned

    text, report = learned(sample=options.sample, also=options.also, said=lambda line: print(line, file=sys.stderr, flush=True))
    print(json.dumps(report, ensure_ascii=False, indent=1))
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    return 0
