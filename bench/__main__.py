"""``./run bench [part …]``: every figure is a ratio against a peer, or a limit, measured in this very run.

Parts: submissions, scale, pages, search, hotline, races, fuzz (only when named). Without names all run. ``--small`` shrinks them so that the
harness itself can be tried; its figures mean nothing.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

PARTS = ("pages", "submissions", "scale", "search", "hotline", "races")


def main() -> int:
    """Run the parts named, print a table, fail when a limit is missed."""
    wanted = [a for a in sys.argv[1:] if not a.startswith("-")] or [p for p in PARTS if (Path(__file__).parent / f"{p}.py").exists()]
    small = "--small" in sys.argv
    if "--one" in sys.argv:  # each part has a process and a database of its own
        Path(sys.argv[-1]).write_text(json.dumps(importlib.import_module(f"bench.{wanted[0]}").run(small=small), ensure_ascii=False))
        return 0
    rows = []
    for part in wanted:
        with tempfile.NamedTemporaryFile() as found:
            subprocess.run([sys.executable, "-m", "bench", part, *(["--small"] if small else []), "--one", found.name], check=True)
            rows += json.loads(Path(found.name).read_text())
    width = max(len(row["what"]) for row in rows)
    for row in rows:
        verdict = "" if row.get("holds") is None else "  holds" if row["holds"] else "  MISSED"
        print(f"{row['what']:{width}}  {row['figure']}{verdict}")
    (Path("build")).mkdir(exist_ok=True)
    Path("build/bench.json").write_text(json.dumps(rows, ensure_ascii=False, indent=1))
    return 0 if small or all(row.get("holds") is not False for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
