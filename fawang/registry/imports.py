"""Bringing a table in: read it, judge every cell, rehearse the whole, show the report; nothing stays written until it is accepted.

The rehearsal takes every row in as acceptance would and takes it all back, so that whatever would be refused is told beforehand.
"""

from __future__ import annotations

import hashlib
import json
import math
import uuid
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from django.db import transaction

from fawang.kernel import clock, events
from fawang.kernel.errors import Absent, Forbidden, Refusal
from fawang.kernel.folding import fold_name
from fawang.kernel.freshness import changing
from fawang.kernel.policy import decide, require
from fawang.kernel.text_safety import ValueProblem, check_text
from fawang.people.actors import Actor
from fawang.regions.selectors import division_exists
from fawang.registry import services
from fawang.registry.kinds import ACCESSIBILITY, ITEMS, KINDS
from fawang.registry.models import ImportBatch, Organisation, Practitioner, ServiceSite
from fawang.registry.tables import LIST_SEPARATOR, LOST_DIGITS, TABLES, read_lines
from fawang.registry.tree import forget_tree
from fawang.registry.validators import parse_licence, parse_uscc

_SHOWN = 500
_LONGEST_LIST = 2000
Row = dict[str, Any]
Problem = dict[str, Any]


class _Bad(Exception):
    def __init__(self, code: str, **params: Any) -> None:
        self.code, self.params = code, params


def check_import(*, actor: Actor, kind: str, file_name: str, content: bytes) -> ImportBatch:
    """Read and judge a file. The batch's report names row, column and reason of every problem.

    Raises ``Forbidden``, and ``Refusal`` when the file is no table at all (``import.*``).
    """
    require("registry.manage", actor)
    if kind not in TABLES:
        raise Refusal("import.unknown", value=kind)
    heading, *lines = read_lines(file_name, content)
    places = _heading(kind, heading.cells)
    rows: list[Row] = []
    problems: list[Problem] = []
    for line in lines:
        row, bad = _row(kind, places, line.cells)
        bad = bad or _judge(actor, kind, row)
        problems += [_problem(line.number, *found) for found in bad]
        if not bad:
            rows.append({**row, "_row": line.number})
    tally, refused = _rehearse(actor, kind, rows)
    problems = sorted([*problems, *refused], key=lambda p: p["row"])
    report = {"rows": len(lines), **tally, "problems": problems[:_SHOWN], "problem_count": len(problems)}
    return ImportBatch.objects.create(
        kind=kind, file_name=file_name[-200:], digest=hashlib.sha256(content).hexdigest(), made_by=str(actor.account),
        state=ImportBatch.State.REFUSED if problems else ImportBatch.State.CHECKED, report=report, rows=None if problems else json.dumps(rows, default=str),
    )  # fmt: skip


def _problem(row: int, column: str, value: str, why: _Bad) -> Problem:
    shown = {name: _printable(v[:60]) if isinstance(v, str) else v for name, v in why.params.items()}
    return {"row": row, "column": column, "value": _printable(value[:60]), "code": why.code, "params": shown}


def _printable(text: str) -> str:
    """What can be kept of a cell that cannot."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


class _TakeBack(Exception):
    """Ends a rehearsal: all it wrote is taken back."""


def _rehearse(actor: Actor, kind: str, rows: Iterable[Row]) -> tuple[dict[str, int], list[Problem]]:
    """Take every row in, in the file's order, and all of it back: what became of each, and what acceptance would refuse."""
    tally, problems = {"add": 0, "change": 0, "same": 0}, list[Problem]()
    touched: dict[uuid.UUID, int] = {}
    try:
        with transaction.atomic():
            if kind == "organisations":
                changing("registry_organisation")
            for row in rows:
                try:
                    with transaction.atomic():
                        fate, thing = _apply(actor, kind, row)
                        if thing in touched:
                            raise Refusal("import.twice", row=touched[thing])
                except Refusal as refusal:
                    problems.append(_problem(row["_row"], *_told(kind, row, refusal)))
                else:
                    touched[thing] = row["_row"]
                    tally[fate] += 1
            raise _TakeBack
    except _TakeBack:
        forget_tree()
    return tally, problems


def _told(kind: str, row: Row, refusal: Refusal) -> tuple[str, str, _Bad]:
    """A service's refusal as a problem of a cell."""
    if isinstance(refusal, Forbidden | Absent):
        return "", "", _Bad("import.scope")
    field, why = next(iter(refusal.fields.items()), ("", refusal))
    column = next((c for c in TABLES[kind] if c.code == field), None)
    return (column.heading, str(row[field] or ""), _Bad(why.code, **why.params)) if column else ("", "", _Bad(why.code, **why.params))


def _heading(kind: str, cells: list[str]) -> dict[str, int]:
    named = {cell.strip().lstrip("\ufeff"): at for at, cell in enumerate(cells)}
    places = {c.code: named[n] for c in TABLES[kind] for n in (c.heading, c.code) if n in named}
    missing = [c.heading for c in TABLES[kind] if c.required and c.code not in places]
    if missing:
        raise Refusal("import.columns", names="、".join(missing))
    return places


def _row(kind: str, places: dict[str, int], cells: list[str]) -> tuple[Row, list[tuple[str, str, _Bad]]]:
    row: Row = {}
    bad = []
    for column in TABLES[kind]:
        at = places.get(column.code)
        value = cells[at].strip() if at is not None and at < len(cells) else ""
        try:
            if value == LOST_DIGITS:
                raise _Bad("import.digits")
            if not value and column.required:
                raise _Bad("field.required")
            _legible(kind, column.code, value)
            row[column.code] = _value(kind, column.code, value, row)
        except ValueProblem as problem:
            bad.append((column.heading, value, _Bad(problem.code, **problem.params)))
        except _Bad as problem:
            bad.append((column.heading, "" if value == LOST_DIGITS else value, problem))
    return row, bad


def _legible(kind: str, code: str, value: str) -> None:
    several = _PARSERS.get((kind, code)) is _list
    check_text(value, max_length=_LONGEST_LIST if several else 300, single_line=not several)


def _choice(names: dict[str, str]) -> Callable[[str, Row], str]:
    by_name = {name: code for code, name in names.items()} | {code: code for code in names}

    def parse(value: str, row: Row) -> str:
        if value not in by_name:
            raise _Bad("import.unknown", value=value[:30])
        return by_name[value]

    return parse


def _choices(names: dict[str, str]) -> Callable[[str, Row], list[str]]:
    one = _choice(names)
    return lambda value, row: [one(part, row) for part in _list(value, row)]


def _list(value: str, row: Row) -> list[str]:
    for mark in ",，;、\r\n":
        value = value.replace(mark, LIST_SEPARATOR)
    return [part.strip() for part in value.split(LIST_SEPARATOR) if part.strip()][:30]


def _date(value: str, row: Row) -> str | None:
    try:
        return date.fromisoformat(value.replace("/", "-").replace(".", "-")[:10]).isoformat() if value else None
    except ValueError:
        raise _Bad("import.date") from None


def _number(value: str, row: Row) -> float | None:
    try:
        number = float(value) if value else None
    except ValueError:
        raise _Bad("import.number") from None
    if number is not None and not math.isfinite(number):
        raise _Bad("import.number")
    return number


def _region(value: str, row: Row) -> str:
    if not division_exists(value):
        raise _Bad("organisation.region")
    return value


def _body(value: str, row: Row) -> str:
    found = Organisation.objects.filter(folded=fold_name(value)).exclude(state="closed").values_list("pk", flat=True)[:2]
    if value and len(found) != 1:
        raise _Bad("import.organisation" if not found else "import.ambiguous")
    return str(found[0]) if value else ""


def _uscc(value: str, row: Row) -> str:
    declared = KINDS.get(row.get("kind", ""))
    return parse_uscc(value, kind=declared.name.zh if declared else "", uscc_class=declared.uscc_class if declared else "") if value else ""


def _text(value: str, row: Row) -> str:
    return value


_PARSERS: dict[tuple[str, str], Callable[[str, Row], Any]] = {
    ("organisations", "kind"): _choice({k: v.name.zh for k, v in KINDS.items()}),
    ("organisations", "uscc"): _uscc,
    ("organisations", "parent"): _body,
    ("sites", "organisation"): _body,
    ("sites", "level"): _choice(dict(ServiceSite.Level.choices)),
    ("sites", "items"): _choices({k: v.zh for k, v in ITEMS.items()}),
    ("sites", "accessibility"): _choices({k: v.zh for k, v in ACCESSIBILITY.items()}),
    ("sites", "lon"): _number,
    ("sites", "lat"): _number,
    ("practitioners", "kind"): _choice(dict(Practitioner.Kind.choices)),
    ("practitioners", "organisation"): _body,
    ("practitioners", "licence_no"): lambda value, row: parse_licence(row.get("kind", ""), value),
    ("practitioners", "specialities"): _list,
    ("practitioners", "languages"): _list,
    ("practitioners", "licensed_on"): _date,
    ("practitioners", "valid_from"): _date,
    ("practitioners", "valid_to"): _date,
}


def _value(kind: str, code: str, value: str, row: Row) -> Any:
    parser = _PARSERS.get((kind, code)) or (_region if code == "region" else _text)
    return parser(value, row)


def _existing(kind: str, row: Row) -> Organisation | ServiceSite | Practitioner | None:
    if kind == "practitioners":
        return Practitioner.objects.filter(kind=row["kind"], licence_no=row["licence_no"]).first()
    if kind == "sites":
        return ServiceSite.objects.filter(region_code=row["region"], folded=fold_name(row["name"])).exclude(state="closed").first()
    if row["uscc"] and (found := Organisation.objects.filter(uscc=row["uscc"]).first()):
        return found
    return Organisation.objects.filter(kind=row["kind"], region_code=row["region"], folded=fold_name(row["name"])).exclude(state="closed").first()


def _judge(actor: Actor, kind: str, row: Row) -> list[tuple[str, str, _Bad]]:
    """What can be said of a row by itself, with the column it is about; the rehearsal finds the rest."""
    if (row.get("lon") is None) != (row.get("lat") is None):
        return [("经度", "", _Bad("site.coordinates"))]
    target = row["region"] if kind == "organisations" else Organisation.objects.get(pk=row["organisation"])
    if not decide("registry.manage", actor, target):
        return [("行政区划代码" if kind == "organisations" else "所属机构", "", _Bad("import.scope"))]
    found = _existing(kind, row)
    if isinstance(found, Organisation) and found.kind != row["kind"]:
        return [("机构种类", "", _Bad("organisation.exists"))]
    moved = kind == "organisations" and bool(row.get("parent")) and str(getattr(found, "parent_id", "")) != row["parent"]
    if moved and not decide("registry.manage", actor, Organisation.objects.get(pk=row["parent"])):
        return [("上级机构", "", _Bad("import.scope"))]
    return []


def _changes(kind: str, row: Row, found: Organisation | ServiceSite | Practitioner) -> Row:
    """What a row changes in what is registered; empty cells change nothing."""
    wanted = {k: v for k, v in row.items() if v not in ("", [], None) and k not in {"_row", "kind", "region", "level"}}
    if "parent" in wanted:
        wanted["parent_id"] = uuid.UUID(wanted.pop("parent"))
    if kind == "sites":
        wanted.pop("organisation", None)
    if "organisation" in wanted:
        wanted["organisation_id"] = uuid.UUID(wanted.pop("organisation"))
    for name in ("licensed_on", "valid_from", "valid_to"):
        if name in wanted:
            wanted[name] = date.fromisoformat(wanted[name])
    wanted.pop("licence_no", None)
    return {k: v for k, v in wanted.items() if getattr(found, k) != v}


def accept_import(*, actor: Actor, batch_id: uuid.UUID) -> ImportBatch:
    """Apply a checked batch whole or not at all. Raises ``Refusal`` ``import.state``, or ``import.row`` naming what changed meanwhile."""
    with transaction.atomic():
        require("registry.manage", actor)
        batch = ImportBatch.objects.select_for_update().get(pk=batch_id)
        if batch.state != ImportBatch.State.CHECKED or not batch.rows:
            raise Refusal("import.state", status=409)
        if batch.kind == "organisations":
            changing("registry_organisation")
        done = {"add": 0, "change": 0, "same": 0}
        for row in json.loads(batch.rows):
            try:
                done[_apply(actor, batch.kind, row)[0]] += 1
            except Refusal as refusal:
                raise Refusal("import.row", row=row["_row"], reason=str(next(iter(refusal.fields.values()), refusal))) from None
        batch.state, batch.rows = ImportBatch.State.APPLIED, None
        batch.applied_by, batch.applied_at = str(actor.account), clock.now()
        batch.save(update_fields=["state", "rows", "applied_by", "applied_at"])
        events.record(
            kind="registry.imported",
            stream=batch.pk,
            payload={
                "batch": str(batch.pk),
                "kind": batch.kind,
                "rows": sum(done.values()),
                "added": done["add"],
                "changed": done["change"],
                "digest": batch.digest,
            },
        )
    return batch


def _apply(actor: Actor, kind: str, row: Row) -> tuple[str, uuid.UUID]:
    """Take one row in: what became of it (``add``, ``change``, ``same``) and the id of its object. Raises ``Refusal``."""
    found = _existing(kind, row)
    if found is not None:
        changes = _changes(kind, row, found)
        if not changes:
            return "same", found.pk
        if isinstance(found, Organisation):
            services.change_organisation(actor=actor, organisation_id=found.pk, version=found.version, changes=changes)
        elif isinstance(found, ServiceSite):
            services.change_site(actor=actor, site_id=found.pk, version=found.version, changes=changes)
        else:
            services.change_practitioner(actor=actor, practitioner_id=found.pk, version=found.version, changes=changes)
        return "change", found.pk
    if kind == "organisations":
        parent = Organisation.objects.get(pk=row["parent"]) if row["parent"] else None
        fields = {k: row[k] for k in ("kind", "name", "short_name", "uscc", "phone", "address")}
        return "add", services.add_organisation(actor=actor, region_code=row["region"], parent=parent, **fields).pk
    body = Organisation.objects.get(pk=row["organisation"])
    if kind == "sites":
        fields = {k: row[k] for k in ("level", "name", "address", "lon", "lat", "phone", "items", "accessibility")}
        return "add", services.add_site(actor=actor, organisation=body, region_code=row["region"], **fields).pk
    fields = {k: row[k] for k in ("kind", "name", "licence_no", "specialities", "languages")}
    fields |= {k: date.fromisoformat(row[k]) if row[k] else None for k in ("licensed_on", "valid_from", "valid_to")}
    return "add", services.add_practitioner(actor=actor, organisation=body, **fields).pk
