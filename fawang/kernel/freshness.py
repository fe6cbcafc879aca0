"""Copies of slow tables that every process keeps, and one cheap question that tells whether they are old.

A trigger draws a table a new stamp with every change, in the change's own transaction. A copy is good for as long as the table's stamp
is the one it was read under, so nobody ever sees less than what is committed, nor what was rolled back.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Generic, TypeVar

from fawang.kernel import rows

Thing = TypeVar("Thing")
Stamps = dict[str, uuid.UUID]
_looked: ContextVar[Stamps | None] = ContextVar("fawang_stamps", default=None)


@contextmanager
def one_look(stamps: Stamps | None = None) -> Iterator[None]:
    """What is asked for in this block is as fresh as its first line: the stamps are read once. For one short transaction, not longer.

    ``stamps``: they were read just now, with something else. A look inside a look is the outer one.
    """
    token = _looked.set(_looked.get() or stamps or _stamps())
    try:
        yield
    finally:
        _looked.reset(token)


def _stamps() -> Stamps:
    return dict(rows.execute("SELECT name, stamp FROM kernel_stamp", []).fetchall())


def changing(table: str) -> None:
    """Begin to change a stamped table, before any row of it is locked: its writers go one after the other, for each draws the same stamp.

    Two that hold rows of the table and then wait for its stamp would wait for each other for ever. In a transaction; readers do not wait.
    """
    rows.execute("SELECT name FROM kernel_stamp WHERE name = $1 FOR UPDATE", [table])


class Kept(Generic[Thing]):
    """A copy of what ``read`` makes of some stamped tables (``kernel_stamps`` on each, see the migrations)."""

    def __init__(self, *tables: str, read: Callable[[], Thing]) -> None:
        self.tables, self.read = tables, read
        self._kept: tuple[tuple[uuid.UUID | None, ...], Thing] | None = None

    def now(self) -> Thing:
        """The copy, read anew if any of its tables has changed. It belongs to all: change nothing in it but what is true while the stamps hold."""
        stamps = _looked.get() or _stamps()
        under = tuple(stamps.get(table) for table in self.tables)
        kept = self._kept
        if kept is None or kept[0] != under or None in under:
            kept = self._kept = (under, self.read())
        return kept[1]
