"""Bringing a table in: read it, judge every cell, show the report; write nothing until the whole is accepted."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

from django.db import transaction

from fawang.kernel import clock, events
from fawang.kernel.errors import Refusal
from fawang.kernel.folding import fold_name
from fawang.kernel.freshness import changing
from fawang.kernel.policy import decide, require
from fawang.kernel.text_safety import ValueProblem, check_text
from fawang.people.actors import Actor
from fawang.regions.selectors import division_exists
from fawang.registry import services
from fawang.registry.kinds import ACCESSIBILITY, ITEMS, KINDS
from fawang.registry.models import ImportBatch, Organisation, Practitioner, ServiceSite
from fawang.registry.tables import LIST_SEPARATOR, LOST_DIGITS, TABLES, read_table
from fawang.registry.validators import parse_licence, parse_uscc

_SHOWN = 500
Row = dict[str, Any]


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
    table = read_table(file_name, content)
    places = _heading(kind, table[0])
    rows: list[Row] = []
    problems: list[dict[str, Any]] = []
    seen: dict[tuple[str, ...], int] = {}
    tally = {"add": 0, "change": 0, "same": 0}
    for number, cells in enumerate(table[1:], 2):
        row, bad = _row(kind, places, cells)
        if not bad:
            bad = _judge(actor, kind, row, seen, number)
        problems += [{"row": number, "column": c, "value": v[:60], "code": e.code, "params": e.params} for c, v, e in bad]
        if not bad:
            tally[_fate(kind, row)] += 1
            rows.append({**row, "_row": number})
    report = {"rows": len(table) - 1, **tally, "problems": problems[:_SHOWN], "problem_count": len(problems)}
    return ImportBatch.objects.create(
        kind=kind, file_name=file_name[-200:], digest=hashlib.sha256(content).hexdigest(), made_by=str(actor.account),
        state=ImportBatch.State.REFUSED if problems else ImportBatch.State.CHECKED, report=report, rows=None if problems else json.dumps(rows, default=str),
    )  # fmt: skip


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
            row[column.code] = _value(kind, column.code, value, row)
        except ValueProblem as problem:
            bad.append((column.heading, value, _Bad(problem.code, **problem.params)))
        except _Bad as problem:
            bad.append((column.heading, "" if value == LOST_DIGITS else value, problem))
    return row, bad


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
    for mark in ",，;、":
        value = value.replace(mark, LIST_SEPARATOR)
    return [part.strip() for part in value.split(LIST_SEPARATOR) if part.strip()][:30]


def _date(value: str, row: Row) -> str | None:
    try:
        return date.fromisoformat(value.replace("/", "-").replace(".", "-")[:10]).isoformat() if value else None
    except ValueError:
        raise _Bad("import.date") from None


def _number(value: str, row: Row) -> float | None:
    try:
        return float(value) if value else None
    except ValueError:
        raise _Bad("import.number") from None


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
    check_text(value, max_length=300, single_line=True)
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


def _key(kind: str, row: Row) -> tuple[str, ...]:
    if kind == "practitioners":
        return (row["kind"], row["licence_no"])
    if kind == "organisations" and row["uscc"]:
        return (row["uscc"],)
    return (row.get("kind", ""), row["region"], fold_name(row["name"]))


def _existing(kind: str, row: Row) -> Organisation | ServiceSite | Practitioner | None:
    if kind == "practitioners":
        return Practitioner.objects.filter(kind=row["kind"], licence_no=row["licence_no"]).first()
    if kind == "sites":
        return ServiceSite.objects.filter(region_code=row["region"], folded=fold_name(row["name"])).exclude(state="closed").first()
    if row["uscc"] and (found := Organisation.objects.filter(uscc=row["uscc"]).first()):
        return found
    return Organisation.objects.filter(kind=row["kind"], region_code=row["region"], folded=fold_name(row["name"])).exclude(state="closed").first()


def _judge(actor: Actor, kind: str, row: Row, seen: dict[tuple[str, ...], int], number: int) -> list[tuple[str, str, _Bad]]:
    key = _key(kind, row)
    if key in seen:
        return [("", "", _Bad("import.twice", row=seen[key]))]
    seen[key] = number
    if bool(row.get("lon")) != bool(row.get("lat")):
        return [("经度", "", _Bad("site.coordinates"))]
    if row.get("valid_from") and row.get("valid_to") and row["valid_to"] < row["valid_from"]:
        return [("有效期止", row["valid_to"], _Bad("validity.order"))]
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


def _fate(kind: str, row: Row) -> str:
    found = _existing(kind, row)
    if found is None:
        return "add"
    return "change" if _changes(kind, row, found) else "same"


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
                done[_apply(actor, batch.kind, row)] += 1
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


def _apply(actor: Actor, kind: str, row: Row) -> str:
    found = _existing(kind, row)
    if found is not None:
        changes = _changes(kind, row, found)
        if not changes:
            return "same"
        if isinstance(found, Organisation):
            services.change_organisation(actor=actor, organisation_id=found.pk, version=found.version, changes=changes)
        elif isinstance(found, ServiceSite):
            services.change_site(actor=actor, site_id=found.pk, version=found.version, changes=changes)
        else:
            services.change_practitioner(actor=actor, practitioner_id=found.pk, version=found.version, changes=changes)
        return "change"
    if kind == "organisations":
        parent = Organisation.objects.get(pk=row["parent"]) if row["parent"] else None
        fields = {k: row[k] for k in ("kind", "name", "short_name", "uscc", "phone", "address")}
        services.add_organisation(actor=actor, region_code=row["region"], parent=parent, **fields)
        return "add"
    body = Organisation.objects.get(pk=row["organisation"])
    if kind == "sites":
        fields = {k: row[k] for k in ("level", "name", "address", "lon", "lat", "phone", "items", "accessibility")}
        services.add_site(actor=actor, organisation=body, region_code=row["region"], **fields)
    else:
        fields = {k: row[k] for k in ("kind", "name", "licence_no", "specialities", "languages")}
        fields |= {k: date.fromisoformat(row[k]) if row[k] else None for k in ("licensed_on", "valid_from", "valid_to")}
        services.add_practitioner(actor=actor, organisation=body, **fields)
    return "add"
