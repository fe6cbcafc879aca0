"""Rows written and read fast: statements each connection parses and plans once, several tables in one of them, tuples for objects."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import psycopg
from django.contrib.postgres.fields import ArrayField
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import BinaryField, BooleanField, CharField, DateTimeField, Field, IntegerField, JSONField, Model, SmallIntegerField, UUIDField
from psycopg.rows import namedtuple_row
from psycopg.types.json import Jsonb

_SAME: dict[type[Any], type] = {
    CharField: str, UUIDField: uuid.UUID, DateTimeField: datetime, BooleanField: bool, IntegerField: int, SmallIntegerField: int, BinaryField: bytes,
    ArrayField: list,
}  # fmt: skip
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


def select(model: type[Model], ending: str, values: Sequence[Any] = ()) -> list[Any]:
    """A table's rows as plain named tuples, what is sealed in them unopened; ``ending`` is all that follows FROM."""
    connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    with connection.wrap_database_errors:
        cursor = psycopg.RawCursor(connection.connection, row_factory=namedtuple_row)
        return cursor.execute(_selection(model) + ending, values, binary=True, prepare=True).fetchall()  # type: ignore[arg-type]


def walk(model: type[Model], ending: str, values: Sequence[Any] = (), size: int = 2000) -> Iterator[Any]:
    """The same for rows too many to hold at once, read ``size`` at a time."""
    connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    with connection.wrap_database_errors:
        raw = connection.connection
        with psycopg.RawServerCursor(raw, f"walk_{uuid.uuid4().hex}", row_factory=namedtuple_row, withhold=raw.autocommit) as cursor:
            cursor.itersize = size
            yield from cursor.execute(_selection(model) + ending, values, binary=True)  # type: ignore[arg-type]


@functools.cache
def _selection(model: type[Model]) -> str:
    quote = connections[DEFAULT_DB_ALIAS].ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in model._meta.local_concrete_fields)
    return f"SELECT {columns} FROM {quote(model._meta.db_table)} "  # noqa: S608 - names from models


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
    if type(field) is JSONField and field.encoder is None:
        return field.attname, None, Jsonb
    target: Any = getattr(field, "target_field", field)
    return field.attname, _SAME.get(type(target)), lambda value: field.get_db_prep_save(value, connections[DEFAULT_DB_ALIAS])
