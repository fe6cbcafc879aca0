"""Django's PostgreSQL, whose pool looks at a connection without asking the server: one round trip less for every request."""

from __future__ import annotations

import select
from typing import Any

from django.db.backends.postgresql import base
from psycopg import Connection
from psycopg_pool import ConnectionPool


def look(connection: Connection[Any]) -> None:
    """Raises ``psycopg.OperationalError`` if the connection has ended.

    A server that stops, or takes a connection away, closes its end, and that can be read here. Nothing to read: nothing happened. Anything
    else to read (a notice, a parameter) may be harmless: then the server is asked after all.
    """
    wire = select.poll()
    wire.register(connection.fileno(), select.POLLIN | select.POLLHUP | select.POLLERR)
    if wire.poll(0):
        ConnectionPool.check_connection(connection)


class DatabaseWrapper(base.DatabaseWrapper):
    """A pooled connection is given out after :func:`look`."""

    @property
    def pool(self) -> Any:
        """The process's pool, or None where there is none."""
        pool = super().pool
        if pool is not None:
            pool._check = look
        return pool
