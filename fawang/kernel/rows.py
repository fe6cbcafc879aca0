"""Writing rows fast: statements each connection parses and plans once, and rows of several tables in one of them."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import BooleanField, CharField, DateTimeField, Field, Model, UUIDField

_SAME: dict[type[Any], type] = {CharField: str, UUIDField: uuid.UUID, DateTimeField: datetime, BooleanField: bool}
"""Fields whose values of this very type go to the database as they are."""


def insert(*rows: Model) -> None:
    """Write new rows as they stand, whatever their tables, in one statement: all of them or none. No signals.

    Their keys are made here, and what they refer to may be among them. Raises ``TypeError`` for a table whose keys the database gives.
    """
    if not rows:
        return
    statement, columns = _insertion(tuple(type(row) for row in rows))
    values = []
    for row, takers in zip(rows, columns, strict=True):
        held = row.__dict__
        for name, same, prepared in takers:
            value = held[name]
            values.append(value if value is None or type(value) is same else prepared(value))
    execute(statement, values)
    for row in rows:
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def execute(statement: str, values: Sequence[Any]) -> psycopg.Cursor[Any]:
    """One statement of ours (places ``$1``, ``$2`` …), prepared. The database's refusals come as Django's own errors."""
    connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors:
        return psycopg.RawCursor(connection.connection).execute(statement, values, prepare=True)  # type: ignore[arg-type]


Taker = tuple[str, type | None, Callable[[Any], Any]]


@functools.lru_cache(maxsize=256)
def _insertion(models: tuple[type[Model], ...]) -> tuple[str, tuple[tuple[Taker, ...], ...]]:
    """The statement that writes one row into each of these tables, and how it takes the values of each."""
    if keyless := [model._meta.label for model in models if any(field.db_returning for field in model._meta.local_concrete_fields)]:
        raise TypeError(f"the database gives the keys of {keyless}")
    parts, at = [], 0
    for model in models:
        parts.append(_one(model, at))
        at += len(model._meta.local_concrete_fields)
    *before, last = parts
    with_ = ", ".join(f"row{n} AS ({part})" for n, part in enumerate(before))
    return (f"WITH {with_} {last}" if before else last), tuple(tuple(map(_taker, model._meta.local_concrete_fields)) for model in models)


def _one(model: type[Model], at: int) -> str:
    connection, fields = connections[DEFAULT_DB_ALIAS], model._meta.local_concrete_fields
    columns = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    places = ", ".join(f"${n}::{kind}" if (kind := field.db_type(connection) or "").endswith("[]") else f"${n}" for n, field in enumerate(fields, at + 1))
    return f"INSERT INTO {connection.ops.quote_name(model._meta.db_table)} ({columns}) VALUES ({places})"  # noqa: S608 - names from models


def _taker(field: Field[Any, Any]) -> Taker:
    """Attribute, the type taken as it is, and what prepares any other value."""
    target: Any = getattr(field, "target_field", field)
    return field.attname, _SAME.get(type(target)), lambda value: field.get_db_prep_save(value, connections[DEFAULT_DB_ALIAS])
