"""Trying something and taking it back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside did not happen. Inside a transaction.

    A bare ``savepoint_rollback`` keeps its savepoint: thousands of them, one in the other, use up the server's table of locks and make every
    statement slower than the one before.
    """
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
