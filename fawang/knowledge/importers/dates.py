"""From when a version is law: the reviewed table, its own closing article, its source, or the day it was passed."""

from __future__ import annotations

import csv
import functools
from datetime import date
from importlib.resources import files

from fawang.knowledge.importers.parsed import ParsedLaw, force_date
from fawang.knowledge.titles import title_key


@functools.cache
def reviewed() -> dict[tuple[str, date], tuple[date, str]]:
    """(key, version date) → the day it entered into force and the norm that says so (``rules/versions.csv``)."""
    with files("fawang.knowledge").joinpath("rules/versions.csv").open(encoding="utf-8") as file:
        return {(title_key(r["title"]), date.fromisoformat(r["version_date"])): (date.fromisoformat(r["from_date"]), r["norm"]) for r in csv.DictReader(file)}


def beginning(law: ParsedLaw) -> tuple[date, str]:
    """The day from which this version is law, and on what basis (``LawVersion.Basis``)."""
    if known := reviewed().get((law.key, law.version_date)):
        return known[0], "rules"
    if stated := force_date(law.articles, law.version_date):
        return stated, "text"
    if law.from_date and law.from_date >= law.version_date:
        return law.from_date, "source"
    return law.version_date, "passed"


@functools.cache
def ranks() -> dict[str, int]:
    """How far a source is trusted where two differ: the higher rank is read (``rules/sources.csv``)."""
    with files("fawang.knowledge").joinpath("rules/sources.csv").open(encoding="utf-8") as file:
        return {r["source"]: int(r["rank"]) for r in csv.DictReader(file)}
