"""A pooled connection is looked at before it is given out: what the server has ended is never handed to a request."""

from __future__ import annotations

import time
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection

from fawang.kernel.postgresql.base import look

pytestmark = pytest.mark.django_db


@pytest.fixture
def pooled() -> Iterator[psycopg.Connection]:
    """A connection as the pool holds it: nobody in a transaction on it."""
    named = {k: v for k, v in connection.get_connection_params().items() if k not in {"cursor_factory", "context"}}
    with psycopg.connect(**named, autocommit=True) as made:
        yield made


def test_a_connection_nothing_happened_to_is_good_without_asking_the_server(pooled: psycopg.Connection) -> None:
    with connection.cursor() as cursor:
        before = cursor.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [pooled.info.backend_pid]).fetchone()
        look(pooled)
        assert cursor.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [pooled.info.backend_pid]).fetchone() == before
    assert pooled.execute("SELECT 1").fetchone() == (1,)


def test_a_connection_the_server_ended_is_found_out(pooled: psycopg.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pooled.info.backend_pid])
    with pytest.raises(psycopg.OperationalError):
        look(pooled)


def test_a_connection_the_server_had_something_to_say_to_is_good_still(pooled: psycopg.Connection) -> None:
    pooled.execute("LISTEN nobody_listens_here")
    with connection.cursor() as cursor:
        other = dict(connection.get_connection_params())
        other.pop("cursor_factory", None), other.pop("context", None)
        with psycopg.connect(**other, autocommit=True) as teller:
            teller.execute("NOTIFY nobody_listens_here")
        cursor.execute("SELECT 1")
    time.sleep(0.2)
    look(pooled)
    assert pooled.execute("SELECT 1").fetchone() == (1,)
