"""Running things at the same instant, each on a database connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from fawang.kernel.errors import Refusal

T = TypeVar("T")


def together(actions: Sequence[Callable[[], T]]) -> list[T | Refusal]:
    """Do all at one moment; what each gave, or the refusal it met."""
    gate = threading.Barrier(len(actions))

    def one(action: Callable[[], T]) -> T | Refusal:
        from django.db import connection

        gate.wait(60)
        try:
            return action()
        except Refusal as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(one, actions))


def codes(results: Iterable[Any]) -> list[str]:
    """The codes of the refusals among results, sorted."""
    return sorted(r.code for r in results if isinstance(r, Refusal))


def done(results: Iterable[Any]) -> list[Any]:
    """Results that are no refusals."""
    return [r for r in results if not isinstance(r, Refusal)]
