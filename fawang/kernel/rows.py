"""Rows written and read fast: statements each connection parses and plans once, several tables in one of them, tuples for objects."""

from __future__ import annotations

import functools
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
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
    waiting = _waiting.get()
    if waiting is None:
        _send(*_inserted(rows))
    else:
        waiting.rows += rows
    for row in rows:
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


class Waiting:
    """Rows that wait to be written with the statement that ends their block."""

    def __init__(self) -> None:
        self.rows: list[Model] = []

    def end_with(self, statement: str, values: Sequence[Any]) -> None:
        """Write the rows and do ``statement`` (one that reads none of them), all in one."""
        rows, self.rows = tuple(self.rows), []
        if rows:
            insertion, before = _inserted(rows, last=statement)
            _send(insertion, [*before, *values])
        else:
            _send(statement, values)

    def write(self) -> None:
        """Write them now."""
        rows, self.rows = tuple(self.rows), []
        if rows:
            _send(*_inserted(rows))

    def before(self, execute: Callable[..., Any], *rest: Any) -> Any:
        """Whatever else is asked of the database in the block finds the rows written (a wrapper as Django's ``execute_wrapper`` takes it)."""
        self.write()
        return execute(*rest)


_waiting: ContextVar[Waiting | None] = ContextVar("fawang_rows_waiting", default=None)


@contextmanager
def waiting() -> Iterator[Waiting]:
    """In this block, inside a transaction, :func:`insert` writes at the end, or before the next other statement: one round trip less.

    So the database refuses a row at the end of the block, and not where it was inserted.
    """
    _nothing_waits()  # a block in a block: the outer one's rows come first
    held = Waiting()
    token = _waiting.set(held)
    try:
        with connections[DEFAULT_DB_ALIAS].execute_wrapper(held.before):
            yield held
            held.write()
    finally:
        _waiting.reset(token)


def execute(statement: str, values: Sequence[Any]) -> psycopg.Cursor[Any]:
    """One statement of ours (places ``$1``, ``$2`` …), prepared. The database's refusals come as Django's own errors."""
    _nothing_waits()
    return _send(statement, values)


def _nothing_waits() -> None:
    if (waiting := _waiting.get()) is not None:
        waiting.write()


def _inserted(rows: Sequence[Model], last: str = "") -> tuple[str, list[Any]]:
    """The statement that writes these rows, ended by ``last``, and the rows' values."""
    statement, columns = _insertion(tuple(type(row) for row in rows), last)
    values = []
    for row, takers in zip(rows, columns, strict=True):
        held = row.__dict__
        for name, same, prepared in takers:
            value = held[name]
            values.append(value if value is None or type(value) is same else prepared(value))
    return statement, values


def _send(statement: str, values: Sequence[Any]) -> psycopg.Cursor[Any]:
    connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    with connection.wrap_database_errors:
        return psycopg.RawCursor(connection.connection).execute(statement, values, prepare=True)  # type: ignore[arg-type]


def select(model: type[Model], ending: str, values: Sequence[Any] = ()) -> list[Any]:
    """A table's rows as plain named tuples, what is sealed in them unopened; ``ending`` is all that follows FROM."""
    _nothing_waits()
    connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    with connection.wrap_database_errors:
        cursor = psycopg.RawCursor(connection.connection, row_factory=namedtuple_row)
        return cursor.execute(_selection(model) + ending, values, binary=True, prepare=True).fetchall()  # type: ignore[arg-type]


def walk(model: type[Model], ending: str, values: Sequence[Any] = (), size: int = 2000) -> Iterator[Any]:
    """The same for rows too many to hold at once, read ``size`` at a time."""
    _nothing_waits()
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


_PLACE = re.compile(r"\$(\d+)")
Taker = tuple[str, type | None, Callable[[Any], Any]]


@functools.lru_cache(maxsize=256)
def _insertion(models: tuple[type[Model], ...], last: str = "") -> tuple[str, tuple[tuple[Taker, ...], ...]]:
    """The statement that writes one row into each of these tables (and does ``last``), and how it takes the values of each."""
    if keyless := [model._meta.label for model in models if any(field.db_returning for field in model._meta.local_concrete_fields)]:
        raise TypeError(f"the database gives the keys of {keyless}")
    parts, at = [], 0
    for model in models:
        parts.append(_one(model, at))
        at += len(model._meta.local_concrete_fields)
    if last:
        parts.append(_PLACE.sub(lambda place: f"${int(place[1]) + at}", last))
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
