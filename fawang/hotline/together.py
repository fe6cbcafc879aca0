"""Writes of one change to a call, sent together: a dozen small rows cost one round trip to the database instead of a dozen.

Inside :func:`together` the writes given to :func:`insert`, :func:`update` and :func:`update_where` wait, in their order, and ride in front of
the next statement of this thread's connection, or are sent at the end. So whatever is read sees them, and the transaction holds them like
any other. Outside they happen at once. A refusal by the database (a unique constraint) comes with the statement that carries them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from django.db import connection
from django.db.models import AutoField, Model, QuerySet
from django.db.models.sql import InsertQuery, UpdateQuery


class _Waiting(threading.local):
    """What waits in this thread; ``None`` outside :func:`together`."""

    writes: list[tuple[str, list[Any]]] | None = None


_waiting = _Waiting()
_CARRIERS = ("SELECT", "INSERT", "UPDATE", "DELETE", "SAVEPOINT", "RELEASE")


@contextmanager
def together() -> Iterator[None]:
    """Let writes wait for each other. Enter it inside the transaction, so that it ends before the commit; a second one inside is part of the first."""
    if _waiting.writes is not None:
        yield
        return
    _waiting.writes = []
    try:
        with connection.execute_wrapper(_carry):
            yield
        _send()
    finally:
        _waiting.writes = None


def _take() -> tuple[str, list[Any]]:
    writes = _waiting.writes or []
    sql, values = "; ".join(one for one, _ in writes), [value for _, some in writes for value in some]
    writes.clear()
    return sql, values


def _send() -> None:
    if _waiting.writes:
        sql, values = _take()
        with connection.cursor() as cursor:
            cursor.execute(sql, values)


def _carry(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Before any other statement: what waits. In one message where that statement can be part of one."""
    if not _waiting.writes:
        return execute(sql, params, many, context)
    if isinstance(sql, str) and sql.startswith("ROLLBACK"):
        _waiting.writes.clear()  # written since the savepoint: they are part of what is taken back
        return execute(sql, params, many, context)
    cursor = context["cursor"]
    if many or not isinstance(sql, str) or not sql.startswith(_CARRIERS) or isinstance(params, dict) or getattr(cursor.cursor, "name", None):
        _send()
        return execute(sql, params, many, context)
    before, values = _take()
    result = execute(f"{before}; {sql if params else sql.replace('%', '%%')}", [*values, *(params or ())], many, context)
    while cursor.nextset():
        pass
    return result


def insert(row: Model) -> None:
    """Write a new row whose key is made here or needed by nobody."""
    if _waiting.writes is None:
        row.save(force_insert=True)
        return
    meta = row._meta
    query = InsertQuery(type(row))
    query.insert_values([f for f in meta.local_concrete_fields if not isinstance(f, AutoField)], [row])
    _waiting.writes += [(sql, list(values)) for sql, values in query.get_compiler(connection=connection).as_sql()]
    row._state.adding = False


def update(row: Model, *names: str) -> None:
    """Write a locked row: all its fields, or those named."""
    if _waiting.writes is None:
        row.save(update_fields=names or None)
        return
    fields = [row._meta.get_field(name) for name in names] if names else [f for f in row._meta.local_concrete_fields if not f.primary_key]
    update_where(type(row)._default_manager.filter(pk=row.pk), **{f.name: getattr(row, f.attname) for f in fields})  # type: ignore[union-attr]


def update_where(rows: QuerySet[Any], **values: Any) -> None:
    """Write the same into some rows."""
    if _waiting.writes is None:
        rows.update(**values)
        return
    query = cast(UpdateQuery, rows.query.chain(UpdateQuery))
    query.add_update_values(values)
    sql, given = query.get_compiler(connection=connection).as_sql()
    if sql:
        _waiting.writes.append((sql, list(given)))
