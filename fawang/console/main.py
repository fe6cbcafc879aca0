"""``fawang``: the operator's verbs. Each verb is a module of this room with ``HELP``, ``arguments`` and ``run``."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

VERBS = (
    "up",
    "worker",
    "migrate",
    "demo",
    "first_admins",
    "verify",
    "anchor",
    "rotate_keys",
    "doctor",
    "database",
    "docs",
    "import_",
    "search",
    "train",
    "check",
    "library",
    "norms",
    "categories",
    "hotline",
    "hotline_engine",
)


def main(argv: list[str] | None = None) -> int:
    """Run one verb; returns the exit status. A ``Halt`` is one clear sentence and status 1."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    parser = argparse.ArgumentParser(prog="fawang", description="法网 Fawang")
    verbs = parser.add_subparsers(dest="verb", required=True)
    modules = {}
    for name in VERBS:
        module = importlib.import_module(f"fawang.console.{name}")
        shown = name.strip("_").replace("_", "-")  # a verb that is a word of Python has a module with a line after it
        modules[shown] = module
        sub = verbs.add_parser(shown, help=module.HELP)
        module.arguments(sub)
    options = parser.parse_args(argv)
    from fawang.console.database import leave
    from fawang.console.halt import Halt
    from fawang.kernel.logs import mask_endings

    mask_endings()
    try:
        return int(modules[options.verb].run(options) or 0)
    except Halt as halt:
        print(halt, file=sys.stderr)
        return 1
    finally:
        leave()


if __name__ == "__main__":
    sys.exit(main())
