"""Watching a request: which of the form's fields the page asks for, and what stays written when it is over."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from django.db import connection
from django.http import QueryDict

_WRITE = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+\"?([a-z_0-9]+)", re.IGNORECASE)
_POINT = re.compile(r"\s*(RELEASE SAVEPOINT|ROLLBACK TO SAVEPOINT|SAVEPOINT)\s+\"?([a-z_0-9]+)", re.IGNORECASE)


@dataclass
class Seen:
    """``asked``: names of fields the page looked for. ``written``: tables with rows that stay, in order of the statements."""

    asked: dict[str, None] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)
    _points: list[tuple[str, int]] = field(default_factory=list)

    def statement(self, sql: str) -> None:
        """Follow one statement: what a savepoint takes back was never written."""
        if point := _POINT.match(sql):
            verb, name = point[1].upper(), point[2]
            if verb == "SAVEPOINT":
                self._points.append((name, len(self.written)))
                return
            while self._points:
                last, length = self._points.pop()
                if last == name:
                    if verb.startswith("ROLLBACK"):
                        del self.written[length:]
                        self._points.append((last, length))  # a point outlives the way back to it
                    return
        elif write := _WRITE.match(sql):
            self.written.append(write[1])


@contextmanager
def watched() -> Iterator[Seen]:
    """Everything a request asks its form for and writes, while it runs."""
    seen = Seen()

    def noting(original: Any) -> Any:
        def asked(self: QueryDict, key: str, *rest: Any) -> Any:
            if self and not self._mutable:  # type: ignore[attr-defined]  # what is asked of an address without words is no field of the form
                seen.asked.setdefault(key)
            return original(self, key, *rest)

        return asked

    def follow(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        text = sql if isinstance(sql, str) else sql.decode() if isinstance(sql, bytes) else str(sql)
        done = execute(sql, params, many, context)
        seen.statement(text)
        return done

    with ExitStack() as held:
        for name in ("get", "getlist", "__getitem__", "__contains__"):
            original = getattr(QueryDict, name)
            held.enter_context(patch.object(QueryDict, name, noting(original)))
        held.enter_context(connection.execute_wrapper(follow))
        yield seen
