"""``fawang categories``: publish the next edition of the categories; without ``--accept`` it only tells what it would do."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from fawang.console.halt import Halt
from fawang.console.setup import ready

HELP = "publish the next edition of the categories (CSV or XLSX; tells only, without --accept)"


def arguments(parser: argparse.ArgumentParser) -> None:
    """``fawang categories new.csv --from 2027-01-01 --source 司规〔2026〕3号 --mapping old-new.csv --accept``."""
    parser.add_argument("path", type=Path, help="columns code, name, name_en, words; a parent stands before its children")
    parser.add_argument("--from", dest="day", required=True, metavar="DATE", help="in force from this day, after today")
    parser.add_argument("--source", required=True, help="the document that orders it")
    parser.add_argument("--mapping", type=Path, help="columns from, to: what codes that vanish are counted as")
    parser.add_argument("--accept", action="store_true", help="write it; otherwise nothing is written")


def run(options: argparse.Namespace) -> int:
    """Print every fault and return 1, or what is new and what is gone and return 0. Raises ``Halt`` for a file that cannot be read."""
    ready()
    from fawang.kernel.context import acting
    from fawang.matters.categories import version_in_force
    from fawang.matters.models import Category
    from fawang.matters.taxonomy import faults_of_edition, publish_edition
    from fawang.people.actors import SYSTEM

    try:
        day = date.fromisoformat(options.day)
    except ValueError:
        raise Halt("日期请写成2027-01-01。/ Write the date as 2027-01-01.") from None
    rows = _rows(options.path)
    pairs = _rows(options.mapping) if options.mapping else []
    if pairs and {"from", "to"} - set(pairs[0]):
        raise Halt(f"{options.mapping}：要有from、to两列。/ It needs the columns from and to.")
    mapping = [(pair["from"], pair["to"]) for pair in pairs]
    if faults := faults_of_edition(rows, effective_from=day, source=options.source, mapping=mapping):
        print("\n".join(str(fault) for fault in faults))
        print(f"有{len(faults)}处问题，没有写入。/ {len(faults)} faults, nothing written.")
        return 1
    before = set(Category.objects.filter(version_id=version_in_force()).values_list("code", flat=True))
    now = {row["code"] for row in rows}
    print(f"新增 / new: {len(now - before)}；取消 / gone: {len(before - now)}；沿用 / kept: {len(now & before)}")
    if not options.accept:
        print("没有写入；加上 --accept 才发布。/ Nothing written; --accept publishes it.")
        return 0
    with acting(door="system"):
        edition = publish_edition(actor=SYSTEM, rows=rows, effective_from=day, source=options.source, mapping=mapping)
    print(f"第{edition.number}版自{day:%Y-%m-%d}起生效。/ Edition {edition.number} is in force from {day:%Y-%m-%d}.")
    return 0


def _rows(path: Path) -> list[dict[str, str]]:
    from fawang.kernel.errors import Refusal
    from fawang.matters.taxonomy import rows_of_table

    try:
        return rows_of_table(path.name, path.read_bytes())
    except OSError as bad:
        raise Halt(f"读不了 {path}。/ Cannot be read: {bad.strerror}") from None
    except Refusal as refusal:
        raise Halt(f"{path}：{refusal}") from None
