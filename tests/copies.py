"""Copies of the test database in which things really commit; the original stays as every other test expects it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
from psycopg import sql


def address(database: str, user: str = "", password: str = "") -> str:
    """The URL of a database on the server of this run; as its owner, or as another role."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    if user:
        place = parts.netloc.rpartition("@")[2]
        parts = parts._replace(netloc=f"{user}:{password}@{place}")
    return parts._replace(path=f"/{database}").geturl()


@contextmanager
def database_copy(blocker: Any) -> Iterator[str]:
    """Django's connection points to a fresh copy inside; dropped afterwards, and caches with it. Yields its address."""
    from django.db import connection

    with blocker.unblock():
        original = connection.settings_dict["NAME"]
        copy = f"{original}_copy"
        _close()
        with psycopg.connect(address("postgres"), autocommit=True) as owner:
            owner.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(copy)))
            owner.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(copy), sql.Identifier(original)))
        connection.settings_dict["NAME"] = copy
        try:
            yield address(copy)
        finally:
            _close()
            connection.settings_dict["NAME"] = original
            _forget()
            with psycopg.connect(address("postgres"), autocommit=True) as owner:
                owner.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(copy)))


def _close() -> None:
    """This thread's connection, that of the one thread all synchronous work of asynchronous code runs in, and that of the hints."""
    from asgiref.sync import SyncToAsync
    from django.db import connections

    from fawang.kernel import hints

    hints.sent()
    connections.close_all()
    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


def _forget() -> None:
    from fawang.registry.tree import forget_tree

    forget_tree()
